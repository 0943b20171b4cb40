// The least value of a quadratic model, see certify.proofs.checker.monotone.
#pragma once

#include "models.hpp"

namespace {

const int kSweeps = 4;

// The separable lower bound of `weight` times a model: sum of slope z + (bend - spread) z^2 over
// its coordinates, where those that are monotone are at their ends.
struct Separable {
    Real slope[kMost], bend[kMost], spread[kMost];
};

// Pairs i < j of n coordinates.
LANES_INLINE int pair_place(int n, int i, int j) { return i * n - i * (i - 1) / 2 + (j - i); }

// All pairs of coefficients, in `room` if the form has only some.
const Real* all_pairs(const Program& p, const Form& f, const Real* h, Real* room) {
    const int n = f.g, all_of_them = n * (n + 1) / 2;
    if (f.h == all_of_them) return h;
    for (int i = 0; i < all_of_them; i++) room[i] = all(0);
    const int32_t* pair = p.pool + f.pairs;
    for (int k = 0; k < f.h; k++, pair += 2) room[pair_place(n, pair[0], pair[1])] = h[k];
    return room;
}

// Put coordinate i to its better end where it is monotone; whether it is anywhere.
LANES_INLINE bool fix(int n, int i, const Real* h, Real weight, Mask* free, Separable& s,
                      Real& centre) {
    const Mask here = free[i] & less_equal(magnitude(s.bend[i]) + s.spread[i], all(0.5) * magnitude(s.slope[i]));
    if (!some(here)) return false;
    const Real one = pick(here, all(1), all(0));
    const Real z = pick(less(s.slope[i], all(0)), one, -one);
    centre = centre + (s.slope[i] * z + s.bend[i] * one);
    free[i] = free[i] & ~here;
    const Real scaled_z = weight * z, half = all(0.5) * magnitude(scaled_z);
    for (int j = 0; j < i; j++) {
        const Real x = h[pair_place(n, j, i)];
        s.slope[j] = s.slope[j] + x * scaled_z;
        s.spread[j] = s.spread[j] - magnitude(x) * half;
    }
    const Real* row = h + pair_place(n, i, i);
    for (int j = i + 1; j < n; j++) {
        const Real x = row[j - i];
        s.slope[j] = s.slope[j] + x * scaled_z;
        s.spread[j] = s.spread[j] - magnitude(x) * half;
    }
    return true;
}

// A lower bound of weight * v, less its constant bias.
Real least(const Program& p, const Form& f, const Real* v, double weight, Real* room,
           Separable& s) {
    const int n = f.g;
    const Real *g = v + kCoefficients, w = all(weight), size = magnitude(w);
    Real low = w * v[kCentre] - size * v[kError];
    if (f.h) rows_of(p, f, g + n, s.bend, s.spread);
    for (int i = 0; i < n; i++) {
        s.slope[i] = w * g[i];
        s.bend[i] = f.h ? w * s.bend[i] : all(0);
        s.spread[i] = f.h ? size * s.spread[i] : all(0);
    }
    if (!f.h) {
        for (int i = 0; i < n; i++) low = low - magnitude(s.slope[i]);
        return low;
    }
    const Real* h = all_pairs(p, f, g + n, room);
    Mask free[kMost];
    for (int i = 0; i < n; i++) free[i] = all_bits(-1);
    for (int sweep = 0; sweep < kSweeps; sweep++) {
        bool more = false;
        for (int i = n; i-- > 0;) more |= fix(n, i, h, w, free, s, low);
        if (!more) break;
    }
    for (int i = 0; i < n; i++) {
        const Real a = magnitude(s.slope[i]), q = s.bend[i] - s.spread[i];
        const Mask inside = less(a, q + q);
        const Real fall = pick(inside, a * a / (all(4) * q), a - q);
        low = low - pick(free[i], fall, all(0));
    }
    return low;
}

}  // namespace
