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
    const Live& live = live_of(p, m, fx);
    const Real* from = x + kCoefficients;
    Real* to = v + kCoefficients;
    for (int t = 0; t < live.g; t++) to[live.slot[t]] = slope * from[live.slot[t]];
    to += f.g - fx.g;
    for (int t = live.g; t < live.g + live.h; t++) to[live.slot[t]] = slope * from[live.slot[t]];
}

// The same value under another number.
LANES_INLINE void same(const Program& p, const Step& s, Memory& m) {
    const Form &f = p.form[s.out], &fx = p.form[s.x];
    Real *v = at(m, f.base), *x = at(m, fx.base);
    const Live& live = live_of(p, m, fx);
    for (int i = 0; i < kCoefficients; i++) v[i] = x[i];
    const Real* from = x + kCoefficients;
    Real* to = v + kCoefficients;
    for (int t = 0; t < live.g; t++) to[live.slot[t]] = from[live.slot[t]];
    to += f.g - fx.g;
    for (int t = live.g; t < live.g + live.h; t++) to[live.slot[t]] = from[live.slot[t]];
    if (s.symbol < 0) return;
    v[kSlopes] = v[kSlopes] + v[kError];
    name_error(p, s, m, v);
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

LANES_INLINE void kink(const Program& p, const Step& s, Memory& m) {
    const Interval x = range_of(at(m, p.form[s.x].base));
    const bool is_abs = s.op == kAbs;
    if (!is_abs && everywhere(m, less_equal(x.high, all(0)) & is_finite(x))) {
        nothing(p, s, m);
        return;
    }
    m.none[s.out] = 0;
    if (p.degree && everywhere(m, less_equal(all(0), x.low) & is_finite(x))) {
        same(p, s, m);
        return;
    }
    if (p.degree) {
        Chord c = chord(x, is_abs);
        line(p, s, m, c.slope, c.middle, c.error);
    }
    finish(p, s, m, is_abs ? absolute(x) : positive_part(x));
}

// max(x, y) = y + relu(x - y)
LANES_INLINE void maximum(const Program& p, const Step& s, Memory& m) {
    const Form& f = p.form[s.out];
    Real *v = at(m, f.base), *x = at(m, p.form[s.x].base), *y = at(m, p.form[s.y].base);
    Interval plain = {larger(x[kLow], y[kLow]), larger(x[kHigh], y[kHigh])};
    plain = undefined_unless(is_finite(range_of(x)) & is_finite(range_of(y)), plain);
    if (p.degree) {
        const int32_t *of_x = p.pool + s.maps[0], *of_y = p.pool + s.maps[1];
        const Live& live = live_of(p, m, f);
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
        const Live& live = live_of(p, m, f);
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
