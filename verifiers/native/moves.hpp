// Models of the increments of relu and abs, which are most of the work for a V that is a network.
#pragma once

#include "kinks.hpp"

namespace {

// The slopes of relu or abs between the values of two intervals.
LANES_INLINE Interval slope_between(int function, Interval x, Interval y) {
    const Interval between = {smaller(x.low, y.low), larger(x.high, y.high)};
    return slope_range(function, 0,
                       undefined_unless(is_finite(x) & is_finite(y), between));
}

// a d + b (f(s + d) - f(s)) where f is relu or abs: a slope between them times d, or the two values
// subtracted if that errs less.  See `certify.proofs.checker.increments`.
void move(const Program& p, const Step& s, Memory& m) {
    const Form &f = p.form[s.out], &fs = p.form[s.x];
    Real *v = at(m, f.base), *k = v + kCoefficients;
    const Real *x = at(m, fs.base), *d = at(m, p.form[s.y].base);
    const double a = p.number[s.constants], b = p.number[s.constants + 1];
    const bool is_abs = s.function == kAbs;
    const Interval from = range_of(x), step = range_of(d);
    if (m.none[s.y] && everywhere(m, is_finite(from))) {
        nothing(p, s, m);
        return;
    }
    m.none[s.out] = 0;
    const int32_t *of_s = p.pool + s.maps[0], *of_d = p.pool + s.maps[1];
    Interval to = {from.low + step.low, from.high + step.high};
    to = undefined_unless(is_proper(to), to);
    Interval slope = slope_between(s.function, from, to);
    bool settled = everywhere(m, equal(slope.low, slope.high) & is_finite(step));
    if (p.degree && !settled) {
        // the symbol's own slot is 0 until its error is known
        if (s.symbol >= 0) k[f.g - 1] = all(0);
        v[kCentre] = x[kCentre] + d[kCentre];
        v[kError] = x[kError] + d[kError];
        const Live live = live_of(p, m, f);
        for (int t = 0; t < live.g + live.h; t++) {
            const int i = live.slot[t];
            k[i] = *at(m, of_s[i]) + *at(m, of_d[i]);
        }
        to = meet(reach(p, m, f, v), to);
        slope = slope_between(s.function, from, to);
        settled = everywhere(m, equal(slope.low, slope.high) & is_finite(step));
    }
    if (settled) {
        if (a == 0 && everywhere(m, equal(slope.low, all(0)))) {
            nothing(p, s, m);
            return;
        }
        const Interval bent = product(slope, step), linear = scaled(a, step);
        if (p.degree) {
            const Real factor = all(a) + all(b) * slope.low;
            v[kCentre] = factor * d[kCentre];
            v[kError] = all(__builtin_fabs(a)) * d[kError];
            const Live live = live_of(p, m, f);
            for (int t = 0; t < live.g + live.h; t++)
                k[live.slot[t]] = factor * *at(m, of_d[live.slot[t]]);
            own_error(p, s, m, v, magnitude(slope.low) * d[kError], b);
        }
        const Interval whole = scaled(b, bent);
        narrow(p, s, m, {linear.low + whole.low, linear.high + whole.high});
        return;
    }
    const Interval after = is_abs ? absolute(to) : positive_part(to);
    const Interval before = is_abs ? absolute(from) : positive_part(from);
    Interval values = {after.low - before.high, after.high - before.low};
    Real two = all(0), centre = all(0);
    Chord first{}, second{};
    if (p.degree) {
        first = tightest(chord(to, is_abs), after, v[kError]);
        second = tightest(chord(from, is_abs), before, x[kError]);
        two = first.error + second.error;
        centre = first.slope * v[kCentre] + first.middle - (second.slope * x[kCentre] + second.middle);
        v[kCentre] = centre;
        v[kError] = two;
        const Live live = live_of(p, m, f);
        for (int t = 0; t < live.g + live.h; t++) {
            const int i = live.slot[t];
            k[i] = first.slope * k[i] - second.slope * *at(m, of_s[i]);
        }
        values = meet(reach(p, m, f, v), values);
    } else {
        values = undefined_unless(is_proper(values), values);
    }
    const Interval sector = product(slope, step);
    const Mask known = is_finite(sector);
    Interval plain = {pick(known, larger(values.low, sector.low), values.low),
                      pick(known, smaller(values.high, sector.high), values.high)};
    // where d is a point the two may miss each other by their rounding
    const Mask apart = known & less(plain.high, plain.low);
    plain = {pick(apart, sector.low, plain.low), pick(apart, sector.high, plain.high)};
    plain = undefined_unless(is_finite(values), plain);
    if (p.degree) {
        Real middle = (slope.low + slope.high) * all(0.5);
        const Real radius = (slope.high - slope.low) * all(0.5);
        const Real far = larger(magnitude(step.low), magnitude(step.high));
        Real error = magnitude(middle) * d[kError] + radius * far;
        Mask use = known & ~less(two * all(kAlmost), error);
        centre = pick(use, middle * d[kCentre], centre);
        error = pick(use, error, two);
        const Real room = (plain.high - plain.low) * all(0.5);
        const Mask loose = ~less_equal(error * all(kAlmost), room) | ~is_finite(plain);
        middle = pick(loose, all(0), middle);
        centre = pick(loose, (plain.low + plain.high) * all(0.5), centre);
        error = pick(loose, room, error);
        use = use | loose;
        v[kCentre] = all(a) * d[kCentre] + all(b) * centre;
        v[kError] = all(__builtin_fabs(a)) * d[kError];
        const Live live = live_of(p, m, f);
        const bool plainly = everywhere(m, use);
        const Real factor = all(a) + all(b) * middle;
        for (int t = 0; t < live.g + live.h; t++) {
            const int i = live.slot[t];
            const Real x = *at(m, of_d[i]);
            k[i] = plainly ? factor * x : all(a) * x + all(b) * pick(use, middle * x, k[i]);
        }
        own_error(p, s, m, v, error, b);
    }
    const Interval linear = scaled(a, step), bent = scaled(b, plain);
    narrow(p, s, m, {linear.low + bent.low, linear.high + bent.high});
}

}  // namespace
