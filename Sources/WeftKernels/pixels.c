#include <string.h>

#include "kernel.h"

typedef struct {
    void *dst;
    const void *src;
    const int32_t *index;
    size_t row_length;
    // The scale as the sum of two numbers; the first has so few bits that its product with a pixel is exact.
    float scale, rest, offset;
} gathering;

WEFT_CLONES static void run_gather_u8(void *context, size_t begin, size_t end) {
    const gathering *task = context;
    size_t length = task->row_length;
    float scale = task->scale, rest = task->rest, offset = task->offset;
    for (size_t row = begin; row < end; row++) {
        float *restrict dst = (float *)task->dst + row * length;
        const uint8_t *restrict src = (const uint8_t *)task->src + (size_t)task->index[row] * length;
        for (size_t i = 0; i < length; i++) dst[i] = ((float)src[i] * scale + (float)src[i] * rest) + offset;
    }
}

/// Rows of 4-byte elements.
static void run_gather(void *context, size_t begin, size_t end) {
    const gathering *task = context;
    size_t bytes = 4 * task->row_length;
    for (size_t row = begin; row < end; row++) {
        memcpy((char *)task->dst + row * bytes, (const char *)task->src + (size_t)task->index[row] * bytes, bytes);
    }
}

void weft_gather_u8(
    float *dst, const uint8_t *src, const int32_t *index, size_t rows, size_t row_length, double scale, float offset) {
    float leading = (float)scale;
    uint32_t bits;
    memcpy(&bits, &leading, sizeof bits);
    bits &= 0xFFFFFE00;
    memcpy(&leading, &bits, sizeof leading);
    gathering task = {dst, src, index, row_length, leading, (float)(scale - (double)leading), offset};
    weft_parallel_for(rows, 1, weft_row_grain(row_length), run_gather_u8, &task);
}

void weft_gather_f32(float *dst, const float *src, const int32_t *index, size_t rows, size_t row_length) {
    gathering task = {dst, src, index, row_length, 1, 0, 0};
    weft_parallel_for(rows, 1, weft_row_grain(row_length), run_gather, &task);
}

void weft_gather_i32(int32_t *dst, const int32_t *src, const int32_t *index, size_t rows, size_t row_length) {
    gathering task = {dst, src, index, row_length, 1, 0, 0};
    weft_parallel_for(rows, 1, weft_row_grain(row_length), run_gather, &task);
}
