// Winograd's algorithm for windows of 3×3: its transforms, for eight channels at a time, and images in tiles. (Winograd,
// "Arithmetic Complexity of Computations", 1980; Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2016.)
#ifndef WEFT_WINOGRAD_H
#define WEFT_WINOGRAD_H

#include "tile.h"

// In one dimension, a tile of the source is transformed into the left factors of some products, the kernel's three values into
// the right factors, and the products into a tile of the result.
//
// EVERY_PIXEL is F(4, 3) with the points 0, 1, −1, 2, −½ and infinity, which round less than the usual ones.
//
// Where a window moves two pixels, its outer values meet the pixels of one parity and its middle one those of the other. For the
// former, two values, there is F(4, 2) with the points 0, 1, −1, 2 and infinity; the latter are multiplied one by one, all by the
// same. EVERY_SECOND_PIXEL is that. TO_EVERY_SECOND_PIXEL is its gradient for the input, or a transposed convolution: there
// the parities are those of the result.
//
// TO_EVERY_PIXEL is EVERY_PIXEL transposed: of a tile of the output's gradient, what it adds to the input's, which it shares with
// its neighbours. (The gradient is also a convolution with the kernel turned round; but of a larger image, where the input is.)
//
// Tiles make four results, or with strides of 2 also three, by F(3, 2) with the points 0, 1, −1 and infinity, so that of sides of
// 7 or 14 nothing is left over. Their right factors are some of those of F(4, 2).
typedef enum { EVERY_PIXEL, EVERY_SECOND_PIXEL, TO_EVERY_SECOND_PIXEL, TO_EVERY_PIXEL } scheme;

enum {
    WINDOW = 3,
    FACTORS = 6,  // different right factors
    MOST_SEEN = 9,
    MOST_PRODUCTS = 9,
    MOST_MADE = 8,
    // Between what lies behind one another: lines at multiples of a large power of two would share places in the cache.
    LINE = 16,
};

/// What a tile makes in each dimension: results; or pairs of them, to every second pixel; or, of those that lead to every pixel,
/// what it is made of.
typedef struct {
    size_t rows, columns;
} tile_size;

enum { TILE_SIZES = 4 };
static const tile_size tile_sizes[TILE_SIZES] = {{4, 4}, {4, 3}, {3, 4}, {3, 3}};

WEFT_INLINE bool is_split(scheme s) { return s == EVERY_SECOND_PIXEL || s == TO_EVERY_SECOND_PIXEL; }
/// Products of F(4, 2) or F(3, 2), before the single ones.
WEFT_INLINE size_t pairs_of(size_t side) { return side + 1; }
WEFT_INLINE size_t products_of(scheme s, size_t side) { return is_split(s) ? 2 * side + 1 : 6; }
WEFT_INLINE size_t all_products(scheme s, tile_size size) {
    return products_of(s, size.rows) * products_of(s, size.columns);
}
/// The right factor of a product.
WEFT_INLINE size_t factor_of(size_t side, size_t product) {
    // Tiles of three do without the point 2.
    return weft_smaller(side == 3 && product >= 3 ? product + 1 : product, FACTORS - 1);
}
/// Pixels of the source that a tile sees.
WEFT_INLINE size_t seen_by(scheme s, size_t side) {
    switch (s) {
        case EVERY_PIXEL: return side + 2;
        case EVERY_SECOND_PIXEL: return 2 * side + 1;
        case TO_EVERY_SECOND_PIXEL: return side + 1;
        case TO_EVERY_PIXEL: return side;
    }
}
WEFT_INLINE size_t source_step_of(scheme s) { return s == EVERY_SECOND_PIXEL ? 2 : 1; }
/// Pixels of the result that come of a tile.
WEFT_INLINE size_t made_by(scheme s, size_t side) {
    return s == TO_EVERY_SECOND_PIXEL ? 2 * side : s == TO_EVERY_PIXEL ? side + 2 : side;
}
WEFT_INLINE size_t result_step_of(scheme s) { return s == TO_EVERY_SECOND_PIXEL ? 2 : 1; }

// MARK: Transforms in one dimension; `step` leads from one value to the next

#define WEFT_SPLAT(c) ((tile_lanes){(c), (c), (c), (c), (c), (c), (c), (c)})
// x · c + y
#define WEFT_ADD(x, c, y) __builtin_elementwise_fma((x), WEFT_SPLAT(c), (y))

WEFT_INLINE void transform_six(const tile_lanes *d, size_t step, tile_lanes *to, size_t to_step) {
    tile_lanes d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
    tile_lanes even = d4 - d2, odd = d3 - d1;
    to[0] = WEFT_ADD(d2, -2, WEFT_ADD(odd, -1.5f, d0 + d4));
    to[to_step] = WEFT_ADD(d2, -2.5f, WEFT_ADD(d3, -0.5f, d4 - d1));
    to[2 * to_step] = WEFT_ADD(d3, -2.5f, WEFT_ADD(d2, 0.5f, d4 + d1));
    to[3 * to_step] = WEFT_ADD(odd, 0.5f, even);
    to[4 * to_step] = WEFT_ADD(odd, -2, even);
    to[5 * to_step] = WEFT_ADD(d3, -2, WEFT_ADD(even, -1.5f, d1 + d5));
}

WEFT_INLINE void transform_five(const tile_lanes *d, size_t step, tile_lanes *to, size_t to_step) {
    tile_lanes d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    tile_lanes odd = d3 - d1;
    to[0] = WEFT_ADD(d0 - d2, 2, odd);
    to[to_step] = WEFT_ADD(d1, -2, d3 - d2);
    to[2 * to_step] = WEFT_ADD(d1, 2, WEFT_ADD(d2, -3, d3));
    to[3 * to_step] = odd;
    to[4 * to_step] = WEFT_ADD(odd, -2, d4 - d2);
}

WEFT_INLINE void transform_four(const tile_lanes *d, size_t step, tile_lanes *to, size_t to_step) {
    tile_lanes d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    to[0] = 2 * (d0 - d2);
    to[to_step] = -(d1 + d2);
    to[2 * to_step] = 3 * (d1 - d2);
    to[3 * to_step] = d3 - d1;
}

/// The right factors of three values of the kernel.
WEFT_INLINE void transform_kernel(scheme s, const tile_lanes *g, size_t step, tile_lanes *to, size_t to_step) {
    tile_lanes g0 = g[0], g1 = g[step], g2 = g[2 * step];
    if (!is_split(s)) {
        tile_lanes outer = (g0 + g2) * (1.0f / 3), inner = g1 * (1.0f / 3);
        to[0] = g0;
        to[to_step] = -outer - inner;
        to[2 * to_step] = outer - inner;
        to[3 * to_step] = (g0 + 2 * g1 + 4 * g2) * (1.0f / 15);
        to[4 * to_step] = (2 * g1 - g2 - 4 * g0) * (4.0f / 15);
        to[5 * to_step] = g2;
    } else {
        to[0] = g0 * 0.5f;
        to[to_step] = (g0 + g2) * -0.5f;
        to[2 * to_step] = (g2 - g0) * (1.0f / 6);
        to[3 * to_step] = (g0 + 2 * g2) * (1.0f / 6);
        to[4 * to_step] = g2;
        to[5 * to_step] = g1;
    }
}

/// The gradient of the kernel's three values from that of the right factors: transposed.
WEFT_INLINE void transform_kernel_gradient(
    scheme s, const tile_lanes *u, size_t step, tile_lanes *to, size_t to_step) {
    tile_lanes u0 = u[0], u1 = u[step], u2 = u[2 * step], u3 = u[3 * step], u4 = u[4 * step], u5 = u[5 * step];
    if (s == EVERY_PIXEL) {
        tile_lanes near = (u2 - u1) * (1.0f / 3);
        to[0] = u0 + near + (u3 - 16 * u4) * (1.0f / 15);
        to[to_step] = (u1 + u2) * (-1.0f / 3) + (u3 + 4 * u4) * (2.0f / 15);
        to[2 * to_step] = near + (u3 - u4) * (4.0f / 15) + u5;
    } else {
        to[0] = (u0 - u1) * 0.5f + (u3 - u2) * (1.0f / 6);
        to[to_step] = u5;
        to[2 * to_step] = u4 - u1 * 0.5f + (u2 + 2 * u3) * (1.0f / 6);
    }
}

/// The gradient of a tile's products from that of its results: transposed. Of those that do not lead to the input.
WEFT_INLINE void transform_gradient(
    scheme s, size_t side, const tile_lanes *d, size_t step, tile_lanes *to, size_t to_step) {
    tile_lanes d0 = d[0], d1 = d[step], d2 = d[2 * step];
    to[0] = d0;
    if (side == 3) {
        tile_lanes outer = d0 + d2;
        to[to_step] = outer + d1;
        to[2 * to_step] = outer - d1;
        to[3 * to_step] = d2;
    } else {
        tile_lanes d3 = d[3 * step], even = d0 + d2, odd = d1 + d3;
        to[to_step] = even + odd;
        to[2 * to_step] = even - odd;
        to[3 * to_step] = WEFT_ADD(d3, 8, WEFT_ADD(d2, 4, WEFT_ADD(d1, 2, d0)));
        if (s == EVERY_PIXEL)
            to[4 * to_step] = WEFT_ADD(d3, -0.125f, WEFT_ADD(d2, 0.25f, WEFT_ADD(d1, -0.5f, d0)));
        to[(s == EVERY_PIXEL ? 5 : 4) * to_step] = d3;
    }
    if (s == EVERY_PIXEL) return;
    for (size_t i = 0; i < side; i++) to[(pairs_of(side) + i) * to_step] = d[i * step];
}

/// The left factors of a tile.
WEFT_INLINE void transform_source(
    scheme s, size_t side, const tile_lanes *d, size_t step, tile_lanes *to, size_t to_step) {
    bool is_source_split = s == EVERY_SECOND_PIXEL;
    switch (s) {
        case EVERY_PIXEL: transform_six(d, step, to, to_step); break;
        case TO_EVERY_PIXEL: transform_gradient(EVERY_PIXEL, side, d, step, to, to_step); break;
        default:
            if (side == 3)
                transform_four(d, is_source_split ? 2 * step : step, to, to_step);
            else
                transform_five(d, is_source_split ? 2 * step : step, to, to_step);
            for (size_t i = 0; i < side; i++)
                to[(pairs_of(side) + i) * to_step] = d[(is_source_split ? 2 * i + 1 : i + 1) * step];
    }
}

/// transform_six transposed.
WEFT_INLINE void transform_six_back(const tile_lanes *m, size_t step, tile_lanes *to, size_t to_step) {
    tile_lanes m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step], m5 = m[5 * step];
    to[0] = m0;
    to[to_step] = WEFT_ADD(m0, 1.5f, WEFT_ADD(m4, 2, WEFT_ADD(m3, -0.5f, m2 - m1))) + m5;
    to[2 * to_step] = WEFT_ADD(m0, -2, WEFT_ADD(m1, -2.5f, WEFT_ADD(m2, 0.5f, WEFT_ADD(m5, 1.5f, -(m3 + m4)))));
    to[3 * to_step] = WEFT_ADD(m0, -1.5f, WEFT_ADD(m2, -2.5f, WEFT_ADD(m3 - m1, 0.5f, -2 * (m4 + m5))));
    to[4 * to_step] = WEFT_ADD(m5, -1.5f, (m0 + m1) + (m2 + m3) + m4);
    to[5 * to_step] = m5;
}

/// The results of F(4, 2) or F(3, 2).
WEFT_INLINE void transform_pairs(size_t side, const tile_lanes *m, size_t step, tile_lanes *to) {
    tile_lanes sum = m[step] + m[2 * step], difference = m[step] - m[2 * step], m3 = m[3 * step];
    to[0] = m[0] + sum;
    to[1] = difference;
    to[2] = sum;
    if (side == 3) {
        to[2] += m3;
        return;
    }
    to[0] += m3;
    to[1] = WEFT_ADD(m3, 2, to[1]);
    to[2] = WEFT_ADD(m3, 4, to[2]);
    to[3] = WEFT_ADD(m3, 8, difference) + m[4 * step];
}

/// The results that come of a tile's products.
WEFT_INLINE void transform_products(
    scheme s, size_t side, const tile_lanes *m, size_t step, tile_lanes *to, size_t to_step) {
    if (s == TO_EVERY_PIXEL) {
        transform_six_back(m, step, to, to_step);
        return;
    }
    if (s == EVERY_PIXEL) {
        tile_lanes sum = m[step] + m[2 * step], difference = m[step] - m[2 * step], m3 = m[3 * step], m4 = m[4 * step];
        to[0] = m[0] + sum + m3 + m4;
        to[to_step] = WEFT_ADD(m4, -0.5f, WEFT_ADD(m3, 2, difference));
        to[2 * to_step] = WEFT_ADD(m4, 0.25f, WEFT_ADD(m3, 4, sum));
        to[3 * to_step] = WEFT_ADD(m4, -0.125f, WEFT_ADD(m3, 8, difference)) + m[5 * step];
        return;
    }
    tile_lanes pairs[4];
    transform_pairs(side, m, step, pairs);
    for (size_t i = 0; i < side; i++) {
        tile_lanes single = m[(pairs_of(side) + i) * step];
        if (s == EVERY_SECOND_PIXEL) {
            to[i * to_step] = pairs[i] + single;
        } else {
            to[2 * i * to_step] = pairs[i];
            to[(2 * i + 1) * to_step] = single;
        }
    }
}

// MARK: Images in tiles

typedef struct {
    size_t height, width, channels;
    size_t block;  // channels of a pixel that lie together
    const float *values;
} image;

/// How a dimension is cut: into so many tiles of four, then so many of three.
typedef struct {
    size_t fours, threes;
} cut;

WEFT_INLINE size_t products_of_cut(scheme s, const cut *c) {
    return c->fours * products_of(s, 4) + c->threes * products_of(s, 3);
}

/// With the fewest products, and of such cuts that with the fewest tiles.
WEFT_INLINE cut cut_of(scheme s, size_t length) {
    cut best = {(length + 3) / 4, 0};
    if (!is_split(s)) return best;
    for (size_t threes = 1; threes <= 3; threes++) {
        size_t rest = length > 3 * threes ? length - 3 * threes : 0;
        cut other = {(rest + 3) / 4, threes};
        if (products_of_cut(s, &other) < products_of_cut(s, &best)) best = other;
    }
    return best;
}

typedef struct {
    cut rows, columns;
} tile_grid;

WEFT_INLINE tile_grid grid_of(scheme s, size_t height, size_t width) {
    return (tile_grid){cut_of(s, height), cut_of(s, width)};
}

/// Whether some tiles are of three.
WEFT_INLINE bool is_mixed(const tile_grid *grid) { return grid->rows.threes + grid->columns.threes > 0; }

/// Products of all tiles of a sample, for a pair of channels.
WEFT_INLINE size_t grid_products(scheme s, const tile_grid *grid) {
    return products_of_cut(s, &grid->rows) * products_of_cut(s, &grid->columns);
}

/// The tiles of one size in each sample: rows and columns of them behind what others make.
typedef struct {
    tile_size size;
    size_t rows, columns, first_row, first_column;
} tile_set;

WEFT_INLINE tile_set set_of(const tile_grid *grid, tile_size size) {
    const cut *r = &grid->rows, *c = &grid->columns;
    return (tile_set){
        size, size.rows == 4 ? r->fours : r->threes, size.columns == 4 ? c->fours : c->threes,
        size.rows == 4 ? 0 : 4 * r->fours, size.columns == 4 ? 0 : 4 * c->fours};
}

WEFT_INLINE size_t tiles_of(const tile_set *set) { return set->rows * set->columns; }

/// The most tiles of one size in a sample.
WEFT_INLINE size_t most_tiles(const tile_grid *grid) {
    return weft_larger(grid->rows.fours, grid->rows.threes) * weft_larger(grid->columns.fours, grid->columns.threes);
}

/// A tile's sample, and what is made before it: results, or pairs of them.
typedef struct {
    size_t sample, row, column;
} tile_place;

WEFT_INLINE tile_place place_of(const tile_set *set, size_t index) {
    size_t column = index % set->columns, row = index / set->columns;
    return (tile_place){
        row / set->rows, set->first_row + row % set->rows * set->size.rows,
        set->first_column + column * set->size.columns};
}

/// Where eight channels of a sample's first pixel lie.
WEFT_INLINE size_t plane_of(const image *i, size_t sample, size_t channel) {
    size_t blocks = (i->channels + i->block - 1) / i->block;
    return (sample * blocks + channel / i->block) * i->height * i->width * i->block + channel % i->block;
}

/// Eight channels of some pixels: where the first is, and from one to the next in a row and in a column.
typedef struct {
    const tile_lanes *values;
    size_t step, row_step;
} tile_view;

/// Pixels of an image, as they lie there; or, where some are outside of it, a copy with zeros for those.
WEFT_INLINE tile_view view_of(
    const image *i, const tile_place *place, size_t channel, tile_size size, tile_lanes *copy) {
    const float *plane = i->values + plane_of(i, place->sample, channel);
    size_t first_row = place->row, first_column = place->column;
    // Negative numbers are large ones.
    if (first_row < i->height && first_row + size.rows <= i->height && first_column < i->width
        && first_column + size.columns <= i->width)
        return (tile_view){
            (const tile_lanes *)(plane + (first_row * i->width + first_column) * i->block), i->block / TILE_LANES,
            i->width * i->block / TILE_LANES};
    for (size_t r = 0; r < size.rows; r++)
        for (size_t k = 0; k < size.columns; k++) {
            size_t row = first_row + r, column = first_column + k;
            bool is_inside = row < i->height && column < i->width;
            copy[r * size.columns + k] =
                is_inside ? *(const tile_lanes *)(plane + (row * i->width + column) * i->block) : (tile_lanes){0};
        }
    return (tile_view){copy, 1, size.columns};
}

#endif
