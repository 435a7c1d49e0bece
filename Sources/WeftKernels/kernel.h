// What every kernel file shares.
#ifndef WEFT_KERNEL_H
#define WEFT_KERNEL_H

#include <string.h>

#include "WeftKernels.h"

// Multiplications and additions are rounded one by one, but where the source says otherwise (__builtin_elementwise_fma): left to
// the compiler, the last bit would depend on which of the clones below a processor runs; so they all give the same bits, and so
// does a loop's vector body and its tail.
#pragma STDC FP_CONTRACT OFF

// A hot loop is compiled for AVX-512, for AVX2 and for every x86-64; the loader picks one.
#if defined(__linux__) && defined(__x86_64__)
#define WEFT_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WEFT_CLONES
#endif

#define WEFT_INLINE static inline __attribute__((always_inline))

// Before a loop whose iterations are independent although an output may be the same memory as an input: iteration i
// reads and writes element i only, which `restrict` cannot express.
#define WEFT_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")

WEFT_INLINE size_t weft_smaller(size_t a, size_t b) { return a < b ? a : b; }
WEFT_INLINE size_t weft_larger(size_t a, size_t b) { return a > b ? a : b; }

// A number by the pattern of its bits.
WEFT_INLINE uint32_t weft_bits(float x) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
WEFT_INLINE float weft_from_bits(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/// Below this number of cheap element updates a second thread costs more than it saves.
enum { WEFT_GRAIN = 32768 };

/// The smallest number of rows worth a thread of their own.
WEFT_INLINE size_t weft_row_grain(size_t row_length) { return weft_larger(1, WEFT_GRAIN / weft_larger(1, row_length)); }

typedef void (*weft_range_body)(void *context, size_t begin, size_t end);

/// Calls `body` for ranges that together make up 0..<count, one for each thread, each starting at a multiple of
/// `alignment`; one call for all of it where count ≤ grain.
void weft_parallel_for(size_t count, size_t alignment, size_t grain, weft_range_body body, void *context);

/// The same in two phases: `second` is called for a range after `first` was called for every one.
void weft_parallel_phases(
    size_t count, size_t alignment, size_t grain, weft_range_body first, weft_range_body second, void *context);

/// Whether no element is NaN or infinite, on the calling thread.
bool weft_is_below(const float *x, size_t n, float limit);

#endif
