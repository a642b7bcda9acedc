// The part of Metal's standard library that naga's output for the activations uses, for clang on a CPU.
//
// Vectors of bool are vectors of int: a comparison of clang's vectors gives 0 or -1 per element.
//
// SHIM_DIVISION and SHIM_MINIMUM choose among the results that WGSL allows.

#pragma once

#include <cstdint>
#include <cstring>

// Metal's address space of constants.
#define constant static const

namespace metal {

#define SHIM_VECTORS(scalar, element) \
    typedef element scalar##2 __attribute__((ext_vector_type(2))); \
    typedef element scalar##3 __attribute__((ext_vector_type(3))); \
    typedef element scalar##4 __attribute__((ext_vector_type(4)));

typedef uint32_t uint;
SHIM_VECTORS(float, float)
SHIM_VECTORS(uint, uint32_t)
SHIM_VECTORS(int, int32_t)
SHIM_VECTORS(bool, int32_t)

template <class T> struct always { typedef T type; };

// Constructors, which clang's vectors lack: modules.rs renames their calls.
template <class V, class S> inline V joined(S x, S y) { return V{x, y}; }
template <class V, class S> inline V joined(S x, S y, S z) { return V{x, y, z}; }
template <class V, class S> inline V joined(S x, S y, S z, S w) { return V{x, y, z, w}; }

#define SHIM_CONSTRUCTORS(scalar, element) \
    inline scalar##2 make_##scalar##2(element all) { return scalar##2(all); } \
    inline scalar##3 make_##scalar##3(element all) { return scalar##3(all); } \
    inline scalar##4 make_##scalar##4(element all) { return scalar##4(all); } \
    inline scalar##2 make_##scalar##2(element x, element y) { return joined<scalar##2, element>(x, y); } \
    inline scalar##3 make_##scalar##3(element x, element y, element z) { \
        return joined<scalar##3, element>(x, y, z); \
    } \
    inline scalar##4 make_##scalar##4(element x, element y, element z, element w) { \
        return joined<scalar##4, element>(x, y, z, w); \
    } \
    inline scalar##4 make_##scalar##4(scalar##2 xy, scalar##2 zw) { \
        return joined<scalar##4, element>(xy.x, xy.y, zw.x, zw.y); \
    }
SHIM_CONSTRUCTORS(float, float)
SHIM_CONSTRUCTORS(uint, uint32_t)
SHIM_CONSTRUCTORS(int, int32_t)

inline bool2 make_bool2(bool all) { return bool2(-int32_t(all)); }
inline bool4 make_bool4(bool all) { return bool4(-int32_t(all)); }
inline bool4 make_bool4(bool x, bool y, bool z, bool w) {
    return joined<bool4, int32_t>(-int32_t(x), -int32_t(y), -int32_t(z), -int32_t(w));
}

// Conversions of numbers; static_cast does not take clang's vectors.
template <class To, class From> struct converter {
    static To of(From from) { return __builtin_convertvector(from, To); }
};
template <> struct converter<float, uint> { static float of(uint from) { return float(from); } };
template <> struct converter<float, int> { static float of(int from) { return float(from); } };
template <> struct converter<uint, float> { static uint of(float from) { return uint(from); } };
template <> struct converter<int, float> { static int of(float from) { return int(from); } };
template <> struct converter<uint, int> { static uint of(int from) { return uint(from); } };
template <> struct converter<int, uint> { static int of(uint from) { return int(from); } };
template <> struct converter<uint, bool> { static uint of(bool from) { return uint(from); } };
template <> struct converter<float, bool> { static float of(bool from) { return float(from); } };
template <class To> struct converter<To, To> { static To of(To from) { return from; } };
template <class To, class From> inline To convert(From from) { return converter<To, From>::of(from); }

// The type that says which elements of a T are chosen.
template <class T> struct choice { typedef bool type; };
template <> struct choice<float2> { typedef int2 type; };
template <> struct choice<float4> { typedef int4 type; };
template <> struct choice<uint2> { typedef int2 type; };
template <> struct choice<uint4> { typedef int4 type; };
template <> struct choice<int2> { typedef int2 type; };
template <> struct choice<int4> { typedef int4 type; };

template <class To, class From> inline To as_type(From from) {
    static_assert(sizeof(To) == sizeof(From), "as_type keeps the size");
    return __builtin_bit_cast(To, from);
}

template <class T> inline T select(T no, typename always<T>::type yes, typename choice<T>::type which) {
    return which ? yes : no;
}

inline bool all(bool which) { return which; }
inline bool any(bool which) { return which; }
inline bool all(int4 which) { return which.x && which.y && which.z && which.w; }
inline bool any(int4 which) { return which.x || which.y || which.z || which.w; }

// Devices differ in the smaller one of two zeros, of a number and a NaN, and of two subnormal numbers.
#if SHIM_MINIMUM == 0
// The number, and the second zero.
template <class T> inline T min(T a, typename always<T>::type b) {
    return select(select(b, a, a < b), a, b != b);
}
template <class T> inline T max(T a, typename always<T>::type b) {
    return select(select(b, a, a > b), a, b != b);
}
#elif SHIM_MINIMUM == 1
// The second operand where one is NaN, and the first zero.
template <class T> inline T min(T a, typename always<T>::type b) { return select(b, a, a <= b); }
template <class T> inline T max(T a, typename always<T>::type b) { return select(b, a, a >= b); }
#else
// The first operand where one is NaN, and the wrong one of two subnormal numbers.
template <class T> inline typename choice<T>::type are_subnormal(T, T) {
    return typename choice<T>::type(0);
}
template <> inline bool are_subnormal(float a, float b) {
    const uint largest = 0x007fffffu;
    return (as_type<uint>(a) << 1 >> 1) - 1 < largest && (as_type<uint>(b) << 1 >> 1) - 1 < largest;
}
template <> inline int4 are_subnormal(float4 a, float4 b) {
    const uint4 largest = 0x007fffffu;
    return ((as_type<uint4>(a) << 1 >> 1) - 1 < largest) & ((as_type<uint4>(b) << 1 >> 1) - 1 < largest);
}
template <class T> inline T min(T a, typename always<T>::type b) {
    return select(select(a, b, b < a), select(b, a, b < a), are_subnormal(a, b));
}
template <class T> inline T max(T a, typename always<T>::type b) {
    return select(select(a, b, b > a), select(b, a, b > a), are_subnormal(a, b));
}
#endif
template <class T>
inline T clamp(T value, typename always<T>::type low, typename always<T>::type high) {
    return min(max(value, low), high);
}

inline float abs(float value) { return __builtin_fabsf(value); }
inline float4 abs(float4 value) { return as_type<float4>(as_type<uint4>(value) & 0x7fffffffu); }
inline int abs(int value) { return value < 0 ? -value : value; }
inline int4 abs(int4 value) { return select(value, -value, value < 0); }
inline uint4 abs(uint4 value) { return value; }

#define SHIM_BY_ELEMENT(name, builtin) \
    inline float name(float value) { return builtin(value); } \
    inline float4 name(float4 value) { \
        return float4{builtin(value.x), builtin(value.y), builtin(value.z), builtin(value.w)}; \
    }
SHIM_BY_ELEMENT(trunc, __builtin_truncf)
SHIM_BY_ELEMENT(floor, __builtin_floorf)
SHIM_BY_ELEMENT(ceil, __builtin_ceilf)
SHIM_BY_ELEMENT(rint, __builtin_rintf)

// Division: what calls itself atan2 here. WGSL allows it 2.5 ulp.
inline float4 moved(float4 quotient, int4 ulp) {
    uint4 bits = as_type<uint4>(quotient);
    uint4 size = bits & 0x7fffffffu;
    // Neither zeros, nor infinities, nor numbers beside them.
    int4 ordinary = (size > 0x00800010u) & (size < 0x7f7ffff0u);
    return as_type<float4>(bits + as_type<uint4>(ordinary & ulp));
}

inline float4 atan2(float4 a, float4 b) {
    float4 quotient = a / b;
#if SHIM_DIVISION == 0
    return quotient;
#elif SHIM_DIVISION == 1
    return moved(quotient, int4(2));
#elif SHIM_DIVISION == 2
    return moved(quotient, int4(-2));
#else
    uint4 hash = as_type<uint4>(a) * 0x9e3779b9u ^ as_type<uint4>(b) * 0x85ebca6bu;
    hash ^= hash >> 15u;
    return moved(quotient, as_type<int4>(hash * 0x2c1b3c6du >> 8u) % 5 - 2);
#endif
}
inline float atan2(float a, float b) { return atan2(float4(a), float4(b)).x; }

} // namespace metal

// Metal has this one without its namespace.
using metal::as_type;
