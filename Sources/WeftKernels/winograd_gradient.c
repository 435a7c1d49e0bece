#include <string.h>

#include "winograd.h"

// The gradient of a kernel by Winograd's algorithm: for each product, the left factors of the tiles times the gradients of the
// product, summed over the tiles. A chunk of tiles is transformed, then multiplied; at the end the sums for each input and
// output, one for each pair of right factors, are transformed back.
//
// The tiles are divided into two parts with sums of their own, which are added up at the end. More than two threads share a
// part's outputs, and each transforms the inputs for itself: so no sum depends on the number of threads, and none waits for
// factors that another core has written, which takes longer than to compute them.

typedef struct {
    scheme scheme;
    size_t samples;
    image x, dy;
    ptrdiff_t top, left;  // of the first tile, in x
    tile_grid grid;
    size_t parts, shares;  // of tiles; of a part's outputs
    float *sums;           // of each part, sixteen outputs and pair of factors: of each input sixteen
    float *chunks;         // of each part and share: the factors of a chunk
    float *dk;
} gradient;

// Tiles of one size that are transformed and multiplied together, for some outputs.
typedef struct {
    tile_set set;
    size_t first_panel, last_panel;  // sixteen outputs each
    size_t first, count;
    float *seen;  // for each product and tile: a row of inputs
    float *made;  // for each product and sixteen outputs: of each tile sixteen
    float *sums;
    bool is_first;  // of its part: there are no sums yet
} tile_chunk;

static size_t row_of(size_t inputs) { return inputs + LINE; }

// So few tiles that most of their factors stay in a core's own cache, and so many that their sums are seldom fetched.
WEFT_INLINE size_t chunk_of(scheme s) { return s == EVERY_PIXEL ? 64 : 24; }
/// Values from one product to the next.
WEFT_INLINE size_t seen_step(const gradient *g, scheme s) { return chunk_of(s) * row_of(g->x.channels) + LINE; }
WEFT_INLINE size_t made_step(const gradient *g, scheme s) { return chunk_of(s) * g->dy.channels + LINE; }

WEFT_INLINE void transform_tile(const gradient *g, scheme s, tile_size size, const tile_chunk *c, size_t t) {
    tile_place place = place_of(&c->set, c->first + t);
    tile_place seen_place = {
        place.sample, place.row * source_step_of(s) + (size_t)g->top, place.column * source_step_of(s) + (size_t)g->left};
    tile_size seen = {seen_by(s, size.rows), seen_by(s, size.columns)};
    size_t rows = products_of(s, size.rows), columns = products_of(s, size.columns), chunk = chunk_of(s);
    tile_lanes copy[MOST_SEEN * MOST_SEEN], half[MOST_PRODUCTS * MOST_SEEN];
    size_t step = seen_step(g, s) / TILE_LANES;
    for (size_t channel = 0; channel < g->x.channels; channel += TILE_LANES) {
        tile_view view = view_of(&g->x, &seen_place, channel, seen, copy);
        tile_lanes *to = (tile_lanes *)(c->seen + t * row_of(g->x.channels) + channel);
        for (size_t k = 0; k < seen.columns; k++)
            transform_source(s, size.rows, view.values + k * view.step, view.row_step, half + k, seen.columns);
        for (size_t r = 0; r < rows; r++)
            transform_source(s, size.columns, half + r * seen.columns, 1, to + r * columns * step, step);
    }
    step = made_step(g, s) / TILE_LANES;
    for (size_t channel = c->first_panel * TILE_COLUMNS; channel < c->last_panel * TILE_COLUMNS; channel += TILE_LANES) {
        tile_view view = view_of(&g->dy, &place, channel, size, copy);
        tile_lanes *to = (tile_lanes *)(
            c->made + (channel / TILE_COLUMNS * chunk + t) * TILE_COLUMNS + channel % TILE_COLUMNS);
        for (size_t k = 0; k < size.columns; k++)
            transform_gradient(s, size.rows, view.values + k * view.step, view.row_step, half + k, size.columns);
        for (size_t r = 0; r < rows; r++)
            transform_gradient(s, size.columns, half + r * size.columns, 1, to + r * columns * step, step);
    }
}

WEFT_INLINE void transform_tiles(const gradient *g, scheme s, tile_size size, const tile_chunk *c) {
    for (size_t t = 0; t < c->count; t++) transform_tile(g, s, size, c, t);
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
    const gradient *g, scheme s, const tile_chunk *c, product_range rows, product_range columns, size_t input, size_t inputs,
    size_t panel, float *to) {
    size_t row = row_of(g->x.channels), count = products_of(s, c->set.size.columns);
    tile sums = {0};
    for (size_t i = rows.first; i < rows.end; i++)
        for (size_t j = columns.first; j < columns.end; j++) {
            size_t product = i * count + j;
            const float *right = c->made + product * made_step(g, s) + panel * TILE_COLUMNS * chunk_of(s);
            tile_add_columns(&sums, inputs, c->seen + product * seen_step(g, s) + input, row, right, c->count);
        }
    tile_lanes *before = (tile_lanes *)to;
    for (size_t r = 0; r < inputs; r++)
        for (size_t v = 0; v < TILE_VECTORS; v++, before++)
            *before = c->is_first ? sums.sums[r][v] : *before + sums.sums[r][v];
}

WEFT_INLINE void multiply(const gradient *g, scheme s, const tile_chunk *c) {
    size_t inputs = g->x.channels;
    for (size_t factors = 0; factors < FACTORS * FACTORS; factors++) {
        product_range rows = products_with(s, c->set.size.rows, factors / FACTORS);
        product_range columns = products_with(s, c->set.size.columns, factors % FACTORS);
        for (size_t panel = c->first_panel; panel < c->last_panel; panel++) {
            float *to = c->sums + (panel * FACTORS * FACTORS + factors) * inputs * TILE_COLUMNS;
            // There are eight inputs or a multiple: fours, until sixes are left.
            for (size_t input = 0, count; input < inputs; input += count, to += count * TILE_COLUMNS) {
                count = (inputs - input) % TILE_ROWS ? 4 : TILE_ROWS;
                if (count == TILE_ROWS)
                    add_products(g, s, c, rows, columns, input, TILE_ROWS, panel, to);
                else
                    add_products(g, s, c, rows, columns, input, 4, panel, to);
            }
        }
    }
}

/// Adds up the products of the tiles of one size: of some samples or, where all are of that size, of some tiles.
WEFT_INLINE void add_tiles(const gradient *g, scheme s, tile_size size, tile_chunk *c, size_t first, size_t last) {
    c->set = set_of(&g->grid, size);
    size_t unit = is_mixed(&g->grid) ? tiles_of(&c->set) : 1, tiles = (last - first) * unit;
    size_t chunks = (tiles + chunk_of(s) - 1) / chunk_of(s);
    for (size_t chunk = 0; chunk < chunks; chunk++) {
        c->first = first * unit + tiles * chunk / chunks;
        c->count = first * unit + tiles * (chunk + 1) / chunks - c->first;
        transform_tiles(g, s, size, c);
        multiply(g, s, c);
        c->is_first = false;
    }
}

/// What is divided into parts: samples or, where all tiles are of one size, tiles.
static size_t units_of(const tile_grid *grid, size_t samples) {
    tile_set fours = set_of(grid, tile_sizes[0]);
    return is_mixed(grid) ? samples : samples * tiles_of(&fours);
}

WEFT_INLINE void run_part(const gradient *g, scheme s, tile_chunk *c, size_t first, size_t end) {
    // Of a few samples one size after the other, while their pixels are in the cache: of as many as fill a chunk.
    size_t most = is_mixed(&g->grid) ? weft_larger(1, chunk_of(s) / most_tiles(&g->grid)) : end - first;
    size_t groups = (end - first + most - 1) / weft_larger(1, most);
    for (size_t i = 0; i < groups; i++) {
        size_t from = first + (end - first) * i / groups, to = first + (end - first) * (i + 1) / groups;
        add_tiles(g, s, (tile_size){4, 4}, c, from, to);
        if (!is_mixed(&g->grid)) continue;
        add_tiles(g, s, (tile_size){4, 3}, c, from, to);
        add_tiles(g, s, (tile_size){3, 4}, c, from, to);
        add_tiles(g, s, (tile_size){3, 3}, c, from, to);
    }
}

/// Values of a part's sums.
WEFT_INLINE size_t sums_of(const gradient *g) { return FACTORS * FACTORS * g->x.channels * g->dy.channels; }

/// Values of a chunk's factors, of tiles of four: those of other sizes have fewer.
static size_t chunk_values(const gradient *g) {
    return all_products(g->scheme, tile_sizes[0]) * (seen_step(g, g->scheme) + made_step(g, g->scheme));
}

WEFT_CLONES static void run_shares(void *context, size_t begin, size_t end) {
    const gradient *g = context;
    size_t units = units_of(&g->grid, g->samples), panels = g->dy.channels / TILE_COLUMNS;
    for (size_t index = begin; index < end; index++) {
        size_t part = index / g->shares, share = index % g->shares;
        size_t from = units * part / g->parts, to = units * (part + 1) / g->parts;
        tile_chunk chunk = {
            .first_panel = panels * share / g->shares, .last_panel = panels * (share + 1) / g->shares,
            .seen = g->chunks + index * chunk_values(g), .sums = g->sums + part * sums_of(g), .is_first = true};
        chunk.made = chunk.seen + all_products(g->scheme, tile_sizes[0]) * seen_step(g, g->scheme);
        if (g->scheme == EVERY_PIXEL)
            run_part(g, EVERY_PIXEL, &chunk, from, to);
        else
            run_part(g, EVERY_SECOND_PIXEL, &chunk, from, to);
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
            for (size_t factor = 0; factor < FACTORS * FACTORS; factor++) {
                const float *of_part = from + factor * inputs * TILE_COLUMNS;
                sums[factor] = *(const tile_lanes *)of_part;
                for (size_t part = 1; part < g->parts; part++)
                    sums[factor] += *(const tile_lanes *)(of_part + part * sums_of(g));
            }
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

/// Without its memory.
static gradient gradient_of(const weft_convolution *g, size_t threads) {
    gradient result = {
        .scheme = g->stride_height == 1 ? EVERY_PIXEL : EVERY_SECOND_PIXEL, .samples = g->samples,
        .x = {.height = g->height, .width = g->width, .channels = g->inputs},
        .dy = {.height = g->out_height, .width = g->out_width, .channels = g->outputs, .block = g->block},
        .top = -(ptrdiff_t)g->padding_top, .left = -(ptrdiff_t)g->padding_left};
    result.grid = grid_of(result.scheme, g->out_height, g->out_width);
    result.parts = weft_smaller(2, units_of(&result.grid, g->samples));
    result.shares = weft_larger(1, weft_smaller(threads / result.parts, g->outputs / TILE_COLUMNS));
    return result;
}

size_t weft_winograd_kernel_gradient_scratch(const weft_convolution *geometry, size_t threads) {
    gradient g = gradient_of(geometry, threads);
    return g.parts * (sums_of(&g) + g.shares * chunk_values(&g)) * sizeof(float);
}

void weft_winograd_kernel_gradient(
    const weft_convolution *geometry, const float *x, size_t block, const float *dy, float *dk, size_t threads,
    void *scratch) {
    gradient g = gradient_of(geometry, threads);
    g.x.block = block;
    g.x.values = x;
    g.dy.values = dy;
    g.dk = dk;
    g.sums = scratch;
    g.chunks = g.sums + g.parts * sums_of(&g);
    size_t tasks = g.parts * g.shares;
    size_t work = g.samples * grid_products(g.scheme, &g.grid) * g.x.channels * g.dy.channels / tasks;
    weft_parallel_for(tasks, 1, 1 + 8 * WEFT_GRAIN / weft_larger(1, work), run_shares, &g);
    weft_parallel_for(
        g.x.channels * g.dy.channels / TILE_COLUMNS, 1, 1 + WEFT_GRAIN / (16 * FACTORS * FACTORS), transform_back, &g);
}
