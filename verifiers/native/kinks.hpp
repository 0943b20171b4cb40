// Models of relu, abs, max and conditions.
#pragma once

#include "linear.hpp"

namespace {

// x times slope plus offset, its own error in e
LANES_INLINE void line(const Program& p, const Step& s, Memory& m, Real slope, Real offset,
                       Real error) {
    const Form &f = p.form[s.out], &fx = p.form[s.x];
    Real *v = at(m, f.base), *x = at(m, fx.base);
    v[kCentre] = slope * x[kCentre] + offset;
    v[kError] = magnitude(slope) * x[kError] + error;
    const Live live = live_of(p, m, fx);
    const Real* from = x + kCoefficients;
    Real* to = v + kCoefficients;
    for (int t = 0; t < live.g; t++) to[live.slot[t]] = slope * from[live.slot[t]];
    to += f.g - fx.g;
    for (int t = live.g; t < live.g + live.h; t++) to[live.slot[t]] = slope * from[live.slot[t]];
}

struct Chord {
    Real slope, middle, error;
};

// relu or abs over an interval: the chord and half its largest distance, exact off the kink.
LANES_INLINE Chord chord(Interval x, bool absolute) {
    Mask right = less_equal(all(0), x.low), left = less_equal(x.high, all(0));
    Real at_low = absolute ? -x.low : all(0);
    Real slope = (x.high - at_low) / (x.high - x.low);
    Real gap_low = at_low - slope * x.low, gap_high = x.high - slope * x.high;
    Real above = larger(larger(gap_low, gap_high), all(0));
    Real below = smaller(smaller(gap_low, gap_high), all(0));
    Mask flat = right | left;
    slope = pick(right, all(1), pick(left, all(absolute ? -1.0 : 0.0), slope));
    return {slope, pick(flat, all(0), (above + below) * all(0.5)),
            pick(flat, all(0), (above - below) * all(0.5))};
}

// A chord of relu or abs, or a constant where that errs less; the error is the whole one then.
LANES_INLINE Chord tightest(Chord c, Interval values, Real error_of_x) {
    c.error = magnitude(c.slope) * error_of_x + c.error;
    const Real radius = (values.high - values.low) * all(0.5);
    const Mask loose = ~less_equal(c.error * all(kAlmost), radius) | ~is_finite(values);
    if (!some(loose)) return c;
    c.slope = pick(loose, all(0), c.slope);
    c.middle = pick(loose, (values.low + values.high) * all(0.5), c.middle);
    c.error = pick(loose, radius, c.error);
    return c;
}

// The coefficients of a multiple of x.
LANES_INLINE void multiples_of(const Program& p, const Step& s, Memory& m, Real slope) {
    const Form &f = p.form[s.out], &fx = p.form[s.x];
    const Real* from = at(m, fx.base) + kCoefficients;
    Real* to = at(m, f.base) + kCoefficients;
    const Live live = live_of(p, m, fx);
    for (int t = 0; t < live.g; t++) to[live.slot[t]] = slope * from[live.slot[t]];
    to += f.g - fx.g;
    for (int t = live.g; t < live.g + live.h; t++) to[live.slot[t]] = slope * from[live.slot[t]];
}

// Where the own error of a kink goes: to its symbol, if it has one.
LANES_INLINE void own_error(const Program& p, const Step& s, Memory& m, Real* v, Real error,
                            double weight) {
    if (s.symbol < 0) {
        v[kError] = v[kError] + all(__builtin_fabs(weight)) * error;
        return;
    }
    v[kCoefficients + p.form[s.out].g - 1] = all(weight) * error;
    if (everywhere(m, equal(error, all(0)))) m.dead |= (uint64_t)1 << s.symbol & ~p.unsure;
}

// a x + b f(x) where f is relu or abs.
LANES_INLINE void kink(const Program& p, const Step& s, Memory& m) {
    const Real* x = at(m, p.form[s.x].base);
    Real* v = at(m, p.form[s.out].base);
    const Interval range = range_of(x);
    const bool is_abs = s.op == kAbs;
    const double a = p.number[s.constants], b = p.number[s.constants + 1];
    const Mask left = less_equal(range.high, all(0)) & is_finite(range);
    if (m.none[s.x] || (a == 0 && !is_abs && everywhere(m, left))) {
        nothing(p, s, m);
        return;
    }
    m.none[s.out] = 0;
    const Interval values = is_abs ? absolute(range) : positive_part(range);
    if (p.degree) {
        const Mask right = less_equal(all(0), range.low) & is_finite(range);
        const Real error = x[kError];
        Real slope;
        if (everywhere(m, left | right)) {
            const Real k = pick(right, all(1), all(is_abs ? -1 : 0));
            slope = all(a) + all(b) * k;
            v[kCentre] = slope * x[kCentre];
            v[kError] = all(__builtin_fabs(a)) * error;
            own_error(p, s, m, v, magnitude(k) * error, b);
        } else {
            const Chord c = tightest(chord(range, is_abs), values, error);
            slope = all(a) + all(b) * c.slope;
            v[kCentre] = slope * x[kCentre] + all(b) * c.middle;
            v[kError] = all(__builtin_fabs(a)) * error;
            own_error(p, s, m, v, c.error, b);
        }
        multiples_of(p, s, m, slope);
    }
    const Interval linear = scaled(a, range), bent = scaled(b, values);
    narrow(p, s, m, {linear.low + bent.low, linear.high + bent.high});
}

// max(x, y) = y + relu(x - y)
LANES_INLINE void maximum(const Program& p, const Step& s, Memory& m) {
    const Form& f = p.form[s.out];
    Real *v = at(m, f.base), *x = at(m, p.form[s.x].base), *y = at(m, p.form[s.y].base);
    Interval plain = {larger(x[kLow], y[kLow]), larger(x[kHigh], y[kHigh])};
    plain = undefined_unless(is_finite(range_of(x)) & is_finite(range_of(y)), plain);
    if (p.degree) {
        const int32_t *of_x = p.pool + s.maps[0], *of_y = p.pool + s.maps[1];
        const Live live = live_of(p, m, f);
        const int n = live.g + live.h;
        Real* k = v + kCoefficients;
        v[kCentre] = x[kCentre] - y[kCentre];
        v[kError] = x[kError] + y[kError];
        for (int t = 0; t < n; t++) {
            const int i = live.slot[t];
            k[i] = *at(m, of_x[i]) - *at(m, of_y[i]);
        }
        Interval gap = {x[kLow] - y[kHigh], x[kHigh] - y[kLow]};
        gap = meet(reach(p, m, f, v), gap);
        Chord c = chord(gap, false);
        const Interval part = positive_part(gap);
        const Real radius = (part.high - part.low) * all(0.5);
        Real error = magnitude(c.slope) * v[kError] + c.error;
        const Mask loose = ~less_equal(error * all(kAlmost), radius);
        c.slope = pick(loose, all(0), c.slope);
        c.middle = pick(loose, (part.low + part.high) * all(0.5), c.middle);
        error = pick(loose, radius, error);
        v[kCentre] = y[kCentre] + (c.slope * v[kCentre] + c.middle);
        v[kError] = y[kError] + error;
        for (int t = 0; t < n; t++) {
            const int i = live.slot[t];
            k[i] = *at(m, of_y[i]) + c.slope * k[i];
        }
        name_error(p, s, m, v);
    }
    narrow(p, s, m, plain);
}

LANES_INLINE void choose(const Program& p, const Step& s, Memory& m) {
    const Form& f = p.form[s.out];
    const Real *t = at(m, p.form[s.x].base), *x = at(m, p.form[s.y].base),
               *y = at(m, p.form[s.z].base);
    Real* v = at(m, f.base);
    const Mask sure = is_finite(range_of(t));
    const Mask yes = sure & less(all(0), t[kLow]), no = sure & less_equal(t[kHigh], all(0));
    Interval mixed = {smaller(x[kLow], y[kLow]), larger(x[kHigh], y[kHigh])};
    mixed = undefined_unless(sure & is_finite(range_of(x)) & is_finite(range_of(y)), mixed);
    if (p.degree) {
        const int32_t *of_x = p.pool + s.maps[0], *of_y = p.pool + s.maps[1];
        v[kCentre] = pick(yes, x[kCentre], pick(no, y[kCentre], (mixed.low + mixed.high) * all(0.5)));
        v[kError] = pick(yes, x[kError], pick(no, y[kError], (mixed.high - mixed.low) * all(0.5)));
        const Live live = live_of(p, m, f);
        for (int a = 0; a < live.g + live.h; a++) {
            const int i = live.slot[a];
            v[kCoefficients + i] =
                pick(yes, *at(m, of_x[i]), pick(no, *at(m, of_y[i]), all(0)));
        }
    }
    if (p.degree && s.narrow) reach(p, m, f, v);  // for the sums of magnitudes
    set_range(v, {pick(yes, x[kLow], pick(no, y[kLow], mixed.low)),
                  pick(yes, x[kHigh], pick(no, y[kHigh], mixed.high))});
}

}  // namespace
