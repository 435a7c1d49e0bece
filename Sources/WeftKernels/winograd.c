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
    size_t parts, block_tiles;
    float *scratch;
} convolution;

// Which pixels of the source are zero in all channels: a bit for each column of a row.
typedef struct {
    uint32_t rows[MOST_SEEN];
    bool any;
} zero_map;

static size_t tiles_of(const convolution *c) { return c->samples * c->grid.rows * c->grid.columns; }

// MARK: Source

WEFT_INLINE bool is_zero(const tile_lanes *v) {
    tile_bits bits = *v != 0;
    int32_t any = 0;
    for (size_t l = 0; l < TILE_LANES; l++) any |= bits[l];
    return any == 0;
}

/// Leaves those that are zero in these channels, too.
WEFT_INLINE void look_for_zeros(zero_map *zeros, const tile_lanes *seen, size_t size) {
    zeros->any = false;
    for (size_t r = 0; r < size; r++) {
        for (uint32_t left = zeros->rows[r]; left; left &= left - 1) {
            size_t column = (size_t)__builtin_ctz(left);
            if (!is_zero(&seen[r * size + column])) zeros->rows[r] &= ~(UINT32_C(1) << column);
        }
        zeros->any |= zeros->rows[r] != 0;
    }
}

/// The left factors of a tile: for each product, all channels.
WEFT_INLINE void transform_tile(
    const convolution *c, scheme s, size_t index, float *to, size_t product_step, zero_map *zeros) {
    tile_place place = place_of(&c->grid, index);
    size_t size = seen_by(s), products = products_of(s);
    size_t row = place.row * source_step_of(s) + (size_t)c->source_top;
    size_t column = place.column * source_step_of(s) + (size_t)c->source_left;
    // What is added up of several tiles is not looked at.
    zeros->any = s != TO_EVERY_PIXEL;
    for (size_t r = 0; r < size; r++) zeros->rows[r] = (UINT32_C(1) << size) - 1;
    for (size_t channel = 0; channel < c->source.channels; channel += TILE_LANES) {
        tile_lanes seen[MOST_SEEN * MOST_SEEN], half[MOST_PRODUCTS * MOST_SEEN], all[MOST_PRODUCTS * MOST_PRODUCTS];
        load_square(&c->source, place.sample, row, column, channel, size, seen);
        if (zeros->any) look_for_zeros(zeros, seen, size);
        for (size_t k = 0; k < size; k++) transform_source(s, seen + k, size, half + k, size);
        for (size_t r = 0; r < products; r++) transform_source(s, half + r * size, 1, all + r * products, 1);
        for (size_t product = 0; product < products * products; product++)
            *(tile_lanes *)(to + product * product_step + channel) = all[product];
    }
}

// MARK: Result

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

/// Transforms a tile's products of eight channels back.
WEFT_INLINE void store_tile(
    const convolution *c, scheme s, size_t index, const tile *products, size_t tile_row, size_t vector, size_t channel,
    const zero_map *zeros) {
    tile_lanes sums[MOST_PRODUCTS * MOST_PRODUCTS], half[MOST_MADE * MOST_PRODUCTS], made[MOST_MADE * MOST_MADE];
    size_t count = products_of(s), size = made_by(s), step = result_step_of(s);
    for (size_t product = 0; product < count * count; product++)
        sums[product] = products[product].sums[tile_row][vector];
    for (size_t k = 0; k < count; k++) transform_products(s, sums + k, count, half + k, count);
    for (size_t r = 0; r < size; r++) transform_products(s, half + r * count, 1, made + r * size, 1);
    tile_place place = place_of(&c->grid, index);
    const image *i = &c->result;
    float *plane = c->values + plane_of(i, place.sample, channel);
    for (size_t r = 0; r < size; r++)
        for (size_t k = 0; k < size; k++) {
            size_t row = place.row * step + r - c->result_top, column = place.column * step + k - c->result_left;
            if (row >= i->height || column >= i->width) continue;
            tile_lanes value = made[r * size + k];
            // Zero, but for what is not a number: the kernel's.
            if (zeros->any && sees_zeros(s, zeros, r, k)) value = value * 0 + 0;
            tile_lanes *to = (tile_lanes *)(plane + (row * i->width + column) * i->block);
            if (s == TO_EVERY_PIXEL) value += *to;
            tile_finish(&value, c->bias ? c->bias + channel : NULL, c->slope);
            *to = value;
        }
}

/// Multiplies six transformed tiles by the right factors of sixteen channels.
WEFT_INLINE void multiply(
    const convolution *c, scheme s, const float *seen, size_t product_step, const size_t *rows, size_t channel,
    tile *products) {
    size_t length = c->source.channels, count = products_of(s);
    const float *kernel = c->kernel + channel * FACTORS * FACTORS * length;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++) {
            size_t factor = factor_of(i) * FACTORS + factor_of(j), product = i * count + j;
            const float *left[TILE_ROWS];
            for (size_t r = 0; r < TILE_ROWS; r++) left[r] = seen + product * product_step + rows[r] * length;
            tile sums = {0};
            tile_add_rows(&sums, left, kernel + factor * length * TILE_COLUMNS, length);
            products[product] = sums;
        }
}

WEFT_INLINE void run_block(const convolution *c, scheme s, size_t first, size_t count, float *seen) {
    zero_map zeros[MOST_TILES];
    size_t length = c->source.channels, product_step = c->block_tiles * length;
    for (size_t t = 0; t < count; t++) transform_tile(c, s, first + t, seen + t * length, product_step, &zeros[t]);
    for (size_t channel = 0; channel < c->result.channels; channel += TILE_COLUMNS)
        for (size_t group = 0; group < count; group += TILE_ROWS) {
            tile products[MOST_PRODUCTS * MOST_PRODUCTS];
            size_t rows[TILE_ROWS], used = weft_smaller(TILE_ROWS, count - group);
            // What is beyond the end is calculated with the last tile, and not stored.
            for (size_t r = 0; r < TILE_ROWS; r++) rows[r] = group + weft_smaller(r, used - 1);
            multiply(c, s, seen, product_step, rows, channel, products);
            for (size_t r = 0; r < used; r++)
                for (size_t v = 0; v < TILE_VECTORS; v++)
                    store_tile(
                        c, s, first + group + r, products, r, v, channel + v * TILE_LANES, &zeros[group + r]);
        }
}

/// The first tile of a part. Tiles that add to the same pixels are one part's.
static size_t first_tile(const convolution *c, size_t part) {
    size_t tiles = tiles_of(c);
    if (c->scheme != TO_EVERY_PIXEL) return tiles * part / c->parts;
    return c->samples * part / c->parts * (tiles / c->samples);
}

static void clear(const convolution *c, size_t first, size_t last) {
    size_t tiles = c->grid.rows * c->grid.columns, image = c->result.height * c->result.width * c->result.channels;
    memset(c->values + first / tiles * image, 0, (last - first) / tiles * image * sizeof(float));
}

WEFT_CLONES static void run_parts(void *context, size_t begin, size_t end) {
    const convolution *c = context;
    size_t products = products_of(c->scheme);
    for (size_t part = begin; part < end; part++) {
        float *seen = c->scratch + part * products * products * c->block_tiles * c->source.channels;
        size_t last = first_tile(c, part + 1);
        if (c->scheme == TO_EVERY_PIXEL) clear(c, first_tile(c, part), last);
        for (size_t first = first_tile(c, part), count; first < last; first += count) {
            count = weft_smaller(c->block_tiles, last - first);
            switch (c->scheme) {
                case EVERY_PIXEL: run_block(c, EVERY_PIXEL, first, count, seen); break;
                case EVERY_SECOND_PIXEL: run_block(c, EVERY_SECOND_PIXEL, first, count, seen); break;
                case TO_EVERY_SECOND_PIXEL: run_block(c, TO_EVERY_SECOND_PIXEL, first, count, seen); break;
                case TO_EVERY_PIXEL: run_block(c, TO_EVERY_PIXEL, first, count, seen);
            }
        }
    }
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

// So many tiles that their left factors stay in the cache, in whole groups.
static size_t block_tiles(scheme s, size_t channels) {
    enum { CACHE = 192 * 1024 };
    size_t tiles = CACHE / (products_of(s) * products_of(s) * channels * sizeof(float)) / TILE_ROWS * TILE_ROWS;
    return weft_larger(TILE_ROWS, weft_smaller(MOST_TILES, tiles));
}

static size_t kernel_values(const weft_convolution *g) { return FACTORS * FACTORS * g->inputs * g->outputs; }

/// How the gradient for the input is computed: by whichever of two ways has fewer tiles, unless something follows it.
static scheme gradient_scheme(const weft_convolution *g, bool is_followed) {
    if (g->stride_height == 2) return TO_EVERY_SECOND_PIXEL;
    image input = {.height = g->height, .width = g->width}, output = {.height = g->out_height, .width = g->out_width};
    tile_grid into = grid_of(MADE, &input, 0, 0), from = grid_of(MADE, &output, 0, 0);
    return !is_followed && from.rows * from.columns < into.rows * into.columns ? TO_EVERY_PIXEL : EVERY_PIXEL;
}

static void run(convolution *c, const weft_convolution *g, const float *kernel, bool is_transposed, float *scratch) {
    kernel_transform transform = {
        .scheme = c->scheme, .kernel = kernel, .inputs = g->inputs, .outputs = g->outputs,
        .is_transposed = is_transposed, .is_turned = c->scheme != TO_EVERY_PIXEL, .factors = scratch};
    size_t sources = c->source.channels, results = c->result.channels, products = products_of(c->scheme);
    weft_parallel_for(
        sources * results / TILE_COLUMNS, 1, 1 + WEFT_GRAIN / (16 * FACTORS * FACTORS), transform_kernels, &transform);
    c->kernel = scratch;
    c->scratch = scratch + kernel_values(g);
    c->grid = c->scheme == TO_EVERY_PIXEL ? grid_of(MADE, &c->source, 0, 0)
                                          : grid_of(made_by(c->scheme), &c->result, c->result_top, c->result_left);
    c->block_tiles = block_tiles(c->scheme, sources);
    size_t work = tiles_of(c) * products * products * sources * results / c->parts;
    weft_parallel_for(c->parts, 1, 1 + 8 * WEFT_GRAIN / weft_larger(1, work), run_parts, c);
}

size_t weft_winograd_scratch(const weft_convolution *g, bool is_gradient, size_t parts) {
    // Both ways to the input take as much.
    scheme s = is_gradient ? gradient_scheme(g, true) : g->stride_height == 1 ? EVERY_PIXEL : EVERY_SECOND_PIXEL;
    size_t sources = is_gradient ? g->outputs : g->inputs;
    return (kernel_values(g) + parts * products_of(s) * products_of(s) * block_tiles(s, sources) * sources)
           * sizeof(float);
}

void weft_winograd(
    const weft_convolution *g, const float *x, const float *kernel, const float *bias, float slope, float *y,
    size_t block, size_t parts, void *scratch) {
    convolution context = {
        .scheme = g->stride_height == 1 ? EVERY_PIXEL : EVERY_SECOND_PIXEL, .samples = g->samples,
        .source = {g->height, g->width, g->inputs, block, x},
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
