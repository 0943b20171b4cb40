// Models of sums, differences and multiples.
#pragma once

#include "models.hpp"

namespace {

// x + sign * y
LANES_INLINE void combine(const Program& p, const Step& s, Memory& m, double sign) {
    const Form& f = p.form[s.out];
    Real *v = at(m, f.base), *x = at(m, p.form[s.x].base), *y = at(m, p.form[s.y].base);
    if (m.none[s.x] && m.none[s.y]) {
        nothing(p, s, m);
        return;
    }
    m.none[s.out] = 0;
    if (p.degree) {
        const int32_t *of_x = p.pool + s.maps[0], *of_y = p.pool + s.maps[1];
        const Live live = live_of(p, m, f);
        Real *k = v + kCoefficients, *all_of = at(m, 0);
        const int n = live.g + live.h;
        if (sign > 0) {
            v[kCentre] = x[kCentre] + y[kCentre];
            for (int t = 0; t < n; t++) {
                const int i = live.slot[t];
                k[i] = all_of[of_x[i]] + all_of[of_y[i]];
            }
        } else {
            v[kCentre] = x[kCentre] - y[kCentre];
            for (int t = 0; t < n; t++) {
                const int i = live.slot[t];
                k[i] = all_of[of_x[i]] - all_of[of_y[i]];
            }
        }
        v[kError] = x[kError] + y[kError];
    }
    Interval plain = sign > 0 ? Interval{x[kLow] + y[kLow], x[kHigh] + y[kHigh]}
                              : Interval{x[kLow] - y[kHigh], x[kHigh] - y[kLow]};
    narrow(p, s, m, plain);
}

LANES_INLINE void scale(const Program& p, const Step& s, Memory& m) {
    const Form& f = p.form[s.out];
    Real *v = at(m, f.base), *x = at(m, p.form[s.x].base);
    const double factor = p.number[s.constants];
    if (p.degree) {
        const Live live = live_of(p, m, f);
        const Real by = all(factor), *from = x + kCoefficients;
        Real* k = v + kCoefficients;
        v[kCentre] = by * x[kCentre];
        v[kError] = magnitude(by) * x[kError];
        for (int t = 0; t < live.g + live.h; t++) k[live.slot[t]] = by * from[live.slot[t]];
    }
    narrow(p, s, m, scaled(factor, range_of(x)));
}

// A sum of `terms` weighted registers: see Compiled::compile_sum.
template <int terms>
LANES_INLINE void sum_of(const Program& p, const Step& s, Memory& m, const int32_t* places,
                         Real undefined) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    const double* weight = p.number + s.constants;
    Interval plain = {all(weight[terms]) + undefined, all(weight[terms]) + undefined};
    for (int t = 0; t < terms; t++) {
        const Interval part = scaled(weight[t], range_of(at(m, places[t])));
        plain = {plain.low + part.low, plain.high + part.high};
    }
    if (p.degree) {
        Real centre = all(weight[terms]), error = all(0), w[terms];
        const int32_t* of[terms];
        for (int t = 0; t < terms; t++) {
            const Real* x = at(m, places[t]);
            w[t] = all(weight[t]);
            centre = centre + w[t] * x[kCentre];
            error = error + magnitude(w[t]) * x[kError];
            of[t] = p.pool + s.maps[t];
        }
        v[kCentre] = centre;
        v[kError] = error;
        const Live live = live_of(p, m, f);
        const Real* all_of = at(m, 0);
        Real* k = v + kCoefficients;
        for (int a = 0; a < live.g + live.h; a++) {
            const int i = live.slot[a];
            Real x = w[0] * all_of[of[0][i]];
            for (int t = 1; t < terms; t++) x = x + w[t] * all_of[of[t][i]];
            k[i] = x;
        }
    }
    narrow(p, s, m, plain);
}

void sum(const Program& p, const Step& s, Memory& m) {
    static_assert(kMostTerms == 4);
    const int32_t* q = p.pool + s.maps[kMostTerms];
    // a weight that is zero must not hide that an argument is undefined
    Real undefined = all(0);
    const int hidden = *q++;
    for (int k = 0; k < hidden; k++, q++)
        undefined = undefined + zero_if_finite(at(m, *q)[kLow]) + zero_if_finite(at(m, *q)[kHigh]);
    switch (*q++) {
    case 1: sum_of<1>(p, s, m, q, undefined); break;
    case 2: sum_of<2>(p, s, m, q, undefined); break;
    case 3: sum_of<3>(p, s, m, q, undefined); break;
    case 4: sum_of<4>(p, s, m, q, undefined); break;
    default: constant(p, s, m, {all(p.number[s.constants]) + undefined,
                                all(p.number[s.constants]) + undefined});
    }
}

}  // namespace
