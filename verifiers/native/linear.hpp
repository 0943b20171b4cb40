// Models of sums, differences, multiples and matrix products.
#pragma once

#include "models.hpp"

namespace {

// x + sign * y
LANES_INLINE void combine(const Program& p, const Step& s, Memory& m, double sign) {
    const Form& f = p.form[s.out];
    Real *v = at(m, f.base), *x = at(m, p.form[s.x].base), *y = at(m, p.form[s.y].base);
    if (p.degree) {
        const int32_t *of_x = p.pool + s.maps[0], *of_y = p.pool + s.maps[1];
        Real* k = v + kCoefficients;
        const int n = f.g + f.h;
        if (sign > 0) {
            v[kCentre] = x[kCentre] + y[kCentre];
            for (int i = 0; i < n; i++) k[i] = *at(m, of_x[i]) + *at(m, of_y[i]);
        } else {
            v[kCentre] = x[kCentre] - y[kCentre];
            for (int i = 0; i < n; i++) k[i] = *at(m, of_x[i]) - *at(m, of_y[i]);
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
        v[kCentre] = all(factor) * x[kCentre];
        v[kError] = all(__builtin_fabs(factor)) * x[kError];
        for (int i = 0; i < f.g + f.h; i++)
            v[kCoefficients + i] = all(factor) * x[kCoefficients + i];
    }
    narrow(p, s, m, scaled(factor, range_of(x)));
}

// `rows` rows of a matrix at once, so that every coefficient of the arguments is read once.
template <int rows>
LANES_INLINE void affine_rows(const Program& p, Memory& m, const int32_t* out, int columns,
                              const int32_t* column, const double* weight, const double* bias,
                              const int32_t* slots) {
    Real sum[rows], low[rows], high[rows];
    for (int r = 0; r < rows; r++) low[r] = high[r] = all(bias[r]);
    for (int j = 0; j < columns; j++) {
        const Real* x = at(m, column[j]);
        for (int r = 0; r < rows; r++) {
            const double w = weight[r * columns + j];
            const bool negative = w < 0;
            low[r] = low[r] + all(w) * x[kLow + negative];
            high[r] = high[r] + all(w) * x[kHigh - negative];
        }
    }
    for (int r = 0; r < rows; r++) set_range(at(m, out[r]), {low[r], high[r]});
    if (!p.degree) return;
    const int count = *slots++;
    for (int k = 0; k < count; k++) {
        const int32_t slot = *slots++, terms = *slots++;
        for (int r = 0; r < rows; r++) sum[r] = all(slot == kCentre ? bias[r] : 0.0);
        if (slot == kError) {
            for (int t = 0; t < terms; t++, slots += 2) {
                const Real x = *at(m, slots[1]);
                for (int r = 0; r < rows; r++)
                    sum[r] = sum[r] + all(__builtin_fabs(weight[r * columns + slots[0]])) * x;
            }
        } else {
            for (int t = 0; t < terms; t++, slots += 2) {
                const Real x = *at(m, slots[1]);
                for (int r = 0; r < rows; r++)
                    sum[r] = sum[r] + all(weight[r * columns + slots[0]]) * x;
            }
        }
        for (int r = 0; r < rows; r++) *at(m, out[r] + slot) = sum[r];
    }
}

// One row.  Four coefficients at a time, where an argument has all four one after another, keep
// sums independent of each other: a sum alone waits for every addition.
LANES_INLINE void affine_row(const Program& p, Memory& m, int32_t out, int columns,
                             const int32_t* column, const double* weight, double bias,
                             const int32_t* q) {
    Real low = all(bias), high = all(bias), centre = all(bias), error = all(0);
    for (int j = 0; j < columns; j++) {
        const Real* x = at(m, column[j]);
        const double w = weight[j];
        const bool negative = w < 0;
        low = low + all(w) * x[kLow + negative];
        high = high + all(w) * x[kHigh - negative];
        if (!p.degree) continue;
        centre = centre + all(w) * x[kCentre];
        error = error + all(__builtin_fabs(w)) * x[kError];
    }
    Real* v = at(m, out);
    set_range(v, {low, high});
    if (!p.degree) return;
    v[kCentre] = centre;
    v[kError] = error;
    v += kCoefficients;
    const int blocks = *q++;
    for (int k = 0; k < blocks; k++, v += 4) {
        const int slots = *q++, whole = *q++;
        Real a = all(0), b = all(0), c = all(0), d = all(0);
        for (int t = 0; t < whole; t++, q += 2) {
            const Real w = all(weight[q[0]]);
            const Real* x = at(m, q[1]);
            a = a + w * x[0];
            b = b + w * x[1];
            c = c + w * x[2];
            d = d + w * x[3];
        }
        v[0] = a;
        if (slots > 1) v[1] = b;
        if (slots > 2) v[2] = c;
        if (slots > 3) v[3] = d;
        for (int i = 0; i < slots; i++) {
            const int terms = *q++;
            if (!terms) continue;
            Real sum = v[i];
            for (int t = 0; t < terms; t++, q += 2) sum = sum + all(weight[q[0]]) * *at(m, q[1]);
            v[i] = sum;
        }
    }
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
        const int rows = *q++, columns = *q++, words = *q++;
        const int32_t *out = q, *column = q + rows, *slots = q + rows + columns;
        const double *weight = number, *bias = number + rows * columns;
        int r = 0;
        if (rows == 1) {
            affine_row(p, m, out[0], columns, column, weight, bias[0], slots);
            r = 1;
        }
        for (; r + 4 <= rows; r += 4)
            affine_rows<4>(p, m, out + r, columns, column, weight + r * columns, bias + r, slots);
        for (; r + 2 <= rows; r += 2)
            affine_rows<2>(p, m, out + r, columns, column, weight + r * columns, bias + r, slots);
        for (; r < rows; r++)
            affine_rows<1>(p, m, out + r, columns, column, weight + r * columns, bias + r, slots);
        number += rows * (columns + 1);
        q += rows + columns + words;
    }
    const int rows = s.power;
    for (int r = 0; r < rows; r++) {
        const Form& f = p.form[s.out + r];
        Real* v = at(m, f.base);
        Interval plain = {v[kLow], v[kHigh]};
        if (hidden) plain = {plain.low + undefined, plain.high + undefined};
        plain = p.degree && s.narrow ? meet(reach(p, f, v), plain)
                                     : undefined_unless(is_proper(plain), plain);
        set_range(v, plain);
    }
}

}  // namespace
