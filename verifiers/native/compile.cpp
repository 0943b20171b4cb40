#include "compile.hpp"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>

namespace certify {

void Compiled::place(int reg, const Presence& presence) {
    Form& f = forms_[reg];
    f.g = (int32_t)presence.slopes.size();
    f.h = (int32_t)presence.bends.size();
    f.error = presence.error;
    f.variables = (int32_t)pool_.size();
    pool_.insert(pool_.end(), presence.slopes.begin(), presence.slopes.end());
    f.pairs = (int32_t)pool_.size();
    auto position = [&](int32_t v) {
        return (int32_t)(std::lower_bound(presence.slopes.begin(), presence.slopes.end(), v) -
                         presence.slopes.begin());
    };
    for (auto [i, j] : presence.bends) {
        pool_.push_back(position(i));
        pool_.push_back(position(j));
    }
    f.base = room_for(reg, kCoefficients + f.g + f.h);
    presence_[reg] = presence;
}

// Memory that is free, if it is not much larger, or new memory.
int32_t Compiled::room_for(int reg, int32_t vectors) {
    const auto found = spare_.lower_bound(vectors);
    if (brief_[reg] && found != spare_.end() && found->first <= 2 * vectors) {
        const int32_t place = found->second;
        spare_.erase(found);
        return place;
    }
    size_ += vectors;
    return size_ - vectors;
}

// A small working set is worth as much as few operations.
void Compiled::find_last_reads() {
    const auto count = tape_.instructions.size() / kInstructionColumns;
    std::vector<int32_t> group(count), writer(tape_.registers, -1), last(tape_.registers, -1);
    for (size_t g = 0; g + 1 < tape_.groups.size(); g++)
        std::fill(group.begin() + tape_.groups[g], group.begin() + tape_.groups[g + 1], (int32_t)g);
    std::vector<char> kept(tape_.registers, 0);
    for (size_t k = 0; k < tape_.atoms.size(); k += 3) kept[tape_.atoms[k]] = 1;
    for (size_t k = 0; k < count; k++) {
        const int32_t* row = tape_.instructions.data() + k * kInstructionColumns;
        const int32_t rows = row[0] == kAffine ? row[kPower] : 1;
        for (int32_t r = 0; r < rows; r++) writer[row[kOut] + r] = (int32_t)k;
        for (int32_t j = 0; j < row[kArgumentCount]; j++) {
            const int32_t a = tape_.arguments[row[kArguments] + j];
            last[a] = (int32_t)k;
            // what a symbol stands for is read when a box is divided
            if (row[kSymbol] >= 0 || writer[a] < 0 || group[writer[a]] != group[k]) kept[a] = 1;
        }
    }
    last_read_.resize(count);
    for (int32_t r = 0; r < tape_.registers; r++)
        if (writer[r] >= 0 && last[r] >= 0 && !kept[r]) {
            brief_[r] = 1;
            last_read_[last[r]].push_back(r);
        }
}

void Compiled::release(int position) {
    for (int32_t r : last_read_[position]) {
        const Form& f = forms_[r];
        spare_.emplace(kCoefficients + f.g + f.h, f.base);
    }
}

// Offset 0 is the vector of zeros.
int32_t Compiled::offset_of_slope(int reg, int variable) const {
    const auto& s = presence_[reg].slopes;
    auto it = std::lower_bound(s.begin(), s.end(), variable);
    if (it == s.end() || *it != variable) return 0;
    return forms_[reg].base + kCoefficients + (int32_t)(it - s.begin());
}

int32_t Compiled::offset_of_pair(int reg, int i, int j) const {
    const auto& b = presence_[reg].bends;
    const std::pair<int32_t, int32_t> pair{i, j};
    auto it = std::lower_bound(b.begin(), b.end(), pair);
    if (it == b.end() || *it != pair) return 0;
    return forms_[reg].base + kCoefficients + forms_[reg].g + (int32_t)(it - b.begin());
}

// For every coefficient of `out` where `reg` has it; returns the position in the pool.
int32_t Compiled::append_offsets(int reg, int out, bool with_bend) {
    const auto first = (int32_t)pool_.size();
    const Presence& p = presence_[out];
    for (int32_t i : p.slopes) pool_.push_back(offset_of_slope(reg, i));
    if (with_bend)
        for (auto [i, j] : p.bends) pool_.push_back(offset_of_pair(reg, i, j));
    return first;
}

// The coefficients of a sum in blocks of four: see affine_row in linear.hpp.
std::vector<int32_t> Compiled::single_row(int out, const int32_t* arguments,
                                          const std::vector<int32_t>& pattern) const {
    const Presence& presence = presence_[out];
    const auto slots = (int32_t)(presence.slopes.size() + presence.bends.size());
    std::vector<std::vector<int32_t>> offsets;  // by argument and slot, 0 where there is none
    for (int32_t j : pattern) {
        std::vector<int32_t>& row = offsets.emplace_back();
        const int reg = arguments[j];
        for (int32_t i : presence.slopes) row.push_back(offset_of_slope(reg, i));
        for (auto [i, k] : presence.bends) row.push_back(offset_of_pair(reg, i, k));
    }
    std::vector<int32_t> code{(slots + 3) / 4};
    for (int32_t first = 0; first < slots; first += 4) {
        const int32_t count = std::min(4, slots - first);
        std::vector<std::vector<int32_t>> single(count);
        std::vector<int32_t> whole;
        for (size_t j = 0; j < pattern.size(); j++) {
            const int32_t* o = offsets[j].data() + first;
            bool together = count == 4;
            for (int32_t k = 0; k < count; k++) together &= o[k] == o[0] + k && o[0] != 0;
            if (together) {
                whole.insert(whole.end(), {(int32_t)j, o[0]});
                continue;
            }
            for (int32_t k = 0; k < count; k++)
                if (o[k]) single[k].insert(single[k].end(), {(int32_t)j, o[k]});
        }
        code.insert(code.end(), {count, (int32_t)whole.size() / 2});
        code.insert(code.end(), whole.begin(), whole.end());
        for (const auto& terms : single) {
            code.push_back((int32_t)terms.size() / 2);
            code.insert(code.end(), terms.begin(), terms.end());
        }
    }
    return code;
}

double Compiled::compile_affine(Step& step, const int32_t* arguments, int columns, int rows,
                                const double* matrix) {
    const double* bias = matrix + (size_t)rows * columns;
    // rows with the same non-zero weights have the same coefficients: they are done together
    std::map<std::vector<int32_t>, std::vector<int32_t>> classes;
    std::set<int32_t> hidden;
    for (int r = 0; r < rows; r++) {
        std::vector<int32_t> pattern;
        for (int j = 0; j < columns; j++) {
            if (matrix[(size_t)r * columns + j] != 0)
                pattern.push_back(j);
            else if (written_[arguments[j]])
                hidden.insert(forms_[arguments[j]].base);
        }
        classes[pattern].push_back(r);
    }
    for (auto& [pattern, members] : classes) {
        Presence presence;
        for (int32_t j : pattern) presence.include(presence_[arguments[j]]);
        for (int32_t r : members) place(step.out + r, presence);
    }
    step.constants = (int32_t)numbers_.size();
    step.maps[0] = (int32_t)pool_.size();
    pool_.push_back((int32_t)hidden.size());
    pool_.insert(pool_.end(), hidden.begin(), hidden.end());
    pool_.push_back((int32_t)classes.size());
    double work = 0;
    for (const auto& row_class : classes) {
        const auto& pattern = row_class.first;
        const auto& members = row_class.second;
        std::vector<int32_t> slots;
        int32_t count = 0;
        auto add_slot = [&](int32_t slot, auto&& offset_in) {
            const size_t head = slots.size();
            slots.insert(slots.end(), {slot, 0});
            for (size_t j = 0; j < pattern.size(); j++) {
                const int32_t offset = offset_in(arguments[pattern[j]]);
                if (!offset) continue;
                slots[head + 1]++;
                slots.insert(slots.end(), {(int32_t)j, offset});
                work += 2.0 * (double)members.size();
            }
            count++;
        };
        const Presence presence = presence_[step.out + members[0]];
        if (members.size() == 1) {
            slots = single_row(step.out + members[0], arguments, pattern);
            work += 2.0 * (double)slots.size();
        } else {
            add_slot(kCentre, [&](int reg) { return forms_[reg].base + kCentre; });
            add_slot(kError, [&](int reg) { return forms_[reg].error ? forms_[reg].base + kError : 0; });
            int32_t slot = kCoefficients;
            for (int32_t i : presence.slopes)
                add_slot(slot++, [&](int reg) { return offset_of_slope(reg, i); });
            for (auto [i, j] : presence.bends)
                add_slot(slot++, [&, i = i, j = j](int reg) { return offset_of_pair(reg, i, j); });
        }
        pool_.insert(pool_.end(), {(int32_t)members.size(), (int32_t)pattern.size(),
                                   (int32_t)slots.size() + (members.size() > 1)});
        for (int32_t r : members) pool_.push_back(forms_[step.out + r].base);
        for (int32_t j : pattern) pool_.push_back(forms_[arguments[j]].base);
        if (members.size() > 1) pool_.push_back(count);
        pool_.insert(pool_.end(), slots.begin(), slots.end());
        for (int32_t r : members)
            for (int32_t j : pattern) numbers_.push_back(matrix[(size_t)r * columns + j]);
        for (int32_t r : members) numbers_.push_back(bias[r]);
        work += 4.0 * (double)(members.size() * pattern.size());
    }
    return work;
}

// The code in the pool: the number of linear arguments and of squared ones; for each linear
// argument its register's place and pairs (coefficient, place); for each squared one its place,
// where its slopes are, by slope, and pairs (quadratic coefficient, place).
void Compiled::compile_quadratic(Step& step, const int32_t* arguments, int count, int squares,
                                 const double* numbers) {
    const int linear = count - squares;
    numbers_.insert(numbers_.end(), numbers, numbers + count + 1);
    Presence out;
    for (int k = 0; k < count; k++) out.include(presence_[arguments[k]]);
    for (int k = linear; k < count && degree_; k++) {
        const auto slopes = presence_[arguments[k]].slopes;
        out.include_products(slopes, slopes);
    }
    if (degree_ == 0) out = Presence{};
    place(step.out, out);
    const Presence presence = presence_[step.out];
    step.maps[0] = (int32_t)pool_.size();
    pool_.insert(pool_.end(), {linear, squares});
    auto add_pairs = [&](int reg, bool with_slopes) {
        std::vector<int32_t> found;
        int32_t slot = 0;
        for (int32_t i : presence.slopes) {
            const int32_t o = with_slopes ? offset_of_slope(reg, i) : 0;
            if (o) found.insert(found.end(), {slot, o});
            slot++;
        }
        for (auto [i, j] : presence.bends) {
            if (const int32_t o = offset_of_pair(reg, i, j)) found.insert(found.end(), {slot, o});
            slot++;
        }
        pool_.push_back((int32_t)found.size() / 2);
        pool_.insert(pool_.end(), found.begin(), found.end());
        work_ += (double)found.size();
    };
    for (int k = 0; k < count; k++) {
        pool_.push_back(forms_[arguments[k]].base);
        if (k >= linear) {
            for (int32_t i : presence.slopes) pool_.push_back(offset_of_slope(arguments[k], i));
            work_ += 2.0 * (double)(presence.slopes.size() + presence.bends.size());
        }
        add_pairs(arguments[k], k < linear);
    }
}

void Compiled::compile_instruction(const int32_t* row) {
    Step step{};
    const int32_t* arguments = tape_.arguments.data() + row[kArguments];
    const int32_t count = row[kArgumentCount];
    const double* numbers = tape_.numbers.data() + row[kNumbers];
    step.op = row[0];
    step.out = row[kOut];
    step.power = row[kPower];
    step.function = row[kFunction];
    step.symbol = degree_ ? row[kSymbol] : -1;
    step.narrow = row[kNarrow];
    step.degree = degree_ && row[kLast] ? 2 : degree_;
    step.x = arguments[0];
    step.y = count > 1 ? arguments[1] : arguments[0];
    step.z = count > 2 ? arguments[2] : arguments[0];
    step.constants = (int32_t)numbers_.size();
    std::fill(std::begin(step.maps), std::end(step.maps), -1);
    if (step.op == kAffine) {
        work_ += compile_affine(step, arguments, count, step.power, numbers);
        steps_.push_back(step);
        return;
    }
    if (step.op == kQuadratic) {
        compile_quadratic(step, arguments, count, step.power, numbers);
        steps_.push_back(step);
        return;
    }
    const Presence x = presence_[step.x], y = presence_[step.y];
    Presence out = x;
    bool slopes_kept = true;  // by the rule of the operator
    switch (step.op) {
    case kScale: numbers_.push_back(numbers[0]); break;
    case kAdd:
    case kSub:
    case kMax:
    case kMul: out.include(y); break;
    case kSelect:
        out = y;
        out.include(presence_[step.z]);
        out.error = true;
        break;
    case kStep:
    case kQuotient:
    case kQuotient2:
        slopes_kept = false;
        out = Presence{};
        out.error = true;
        break;
    case kIncrement:
        out = y;
        out.include(presence_[step.z]);
        break;
    default: break;
    }
    const bool curved = step.op == kMul || step.op == kSquare || (step.op >= kSin && step.op <= kPow);
    if (curved && step.degree == 2)
        out.include_products(x.slopes, step.op == kMul ? y.slopes : x.slopes);
    if (curved || step.op == kRelu || step.op == kAbs || step.op == kMax || step.op == kIncrement)
        out.error = degree_ > 0 && step.symbol < 0;
    if (step.symbol >= 0) out.slopes.push_back(tape_.variables + step.symbol);
    if (degree_ == 0) out = Presence{};
    place(step.out, out);
    const auto slopes = (double)out.slopes.size(), bends = (double)out.bends.size();
    work_ += 10 + slopes + 2 * bends;
    if (degree_ == 0 || !slopes_kept) {
        steps_.push_back(step);
        return;
    }
    switch (step.op) {
    case kAdd:
    case kSub:
        step.maps[0] = append_offsets(step.x, step.out, true);
        step.maps[1] = append_offsets(step.y, step.out, true);
        break;
    case kMax:
        step.maps[0] = append_offsets(step.x, step.out, true);
        step.maps[1] = append_offsets(step.y, step.out, true);
        break;
    case kSelect:
        step.maps[0] = append_offsets(step.y, step.out, true);
        step.maps[1] = append_offsets(step.z, step.out, true);
        break;
    case kIncrement:
        step.maps[0] = append_offsets(step.y, step.out, true);
        step.maps[1] = append_offsets(step.z, step.out, true);
        break;
    default: break;
    }
    if (step.op == kMul || (step.op == kSquare && step.degree == 1)) {
        step.maps[0] = append_offsets(step.x, step.out, false);
        step.maps[1] = append_offsets(step.y, step.out, false);
        step.maps[2] = (int32_t)pool_.size();
        std::vector<int32_t> shared;
        if (step.degree == 1)
            for (int32_t i : x.slopes)
                if (const int32_t o = offset_of_slope(step.y, i))
                    shared.insert(shared.end(), {offset_of_slope(step.x, i), o});
        pool_.push_back((int32_t)shared.size() / 2);
        pool_.insert(pool_.end(), shared.begin(), shared.end());
        const bool dense = x.same_slopes(y) && (x.bends.empty() || x.all_pairs()) &&
                           (y.bends.empty() || y.all_pairs());
        if (step.degree == 2 && !dense) {
            step.maps[3] = (int32_t)pool_.size();
            for (auto [i, j] : out.bends) {
                const int32_t xi = offset_of_slope(step.x, i), xj = offset_of_slope(step.x, j);
                const int32_t yi = offset_of_slope(step.y, i), yj = offset_of_slope(step.y, j);
                pool_.insert(pool_.end(), {xi, xj, yi, yj, offset_of_pair(step.x, i, j),
                                           offset_of_pair(step.y, i, j)});
            }
        }
        work_ += 4 * slopes + 5 * bends;
    } else if (curved && step.degree == 2) {
        if (!x.bends.empty() && !x.all_pairs()) {
            step.maps[3] = (int32_t)pool_.size();
            for (auto pair : x.bends)
                pool_.push_back((int32_t)(std::lower_bound(out.bends.begin(), out.bends.end(), pair) -
                                          out.bends.begin()));
        }
        work_ += 3 * slopes + 3 * bends + 60;
    } else {
        work_ += 2 * (slopes + bends);
    }
    steps_.push_back(step);
}

// A disjunction, also a nested one, of atoms that are followed by one other part.
void Compiled::find_guards() {
    std::vector<int32_t> guards;
    int32_t rest = -1;
    const auto end = (int32_t)parts_.size();
    for (int32_t k = 0; k < end;) {
        const Part& part = parts_[k];
        if (part.kind == kAny) {
            k++;
            continue;
        }
        if (part.kind == kAll) rest = k;
        if (part.kind == kPositive || part.kind == kNonnegative) guards.push_back(k);
        k = part.end;
    }
    program.rest = rest >= 0 && parts_[rest].end == end && !guards.empty() ? rest : -1;
    program.guards = (int32_t)pool_.size();
    program.guard_count = (int32_t)guards.size();
    pool_.insert(pool_.end(), guards.begin(), guards.end());
}

Compiled::Compiled(const Tape& tape, int degree)
    : tape_(tape), degree_(degree), presence_(tape.registers), forms_(tape.registers),
      written_(tape.registers, 0), brief_(tape.registers, 0) {
    for (int i = 0; i < tape.variables; i++) {
        Presence p;
        if (degree) p.slopes = {i};
        place(i, p);
    }
    for (size_t k = 0; k < tape.fixed.size(); k += 2) {
        fixed_.push_back({tape.fixed[k], tape.numbers[tape.fixed[k + 1]]});
        place(tape.fixed[k], Presence{});
    }
    sources_.assign(tape.symbols, {0, -1});
    find_last_reads();
    for (size_t g = 0; g + 1 < tape.groups.size(); g++) {
        work_ = 0;
        for (int32_t k = tape.groups[g]; k < tape.groups[g + 1]; k++) {
            const int32_t* row = tape.instructions.data() + (size_t)k * kInstructionColumns;
            compile_instruction(row);
            const Step& s = steps_.back();
            for (int r = 0; r < (s.op == kAffine ? s.power : 1); r++) written_[s.out + r] = 1;
            release(k);
            // the fourth argument of an increment is where it ends
            const int32_t from = s.op == kIncrement ? tape.arguments[row[kArguments] + 3] : s.x;
            if (s.symbol >= 0) sources_[s.symbol] = {from, s.op == kMax ? s.y : -1};
        }
        groups_.push_back({tape.groups[g], tape.groups[g + 1], work_});
    }
    for (size_t k = 0; k < tape.formula.size(); k += 3)
        parts_.push_back({tape.formula[k], tape.formula[k + 1], tape.formula[k + 2]});
    std::vector<int32_t> alternative(tape.atoms.size() / 3, 0);
    for (size_t k = 0; k < parts_.size(); k++)
        for (int32_t child = (int32_t)k + 1; child < parts_[k].end; child = parts_[child].end)
            if (parts_[child].kind < kAll) alternative[parts_[child].atom] = parts_[k].kind == kAny;
    const auto first = (int32_t)pool_.size();
    pool_.insert(pool_.end(), tape.atom_groups.begin(), tape.atom_groups.end());
    for (size_t k = 0; k < tape.atoms.size(); k += 3)
        atoms_.push_back({tape.atoms[k], first + tape.atoms[k + 1], tape.atoms[k + 2],
                          alternative[k / 3], tape.views[k / 3 * 2], tape.views[k / 3 * 2 + 1]});
    find_guards();
    program.degree = degree;
    program.variables = tape.variables;
    program.symbols = tape.symbols;
    program.atoms = (int32_t)atoms_.size();
    program.parts = (int32_t)parts_.size();
    program.groups = (int32_t)groups_.size();
    program.fixed = (int32_t)fixed_.size();
    program.size = size_;
    for (const AtomCode& atom : atoms_) {
        const int32_t n = forms_[atom.reg].g;
        program.pairs = std::max(program.pairs, n * (n + 1) / 2);
    }
    program.form = forms_.data();
    program.step = steps_.data();
    program.group = groups_.data();
    program.part = parts_.data();
    program.atom = atoms_.data();
    program.source = sources_.data();
    program.constant = fixed_.data();
    program.pool = pool_.data();
    program.number = numbers_.data();
}

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
        require(row[0] >= kAdd && row[0] <= kQuadratic, "an operator");
        require(first >= 0 && size >= 1 && first + size <= arguments, "arguments");
        for (int64_t j = first; j < first + size; j++)
            require(t.arguments[j] >= 0 && t.arguments[j] < t.registers &&
                        written[t.arguments[j]],
                    "an argument is read before it is written");
        const bool binary = row[0] == kAdd || row[0] == kSub || row[0] == kMul || row[0] == kMax ||
                            row[0] == kQuotient || row[0] == kQuotient2;
        const int64_t arity = binary ? 2 : row[0] == kSelect ? 3 : row[0] == kIncrement ? 4 : 1;
        if (row[0] == kQuadratic)
            require(row[kPower] <= size && row[kPower] <= kMostSquares && row[kLast], "arity");
        else if (row[0] != kAffine)
            require(size == arity, "arity");
        require(row[kPower] >= 0, "a power");
        require(row[kSymbol] >= -1 && row[kSymbol] < t.symbols, "a symbol");
        const int64_t rows = row[0] == kAffine ? row[kPower] : 1;
        const int64_t needed = row[0] == kAffine ? rows * (size + 1)
                               : row[0] == kQuadratic ? size + 1
                               : row[0] == kScale ? 1 : 0;
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
