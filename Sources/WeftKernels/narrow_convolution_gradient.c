#include "narrow_convolution.h"

// The gradient of the kernel of a convolution to few channels.
// Of 16 registers the sums leave enough for the factors.
enum { SUMS = 9, PARTS = 8 };

typedef double totals[LANES];

static size_t parts_of(const weft_convolution *g) { return weft_smaller(PARTS, g->samples); }

// The output columns whose windows lie within the image, of some taps side by side.
typedef struct {
    size_t first, last;
} columns;

WEFT_INLINE columns inside(const weft_convolution *g, size_t tap, size_t taps) {
    size_t stride = g->stride_width, moved = tap * g->dilation_width, reach = (tap + taps - 1) * g->dilation_width;
    size_t first = g->padding_left > moved ? (g->padding_left - moved + stride - 1) / stride : 0;
    size_t end = g->width + g->padding_left;
    size_t last = end > reach ? (end - reach - 1) / stride + 1 : 0;
    first = weft_smaller(first, g->out_width);
    return (columns){first, weft_larger(first, weft_smaller(last, g->out_width))};
}

/// Whether a tap of an output's window lies within the image; and where.
WEFT_INLINE bool is_inside(size_t at, size_t padding, size_t size, size_t *place) {
    *place = at - padding;
    return at >= padding && at - padding < size;
}

// Tasks are a vector of channels times a part of the samples. Sums over a row are floats in registers, all others doubles;
// the parts' number depends on the lengths alone and they are put together in order.
typedef struct {
    weft_convolution geometry;
    const float *x, *dy;
    totals *partial;  // of each task, place and output
} gradient;

/// Adds the share of an output to those of some taps side by side.
WEFT_INLINE void add_output(const float *x, size_t step, const float *dy, size_t taps, size_t outputs, lanes *sums) {
    for (size_t t = 0; t < taps; t++) {
        lanes values = *(const lanes *)(x + t * step);
        for (size_t o = 0; o < outputs; o++) sums[t * outputs + o] += values * dy[o];
    }
}

// Rows of the image, one for each of some rows of the window.
typedef struct {
    const float *first;
    size_t step, count;
} lines;

/// Adds what an output has part in, at an image's border: each tap is looked at.
WEFT_INLINE void add_border(
    const weft_convolution *g, lines l, const float *dy, size_t column, size_t tap, size_t taps, size_t outputs,
    lanes *sums) {
    for (size_t t = 0, x; t < taps; t++) {
        size_t at = column * g->stride_width + (tap + t) * g->dilation_width;
        if (!is_inside(at, g->padding_left, g->width, &x)) continue;
        for (size_t r = 0; r < l.count; r++)
            add_output(
                l.first + r * l.step + x * g->block, 0, dy + column * outputs, 1, outputs,
                sums + (r * taps + t) * outputs);
    }
}

/// Adds what a row of the output has part in: some taps side by side, of some rows of the window.
WEFT_INLINE void add_taps(
    const weft_convolution *g, lines l, const float *dy, size_t tap, size_t taps, size_t outputs, totals *total) {
    lanes sums[SUMS];
    for (size_t s = 0; s < l.count * taps * outputs; s++) sums[s] = (lanes){0};
    size_t step = g->dilation_width * g->block;
    columns whole = inside(g, tap, taps);
    for (size_t column = 0; column < whole.first; column++) add_border(g, l, dy, column, tap, taps, outputs, sums);
    for (size_t column = whole.first; column < whole.last; column++) {
        size_t at = column * g->stride_width + tap * g->dilation_width - g->padding_left;
        const float *from = l.first + at * g->block;
        for (size_t r = 0; r < l.count; r++)
            add_output(from + r * l.step, step, dy + column * outputs, taps, outputs, sums + r * taps * outputs);
    }
    for (size_t column = whole.last; column < g->out_width; column++)
        add_border(g, l, dy, column, tap, taps, outputs, sums);
    for (size_t s = 0; s < l.count * taps * outputs; s++) {
        size_t at = (s / (taps * outputs) * g->kernel_width + tap) * outputs + s % (taps * outputs);
        for (size_t i = 0; i < LANES; i++) total[at][i] += sums[s][i];
    }
}

WEFT_INLINE void add_lines(const weft_convolution *g, lines l, const float *dy, size_t outputs, totals *total) {
    size_t tap = 0, most = outputs == 4 ? 2 : 3;
    for (; tap + most <= g->kernel_width; tap += most) add_taps(g, l, dy, tap, most, outputs, total);
    for (; tap < g->kernel_width; tap++) add_taps(g, l, dy, tap, 1, outputs, total);
}

/// Of a row of the output: as many rows of the window at once as there are registers for.
WEFT_INLINE void add_row(
    const weft_convolution *g, const float *plane, size_t row, const float *dy, size_t outputs, totals *total) {
    size_t length = g->kernel_width * outputs, y;
    for (size_t i = 0, count; i < g->kernel_height; i += count) {
        count = 1;
        if (!is_inside(row * g->stride_height + i * g->dilation_height, g->padding_top, g->height, &y)) continue;
        lines l = {plane + y * g->width * g->block, g->dilation_height * g->width * g->block, 1};
        size_t left = weft_smaller(g->kernel_height - i, (g->height - 1 - y) / g->dilation_height + 1);
        if (outputs == 1 && left >= 3)
            add_lines(g, (lines){l.first, l.step, count = 3}, dy, 1, total + i * length);
        else if (outputs == 1 && left == 2)
            add_lines(g, (lines){l.first, l.step, count = 2}, dy, 1, total + i * length);
        else
            add_lines(g, (lines){l.first, l.step, 1}, dy, outputs, total + i * length);
    }
}

WEFT_INLINE void run_task(const gradient *c, size_t vector, size_t part, size_t outputs, totals *total) {
    const weft_convolution *g = &c->geometry;
    memset(total, 0, places_of(g) * outputs * sizeof(totals));
    size_t last = g->samples * (part + 1) / parts_of(g);
    for (size_t sample = g->samples * part / parts_of(g); sample < last; sample++) {
        const float *plane = plane_of(g, c->x, sample, vector);
        for (size_t row = 0; row < g->out_height; row++) {
            const float *dy = c->dy + (sample * g->out_height + row) * g->out_width * outputs;
            add_row(g, plane, row, dy, outputs, total);
        }
    }
}

WEFT_CLONES static void run_tasks(void *context, size_t begin, size_t end) {
    const gradient *c = context;
    size_t parts = parts_of(&c->geometry), length = places_of(&c->geometry) * c->geometry.outputs;
    for (size_t task = begin; task < end; task++) {
        totals *total = c->partial + task * length;
        switch (c->geometry.outputs) {
            case 1: run_task(c, task / parts, task % parts, 1, total); break;
            case 2: run_task(c, task / parts, task % parts, 2, total); break;
            case 3: run_task(c, task / parts, task % parts, 3, total); break;
            default: run_task(c, task / parts, task % parts, 4, total);
        }
    }
}

/// Puts the parts together.
static void finish(const gradient *c, float *dk) {
    const weft_convolution *g = &c->geometry;
    size_t parts = parts_of(g), length = places_of(g) * g->outputs;
    for (size_t channel = 0; channel < g->inputs; channel++) {
        const totals *first = c->partial + channel / LANES * parts * length;
        for (size_t at = 0; at < length; at++) {
            double total = 0;
            for (size_t part = 0; part < parts; part++) total += first[part * length + at][channel % LANES];
            dk[(at / g->outputs * g->inputs + channel) * g->outputs + at % g->outputs] = (float)total;
        }
    }
}

size_t weft_narrow_convolution_gradient_scratch(const weft_convolution *geometry) {
    return vectors_of(geometry) * parts_of(geometry) * places_of(geometry) * geometry->outputs * sizeof(totals);
}

void weft_narrow_convolution_kernel_gradient(
    const weft_convolution *geometry, const float *x, const float *dy, float *dk, void *scratch) {
    gradient context = {.geometry = *geometry, .x = x, .dy = dy, .partial = scratch};
    size_t tasks = vectors_of(geometry) * parts_of(geometry);
    size_t products = geometry->samples * geometry->out_height * geometry->out_width * places_of(geometry)
                      * geometry->outputs / PARTS;
    weft_parallel_for(tasks, 1, 1 + WEFT_GRAIN / weft_larger(1, products), run_tasks, &context);
    finish(&context, dk);
}
