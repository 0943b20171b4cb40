// Elementary functions of eight lanes: Cody-Waite reduction, then Taylor polynomials.
//
// Errors are about 1e-15, relative near a zero at the origin.  That is enough: the search only
// guesses which bounds hold, and the checker repeats them with enclosures.
// Reference: J.-M. Muller, Elementary Functions: Algorithms and Implementation, 2016.
#pragma once

#include "lanes.hpp"

namespace {

const double kRound = 6755399441055744.0;   // 1.5 * 2^52: adding it rounds to an integer
const double kWildAngle = 3.0e6;            // beyond, sin and cos are only known to be in [-1, 1]

LANES_INLINE Real nearest(Real x) { return (x + all(kRound)) - all(kRound); }
LANES_INLINE Real floor_of(Real x) {
    Real r = nearest(x);
    return pick(less(x, r), r - all(1), r);
}
LANES_INLINE Real ceil_of(Real x) {
    Real r = nearest(x);
    return pick(less(r, x), r + all(1), r);
}

template <int n>
LANES_INLINE Real polynomial(Real z, const double (&c)[n]) {
    Real r = all(c[n - 1]);
    for (int k = n - 2; k >= 0; k--) r = r * z + all(c[k]);
    return r;
}

// sin(x + quarter * pi / 2), |x| <= kWildAngle
LANES_INLINE Real wave(Real x, int quarter) {
    Real shifted = x * all(0.63661977236758134308) + all(kRound);
    Mask q = real_to_bits(shifted) + all_bits(quarter);
    Real k = shifted - all(kRound);
    Real r = ((x - k * all(1.57079632673412561417)) - k * all(6.07710050630396597660e-11)) -
             k * all(2.02226624879595063154e-21);
    Real z = r * r;
    static const double odd[] = {-1. / 6,        1. / 120,          -1. / 5040,
                                 1. / 362880,    -1. / 39916800,    1. / 6227020800.,
                                 -1. / 1307674368000.};
    static const double even[] = {-1. / 2,        1. / 24,           -1. / 720,
                                  1. / 40320,     -1. / 3628800,     1. / 479001600,
                                  -1. / 87178291200., 1. / 20922789888000.};
    Real s = r + r * z * polynomial(z, odd);
    Real c = all(1) + z * polynomial(z, even);
    Mask cosine = equal_bits(q & all_bits(1), all_bits(1));
    Mask sign = shift_left(q & all_bits(2), 62);
    return bits_to_real(real_to_bits(pick(cosine, c, s)) + sign);  // adding flips the sign bit
}
LANES_INLINE Real sine(Real x) { return wave(x, 0); }
LANES_INLINE Real cosine(Real x) { return wave(x, 1); }

// 2^k for an integer k in [-1022, 1023]
LANES_INLINE Real two_to(Real k) {
    Mask bits = real_to_bits(k + all(kRound)) - real_to_bits(all(kRound));
    return bits_to_real(shift_left(bits + all_bits(1023), 52));
}

LANES_INLINE Real exponential(Real x) {
    Real t = larger(smaller(x, all(720)), all(-760));
    Real k = nearest(t * all(1.44269504088896340736));
    Real r = (t - k * all(6.93147180369123816490e-01)) - k * all(1.90821492927058770002e-10);
    static const double c[] = {1,           1,           1. / 2,      1. / 6,        1. / 24,
                               1. / 120,    1. / 720,    1. / 5040,   1. / 40320,    1. / 362880,
                               1. / 3628800, 1. / 39916800, 1. / 479001600, 1. / 6227020800.};
    Real half = nearest(k * all(0.5));
    Real y = polynomial(r, c) * two_to(half) * two_to(k - half);
    return pick(equal(x, x), y, x);
}

LANES_INLINE Real tangent_hyperbolic(Real x) {
    Real y = smaller(magnitude(x), all(30)) * all(2);
    static const double c[] = {1,           1. / 2,       1. / 6,         1. / 24,
                               1. / 120,    1. / 720,     1. / 5040,      1. / 40320,
                               1. / 362880, 1. / 3628800, 1. / 39916800,  1. / 479001600,
                               1. / 6227020800., 1. / 87178291200., 1. / 1307674368000.,
                               1. / 20922789888000.};
    Real small = y * polynomial(smaller(y, all(1)), c);  // e^y - 1
    Real large = exponential(y);
    Real r = pick(less(y, all(0.7)), small / (small + all(2)), all(1) - all(2) / (large + all(1)));
    Mask sign = real_to_bits(x) & all_bits((long long)0x8000000000000000ULL);
    return pick(equal(x, x), bits_to_real(real_to_bits(r) | sign), x);
}

// x > 0
LANES_INLINE Real logarithm(Real x) {
    Mask tiny = less(x, all(2.2250738585072014e-308));
    Real y = pick(tiny, x * all(18014398509481984.0), x);  // 2^54
    Mask bits = real_to_bits(y);
    // the exponent counts from sqrt(1/2), so that the mantissa is in [sqrt(1/2), sqrt(2))
    Mask up = bits + (all_bits(0x3ff0000000000000LL) - all_bits(0x3fe6a09e667f3bcdLL));
    Mask power = shift_right(up, 52) - all_bits(1023);
    Real m = bits_to_real((up & all_bits(0x000fffffffffffffLL)) + all_bits(0x3fe6a09e667f3bcdLL));
    Real k = bits_to_real(power + real_to_bits(all(kRound))) - all(kRound);
    k = pick(tiny, k - all(54), k);
    Real s = (m - all(1)) / (m + all(1)), z = s * s;
    static const double c[] = {2,       2. / 3,  2. / 5,  2. / 7,  2. / 9, 2. / 11,
                               2. / 13, 2. / 15, 2. / 17, 2. / 19, 2. / 21};
    Real r = k * all(6.93147180369123816490e-01) +
             (s * polynomial(z, c) + k * all(1.90821492927058770002e-10));
    return pick(is_finite(x), r, x);
}

LANES_INLINE Real arctangent(Real x) {
    Real t = magnitude(x);
    Mask outer = less(all(1), t);
    t = pick(outer, all(1) / t, t);
    Mask upper = less(all(0.41421356237309503), t);
    t = pick(upper, (t - all(1)) / (t + all(1)), t);
    Real z = t * t;
    static const double c[] = {-1. / 3,  1. / 5,  -1. / 7,  1. / 9,  -1. / 11, 1. / 13, -1. / 15,
                               1. / 17,  -1. / 19, 1. / 21, -1. / 23, 1. / 25, -1. / 27, 1. / 29,
                               -1. / 31, 1. / 33, -1. / 35, 1. / 37, -1. / 39, 1. / 41};
    Real r = t + t * z * polynomial(z, c);
    r = pick(upper, r + all(0.78539816339744830962), r);
    r = pick(outer, all(1.57079632679489661923) - r, r);
    Mask sign = real_to_bits(x) & all_bits((long long)0x8000000000000000ULL);
    return pick(equal(x, x), bits_to_real(real_to_bits(r) | sign), x);
}

}  // namespace
