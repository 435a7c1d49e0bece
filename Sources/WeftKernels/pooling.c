#include <string.h>

#include "kernel.h"

// Max pooling whose windows touch neither each other nor the border: every input value belongs to at most one window, so
// that both directions read and write each value once.

typedef struct {
    weft_pooling geometry;
    const float *x;
    float *y;
    uint8_t *index;
    const uint8_t *taken;
    const float *dy;
    float *dx;
} pooling;

// One output pixel's channels. The first of equal maxima counts; NaN wins over every number.
WEFT_INLINE void largest_of_four(
    const float *restrict a, const float *restrict b, const float *restrict c, const float *restrict d,
    float *restrict y, uint8_t *restrict index, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float best = a[i];
        uint32_t place = 0;
        place = b[i] > best || b[i] != b[i] ? 1 : place;
        best = b[i] > best || b[i] != b[i] ? b[i] : best;
        place = c[i] > best || c[i] != c[i] ? 2 : place;
        best = c[i] > best || c[i] != c[i] ? c[i] : best;
        place = d[i] > best || d[i] != d[i] ? 3 : place;
        best = d[i] > best || d[i] != d[i] ? d[i] : best;
        y[i] = best;
        index[i] = (uint8_t)place;
    }
}

WEFT_INLINE void keep_larger(
    const float *restrict x, uint8_t place, float *restrict y, uint8_t *restrict index, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool larger = x[i] > y[i] || x[i] != x[i];
        y[i] = larger ? x[i] : y[i];
        index[i] = larger ? place : index[i];
    }
}

// `channels` apart from the geometry, so that the common blocks of 16 and 8 are constants.
WEFT_INLINE void forward_row(const pooling *p, size_t row, size_t channels) {
    const weft_pooling *g = &p->geometry;
    size_t line = g->width * channels;
    const float *x = p->x + (row / g->out_height * g->height + row % g->out_height * g->size_height) * line;
    float *y = p->y + row * g->out_width * channels;
    uint8_t *index = p->index + row * g->out_width * channels;
    for (size_t column = 0; column < g->out_width; column++) {
        const float *corner = x + column * g->size_width * channels;
        if (g->size_height == 2 && g->size_width == 2) {
            largest_of_four(corner, corner + channels, corner + line, corner + line + channels, y, index, channels);
        } else {
            memcpy(y, corner, channels * sizeof(float));
            memset(index, 0, channels);
            for (size_t place = 1; place < g->size_height * g->size_width; place++)
                keep_larger(
                    corner + place / g->size_width * line + place % g->size_width * channels, (uint8_t)place, y, index,
                    channels);
        }
        y += channels;
        index += channels;
    }
}

WEFT_CLONES static void forward_rows(void *context, size_t begin, size_t end) {
    const pooling *p = context;
    if (p->geometry.channels == 16)
        for (size_t row = begin; row < end; row++) forward_row(p, row, 16);
    else if (p->geometry.channels == 8)
        for (size_t row = begin; row < end; row++) forward_row(p, row, 8);
    else
        for (size_t row = begin; row < end; row++) forward_row(p, row, p->geometry.channels);
}

WEFT_INLINE void put_where_taken(
    const float *restrict dy, const uint8_t *restrict taken, uint8_t place, float *restrict dx, size_t count) {
    for (size_t i = 0; i < count; i++) {
        float value = dy[i];
        dx[i] = taken[i] == place ? value : 0;
    }
}

WEFT_INLINE void backward_row(const pooling *p, size_t row, size_t channels) {
    const weft_pooling *g = &p->geometry;
    size_t line = g->width * channels;
    size_t plane = row / g->out_height, out_row = row % g->out_height;
    float *dx = p->dx + (plane * g->height + out_row * g->size_height) * line;
    const float *dy = p->dy + row * g->out_width * channels;
    const uint8_t *taken = p->taken + row * g->out_width * channels;
    size_t covered = g->out_width * g->size_width * channels;
    for (size_t y = 0; y < g->size_height; y++) {
        for (size_t column = 0; column < g->out_width; column++)
            for (size_t x = 0; x < g->size_width; x++)
                put_where_taken(
                    dy + column * channels, taken + column * channels, (uint8_t)(y * g->size_width + x),
                    dx + y * line + (column * g->size_width + x) * channels, channels);
        // Columns that no window reached.
        memset(dx + y * line + covered, 0, (line - covered) * sizeof(float));
    }
    // The last row of windows also clears the lines below it.
    if (out_row + 1 == g->out_height) {
        size_t used = g->out_height * g->size_height;
        memset(p->dx + (plane * g->height + used) * line, 0, (g->height - used) * line * sizeof(float));
    }
}

WEFT_CLONES static void backward_rows(void *context, size_t begin, size_t end) {
    const pooling *p = context;
    if (p->geometry.channels == 16)
        for (size_t row = begin; row < end; row++) backward_row(p, row, 16);
    else if (p->geometry.channels == 8)
        for (size_t row = begin; row < end; row++) backward_row(p, row, 8);
    else
        for (size_t row = begin; row < end; row++) backward_row(p, row, p->geometry.channels);
}

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
