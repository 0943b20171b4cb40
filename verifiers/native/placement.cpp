// Where registers and their coefficients are in the memory of an evaluation.
#include <algorithm>

#include "compile.hpp"

namespace certify {

// The number of the coefficients, which many registers share.
int32_t Compiled::layout_of(const Presence& presence) {
    const auto [found, fresh] = layout_number_.try_emplace({presence.slopes, presence.bends},
                                                           (int32_t)layouts_.size());
    if (!fresh) return found->second;
    Layout l{(int32_t)presence.slopes.size(), (int32_t)presence.bends.size(), 0, 0, 0};
    l.variables = (int32_t)pool_.size();
    pool_.insert(pool_.end(), presence.slopes.begin(), presence.slopes.end());
    l.pairs = (int32_t)pool_.size();
    auto position = [&](int32_t v) {
        return (int32_t)(std::lower_bound(presence.slopes.begin(), presence.slopes.end(), v) -
                         presence.slopes.begin());
    };
    for (auto [i, j] : presence.bends) {
        pool_.push_back(position(i));
        pool_.push_back(position(j));
    }
    for (int32_t v : presence.slopes)
        if (v >= tape_.variables) l.symbols |= (uint64_t)1 << (v - tape_.variables);
    program.slots += l.g + l.h;
    layouts_.push_back(l);
    return found->second;
}

void Compiled::place(int reg, const Presence& presence) {
    Form& f = forms_[reg];
    const int32_t number = layout_of(presence);
    const Layout& l = layouts_[number];
    f = {0, l.g, l.h, l.variables, l.pairs, presence.error, number};
    f.base = room_for(reg, kCoefficients + f.g + f.h);
    presence_[reg] = presence;
}

// Memory that is free, if it is not much larger, or new memory.
int32_t Compiled::room_for(int reg, int32_t vectors) {
    auto found = spare_.lower_bound(vectors);
    if (brief_[reg] && found != spare_.end() && found->first <= 2 * vectors) {
        found = std::prev(spare_.upper_bound(found->first));  // what was used last is in the cache
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

}  // namespace certify
