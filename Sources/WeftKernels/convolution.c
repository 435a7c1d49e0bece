#include <string.h>

#include "kernel.h"

// The gradient of a convolution's kernel for images of few channels, as in a first layer:
// dk[t][o] = Σ x[pixel of o's output, moved by tap t] · dy[output pixel][o]. A tap is a place in the window and an input
// channel. Output channels are the vector's lanes, so that a gradient whose channels lie together is read as it is.
//
// The work is divided into tasks: a tile of output channels times a part of the samples. Sums over a row are floats in
// registers, all others doubles; the parts' number depends on the lengths alone and they are put together in order, so
// that no result depends on the number of threads.
enum { HALF = 8, TILE = 2 * HALF, PARTS = 8, GROUP = 5 };

typedef float lanes __attribute__((vector_size(HALF * sizeof(float)), aligned(sizeof(float))));
typedef int32_t integers __attribute__((vector_size(HALF * sizeof(int32_t))));
typedef uint8_t bytes __attribute__((vector_size(HALF), aligned(1)));
typedef double sums[TILE];

typedef struct {
    weft_convolution geometry;
    const float *x;        // of padded images
    const float *dy;       // of the convolution's output or, where `index` is there, of its max pooling's
    const uint8_t *index;  // which place of its window a maximum came from
    sums *partial;         // of each task and tap
    float *rows;           // of each task: dy's rows of one row of windows, a tile's channels together
} convolution;

static size_t taps_of(const weft_convolution *g) { return g->kernel_height * g->kernel_width * g->inputs; }
static size_t tiles_of(const weft_convolution *g) { return (g->outputs + TILE - 1) / TILE; }
static size_t parts_of(const weft_convolution *g) { return weft_smaller(PARTS, g->samples); }
static size_t tasks_of(const weft_convolution *g) { return tiles_of(g) * parts_of(g); }
static size_t row_values(const weft_convolution *g) { return g->pool_height * g->out_width * TILE; }

static size_t reach(size_t outputs, size_t stride, size_t window, size_t dilation) {
    return (outputs - 1) * stride + (window - 1) * dilation + 1;
}
static size_t padded_height(const weft_convolution *g) {
    return weft_larger(g->height, reach(g->out_height, g->stride_height, g->kernel_height, g->dilation_height));
}
static size_t padded_width(const weft_convolution *g) {
    return weft_larger(g->width, reach(g->out_width, g->stride_width, g->kernel_width, g->dilation_width));
}
static bool is_padded(const weft_convolution *g) {
    return g->padding_top || g->padding_left || padded_height(g) > g->height || padded_width(g) > g->width;
}
static size_t padded_image(const weft_convolution *g) {
    return (g->padding_top + padded_height(g)) * (g->padding_left + padded_width(g)) * g->inputs;
}

// MARK: A border of zeros

typedef struct {
    const weft_convolution *geometry;
    const float *x;
    float *padded;
} padding;

static void pad_samples(void *context, size_t begin, size_t end) {
    const padding *p = context;
    const weft_convolution *g = p->geometry;
    size_t line = g->width * g->inputs, padded_line = (g->padding_left + padded_width(g)) * g->inputs;
    for (size_t sample = begin; sample < end; sample++) {
        float *image = p->padded + sample * padded_image(g);
        memset(image, 0, padded_image(g) * sizeof(float));
        for (size_t row = 0; row < g->height; row++)
            memcpy(
                image + (g->padding_top + row) * padded_line + g->padding_left * g->inputs,
                p->x + (sample * g->height + row) * line, line * sizeof(float));
    }
}

// MARK: Rows of the gradient

// Where half a tile's channels lie.
typedef struct {
    size_t offset;  // of the sample's first pixel
    size_t width;   // channels from one pixel to the next
    size_t count;   // channels that are more than padding
} half;

static half half_at(const weft_convolution *g, size_t pixels, size_t sample, size_t channel) {
    if (channel >= g->outputs) return (half){0};
    size_t blocks = (g->outputs + g->block - 1) / g->block;
    return (half){
        .offset = (sample * blocks + channel / g->block) * pixels * g->block + channel % g->block,
        .width = g->block,
        .count = weft_smaller(HALF, g->outputs - channel),
    };
}

// The first `count` values; the rest is zero. (Vectors as results would make an ABI of the processor's.)
WEFT_INLINE void load(lanes *result, const float *values, size_t count) {
    *result = (lanes){0};
    if (count == HALF)
        *result = *(const lanes *)values;
    else
        for (size_t l = 0; l < count; l++) (*result)[l] = values[l];
}

WEFT_INLINE void load_bytes(integers *result, const uint8_t *values, size_t count) {
    *result = (integers){0};
    if (count == HALF)
        *result = __builtin_convertvector(*(const bytes *)values, integers);
    else
        for (size_t l = 0; l < count; l++) (*result)[l] = values[l];
}

WEFT_INLINE void pack_values(const float *dy, size_t stride, size_t count, float *row, size_t pixels) {
    for (size_t p = 0; p < pixels; p++, dy += stride, row += TILE) {
        lanes values;
        load(&values, dy, count);
        *(lanes *)row = values;
    }
}

// A maximum's gradient goes to the place it came from.
WEFT_INLINE void unpack_maxima(
    const float *dy, const uint8_t *index, size_t stride, size_t count, size_t height, size_t width, float *rows,
    size_t line) {
    for (size_t window = line / TILE / width; window > 0; window--) {
        lanes gradient;
        integers taken;
        load(&gradient, dy, count);
        load_bytes(&taken, index, count);
        int32_t place = 0;
        for (size_t row = 0; row < height; row++)
            for (size_t column = 0; column < width; column++, place++)
                *(lanes *)(rows + row * line + column * TILE) = (lanes)((integers)gradient & (taken == place));
        dy += stride;
        index += stride;
        rows += width * TILE;
    }
}

WEFT_INLINE void fetch_half(
    const convolution *c, size_t sample, size_t window_row, size_t channel, size_t count, float *rows) {
    const weft_convolution *g = &c->geometry;
    size_t columns = g->out_width / g->pool_width;
    half h = half_at(g, g->out_height / g->pool_height * columns, sample, channel);
    size_t at = h.offset + window_row * columns * h.width;
    size_t line = g->out_width * TILE;
    if (c->index && g->pool_height == 2 && g->pool_width == 2)
        unpack_maxima(c->dy + at, c->index + at, h.width, count, 2, 2, rows, line);
    else if (c->index)
        unpack_maxima(c->dy + at, c->index + at, h.width, count, g->pool_height, g->pool_width, rows, line);
    else
        pack_values(c->dy + at, h.width, count, rows, g->out_width);
}

WEFT_INLINE void fetch_rows(const convolution *c, size_t sample, size_t window_row, size_t tile, float *rows) {
    for (size_t side = 0; side < 2; side++) {
        size_t channel = tile * TILE + side * HALF, outputs = c->geometry.outputs;
        size_t count = channel < outputs ? weft_smaller(HALF, outputs - channel) : 0;
        // The common number apart, so that it is a constant.
        if (count == HALF)
            fetch_half(c, sample, window_row, channel, HALF, rows + side * HALF);
        else
            fetch_half(c, sample, window_row, channel, count, rows + side * HALF);
    }
}

// MARK: Products

// Adds a row's share to a few taps at a time, whose sums stay in registers.
WEFT_INLINE void add_taps(
    const float *dy, size_t pixels, const float *const *x, size_t step, size_t taps, sums *total) {
    lanes low[GROUP] = {0}, high[GROUP] = {0};
    for (size_t p = 0, at = 0; p < pixels; p++, at += step) {
        lanes a = *(const lanes *)(dy + p * TILE), b = *(const lanes *)(dy + p * TILE + HALF);
        for (size_t t = 0; t < taps; t++) {
            float v = x[t][at];
            lanes value = {v, v, v, v, v, v, v, v};
            // Rounded once, on every processor.
            low[t] = __builtin_elementwise_fma(a, value, low[t]);
            high[t] = __builtin_elementwise_fma(b, value, high[t]);
        }
    }
    for (size_t t = 0; t < taps; t++) {
        for (size_t l = 0; l < HALF; l++) {
            total[t][l] += low[t][l];
            total[t][HALF + l] += high[t][l];
        }
    }
}

WEFT_INLINE void add_row(const weft_convolution *g, const float *dy, const float *x, sums *total) {
    size_t line = (g->padding_left + padded_width(g)) * g->inputs, taps = taps_of(g);
    size_t pixels = g->out_width / g->pool_width * g->pool_width, step = g->stride_width * g->inputs;
    for (size_t first = 0; first < taps; first += GROUP) {
        const float *moved[GROUP];
        size_t count = weft_smaller(GROUP, taps - first);
        for (size_t t = 0; t < count; t++) {
            size_t tap = first + t, place = tap / g->inputs;
            moved[t] = x + place / g->kernel_width * g->dilation_height * line
                       + place % g->kernel_width * g->dilation_width * g->inputs + tap % g->inputs;
        }
        switch (count) {
            case 1: add_taps(dy, pixels, moved, step, 1, total + first); break;
            case 2: add_taps(dy, pixels, moved, step, 2, total + first); break;
            case 3: add_taps(dy, pixels, moved, step, 3, total + first); break;
            case 4: add_taps(dy, pixels, moved, step, 4, total + first); break;
            default: add_taps(dy, pixels, moved, step, GROUP, total + first);
        }
    }
}

WEFT_CLONES static void run_tasks(void *context, size_t begin, size_t end) {
    const convolution *c = context;
    const weft_convolution *g = &c->geometry;
    size_t parts = parts_of(g), taps = taps_of(g), line = (g->padding_left + padded_width(g)) * g->inputs;
    for (size_t task = begin; task < end; task++) {
        sums *total = c->partial + task * taps;
        float *rows = c->rows + task * row_values(g);
        memset(total, 0, taps * sizeof(sums));
        size_t tile = task / parts, part = task % parts;
        size_t last = g->samples * (part + 1) / parts;
        for (size_t sample = g->samples * part / parts; sample < last; sample++) {
            const float *image = c->x + sample * padded_image(g);
            for (size_t window_row = 0; window_row < g->out_height / g->pool_height; window_row++) {
                fetch_rows(c, sample, window_row, tile, rows);
                for (size_t row = 0; row < g->pool_height; row++)
                    add_row(
                        g, rows + row * g->out_width * TILE,
                        image + (window_row * g->pool_height + row) * g->stride_height * line, total);
            }
        }
    }
}

// Puts the parts together.
static void finish(const convolution *c, float *dk) {
    const weft_convolution *g = &c->geometry;
    size_t parts = parts_of(g), taps = taps_of(g);
    for (size_t channel = 0; channel < g->outputs; channel++) {
        const sums *first = c->partial + channel / TILE * parts * taps;
        for (size_t tap = 0; tap < taps; tap++) {
            double total = 0;
            for (size_t part = 0; part < parts; part++) total += first[part * taps + tap][channel % TILE];
            dk[tap * g->outputs + channel] = (float)total;
        }
    }
}

size_t weft_convolution_scratch(const weft_convolution *geometry) {
    size_t images = is_padded(geometry) ? geometry->samples * padded_image(geometry) : 0;
    return tasks_of(geometry) * (taps_of(geometry) * sizeof(sums) + row_values(geometry) * sizeof(float))
           + images * sizeof(float);
}

void weft_convolution_kernel_gradient(
    const weft_convolution *geometry, const float *x, const float *dy, const uint8_t *index, float *dk, void *scratch) {
    size_t tasks = tasks_of(geometry);
    sums *partial = scratch;
    float *rows = (float *)(partial + tasks * taps_of(geometry));
    convolution context = {
        .geometry = *geometry, .x = x, .dy = dy, .index = index, .partial = partial, .rows = rows};
    if (is_padded(geometry)) {
        padding border = {.geometry = geometry, .x = x, .padded = rows + tasks * row_values(geometry)};
        size_t grain = weft_row_grain(padded_image(geometry));
        weft_parallel_for(geometry->samples, 1, grain, pad_samples, &border);
        context.x = border.padded;
    }
    size_t products = geometry->samples * geometry->out_height * geometry->out_width * taps_of(geometry) / PARTS;
    weft_parallel_for(tasks, 1, 1 + WEFT_GRAIN / weft_larger(1, products), run_tasks, &context);
    finish(&context, dk);
}
