// The formula of an obligation as straight-line code for one degree of models.
//
// Plain data only: block.cpp reads it under every instruction set.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace certify {

// Boxes that are done together, on every processor alike; sets of them are bits of an `unsigned`.
const int kLanes = 8;
const unsigned kAllLanes = (1u << kLanes) - 1;
const size_t kVector = kLanes * sizeof(double);  // bytes

// The numbers are those of verifiers/graph.py.
enum Op : int32_t {
    kAdd, kSub, kScale, kAffine, kMul, kSquare, kRelu, kAbs, kMax, kSin, kCos, kTanh, kExp, kAtan,
    kLog, kSqrt, kRecip, kPow, kStep, kSelect, kQuotient, kQuotient2, kIncrement,
    kQuadratic, kMove,
    kSum,  // not of a tape: a row of a matrix with few columns
};

// From what the range of a register is: bounds of its operation on ranges, or these intersected with
// the range of its polynomial; of the latter alone in degree 1 where its sign is sure.
enum Narrow : int32_t { kPlain, kBoth, kSigns };

const int kMostTerms = 4;     // of one kSum
const int kMostSquares = 16;  // of one kQuadratic

enum Kind : int32_t { kPositive, kNonnegative, kDefined, kAll, kAny };

// Where a register is.  In vectors of kLanes doubles from `base` on:
// c, e, low, high, the sums of |g| and |h| (if the range is narrowed by the polynomial's), then
// g (slopes) and h (quadratic part), only those that are not always zero.  Symbols are variables
// with the numbers from `Program::variables` on; what an instruction names is its last slope.
struct Form {
    int32_t base;
    int32_t g, h;
    int32_t variables;  // in the pool: the variable of each slope
    int32_t pairs;      // in the pool: two positions among the slopes for each of h
    int32_t error;      // whether e can be other than 0
    int32_t layout;     // which coefficients there are, by number
};

// What forms with the same coefficients share.
struct Layout {
    int32_t g, h, variables, pairs;
    uint64_t symbols;  // as bits
};

// Offsets of the first vectors of a register.
enum : int32_t { kCentre, kError, kLow, kHigh, kSlopes, kBends, kCoefficients };

// One instruction.  `maps` are positions in the pool whose meaning depends on `op`: see program.cpp.
struct Step {
    int32_t op, function, power, symbol, narrow;
    int32_t degree;        // of the products that it keeps
    int32_t out, x, y, z;  // registers
    int32_t maps[5];
    int32_t constants;
};

struct Group {
    int32_t first, last;  // steps
    double work;          // operations on vectors
};

struct Part {
    int32_t kind, atom;  // atom: its number
    int32_t end;         // the position after this part and everything below it
};

// The value weight * register + bias.
struct AtomCode {
    int32_t reg;
    int32_t groups, group_count;  // in the pool, arguments before their users
    int32_t alternative;  // whether it is part of an `or`
    int32_t shares;       // vectors for its Separable, if it has quadratic coefficients
    double work;          // of its groups
    double weight, bias;
};

// A symbol stands for the error of a rule applied to x, or to x + sign y if there is a y >= 0.
struct Source {
    int32_t x, y;
    double sign;
};

// A constant register.
struct Fixed {
    int32_t reg;
    double value;
};

struct Program {
    int32_t degree, variables, symbols, atoms, parts, groups, fixed;
    int32_t guards, guard_count;  // in the pool: the parts `e > 0` or `e >= 0` of a formula that
    int32_t rest;                 // is a disjunction of them and of one other part, or -1
    int32_t size;   // vectors of memory; the first is zero
    int32_t room;   // vectors for all pairs of the coordinates of an atom, or factors of a quadratic
    int32_t registers, columns, slots;  // columns of the widest matrix, coefficients of all layouts
    int32_t layouts;
    uint64_t unsure;  // symbols that more than one step writes
    const Form* form;
    const Layout* layout;
    const Step* step;
    const Group* group;
    const Part* part;
    const AtomCode* atom;
    const Source* source;
    const Fixed* constant;
    const int32_t* pool;
    const double* number;
};

// The coefficients of a layout that are not those of symbols which are zero in every box: the
// slopes, and behind all g of them the quadratic ones.
struct Live {
    uint64_t dead;  // of its symbols those that are zero
    int32_t g, h;
    int32_t* slot;
};

// The memory of one evaluation, aligned to 64 bytes; `done` has an entry for each group, `box`
// room for the ends of the boxes, narrowed and as they were loaded, (2, 2, variables, kLanes), and
// `room` for all pairs of the coordinates of an atom.
struct Memory {
    double* vectors;
    double* box;
    double* room;
    unsigned char* done;
    unsigned char* none;  // registers that are 0 in every box
    unsigned char* known;    // atoms that are evaluated
    unsigned char* bounded;  // and those whose shares are known
    Live* live;           // by layout
    int32_t* column;      // room for the columns of a matrix that are used, and their arguments
    const void** argument;
    uint64_t dead;        // symbols found to be 0 in every box that matters: nobody reads them
    unsigned lanes;       // those boxes
    double work;
};

// What a block's models say about the boxes that are not proved.
struct Judgement {
    double* score;      // (variables, kLanes): how much a split of the variable promises
    unsigned undefined; // lanes without a usable score
    unsigned doubtful;  // lanes where the formula looks false at the centre
};

// What the lower and the upper halves of boxes will come to, as bits of the lanes.
struct Outlook {
    unsigned closed[2];    // they are proved
    unsigned hopeless[2];  // they will have to be divided themselves
};

// The evaluator for one instruction set.  Boxes come as (variables, kLanes).
struct Engine {
    const char* name;
    void (*prepare)(const Program&, Memory&);
    void (*load)(const Program&, Memory&, const double* low, const double* high);
    // which of the lanes are proved, for the part of the formula at position `part`; the first
    // time after a load it may narrow the boxes to where the guards do not hold; if this degree is
    // not the `last` to be tried it need not try what is dear
    unsigned (*prove)(const Program&, Memory&, int part, unsigned lanes, double slack, bool last);
    // why the lanes are not proved; `share` (variables, kLanes) are relative widths, of sum 1
    void (*judge)(const Program&, Memory&, int part, unsigned lanes, double slack,
                  const double* share, Judgement&);
    // what comes of the halves, if each lane's box is cut across the variable of that number
    void (*foresee)(const Program&, Memory&, int part, unsigned lanes, double slack,
                    const int* variable, Outlook&);
    unsigned (*refute)(const Program&, Memory&, int part);  // boxes that are points, degree 0
    void (*atom)(const Program&, Memory&, int atom);        // evaluate what an atom needs
};

extern const Engine engine_plain;
#ifdef CERTIFY_X86
extern const Engine engine_avx2, engine_avx512;
#endif

}  // namespace certify
