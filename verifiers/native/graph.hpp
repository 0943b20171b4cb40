// The nodes of a formula, from the flat arrays of verifiers/graph.py, and their way to a tape.
#pragma once

#include <cstdint>
#include <vector>

#include "compile.hpp"

namespace certify {

// The arrays as they come; the columns are described in verifiers/graph.py.
struct Graph {
    int32_t variables = 0;
    std::vector<int32_t> nodes;      // rows of kNodeColumns, arguments before their users
    std::vector<int32_t> arguments;  // positions of nodes
    std::vector<double> numbers;
    std::vector<int32_t> roots;      // the node of every atom
    std::vector<int32_t> formula;    // rows of kind, atom, end
};

enum : int { kNode, kNodeSize, kNodeArguments, kNodeArgumentCount, kNodePower, kNodeFunction,
             kNodeNumbers, kNodeSymbol, kNodeLast, kNodeColumns };

// What nodes can be besides the operators of a tape.
enum : int32_t { kConstant = 64, kVariable, kStack, kIndex };

// The variables of a formula as centre + matrix w for the variables w of its tree.  Those whose row
// is that of the identity are not `mixed`; where another one is outside of its limits nothing is to
// be shown.
struct Map {
    std::vector<double> matrix;  // rows
    std::vector<double> centre;
    std::vector<double> limits;  // low and high of each variable
    std::vector<char> mixed;
};

// An operator with the registers that it writes and reads.
//
// A matrix has its weights by rows and then its biases in `numbers`; a `last` product is quadratic
// in degree 1; the last `squares` arguments of a quadratic are squared, and its `numbers` are the
// weights of all and a bias; the `numbers` of what is kinked weigh x, or its increment, and the kink.
struct Instruction {
    int32_t op = kAdd, power = 0, function = kAdd, symbol = -1, squares = 0;
    bool last = false;
    std::vector<int32_t> out, arguments;
    std::vector<double> numbers;
    std::vector<uint64_t> needed_by;  // the atoms that depend on it, as bits
};

inline bool is_kinked(int32_t op) { return op == kRelu || op == kAbs || op == kMove; }

// The value weight * register + bias.
struct View {
    int32_t reg;
    double weight, bias;
};

// By what registers are read, as bits: by linear operations, by kinks, whatever else these read, and
// by others.
enum Reader : int32_t { kBySums = 1, kByKinks = 2, kByOthers = 4 };

// From what the ranges of registers with these readers are; `many` rows of a matrix are a layer.
inline int32_t narrowing_of(int32_t readers, bool many) {
    if (many && readers == kByKinks) return kSigns;
    return readers > kBySums ? kBoth : kPlain;
}

// A formula as instructions in the order of its nodes.
struct Code {
    int32_t variables = 0, registers = 0;
    std::vector<Instruction> instructions;
    std::vector<std::pair<int32_t, double>> fixed;  // registers that are constants
    std::vector<View> atoms;
    std::vector<int32_t> formula;
};

// Throws std::invalid_argument if a position is out of range.  `map` may be null.
Code lowered(const Graph& graph, const Map* map);

// The tape of `code`, sorted into groups that are needed by the same atoms, so that an atom is
// evaluated, with all that it needs and has not been evaluated yet, only where the formula depends
// on it.
//
// With `narrow` the range of every register is intersected with that of its polynomial, as the
// kernel does; otherwise only where a nonlinear operation or an atom reads it, see `narrowing_of`, and
// chains of linear operations are one instruction.
Tape assembled(Code code, bool narrow);

// Chains of sums and factors as one instruction each, or as part of an atom.  A sum takes in another
// that nothing else reads, or that is a multiple of one register.  Registers that are read twice in a
// sum stay two terms, so that their errors add up as in the kernel.
void fuse(Code& code);

// Leaves out what no atom needs, also rows of matrices, and notes which atoms need the rest.
void keep_live(Code& code);

// Leaky kinks, weighted sums of x and a kink of x that nothing else reads, as one instruction each;
// for code that is live.
void take_in_kinks(Code& code);

// Sums take in the last squares that nothing else reads; for code that is live.
void take_in_squares(Code& code);

}  // namespace certify
