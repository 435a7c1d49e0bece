#include <string.h>

#include "winograd.h"

// Convolutions with windows of 3×3 that move by one or two pixels, and the gradients for their input, by Winograd's algorithm:
// 36 products of matrices in place of 144, or 81 of 144. Tiles of the source and the kernel are transformed, multiplied channel
// by channel, and the products transformed back.
//
// Where a window sees nothing but zeros the sum is zero, and not what rounding leaves of it: a ReLU behind it would let
// gradients pass, all over the black border of an image. (Not so where nothing follows the gradient for the input.)

// Tiles that are transformed before they are multiplied.
enum { MOST_TILES = 48 };

typedef struct {
    scheme scheme;
    size_t samples;
    tile_grid grid;
    image source, result;
    float *values;  // of the result
    ptrdiff_t source_top, source_left;  // of the first tile
    size_t result_top, result_left;     // how much of it lies outside
    const float *kernel;  // for each sixteen channels of the result, pair of factors and channel of the source: sixteen
    const float *bias;    // or NULL
    float slope;
    size_t parts, part_scratch;
    float *scratch;
} convolution;

// Which pixels of the source are zero in all channels: a bit for each column of a row.
typedef struct {
    uint32_t rows[MOST_SEEN];
    bool any;
} zero_map;

// Of which pixels of a tile's result all that is added up is zero: a bit for each, row by row.
typedef uint64_t zero_results;

// Tiles of one size that are computed together.
typedef struct {
    tile_set set;
    size_t first, count;
    float *seen;          // the left factors: for each product and tile all channels
    size_t product_step;  // from one product to the next
    zero_results zeros[MOST_TILES];
} tile_block;

// MARK: Source

WEFT_INLINE bool is_zero(const tile_lanes *v) {
    tile_bits bits = *v != 0;
    int32_t any = 0;
    for (size_t l = 0; l < TILE_LANES; l++) any |= bits[l];
    return any == 0;
}

/// Leaves those that are zero in these channels, too.
WEFT_INLINE void look_for_zeros(zero_map *zeros, const tile_view *seen, size_t rows) {
    zeros->any = false;
    for (size_t r = 0; r < rows; r++) {
        for (uint32_t left = zeros->rows[r]; left; left &= left - 1) {
            size_t column = (size_t)__builtin_ctz(left);
            if (!is_zero(seen->values + r * seen->row_step + column * seen->step))
                zeros->rows[r] &= ~(UINT32_C(1) << column);
        }
        zeros->any |= zeros->rows[r] != 0;
    }
}

/// Whether what is added up for a pixel of the result is nothing but zeros.
WEFT_INLINE bool sees_zeros(scheme s, const zero_map *zeros, size_t row, size_t column) {
    size_t step = s == EVERY_SECOND_PIXEL ? 2 : 1, width = WINDOW;
    size_t first_row = row * step, first_column = column * step, height = WINDOW;
    if (s == TO_EVERY_SECOND_PIXEL) {
        // Pixels of one parity see two, the others the second of these.
        height = 2 - row % 2, width = 2 - column % 2;
        first_row = row / 2 + row % 2, first_column = column / 2 + column % 2;
    }
    uint32_t window = ((UINT32_C(1) << width) - 1) << first_column;
    for (size_t r = 0; r < height; r++)
        if ((zeros->rows[first_row + r] & window) != window) return false;
    return true;
}

WEFT_INLINE zero_results results_of_zeros(scheme s, tile_size size, const zero_map *zeros) {
    zero_results results = 0;
    size_t rows = made_by(s, size.rows), columns = made_by(s, size.columns);
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < columns; k++)
            results |= (zero_results)sees_zeros(s, zeros, r, k) << (r * columns + k);
    return results;
}

/// The left factors of a block's tile.
WEFT_INLINE void transform_tile(const convolution *c, scheme s, tile_size size, tile_block *block, size_t index) {
    tile_size seen = {seen_by(s, size.rows), seen_by(s, size.columns)};
    size_t rows = products_of(s, size.rows), columns = products_of(s, size.columns);
    tile_place place = place_of(&block->set, block->first + index);
    place.row = place.row * source_step_of(s) + (size_t)c->source_top;
    place.column = place.column * source_step_of(s) + (size_t)c->source_left;
    // What is added up of several tiles is not looked at.
    zero_map zeros = {.any = s != TO_EVERY_PIXEL};
    for (size_t r = 0; r < seen.rows; r++) zeros.rows[r] = (UINT32_C(1) << seen.columns) - 1;
    tile_lanes *to = (tile_lanes *)(block->seen + index * c->source.channels);
    size_t step = block->product_step / TILE_LANES;
    for (size_t channel = 0; channel < c->source.channels; channel += TILE_LANES, to++) {
        tile_lanes copy[MOST_SEEN * MOST_SEEN], half[MOST_PRODUCTS * MOST_SEEN];
        tile_view view = view_of(&c->source, &place, channel, seen, copy);
        if (zeros.any) look_for_zeros(&zeros, &view, seen.rows);
        for (size_t k = 0; k < seen.columns; k++)
            transform_source(s, size.rows, view.values + k * view.step, view.row_step, half + k, seen.columns);
        for (size_t r = 0; r < rows; r++)
            transform_source(s, size.columns, half + r * seen.columns, 1, to + r * columns * step, step);
    }
    block->zeros[index] = zeros.any ? results_of_zeros(s, size, &zeros) : 0;
}

// MARK: Result

/// Transforms what is half transformed back, and stores what lies inside of the result.
WEFT_INLINE void store_tile(
    const convolution *c, scheme s, tile_size size, const tile_block *block, size_t index, size_t channel,
    const tile_lanes *half) {
    tile_place place = place_of(&block->set, block->first + index);
    const image *i = &c->result;
    zero_results zeros = block->zeros[index];
    size_t rows = made_by(s, size.rows), columns = made_by(s, size.columns);
    size_t first_row = place.row * result_step_of(s) - c->result_top;
    size_t first_column = place.column * result_step_of(s) - c->result_left;
    bool is_plain = !zeros && first_row < i->height && first_row + rows <= i->height && first_column < i->width
                    && first_column + columns <= i->width;
    float *plane = c->values + plane_of(i, place.sample, channel);
    const float *bias = c->bias ? c->bias + channel : NULL;
    for (size_t k = 0; k < columns; k++) {
        tile_lanes made[MOST_MADE];
        transform_products(s, size.rows, half + k, columns, made, 1);
        for (size_t r = 0; r < rows; r++) {
            size_t row = first_row + r, column = first_column + k;
            tile_lanes value = made[r];
            if (!is_plain) {
                if (row >= i->height || column >= i->width) continue;
                // Zero, but for what is not a number: the kernel's.
                if (zeros >> (r * columns + k) & 1) value = value * 0 + 0;
            }
            tile_lanes *to = (tile_lanes *)(plane + (row * i->width + column) * i->block);
            if (s == TO_EVERY_PIXEL) value += *to;
            tile_finish(&value, bias, c->slope);
            *to = value;
        }
    }
}

/// Multiplies six transformed tiles by the right factors of sixteen channels, and stores what comes of it.
WEFT_INLINE void multiply(
    const convolution *c, scheme s, tile_size size, const tile_block *block, size_t group, size_t channel) {
    size_t length = c->source.channels, columns = products_of(s, size.columns), made = made_by(s, size.columns);
    const float *kernel = c->kernel + channel * FACTORS * FACTORS * length, *left[TILE_ROWS];
    size_t used = weft_smaller(TILE_ROWS, block->count - group);
    // Of each tile and eight channels: its products, of which each row is transformed back as soon as it is there.
    tile_lanes half[TILE_ROWS][TILE_VECTORS][MOST_PRODUCTS * MOST_MADE];
    for (size_t i = 0; i < products_of(s, size.rows); i++) {
        tile products[MOST_PRODUCTS];
        for (size_t j = 0; j < columns; j++) {
            size_t factor = factor_of(size.rows, i) * FACTORS + factor_of(size.columns, j);
            const float *seen = block->seen + (i * columns + j) * block->product_step;
            // What is beyond the end is calculated with the last tile, and not stored.
            for (size_t r = 0; r < TILE_ROWS; r++) left[r] = seen + (group + weft_smaller(r, used - 1)) * length;
            tile sums = {0};
            tile_add_rows(&sums, left, kernel + factor * length * TILE_COLUMNS, length);
            products[j] = sums;
        }
        for (size_t r = 0; r < used; r++)
            for (size_t v = 0; v < TILE_VECTORS; v++)
                transform_products(
                    s, size.columns, &products[0].sums[r][v], TILE_ROWS * TILE_VECTORS, half[r][v] + i * made, 1);
    }
    for (size_t r = 0; r < used; r++)
        for (size_t v = 0; v < TILE_VECTORS; v++)
            store_tile(c, s, size, block, group + r, channel + v * TILE_LANES, half[r][v]);
}

// MARK: Kernel

typedef struct {
    scheme scheme;
    const float *kernel;
    size_t inputs, outputs;  // as it lies in memory
    bool is_transposed;      // inputs for outputs
    bool is_turned;          // by 180°, too
    float *factors;
} kernel_transform;

WEFT_INLINE void load_kernel(const kernel_transform *k, size_t source, size_t result, tile_lanes *values) {
    for (size_t place = 0; place < WINDOW * WINDOW; place++) {
        if (!k->is_transposed) {
            values[place] = *(const tile_lanes *)(k->kernel + (place * k->inputs + source) * k->outputs + result);
            continue;
        }
        size_t from_place = k->is_turned ? WINDOW * WINDOW - 1 - place : place;
        const float *from = k->kernel + (from_place * k->inputs + result) * k->outputs + source;
        for (size_t l = 0; l < TILE_LANES; l++) values[place][l] = from[l * k->outputs];
    }
}

WEFT_CLONES static void transform_kernels(void *context, size_t begin, size_t end) {
    const kernel_transform *k = context;
    size_t sources = k->is_transposed ? k->outputs : k->inputs;
    // A task is a channel of the source and sixteen of the result.
    for (size_t index = begin; index < end; index++) {
        size_t source = index % sources, panel = index / sources;
        float *to = k->factors + (panel * FACTORS * FACTORS * sources + source) * TILE_COLUMNS;
        for (size_t v = 0; v < TILE_VECTORS; v++) {
            tile_lanes values[WINDOW * WINDOW], half[FACTORS * WINDOW], all[FACTORS * FACTORS];
            load_kernel(k, source, panel * TILE_COLUMNS + v * TILE_LANES, values);
            for (size_t j = 0; j < WINDOW; j++) transform_kernel(k->scheme, values + j, WINDOW, half + j, WINDOW);
            for (size_t r = 0; r < FACTORS; r++)
                transform_kernel(k->scheme, half + r * WINDOW, 1, all + r * FACTORS, 1);
            for (size_t factor = 0; factor < FACTORS * FACTORS; factor++)
                *(tile_lanes *)(to + factor * sources * TILE_COLUMNS + v * TILE_LANES) = all[factor];
        }
    }
}

// MARK: The whole

/// So many tiles that their left factors stay in the cache, in whole groups.
static size_t block_tiles(scheme s, tile_size size, size_t channels) {
    enum { CACHE = 192 * 1024 };
    size_t tiles = CACHE / (all_products(s, size) * channels * sizeof(float)) / TILE_ROWS * TILE_ROWS;
    return weft_larger(TILE_ROWS, weft_smaller(MOST_TILES, tiles));
}

/// Values from the left factors of one product to those of the next.
WEFT_INLINE size_t product_step(scheme s, tile_size size, size_t channels) {
    return block_tiles(s, size, channels) * channels + LINE;
}

WEFT_INLINE void run_tiles(
    const convolution *c, scheme s, tile_size size, size_t part, const tile_set *set, size_t first, size_t last) {
    tile_block block = {.set = *set, .seen = c->scratch + part * c->part_scratch};
    size_t most = block_tiles(s, size, c->source.channels);
    block.product_step = product_step(s, size, c->source.channels);
    for (block.first = first; block.first < last; block.first += block.count) {
        block.count = weft_smaller(most, last - block.first);
        for (size_t t = 0; t < block.count; t++) transform_tile(c, s, size, &block, t);
        for (size_t channel = 0; channel < c->result.channels; channel += TILE_COLUMNS)
            for (size_t group = 0; group < block.count; group += TILE_ROWS)
                multiply(c, s, size, &block, group, channel);
    }
}

/// Where all tiles are of four.
WEFT_INLINE void run_part(const convolution *c, scheme s, size_t part) {
    tile_size size = {4, 4};
    tile_set set = set_of(&c->grid, size);
    // Tiles that add to the same pixels are one part's.
    size_t unit = s == TO_EVERY_PIXEL ? tiles_of(&set) : 1, units = c->samples * tiles_of(&set) / unit;
    run_tiles(c, s, size, part, &set, units * part / c->parts * unit, units * (part + 1) / c->parts * unit);
}

/// The tiles of one size of some samples or, where all are of that size, some tiles.
WEFT_INLINE void run_size(const convolution *c, scheme s, tile_size size, size_t part, size_t first, size_t last) {
    tile_set set = set_of(&c->grid, size);
    size_t tiles = tiles_of(&set), unit = is_mixed(&c->grid) ? tiles : 1;
    if (tiles > 0) run_tiles(c, s, size, part, &set, first * unit, last * unit);
}

/// With tiles of several sizes, of a few samples one size after the other, while their pixels are in the cache; of as many
/// samples as a group has rows, so that groups are full.
WEFT_INLINE void run_split_part(const convolution *c, scheme s, size_t part) {
    tile_set fours = set_of(&c->grid, (tile_size){4, 4});
    size_t units = is_mixed(&c->grid) ? c->samples : c->samples * tiles_of(&fours);
    size_t most = is_mixed(&c->grid) ? TILE_ROWS : weft_larger(1, units), end = units * (part + 1) / c->parts;
    for (size_t first = units * part / c->parts, last; first < end; first = last) {
        last = weft_smaller(first + most, end);
        run_size(c, s, (tile_size){4, 4}, part, first, last);
        run_size(c, s, (tile_size){4, 3}, part, first, last);
        run_size(c, s, (tile_size){3, 4}, part, first, last);
        run_size(c, s, (tile_size){3, 3}, part, first, last);
    }
}

/// What tiles are added to.
static void clear(const convolution *c, size_t part) {
    size_t values = c->result.height * c->result.width * c->result.channels;
    size_t first = c->samples * part / c->parts, last = c->samples * (part + 1) / c->parts;
    memset(c->values + first * values, 0, (last - first) * values * sizeof(float));
}

WEFT_CLONES static void run_parts(void *context, size_t begin, size_t end) {
    const convolution *c = context;
    for (size_t part = begin; part < end; part++) {
        switch (c->scheme) {
            case EVERY_PIXEL: run_part(c, EVERY_PIXEL, part); break;
            case EVERY_SECOND_PIXEL: run_split_part(c, EVERY_SECOND_PIXEL, part); break;
            case TO_EVERY_SECOND_PIXEL: run_split_part(c, TO_EVERY_SECOND_PIXEL, part); break;
            case TO_EVERY_PIXEL:
                clear(c, part);
                run_part(c, TO_EVERY_PIXEL, part);
        }
    }
}

static size_t kernel_values(const weft_convolution *g) { return FACTORS * FACTORS * g->inputs * g->outputs; }

static scheme forward_scheme(const weft_convolution *g) {
    return g->stride_height == 1 ? EVERY_PIXEL : EVERY_SECOND_PIXEL;
}

static tile_grid gradient_grid(scheme s, const weft_convolution *g) {
    if (s == TO_EVERY_SECOND_PIXEL)
        return grid_of(s, (g->height + g->padding_top + 1) / 2, (g->width + g->padding_left + 1) / 2);
    return s == TO_EVERY_PIXEL ? grid_of(s, g->out_height, g->out_width) : grid_of(s, g->height, g->width);
}

/// How the gradient for the input is computed: by whichever of two ways has fewer tiles, unless something follows it.
static scheme gradient_scheme(const weft_convolution *g, bool is_followed) {
    if (g->stride_height == 2) return TO_EVERY_SECOND_PIXEL;
    tile_grid into = gradient_grid(EVERY_PIXEL, g), from = gradient_grid(TO_EVERY_PIXEL, g);
    return !is_followed && grid_products(TO_EVERY_PIXEL, &from) < grid_products(EVERY_PIXEL, &into) ? TO_EVERY_PIXEL
                                                                                                    : EVERY_PIXEL;
}

size_t weft_winograd_products(const weft_convolution *g, bool is_gradient) {
    scheme s = is_gradient ? gradient_scheme(g, true) : forward_scheme(g);
    tile_grid grid = is_gradient ? gradient_grid(s, g) : grid_of(s, g->out_height, g->out_width);
    return grid_products(s, &grid);
}

/// Values of the left factors of the most tiles that are transformed before they are multiplied.
static size_t most_seen(scheme s, size_t channels) {
    size_t most = 0;
    for (size_t i = 0; i < TILE_SIZES; i++)
        most = weft_larger(most, all_products(s, tile_sizes[i]) * product_step(s, tile_sizes[i], channels));
    return most;
}

size_t weft_winograd_scratch(const weft_convolution *g, bool is_gradient, size_t parts) {
    // Both ways to the input take as much.
    scheme s = is_gradient ? gradient_scheme(g, true) : forward_scheme(g);
    return (kernel_values(g) + parts * most_seen(s, is_gradient ? g->outputs : g->inputs)) * sizeof(float);
}

static void run(convolution *c, const weft_convolution *g, const float *kernel, bool is_transposed, float *scratch) {
    kernel_transform transform = {
        .scheme = c->scheme, .kernel = kernel, .inputs = g->inputs, .outputs = g->outputs,
        .is_transposed = is_transposed, .is_turned = c->scheme != TO_EVERY_PIXEL, .factors = scratch};
    size_t sources = c->source.channels, results = c->result.channels;
    weft_parallel_for(
        sources * results / TILE_COLUMNS, 1, 1 + WEFT_GRAIN / (16 * FACTORS * FACTORS), transform_kernels, &transform);
    c->kernel = scratch;
    c->scratch = scratch + kernel_values(g);
    c->part_scratch = most_seen(c->scheme, sources);
    size_t work = c->samples * grid_products(c->scheme, &c->grid) * sources * results / c->parts;
    weft_parallel_for(c->parts, 1, 1 + 8 * WEFT_GRAIN / weft_larger(1, work), run_parts, c);
}

void weft_winograd(
    const weft_convolution *g, const float *x, const float *kernel, const float *bias, float slope, float *y,
    size_t block, size_t parts, void *scratch) {
    convolution context = {
        .scheme = forward_scheme(g), .samples = g->samples,
        .grid = grid_of(forward_scheme(g), g->out_height, g->out_width), .source = {g->height, g->width, g->inputs, block, x},
        .result = {g->out_height, g->out_width, g->outputs, g->block, y}, .values = y, .source_top = -(ptrdiff_t)g->padding_top,
        .source_left = -(ptrdiff_t)g->padding_left, .bias = bias, .slope = slope, .parts = parts};
    run(&context, g, kernel, false, scratch);
}

void weft_winograd_input_gradient(
    const weft_convolution *g, const float *dy, const float *kernel, const float *bias, float slope, float *dx,
    size_t block, size_t parts, void *scratch) {
    convolution context = {
        .scheme = gradient_scheme(g, bias || slope != 1), .samples = g->samples,
        .source = {g->out_height, g->out_width, g->outputs, g->block, dy},
        .result = {g->height, g->width, g->inputs, block, dx}, .values = dx, .bias = bias, .slope = slope, .parts = parts};
    context.grid = gradient_grid(context.scheme, g);
    if (context.scheme == EVERY_PIXEL) {
        context.source_top = (ptrdiff_t)g->padding_top - (WINDOW - 1);
        context.source_left = (ptrdiff_t)g->padding_left - (WINDOW - 1);
    } else {
        // The tiles begin where the first window does; with strides of 2 they see an output more before it.
        context.source_top = context.source_left = context.scheme == TO_EVERY_PIXEL ? 0 : -1;
        context.result_top = g->padding_top;
        context.result_left = g->padding_left;
    }
    run(&context, g, kernel, true, scratch);
}
