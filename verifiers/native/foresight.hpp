// What the halves of a box will come to, as the models of the whole box have it.
//
// The models hold on both halves.  Where they prove the formula on a half with something to spare
// the half is closed, as its own models are narrower; where they would not without all errors in them
// its own will not either, and it is divided at once.  Both are guesses, which save most looks.
#pragma once

#include "formulas.hpp"

namespace {

const double kSpare = 0.02, kHopeless = 0.1;  // parts of the width of a range
const double kLittleWork = 512;               // operations on a block

// The lower and the upper halves: where they are closed, and where they will stay open.
struct Halves {
    Mask closed[2], hopeless[2];
};

// Where boxes are cut, as their models see it: `here[i]` are the lanes where it is across variable
// i, at the coordinate `at`.
struct Cuts {
    Mask here[kMost];
    bool anywhere[kMost];
    Real at;
    Mask empty[2];  // halves of which narrowing has left nothing
};

// The least s z + q z^2 for z between a and b.
LANES_INLINE Real least_between(Real s, Real q, Real a, Real b) {
    const Real ends = smaller(a * (s + q * a), b * (s + q * b)), tip = -s / (q + q);
    const Mask inside = less(all(0), q) & less(a, tip) & less(tip, b);
    return pick(inside, all(0.5) * s * tip, ends);
}

Cuts cuts_of(const Program& p, const Memory& m, const int* variable) {
    Cuts cuts;
    cuts.at = all(0);
    cuts.empty[0] = cuts.empty[1] = all_bits(0);
    const Real* box = (const Real*)m.box;
    const int n = p.variables;
    for (int i = 0; i < n; i++) {
        Real one = all(0);
        for (int k = 0; k < kLanes; k++) ((double*)&one)[k] = variable[k] == i;
        const Mask here = cuts.here[i] = less(all(0), one);
        cuts.anywhere[i] = some(here);
        if (!cuts.anywhere[i]) continue;
        const Real l = box[i], h = box[n + i], cut = all(0.5) * box[2 * n + i] + all(0.5) * box[3 * n + i];
        const Real middle = all(0.5) * l + all(0.5) * h, radius = larger(h - middle, middle - l);
        const Real at = larger(all(-1), smaller(all(1), (cut - middle) / radius));
        cuts.at = pick(here, at, cuts.at);
        cuts.empty[0] = cuts.empty[0] | (here & less(cut, l));
        cuts.empty[1] = cuts.empty[1] | (here & less(h, cut));
    }
    return cuts;
}

// An atom's least value on a box and, without all errors, its best; what the halves add to both.
struct Bounds {
    Real low, best, gain[2];
};

// What a part of a box adds where it is cut across the variable of the term s z + q z^2, which falls
// by `fall` on the whole box.
LANES_INLINE void add_halves(Bounds& b, const Cuts& cuts, int variable, Real s, Real q, Real fall) {
    const Mask here = cuts.here[variable];
    b.gain[0] = pick(here, least_between(s, q, all(-1), cuts.at) + fall, b.gain[0]);
    b.gain[1] = pick(here, least_between(s, q, cuts.at, all(1)) + fall, b.gain[1]);
}

LANES_INLINE Bounds linear_bounds(const Program& p, Memory& m, const AtomCode& atom,
                                  const Cuts& cuts) {
    const Form& f = p.form[atom.reg];
    const Real *v = at(m, f.base), *g = v + kCoefficients;
    const Live live = live_of(p, m, f);
    const Real weight = all(atom.weight), size = magnitude(weight);
    const Real top = weight * v[kCentre] + all(atom.bias);
    Bounds b = {top - size * (v[kSlopes] + v[kError]), top - size * v[kSlopes], {all(0), all(0)}};
    for (int a = 0; a < live.g; a++) {
        const int i = live.slot[a];
        const int32_t j = p.pool[f.variables + i];
        if (j >= p.variables) {
            b.best = b.best + size * magnitude(g[i]);
        } else if (cuts.anywhere[j]) {
            // the least of s z on [-1, c] and on [c, 1]
            const Real s = weight * g[i], turn = s * cuts.at, fall = magnitude(s);
            b.gain[0] = pick(cuts.here[j], smaller(-s, turn) + fall, b.gain[0]);
            b.gain[1] = pick(cuts.here[j], smaller(turn, s) + fall, b.gain[1]);
        }
    }
    return b;
}

LANES_INLINE Bounds bent_bounds(const Program& p, Memory& m, const AtomCode& atom,
                                const Cuts& cuts) {
    const Form& f = p.form[atom.reg];
    const Live live = live_of(p, m, f);
    const Separable s = shares_of(p, m, atom);
    const Real low = *at(m, atom.shares) + all(atom.bias);
    const Real error = all(__builtin_fabs(atom.weight)) * at(m, f.base)[kError];
    Bounds b = {low, low + error, {all(0), all(0)}};
    for (int a = 0; a < live.g; a++) {
        const int i = live.slot[a];
        const int32_t j = p.pool[f.variables + i];
        const bool is_variable = j < p.variables;
        if (is_variable && !cuts.anywhere[j]) continue;
        const Real bend = s.bend[i] - s.spread[i], fall = fall_of(s.slope[i], bend);
        if (is_variable)
            add_halves(b, cuts, j, s.slope[i], bend, fall);
        else
            b.best = b.best + fall;
    }
    return b;
}

// The halves by one atom.  `known` says where it holds on the whole box.
Halves halves_by(const Program& p, Memory& m, const AtomCode& atom, Mask known, const Cuts& cuts) {
    const bool is_bent = p.form[atom.reg].h != 0;
    const Interval x = is_bent ? sharp_range(p, m, atom) : atom_range(p, m, atom);
    const Bounds bounds = is_bent ? bent_bounds(p, m, atom, cuts) : linear_bounds(p, m, atom, cuts);
    const Mask finite = is_finite(x);
    const Real width = x.high - x.low;
    Halves r;
    for (int b = 0; b < 2; b++) {
        const Real low = bounds.low + bounds.gain[b], best = bounds.best + bounds.gain[b];
        r.closed[b] = known | cuts.empty[b] | (finite & less(all(kSpare) * width, low));
        r.hopeless[b] = ~r.closed[b] & finite & less(best, all(-kHopeless) * width);
    }
    return r;
}

// Of the lower and the upper halves those that are asked for.
struct Wanted {
    Mask lanes[2];
};

LANES_INLINE bool some(const Wanted& w) { return lanes_of(w.lanes[0] | w.lanes[1]) != 0; }

LANES_INLINE Wanted both(const Wanted& w, const Mask* mask, bool where) {
    return {{w.lanes[0] & (where ? mask[0] : ~mask[0]), w.lanes[1] & (where ? mask[1] : ~mask[1])}};
}

// Whether an atom costs next to nothing.
LANES_INLINE bool is_little(const Program& p, const Part& part) {
    return part.kind != kAll && part.kind != kAny && p.atom[part.atom].work <= kLittleWork;
}

Halves halves_by_part(const Program& p, Memory& m, const Part& part, const Wanted& wanted,
                      double slack, const Cuts& cuts) {
    run_atom(p, m, part.atom);
    const AtomCode& atom = p.atom[part.atom];
    const Mask known = atom_holds(p, m, part, atom_range(p, m, atom), slack), sure[2] = {known, known};
    if (some(both(wanted, sure, false)) && part.kind != kDefined && p.degree)
        return halves_by(p, m, atom, known, cuts);
    const Mask no = all_bits(0);
    return {{known | cuts.empty[0], known | cuts.empty[1]}, {no, no}};
}

// The halves by a part of the formula, right for those that are wanted.  Of parts that all have to
// hold, what is dear is left out where an earlier one leaves the half open.  What is said of a half
// does not depend on the other boxes of the block.
Halves halves_of(const Program& p, Memory& m, int at_part, Wanted wanted, double slack,
                 const Cuts& cuts) {
    const Part& part = p.part[at_part];
    if (part.kind != kAll && part.kind != kAny)
        return halves_by_part(p, m, part, wanted, slack, cuts);
    const bool every = part.kind == kAll;
    int child = at_part + 1;
    Halves r = halves_of(p, m, child, wanted, slack, cuts);
    for (child = p.part[child].end; child < part.end; child = p.part[child].end) {
        Wanted next = both(wanted, r.closed, every);
        if (every && is_little(p, p.part[child])) next = both(wanted, r.hopeless, false);
        if (!some(next)) continue;
        const Halves h = halves_of(p, m, child, next, slack, cuts);
        for (int b = 0; b < 2; b++) {
            const Mask other = ~next.lanes[b];
            r.closed[b] = every ? r.closed[b] & (h.closed[b] | other) : r.closed[b] | h.closed[b];
            r.hopeless[b] = every ? r.hopeless[b] | (h.hopeless[b] & ~other)
                                  : r.hopeless[b] & (h.hopeless[b] | other);
        }
    }
    for (int b = 0; b < 2; b++) r.hopeless[b] = r.hopeless[b] & ~r.closed[b];
    return r;
}

void foresee(const Program& p, Memory& m, int part, unsigned lanes, double slack,
             const int* variable, Outlook& out) {
    Real one = all(0);
    for (int k = 0; k < kLanes; k++) ((double*)&one)[k] = lanes >> k & 1;
    const Mask here = less(all(0), one);
    const Halves r = halves_of(p, m, part, {{here, here}}, slack, cuts_of(p, m, variable));
    for (int b = 0; b < 2; b++) {
        out.closed[b] = lanes & lanes_of(r.closed[b]);
        out.hopeless[b] = lanes & lanes_of(r.hopeless[b]);
    }
}

}  // namespace
