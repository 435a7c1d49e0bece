#include <string.h>

#include "bfloat16.h"

// Max pooling whose windows touch neither each other nor the border: every input value belongs to at most one window, so
// that both directions read and write each value once.

#define VALUE float
#define NAME(function) function
#define IS_LARGER(a, b) ((a) > (b) || (a) != (a))
#include "pooling_values.h"
#undef VALUE
#undef NAME
#undef IS_LARGER

WEFT_INLINE bool is_larger_bfloat16(uint16_t a, uint16_t b) {
    float x = weft_from_bfloat16(a);
    return x > weft_from_bfloat16(b) || x != x;
}

#define VALUE uint16_t
#define NAME(function) function##_bfloat16
#define IS_LARGER(a, b) is_larger_bfloat16(a, b)
#include "pooling_values.h"

static size_t rows_worth_a_thread(const weft_pooling *g) {
    size_t values = g->size_height * g->width * g->channels;
    return 1 + 16384 / (values ? values : 1);
}

void weft_max_pooling(const weft_pooling *geometry, const float *x, float *y, uint8_t *index) {
    pooling context = {.geometry = *geometry, .x = x, .y = y, .index = index};
    size_t rows = geometry->planes * geometry->out_height;
    weft_parallel_for(rows, 1, rows_worth_a_thread(geometry), forward_rows, &context);
}

void weft_max_pooling_gradient(const weft_pooling *geometry, const float *dy, const uint8_t *index, float *dx) {
    pooling context = {.geometry = *geometry, .dy = dy, .taken = index, .dx = dx};
    size_t rows = geometry->planes * geometry->out_height;
    weft_parallel_for(rows, 1, rows_worth_a_thread(geometry), backward_rows, &context);
}

void weft_max_pooling_bfloat16(const weft_pooling *geometry, const uint16_t *x, uint16_t *y, uint8_t *index) {
    pooling_bfloat16 context = {.geometry = *geometry, .x = x, .y = y, .index = index};
    size_t rows = geometry->planes * geometry->out_height;
    weft_parallel_for(rows, 1, rows_worth_a_thread(geometry), forward_rows_bfloat16, &context);
}

void weft_max_pooling_gradient_bfloat16(
    const weft_pooling *geometry, const uint16_t *dy, const uint8_t *index, uint16_t *dx) {
    pooling_bfloat16 context = {.geometry = *geometry, .dy = dy, .taken = index, .dx = dx};
    size_t rows = geometry->planes * geometry->out_height;
    weft_parallel_for(rows, 1, rows_worth_a_thread(geometry), backward_rows_bfloat16, &context);
}
