#include <assert.h>
#include <string.h>

#include "kernel.h"

// A strip is up to 32 rows of the two innermost dimensions; where a row of the source is spread out, it is copied in
// squares of 32, which touch each cache line once.
enum { STRIP = 32 };

typedef struct {
    size_t length;
    ptrdiff_t to, from;  // strides
} dimension;

typedef struct {
    float *dst;
    const float *src;
    dimension outer[WEFT_MAX_RANK];
    int outer_rank;
    dimension rows, columns;
    size_t strips;  // of one plane
} strided_copy;

WEFT_CLONES static void copy_square(
    float *dst, const float *src, size_t rows, size_t columns, const dimension *row, const dimension *column) {
    for (size_t i = 0; i < rows; i++) {
        float *to = dst + (ptrdiff_t)i * row->to;
        const float *from = src + (ptrdiff_t)i * row->from;
        ptrdiff_t step = column->from;
        if (column->to == 1) {
            for (size_t j = 0; j < columns; j++) to[j] = from[(ptrdiff_t)j * step];
        } else {
            for (size_t j = 0; j < columns; j++) to[(ptrdiff_t)j * column->to] = from[(ptrdiff_t)j * step];
        }
    }
}

static void copy_strip(const strided_copy *copy, float *dst, const float *src, size_t rows) {
    const dimension *row = &copy->rows, *column = &copy->columns;
    bool contiguous = column->to == 1 && column->from == 1;
    if (contiguous && column->length >= 16) {
        for (size_t i = 0; i < rows; i++) {
            float *to = dst + (ptrdiff_t)i * row->to;
            memcpy(to, src + (ptrdiff_t)i * row->from, column->length * sizeof(float));
        }
        return;
    }
    for (size_t j = 0; j < column->length; j += STRIP) {
        ptrdiff_t skip = (ptrdiff_t)j;
        size_t width = weft_smaller(STRIP, column->length - j);
        copy_square(dst + skip * column->to, src + skip * column->from, rows, width, row, column);
    }
}

static void run_strips(void *context, size_t begin, size_t end) {
    const strided_copy *copy = context;
    for (size_t task = begin; task < end; task++) {
        size_t first = task % copy->strips * STRIP, plane = task / copy->strips;
        float *dst = copy->dst + (ptrdiff_t)first * copy->rows.to;
        const float *src = copy->src + (ptrdiff_t)first * copy->rows.from;
        for (int d = copy->outer_rank - 1; d >= 0; d--) {
            ptrdiff_t index = (ptrdiff_t)(plane % copy->outer[d].length);
            plane /= copy->outer[d].length;
            dst += index * copy->outer[d].to;
            src += index * copy->outer[d].from;
        }
        copy_strip(copy, dst, src, weft_smaller(STRIP, copy->rows.length - first));
    }
}

static size_t distance(ptrdiff_t stride) { return stride < 0 ? (size_t)-stride : (size_t)stride; }

/// The dimensions by falling stride of the destination, without those of length 1, neighbours merged that are one run
/// in both.
static int simplify(
    dimension *dims, const ptrdiff_t *dst_strides, const ptrdiff_t *src_strides, const size_t *lengths, int rank) {
    int kept = 0;
    for (int d = 0; d < rank; d++) {
        if (lengths[d] == 1) continue;
        dimension dim = {lengths[d], dst_strides[d], src_strides[d]};
        int place = kept++;
        for (; place > 0 && distance(dims[place - 1].to) < distance(dim.to); place--) dims[place] = dims[place - 1];
        dims[place] = dim;
    }
    int merged = 0;
    for (int d = 0; d < kept; d++) {
        dimension *last = merged > 0 ? &dims[merged - 1] : NULL;
        ptrdiff_t length = (ptrdiff_t)dims[d].length;
        if (last && last->to == dims[d].to * length && last->from == dims[d].from * length) {
            *last = (dimension){last->length * dims[d].length, dims[d].to, dims[d].from};
        } else {
            dims[merged++] = dims[d];
        }
    }
    return merged;
}

/// Takes out of `dims` the one that is to be the rows of a plane: where the columns are spread out in the source, the
/// one that is densest there, so that a square reads whole cache lines; else the innermost.
static dimension take_rows(dimension *dims, int *rank, bool spread) {
    if (*rank == 0) return (dimension){1, 0, 0};
    int best = *rank - 1;
    for (int d = *rank - 1; spread && d >= 0; d--) {
        if (distance(dims[d].from) < distance(dims[best].from)) best = d;
    }
    dimension rows = dims[best];
    for (int d = best; d + 1 < *rank; d++) dims[d] = dims[d + 1];
    *rank -= 1;
    return rows;
}

void weft_copy_strided(
    float *dst, const ptrdiff_t *dst_strides, const float *src, const ptrdiff_t *src_strides, const size_t *dims,
    int rank) {
    assert(rank <= WEFT_MAX_RANK);
    for (int d = 0; d < rank; d++) {
        if (dims[d] == 0) return;
    }
    strided_copy copy = {.dst = dst, .src = src, .columns = {1, 1, 1}};
    copy.outer_rank = simplify(copy.outer, dst_strides, src_strides, dims, rank);
    if (copy.outer_rank > 0) copy.columns = copy.outer[--copy.outer_rank];
    copy.rows = take_rows(copy.outer, &copy.outer_rank, distance(copy.columns.from) > 1);
    copy.strips = (copy.rows.length + STRIP - 1) / STRIP;
    size_t count = copy.strips;
    for (int d = 0; d < copy.outer_rank; d++) count *= copy.outer[d].length;
    size_t strip = weft_smaller(STRIP, copy.rows.length) * copy.columns.length;
    weft_parallel_for(count, 1, weft_row_grain(strip), run_strips, &copy);
}

typedef struct {
    float *dst;
    float value;
} filling;

WEFT_CLONES static void run_fill(void *context, size_t begin, size_t end) {
    const filling *fill = context;
    float *dst = fill->dst, value = fill->value;
    for (size_t i = begin; i < end; i++) dst[i] = value;
}

void weft_fill(float *dst, float value, size_t count) {
    filling fill = {dst, value};
    weft_parallel_for(count, 16, WEFT_GRAIN, run_fill, &fill);
}
