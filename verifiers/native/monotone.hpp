// The least value of a quadratic model, see certify.proofs.checker.monotone.
#pragma once

#include "models.hpp"

namespace {

const int kSweeps = 4;

// The separable lower bound of `weight` times a model: sum of slope z + (bend - spread) z^2 over
// its coordinates, where those that are monotone are at their ends.
struct Separable {
    Real *slope, *bend, *spread;
};

// How far s t + q t^2 falls below 0 for t in [-1, 1].
LANES_INLINE Real fall_of(Real s, Real q) {
    const Real size = magnitude(s);
    const Mask inside = less(size, q + q);
    const Real end = size - q;
    return some(inside) ? pick(inside, size * size / (all(4) * q), end) : end;
}

LANES_INLINE Separable shares_of(const Program& p, Memory& m, const AtomCode& atom) {
    const int n = p.form[atom.reg].g;
    Real* first = at(m, atom.shares) + 1;
    return {first, first + n, first + 2 * n};
}

// The quadratic coefficients of all pairs of live slopes, in `room` if the form has only some.
const Real* all_pairs(const Program& p, const Form& f, const Live& live, const Real* h, Real* room) {
    const int n = f.g;
    if (f.h == n * (n + 1) / 2) return h;
    for (int a = 0; a < live.g; a++)
        for (int b = a; b < live.g; b++) room[pair_place(n, live.slot[a], live.slot[b])] = all(0);
    for (int t = live.g; t < live.g + live.h; t++) {
        const int k = live.slot[t] - n;
        const int32_t* pair = p.pool + f.pairs + 2 * k;
        room[pair_place(n, pair[0], pair[1])] = h[k];
    }
    return room;
}

// Put coordinate i, the a-th that is live, to its better end where it is monotone; whether it is
// anywhere.
LANES_INLINE bool fix(int n, const Live& live, int a, const Real* h, Real weight, Mask* free,
                      const Separable& s, Real& centre) {
    const int i = live.slot[a];
    const Mask here = free[i] & less_equal(magnitude(s.bend[i]) + s.spread[i],
                                           all(0.5) * magnitude(s.slope[i]));
    if (!some(here)) return false;
    const Real one = pick(here, all(1), all(0));
    const Real z = pick(less(s.slope[i], all(0)), one, -one);
    centre = centre + (s.slope[i] * z + s.bend[i] * one);
    free[i] = free[i] & ~here;
    const Real scaled_z = weight * z, half = all(0.5) * magnitude(scaled_z);
    for (int b = 0; b < a; b++) {
        const int j = live.slot[b];
        const Real x = h[pair_place(n, j, i)];
        s.slope[j] = s.slope[j] + x * scaled_z;
        s.spread[j] = s.spread[j] - magnitude(x) * half;
    }
    const Real* row = h + pair_place(n, i, i) - i;
    for (int b = a + 1; b < live.g; b++) {
        const int j = live.slot[b];
        const Real x = row[j];
        s.slope[j] = s.slope[j] + x * scaled_z;
        s.spread[j] = s.spread[j] - magnitude(x) * half;
    }
    return true;
}

// A lower bound of an atom with quadratic coefficients, less its constant bias.
Real least(const Program& p, Memory& m, const AtomCode& atom) {
    const Form& f = p.form[atom.reg];
    const int n = f.g;
    const Live live = live_of(p, m, f);
    const Separable s = shares_of(p, m, atom);
    const Real *v = at(m, f.base), *g = v + kCoefficients, w = all(atom.weight), size = magnitude(w);
    Real low = w * v[kCentre] - size * v[kError];
    rows_of(p, f, live, g + n, s.bend, s.spread);
    const Real* h = all_pairs(p, f, live, g + n, (Real*)m.room);
    Mask free[kMost];
    for (int a = 0; a < live.g; a++) {
        const int i = live.slot[a];
        s.slope[i] = w * g[i];
        s.bend[i] = w * s.bend[i];
        s.spread[i] = size * s.spread[i];
        free[i] = all_bits(-1);
    }
    for (int sweep = 0; sweep < kSweeps; sweep++) {
        bool more = false;
        for (int a = live.g; a-- > 0;) more |= fix(n, live, a, h, w, free, s, low);
        if (!more) break;
    }
    for (int a = 0; a < live.g; a++) {
        const int i = live.slot[a];
        if (!some(free[i])) continue;
        low = low - pick(free[i], fall_of(s.slope[i], s.bend[i] - s.spread[i]), all(0));
    }
    return low;
}

}  // namespace
