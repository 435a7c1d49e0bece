// bfloat16: the upper half of a float32, its sign, its exponent and 7 bits of its significand.
#ifndef WEFT_BFLOAT16_H
#define WEFT_BFLOAT16_H

#include "kernel.h"

WEFT_INLINE float weft_from_bfloat16(uint16_t x) { return weft_from_bits((uint32_t)x << 16); }

/// To the nearest, of two as near to the even one, as processors do it; NaN stays NaN.
WEFT_INLINE uint16_t weft_to_bfloat16(float x) {
    uint32_t bits = weft_bits(x);
    uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16, quiet = bits >> 16 | 0x40u;
    return (uint16_t)(x != x ? quiet : rounded);
}

// On the calling thread.

void weft_widen_values(float *y, const uint16_t *x, size_t n);
void weft_narrow_values(uint16_t *y, const float *x, size_t n);

#endif
