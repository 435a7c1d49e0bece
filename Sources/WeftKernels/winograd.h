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
typedef enum { EVERY_PIXEL, EVERY_SECOND_PIXEL, TO_EVERY_SECOND_PIXEL, TO_EVERY_PIXEL } scheme;

enum {
    WINDOW = 3,
    MADE = 4,     // results of a tile of a convolution
    FACTORS = 6,  // different right factors
    PAIRS = 5,    // products of F(4, 2)
    MOST_SEEN = 9,
    MOST_PRODUCTS = 9,
    MOST_MADE = 8,
};

WEFT_INLINE bool is_split(scheme s) { return s == EVERY_SECOND_PIXEL || s == TO_EVERY_SECOND_PIXEL; }
WEFT_INLINE size_t products_of(scheme s) { return is_split(s) ? 9 : 6; }
/// The right factor of a product.
WEFT_INLINE size_t factor_of(size_t product) { return weft_smaller(product, FACTORS - 1); }
/// Pixels of the source that a tile sees, and from one tile to the next.
WEFT_INLINE size_t seen_by(scheme s) {
    return s == EVERY_PIXEL ? 6 : s == EVERY_SECOND_PIXEL ? 9 : s == TO_EVERY_SECOND_PIXEL ? 5 : 4;
}
WEFT_INLINE size_t source_step_of(scheme s) { return s == EVERY_SECOND_PIXEL ? 8 : 4; }
/// Pixels of the result that come of a tile, and from one tile to the next.
WEFT_INLINE size_t made_by(scheme s) { return s == TO_EVERY_SECOND_PIXEL ? 8 : s == TO_EVERY_PIXEL ? 6 : 4; }
WEFT_INLINE size_t result_step_of(scheme s) { return s == TO_EVERY_SECOND_PIXEL ? 8 : 4; }

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
WEFT_INLINE void transform_gradient(scheme s, const tile_lanes *d, size_t step, tile_lanes *to, size_t to_step) {
    tile_lanes d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    tile_lanes even = d0 + d2, odd = d1 + d3;
    to[0] = d0;
    to[to_step] = even + odd;
    to[2 * to_step] = even - odd;
    to[3 * to_step] = WEFT_ADD(d3, 8, WEFT_ADD(d2, 4, WEFT_ADD(d1, 2, d0)));
    if (s == EVERY_PIXEL) {
        to[4 * to_step] = WEFT_ADD(d3, -0.125f, WEFT_ADD(d2, 0.25f, WEFT_ADD(d1, -0.5f, d0)));
        to[5 * to_step] = d3;
        return;
    }
    to[4 * to_step] = d3;
    for (size_t i = 0; i < 4; i++) to[(PAIRS + i) * to_step] = d[i * step];
}

/// The left factors of a tile.
WEFT_INLINE void transform_source(scheme s, const tile_lanes *d, size_t step, tile_lanes *to, size_t to_step) {
    bool is_source_split = s == EVERY_SECOND_PIXEL;
    switch (s) {
        case EVERY_PIXEL: transform_six(d, step, to, to_step); break;
        case TO_EVERY_PIXEL: transform_gradient(EVERY_PIXEL, d, step, to, to_step); break;
        default:
            transform_five(d, is_source_split ? 2 * step : step, to, to_step);
            for (size_t i = 0; i < 4; i++) to[(PAIRS + i) * to_step] = d[(is_source_split ? 2 * i + 1 : i + 1) * step];
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

/// The results that come of a tile's products.
WEFT_INLINE void transform_products(scheme s, const tile_lanes *m, size_t step, tile_lanes *to, size_t to_step) {
    if (s == TO_EVERY_PIXEL) {
        transform_six_back(m, step, to, to_step);
        return;
    }
    tile_lanes sum = m[step] + m[2 * step], difference = m[step] - m[2 * step], m3 = m[3 * step], m4 = m[4 * step];
    if (s == EVERY_PIXEL) {
        to[0] = m[0] + sum + m3 + m4;
        to[to_step] = WEFT_ADD(m4, -0.5f, WEFT_ADD(m3, 2, difference));
        to[2 * to_step] = WEFT_ADD(m4, 0.25f, WEFT_ADD(m3, 4, sum));
        to[3 * to_step] = WEFT_ADD(m4, -0.125f, WEFT_ADD(m3, 8, difference)) + m[5 * step];
        return;
    }
    tile_lanes pairs[4] = {
        m[0] + sum + m3, WEFT_ADD(m3, 2, difference), WEFT_ADD(m3, 4, sum), WEFT_ADD(m3, 8, difference) + m4};
    for (size_t i = 0; i < 4; i++) {
        tile_lanes single = m[(PAIRS + i) * step];
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

typedef struct {
    size_t rows, columns;
} tile_grid;

typedef struct {
    size_t sample, row, column;
} tile_place;

/// Tiles of a size that cover an image.
///
/// - Parameters: top, left: how much of the first tile lies outside of it.
WEFT_INLINE tile_grid grid_of(size_t size, const image *i, size_t top, size_t left) {
    return (tile_grid){(i->height + top + size - 1) / size, (i->width + left + size - 1) / size};
}

WEFT_INLINE tile_place place_of(const tile_grid *grid, size_t index) {
    size_t column = index % grid->columns, row = index / grid->columns;
    return (tile_place){row / grid->rows, row % grid->rows, column};
}

/// Where eight channels of a sample's first pixel lie.
WEFT_INLINE size_t plane_of(const image *i, size_t sample, size_t channel) {
    size_t blocks = (i->channels + i->block - 1) / i->block;
    return (sample * blocks + channel / i->block) * i->height * i->width * i->block + channel % i->block;
}

/// Loads a square of pixels; what lies outside of the image is zero.
WEFT_INLINE void load_square(
    const image *i, size_t sample, size_t first_row, size_t first_column, size_t channel, size_t size, tile_lanes *to) {
    const float *plane = i->values + plane_of(i, sample, channel);
    for (size_t r = 0; r < size; r++)
        for (size_t k = 0; k < size; k++) {
            // Negative numbers are large ones.
            size_t row = first_row + r, column = first_column + k;
            bool is_inside = row < i->height && column < i->width;
            to[r * size + k] = is_inside ? *(const tile_lanes *)(plane + (row * i->width + column) * i->block)
                                         : (tile_lanes){0};
        }
}

#endif
