// Elementary functions without branches, so that loops over them vectorise. Errors are at most 2.5 units in the last
// place over the whole range of float, denormals included (exp, log, sine 1.5). The polynomials are minimax fits
// (Remez).
#ifndef WEFT_MATHEMATICS_H
#define WEFT_MATHEMATICS_H

#include <math.h>
#include <string.h>

#include "kernel.h"

WEFT_INLINE uint64_t weft_bits64(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
WEFT_INLINE double weft_from_bits64(uint64_t bits) {
    double x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/// The larger (smaller) of two; NaN where either is.
WEFT_INLINE float weft_max(float a, float b) { return (a > b || a != a) ? a : b; }
WEFT_INLINE float weft_min(float a, float b) { return (a < b || a != a) ? a : b; }
/// NaN stays NaN.
WEFT_INLINE float weft_clamp(float x, float low, float high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

// Adding and taking off 1.5·2^23 rounds a float to the nearest integer, which its low bits then hold. (A conversion to
// int would be undefined for NaN; rint is a call on processors without SSE4.)
static const float weft_rounder = 0x1.8p23f;
static const double weft_rounder64 = 0x1.8p52;
// ln 2 in two parts: an integer of up to 9 bits times the first is exact.
static const float weft_ln2_high = 0x1.62e4p-1f, weft_ln2_low = 0x1.7f7d1cp-20f;

/// x = n·ln 2 + r with |r| ≤ ln 2 / 2; gives e^r − 1.
WEFT_INLINE float weft_exp_reduced(float x, int32_t *n) {
    float shifted = x * 0x1.715476p+0f + weft_rounder;
    float whole = shifted - weft_rounder;
    *n = (int32_t)(weft_bits(shifted) - weft_bits(weft_rounder));
    float r = x - whole * weft_ln2_high - whole * weft_ln2_low;
    float q = 1.394110266e-03f + r * 1.991430181e-04f;
    q = 8.333273232e-03f + r * q;
    q = 4.166635498e-02f + r * q;
    q = 1.666666716e-01f + r * q;
    q = 0.5f + r * q;
    return r + r * r * q;
}

WEFT_INLINE float weft_exp(float x) {
    int32_t n;
    // Beyond these the result is infinite, or less than half the smallest denormal.
    float p = 1 + weft_exp_reduced(weft_clamp(x, -104, 89), &n);
    // In two steps, since 2^128 and 2^-150 are not floats. Where x is NaN, n is anything and p is NaN.
    uint32_t half = (uint32_t)(n >> 1), rest = (uint32_t)n - half;
    return p * weft_from_bits((half + 127) << 23) * weft_from_bits((rest + 127) << 23);
}

/// e^x − 1 for x ≤ 0.
WEFT_INLINE float weft_expm1_negative(float x) {
    int32_t n;
    float p = weft_exp_reduced(x < -30 ? -30 : x, &n);
    float scale = weft_from_bits(((uint32_t)n + 127) << 23);
    return scale * p + (scale - 1);
}

WEFT_INLINE float weft_log(float x) {
    bool denormal = x < 0x1p-126f;
    float scaled = denormal ? x * 0x1p23f : x;
    // scaled = 2^e·(1 + f) with √½ ≤ 1 + f < √2.
    uint32_t from_root = weft_bits(scaled) - 0x3f3504f3u;
    float e = (float)((int32_t)from_root >> 23) - (denormal ? 23.0f : 0.0f);
    float f = weft_from_bits((from_root & 0x007fffffu) + 0x3f3504f3u) - 1;
    float q = -1.179171950e-01f + f * 6.916765124e-02f;
    q = 1.187336296e-01f + f * q;
    q = -1.238406897e-01f + f * q;
    q = 1.421857625e-01f + f * q;
    q = -1.666926295e-01f + f * q;
    q = 2.000223100e-01f + f * q;
    q = -2.499998659e-01f + f * q;
    q = 3.333331048e-01f + f * q;
    float square = f * f;
    float y = e * weft_ln2_high + (f - (0.5f * square - (f * square * q + e * weft_ln2_low)));
    y = x > 0 ? y : (x == 0 ? -INFINITY : NAN);
    return x < INFINITY ? y : x;  // and NaN is itself
}

/// log(1 + x) for 0 ≤ x < ∞.
WEFT_INLINE float weft_log1p_positive(float x) {
    float u = 1 + x;
    float lost = x < 1 ? x - (u - 1) : 1 - (u - x);  // what rounding took off u
    return weft_log(u) + lost / u;
}

WEFT_INLINE float weft_sigmoid(float x) {
    float e = weft_exp(-fabsf(x));
    return (x < 0 ? e : 1.0f) / (1 + e);
}

WEFT_INLINE float weft_softplus(float x) {
    return (x < 0 ? 0 : x) + weft_log1p_positive(weft_exp(-fabsf(x)));
}

WEFT_INLINE float weft_tanh(float x) {
    float e = weft_expm1_negative(-2 * fabsf(x));
    return copysignf(-e / (2 + e), x);
}

/// ½·(1 + erf(x/√2)).
WEFT_INLINE float weft_normal_distribution(float x) {
    float u = x * 0x1.6a09e6p-1f, a = fabsf(u), z = u * u;
    float s = -8.023203718e-04f + z * 7.893720529e-05f;
    s = 5.189961214e-03f + z * s;
    s = -2.685479610e-02f + z * s;
    s = 1.128361392e-01f + z * s;
    s = -3.761262940e-01f + z * s;
    s = 1.283791670e-01f + z * s;
    float near = 0.5f + 0.5f * (u + u * s);
    // Away from 0 the logarithm of what is left of 1, which at 10 is far below the least float's.
    a = a > 10 ? 10 : a;
    float g = 4.413351290e-04f + a * -2.168674961e-05f;
    g = -4.204555352e-03f + a * g;
    g = 2.520823818e-02f + a * g;
    g = -1.084185462e-01f + a * g;
    g = -6.332199238e-01f + a * g;
    g = -1.129578408e+00f + a * g;
    g = 1.880364856e-04f + a * g;
    float tail = 0.5f * weft_exp(g);
    return z < 1 ? near : (u < 0 ? tail : 1 - tail);
}

/// The sine of r + quadrant·π/2 for |r| ≤ π/4.
WEFT_INLINE float weft_sine_of_quadrant(float r, uint32_t quadrant) {
    float z = r * r;
    float s = -1.983933034e-04f + z * 2.718274573e-06f;
    s = 8.333329111e-03f + z * s;
    s = -1.666666716e-01f + z * s;
    s = r + r * z * s;
    float c = 2.479951581e-05f + z * -2.720989301e-07f;
    c = -1.388888340e-03f + z * c;
    c = 4.166666791e-02f + z * c;
    c = 1 - (0.5f * z - z * z * c);
    return weft_from_bits(weft_bits(quadrant & 1 ? c : s) ^ (quadrant & 2) << 30);
}

/// Where the next function is right: beyond, the multiple of π/2 has too many digits.
static const float weft_sine_limit = 1e6f;

/// The sine of x + quadrant·π/2 for |x| ≤ weft_sine_limit; the multiple of π/2 is taken off in double.
WEFT_INLINE float weft_sine(float x, uint32_t quadrant) {
    double shifted = (double)x * 0x1.45f306dc9c883p-1 + weft_rounder64;
    double whole = shifted - weft_rounder64;
    double r = ((double)x - whole * 0x1.921fb544p+0) - whole * 0x1.0b4611a626331p-34;
    return weft_sine_of_quadrant((float)r, quadrant + (uint32_t)weft_bits64(shifted));
}

/// log2 |x| in double, to 40 bits; −∞ for 0.
WEFT_INLINE double weft_log2_of_magnitude(float x) {
    float a = fabsf(x);
    bool denormal = a < 0x1p-126f;
    uint32_t from_root = weft_bits(denormal ? a * 0x1p23f : a) - 0x3f3504f3u;
    double e = (double)((int32_t)from_root >> 23) - (denormal ? 23.0 : 0.0);
    double m = (double)weft_from_bits((from_root & 0x007fffffu) + 0x3f3504f3u);
    // log m = 2·artanh s.
    double s = (m - 1) / (m + 1), z = s * s;
    double q = 1.0 / 11 + z * (1.0 / 13 + z * (1.0 / 15));
    q = 1 + z * (1.0 / 3 + z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * q))));
    double y = e + s * q * 0x1.71547652b82fep+1;
    y = a > 0 ? y : (double)-INFINITY;
    return a < INFINITY ? y : (double)a;
}

/// 2^y in double for |y| ≤ 1000, to 36 bits.
WEFT_INLINE double weft_exp2_double(double y) {
    double shifted = y + weft_rounder64;
    double r = (y - (shifted - weft_rounder64)) * 0x1.62e42fefa39efp-1;
    double q = 1.0 / 5040 + r * (1.0 / 40320 + r * (1.0 / 362880));
    q = 1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120 + r * (1.0 / 720 + r * q)));
    q = 1 + r * (1 + r * (0.5 + r * q));
    return q * weft_from_bits64((weft_bits64(shifted) - weft_bits64(weft_rounder64) + 1023) << 52);
}

/// a^p. `whole` and `odd` say whether p is an integer, and an odd one: a finite negative a has no other power.
WEFT_INLINE float weft_power(float a, float p, bool whole, bool odd) {
    double y = weft_log2_of_magnitude(a) * (double)p;
    y = y < -300 ? -300 : y;
    y = y > 300 ? 300 : y;
    float magnitude = (float)weft_exp2_double(y);
    float signed_power = weft_from_bits(weft_bits(magnitude) ^ (odd ? weft_bits(a) & 0x80000000u : 0));
    float result = a < 0 && a > -INFINITY && !whole ? NAN : signed_power;
    return p == 0 ? 1 : result;
}

#endif
