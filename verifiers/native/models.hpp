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

LANES_INLINE Real sum_of_magnitudes(const Real* v, int n) {
    Real s = all(0);
    for (int k = 0; k < n; k++) s = s + magnitude(v[k]);
    return s;
}

// The diagonal of h and half the sum of |h_ij| off it, for each slope.
LANES_INLINE void rows_of(const Program& p, const Form& f, const Real* h, Real* diagonal,
                          Real* spread) {
    const int n = f.g;
    for (int i = 0; i < n; i++) spread[i] = all(0);
    if (f.h == n * (n + 1) / 2) {
        for (int i = 0; i < n; i++) {
            diagonal[i] = *h++;
            Real s = spread[i];
            for (int j = i + 1; j < n; j++) {
                Real t = magnitude(*h++);
                s = s + t;
                spread[j] = spread[j] + t;
            }
            spread[i] = s * all(0.5);
        }
        return;
    }
    for (int i = 0; i < n; i++) diagonal[i] = all(0);
    const int32_t* pair = p.pool + f.pairs;
    for (int k = 0; k < f.h; k++, pair += 2) {
        if (pair[0] == pair[1]) {
            diagonal[pair[0]] = h[k];
        } else {
            Real t = magnitude(h[k]) * all(0.5);
            spread[pair[0]] = spread[pair[0]] + t;
            spread[pair[1]] = spread[pair[1]] + t;
        }
    }
}

// The range of the polynomial part; the largest of each separable term is taken alone.  The sums
// of magnitudes are left in the register.
LANES_INLINE Interval reach(const Program& p, const Form& f, Real* v) {
    const Real* g = v + kCoefficients;
    const Real rest = v[kError];
    if (f.h == 0) {
        const Real slopes = sum_of_magnitudes(g, f.g);
        v[kSlopes] = slopes;
        v[kBends] = all(0);  // the memory may have been another register's
        return {v[kCentre] - (slopes + rest), v[kCentre] + (slopes + rest)};
    }
    Real diagonal[kMost], spread[kMost];
    rows_of(p, f, g + f.g, diagonal, spread);
    Real low = v[kCentre] - rest, high = v[kCentre] + rest, slopes = all(0), bends = all(0);
    for (int i = 0; i < f.g; i++) {
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
    plain = p.degree && s.narrow ? meet(reach(p, f, v), plain)
                                 : undefined_unless(is_proper(plain), plain);
    set_range(v, plain);
}

// A constant model for the values of an interval, in the lanes of `where`.
LANES_INLINE void flatten(const Form& f, Real* v, Interval x, Mask where) {
    v[kCentre] = pick(where, (x.low + x.high) * all(0.5), v[kCentre]);
    v[kError] = pick(where, (x.high - x.low) * all(0.5), v[kError]);
    Real* k = v + kCoefficients;
    for (int i = 0; i < f.g + f.h; i++) k[i] = pick(where, all(0), k[i]);
}

// The end of every nonlinear rule: constant where that is tighter, the error to the symbol.
LANES_INLINE void finish(const Program& p, const Step& s, Memory& m, Interval plain) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    if (p.degree) {
        Mask loose = ~less_equal(v[kError] * all(kAlmost), (plain.high - plain.low) * all(0.5));
        loose = loose | ~is_finite(plain);
        if (some(loose)) flatten(f, v, plain, loose);
        if (s.symbol >= 0) {
            v[kCoefficients + f.g - 1] = v[kError];
            v[kError] = all(0);
        }
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
