// From straight-line code on scalar registers to programs for degrees 0, 1 and 2.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "program.hpp"

namespace certify {

// Straight-line code on scalar registers, of which the variables are the first.
struct Tape {
    int32_t variables = 0, registers = 0, symbols = 0;
    // Rows of kInstructionColumns: operator, first register written, first of its arguments and
    // their number, power (of a matrix the rows, of a quadratic the number of squared arguments,
    // which are the last), the operator of a divided difference, first of its numbers, symbol or -1,
    // from what its range is, and whether it is a last product.
    std::vector<int32_t> instructions;
    std::vector<int32_t> arguments;
    std::vector<double> numbers;
    std::vector<int32_t> fixed;   // rows of register, position among the numbers
    std::vector<int32_t> groups;  // first instruction of every group, and the end
    std::vector<int32_t> formula; // rows of kind, atom, end
    std::vector<int32_t> atoms;   // rows of register, first group, count
    std::vector<int32_t> atom_groups;
    std::vector<double> views;    // rows of weight and bias, by atom: of what its register counts
};

enum : int { kOut = 1, kArguments, kArgumentCount, kPower, kFunction, kNumbers, kSymbol, kNarrow, kLast,
             kInstructionColumns };

// Which coefficients of a register can be other than zero, in the order of its memory.
struct Presence {
    std::vector<int32_t> slopes;                      // variables and symbols, ascending
    std::vector<std::pair<int32_t, int32_t>> bends;   // pairs of them, ascending
    bool error = false;

    bool same_slopes(const Presence& o) const { return slopes == o.slopes; }
    bool all_pairs() const { return bends.size() == slopes.size() * (slopes.size() + 1) / 2; }

    void include(const Presence& o) {
        std::vector<int32_t> s;
        std::set_union(slopes.begin(), slopes.end(), o.slopes.begin(), o.slopes.end(),
                       std::back_inserter(s));
        slopes = std::move(s);
        include_bends(o.bends);
        error |= o.error;
    }
    void include_bends(const std::vector<std::pair<int32_t, int32_t>>& more) {
        std::vector<std::pair<int32_t, int32_t>> b;
        std::set_union(bends.begin(), bends.end(), more.begin(), more.end(),
                       std::back_inserter(b));
        bends = std::move(b);
    }
    void include_products(const std::vector<int32_t>& x, const std::vector<int32_t>& y) {
        std::set<std::pair<int32_t, int32_t>> more;
        for (int32_t i : x)
            for (int32_t j : y) more.insert({std::min(i, j), std::max(i, j)});
        include_bends({more.begin(), more.end()});
    }
};

// A program with the arrays that it points to.
class Compiled {
  public:
    Compiled(const Tape& tape, int degree);
    Compiled(const Compiled&) = delete;
    Compiled& operator=(const Compiled&) = delete;

    Program program{};

  private:
    // Rows of a matrix by the columns where their weights can be other than 0.
    using Classes = std::map<std::vector<int32_t>, std::vector<int32_t>>;

    void compile_instruction(const int32_t* row);
    void find_guards();
    void find_last_reads();
    int32_t room_for(int reg, int32_t vectors);
    void release(int position);
    void place(int reg, const Presence& presence);
    int32_t offset_of_slope(int reg, int variable) const;
    int32_t offset_of_pair(int reg, int i, int j) const;
    int32_t append_offsets(int reg, int out, bool with_bend);
    int32_t layout_of(const Presence& presence);
    std::vector<int32_t> terms_of(int out, const std::vector<int32_t>& arguments, size_t first);
    size_t common_slots(int out, const std::vector<int32_t>& arguments) const;
    void append_rows(int out, const std::vector<int32_t>& members,
                     const std::vector<int32_t>& columns, const std::vector<double>& weights);
    void compile_sum(Step& step, const int32_t* arguments, int columns, const double* weights);
    void merge_alike(const int32_t* arguments, Classes& classes) const;
    void compile_quadratic(Step& step, const int32_t* arguments, int count, int squares,
                           const double* numbers);
    void compile_affine(Step& step, const int32_t* arguments, int columns, int rows,
                        const double* matrix);

    const Tape& tape_;
    int degree_;
    std::vector<Presence> presence_;
    std::vector<Form> forms_;
    std::vector<Layout> layouts_;
    std::map<std::pair<std::vector<int32_t>, std::vector<std::pair<int32_t, int32_t>>>, int32_t>
        layout_number_;
    std::vector<char> written_;  // by an instruction, so that it may be undefined
    // Registers that only their own group reads share memory, since a group runs as a whole;
    // the others have their own, as groups run in any order.
    std::vector<char> brief_;
    std::vector<std::vector<int32_t>> last_read_;  // of these, by instruction
    std::multimap<int32_t, int32_t> spare_;  // vectors, and where
    std::vector<Step> steps_;
    std::vector<Group> groups_;
    std::vector<Part> parts_;
    std::vector<AtomCode> atoms_;
    std::vector<Source> sources_;
    std::vector<Fixed> fixed_;
    std::vector<int32_t> pool_;
    std::vector<double> numbers_;
    int32_t size_ = 1;  // the first vector is zero
    double work_ = 0;
};

// Checked as a whole: throws std::invalid_argument if a position is out of range.
void check_tape(const Tape& tape);

}  // namespace certify
