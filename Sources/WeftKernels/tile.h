// The innermost loop of products: a tile of a result, summed up in registers.
#ifndef WEFT_TILE_H
#define WEFT_TILE_H

#include "kernel.h"

// With 16 vector registers: 12 hold sums, two a row of the right factor, one a number of the left.
enum { TILE_ROWS = 6, TILE_LANES = 8, TILE_VECTORS = 2, TILE_COLUMNS = TILE_LANES * TILE_VECTORS };

typedef float tile_lanes __attribute__((vector_size(TILE_LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t tile_bits __attribute__((vector_size(TILE_LANES * sizeof(int32_t))));
typedef struct {
    tile_lanes sums[TILE_ROWS][TILE_VECTORS];
} tile;

// The multiplication and the addition round once, on every processor: one without the instruction calculates it.
WEFT_INLINE void tile_add(tile *t, size_t row, float left, const float *right) {
    for (size_t v = 0; v < TILE_VECTORS; v++) {
        tile_lanes factor = {left, left, left, left, left, left, left, left};
        t->sums[row][v] = __builtin_elementwise_fma(
            factor, *(const tile_lanes *)(right + v * TILE_LANES), t->sums[row][v]);
    }
}

/// Adds Σ left[r][i] · right[i][c] over i < length, for rows that lie anywhere.
WEFT_INLINE void tile_add_rows(tile *t, const float *const *left, const float *right, size_t length) {
    tile local = *t;
    const float *a0 = left[0], *a1 = left[1], *a2 = left[2], *a3 = left[3], *a4 = left[4], *a5 = left[5];
    for (size_t i = 0; i < length; i++, right += TILE_COLUMNS) {
        tile_add(&local, 0, a0[i], right);
        tile_add(&local, 1, a1[i], right);
        tile_add(&local, 2, a2[i], right);
        tile_add(&local, 3, a3[i], right);
        tile_add(&local, 4, a4[i], right);
        tile_add(&local, 5, a5[i], right);
    }
    *t = local;
}

/// Adds Σ left[i][r] · right[i][c] over i < length, for the tile's first `rows`; one row of the left factor is `stride`
/// values behind the other.
WEFT_INLINE void tile_add_columns(
    tile *t, size_t rows, const float *left, size_t stride, const float *right, size_t length) {
    tile local = *t;
    for (size_t i = 0; i < length; i++, left += stride, right += TILE_COLUMNS)
        for (size_t r = 0; r < rows; r++) tile_add(&local, r, left[r], right);
    *t = local;
}

/// What follows the sums: a bias of eight channels, unless it is NULL, then what is negative is multiplied by `slope`.
WEFT_INLINE void tile_finish(tile_lanes *value, const float *bias, float slope) {
    if (bias) *value += *(const tile_lanes *)bias;
    if (slope == 1) return;
    // Not a number stays not a number.
    tile_bits negative = *value <= 0, kept = (tile_bits)*value & ~negative;
    if (slope != 0) kept |= (tile_bits)(*value * slope) & negative;
    *value = (tile_lanes)kept;
}

#endif
