// Ranges of the operators, their slopes and their curvatures, on eight boxes at a time.
//
// In plain floating point: nothing is rounded outward.  Included only by block.cpp, as
// all headers are that build on this one.
#pragma once

#include "elementary.hpp"
#include "program.hpp"

namespace {

using namespace certify;

struct Interval {
    Real low, high;
};

LANES_INLINE Real zero_if_finite(Real x) { return x - x; }

LANES_INLINE Interval undefined_unless(Mask fine, Interval x) {
    return {pick(fine, x.low, nowhere()), pick(fine, x.high, nowhere())};
}
LANES_INLINE Mask is_finite(Interval x) { return is_finite(x.low) & is_finite(x.high); }

LANES_INLINE Interval product(Interval x, Interval y) {
    Real p = x.low * y.low, q = x.low * y.high, r = x.high * y.low, s = x.high * y.high;
    Real undefined = zero_if_finite(p) + zero_if_finite(q) + zero_if_finite(r) + zero_if_finite(s);
    return {smaller(smaller(p, q), smaller(r, s)) + undefined,
            larger(larger(p, q), larger(r, s)) + undefined};
}
LANES_INLINE Interval scaled(double k, Interval x) {
    Real p = all(k) * x.low, q = all(k) * x.high;
    return k < 0 ? Interval{q, p} : Interval{p, q};
}
LANES_INLINE Interval shifted(double k, Interval x) { return {x.low + all(k), x.high + all(k)}; }

LANES_INLINE Interval absolute(Interval x) {
    Real l = magnitude(x.low), h = magnitude(x.high);
    Mask inside = less_equal(x.low, all(0)) & less_equal(all(0), x.high);
    return undefined_unless(is_finite(x),
                            {pick(inside, all(0), smaller(l, h)), larger(l, h)});
}
LANES_INLINE Interval positive_part(Interval x) {
    return undefined_unless(is_finite(x), {larger(x.low, all(0)), larger(x.high, all(0))});
}
LANES_INLINE Interval square(Interval x) {
    Interval y = absolute(x);
    return {y.low * y.low, y.high * y.high};
}

LANES_INLINE Real power(Real x, int n) {
    Real r = all(1);
    for (; n; n >>= 1) {
        if (n & 1) r = r * x;
        if (n > 1) x = x * x;
    }
    return r;
}
LANES_INLINE Interval power_range(Interval x, int n) {
    if (n == 0) return undefined_unless(is_finite(x), {all(1), all(1)});
    if (n % 2 == 0) x = absolute(x);
    return {power(x.low, n), power(x.high, n)};
}

LANES_INLINE Interval step_range(Interval x) {
    return undefined_unless(is_finite(x), {pick(less(all(0), x.low), all(1), all(0)),
                                           pick(less(x.high, all(0)), all(0), all(1))});
}

// sin (quarter 0) or cos (quarter 1): extrema at pi * (k + phase), maxima at even k
Interval wave_range(Interval x, int quarter) {
    Real phase = all(quarter ? 0.0 : 0.5), turn = all(0.31830988618379067154);
    Real first = ceil_of(x.low * turn - phase), last = floor_of(x.high * turn - phase);
    Real more = last - first;  // than one extremum
    Mask two = less_equal(all(1), more), one = less_equal(all(0), more);
    Real half = first * all(0.5);
    Mask even = equal(floor_of(half), half);
    Real l = wave(x.low, quarter), h = wave(x.high, quarter);
    Interval r = {pick(two | (one & ~even), all(-1), smaller(l, h)),
                  pick(two | (one & even), all(1), larger(l, h))};
    Mask tame = less(all(-kWildAngle), x.low) & less(x.high, all(kWildAngle));
    r = {pick(tame, r.low, all(-1)), pick(tame, r.high, all(1))};
    return undefined_unless(is_finite(x), r);
}

LANES_INLINE Interval reciprocal(Interval x) {
    Mask fine = less(all(0), x.low) | less(x.high, all(0));
    return undefined_unless(fine, {all(1) / x.high, all(1) / x.low});
}
LANES_INLINE Interval root_range(Interval x) {
    return undefined_unless(less_equal(all(0), x.low), {root(x.low), root(x.high)});
}
LANES_INLINE Interval above_zero(Interval x) { return undefined_unless(less(all(0), x.low), x); }
LANES_INLINE Interval tanh_range(Interval x) {
    return {tangent_hyperbolic(x.low), tangent_hyperbolic(x.high)};
}
LANES_INLINE Interval exp_range(Interval x) { return {exponential(x.low), exponential(x.high)}; }

Interval value_range(int op, int n, Interval x) {
    switch (op) {
    case kSin: return wave_range(x, 0);
    case kCos: return wave_range(x, 1);
    case kTanh: return tanh_range(x);
    case kExp: return exp_range(x);
    case kAtan: return {arctangent(x.low), arctangent(x.high)};
    case kLog: x = above_zero(x); return {logarithm(x.low), logarithm(x.high)};
    case kSqrt: return root_range(x);
    case kRecip: return reciprocal(x);
    default: return power_range(x, n);
    }
}

LANES_INLINE Interval negated(Interval x) { return {-x.high, -x.low}; }
LANES_INLINE Interval tanh_slope(Interval x) { return shifted(1, negated(square(tanh_range(x)))); }
LANES_INLINE Interval atan_slope(Interval x) { return reciprocal(shifted(1, square(x))); }
LANES_INLINE Interval flat_off_zero(Interval x) {
    Mask off = is_finite(x) & (less(all(0), x.low) | less(x.high, all(0)));
    return undefined_unless(off, {all(0), all(0)});
}

Interval slope_range(int op, int n, Interval x) {
    switch (op) {
    case kSin: return wave_range(x, 1);
    case kCos: return negated(wave_range(x, 0));
    case kTanh: return tanh_slope(x);
    case kExp: return exp_range(x);
    case kAtan: return atan_slope(x);
    case kLog: return reciprocal(above_zero(x));
    case kSqrt: return reciprocal(scaled(2, root_range(x)));
    case kRecip: return negated(square(reciprocal(x)));
    case kRelu: return step_range(x);
    case kAbs: return shifted(-1, scaled(2, step_range(x)));
    default: return scaled(n, power_range(x, n - 1));
    }
}

Interval curvature_range(int op, int n, Interval x) {
    switch (op) {
    case kSin: return negated(wave_range(x, 0));
    case kCos: return negated(wave_range(x, 1));
    case kTanh: return scaled(-2, product(tanh_range(x), tanh_slope(x)));
    case kExp: return exp_range(x);
    case kAtan: return scaled(-2, product(x, square(atan_slope(x))));
    case kLog: return negated(square(reciprocal(above_zero(x))));
    case kSqrt: return negated(reciprocal(scaled(4, power_range(root_range(x), 3))));
    case kRecip: return scaled(2, power_range(reciprocal(x), 3));
    case kRelu:
    case kAbs: return flat_off_zero(x);
    default: return scaled((double)n * (n - 1), power_range(x, n - 2));
    }
}

// The same where the range of values is known.
LANES_INLINE Interval curvature_range(int op, int n, Interval x, Interval values) {
    switch (op) {
    case kSin:
    case kCos: return negated(values);
    case kExp: return values;
    case kTanh: return scaled(-2, product(values, shifted(1, negated(square(values)))));
    default: return curvature_range(op, n, x);
    }
}

}  // namespace
