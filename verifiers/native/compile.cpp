#include "compile.hpp"

#include <algorithm>

namespace certify {

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
        compile_affine(step, arguments, count, step.power, numbers);
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
    case kRelu:
    case kAbs: numbers_.insert(numbers_.end(), numbers, numbers + 2); break;
    case kMove:
        numbers_.insert(numbers_.end(), numbers, numbers + 2);
        out.include(y);
        break;
    default: break;
    }
    const bool curved = step.op == kMul || step.op == kSquare || (step.op >= kSin && step.op <= kPow);
    if (curved && step.degree == 2)
        out.include_products(x.slopes, step.op == kMul ? y.slopes : x.slopes);
    const bool kinked = step.op == kRelu || step.op == kAbs || step.op == kMove;
    if (curved || kinked || step.op == kMax || step.op == kIncrement) {
        const bool beside = kinked && numbers[0] != 0 && (step.op == kMove ? y : x).error;
        out.error = degree_ > 0 && (step.symbol < 0 || beside);
    }
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
    case kMove:
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
        if (step.degree == 1)
            for (int32_t i : x.slopes) pool_.push_back(offset_of_slope(step.y, i));
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
    sources_.assign(tape.symbols, {0, -1, 1});
    uint64_t named = 0;
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
            const bool two = s.op == kMax || s.op == kMove;
            if (s.symbol < 0) continue;
            const uint64_t bit = (uint64_t)1 << s.symbol;
            program.unsure |= named & bit;
            named |= bit;
            sources_[s.symbol] = {from, two ? s.y : -1, s.op == kMax ? -1.0 : 1.0};
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
    for (size_t k = 0; k < tape.atoms.size(); k += 3) {
        const int32_t* group = tape.atom_groups.data() + tape.atoms[k + 1];
        double work = 0;
        for (int32_t j = 0; j < tape.atoms[k + 2]; j++) work += groups_[group[j]].work;
        atoms_.push_back({tape.atoms[k], first + tape.atoms[k + 1], tape.atoms[k + 2],
                          alternative[k / 3], 0, work, tape.views[k / 3 * 2],
                          tape.views[k / 3 * 2 + 1]});
    }
    find_guards();
    program.degree = degree;
    program.variables = tape.variables;
    program.symbols = tape.symbols;
    program.atoms = (int32_t)atoms_.size();
    program.parts = (int32_t)parts_.size();
    program.groups = (int32_t)groups_.size();
    program.fixed = (int32_t)fixed_.size();
    for (AtomCode& atom : atoms_) {
        const int32_t n = forms_[atom.reg].g;
        program.room = std::max(program.room, n * (n + 1) / 2);
        if (!forms_[atom.reg].h) continue;
        atom.shares = size_;
        size_ += 1 + 3 * n;
    }
    program.registers = tape.registers;
    program.size = size_;
    program.layouts = (int32_t)layouts_.size();
    program.form = forms_.data();
    program.layout = layouts_.data();
    program.step = steps_.data();
    program.group = groups_.data();
    program.part = parts_.data();
    program.atom = atoms_.data();
    program.source = sources_.data();
    program.constant = fixed_.data();
    program.pool = pool_.data();
    program.number = numbers_.data();
}

}  // namespace certify
