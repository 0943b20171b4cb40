// Models of smooth functions, divided differences and increments.
#pragma once

#include "products.hpp"
#include "kinks.hpp"

namespace {

LANES_INLINE void smooth(const Program& p, const Step& s, Memory& m) {
    const Real* x = at(m, p.form[s.x].base);
    const Interval range = range_of(x);
    const Interval plain = value_range(s.op, s.power, range);
    if (p.degree) {
        const Real point = smaller(larger(x[kCentre], range.low), range.high);
        const Interval here = {point, point};
        const Interval bend = curvature_range(s.op, s.power, range, plain);
        const Real far = larger(point - range.low, range.high - point), square = far * far;
        Real value, slope;
        switch (s.op) {
        case kSin: value = sine(point); slope = cosine(point); break;
        case kCos: value = cosine(point); slope = -sine(point); break;
        case kTanh: value = tangent_hyperbolic(point); slope = all(1) - value * value; break;
        case kExp: value = slope = exponential(point); break;
        default:
            value = value_range(s.op, s.power, here).low;
            slope = slope_range(s.op, s.power, here).low;
        }
        const Mask fine = is_finite(bend) & is_finite(plain);
        if (p.degree == 1) {
            Real low = smaller(bend.low, all(0)), high = larger(bend.high, all(0));
            Real middle = (low + high) * square * all(0.25), error = (high - low) * square * all(0.25);
            line(p, s, m, slope, value - slope * point + middle, error);
            Real* v = at(m, p.form[s.out].base);
            v[kCentre] = value + slope * (x[kCentre] - point) + middle;
            if (some(~fine)) flatten(p, m, p.form[s.out], v, plain, ~fine);
        } else {
            Real middle = (bend.low + bend.high) * all(0.25);
            parabola(p, s, m, value, slope, middle, point);
            Real* v = at(m, p.form[s.out].base);
            v[kError] = v[kError] + (bend.high - bend.low) * square * all(0.25);
            if (some(~fine)) flatten(p, m, p.form[s.out], v, plain, ~fine);
        }
    }
    finish(p, s, m, plain);
}

// Divided differences are means of derivatives between their arguments.
LANES_INLINE void divided(const Program& p, const Step& s, Memory& m) {
    const Real *x = at(m, p.form[s.x].base), *y = at(m, p.form[s.y].base);
    Interval between = {smaller(x[kLow], y[kLow]), larger(x[kHigh], y[kHigh])};
    between = undefined_unless(is_finite(range_of(x)) & is_finite(range_of(y)), between);
    if (s.op == kQuotient)
        constant(p, s, m, slope_range(s.function, s.power, between));
    else
        constant(p, s, m, scaled(0.5, curvature_range(s.function, s.power, between)));
}

// g(s + d) - g(s): a slope between times d, or the two values subtracted if that errs less.
// The registers are the slopes, d and the subtracted values.
LANES_INLINE void increment(const Program& p, const Step& s, Memory& m) {
    const Form& f = p.form[s.out];
    Real *v = at(m, f.base), *d = at(m, p.form[s.y].base), *two = at(m, p.form[s.z].base);
    const Interval slope = range_of(at(m, p.form[s.x].base)), step = range_of(d);
    const Interval sector = product(slope, step), values = range_of(two);
    const Mask known = is_finite(sector);
    Interval plain = {pick(known, larger(values.low, sector.low), values.low),
                      pick(known, smaller(values.high, sector.high), values.high)};
    if (everywhere(m, equal(slope.low, all(0)) & equal(slope.high, all(0)) & known &
                          is_finite(values))) {
        nothing(p, s, m);
        return;
    }
    m.none[s.out] = 0;
    // where d is a point the two may miss each other by their rounding
    const Mask apart = known & less(plain.high, plain.low);
    plain = {pick(apart, sector.low, plain.low), pick(apart, sector.high, plain.high)};
    plain = undefined_unless(is_finite(values), plain);
    if (p.degree) {
        const Real middle = (slope.low + slope.high) * all(0.5);
        const Real radius = (slope.high - slope.low) * all(0.5);
        const Real far = larger(magnitude(step.low), magnitude(step.high));
        const Real error = magnitude(middle) * d[kError] + radius * far;
        const Mask use = known & ~less(two[kError] * all(kAlmost), error);
        const int32_t *of_d = p.pool + s.maps[0], *of_two = p.pool + s.maps[1];
        Real* k = v + kCoefficients;
        v[kCentre] = pick(use, middle * d[kCentre], two[kCentre]);
        v[kError] = pick(use, error, two[kError]);
        const Live live = live_of(p, m, f);
        const bool plainly = everywhere(m, use);
        for (int t = 0; t < live.g + live.h; t++) {
            const int i = live.slot[t];
            const Real x = middle * *at(m, of_d[i]);
            k[i] = plainly ? x : pick(use, x, *at(m, of_two[i]));
        }
    }
    finish(p, s, m, plain);
}

}  // namespace
