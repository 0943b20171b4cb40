// Models of products, squares, and sums of weighted squares.
#pragma once

#include "models.hpp"

namespace {

// The quadratic part of x * y, where both have the same slopes and x and y all of h or none.
LANES_INLINE void dense_bend(const int32_t* pairs, const Live& live, int n, Real* h, const Real* gx,
                             const Real* gy, const Real* hx, const Real* hy, Real cx, Real cy) {
    for (int t = live.g; t < live.g + live.h; t++) {
        const int k = live.slot[t] - n, i = pairs[2 * k], j = pairs[2 * k + 1];
        Real s = gx[i] * gy[j];
        if (i != j) s = s + gy[i] * gx[j];
        if (hx && hy)
            s = s + (cy * hx[k] + cx * hy[k]);
        else if (hx || hy)
            s = s + (hx ? cy * hx[k] : cx * hy[k]);
        h[k] = s;
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
        // squares are in [0, 1]
        if (s.degree == 1) {
            const int32_t* q = p.pool + s.maps[2];  // for each slope of x where y has it
            const Live shared = live_of(p, m, fx);
            for (int a = 0; a < shared.g; a++) {
                const int i = shared.slot[a];
                if (!q[i]) continue;
                const Real t = gx[i] * *at(m, q[i]);
                twice = twice + t;
                spared = spared + magnitude(t);
            }
        }
        e = e + (s.degree == 1 ? Gx * Gy : Gx * Hy + Hx * Gy + Hx * Hy);
        v[kCentre] = cx * cy + twice * all(0.5);
        v[kError] = e - spared * all(0.5);
        Real* k = v + kCoefficients;
        const Live live = live_of(p, m, f);
        const int32_t *of_x = p.pool + s.maps[0], *of_y = p.pool + s.maps[1];
        for (int a = 0; a < live.g; a++) {
            const int i = live.slot[a];
            k[i] = cx * *at(m, of_y[i]) + cy * *at(m, of_x[i]);
        }
        if (f.h && s.maps[3] < 0) {
            dense_bend(p.pool + f.pairs, live, f.g, k + f.g, gx, gy, fx.h ? gx + fx.g : nullptr,
                       fy.h ? gy + fy.g : nullptr, cx, cy);
        } else if (f.h) {
            for (int t = live.g; t < live.g + live.h; t++) {
                const int i = live.slot[t];
                const int32_t* q = p.pool + s.maps[3] + 6 * (i - f.g);
                Real sum = *at(m, q[0]) * *at(m, q[3]);
                if (q[0] != q[1] || q[2] != q[3]) sum = sum + *at(m, q[1]) * *at(m, q[2]);
                k[i] = sum + (cx * *at(m, q[5]) + cy * *at(m, q[4]));
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
    Real *k = v + kCoefficients, *h = k + f.g;  // all pairs of the slopes of x
    const Live own = live_of(p, m, fx), live = live_of(p, m, f);
    for (int a = 0; a < own.g; a++) k[own.slot[a]] = tilt * gx[own.slot[a]];
    const bool full = fx.h == f.h;
    for (int t = live.g; t < live.g + live.h; t++) {
        const int i = live.slot[t] - f.g;
        const int32_t* pair = p.pool + f.pairs + 2 * i;
        Real bend = curve * gx[pair[0]];
        if (pair[0] != pair[1]) bend = bend + bend;
        bend = bend * gx[pair[1]];
        h[i] = full ? bend + tilt * hx[i] : bend;
    }
    if (full) return;
    const int32_t* q = p.pool + s.maps[3];
    for (int t = own.g; t < own.g + own.h; t++) {
        const int i = own.slot[t] - fx.g;
        h[q[i]] = h[q[i]] + tilt * hx[i];
    }
}

LANES_INLINE void multiply_by_itself(const Program& p, const Step& s, Memory& m) {
    const Real* x = at(m, p.form[s.x].base);
    if (s.degree == 2) parabola(p, s, m, all(0), all(0), all(1), all(0));
    finish(p, s, m, square(range_of(x)));
}

// The terms of a coefficient that are multiples of an argument's: see compile_quadratic.
LANES_INLINE Real multiples(Memory& m, const int32_t* code, int slot, const Real* weight) {
    const int32_t *q = code + code[slot], *end = code + code[slot + 1];
    Real sum = all(0);
    for (; q < end; q += 2) sum = sum + weight[q[0]] * *at(m, q[1]);
    return sum;
}

// h_ij = sum 2 w g_i g_j over the squares, and half of that on the diagonal; `known` is their number
// or 0.
template <int known>
LANES_INLINE Real product_of(int squares, const Real* x, const Real* y, bool half) {
    Real sum = x[0] * y[0];
    for (int r = 1; r < (known ? known : squares); r++) sum = sum + x[r] * y[r];
    return half ? all(0.5) * sum : sum;
}

template <int known>
LANES_INLINE void all_products(const Live& live, int squares, const Real* doubled,
                               const Real* slopes, Real* k) {
    const int32_t* slot = live.slot + live.g;
    for (int a = 0; a < live.g; a++)
        for (int b = a; b < live.g; b++)
            k[*slot++] =
                product_of<known>(squares, doubled + a * squares, slopes + b * squares, a == b);
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
    const Live live = live_of(p, m, f);
    Real* factor = (Real*)m.room;  // of every argument's coefficients
    Real slopes[kMost * kMostSquares], doubled[kMost * kMostSquares];  // live ones, by squares
    for (int t = 0; t < linear + squares; t++) {
        const Real* x = at(m, *q++);
        const Real w = all(weight[t]), size = magnitude(w), c = x[kCentre], e = x[kError];
        const Interval range = range_of(x);
        const Interval part = scaled(weight[t], t < linear ? range : square(range));
        plain = {plain.low + part.low, plain.high + part.high};
        if (t < linear) {
            centre = centre + w * c;
            error = error + size * e;
            factor[t] = w;
            continue;
        }
        const Real G = x[kSlopes], H = x[kBends], a = magnitude(c) + G + H;
        centre = centre + w * (c * c);
        error = error + size * (all(2) * a * e + e * e + all(2) * G * H + H * H);
        factor[t] = (w + w) * c;
        const int row = t - linear;
        for (int a = 0; a < live.g; a++) {
            const Real g = *at(m, q[live.slot[a]]);
            slopes[a * squares + row] = g;
            doubled[a * squares + row] = (w + w) * g;
        }
        q += f.g;
    }
    if (p.degree) {
        v[kCentre] = centre;
        v[kError] = error;
        for (int a = 0; a < live.g; a++)
            k[live.slot[a]] = multiples(m, q, live.slot[a], factor);
        if (f.h == f.g * (f.g + 1) / 2) {
            switch (squares) {
            case 2: all_products<2>(live, 2, doubled, slopes, k); break;
            case 4: all_products<4>(live, 4, doubled, slopes, k); break;
            case 6: all_products<6>(live, 6, doubled, slopes, k); break;
            case 8: all_products<8>(live, 8, doubled, slopes, k); break;
            default: all_products<0>(live, squares, doubled, slopes, k);
            }
        } else {
            for (int t = live.g; t < live.g + live.h; t++) {
                const int i = live.slot[t];
                const int32_t* pair = p.pool + f.pairs + 2 * (i - f.g);
                int a = 0, b;
                for (; live.slot[a] != pair[0];) a++;
                for (b = a; live.slot[b] != pair[1];) b++;
                k[i] = product_of<0>(squares, doubled + a * squares, slopes + b * squares, a == b);
            }
        }
        const int32_t* bent = p.pool + s.maps[1];
        for (int count = *bent++; count > 0; count--, bent++)
            k[*bent] = k[*bent] + multiples(m, q, *bent, factor);
    }
    narrow(p, s, m, plain);
}

}  // namespace
