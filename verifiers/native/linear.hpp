// Models of sums, differences, multiples and matrix products.
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
        const Live& live = live_of(p, m, f);
        Real* k = v + kCoefficients;
        const int n = live.g + live.h;
        if (sign > 0) {
            v[kCentre] = x[kCentre] + y[kCentre];
            for (int t = 0; t < n; t++) {
                const int i = live.slot[t];
                k[i] = *at(m, of_x[i]) + *at(m, of_y[i]);
            }
        } else {
            v[kCentre] = x[kCentre] - y[kCentre];
            for (int t = 0; t < n; t++) {
                const int i = live.slot[t];
                k[i] = *at(m, of_x[i]) - *at(m, of_y[i]);
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
        const Live& live = live_of(p, m, f);
        v[kCentre] = all(factor) * x[kCentre];
        v[kError] = all(__builtin_fabs(factor)) * x[kError];
        for (int t = 0; t < live.g + live.h; t++) {
            const int i = kCoefficients + live.slot[t];
            v[i] = all(factor) * x[i];
        }
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
        Real centre = all(weight[terms]), error = all(0);
        const int32_t* of[terms];
        for (int t = 0; t < terms; t++) {
            const Real* x = at(m, places[t]);
            centre = centre + all(weight[t]) * x[kCentre];
            error = error + all(__builtin_fabs(weight[t])) * x[kError];
            of[t] = p.pool + s.maps[t];
        }
        v[kCentre] = centre;
        v[kError] = error;
        const Live& live = live_of(p, m, f);
        for (int a = 0; a < live.g + live.h; a++) {
            const int i = live.slot[a];
            Real x = all(weight[0]) * *at(m, of[0][i]);
            for (int t = 1; t < terms; t++) x = x + all(weight[t]) * *at(m, of[t][i]);
            v[kCoefficients + i] = x;
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

// Rows of a matrix with the same columns, see Compiled::append_rows, of which those with an
// argument that is not zero are listed.
struct Rows {
    int rows, columns, used, common;
    const int32_t* out;
    const double *weight, *bias;  // weights by columns
    const int32_t* side;          // for each weight which end of its argument gives the lower one
    const int32_t* column;        // where the weights of those that are used begin
    const void* const* x;         // and their arguments
    const int32_t* code;          // by coefficient from `common` on where its terms are
};

// The range of a polynomial part without a quadratic one whose sum of slopes is known.
LANES_INLINE Interval linear_reach(Real* v) {
    const Real radius = v[kSlopes] + v[kError];
    v[kBends] = all(0);  // the memory may have been another register's
    return {v[kCentre] - radius, v[kCentre] + radius};
}

// Ranges, centres and errors of `rows` rows from `first` on at once.
template <int rows>
LANES_INLINE void affine_heads(const Program& p, Memory& m, const Rows& a, int first, bool errs) {
    const double *weight = a.weight + first, *bias = a.bias + first;
    const int32_t* side = a.side + first;
    Real low[rows], high[rows];
    for (int r = 0; r < rows; r++) low[r] = high[r] = all(bias[r]);
    for (int c = 0; c < a.used; c++) {
        const Real* x = (const Real*)a.x[c];
        const double* w = weight + a.column[c];
        const int32_t* end = side + a.column[c];
        for (int r = 0; r < rows; r++) {
            low[r] = low[r] + all(w[r]) * x[end[r]];
            high[r] = high[r] + all(w[r]) * x[kLow + kHigh - end[r]];
        }
    }
    for (int r = 0; r < rows; r++) set_range(at(m, a.out[first + r]), {low[r], high[r]});
    if (!p.degree) return;
    Real centre[rows], error[rows];
    for (int r = 0; r < rows; r++) {
        centre[r] = all(bias[r]);
        error[r] = all(0);
    }
    for (int c = 0; c < a.used; c++) {
        const Real* x = (const Real*)a.x[c];
        const double* w = weight + a.column[c];
        const Real middle = x[kCentre], rest = x[kError];
        for (int r = 0; r < rows; r++) centre[r] = centre[r] + all(w[r]) * middle;
        if (!errs) continue;
        for (int r = 0; r < rows; r++) error[r] = error[r] + magnitude(all(w[r])) * rest;
    }
    for (int r = 0; r < rows; r++) {
        at(m, a.out[first + r])[kCentre] = centre[r];
        at(m, a.out[first + r])[kError] = error[r];
    }
}

// Their coefficients, with the sums of the magnitudes of all: each one of the arguments is read once
// for all rows.
template <int rows>
LANES_INLINE void affine_coefficients(Memory& m, const Rows& a, int first, const Live& live) {
    const double* weight = a.weight + first;
    Real *v[rows], sum[rows], slopes[rows];
    for (int r = 0; r < rows; r++) {
        v[r] = at(m, a.out[first + r]) + kCoefficients;
        slopes[r] = all(0);
    }
    int t = 0;
    const int count = live.g + live.h;
    // four coefficients at once keep sums independent of each other: one alone waits for every
    // addition
    for (; rows == 1 && t + 4 <= count && live.slot[t + 3] < a.common; t += 4) {
        const int i = live.slot[t], j = live.slot[t + 1], k = live.slot[t + 2], l = live.slot[t + 3];
        Real s0 = all(0), s1 = s0, s2 = s0, s3 = s0;
        for (int c = 0; c < a.used; c++) {
            const Real *x = (const Real*)a.x[c] + kCoefficients, w = all(weight[a.column[c]]);
            s0 = s0 + w * x[i];
            s1 = s1 + w * x[j];
            s2 = s2 + w * x[k];
            s3 = s3 + w * x[l];
        }
        v[0][i] = s0;
        v[0][j] = s1;
        v[0][k] = s2;
        v[0][l] = s3;
        slopes[0] = slopes[0] + magnitude(s0) + magnitude(s1) + magnitude(s2) + magnitude(s3);
    }
    for (; t < count; t++) {
        const int i = live.slot[t];
        for (int r = 0; r < rows; r++) sum[r] = all(0);
        if (i < a.common) {
            for (int c = 0; c < a.used; c++) {
                const Real x = ((const Real*)a.x[c])[kCoefficients + i];
                const double* w = weight + a.column[c];
                for (int r = 0; r < rows; r++) sum[r] = sum[r] + all(w[r]) * x;
            }
        } else {
            const int32_t *q = a.code + a.code[i - a.common], *end = a.code + a.code[i - a.common + 1];
            for (; q < end; q += 2) {
                const Real x = *at(m, q[1]);
                const double* w = weight + q[0] * a.rows;
                for (int r = 0; r < rows; r++) sum[r] = sum[r] + all(w[r]) * x;
            }
        }
        for (int r = 0; r < rows; r++) {
            v[r][i] = sum[r];
            slopes[r] = slopes[r] + magnitude(sum[r]);
        }
    }
    for (int r = 0; r < rows; r++) v[r][kSlopes - kCoefficients] = slopes[r];
}

void affine(const Program& p, const Step& s, Memory& m) {
    const int32_t* q = p.pool + s.maps[0];
    const double* number = p.number + s.constants;
    // a weight that is zero must not hide that an argument is undefined
    Real undefined = all(0);
    const int hidden = *q++;
    for (int k = 0; k < hidden; k++, q++)
        undefined = undefined + zero_if_finite(at(m, *q)[kLow]) + zero_if_finite(at(m, *q)[kHigh]);
    const int classes = *q++;
    for (int k = 0; k < classes; k++) {
        Rows a;
        const int rows = q[0], form = q[3], words = q[4];
        a.rows = rows;
        a.columns = q[1];
        a.common = q[2];
        a.out = q += 5;
        a.weight = number;
        a.bias = number + rows * a.columns;
        a.used = 0;
        for (int j = 0; j < a.columns; j++) {
            const int32_t reg = q[rows + j];
            if (m.none[reg]) continue;
            m.column[a.used] = j * rows;
            m.argument[a.used++] = at(m, p.form[reg].base);
        }
        a.column = m.column;
        a.x = m.argument;
        a.side = q + rows + a.columns;
        a.code = a.side + rows * a.columns;
        int r = 0;
        const bool errs = p.form[form].error;
        for (; r + 2 <= rows; r += 2) affine_heads<2>(p, m, a, r, errs);
        if (r < rows) affine_heads<1>(p, m, a, r, errs);
        const Live& live = live_of(p, m, p.form[form]);
        for (r = 0; p.degree && r + 4 <= rows; r += 4) affine_coefficients<4>(m, a, r, live);
        for (; p.degree && r + 2 <= rows; r += 2) affine_coefficients<2>(m, a, r, live);
        if (p.degree && r < rows) affine_coefficients<1>(m, a, r, live);
        number += rows * (a.columns + 1);
        q += rows + a.columns + rows * a.columns + words;
    }
    const int rows = s.power;
    for (int r = 0; r < rows; r++) {
        const Form& f = p.form[s.out + r];
        Real* v = at(m, f.base);
        Interval plain = {v[kLow], v[kHigh]};
        if (hidden) plain = {plain.low + undefined, plain.high + undefined};
        if (p.degree && s.narrow) {
            plain = meet(f.h ? reach(p, m, f, v) : linear_reach(v), plain);
        } else {
            plain = undefined_unless(is_proper(plain), plain);
        }
        set_range(v, plain);
    }
}

}  // namespace
