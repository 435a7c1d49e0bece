#include <math.h>

#include "bfloat16.h"
#include "elementwise.h"

// The work is divided into tasks: a tile of neighbouring channels times a part of the samples. Sums are doubles, so that
// a mean is off by its final rounding alone; the parts' number depends on the lengths alone and they are put together in
// order, so that no result depends on the number of threads.
enum {
    TILE = WEFT_NORMALIZATION_TILE,
    HALF = TILE / 2,
    PARTS = WEFT_NORMALIZATION_PARTS,
    PIECE = 2048,  // values that stay in the innermost cache
};

typedef double sums[2][TILE];

typedef struct {
    weft_normalization geometry;
    const float *x, *dy, *gamma, *beta, *mean, *variance;
    float *y;  // null where only sums are wanted
    const weft_elementwise_plan *plan;  // what computes x, or null
    sums *partial;  // of each task
} normalization;

typedef struct {
    size_t tile, channel;  // the first channel
    size_t width;          // values in memory
    size_t channels;       // those that are more than a layout's padding
    size_t offset;         // of the first sample's first pixel
    size_t begin, end;     // samples
} task;

static size_t tiles_of_block(const weft_normalization *g) { return (g->width + TILE - 1) / TILE; }
static size_t tiles_of(const weft_normalization *g) { return g->blocks * tiles_of_block(g); }
static size_t parts_of(const weft_normalization *g) { return weft_smaller(PARTS, g->samples); }

static task task_at(const weft_normalization *g, size_t index) {
    size_t parts = parts_of(g), part = index % parts, tile = index / parts;
    size_t block = tile / tiles_of_block(g), column = tile % tiles_of_block(g) * TILE;
    size_t channel = block * g->width + column, width = weft_smaller(TILE, g->width - column);
    return (task){
        .tile = tile,
        .channel = channel,
        .width = width,
        .channels = channel < g->channels ? weft_smaller(width, g->channels - channel) : 0,
        .offset = block * g->pixels * g->width + column,
        .begin = g->samples * part / parts,
        .end = g->samples * (part + 1) / parts,
    };
}

static size_t sample_size(const weft_normalization *g) { return g->blocks * g->pixels * g->width; }

// MARK: Sums

WEFT_INLINE void add_values(const float *x, size_t pixels, size_t stride, size_t width, sums total) {
    for (size_t p = 0; p < pixels; p++)
        for (size_t l = 0; l < width; l++) total[0][l] += x[p * stride + l];
}

WEFT_INLINE void add_moments(const float *x, size_t pixels, size_t stride, size_t width, sums total) {
    for (size_t p = 0; p < pixels; p++) {
        for (size_t l = 0; l < width; l++) {
            double value = x[p * stride + l];
            total[0][l] += value;
            total[1][l] += value * value;
        }
    }
}

// Σ dy and Σ dy·(x − μ).
WEFT_INLINE void add_products(
    const float *x, const float *dy, const double *mean, size_t pixels, size_t stride, size_t width, sums total) {
    for (size_t p = 0; p < pixels; p++) {
        for (size_t l = 0; l < width; l++) {
            double gradient = dy[p * stride + l];
            total[0][l] += gradient;
            total[1][l] += gradient * (x[p * stride + l] - mean[l]);
        }
    }
}

/// Values as numbers: where they lie, or widened into the buffer.
WEFT_INLINE const float *numbers(const normalization *n, const float *x, size_t from, size_t count, float *buffer) {
    if (!n->geometry.is_bfloat16) return x + from;
    weft_widen_values(buffer, (const uint16_t *)x + from, count);
    return buffer;
}

/// How many pixels are taken at once: what is computed or widened first stays in the cache.
WEFT_INLINE size_t piece_of(const normalization *n, size_t stride) {
    const weft_normalization *g = &n->geometry;
    return n->plan || g->is_bfloat16 ? weft_larger(1, PIECE / stride) : g->pixels;
}

// `width` and `stride` apart from the task, so that those of the common blocks of 16 and 8 are constants.
WEFT_INLINE void sum_samples(const normalization *n, task t, size_t width, size_t stride, double (*total)[TILE]) {
    const weft_normalization *g = &n->geometry;
    sums local = {{0}};
    double mean[TILE] = {0};
    float x_buffer[PIECE], dy_buffer[PIECE];
    size_t piece = piece_of(n, stride);
    if (n->dy)
        for (size_t l = 0; l < t.channels; l++) mean[l] = n->mean[t.channel + l];
    for (size_t sample = t.begin; sample < t.end; sample++) {
        size_t at = sample * sample_size(g) + t.offset;
        for (size_t p = 0; p < g->pixels; p += piece) {
            size_t pixels = weft_smaller(piece, g->pixels - p), from = at + p * stride, count = pixels * stride;
            if (n->plan) weft_run_elementwise(n->plan, from, from + count);
            const float *x = numbers(n, n->x, from, count, x_buffer);
            if (n->dy)
                add_products(x, numbers(n, n->dy, from, count, dy_buffer), mean, pixels, stride, width, local);
            else if (n->y)
                add_moments(x, pixels, stride, width, local);
            else
                add_values(x, pixels, stride, width, local);
        }
    }
    for (size_t l = 0; l < width; l++) {
        total[0][l] = local[0][l];
        total[1][l] = local[1][l];
    }
}

WEFT_CLONES static void sum_tasks(void *context, size_t begin, size_t end) {
    const normalization *n = context;
    size_t stride = n->geometry.width;
    for (size_t index = begin; index < end; index++) {
        task t = task_at(&n->geometry, index);
        if (stride == TILE)
            sum_samples(n, t, TILE, TILE, n->partial[index]);
        else if (stride == HALF)
            sum_samples(n, t, HALF, HALF, n->partial[index]);
        else if (t.width == TILE)
            sum_samples(n, t, TILE, stride, n->partial[index]);
        else
            sum_samples(n, t, t.width, stride, n->partial[index]);
    }
}

static void run_tasks(const normalization *n, weft_range_body body) {
    const weft_normalization *g = &n->geometry;
    size_t parts = parts_of(g), tasks = tiles_of(g) * parts;
    size_t values = g->samples * g->pixels * weft_smaller(TILE, g->width) / parts;
    weft_parallel_for(tasks, 1, 1 + WEFT_GRAIN / weft_larger(1, values), body, (void *)n);
}

/// Puts a tile's parts together in its first one.
static task fold_tile(const normalization *n, size_t tile, double (**total)[TILE]) {
    size_t parts = parts_of(&n->geometry);
    sums *partial = n->partial + tile * parts;
    for (size_t part = 1; part < parts; part++) {
        for (size_t l = 0; l < TILE; l++) {
            partial[0][0][l] += partial[part][0][l];
            partial[0][1][l] += partial[part][1][l];
        }
    }
    *total = partial[0];
    return task_at(&n->geometry, tile * parts);
}

static double values_per_channel(const weft_normalization *g) { return (double)(g->samples * g->pixels); }

static double deviation(const normalization *n, size_t channel) {
    return sqrt((double)n->variance[channel] + (double)n->geometry.epsilon);
}

// MARK: y or dx, one linear function of x and dy for each channel

// y = (x − mean)·x_factor + dy·dy_factor + offset of each channel of a tile; zero for the padding of a layout.
typedef struct {
    float x[TILE], dy[TILE], offset[TILE], mean[TILE];
} factors;

// y = (x − μ)·(γ/σ) + β
static factors forward_factors(const normalization *n, task t) {
    factors f = {{0}};
    for (size_t l = 0; l < t.channels; l++) {
        size_t channel = t.channel + l;
        f.x[l] = (float)((double)n->gamma[channel] / deviation(n, channel));
        f.offset[l] = n->beta[channel];
        f.mean[l] = n->mean[channel];
    }
    return f;
}

// dx = γ/σ · (dy − Σdy/N − (x − μ)·Σ(dy·(x − μ))/(N·σ²))
static factors backward_factors(const normalization *n, task t) {
    factors f = {{0}};
    const weft_normalization *g = &n->geometry;
    double (*total)[TILE] = n->partial[t.tile * parts_of(g)];
    for (size_t l = 0; l < t.channels; l++) {
        size_t channel = t.channel + l;
        double sigma = deviation(n, channel), factor = (double)n->gamma[channel] / sigma;
        f.dy[l] = (float)factor;
        f.x[l] = (float)(-factor * total[1][l] / (values_per_channel(g) * sigma * sigma));
        f.offset[l] = (float)(-factor * total[0][l] / values_per_channel(g));
        f.mean[l] = n->mean[channel];
    }
    return f;
}

WEFT_INLINE void apply_forward(
    const factors *f, const float *x, float *y, size_t pixels, size_t stride, size_t width) {
    for (size_t p = 0; p < pixels; p++) {
        WEFT_INDEPENDENT
        for (size_t l = 0; l < width; l++)
            y[p * stride + l] = (x[p * stride + l] - f->mean[l]) * f->x[l] + f->offset[l];
    }
}

WEFT_INLINE void apply_backward(
    const factors *f, const float *x, const float *dy, float *dx, size_t pixels,
    size_t stride, size_t width) {
    for (size_t p = 0; p < pixels; p++) {
        size_t at = p * stride;
        WEFT_INDEPENDENT
        for (size_t l = 0; l < width; l++)
            dx[at + l] = dy[at + l] * f->dy[l] + ((x[at + l] - f->mean[l]) * f->x[l] + f->offset[l]);
    }
}

WEFT_INLINE void apply_samples(const normalization *n, task t, size_t width, size_t stride) {
    const weft_normalization *g = &n->geometry;
    factors f = n->dy ? backward_factors(n, t) : forward_factors(n, t);
    float x_buffer[PIECE], dy_buffer[PIECE];
    size_t piece = piece_of(n, stride);
    for (size_t sample = t.begin; sample < t.end; sample++) {
        size_t at = sample * sample_size(g) + t.offset;
        for (size_t p = 0; p < g->pixels; p += piece) {
            size_t pixels = weft_smaller(piece, g->pixels - p), from = at + p * stride, count = pixels * stride;
            const float *x = numbers(n, n->x, from, count, x_buffer);
            float *y = g->is_bfloat16 ? x_buffer : n->y + from;
            if (n->dy)
                apply_backward(&f, x, numbers(n, n->dy, from, count, dy_buffer), y, pixels, stride, width);
            else
                apply_forward(&f, x, y, pixels, stride, width);
            if (g->is_bfloat16) weft_narrow_values((uint16_t *)n->y + from, y, count);
        }
    }
}

WEFT_CLONES static void apply_tasks(void *context, size_t begin, size_t end) {
    const normalization *n = context;
    size_t stride = n->geometry.width;
    for (size_t index = begin; index < end; index++) {
        task t = task_at(&n->geometry, index);
        if (stride == TILE)
            apply_samples(n, t, TILE, TILE);
        else if (stride == HALF)
            apply_samples(n, t, HALF, HALF);
        else if (t.width == TILE)
            apply_samples(n, t, TILE, stride);
        else
            apply_samples(n, t, t.width, stride);
    }
}

// MARK: What others call

size_t weft_normalization_scratch(const weft_normalization *geometry) {
    return tiles_of(geometry) * parts_of(geometry) * sizeof(sums);
}

static void sum_channels(normalization n, float *y) {
    const weft_normalization *geometry = &n.geometry;
    run_tasks(&n, sum_tasks);
    for (size_t tile = 0; tile < tiles_of(geometry); tile++) {
        double (*total)[TILE];
        task t = fold_tile(&n, tile, &total);
        for (size_t l = 0; l < t.channels; l++) y[t.channel + l] = (float)total[0][l];
    }
}

void weft_sum_channels(const weft_normalization *geometry, const float *x, float *y, void *scratch) {
    sum_channels((normalization){.geometry = *geometry, .x = x, .partial = scratch}, y);
}

void weft_elementwise_sum_channels(
    const weft_normalization *geometry, const weft_elementwise_program *program, float *y, void *scratch) {
    weft_elementwise_plan plan = weft_plan_elementwise(program);
    sum_channels(
        (normalization){.geometry = *geometry, .x = program->output[0], .plan = &plan, .partial = scratch}, y);
}

void weft_batch_normalization(
    const weft_normalization *geometry, const float *x, const float *gamma, const float *beta, float *y, float *mean,
    float *variance, void *scratch) {
    normalization n = {
        .geometry = *geometry, .x = x, .gamma = gamma, .beta = beta, .y = y, .mean = mean, .variance = variance,
        .partial = scratch};
    run_tasks(&n, sum_tasks);
    double count = values_per_channel(geometry);
    for (size_t tile = 0; tile < tiles_of(geometry); tile++) {
        double (*total)[TILE];
        task t = fold_tile(&n, tile, &total);
        for (size_t l = 0; l < t.channels; l++) {
            double average = total[0][l] / count, spread = total[1][l] / count - average * average;
            mean[t.channel + l] = (float)average;
            // Rounding may leave a constant channel just below zero; NaN stays.
            variance[t.channel + l] = (float)(spread < 0 ? 0 : spread);
        }
    }
    run_tasks(&n, apply_tasks);
}

void weft_batch_normalization_gradient(
    const weft_normalization *geometry, const float *x, const float *gamma, const float *mean, const float *variance,
    const float *dy, float *dx, float *dgamma, float *dbeta, void *scratch) {
    normalization n = {
        .geometry = *geometry, .x = x, .dy = dy, .gamma = gamma, .y = dx, .mean = mean, .variance = variance,
        .partial = scratch};
    run_tasks(&n, sum_tasks);
    for (size_t tile = 0; tile < tiles_of(geometry); tile++) {
        double (*total)[TILE];
        task t = fold_tile(&n, tile, &total);
        for (size_t l = 0; l < t.channels; l++) {
            dgamma[t.channel + l] = (float)(total[1][l] / deviation(&n, t.channel + l));
            dbeta[t.channel + l] = (float)total[0][l];
        }
    }
    run_tasks(&n, apply_tasks);
}
