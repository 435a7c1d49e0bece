#include <string.h>

#include "winograd.h"

// The gradient of a kernel by Winograd's algorithm: for each product, the left factors of the tiles times the gradients of the
// product, summed over the tiles. A chunk of tiles is transformed, then multiplied; at the end the sums for each input and
// output, one for each pair of right factors, are transformed back. No sum depends on the number of threads.

typedef struct {
    scheme scheme;
    image x, dy;
    ptrdiff_t top, left;  // of the first tile, in x
    float *seen;          // for each product and tile: a row of inputs
    float *made;          // for each product and sixteen outputs: of each tile sixteen
    float *sums;          // for each sixteen outputs and pair of factors: of each input sixteen
    float *dk;
    // The chunk; the first of all finds no sums yet.
    tile_set set;
    size_t first, count;
    bool is_first;
} gradient;

static size_t row_of(size_t inputs) { return inputs + LINE; }

// So few tiles that eight channels of a product stay in the innermost cache, and all products in the outermost.
WEFT_INLINE size_t chunk_of(scheme s) { return s == EVERY_PIXEL ? 192 : 48; }
/// Values from one product to the next.
WEFT_INLINE size_t seen_step(const gradient *g, scheme s) { return chunk_of(s) * row_of(g->x.channels) + LINE; }
WEFT_INLINE size_t made_step(const gradient *g, scheme s) { return chunk_of(s) * g->dy.channels + LINE; }

WEFT_INLINE void transform_tile(const gradient *g, scheme s, tile_size size, size_t t) {
    tile_place place = place_of(&g->set, g->first + t);
    tile_place seen_place = {
        place.sample, place.row * source_step_of(s) + (size_t)g->top, place.column * source_step_of(s) + (size_t)g->left};
    tile_size seen = {seen_by(s, size.rows), seen_by(s, size.columns)};
    size_t rows = products_of(s, size.rows), columns = products_of(s, size.columns), chunk = chunk_of(s);
    tile_lanes copy[MOST_SEEN * MOST_SEEN], half[MOST_PRODUCTS * MOST_SEEN];
    size_t step = seen_step(g, s) / TILE_LANES;
    for (size_t channel = 0; channel < g->x.channels; channel += TILE_LANES) {
        tile_view view = view_of(&g->x, &seen_place, channel, seen, copy);
        tile_lanes *to = (tile_lanes *)(g->seen + t * row_of(g->x.channels) + channel);
        for (size_t k = 0; k < seen.columns; k++)
            transform_source(s, size.rows, view.values + k * view.step, view.row_step, half + k, seen.columns);
        for (size_t r = 0; r < rows; r++)
            transform_source(s, size.columns, half + r * seen.columns, 1, to + r * columns * step, step);
    }
    step = made_step(g, s) / TILE_LANES;
    for (size_t channel = 0; channel < g->dy.channels; channel += TILE_LANES) {
        tile_view view = view_of(&g->dy, &place, channel, size, copy);
        tile_lanes *to = (tile_lanes *)(
            g->made + (channel / TILE_COLUMNS * chunk + t) * TILE_COLUMNS + channel % TILE_COLUMNS);
        for (size_t k = 0; k < size.columns; k++)
            transform_gradient(s, size.rows, view.values + k * view.step, view.row_step, half + k, size.columns);
        for (size_t r = 0; r < rows; r++)
            transform_gradient(s, size.columns, half + r * size.columns, 1, to + r * columns * step, step);
    }
}

WEFT_INLINE void transform_tiles_of(const gradient *g, scheme s, size_t size, size_t begin, size_t end) {
    for (size_t t = begin; t < end; t++) transform_tile(g, s, tile_sizes[size], t);
}

WEFT_CLONES static void transform_tiles(void *context, size_t begin, size_t end) {
    const gradient *g = context;
    if (g->scheme == EVERY_PIXEL)
        transform_tiles_of(g, EVERY_PIXEL, 0, begin, end);
    else if (g->set.size.rows == 4 && g->set.size.columns == 4)
        transform_tiles_of(g, EVERY_SECOND_PIXEL, 0, begin, end);
    else if (g->set.size.rows == 4)
        transform_tiles_of(g, EVERY_SECOND_PIXEL, 1, begin, end);
    else if (g->set.size.columns == 4)
        transform_tiles_of(g, EVERY_SECOND_PIXEL, 2, begin, end);
    else
        transform_tiles_of(g, EVERY_SECOND_PIXEL, 3, begin, end);
}

// Products one behind another.
typedef struct {
    size_t first, end;
} product_range;

/// Those that have a right factor.
static product_range products_with(scheme s, size_t side, size_t factor) {
    product_range range = {0, 0};
    size_t products = products_of(s, side);
    while (range.first < products && factor_of(side, range.first) < factor) range.first++;
    range.end = range.first;
    while (range.end < products && factor_of(side, range.end) == factor) range.end++;
    return range;
}

/// Adds the chunk's share of some products, of some inputs and sixteen outputs.
WEFT_INLINE void add_products(
    const gradient *g, product_range rows, product_range columns, size_t input, size_t inputs, size_t panel, float *to) {
    size_t row = row_of(g->x.channels), chunk = chunk_of(g->scheme), count = products_of(g->scheme, g->set.size.columns);
    tile sums = {0};
    for (size_t i = rows.first; i < rows.end; i++)
        for (size_t j = columns.first; j < columns.end; j++) {
            size_t product = i * count + j;
            const float *right = g->made + product * made_step(g, g->scheme) + panel * TILE_COLUMNS * chunk;
            tile_add_columns(&sums, inputs, g->seen + product * seen_step(g, g->scheme) + input, row, right, g->count);
        }
    tile_lanes *before = (tile_lanes *)to;
    for (size_t r = 0; r < inputs; r++)
        for (size_t v = 0; v < TILE_VECTORS; v++, before++)
            *before = g->is_first ? sums.sums[r][v] : *before + sums.sums[r][v];
}

// A pair of right factors and sixteen outputs are a task.
WEFT_CLONES static void multiply(void *context, size_t begin, size_t end) {
    const gradient *g = context;
    size_t inputs = g->x.channels, panels = g->dy.channels / TILE_COLUMNS;
    for (size_t task = begin; task < end; task++) {
        size_t panel = task % panels, factors = task / panels;
        product_range rows = products_with(g->scheme, g->set.size.rows, factors / FACTORS);
        product_range columns = products_with(g->scheme, g->set.size.columns, factors % FACTORS);
        float *to = g->sums + (panel * FACTORS * FACTORS + factors) * inputs * TILE_COLUMNS;
        // There are eight inputs or a multiple: fours, until sixes are left.
        for (size_t input = 0, count; input < inputs; input += count, to += count * TILE_COLUMNS) {
            count = (inputs - input) % TILE_ROWS ? 4 : TILE_ROWS;
            if (count == TILE_ROWS)
                add_products(g, rows, columns, input, TILE_ROWS, panel, to);
            else
                add_products(g, rows, columns, input, 4, panel, to);
        }
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

/// Of tiles of four: those of other sizes have fewer.
static size_t most_products(scheme s) { return all_products(s, tile_sizes[0]); }

size_t weft_winograd_kernel_gradient_scratch(const weft_convolution *g) {
    scheme s = scheme_of(g);
    gradient sizes = {.x = {.channels = g->inputs}, .dy = {.channels = g->outputs}};
    return (most_products(s) * (seen_step(&sizes, s) + made_step(&sizes, s)) + FACTORS * FACTORS * g->inputs * g->outputs)
           * sizeof(float);
}

/// Adds up the products of the tiles of one size, of some samples.
static void add_samples(gradient *g, size_t first, size_t last) {
    size_t tiles = (last - first) * tiles_of(&g->set), inputs = g->x.channels, outputs = g->dy.channels;
    size_t most = chunk_of(g->scheme), chunks = (tiles + most - 1) / most;
    size_t products = all_products(g->scheme, g->set.size);
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        g->first = first * tiles_of(&g->set) + tiles * chunk / chunks;
        g->count = first * tiles_of(&g->set) + tiles * (chunk + 1) / chunks - g->first;
        weft_parallel_for(
            g->count, 1, 1 + WEFT_GRAIN / (4 * products * (inputs + outputs)), transform_tiles, g);
        weft_parallel_for(
            FACTORS * FACTORS * outputs / TILE_COLUMNS, 1, 1 + 8 * WEFT_GRAIN / (g->count * inputs * TILE_COLUMNS),
            multiply, g);
        g->is_first = false;
    }
}

void weft_winograd_kernel_gradient(
    const weft_convolution *g, const float *x, size_t block, const float *dy, float *dk, void *scratch) {
    scheme s = scheme_of(g);
    gradient context = {
        .scheme = s, .x = {g->height, g->width, g->inputs, block, x},
        .dy = {g->out_height, g->out_width, g->outputs, g->block, dy}, .top = -(ptrdiff_t)g->padding_top,
        .left = -(ptrdiff_t)g->padding_left, .seen = scratch, .dk = dk, .is_first = true};
    context.made = context.seen + most_products(s) * seen_step(&context, s);
    context.sums = context.made + most_products(s) * made_step(&context, s);
    tile_grid grid = grid_of(s, g->out_height, g->out_width);
    // Of a few samples one size after the other, while their pixels are in the cache: of as many as fill a chunk.
    size_t group = weft_larger(1, chunk_of(s) / most_tiles(&grid)), groups = (g->samples + group - 1) / group;
    for (size_t i = 0; i < groups; i++)
        for (size_t size = 0; size < TILE_SIZES; size++) {
            context.set = set_of(&grid, tile_sizes[size]);
            add_samples(&context, g->samples * i / groups, g->samples * (i + 1) / groups);
        }
    weft_parallel_for(
        g->inputs * g->outputs / TILE_COLUMNS, 1, 1 + WEFT_GRAIN / (16 * FACTORS * FACTORS), transform_back, &context);
}
