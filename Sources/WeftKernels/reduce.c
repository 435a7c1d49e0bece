#include <math.h>

#include "kernel.h"

// A tile is up to 128 neighbouring columns; its accumulators are doubles, so that a sum is off by its final rounding
// alone. Where there are fewer columns, as many rows as fit are taken at once and folded at the end.
enum { TILE = 128, MAX_PARTS = 16, ROWS_OF_A_PART = 512 };

typedef struct {
    weft_reduction kind;
    const float *x;
    float *y;
    size_t middle, inner;
    size_t tiles, parts;
    // Of one tile, when its rows are divided among threads.
    size_t outer_index, tile;
    double (*partial)[TILE];
} reduction;

WEFT_INLINE double combine(bool maximum, double acc, double x) {
    if (!maximum) return acc + x;
    return (acc >= x || acc != acc) ? acc : x;
}

/// acc[0..<width] = reduction of `rows` rows that are `stride` apart.
WEFT_INLINE void reduce_rows(bool maximum, const float *x, size_t rows, size_t stride, size_t width, double *acc) {
    bool whole_rows = stride == width;
    size_t at_once = whole_rows ? weft_larger(1, weft_smaller(TILE / width, rows)) : 1;
    size_t lanes = width * at_once, row = 0;
    for (size_t l = 0; l < lanes; l++) acc[l] = maximum ? (double)-INFINITY : 0;
    for (; row + at_once <= rows; row += at_once) {
        const float *from = x + row * stride;
        for (size_t l = 0; l < lanes; l++) acc[l] = combine(maximum, acc[l], (double)from[l]);
    }
    for (size_t l = 0; l < (rows - row) * width; l++) acc[l] = combine(maximum, acc[l], (double)x[row * stride + l]);
    for (size_t block = 1; block < at_once; block++) {
        for (size_t l = 0; l < width; l++) acc[l] = combine(maximum, acc[l], acc[block * width + l]);
    }
}

WEFT_CLONES static void reduce_sum(const float *x, size_t rows, size_t stride, size_t width, double *acc) {
    reduce_rows(false, x, rows, stride, width, acc);
}
WEFT_CLONES static void reduce_max(const float *x, size_t rows, size_t stride, size_t width, double *acc) {
    reduce_rows(true, x, rows, stride, width, acc);
}

/// Reduces rows begin..<end of a tile and tells its width.
static size_t reduce_tile(const reduction *r, size_t outer, size_t tile, size_t begin, size_t end, double *acc) {
    size_t column = tile * TILE, width = weft_smaller(TILE, r->inner - column);
    const float *x = r->x + (outer * r->middle + begin) * r->inner + column;
    (r->kind == WEFT_MAX ? reduce_max : reduce_sum)(x, end - begin, r->inner, width, acc);
    return width;
}

static void store(const reduction *r, size_t outer, size_t tile, size_t width, const double *acc) {
    float *y = r->y + outer * r->inner + tile * TILE;
    double divisor = r->kind == WEFT_MEAN ? (double)r->middle : 1;
    for (size_t l = 0; l < width; l++) y[l] = (float)(acc[l] / divisor);
}

static void run_tiles(void *context, size_t begin, size_t end) {
    const reduction *r = context;
    double acc[TILE];
    for (size_t task = begin; task < end; task++) {
        size_t outer = task / r->tiles, tile = task % r->tiles;
        store(r, outer, tile, reduce_tile(r, outer, tile, 0, r->middle, acc), acc);
    }
}

static void run_parts(void *context, size_t begin, size_t end) {
    const reduction *r = context;
    for (size_t part = begin; part < end; part++) {
        size_t from = r->middle * part / r->parts, to = r->middle * (part + 1) / r->parts;
        reduce_tile(r, r->outer_index, r->tile, from, to, r->partial[part]);
    }
}

/// A long tile: its rows in parts, whose number depends on the lengths alone, put together in order.
static void reduce_in_parts(reduction *r, size_t outer, size_t tile) {
    double partial[MAX_PARTS][TILE];
    r->outer_index = outer;
    r->tile = tile;
    r->partial = partial;
    weft_parallel_for(r->parts, 1, 1, run_parts, r);
    size_t width = weft_smaller(TILE, r->inner - tile * TILE);
    for (size_t part = 1; part < r->parts; part++) {
        for (size_t l = 0; l < width; l++) {
            partial[0][l] = combine(r->kind == WEFT_MAX, partial[0][l], partial[part][l]);
        }
    }
    store(r, outer, tile, width, partial[0]);
}

void weft_reduce(weft_reduction kind, const float *x, float *y, size_t outer, size_t middle, size_t inner) {
    if (outer == 0 || inner == 0) return;
    reduction r = {.kind = kind, .x = x, .y = y, .middle = middle, .inner = inner};
    r.tiles = (inner + TILE - 1) / TILE;
    size_t tile_size = middle * weft_smaller(TILE, inner);
    r.parts = weft_larger(1, weft_smaller(MAX_PARTS, tile_size / (ROWS_OF_A_PART * TILE)));
    if (r.parts == 1) {
        weft_parallel_for(outer * r.tiles, 1, weft_row_grain(tile_size), run_tiles, &r);
        return;
    }
    for (size_t o = 0; o < outer; o++) {
        for (size_t tile = 0; tile < r.tiles; tile++) reduce_in_parts(&r, o, tile);
    }
}
