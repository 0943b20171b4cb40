// Taylor models of degree 0, 1 and 2 on eight boxes at a time.
//
// On a box x = m + r d, d in [-1, 1]^n, a value is
//     c + sum g_i z_i + sum h_ij z_i z_j + eps(d),  |eps| <= e,
// where z is d and behind it the symbols, functions of d in [-1, 1] shared by all values, and lies
// in [low, high].  The rules are those of certify.proofs.checker.models, in plain floating point.
#pragma once

#include "ranges.hpp"

namespace {

const int kMost = 128;             // variables, which are tree bytes below 0x40, and symbols
const double kAlmost = 1 + 1e-13;  // in ties the checker, which rounds up, takes the constant

LANES_INLINE Real* at(Memory& m, int32_t offset) { return (Real*)m.vectors + offset; }

LANES_INLINE Interval range_of(const Real* v) { return {v[kLow], v[kHigh]}; }

LANES_INLINE void set_range(Real* v, Interval x) {
    v[kLow] = x.low;
    v[kHigh] = x.high;
}

LANES_INLINE Mask is_proper(Interval x) {
    Real width = x.high - x.low;
    return less_equal(all(0), width) & less(width, all(__builtin_inf()));
}

// Both hold; undefined if either is.  Nothing is rounded outward here, so that two bounds of a
// point may miss each other by a rounding error: what is between them is taken then.
LANES_INLINE Interval meet(Interval x, Interval y) {
    Real low = larger(x.low, y.low), high = smaller(x.high, y.high);
    Mask fine = less_equal(x.low, x.high) & less_equal(y.low, y.high) &
                is_finite(Interval{low, high});
    return undefined_unless(fine, {smaller(low, high), larger(low, high)});
}

// Find the coefficients that are not of dead symbols.
void refresh(const Program& p, const Layout& layout, uint64_t dead, Live& live) {
    const int32_t *variable = p.pool + layout.variables, *pair = p.pool + layout.pairs;
    bool on[kMost];
    live.dead = dead;
    live.g = live.h = 0;
    for (int i = 0; i < layout.g; i++) {
        on[i] = variable[i] < p.variables || !(dead >> (variable[i] - p.variables) & 1);
        if (on[i]) live.slot[live.g++] = i;
    }
    for (int k = 0; k < layout.h; k++, pair += 2)
        if (on[pair[0]] && on[pair[1]]) live.slot[live.g + live.h++] = layout.g + k;
}

// A symbol is known before what has its coefficients is computed, and dies only then: whatever is
// live now was live, and was written, when an argument was computed.  To be copied: loops would read
// it again after every store to a vector, which might be it.
LANES_INLINE const Live& live_of(const Program& p, Memory& m, const Form& f) {
    Live& live = m.live[f.layout];
    const uint64_t dead = m.dead & p.layout[f.layout].symbols;
    if (live.dead != dead) refresh(p, p.layout[f.layout], dead, live);
    return live;
}

// Whether m holds in all boxes that matter.
LANES_INLINE bool everywhere(const Memory& m, Mask mask) { return !(lanes_of(~mask) & m.lanes); }

// The value is 0.
LANES_INLINE void nothing(const Program& p, const Step& s, Memory& m) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    m.none[s.out] = 1;
    if (s.symbol >= 0) m.dead |= (uint64_t)1 << s.symbol & ~p.unsure;
    v[kLow] = v[kHigh] = all(0);
    if (!p.degree) return;
    v[kCentre] = v[kError] = v[kSlopes] = v[kBends] = all(0);
    const Live live = live_of(p, m, f);
    for (int t = 0; t < live.g + live.h; t++) v[kCoefficients + live.slot[t]] = all(0);
}

// Pairs i <= j of n coordinates.
LANES_INLINE int pair_place(int n, int i, int j) { return i * n - i * (i - 1) / 2 + (j - i); }

// The diagonal of h and half the sum of |h_ij| off it, for each slope.
LANES_INLINE void rows_of(const Program& p, const Form& f, const Live& live, const Real* h,
                          Real* diagonal, Real* spread) {
    const int n = f.g;
    const int32_t* slot = live.slot;
    for (int a = 0; a < live.g; a++) spread[slot[a]] = all(0);
    if (f.h == n * (n + 1) / 2) {
        for (int a = 0; a < live.g; a++) {
            const int i = slot[a];
            const Real* row = h + pair_place(n, i, i) - i;
            diagonal[i] = row[i];
            Real s = spread[i];
            for (int b = a + 1; b < live.g; b++) {
                const int j = slot[b];
                const Real t = magnitude(row[j]);
                s = s + t;
                spread[j] = spread[j] + t;
            }
            spread[i] = s * all(0.5);
        }
        return;
    }
    for (int a = 0; a < live.g; a++) diagonal[slot[a]] = all(0);
    for (int t = 0; t < live.h; t++) {
        const int k = slot[live.g + t] - n;
        const int32_t* pair = p.pool + f.pairs + 2 * k;
        if (pair[0] == pair[1]) {
            diagonal[pair[0]] = h[k];
        } else {
            const Real x = magnitude(h[k]) * all(0.5);
            spread[pair[0]] = spread[pair[0]] + x;
            spread[pair[1]] = spread[pair[1]] + x;
        }
    }
}

// The range of the polynomial part; the largest of each separable term is taken alone.  The sums
// of magnitudes are left in the register.
LANES_INLINE Interval reach(const Program& p, Memory& m, const Form& f, Real* v) {
    const Real* g = v + kCoefficients;
    const Live live = live_of(p, m, f);
    const Real rest = v[kError];
    Real slopes = all(0), bends = all(0);
    if (f.h == 0) {
        for (int a = 0; a < live.g; a++) slopes = slopes + magnitude(g[live.slot[a]]);
        v[kSlopes] = slopes;
        v[kBends] = bends;  // the memory may have been another register's
        return {v[kCentre] - (slopes + rest), v[kCentre] + (slopes + rest)};
    }
    Real diagonal[kMost], spread[kMost];
    rows_of(p, f, live, g + f.g, diagonal, spread);
    Real low = v[kCentre] - rest, high = v[kCentre] + rest;
    for (int a = 0; a < live.g; a++) {
        const int i = live.slot[a];
        // towards the opening of the parabola the extremum may lie inside
        Real d = magnitude(diagonal[i]), s = magnitude(g[i]), t = d - spread[i];
        Real inner = s - t, sum = d + spread[i], outer = s + sum;
        slopes = slopes + s;
        bends = bends + sum;
        Mask inside = less(all(0), t) & less_equal(s, t + t);
        if (some(inside)) inner = pick(inside, s * s / (all(4) * t), inner);
        Mask convex = less_equal(all(0), diagonal[i]);
        low = low - pick(convex, inner, outer);
        high = high + pick(convex, outer, inner);
    }
    v[kSlopes] = slopes;
    v[kBends] = bends;
    return {low, high};
}

LANES_INLINE void narrow(const Program& p, const Step& s, Memory& m, Interval plain) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    plain = p.degree && s.narrow ? meet(reach(p, m, f, v), plain)
                                 : undefined_unless(is_proper(plain), plain);
    set_range(v, plain);
}

// A constant model for the values of an interval, in the lanes of `where`.
LANES_INLINE void flatten(const Program& p, Memory& m, const Form& f, Real* v, Interval x,
                          Mask where) {
    v[kCentre] = pick(where, (x.low + x.high) * all(0.5), v[kCentre]);
    v[kError] = pick(where, (x.high - x.low) * all(0.5), v[kError]);
    Real* k = v + kCoefficients;
    const Live live = live_of(p, m, f);
    for (int t = 0; t < live.g + live.h; t++)
        k[live.slot[t]] = pick(where, all(0), k[live.slot[t]]);
}

// What a rule leaves out becomes the coefficient of its symbol.
LANES_INLINE void name_error(const Program& p, const Step& s, Memory& m, Real* v) {
    if (s.symbol < 0) return;
    v[kCoefficients + p.form[s.out].g - 1] = v[kError];
    const uint64_t bit = (uint64_t)1 << s.symbol;
    if (everywhere(m, equal(v[kError], all(0)))) m.dead |= bit & ~p.unsure;
    v[kError] = all(0);
}

// The end of every nonlinear rule: constant where that is tighter, the error to the symbol.
LANES_INLINE void finish(const Program& p, const Step& s, Memory& m, Interval plain) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    if (p.degree) {
        Mask loose = ~less_equal(v[kError] * all(kAlmost), (plain.high - plain.low) * all(0.5));
        loose = loose | ~is_finite(plain);
        if (some(loose)) flatten(p, m, f, v, plain, loose);
        name_error(p, s, m, v);
    }
    narrow(p, s, m, plain);
}

LANES_INLINE void constant(const Program& p, const Step& s, Memory& m, Interval plain) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    if (p.degree) {
        v[kCentre] = (plain.low + plain.high) * all(0.5);
        v[kError] = (plain.high - plain.low) * all(0.5);
        v[kSlopes] = v[kBends] = all(0);
    }
    set_range(v, undefined_unless(is_proper(plain), plain));
}

}  // namespace
