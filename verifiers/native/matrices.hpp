// Models of matrix products.
#pragma once

#include "models.hpp"

namespace {

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

// Ranges of `rows` rows from `first` on at once.
template <int rows>
LANES_INLINE void affine_ranges(Memory& m, const Rows& a, int first) {
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
}

// And their centres and errors.
template <int rows>
LANES_INLINE void affine_centres(Memory& m, const Rows& a, int first, bool errs) {
    const double *weight = a.weight + first, *bias = a.bias + first;
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

LANES_INLINE void finish_row(const Program& p, const Step& s, Memory& m, const Form& f, Real* v,
                             Real undefined) {
    const Interval plain = {v[kLow] + undefined, v[kHigh] + undefined};
    if (p.degree && s.narrow)
        set_range(v, meet(f.h ? reach(p, m, f, v) : linear_reach(v), plain));
    else
        set_range(v, undefined_unless(is_proper(plain), plain));
}

// The range of a row of a layer is that of its polynomial, which is hardly ever the wider one, and in
// boxes where that leaves the sign open, so that it matters, also that of its arguments.
LANES_INLINE void finish_late(Memory& m, const Rows& a, int row, Real undefined) {
    Real* v = at(m, a.out[row]);
    Interval range = linear_reach(v);
    const Mask open = less(range.low, all(0)) & less(all(0), range.high);
    if (some(open)) {
        affine_ranges<1>(m, a, row);
        const Interval both = meet(range, range_of(v));
        range = {pick(open, both.low, range.low), pick(open, both.high, range.high)};
    }
    set_range(v, undefined_unless(is_proper(range) & is_finite(undefined), range));
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
        const Form& f = p.form[form];
        const bool late = p.degree == 1 && s.narrow == kSigns && !f.h;
        int r = 0;
        for (; !late && r + 2 <= rows; r += 2) affine_ranges<2>(m, a, r);
        if (!late && r < rows) affine_ranges<1>(m, a, r);
        for (r = 0; p.degree && r + 2 <= rows; r += 2) affine_centres<2>(m, a, r, f.error);
        if (p.degree && r < rows) affine_centres<1>(m, a, r, f.error);
        const Live live = live_of(p, m, f);
        for (r = 0; p.degree && r + 4 <= rows; r += 4) affine_coefficients<4>(m, a, r, live);
        for (; p.degree && r + 2 <= rows; r += 2) affine_coefficients<2>(m, a, r, live);
        if (p.degree && r < rows) affine_coefficients<1>(m, a, r, live);
        for (r = 0; r < rows; r++) {
            if (late)
                finish_late(m, a, r, undefined);
            else
                finish_row(p, s, m, f, at(m, a.out[r]), undefined);
        }
        number += rows * (a.columns + 1);
        q += rows + a.columns + rows * a.columns + words;
    }
}

}  // namespace
