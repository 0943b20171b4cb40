// Code for matrices and for sums of squares.
#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "compile.hpp"

namespace certify {

// Where the terms of the coefficients from `first` on are: for each of them and for the end a
// position from the start of this table, and pairs of the number of an argument and an offset.
std::vector<int32_t> Compiled::terms_of(int out, const std::vector<int32_t>& arguments,
                                        size_t first) {
    const Presence& presence = presence_[out];
    const size_t slots = presence.slopes.size() + presence.bends.size();
    std::vector<int32_t> code(slots - first + 1), terms;
    for (size_t slot = first; slot < slots; slot++) {
        code[slot - first] = (int32_t)(code.size() + terms.size());
        for (size_t k = 0; k < arguments.size(); k++) {
            int32_t offset = 0;
            if (slot >= presence.slopes.size()) {
                const auto [i, j] = presence.bends[slot - presence.slopes.size()];
                offset = offset_of_pair(arguments[k], i, j);
            } else {
                offset = offset_of_slope(arguments[k], presence.slopes[slot]);
            }
            if (offset) terms.insert(terms.end(), {(int32_t)k, offset});
        }
    }
    code.back() = (int32_t)(code.size() + terms.size());
    work_ += (double)terms.size();
    code.insert(code.end(), terms.begin(), terms.end());
    return code;
}

// How many of the first coefficients of `out` are the first of every argument.
size_t Compiled::common_slots(int out, const std::vector<int32_t>& arguments) const {
    const Presence& o = presence_[out];
    size_t common = o.slopes.size();
    bool whole = true;
    for (int32_t reg : arguments) {
        const Presence& x = presence_[reg];
        size_t k = 0;
        while (k < std::min(common, x.slopes.size()) && x.slopes[k] == o.slopes[k]) k++;
        common = k;
        whole = whole && x.slopes == o.slopes && x.bends == o.bends;
    }
    return whole ? common + o.bends.size() : common;
}

// One class of rows: how many, how many columns, how many coefficients all columns begin with, a
// register of the class, the length of the code, where the rows are, the columns' registers, for each
// weight which end of its argument gives the lower end, and the code of the other coefficients.
void Compiled::append_rows(int out, const std::vector<int32_t>& members,
                           const std::vector<int32_t>& columns,
                           const std::vector<double>& weights) {
    const size_t common = degree_ ? common_slots(out + members[0], columns) : 0;
    const std::vector<int32_t> code = terms_of(out + members[0], columns, common);
    pool_.insert(pool_.end(), {(int32_t)members.size(), (int32_t)columns.size(), (int32_t)common,
                               out + members[0], (int32_t)code.size()});
    for (int32_t r : members) pool_.push_back(forms_[out + r].base);
    pool_.insert(pool_.end(), columns.begin(), columns.end());
    for (double w : weights) pool_.push_back(w < 0 ? kHigh : kLow);
    pool_.insert(pool_.end(), code.begin(), code.end());
    program.columns = std::max(program.columns, (int32_t)columns.size());
    work_ += (double)((members.size() - 1) * code.size()) +
             (double)(members.size() * columns.size() * (8 + 2 * common));
}

// A sum of few terms: where the coefficients of each are; in the pool the number of arguments with
// the weight 0 and of others, and where they are.
void Compiled::compile_sum(Step& step, const int32_t* arguments, int columns,
                           const double* weights) {
    Presence out;
    std::vector<int32_t> hidden, places, terms;
    for (int k = 0; k < columns; k++) {
        const int32_t reg = arguments[k], base = forms_[reg].base;
        if (weights[k] == 0) {
            if (written_[reg]) hidden.push_back(base);
            continue;
        }
        out.include(presence_[reg]);
        terms.push_back(reg);
        places.push_back(base);
        numbers_.push_back(weights[k]);
    }
    numbers_.push_back(weights[columns]);
    step.op = kSum;
    place(step.out, out);
    for (size_t k = 0; k < terms.size(); k++)
        step.maps[k] = append_offsets(terms[k], step.out, true);
    step.maps[kMostTerms] = (int32_t)pool_.size();
    pool_.push_back((int32_t)hidden.size());
    pool_.insert(pool_.end(), hidden.begin(), hidden.end());
    pool_.push_back((int32_t)places.size());
    pool_.insert(pool_.end(), places.begin(), places.end());
    work_ += (double)places.size() * (double)(8 + 2 * out.slopes.size() + 2 * out.bends.size());
}

// Rows that differ in which weights are zero, as those of a triangle do, but not in what coefficients
// they have, are done together as well.
void Compiled::merge_alike(const int32_t* arguments, Classes& classes) const {
    using Coefficients =
        std::tuple<bool, std::vector<int32_t>, std::vector<std::pair<int32_t, int32_t>>>;
    std::map<Coefficients, std::pair<std::set<int32_t>, std::vector<int32_t>>> alike;
    for (const auto& [pattern, members] : classes) {
        Presence presence;
        for (int32_t j : pattern) presence.include(presence_[arguments[j]]);
        auto& [columns, rows] = alike[{presence.error, presence.slopes, presence.bends}];
        columns.insert(pattern.begin(), pattern.end());
        rows.insert(rows.end(), members.begin(), members.end());
    }
    classes.clear();
    for (auto& [_, found] : alike) {
        auto& [columns, rows] = found;
        std::sort(rows.begin(), rows.end());
        auto& members = classes[{columns.begin(), columns.end()}];
        members.insert(members.end(), rows.begin(), rows.end());
    }
}

void Compiled::compile_affine(Step& step, const int32_t* arguments, int columns, int rows,
                              const double* matrix) {
    const double* bias = matrix + (size_t)rows * columns;
    if (rows == 1 && columns <= kMostTerms) {
        compile_sum(step, arguments, columns, matrix);
        return;
    }
    // rows with the same non-zero weights have the same coefficients: they are done together
    Classes classes;
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
    merge_alike(arguments, classes);
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
    for (const auto& [pattern, members] : classes) {
        std::vector<int32_t> registers;
        for (int32_t j : pattern) registers.push_back(arguments[j]);
        std::vector<double> weights;  // by columns
        for (int32_t j : pattern)
            for (int32_t r : members) weights.push_back(matrix[(size_t)r * columns + j]);
        append_rows(step.out, members, registers, weights);
        numbers_.insert(numbers_.end(), weights.begin(), weights.end());
        for (int32_t r : members) numbers_.push_back(bias[r]);
    }
}

// The code in the pool: the number of linear arguments and of squared ones; for each argument its
// register's place, and for the squared ones where its slopes are, by slope; then for every
// coefficient the arguments that have it; apart from that which quadratic coefficients any has.
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
    step.maps[0] = (int32_t)pool_.size();
    pool_.insert(pool_.end(), {linear, squares});
    for (int k = 0; k < count; k++) {
        pool_.push_back(forms_[arguments[k]].base);
        if (k < linear) continue;
        for (int32_t i : out.slopes) pool_.push_back(offset_of_slope(arguments[k], i));
        work_ += 2.0 * (double)(out.slopes.size() + out.bends.size());
    }
    const std::vector<int32_t> code = terms_of(step.out, {arguments, arguments + count}, 0);
    pool_.insert(pool_.end(), code.begin(), code.end());
    std::vector<int32_t> bent;
    for (size_t slot = out.slopes.size(); slot < out.slopes.size() + out.bends.size(); slot++)
        if (code[slot] < code[slot + 1]) bent.push_back((int32_t)slot);
    step.maps[1] = (int32_t)pool_.size();
    pool_.push_back((int32_t)bent.size());
    pool_.insert(pool_.end(), bent.begin(), bent.end());
    program.room = std::max(program.room, (int32_t)count);
}

}  // namespace certify
