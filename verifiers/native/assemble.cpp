// From instructions in the order of the nodes to a tape.
#include <algorithm>
#include <bit>
#include <cmath>
#include <map>
#include <unordered_map>

#include "graph.hpp"

namespace certify {

namespace {

bool is_sum(int32_t op) { return op == kAdd || op == kSub || op == kScale; }
bool is_linear(int32_t op) { return is_sum(op) || op == kAffine; }

// A sum of weighted registers and a constant.
struct Sum {
    std::vector<std::pair<int32_t, double>> terms;
    double bias = 0;
};

// How often every register is read.
std::vector<int32_t> uses_of(const Code& code) {
    std::vector<int32_t> uses(code.registers, 0);
    for (const Instruction& i : code.instructions)
        for (int32_t a : i.arguments) uses[a]++;
    for (const View& v : code.atoms) uses[v.reg]++;
    return uses;
}

double weight_of(const Instruction& i, size_t argument) {
    if (i.op == kAffine || i.op == kScale) return i.numbers[argument];
    return i.op == kSub && argument == 1 ? -1 : 1;
}

Instruction instruction_of(int32_t out, const Sum& sum) {
    Instruction result;
    result.out = {out};
    for (auto [reg, weight] : sum.terms) {
        result.arguments.push_back(reg);
        result.numbers.push_back(weight);
    }
    const auto& w = result.numbers;
    if (sum.bias == 0 && w.size() == 2 && w[0] == 1 && std::abs(w[1]) == 1) {
        result.op = w[1] > 0 ? kAdd : kSub;
        result.numbers.clear();
    } else if (sum.bias == 0 && w.size() == 1) {
        result.op = kScale;
    } else {
        result.op = kAffine;
        result.numbers.push_back(sum.bias);
    }
    return result;
}

}  // namespace

void fuse(Code& code) {
    const std::vector<int32_t> uses = uses_of(code);
    std::vector<char> known(code.registers, 0), fixed(code.registers, 0), alone(code.registers, 0);
    std::vector<Sum> sums(code.registers);
    std::vector<View> views(code.registers);  // of what is alone
    for (auto [reg, value] : code.fixed) {
        known[reg] = fixed[reg] = 1;
        sums[reg].bias = value;
    }
    for (Instruction& i : code.instructions) {
        if (!is_sum(i.op)) continue;
        Sum sum;
        for (size_t k = 0; k < i.arguments.size(); k++) {
            const int32_t reg = i.arguments[k];
            const double sign = weight_of(i, k);
            const bool small = fixed[reg] || sums[reg].terms.size() == 1;
            if (!known[reg] || (uses[reg] != 1 && !small)) {
                sum.terms.push_back({reg, sign});
                continue;
            }
            for (auto [r, w] : sums[reg].terms) sum.terms.push_back({r, sign * w});
            sum.bias += sign * sums[reg].bias;
        }
        // constants are folded already: this is their overflow
        if (sum.terms.empty()) sum = {{{i.arguments[0], std::nan("")}}, 0};
        const int32_t out = i.out[0];
        i = instruction_of(out, sum);
        if (sum.terms.size() == 1 && sum.terms[0].second != 0) {
            const auto [reg, weight] = sum.terms[0];
            const View inner = alone[reg] ? views[reg] : View{reg, 1, 0};
            alone[out] = 1;
            views[out] = {inner.reg, weight * inner.weight, weight * inner.bias + sum.bias};
        }
        known[out] = 1;
        sums[out] = std::move(sum);
    }
    for (View& v : code.atoms)
        if (alone[v.reg]) v = views[v.reg];
}

void keep_live(Code& code) {
    const size_t words = (code.atoms.size() + 63) / 64;
    std::vector<std::vector<uint64_t>> needed(code.registers);
    auto include = [&](std::vector<uint64_t>& to, const std::vector<uint64_t>& more) {
        if (to.empty()) to.resize(words, 0);
        for (size_t w = 0; w < more.size(); w++) to[w] |= more[w];
    };
    for (size_t k = 0; k < code.atoms.size(); k++) {
        std::vector<uint64_t> bit(words, 0);
        bit[k / 64] = 1ull << (k % 64);
        include(needed[code.atoms[k].reg], bit);
    }
    std::vector<Instruction> result;
    for (size_t k = code.instructions.size(); k-- > 0;) {
        Instruction& i = code.instructions[k];
        std::vector<size_t> kept;
        for (size_t r = 0; r < i.out.size(); r++)
            if (!needed[i.out[r]].empty()) kept.push_back(r);
        if (kept.empty()) continue;
        if (kept.size() < i.out.size()) {  // rows of a matrix
            const size_t columns = i.arguments.size();
            std::vector<int32_t> out;
            std::vector<double> numbers;
            for (size_t r : kept) {
                out.push_back(i.out[r]);
                const auto row = i.numbers.begin() + (ptrdiff_t)(r * columns);
                numbers.insert(numbers.end(), row, row + (ptrdiff_t)columns);
            }
            for (size_t r : kept) numbers.push_back(i.numbers[i.out.size() * columns + r]);
            i.out = std::move(out);
            i.numbers = std::move(numbers);
        }
        for (int32_t r : i.out) include(i.needed_by, needed[r]);
        for (int32_t a : i.arguments) include(needed[a], i.needed_by);
        result.push_back(std::move(i));
    }
    std::reverse(result.begin(), result.end());
    code.instructions = std::move(result);
}

void take_in_kinks(Code& code) {
    const std::vector<int32_t> uses = uses_of(code);
    std::vector<int32_t> kink(code.registers, -1);  // the instruction that writes it
    std::vector<char> taken(code.instructions.size(), 0);
    for (size_t k = 0; k < code.instructions.size(); k++) {
        Instruction& i = code.instructions[k];
        if (is_kinked(i.op) && uses[i.out[0]] == 1) kink[i.out[0]] = (int32_t)k;
        const bool plain = i.op != kAffine || i.numbers.back() == 0;
        if (!is_linear(i.op) || i.out.size() > 1 || i.arguments.size() != 2 || !plain) continue;
        for (size_t at = 0; at < 2; at++) {
            const int32_t found = kink[i.arguments[at]];
            if (found < 0) continue;
            Instruction whole = code.instructions[found];
            if (whole.arguments.back() != i.arguments[1 - at]) continue;
            const double weight = weight_of(i, at);
            whole.numbers = {weight_of(i, 1 - at) + weight * whole.numbers[0],
                             weight * whole.numbers[1]};
            whole.out = i.out;
            whole.needed_by = i.needed_by;
            i = std::move(whole);
            taken[found] = 1;
            break;
        }
    }
    std::vector<Instruction> left;
    for (size_t k = 0; k < code.instructions.size(); k++)
        if (!taken[k]) left.push_back(std::move(code.instructions[k]));
    code.instructions = std::move(left);
}

void take_in_squares(Code& code) {
    const std::vector<int32_t> uses = uses_of(code);
    std::unordered_map<int32_t, int32_t> squares;  // and what is squared
    for (const Instruction& i : code.instructions)
        if (i.op == kSquare && i.last && uses[i.out[0]] == 1) squares[i.out[0]] = i.arguments[0];
    std::vector<char> taken(code.registers, 0);
    for (Instruction& i : code.instructions) {
        if (!is_linear(i.op) || i.out.size() > 1) continue;
        Instruction sum;
        std::vector<int32_t> inside;
        std::vector<double> weights;
        for (size_t k = 0; k < i.arguments.size(); k++) {
            const bool square = squares.count(i.arguments[k]);
            (square ? inside : sum.arguments).push_back(i.arguments[k]);
            (square ? weights : sum.numbers).push_back(weight_of(i, k));
        }
        if (inside.size() < 2 || inside.size() > kMostSquares) continue;
        for (int32_t reg : inside) {
            taken[reg] = 1;
            sum.arguments.push_back(squares[reg]);
        }
        sum.numbers.insert(sum.numbers.end(), weights.begin(), weights.end());
        sum.numbers.push_back(i.op == kAffine ? i.numbers.back() : 0);
        sum.op = kQuadratic;
        sum.out = i.out;
        sum.squares = (int32_t)inside.size();
        sum.last = true;
        sum.needed_by = i.needed_by;
        i = std::move(sum);
    }
    std::erase_if(code.instructions, [&](const Instruction& i) { return taken[i.out[0]]; });
}

namespace {

// The instructions by the atoms that need them; what more atoms need cannot depend on what fewer
// need.
struct Sorted {
    std::vector<Instruction> instructions;
    std::vector<std::vector<uint64_t>> keys;  // of the groups
    std::vector<int32_t> starts{0};           // of the groups, and the end
};

Sorted sorted(std::vector<Instruction> code) {
    std::map<std::vector<uint64_t>, size_t> number;
    std::vector<std::vector<uint64_t>> keys;
    std::vector<std::vector<Instruction>> groups;
    for (Instruction& i : code) {
        const auto [found, fresh] = number.try_emplace(i.needed_by, groups.size());
        if (fresh) {
            keys.push_back(i.needed_by);
            groups.emplace_back();
        }
        groups[found->second].push_back(std::move(i));
    }
    std::vector<size_t> order(groups.size());
    for (size_t g = 0; g < order.size(); g++) order[g] = g;
    auto count = [&](size_t g) {
        int bits = 0;
        for (uint64_t word : keys[g]) bits += std::popcount(word);
        return bits;
    };
    std::stable_sort(order.begin(), order.end(),
                     [&](size_t a, size_t b) { return count(a) > count(b); });
    Sorted result;
    for (size_t g : order) {
        for (Instruction& i : groups[g]) result.instructions.push_back(std::move(i));
        result.keys.push_back(std::move(keys[g]));
        result.starts.push_back((int32_t)result.instructions.size());
    }
    return result;
}

}  // namespace

Tape assembled(Code code, bool narrow) {
    if (!narrow) fuse(code);
    keep_live(code);
    if (!narrow) {
        take_in_kinks(code);
        take_in_squares(code);
    }
    const Sorted ordered = sorted(std::move(code.instructions));
    Tape tape;
    tape.variables = tape.registers = code.variables;
    std::vector<int32_t> number(code.registers, -1), symbols;
    std::vector<int32_t> readers(code.registers, 0);  // bits of Reader
    for (int32_t r = 0; r < code.variables; r++) number[r] = r;
    for (auto [reg, value] : code.fixed) {
        number[reg] = tape.registers++;
        tape.fixed.insert(tape.fixed.end(), {number[reg], (int32_t)tape.numbers.size()});
        tape.numbers.push_back(value);
    }
    for (const View& v : code.atoms) readers[v.reg] = kByOthers;
    for (const Instruction& i : ordered.instructions) {
        for (int32_t r : i.out) number[r] = tape.registers++;
        if (i.symbol >= (int32_t)symbols.size()) symbols.resize(i.symbol + 1, -1);
        // by first use, so that an instruction's own symbol comes behind those of its arguments
        if (i.symbol >= 0 && symbols[i.symbol] < 0) symbols[i.symbol] = tape.symbols++;
        for (int32_t a : i.arguments)
            readers[a] |= is_linear(i.op)                          ? kBySums
                          : is_kinked(i.op) && a == i.arguments[0] ? kByKinks
                                                                   : kByOthers;
    }
    for (const Instruction& i : ordered.instructions) {
        int32_t by = narrow ? kByOthers : 0;
        for (int32_t r : i.out) by |= readers[r];
        const int32_t power = i.op == kAffine      ? (int32_t)i.out.size()
                              : i.op == kQuadratic ? i.squares
                                                   : i.power;
        tape.instructions.insert(
            tape.instructions.end(),
            {i.op, number[i.out[0]], (int32_t)tape.arguments.size(), (int32_t)i.arguments.size(),
             power, i.function, (int32_t)tape.numbers.size(),
             i.symbol < 0 ? -1 : symbols[i.symbol], narrowing_of(by, i.out.size() > 1), i.last});
        for (int32_t a : i.arguments) tape.arguments.push_back(number[a]);
        tape.numbers.insert(tape.numbers.end(), i.numbers.begin(), i.numbers.end());
    }
    tape.groups = ordered.starts;
    tape.formula = std::move(code.formula);
    for (size_t k = 0; k < code.atoms.size(); k++) {
        const auto first = (int32_t)tape.atom_groups.size();
        for (size_t g = 0; g < ordered.keys.size(); g++)
            if (ordered.keys[g][k / 64] >> (k % 64) & 1) tape.atom_groups.push_back((int32_t)g);
        tape.atoms.insert(tape.atoms.end(), {number[code.atoms[k].reg], first,
                                             (int32_t)tape.atom_groups.size() - first});
        tape.views.insert(tape.views.end(), {code.atoms[k].weight, code.atoms[k].bias});
    }
    return tape;
}

}  // namespace certify
