// Models of products, squares, and sums of weighted squares.
#pragma once

#include "models.hpp"

namespace {

// The quadratic part of x * y, where both have the same slopes and x and y all of h or none.
LANES_INLINE void dense_bend(Real* h, int n, const Real* gx, const Real* gy, const Real* hx,
                             const Real* hy, Real cx, Real cy) {
    if (hx && hy) {
        for (int i = 0; i < n; i++) {
            const Real x = gx[i], y = gy[i];
            *h++ = x * y + (cy * *hx++ + cx * *hy++);
            for (int j = i + 1; j < n; j++)
                *h++ = (x * gy[j] + y * gx[j]) + (cy * *hx++ + cx * *hy++);
        }
        return;
    }
    const Real* one = hx ? hx : hy;
    const Real c = hx ? cy : cx;
    for (int i = 0; i < n; i++) {
        const Real x = gx[i], y = gy[i];
        Real* diagonal = h;
        *h++ = x * y;
        for (int j = i + 1; j < n; j++) *h++ = x * gy[j] + y * gx[j];
        if (one)
            for (int j = i; j < n; j++, diagonal++) *diagonal = *diagonal + c * *one++;
    }
}

LANES_INLINE void multiply(const Program& p, const Step& s, Memory& m) {
    const Form &f = p.form[s.out], &fx = p.form[s.x], &fy = p.form[s.y];
    Real *v = at(m, f.base), *x = at(m, fx.base), *y = at(m, fy.base);
    Interval plain = s.op == kSquare ? square(range_of(x)) : product(range_of(x), range_of(y));
    if (p.degree) {
        const Real *gx = x + kCoefficients, *gy = y + kCoefficients;
        const Real cx = x[kCentre], cy = y[kCentre], ex = x[kError], ey = y[kError];
        const Real Gx = x[kSlopes], Hx = x[kBends], Gy = y[kSlopes], Hy = y[kBends];
        Real e = magnitude(cx) * ey + magnitude(cy) * ex + (Gx + Hx) * ey + ex * (Gy + Hy) +
                 ex * ey;
        Real twice = all(0), spared = all(0);
        // squares are in [0, 1]: the list is empty in degree 2
        const int32_t* q = p.pool + s.maps[2];
        for (int k = *q++; k > 0; k--, q += 2) {
            Real t = *at(m, q[0]) * *at(m, q[1]);
            twice = twice + t;
            spared = spared + magnitude(t);
        }
        e = e + (s.degree == 1 ? Gx * Gy : Gx * Hy + Hx * Gy + Hx * Hy);
        v[kCentre] = cx * cy + twice * all(0.5);
        v[kError] = e - spared * all(0.5);
        Real* k = v + kCoefficients;
        const int32_t *of_x = p.pool + s.maps[0], *of_y = p.pool + s.maps[1];
        for (int i = 0; i < f.g; i++, k++) *k = cx * *at(m, of_y[i]) + cy * *at(m, of_x[i]);
        if (f.h && s.maps[3] < 0) {
            dense_bend(k, f.g, gx, gy, fx.h ? gx + fx.g : nullptr,
                              fy.h ? gy + fy.g : nullptr, cx, cy);
        } else if (f.h) {
            q = p.pool + s.maps[3];
            for (int i = 0; i < f.h; i++, k++, q += 6) {
                Real t = *at(m, q[0]) * *at(m, q[3]);
                if (q[0] != q[1] || q[2] != q[3]) t = t + *at(m, q[1]) * *at(m, q[2]);
                *k = t + (cx * *at(m, q[5]) + cy * *at(m, q[4]));
            }
        }
    }
    finish(p, s, m, plain);
}

// The polynomial slope * w + curve * w**2 of w = x - point, added to offset; its error in e.
LANES_INLINE void parabola(const Program& p, const Step& s, Memory& m, Real offset, Real slope,
                           Real curve, Real point) {
    const Form &f = p.form[s.out], &fx = p.form[s.x];
    Real *v = at(m, f.base), *x = at(m, fx.base);
    const Real *gx = x + kCoefficients, *hx = gx + fx.g;
    const Real c = x[kCentre] - point, ex = x[kError], lever = magnitude(c);
    const Real G = x[kSlopes], H = x[kBends];
    Real e = (lever + lever) * ex + (G + H) * ex * all(2) + ex * ex;
    e = e + (all(2) * G * H + H * H);
    const Real tilt = slope + curve * (c + c);
    v[kCentre] = offset + (slope * c + curve * (c * c));
    v[kError] = magnitude(slope) * ex + magnitude(curve) * e;
    Real* k = v + kCoefficients;
    for (int i = 0; i < fx.g; i++) k[i] = tilt * gx[i];
    k += f.g;
    Real* h = k;  // all pairs of the slopes of x
    const bool full = fx.h == f.h;
    for (int i = 0; i < fx.g; i++) {
        Real t = curve * gx[i];
        if (full) {
            *k++ = t * gx[i] + tilt * *hx++;
            t = t + t;
            for (int j = i + 1; j < fx.g; j++) *k++ = t * gx[j] + tilt * *hx++;
        } else {
            *k++ = t * gx[i];
            t = t + t;
            for (int j = i + 1; j < fx.g; j++) *k++ = t * gx[j];
        }
    }
    if (!full) {
        const int32_t* q = p.pool + s.maps[3];
        for (int i = 0; i < fx.h; i++) h[q[i]] = h[q[i]] + tilt * hx[i];
    }
}

LANES_INLINE void multiply_by_itself(const Program& p, const Step& s, Memory& m) {
    const Real* x = at(m, p.form[s.x].base);
    if (s.degree == 2) parabola(p, s, m, all(0), all(0), all(1), all(0));
    finish(p, s, m, square(range_of(x)));
}

// h_ij += sum_k 2 w_k g_ki g_kj, the diagonal half of that, for all pairs: `doubled` is 2 w_k g_k.
LANES_INLINE void add_squares(Real* h, int n, int squares, const Real (*slopes)[kMost],
                              const Real (*doubled)[kMost]) {
    for (int i = 0; i < n; i++) {
        Real half = all(0);
        for (int k = 0; k < squares; k++) half = half + doubled[k][i] * slopes[k][i];
        *h++ = all(0.5) * half;
        int j = i + 1;
        for (; j + 4 <= n; j += 4, h += 4) {
            Real a = all(0), b = a, c = a, d = a;
            for (int k = 0; k < squares; k++) {
                const Real t = doubled[k][i], *g = slopes[k] + j;
                a = a + t * g[0];
                b = b + t * g[1];
                c = c + t * g[2];
                d = d + t * g[3];
            }
            h[0] = a;
            h[1] = b;
            h[2] = c;
            h[3] = d;
        }
        for (; j < n; j++) {
            Real a = all(0);
            for (int k = 0; k < squares; k++) a = a + doubled[k][i] * slopes[k][j];
            *h++ = a;
        }
    }
}

// A sum of weighted arguments and weighted squares of arguments: see compile_quadratic.
void quadratic(const Program& p, const Step& s, Memory& m) {
    const Form& f = p.form[s.out];
    const int32_t* q = p.pool + s.maps[0];
    const int linear = *q++, squares = *q++;
    const double *weight = p.number + s.constants, bias = weight[linear + squares];
    Real *v = at(m, f.base), *k = v + kCoefficients;
    Real centre = all(bias), error = all(0);
    Interval plain = {centre, centre};
    Real slopes[kMostSquares][kMost], doubled[kMostSquares][kMost];
    const int32_t* code = q;
    for (int t = 0; t < linear + squares; t++) {  // first what no order of sums matters for
        const Real* x = at(m, *q++);
        const Real w = all(weight[t]), size = magnitude(w), c = x[kCentre], e = x[kError];
        const Interval range = range_of(x);
        const Interval part = scaled(weight[t], t < linear ? range : square(range));
        plain = {plain.low + part.low, plain.high + part.high};
        if (!p.degree) {
            if (t >= linear) q += f.g;
            q += 2 * *q + 1;
            continue;
        }
        if (t < linear) {
            centre = centre + w * c;
            error = error + size * e;
        } else {
            const Real G = x[kSlopes], H = x[kBends], a = magnitude(c) + G + H;
            centre = centre + w * (c * c);
            error = error + size * (all(2) * a * e + e * e + all(2) * G * H + H * H);
            const int row = t - linear;
            for (int i = 0; i < f.g; i++) {
                slopes[row][i] = *at(m, *q++);
                doubled[row][i] = (w + w) * slopes[row][i];
            }
        }
        q += 2 * *q + 1;
    }
    if (p.degree) {
        v[kCentre] = centre;
        v[kError] = error;
        for (int i = 0; i < f.g; i++) k[i] = all(0);
        if (f.h == f.g * (f.g + 1) / 2) {
            add_squares(k + f.g, f.g, squares, slopes, doubled);
        } else {
            const int32_t* pair = p.pool + f.pairs;
            for (int i = 0; i < f.h; i++, pair += 2) {
                Real a = all(0);
                for (int r = 0; r < squares; r++) a = a + doubled[r][pair[0]] * slopes[r][pair[1]];
                k[f.g + i] = pair[0] == pair[1] ? all(0.5) * a : a;
            }
        }
        q = code;
        for (int t = 0; t < linear + squares; t++) {
            const Real* x = at(m, *q++);
            Real w = all(weight[t]);
            if (t >= linear) {
                const int row = t - linear;
                for (int i = 0; i < f.g; i++) k[i] = k[i] + doubled[row][i] * x[kCentre];
                w = (w + w) * x[kCentre];
                q += f.g;
            }
            for (int n = *q++; n > 0; n--, q += 2) k[q[0]] = k[q[0]] + w * *at(m, q[1]);
        }
    }
    narrow(p, s, m, plain);
}

}  // namespace
