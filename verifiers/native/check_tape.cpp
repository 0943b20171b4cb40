// Whether a tape is one.
#include <algorithm>
#include <stdexcept>
#include <string>

#include "compile.hpp"

namespace certify {

namespace {

void require(bool fine, const char* what) {
    if (!fine) throw std::invalid_argument(std::string("the tape is damaged: ") + what);
}

}  // namespace

void check_tape(const Tape& t) {
    require(t.variables >= 1 && t.variables <= 64, "variables");
    require(t.registers >= t.variables, "registers");
    require(t.symbols >= 0 && t.symbols <= 64, "symbols");
    const auto numbers = (int64_t)t.numbers.size(), arguments = (int64_t)t.arguments.size();
    std::vector<char> written(t.registers, 0);
    auto write = [&](int64_t reg) {
        require(reg >= 0 && reg < t.registers && !written[reg], "a register is written twice");
        written[reg] = 1;
    };
    for (int i = 0; i < t.variables; i++) write(i);
    for (size_t k = 0; k + 1 < t.fixed.size(); k += 2) {
        write(t.fixed[k]);
        require(t.fixed[k + 1] >= 0 && t.fixed[k + 1] < numbers, "a constant");
    }
    require(t.instructions.size() % kInstructionColumns == 0, "instructions");
    const auto count = (int64_t)(t.instructions.size() / kInstructionColumns);
    for (int64_t k = 0; k < count; k++) {
        const int32_t* row = t.instructions.data() + k * kInstructionColumns;
        const int64_t size = row[kArgumentCount], first = row[kArguments];
        require(row[0] >= kAdd && row[0] <= kMove, "an operator");
        require(first >= 0 && size >= 1 && first + size <= arguments, "arguments");
        for (int64_t j = first; j < first + size; j++)
            require(t.arguments[j] >= 0 && t.arguments[j] < t.registers &&
                        written[t.arguments[j]],
                    "an argument is read before it is written");
        const bool binary = row[0] == kAdd || row[0] == kSub || row[0] == kMul || row[0] == kMax ||
                            row[0] == kQuotient || row[0] == kQuotient2 || row[0] == kMove;
        const int64_t arity = binary ? 2 : row[0] == kSelect ? 3 : row[0] == kIncrement ? 4 : 1;
        if (row[0] == kQuadratic)
            require(row[kPower] >= 1 && row[kPower] <= size && row[kPower] <= kMostSquares && row[kLast], "arity");
        else if (row[0] != kAffine)
            require(size == arity, "arity");
        require(row[kPower] >= 0, "a power");
        require(row[kSymbol] >= -1 && row[kSymbol] < t.symbols, "a symbol");
        const int64_t rows = row[0] == kAffine ? row[kPower] : 1;
        const int64_t needed = row[0] == kAffine ? rows * (size + 1)
                               : row[0] == kQuadratic ? size + 1
                               : row[0] == kScale ? 1
                               : row[0] == kRelu || row[0] == kAbs || row[0] == kMove ? 2 : 0;
        require(needed == 0 || (row[kNumbers] >= 0 && row[kNumbers] + needed <= numbers),
                "numbers");
        for (int64_t r = 0; r < rows; r++) write(row[kOut] + r);
    }
    require(!t.groups.empty() && t.groups[0] == 0 && t.groups.back() == count, "groups");
    require(std::is_sorted(t.groups.begin(), t.groups.end()), "groups");
    require(t.atoms.size() % 3 == 0 && !t.atoms.empty(), "atoms");
    const auto atoms = (int64_t)t.atoms.size() / 3;
    for (size_t k = 0; k < t.atoms.size(); k += 3) {
        require(t.atoms[k] >= 0 && t.atoms[k] < t.registers && written[t.atoms[k]], "an atom");
        require(t.atoms[k + 1] >= 0 && t.atoms[k + 2] >= 0 &&
                    t.atoms[k + 1] + (int64_t)t.atoms[k + 2] <= (int64_t)t.atom_groups.size(),
                "the groups of an atom");
    }
    for (int32_t g : t.atom_groups)
        require(g >= 0 && g + 1 < (int64_t)t.groups.size(), "the groups of an atom");
    require((int64_t)t.views.size() == 2 * atoms, "views");
    require(t.formula.size() % 3 == 0 && !t.formula.empty(), "formula");
    const auto parts = (int64_t)t.formula.size() / 3;
    std::vector<int64_t> ends{parts};
    for (int64_t k = 0; k < parts; k++) {
        while (ends.back() == k) ends.pop_back();
        require(!ends.empty(), "formula");
        const int64_t kind = t.formula[3 * k], end = t.formula[3 * k + 2];
        require(kind >= kPositive && kind <= kAny && end > k && end <= ends.back(), "formula");
        if (kind == kAll || kind == kAny) {
            require(end > k + 1, "an empty part");
            ends.push_back(end);
        } else {
            require(end == k + 1, "formula");
            require(t.formula[3 * k + 1] >= 0 && t.formula[3 * k + 1] < atoms, "formula");
        }
    }
    require(t.formula[2] == parts, "formula");
}

}  // namespace certify
