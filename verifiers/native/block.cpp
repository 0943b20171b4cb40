// Taylor models of degree 0, 1 and 2 on eight boxes at a time.
//
// On a box x = m + r d, d in [-1, 1]^n, a value is
//     c + sum g_i z_i + sum h_ij z_i z_j + eps(d),  |eps| <= e,
// where z is d and behind it the symbols, functions of d in [-1, 1] shared by all values, and lies
// in [low, high].  The rules are those of certify.proofs.checker.models, in plain floating point.
//
// Compiled once for each instruction set, as CERTIFY_ISA; a lane never depends on its neighbours.
#include "elementary.hpp"
#include "program.hpp"

namespace {

using namespace certify;

const int kMost = 128;             // variables, which are tree bytes below 0x40, and symbols
const double kAlmost = 1 + 1e-13;  // in ties the checker, which rounds up, takes the constant

struct Interval {
    Real low, high;
};

LANES_INLINE Real* at(Memory& m, int32_t offset) { return (Real*)m.vectors + offset; }

LANES_INLINE Real zero_if_finite(Real x) { return x - x; }

LANES_INLINE Interval undefined_unless(Mask fine, Interval x) {
    return {pick(fine, x.low, nowhere()), pick(fine, x.high, nowhere())};
}
LANES_INLINE Mask is_finite(Interval x) { return is_finite(x.low) & is_finite(x.high); }

// ---------------------------------------------------------------- ranges of the operators

LANES_INLINE Interval product(Interval x, Interval y) {
    Real p = x.low * y.low, q = x.low * y.high, r = x.high * y.low, s = x.high * y.high;
    Real undefined = zero_if_finite(p) + zero_if_finite(q) + zero_if_finite(r) + zero_if_finite(s);
    return {smaller(smaller(p, q), smaller(r, s)) + undefined,
            larger(larger(p, q), larger(r, s)) + undefined};
}
LANES_INLINE Interval scaled(double k, Interval x) {
    Real p = all(k) * x.low, q = all(k) * x.high;
    return k < 0 ? Interval{q, p} : Interval{p, q};
}
LANES_INLINE Interval shifted(double k, Interval x) { return {x.low + all(k), x.high + all(k)}; }

LANES_INLINE Interval absolute(Interval x) {
    Real l = magnitude(x.low), h = magnitude(x.high);
    Mask inside = less_equal(x.low, all(0)) & less_equal(all(0), x.high);
    return undefined_unless(is_finite(x),
                            {pick(inside, all(0), smaller(l, h)), larger(l, h)});
}
LANES_INLINE Interval positive_part(Interval x) {
    return undefined_unless(is_finite(x), {larger(x.low, all(0)), larger(x.high, all(0))});
}
LANES_INLINE Interval square(Interval x) {
    Interval y = absolute(x);
    return {y.low * y.low, y.high * y.high};
}

LANES_INLINE Real power(Real x, int n) {
    Real r = all(1);
    for (; n; n >>= 1) {
        if (n & 1) r = r * x;
        if (n > 1) x = x * x;
    }
    return r;
}
LANES_INLINE Interval power_range(Interval x, int n) {
    if (n == 0) return undefined_unless(is_finite(x), {all(1), all(1)});
    if (n % 2 == 0) x = absolute(x);
    return {power(x.low, n), power(x.high, n)};
}

LANES_INLINE Interval step_range(Interval x) {
    return undefined_unless(is_finite(x), {pick(less(all(0), x.low), all(1), all(0)),
                                           pick(less(x.high, all(0)), all(0), all(1))});
}

// sin (quarter 0) or cos (quarter 1): extrema at pi * (k + phase), maxima at even k
Interval wave_range(Interval x, int quarter) {
    Real phase = all(quarter ? 0.0 : 0.5), turn = all(0.31830988618379067154);
    Real first = ceil_of(x.low * turn - phase), last = floor_of(x.high * turn - phase);
    Real more = last - first;  // than one extremum
    Mask two = less_equal(all(1), more), one = less_equal(all(0), more);
    Real half = first * all(0.5);
    Mask even = equal(floor_of(half), half);
    Real l = wave(x.low, quarter), h = wave(x.high, quarter);
    Interval r = {pick(two | (one & ~even), all(-1), smaller(l, h)),
                  pick(two | (one & even), all(1), larger(l, h))};
    Mask tame = less(all(-kWildAngle), x.low) & less(x.high, all(kWildAngle));
    r = {pick(tame, r.low, all(-1)), pick(tame, r.high, all(1))};
    return undefined_unless(is_finite(x), r);
}

LANES_INLINE Interval reciprocal(Interval x) {
    Mask fine = less(all(0), x.low) | less(x.high, all(0));
    return undefined_unless(fine, {all(1) / x.high, all(1) / x.low});
}
LANES_INLINE Interval root_range(Interval x) {
    return undefined_unless(less_equal(all(0), x.low), {root(x.low), root(x.high)});
}
LANES_INLINE Interval above_zero(Interval x) { return undefined_unless(less(all(0), x.low), x); }
LANES_INLINE Interval tanh_range(Interval x) {
    return {tangent_hyperbolic(x.low), tangent_hyperbolic(x.high)};
}
LANES_INLINE Interval exp_range(Interval x) { return {exponential(x.low), exponential(x.high)}; }

Interval value_range(int op, int n, Interval x) {
    switch (op) {
    case kSin: return wave_range(x, 0);
    case kCos: return wave_range(x, 1);
    case kTanh: return tanh_range(x);
    case kExp: return exp_range(x);
    case kAtan: return {arctangent(x.low), arctangent(x.high)};
    case kLog: x = above_zero(x); return {logarithm(x.low), logarithm(x.high)};
    case kSqrt: return root_range(x);
    case kRecip: return reciprocal(x);
    default: return power_range(x, n);
    }
}

LANES_INLINE Interval negated(Interval x) { return {-x.high, -x.low}; }
LANES_INLINE Interval tanh_slope(Interval x) { return shifted(1, negated(square(tanh_range(x)))); }
LANES_INLINE Interval atan_slope(Interval x) { return reciprocal(shifted(1, square(x))); }
LANES_INLINE Interval flat_off_zero(Interval x) {
    Mask off = is_finite(x) & (less(all(0), x.low) | less(x.high, all(0)));
    return undefined_unless(off, {all(0), all(0)});
}

Interval slope_range(int op, int n, Interval x) {
    switch (op) {
    case kSin: return wave_range(x, 1);
    case kCos: return negated(wave_range(x, 0));
    case kTanh: return tanh_slope(x);
    case kExp: return exp_range(x);
    case kAtan: return atan_slope(x);
    case kLog: return reciprocal(above_zero(x));
    case kSqrt: return reciprocal(scaled(2, root_range(x)));
    case kRecip: return negated(square(reciprocal(x)));
    case kRelu: return step_range(x);
    case kAbs: return shifted(-1, scaled(2, step_range(x)));
    default: return scaled(n, power_range(x, n - 1));
    }
}

Interval curvature_range(int op, int n, Interval x) {
    switch (op) {
    case kSin: return negated(wave_range(x, 0));
    case kCos: return negated(wave_range(x, 1));
    case kTanh: return scaled(-2, product(tanh_range(x), tanh_slope(x)));
    case kExp: return exp_range(x);
    case kAtan: return scaled(-2, product(x, square(atan_slope(x))));
    case kLog: return negated(square(reciprocal(above_zero(x))));
    case kSqrt: return negated(reciprocal(scaled(4, power_range(root_range(x), 3))));
    case kRecip: return scaled(2, power_range(reciprocal(x), 3));
    case kRelu:
    case kAbs: return flat_off_zero(x);
    default: return scaled((double)n * (n - 1), power_range(x, n - 2));
    }
}

// ---------------------------------------------------------------- models

LANES_INLINE Interval range_of(const Real* v) { return {v[kLow], v[kHigh]}; }

LANES_INLINE void set_range(Real* v, Interval x) {
    v[kLow] = x.low;
    v[kHigh] = x.high;
}

LANES_INLINE Mask is_proper(Interval x) {
    Real width = x.high - x.low;
    return less_equal(all(0), width) & less(width, all(__builtin_inf()));
}

// Both hold; undefined if either is.  Nothing is rounded outward here, so that two bounds of a
// point may miss each other by a rounding error: what is between them is taken then.
LANES_INLINE Interval meet(Interval x, Interval y) {
    Real low = larger(x.low, y.low), high = smaller(x.high, y.high);
    Mask fine = less_equal(x.low, x.high) & less_equal(y.low, y.high) &
                is_finite(Interval{low, high});
    return undefined_unless(fine, {smaller(low, high), larger(low, high)});
}

LANES_INLINE Real sum_of_magnitudes(const Real* v, int n) {
    Real s = all(0);
    for (int k = 0; k < n; k++) s = s + magnitude(v[k]);
    return s;
}

// The diagonal of h and half the sum of |h_ij| off it, for each slope.
LANES_INLINE void rows_of(const Program& p, const Form& f, const Real* h, Real* diagonal,
                          Real* spread) {
    const int n = f.g;
    for (int i = 0; i < n; i++) spread[i] = all(0);
    if (f.h == n * (n + 1) / 2) {
        for (int i = 0; i < n; i++) {
            diagonal[i] = *h++;
            Real s = spread[i];
            for (int j = i + 1; j < n; j++) {
                Real t = magnitude(*h++);
                s = s + t;
                spread[j] = spread[j] + t;
            }
            spread[i] = s * all(0.5);
        }
        return;
    }
    for (int i = 0; i < n; i++) diagonal[i] = all(0);
    const int32_t* pair = p.pool + f.pairs;
    for (int k = 0; k < f.h; k++, pair += 2) {
        if (pair[0] == pair[1]) {
            diagonal[pair[0]] = h[k];
        } else {
            Real t = magnitude(h[k]) * all(0.5);
            spread[pair[0]] = spread[pair[0]] + t;
            spread[pair[1]] = spread[pair[1]] + t;
        }
    }
}

// The range of the polynomial part; the largest of each separable term is taken alone.  The sums
// of magnitudes are left in the register.
LANES_INLINE Interval reach(const Program& p, const Form& f, Real* v) {
    const Real* g = v + kCoefficients;
    const Real rest = v[kError];
    if (f.h == 0) {
        const Real slopes = sum_of_magnitudes(g, f.g);
        v[kSlopes] = slopes;
        v[kBends] = all(0);  // the memory may have been another register's
        return {v[kCentre] - (slopes + rest), v[kCentre] + (slopes + rest)};
    }
    Real diagonal[kMost], spread[kMost];
    rows_of(p, f, g + f.g, diagonal, spread);
    Real low = v[kCentre] - rest, high = v[kCentre] + rest, slopes = all(0), bends = all(0);
    for (int i = 0; i < f.g; i++) {
        // towards the opening of the parabola the extremum may lie inside
        Real d = magnitude(diagonal[i]), s = magnitude(g[i]), t = d - spread[i];
        Real inner = s - t, sum = d + spread[i], outer = s + sum;
        slopes = slopes + s;
        bends = bends + sum;
        Mask inside = less(all(0), t) & less_equal(s, t + t);
        if (some(inside)) inner = pick(inside, s * s / (all(4) * t), inner);
        Mask convex = less_equal(all(0), diagonal[i]);
        low = low - pick(convex, inner, outer);
        high = high + pick(convex, outer, inner);
    }
    v[kSlopes] = slopes;
    v[kBends] = bends;
    return {low, high};
}

LANES_INLINE void narrow(const Program& p, const Step& s, Memory& m, Interval plain) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    plain = p.degree && s.narrow ? meet(reach(p, f, v), plain)
                                 : undefined_unless(is_proper(plain), plain);
    set_range(v, plain);
}

// A constant model for the values of an interval, in the lanes of `where`.
LANES_INLINE void flatten(const Form& f, Real* v, Interval x, Mask where) {
    v[kCentre] = pick(where, (x.low + x.high) * all(0.5), v[kCentre]);
    v[kError] = pick(where, (x.high - x.low) * all(0.5), v[kError]);
    Real* k = v + kCoefficients;
    for (int i = 0; i < f.g + f.h; i++) k[i] = pick(where, all(0), k[i]);
}

// The end of every nonlinear rule: constant where that is tighter, the error to the symbol.
LANES_INLINE void finish(const Program& p, const Step& s, Memory& m, Interval plain) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    if (p.degree) {
        Mask loose = ~less_equal(v[kError] * all(kAlmost), (plain.high - plain.low) * all(0.5));
        loose = loose | ~is_finite(plain);
        if (some(loose)) flatten(f, v, plain, loose);
        if (s.symbol >= 0) {
            v[kCoefficients + f.g - 1] = v[kError];
            v[kError] = all(0);
        }
    }
    narrow(p, s, m, plain);
}

LANES_INLINE void constant(const Program& p, const Step& s, Memory& m, Interval plain) {
    const Form& f = p.form[s.out];
    Real* v = at(m, f.base);
    if (p.degree) {
        v[kCentre] = (plain.low + plain.high) * all(0.5);
        v[kError] = (plain.high - plain.low) * all(0.5);
        v[kSlopes] = v[kBends] = all(0);
    }
    set_range(v, undefined_unless(is_proper(plain), plain));
}

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

// x times slope plus offset, its own error in e
LANES_INLINE void line(const Program& p, const Step& s, Memory& m, Real slope, Real offset,
                       Real error) {
    const Form &f = p.form[s.out], &fx = p.form[s.x];
    Real *v = at(m, f.base), *x = at(m, fx.base);
    v[kCentre] = slope * x[kCentre] + offset;
    v[kError] = magnitude(slope) * x[kError] + error;
    const Real* from = x + kCoefficients;
    Real* to = v + kCoefficients;
    for (int i = 0; i < fx.g; i++) to[i] = slope * from[i];
    for (int i = 0; i < fx.h; i++) to[f.g + i] = slope * from[fx.g + i];
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
        const int n = f.g + f.h;
        Real* k = v + kCoefficients;
        v[kCentre] = x[kCentre] - y[kCentre];
        v[kError] = x[kError] + y[kError];
        for (int i = 0; i < n; i++) k[i] = *at(m, of_x[i]) - *at(m, of_y[i]);
        Interval gap = {x[kLow] - y[kHigh], x[kHigh] - y[kLow]};
        gap = meet(reach(p, f, v), gap);
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
        for (int i = 0; i < n; i++) k[i] = *at(m, of_y[i]) + c.slope * k[i];
        if (s.symbol >= 0) {
            k[f.g - 1] = v[kError];
            v[kError] = all(0);
        }
    }
    narrow(p, s, m, plain);
}

LANES_INLINE void smooth(const Program& p, const Step& s, Memory& m) {
    const Real* x = at(m, p.form[s.x].base);
    const Interval range = range_of(x);
    const Interval plain = value_range(s.op, s.power, range);
    if (p.degree) {
        const Real point = smaller(larger(x[kCentre], range.low), range.high);
        const Interval here = {point, point};
        const Interval bend = curvature_range(s.op, s.power, range);
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
            if (some(~fine)) flatten(p.form[s.out], v, plain, ~fine);
        } else {
            Real middle = (bend.low + bend.high) * all(0.25);
            parabola(p, s, m, value, slope, middle, point);
            Real* v = at(m, p.form[s.out].base);
            v[kError] = v[kError] + (bend.high - bend.low) * square * all(0.25);
            if (some(~fine)) flatten(p.form[s.out], v, plain, ~fine);
        }
    }
    finish(p, s, m, plain);
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
        for (int i = 0; i < f.g + f.h; i++)
            v[kCoefficients + i] =
                pick(yes, *at(m, of_x[i]), pick(no, *at(m, of_y[i]), all(0)));
    }
    if (p.degree && s.narrow) reach(p, f, v);  // for the sums of magnitudes
    set_range(v, {pick(yes, x[kLow], pick(no, y[kLow], mixed.low)),
                  pick(yes, x[kHigh], pick(no, y[kHigh], mixed.high))});
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
        for (int i = 0; i < f.g + f.h; i++)
            k[i] = pick(use, middle * *at(m, of_d[i]), *at(m, of_two[i]));
    }
    finish(p, s, m, plain);
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

void execute(const Program& p, const Step& s, Memory& m) {
    switch (s.op) {
    case kAdd: combine(p, s, m, 1.0); break;
    case kSub: combine(p, s, m, -1.0); break;
    case kScale: scale(p, s, m); break;
    case kAffine: affine(p, s, m); break;
    case kMul: multiply(p, s, m); break;
    case kSquare:
        if (s.degree == 1) {
            multiply(p, s, m);
            break;
        }
        multiply_by_itself(p, s, m);
        break;
    case kRelu:
    case kAbs: kink(p, s, m); break;
    case kMax: maximum(p, s, m); break;
    case kStep: constant(p, s, m, step_range(range_of(at(m, p.form[s.x].base)))); break;
    case kSelect: choose(p, s, m); break;
    case kQuotient:
    case kQuotient2: divided(p, s, m); break;
    case kIncrement: increment(p, s, m); break;
    case kQuadratic: quadratic(p, s, m); break;
    default: smooth(p, s, m);
    }
}

}  // namespace

#include "monotone.hpp"

namespace {

// ---------------------------------------------------------------- formulas

void run_group(const Program& p, Memory& m, int g) {
    if (m.done[g]) return;
    m.done[g] = 1;
    m.work += p.group[g].work;
    for (int k = p.group[g].first; k < p.group[g].last; k++) execute(p, p.step[k], m);
}

void run_atom(const Program& p, Memory& m, int atom) {
    const AtomCode& a = p.atom[atom];
    for (int k = 0; k < a.group_count; k++) run_group(p, m, p.pool[a.groups + k]);
}

LANES_INLINE Interval atom_range(const Program& p, Memory& m, const AtomCode& atom) {
    Interval x = scaled(atom.weight, range_of(at(m, p.form[atom.reg].base)));
    return shifted(atom.bias, x);
}

// The same with a sharper lower end, for which every coordinate's share is left in `s`.
LANES_INLINE Interval sharp_range(const Program& p, Memory& m, const AtomCode& atom, Separable& s) {
    const Form& f = p.form[atom.reg];
    Interval x = atom_range(p, m, atom);
    const Real low = least(p, f, at(m, f.base), atom.weight, (Real*)m.room, s) + all(atom.bias);
    x.low = pick(is_finite(x) & less(x.low, low), smaller(low, x.high), x.low);
    return x;
}

LANES_INLINE Mask atom_holds(const Program& p, Memory& m, const Part& part, Interval x,
                             double slack, bool sharp = false) {
    const AtomCode& atom = p.atom[part.atom];
    const Mask finite = is_finite(x);
    if (part.kind == kDefined) return finite;
    // a slack below 0 is its own opposite, and limits that are attained do not count
    const bool ties = part.kind == kNonnegative && slack >= 0 && !sharp;
    if (p.degree == 0) return finite & (ties ? less_equal(all(0), x.low) : less(all(0), x.low));
    const Real* v = at(m, p.form[atom.reg].base);
    Real size = magnitude(v[kCentre]) + v[kError] + (v[kSlopes] + v[kBends]);
    size = all(__builtin_fabs(atom.weight)) * size + all(__builtin_fabs(atom.bias));
    Mask clear = less(all(__builtin_fabs(slack)) * size, x.low);
    // a limit that is attained exactly is a limit of the plain range, without rounding
    if (ties) clear = clear | equal(x.low, all(0));
    return finite & clear;
}

unsigned prove_part(const Program& p, Memory& m, int at_part, unsigned lanes, double slack) {
    const Part& part = p.part[at_part];
    if (part.kind != kAll && part.kind != kAny) {
        run_atom(p, m, part.atom);
        const AtomCode& atom = p.atom[part.atom];
        unsigned proved = lanes_of(atom_holds(p, m, part, atom_range(p, m, atom), slack));
        if (p.degree && p.form[atom.reg].h && part.kind != kDefined && (lanes & ~proved)) {
            Separable s;
            proved |= lanes_of(atom_holds(p, m, part, sharp_range(p, m, atom, s), slack, true));
        }
        return lanes & proved;
    }
    unsigned open = lanes;
    for (int child = at_part + 1; child < part.end && open; child = p.part[child].end) {
        const unsigned proved = prove_part(p, m, child, open, slack);
        open = part.kind == kAll ? proved : open & ~proved;
    }
    return part.kind == kAll ? open : lanes & ~open;
}

const double kProved = 1e300;  // bounds that need no split are above

struct Blame {
    Real bound;     // the lower bound that keeps the formula unproved, relative to its range
    Real atom;      // whose it is
    Mask possible;  // whether the formula looks true at the centre
};

// A limit that a box touches stays touched by one of its halves for ever.
LANES_INLINE Real hope(Real bound) {
    return pick(less(all(-1e-9), bound) & less(bound, all(kProved)), all(-2), bound);
}

// All its parts have to hold: the worst is to blame.  Of parts of which one suffices it is the
// best, by bounds relative to the widths of their ranges.
Blame blame(const Program& p, Memory& m, int at_part, unsigned lanes, double slack) {
    const Part& part = p.part[at_part];
    if (part.kind == kAll || part.kind == kAny) {
        int child = at_part + 1;
        Blame r = blame(p, m, child, lanes, slack);
        if (part.kind == kAny) r.bound = hope(r.bound);
        for (child = p.part[child].end; child < part.end; child = p.part[child].end) {
            // where every box has a part that is proved the others need not be known
            if (part.kind == kAny && !(lanes & ~lanes_of(less(all(kProved), r.bound)))) break;
            Blame b = blame(p, m, child, lanes, slack);
            if (part.kind == kAny) b.bound = hope(b.bound);
            const Mask take = part.kind == kAll ? less(b.bound, r.bound) : less(r.bound, b.bound);
            r.bound = pick(take, b.bound, r.bound);
            r.atom = pick(take, b.atom, r.atom);
            r.possible = part.kind == kAll ? r.possible & b.possible : r.possible | b.possible;
        }
        return r;
    }
    run_atom(p, m, part.atom);
    const AtomCode& atom = p.atom[part.atom];
    Separable s;
    const Interval x = p.degree && part.kind != kDefined ? sharp_range(p, m, atom, s)
                                                         : atom_range(p, m, atom);
    const Mask holds = atom_holds(p, m, part, atom_range(p, m, atom), slack) |
                       atom_holds(p, m, part, x, slack, true);
    Real bound = x.low / (x.high - x.low + all(1e-300));
    bound = pick(is_finite(bound), bound, all(-1e300));
    if (part.kind == kDefined) bound = all(-1e300);
    const Real centre =
        p.degree ? all(atom.weight) * at(m, p.form[atom.reg].base)[kCentre] + all(atom.bias)
                 : (x.low + x.high) * all(0.5);
    Mask possible = part.kind == kPositive ? ~less_equal(centre, all(0)) : ~less(centre, all(0));
    if (part.kind == kDefined) possible = all_bits(-1);
    return {pick(holds, all(2 * kProved), bound), all(part.atom), possible | holds};
}

// The error that a symbol stands for grows with the slopes of what its rule was applied to.
void score_symbol(const Program& p, Memory& m, const Source& source, Real weight, Real* score) {
    Real slopes[kMost], sum = all(1e-300);
    for (int i = 0; i < p.variables; i++) slopes[i] = all(0);
    for (int part = 0; part < (source.y < 0 ? 1 : 2); part++) {
        const Form& f = p.form[part ? source.y : source.x];
        const Real* g = at(m, f.base) + kCoefficients;
        for (int i = 0; i < f.g; i++) {
            const int32_t j = p.pool[f.variables + i];
            if (j >= p.variables) break;  // symbols are last
            slopes[j] = part ? slopes[j] - g[i] : g[i];
        }
    }
    for (int i = 0; i < p.variables; i++) {
        slopes[i] = magnitude(slopes[i]);
        sum = sum + slopes[i];
    }
    weight = weight / sum;
    for (int i = 0; i < p.variables; i++) score[i] = score[i] + weight * slopes[i];
}

// Add to the score of every variable what its split would take off an atom's bound.
void score_atom(const Program& p, Memory& m, int atom, const Real* share, Real* score) {
    const AtomCode& code = p.atom[atom];
    const Form& f = p.form[code.reg];
    const Real* v = at(m, f.base);
    Separable s;
    least(p, f, v, code.weight, (Real*)m.room, s);
    for (int i = 0; i < p.variables; i++) score[i] = v[kError] * share[i];
    // |g| + max(-q, 0) is never below the loss -min (g t + q t^2).  A part of the curvature counts
    // even where it helps: a condition that is tight at the vertex of a parabola inside the box
    // would otherwise be cut across the other variables for ever.  An atom that need not hold
    // everywhere is to be separated into boxes where it does and others: all that varies counts.
    for (int i = 0; i < f.g; i++) {
        const int32_t j = p.pool[f.variables + i];
        Real bend = all(0);
        if (f.h) {
            const Real tip = all(0.25) * magnitude(s.bend[i]);
            bend = s.spread[i] + larger(tip, -s.bend[i]);
        }
        if (f.h && code.alternative) bend = s.spread[i] + magnitude(s.bend[i]);
        if (j < p.variables)
            score[j] = score[j] + (magnitude(s.slope[i]) + bend);
        else
            score_symbol(p, m, p.source[j - p.variables], magnitude(s.slope[i]) + bend, score);
    }
}

void judge(const Program& p, Memory& m, int part, unsigned lanes, double slack,
           const double* share, Judgement& out) {
    const Blame b = blame(p, m, part, lanes, slack);
    Real* total = (Real*)out.score;
    for (int i = 0; i < p.variables; i++) total[i] = all(0);
    out.doubtful = lanes_of(~b.possible);
    if (p.degree) {
        Real score[kMost];
        for (int k = 0; k < p.atoms; k++) {
            const Mask here = equal(b.atom, all(k));
            if (!(lanes & lanes_of(here))) continue;
            score_atom(p, m, k, (const Real*)share, score);
            for (int i = 0; i < p.variables; i++) total[i] = pick(here, score[i], total[i]);
        }
    }
    Real sum = all(0);
    for (int i = 0; i < p.variables; i++) sum = sum + total[i];
    out.undefined = lanes_of(~(less(all(0), sum) & is_finite(sum)));
}

Mask false_at(const Program& p, Memory& m, int at_part) {
    const Part& part = p.part[at_part];
    if (part.kind == kAll || part.kind == kAny) {
        int child = at_part + 1;
        Mask r = false_at(p, m, child);
        for (child = p.part[child].end; child < part.end; child = p.part[child].end) {
            const Mask b = false_at(p, m, child);
            r = part.kind == kAll ? r | b : r & b;
        }
        return r;
    }
    run_atom(p, m, part.atom);
    const Interval x = atom_range(p, m, p.atom[part.atom]);
    if (part.kind == kDefined) return all_bits(0);
    return is_finite(x) &
           (part.kind == kPositive ? less_equal(x.high, all(0)) : less(x.high, all(0)));
}

unsigned refute(const Program& p, Memory& m, int part) { return lanes_of(false_at(p, m, part)); }

void prepare(const Program& p, Memory& m) {
    for (int k = 0; k < p.size; k++) *at(m, k) = all(0);
    for (int k = 0; k < p.fixed; k++) {
        Real* v = at(m, p.form[p.constant[k].reg].base);
        v[kCentre] = v[kLow] = v[kHigh] = all(p.constant[k].value);
    }
    m.work = 0;
}

void place(const Program& p, Memory& m) {
    for (int g = 0; g < p.groups; g++) m.done[g] = 0;
    for (int i = 0; i < p.variables; i++) {
        const Form& f = p.form[i];
        Real* v = at(m, f.base);
        const Real l = ((const Real*)m.box)[i], h = ((const Real*)m.box)[p.variables + i];
        set_range(v, {l, h});
        if (!p.degree) continue;
        const Real middle = all(0.5) * l + all(0.5) * h;
        v[kCentre] = middle;
        v[kSlopes] = v[kCoefficients] = larger(h - middle, middle - l);
    }
}

void load(const Program& p, Memory& m, const double* low, const double* high) {
    const int size = p.variables * 8;
    for (int i = 0; i < size; i++) {
        m.box[i] = m.box[2 * size + i] = low[i];
        m.box[size + i] = m.box[3 * size + i] = high[i];
    }
    place(p, m);
}

// ---------------------------------------------------------------- narrowing

const double kLittle = 16;  // times narrower

// See certify.proofs.checker.narrowing: a u such that g t + q t^2 > b for t in (u, 1].
LANES_INLINE Mask exceeds(Real g, Real q, Real t, Real b) { return less(b, g * t + q * t * t); }

LANES_INLINE Real cut(Real g, Real q, Real b) {
    const Real r = root(larger(g * g + all(4) * q * b, all(0)));
    Real u = pick(less(g, all(0)), (r - g) / (q + q), (b + b) / (g + r));
    u = u + all(4e-9) * (all(1) + magnitude(u));  // less than the checker dares
    u = smaller(larger(u, all(-1)), all(1));
    const Mask rises = less(all(1e-13) * (magnitude(g) + magnitude(q)), g + (q + q) * u);
    const Mask back = (less(all(0), q) & rises) | (~less(all(0), q) & exceeds(g, q, all(1), b));
    return pick(back & exceeds(g, q, u, b), u, all(1));
}

// Where the value of an atom is not positive: `low` and `high` are bounds of the variables in
// [-1, 1], and become narrower.
void narrow_by(const Program& p, Memory& m, const AtomCode& atom, Real* low, Real* high) {
    const Form& f = p.form[atom.reg];
    const Real *v = at(m, f.base), *g = v + kCoefficients;
    Real diagonal[kMost], spread[kMost];
    rows_of(p, f, g + f.g, diagonal, spread);
    const Real weight = all(atom.weight), size = magnitude(weight);
    Real total = all(0), fall[kMost];
    for (int i = 0; i < f.g; i++) {
        const Real s = size * magnitude(g[i]), q = weight * diagonal[i] - size * spread[i];
        const Mask inside = less(s, q + q);
        fall[i] = pick(inside, s * s / (all(4) * q), s - q);
        total = total + fall[i];
        diagonal[i] = q;
    }
    const Real c = weight * v[kCentre] + all(atom.bias), e = size * v[kError];
    const Mask known = is_finite(atom_range(p, m, atom));
    for (int i = 0; i < f.g; i++) {
        const int32_t j = p.pool[f.variables + i];
        if (j >= p.variables) break;  // symbols are last
        const Real b = (e - c) + (total - fall[i]), slope = weight * g[i];
        high[j] = pick(known, smaller(high[j], cut(slope, diagonal[i], b)), high[j]);
        low[j] = pick(known, larger(low[j], -cut(-slope, diagonal[i], b)), low[j]);
    }
}

// Cut the boxes down to where the guards do not hold.
void narrow_boxes(const Program& p, Memory& m, unsigned lanes) {
    Real low[kMost], high[kMost];
    for (int i = 0; i < p.variables; i++) {
        low[i] = all(-1);
        high[i] = all(1);
    }
    for (int k = 0; k < p.guard_count; k++) {
        const AtomCode& atom = p.atom[p.part[p.pool[p.guards + k]].atom];
        if (lanes & lanes_of(less(all(0), atom_range(p, m, atom).high)))
            narrow_by(p, m, atom, low, high);
    }
    Mask fine = all_bits(-1);
    for (int i = 0; i < p.variables; i++) fine = fine & less_equal(low[i], high[i]);
    unsigned changed = 0;
    for (int i = 0; i < p.variables; i++) {
        Real& l = ((Real*)m.box)[i];
        Real& h = ((Real*)m.box)[p.variables + i];
        const Mask use = fine & less(high[i] - low[i], all(1.9));
        changed |= lanes_of(use);
        const Real middle = all(0.5) * l + all(0.5) * h, radius = larger(h - middle, middle - l);
        const Real first = larger(l, middle + radius * low[i]);
        const Real last = larger(first, smaller(h, middle + radius * high[i]));
        l = pick(use, first, l);
        h = pick(use, last, h);
    }
    if (changed & lanes) place(p, m);
}

// Boxes of which next to nothing is left that stay open are widened again before they are divided:
// there the bounds of the guards are too wide, and cuts through the little that is left do not help.
void widen(const Program& p, Memory& m, unsigned lanes) {
    Real* box = (Real*)m.box;
    const int n = p.variables;
    Mask little = all_bits(0);
    for (int i = 0; i < n; i++)
        little = little | less(all(kLittle) * (box[n + i] - box[i]), box[3 * n + i] - box[2 * n + i]);
    if (!(lanes_of(little) & lanes)) return;
    for (int i = 0; i < 2 * n; i++) box[i] = pick(little, box[2 * n + i], box[i]);
    place(p, m);
}

unsigned prove(const Program& p, Memory& m, int part, unsigned lanes, double slack) {
    if (part != 0 || p.degree == 0 || p.rest < 0) return prove_part(p, m, part, lanes, slack);
    unsigned open = lanes;
    for (int k = 0; k < p.guard_count && open; k++)
        open &= ~prove_part(p, m, p.pool[p.guards + k], open, slack);
    if (!open) return lanes;
    narrow_boxes(p, m, open);
    open &= ~prove_part(p, m, p.rest, open, slack);
    if (open) widen(p, m, open);
    return lanes & ~open;
}

}  // namespace

namespace certify {
#define ENGINE_NAME_(x) engine_##x
#define ENGINE_NAME(x) ENGINE_NAME_(x)
#define TEXT_(x) #x
#define TEXT(x) TEXT_(x)
extern const Engine ENGINE_NAME(CERTIFY_ISA) = {
    TEXT(CERTIFY_ISA), prepare, load, prove, judge, refute, run_atom};
}  // namespace certify
