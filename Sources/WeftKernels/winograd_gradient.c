#include <string.h>

#include "winograd.h"

// The gradient of a kernel by Winograd's algorithm: for each product, the left factors of the tiles times the gradients of the
// product, summed over the tiles. A chunk of tiles is transformed, then multiplied; at the end the sums for each input and
// output, one for each pair of right factors, are transformed back. No sum depends on the number of threads.

// A line more to a row, since rows at multiples of a large power of two would share places in the cache.
enum { LINE = 16 };

typedef struct {
    scheme scheme;
    tile_grid grid;
    image x, dy;
    ptrdiff_t top, left;  // of the first tile, in x
    float *seen;          // for each product and tile: a row of inputs
    float *made;          // for each product and sixteen outputs: of each tile sixteen
    float *sums;          // for each sixteen outputs and pair of factors: of each input sixteen
    float *dk;
    size_t first, count;  // the chunk
} gradient;

static size_t row_of(size_t inputs) { return inputs + LINE; }

// So few tiles that eight channels of a product stay in the innermost cache, and all products in the outermost.
WEFT_INLINE size_t chunk_of(scheme s) { return s == EVERY_PIXEL ? 192 : 48; }

WEFT_INLINE void transform_tile(const gradient *g, scheme s, size_t t) {
    tile_place place = place_of(&g->grid, g->first + t);
    size_t size = seen_by(s), count = products_of(s), made = MADE, row = row_of(g->x.channels);
    tile_lanes values[MOST_SEEN * MOST_SEEN], half[MOST_PRODUCTS * MOST_SEEN], all[MOST_PRODUCTS * MOST_PRODUCTS];
    for (size_t channel = 0; channel < g->x.channels; channel += TILE_LANES) {
        load_square(
            &g->x, place.sample, place.row * source_step_of(s) + (size_t)g->top, place.column * source_step_of(s) + (size_t)g->left,
            channel, size, values);
        for (size_t k = 0; k < size; k++) transform_source(s, values + k, size, half + k, size);
        for (size_t r = 0; r < count; r++) transform_source(s, half + r * size, 1, all + r * count, 1);
        for (size_t product = 0; product < count * count; product++)
            *(tile_lanes *)(g->seen + (product * chunk_of(s) + t) * row + channel) = all[product];
    }
    for (size_t channel = 0; channel < g->dy.channels; channel += TILE_LANES) {
        load_square(&g->dy, place.sample, place.row * made, place.column * made, channel, made, values);
        for (size_t k = 0; k < made; k++) transform_gradient(s, values + k, made, half + k, made);
        for (size_t r = 0; r < count; r++) transform_gradient(s, half + r * made, 1, all + r * count, 1);
        float *to = g->made + (channel / TILE_COLUMNS * chunk_of(s) + t) * TILE_COLUMNS + channel % TILE_COLUMNS;
        for (size_t product = 0; product < count * count; product++)
            *(tile_lanes *)(to + product * chunk_of(s) * g->dy.channels) = all[product];
    }
}

WEFT_CLONES static void transform_tiles(void *context, size_t begin, size_t end) {
    const gradient *g = context;
    for (size_t t = begin; t < end; t++) {
        if (g->scheme == EVERY_PIXEL)
            transform_tile(g, EVERY_PIXEL, t);
        else
            transform_tile(g, EVERY_SECOND_PIXEL, t);
    }
}

/// Adds the chunk's share of the products that have a pair of right factors: `rows` × `columns` of them, from the first on.
WEFT_INLINE void add_products(
    const gradient *g, size_t panel, size_t first_row, size_t first_column, size_t rows, size_t columns, float *to) {
    size_t inputs = g->x.channels, row = row_of(inputs), chunk = chunk_of(g->scheme), count = products_of(g->scheme);
    for (size_t input = 0; input < inputs; input += TILE_ROWS, to += TILE_ROWS * TILE_COLUMNS) {
        tile sums = {0};
        for (size_t i = first_row; i < first_row + rows; i++)
            for (size_t j = first_column; j < first_column + columns; j++) {
                size_t product = i * count + j;
                const float *right = g->made + (product * g->dy.channels + panel * TILE_COLUMNS) * chunk;
                tile_add_columns(&sums, g->seen + product * chunk * row + input, row, right, g->count);
            }
        size_t size = weft_smaller(TILE_ROWS, inputs - input) * sizeof(sums.sums[0]);
        if (g->first > 0) {
            tile before = {0};
            memcpy(&before, to, size);
            for (size_t r = 0; r < TILE_ROWS; r++)
                for (size_t v = 0; v < TILE_VECTORS; v++) sums.sums[r][v] += before.sums[r][v];
        }
        memcpy(to, &sums, size);
    }
}

// Sixteen outputs and a pair of right factors are a task.
WEFT_CLONES static void multiply(void *context, size_t begin, size_t end) {
    const gradient *g = context;
    for (size_t task = begin; task < end; task++) {
        size_t row = task / FACTORS % FACTORS, column = task % FACTORS, last = products_of(g->scheme) - FACTORS + 1;
        add_products(
            g, task / (FACTORS * FACTORS), row, column, row == FACTORS - 1 ? last : 1, column == FACTORS - 1 ? last : 1,
            g->sums + task * g->x.channels * TILE_COLUMNS);
    }
}

WEFT_CLONES static void transform_back(void *context, size_t begin, size_t end) {
    const gradient *g = context;
    size_t inputs = g->x.channels, outputs = g->dy.channels;
    // A task is an input and sixteen outputs.
    for (size_t index = begin; index < end; index++) {
        size_t input = index % inputs, panel = index / inputs;
        for (size_t v = 0; v < TILE_VECTORS; v++) {
            tile_lanes sums[FACTORS * FACTORS], half[WINDOW * FACTORS], values[WINDOW * WINDOW];
            const float *from = g->sums + (panel * FACTORS * FACTORS * inputs + input) * TILE_COLUMNS + v * TILE_LANES;
            for (size_t factor = 0; factor < FACTORS * FACTORS; factor++)
                sums[factor] = *(const tile_lanes *)(from + factor * inputs * TILE_COLUMNS);
            for (size_t k = 0; k < FACTORS; k++)
                transform_kernel_gradient(g->scheme, sums + k, FACTORS, half + k, FACTORS);
            for (size_t r = 0; r < WINDOW; r++)
                transform_kernel_gradient(g->scheme, half + r * FACTORS, 1, values + r * WINDOW, 1);
            for (size_t place = 0; place < WINDOW * WINDOW; place++)
                *(tile_lanes *)(g->dk + (place * inputs + input) * outputs + panel * TILE_COLUMNS + v * TILE_LANES) =
                    values[place];
        }
    }
}

static scheme scheme_of(const weft_convolution *g) {
    return g->stride_height == 1 ? EVERY_PIXEL : EVERY_SECOND_PIXEL;
}

size_t weft_winograd_kernel_gradient_scratch(const weft_convolution *g) {
    scheme s = scheme_of(g);
    size_t products = products_of(s) * products_of(s) * chunk_of(s);
    return (products * (row_of(g->inputs) + g->outputs) + FACTORS * FACTORS * g->inputs * g->outputs) * sizeof(float);
}

void weft_winograd_kernel_gradient(
    const weft_convolution *g, const float *x, size_t block, const float *dy, float *dk, void *scratch) {
    scheme s = scheme_of(g);
    gradient context = {
        .scheme = s, .x = {g->height, g->width, g->inputs, block, x},
        .dy = {g->out_height, g->out_width, g->outputs, g->block, dy}, .top = -(ptrdiff_t)g->padding_top,
        .left = -(ptrdiff_t)g->padding_left, .seen = scratch, .dk = dk};
    size_t products = products_of(s) * products_of(s) * chunk_of(s);
    context.grid = grid_of(MADE, &context.dy, 0, 0);
    context.made = context.seen + products * row_of(g->inputs);
    context.sums = context.made + products * g->outputs;
    size_t tiles = g->samples * context.grid.rows * context.grid.columns, panels = g->outputs / TILE_COLUMNS;
    size_t transforms = 4 * products_of(s) * products_of(s) * (g->inputs + g->outputs);
    for (; context.first < tiles; context.first += chunk_of(s)) {
        context.count = weft_smaller(chunk_of(s), tiles - context.first);
        size_t work = context.count * g->inputs * TILE_COLUMNS;
        weft_parallel_for(context.count, 1, 1 + WEFT_GRAIN / transforms, transform_tiles, &context);
        weft_parallel_for(FACTORS * FACTORS * panels, 1, 1 + 8 * WEFT_GRAIN / work, multiply, &context);
    }
    weft_parallel_for(g->inputs * panels, 1, 1 + WEFT_GRAIN / (16 * FACTORS * FACTORS), transform_back, &context);
}
