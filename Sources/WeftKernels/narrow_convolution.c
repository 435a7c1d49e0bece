#include <string.h>

#include "kernel.h"

// Convolutions to few channels, as in a generator's last layer, and the gradient of their kernel. The input channels are
// the vector's lanes, since there are too few output channels for that; sums over the lanes come last.
// Of 16 registers the sums leave enough for the factors.
enum { LANES = 8, MOST_SUMS = 12, SUMS = 9, ROW = 256, PARTS = 8 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float))));
typedef double totals[LANES];

static size_t vectors_of(const weft_convolution *g) { return (g->inputs + LANES - 1) / LANES; }
static size_t parts_of(const weft_convolution *g) { return weft_smaller(PARTS, g->samples); }
static size_t places_of(const weft_convolution *g) { return g->kernel_height * g->kernel_width; }

/// The first pixel of a vector of channels; the next one is `block` values on.
WEFT_INLINE const float *plane_of(const weft_convolution *g, const float *x, size_t sample, size_t vector) {
    size_t blocks = (g->inputs + g->block - 1) / g->block, channel = vector * LANES;
    return x + (sample * blocks + channel / g->block) * g->height * g->width * g->block + channel % g->block;
}

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

// MARK: Forward

typedef struct {
    weft_convolution geometry;
    const float *x;
    const float *kernel;  // of each vector of channels, place and output: the lanes
    float *y;
} forward;

static void arrange_kernel(const weft_convolution *g, const float *kernel, bool transposed, float *arranged) {
    size_t places = places_of(g);
    for (size_t channel = 0; channel < vectors_of(g) * LANES; channel++)
        for (size_t place = 0; place < places; place++)
            for (size_t o = 0; o < g->outputs; o++) {
                size_t at = transposed ? ((places - 1 - place) * g->outputs + o) * g->inputs + channel
                                       : (place * g->inputs + channel) * g->outputs + o;
                size_t to = ((channel / LANES * places + place) * g->outputs + o) * LANES + channel % LANES;
                arranged[to] = channel < g->inputs ? kernel[at] : 0;
            }
}

WEFT_INLINE void add_products(
    const float *x, size_t step, const float *kernel, size_t pixels, size_t outputs, lanes *sums) {
    for (size_t p = 0; p < pixels; p++) {
        lanes values = *(const lanes *)(x + p * step);
        for (size_t o = 0; o < outputs; o++) {
            lanes *sum = sums + p * outputs + o;
            *sum = __builtin_elementwise_fma(values, *(const lanes *)(kernel + o * LANES), *sum);
        }
    }
}

// Of a row of the window.
typedef struct {
    size_t first, last;
} taps;

/// The taps of an output's window that lie within the image.
WEFT_INLINE taps taps_inside(const weft_convolution *g, size_t column) {
    size_t at = column * g->stride_width, step = g->dilation_width, end = g->width + g->padding_left;
    size_t first = at < g->padding_left ? (g->padding_left - at + step - 1) / step : 0;
    size_t last = at < end ? weft_smaller((end - at - 1) / step + 1, g->kernel_width) : 0;
    return (taps){weft_smaller(first, last), last};
}

/// Adds a vector's share to the sums of some neighbouring outputs, in registers.
WEFT_INLINE void run_pixels(
    const weft_convolution *g, const float *plane, const float *kernel, size_t row, size_t column, taps t,
    size_t pixels, size_t outputs, lanes *all) {
    if (t.first == t.last) return;
    lanes sums[MOST_SUMS];
    for (size_t s = 0; s < pixels * outputs; s++) sums[s] = all[s];
    size_t step = g->stride_width * g->block, places = g->kernel_width * outputs * LANES;
    size_t first = (column * g->stride_width + t.first * g->dilation_width - g->padding_left) * g->block;
    for (size_t i = 0, y; i < g->kernel_height; i++, kernel += places) {
        if (!is_inside(row * g->stride_height + i * g->dilation_height, g->padding_top, g->height, &y)) continue;
        const float *values = plane + y * g->width * g->block + first;
        for (size_t j = t.first; j < t.last; j++, values += g->dilation_width * g->block)
            add_products(values, step, kernel + j * outputs * LANES, pixels, outputs, sums);
    }
    for (size_t s = 0; s < pixels * outputs; s++) all[s] = sums[s];
}

/// The same for outputs whose windows lie within the image, in groups of much the same size: of a few sums at a time, each
/// waits for the one before it.
///
/// - Parameter most: outputs for whose sums there are registers.
WEFT_INLINE void run_whole(
    const weft_convolution *g, const float *plane, const float *kernel, size_t row, columns whole, size_t most,
    size_t outputs, lanes *all) {
    size_t count = whole.last - whole.first, groups = (count + most - 1) / most;
    taps t = {0, g->kernel_width};
    for (size_t group = 0; group < groups; group++) {
        size_t start = count * group / groups, pixels = count * (group + 1) / groups - start;
        size_t column = whole.first + start;
        lanes *to = all + start * outputs;
        // The compiler leaves out those that are larger than the most.
        if (most >= 12 && pixels == 12) run_pixels(g, plane, kernel, row, column, t, 12, outputs, to);
        else if (most >= 11 && pixels == 11) run_pixels(g, plane, kernel, row, column, t, 11, outputs, to);
        else if (most >= 10 && pixels == 10) run_pixels(g, plane, kernel, row, column, t, 10, outputs, to);
        else if (most >= 9 && pixels == 9) run_pixels(g, plane, kernel, row, column, t, 9, outputs, to);
        else if (most >= 8 && pixels == 8) run_pixels(g, plane, kernel, row, column, t, 8, outputs, to);
        else if (most >= 7 && pixels == 7) run_pixels(g, plane, kernel, row, column, t, 7, outputs, to);
        else if (most >= 6 && pixels == 6) run_pixels(g, plane, kernel, row, column, t, 6, outputs, to);
        else if (most >= 5 && pixels == 5) run_pixels(g, plane, kernel, row, column, t, 5, outputs, to);
        else if (most >= 4 && pixels == 4) run_pixels(g, plane, kernel, row, column, t, 4, outputs, to);
        else if (most >= 3 && pixels == 3) run_pixels(g, plane, kernel, row, column, t, 3, outputs, to);
        else if (pixels == 2) run_pixels(g, plane, kernel, row, column, t, 2, outputs, to);
        else run_pixels(g, plane, kernel, row, column, t, 1, outputs, to);
    }
}

/// A vector of channels at a time, since the planes of different ones may lie so far apart that a cache has one place for
/// all of them.
WEFT_INLINE void run_row(const forward *f, size_t sample, size_t row, size_t most, size_t outputs) {
    const weft_convolution *g = &f->geometry;
    columns whole = inside(g, 0, g->kernel_width);
    lanes sums[ROW];
    for (size_t first = 0, end; first < g->out_width; first = end) {
        end = weft_smaller(first + ROW / outputs, g->out_width);
        memset(sums, 0, (end - first) * outputs * sizeof(lanes));
        for (size_t vector = 0; vector < vectors_of(g); vector++) {
            const float *plane = plane_of(g, f->x, sample, vector);
            const float *kernel = f->kernel + vector * places_of(g) * outputs * LANES;
            columns here = {weft_larger(first, whole.first), weft_smaller(end, whole.last)};
            if (here.first >= here.last) here = (columns){end, end};
            run_whole(g, plane, kernel, row, here, most, outputs, sums + (here.first - first) * outputs);
            for (size_t column = first; column < end; column++) {
                if (column == here.first) column = here.last;
                if (column == end) break;
                run_pixels(
                    g, plane, kernel, row, column, taps_inside(g, column), 1, outputs,
                    sums + (column - first) * outputs);
            }
        }
        float *result = f->y + ((sample * g->out_height + row) * g->out_width + first) * outputs;
        for (size_t s = 0; s < (end - first) * outputs; s++) {
            lanes all = sums[s];
            result[s] = ((all[0] + all[4]) + (all[2] + all[6])) + ((all[1] + all[5]) + (all[3] + all[7]));
        }
    }
}

WEFT_CLONES static void run_rows(void *context, size_t begin, size_t end) {
    const forward *f = context;
    for (size_t task = begin; task < end; task++) {
        size_t sample = task / f->geometry.out_height, row = task % f->geometry.out_height;
        switch (f->geometry.outputs) {
            case 1: run_row(f, sample, row, 12, 1); break;
            case 2: run_row(f, sample, row, 6, 2); break;
            case 3: run_row(f, sample, row, 3, 3); break;
            default: run_row(f, sample, row, 2, 4);
        }
    }
}

size_t weft_narrow_convolution_scratch(const weft_convolution *geometry) {
    return vectors_of(geometry) * places_of(geometry) * geometry->outputs * LANES * sizeof(float);
}

void weft_narrow_convolution(
    const weft_convolution *geometry, const float *x, const float *kernel, bool transposed, float *y, void *scratch) {
    arrange_kernel(geometry, kernel, transposed, scratch);
    forward context = {.geometry = *geometry, .x = x, .kernel = scratch, .y = y};
    size_t products = geometry->out_width * places_of(geometry) * vectors_of(geometry) * geometry->outputs;
    weft_parallel_for(
        geometry->samples * geometry->out_height, 1, 1 + WEFT_GRAIN / weft_larger(1, products), run_rows, &context);
}

// MARK: The kernel's gradient

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
