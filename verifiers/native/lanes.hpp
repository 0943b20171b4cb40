// kLanes doubles at a time, from vectors as wide as the instruction set has them.
//
// Every operation acts on each lane alone and is one IEEE operation there, so the result is the
// same bits whatever the width.  Included only by block.cpp, which is compiled once for each
// instruction set: everything is in an unnamed namespace and no header of the standard library's
// inline functions is used, so that no code for one processor can be linked into another's path.
#pragma once

#include <stdint.h>

#include "program.hpp"

#define LANES_INLINE inline __attribute__((always_inline))

namespace {

template <int bytes>
struct Wide {
    typedef double real __attribute__((vector_size(bytes), may_alias));
    typedef long long integer __attribute__((vector_size(bytes), may_alias));
};

// Copied member by member: a plain struct would be moved in pieces through memory.
template <class T>
struct Pair {
    T a, b;

    Pair() = default;
    LANES_INLINE Pair(const T& x, const T& y) : a(x), b(y) {}
    LANES_INLINE Pair(const Pair& o) : a(o.a), b(o.b) {}
    LANES_INLINE Pair& operator=(const Pair& o) {
        a = o.a;
        b = o.b;
        return *this;
    }
};

#if defined(__AVX512F__)
typedef Wide<64>::real Base;
typedef Wide<64>::integer BaseMask;
typedef Base Real;
typedef BaseMask Mask;
#elif defined(__AVX__)
typedef Wide<32>::real Base;
typedef Wide<32>::integer BaseMask;
typedef Pair<Base> Real;
typedef Pair<BaseMask> Mask;
#else
typedef Wide<16>::real Base;
typedef Wide<16>::integer BaseMask;
typedef Pair<Pair<Base>> Real;
typedef Pair<Pair<BaseMask>> Mask;
#endif

static_assert(sizeof(Real) == certify::kVector && sizeof(Mask) == certify::kVector);

// One vector of the machine.
LANES_INLINE Base pick(BaseMask m, Base x, Base y) { return m ? x : y; }
LANES_INLINE Base bits_to_real(BaseMask m) { return (Base)m; }
LANES_INLINE BaseMask real_to_bits(Base x) { return (BaseMask)x; }
LANES_INLINE BaseMask less(Base x, Base y) { return x < y; }
LANES_INLINE BaseMask less_equal(Base x, Base y) { return x <= y; }
LANES_INLINE BaseMask equal(Base x, Base y) { return x == y; }
LANES_INLINE BaseMask equal_bits(BaseMask x, BaseMask y) { return x == y; }
LANES_INLINE Base larger(Base x, Base y) { return x > y ? x : y; }
LANES_INLINE Base smaller(Base x, Base y) { return x < y ? x : y; }
LANES_INLINE BaseMask shift_left(BaseMask x, int k) { return x << k; }
LANES_INLINE BaseMask shift_right(BaseMask x, int k) {
    typedef unsigned long long logical __attribute__((vector_size(sizeof(BaseMask))));
    return (BaseMask)((logical)x >> k);
}
LANES_INLINE Base root(Base x) {
#if defined(__AVX512F__) && defined(__clang__)
    return __builtin_ia32_sqrtpd512(x, 4);
#elif defined(__AVX512F__)
    return __builtin_ia32_sqrtpd512_mask(x, x, -1, 4);
#elif defined(__AVX__)
    return __builtin_ia32_sqrtpd256(x);
#elif defined(__SSE2__)
    return __builtin_ia32_sqrtpd(x);
#else
    Base r = x;
    for (unsigned i = 0; i < sizeof(Base) / 8; i++) r[i] = __builtin_sqrt(x[i]);
    return r;
#endif
}
const int kBaseLanes = sizeof(Base) / 8;
LANES_INLINE unsigned lanes_of(BaseMask m) {
#if defined(__AVX512DQ__)
    return (unsigned)(uint8_t)__builtin_ia32_cvtq2mask512(m);
#elif defined(__AVX__)
    return (unsigned)__builtin_ia32_movmskpd256((Base)m);
#elif defined(__SSE2__)
    return (unsigned)__builtin_ia32_movmskpd((Base)m);
#else
    return (m[0] ? 1u : 0u) | (m[1] ? 2u : 0u);
#endif
}
LANES_INLINE int count_of(BaseMask) { return kBaseLanes; }
LANES_INLINE void set_all(Base& x, double v) { x = v - (Base){}; }
LANES_INLINE void set_all(BaseMask& x, long long v) { x = v - (BaseMask){}; }

// Pairs of them.
#define PAIR_BINARY(T, name)                       \
    template <class X>                             \
    LANES_INLINE auto name(Pair<X> x, Pair<X> y) { \
        return Pair<decltype(name(x.a, y.a))>{name(x.a, y.a), name(x.b, y.b)}; \
    }
#define PAIR_OPERATOR(op)                                    \
    template <class X>                                       \
    LANES_INLINE Pair<X> operator op(Pair<X> x, Pair<X> y) { \
        return {x.a op y.a, x.b op y.b};                     \
    }
PAIR_OPERATOR(+)
PAIR_OPERATOR(-)
PAIR_OPERATOR(*)
PAIR_OPERATOR(/)
PAIR_OPERATOR(&)
PAIR_OPERATOR(|)
template <class X>
LANES_INLINE Pair<X> operator-(Pair<X> x) {
    return {-x.a, -x.b};
}
template <class X>
LANES_INLINE Pair<X> operator~(Pair<X> x) {
    return {~x.a, ~x.b};
}
PAIR_BINARY(X, less)
PAIR_BINARY(X, less_equal)
PAIR_BINARY(X, equal)
PAIR_BINARY(X, equal_bits)
PAIR_BINARY(X, larger)
PAIR_BINARY(X, smaller)
template <class M, class X>
LANES_INLINE Pair<X> pick(Pair<M> m, Pair<X> x, Pair<X> y) {
    return {pick(m.a, x.a, y.a), pick(m.b, x.b, y.b)};
}
template <class X>
LANES_INLINE auto bits_to_real(Pair<X> x) {
    return Pair<decltype(bits_to_real(x.a))>{bits_to_real(x.a), bits_to_real(x.b)};
}
template <class X>
LANES_INLINE auto real_to_bits(Pair<X> x) {
    return Pair<decltype(real_to_bits(x.a))>{real_to_bits(x.a), real_to_bits(x.b)};
}
template <class X>
LANES_INLINE Pair<X> shift_left(Pair<X> x, int k) {
    return {shift_left(x.a, k), shift_left(x.b, k)};
}
template <class X>
LANES_INLINE Pair<X> shift_right(Pair<X> x, int k) {
    return {shift_right(x.a, k), shift_right(x.b, k)};
}
template <class X>
LANES_INLINE Pair<X> root(Pair<X> x) {
    return {root(x.a), root(x.b)};
}
template <class X>
LANES_INLINE int count_of(Pair<X> m) {
    return 2 * count_of(m.a);
}
// The lanes where m holds, as bits.
template <class X>
LANES_INLINE unsigned lanes_of(Pair<X> m) {
    return lanes_of(m.a) | lanes_of(m.b) << count_of(m.a);
}
template <class M>
LANES_INLINE bool some(M m) {
    return lanes_of(m) != 0;
}
template <class X, class V>
LANES_INLINE void set_all(Pair<X>& x, V v) {
    set_all(x.a, v);
    set_all(x.b, v);
}

// All lanes.
LANES_INLINE Real all(double v) {
    Real x;
    set_all(x, v);
    return x;
}
LANES_INLINE Mask all_bits(long long v) {
    Mask x;
    set_all(x, v);
    return x;
}
LANES_INLINE Real magnitude(Real x) {
    return bits_to_real(real_to_bits(x) & all_bits(0x7fffffffffffffffLL));
}
LANES_INLINE Mask is_finite(Real x) { return equal(x - x, all(0)); }
LANES_INLINE Real nowhere() { return all(__builtin_nan("")); }
LANES_INLINE double lane(const Real& x, int k) { return ((const double*)&x)[k]; }

}  // namespace
