#include "narrow_convolution.h"

// Convolutions to few channels, as in a generator's last layer.
//
// Rows of the image are copied to where zeros lie on either side of them, and where what a window's place sees in neighbouring
// outputs lies side by side, however far the window moves. So nothing is asked within a loop, and planes of channels so far
// apart that a cache has one place for all of them do not matter.

typedef struct {
    weft_convolution geometry;
    const float *x;
    const float *kernel;   // of each vector of channels, place and output: the lanes
    float *y;
    size_t pixels, strip;  // output columns that are computed together; for which rows are copied, a multiple of those
    size_t length, held;   // pixels of a copied row that lie side by side; copied rows that are kept
    size_t parts;
    char *memory;          // of each part: the rows, and the places that a window sees in them
} convolution;

// MARK: Memory

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

/// As many outputs at once as there are registers for beside the factors, so that few are calculated that nobody wants.
static size_t pixels_at_once(const weft_convolution *g) {
    static const size_t fewest[] = {7, 4, 3, 2}, most[] = {14, 6, 4, 3};
    enum { OVERHEAD = 3 };  // of a group, in pixels
    size_t best = 0, least = SIZE_MAX;
    for (size_t pixels = most[g->outputs - 1]; pixels >= fewest[g->outputs - 1]; pixels--) {
        size_t cost = (g->out_width + pixels - 1) / pixels * (pixels + OVERHEAD);
        if (cost < least) best = pixels, least = cost;
    }
    return best;
}

static convolution plan(const weft_convolution *g, size_t parts) {
    enum { CACHE = 128 * 1024, FEWEST_COLUMNS = 32 };
    convolution c = {.geometry = *g, .parts = parts, .pixels = pixels_at_once(g)};
    c.held = (g->kernel_height - 1) * g->dilation_height + 1;
    size_t columns = CACHE / (c.held * vectors_of(g) * g->stride_width * LANES * sizeof(float));
    columns = weft_smaller(weft_larger(FEWEST_COLUMNS, columns), g->out_width);
    c.strip = (columns + c.pixels - 1) / c.pixels * c.pixels;
    c.length = c.strip + (g->kernel_width - 1) * g->dilation_width / g->stride_width + 1;
    return c;
}

static size_t kernel_values(const weft_convolution *g) { return vectors_of(g) * places_of(g) * g->outputs * LANES; }

/// Values of a copied row of a vector of channels.
WEFT_INLINE size_t row_values(const convolution *c) { return c->length * c->geometry.stride_width * LANES; }

WEFT_INLINE size_t part_rows_bytes(const convolution *c) {
    return c->held * vectors_of(&c->geometry) * row_values(c) * sizeof(float);
}

/// In whole cache lines, which no two threads write.
WEFT_INLINE size_t part_bytes(const convolution *c) {
    enum { LINE = 64 };
    return (part_rows_bytes(c) + places_of(&c->geometry) * sizeof(size_t) + LINE - 1) / LINE * LINE;
}

size_t weft_narrow_convolution_scratch(const weft_convolution *geometry, size_t parts) {
    convolution c = plan(geometry, parts);
    return parts * part_bytes(&c) + kernel_values(geometry) * sizeof(float);
}

// MARK: Rows

/// Where a row is copied to.
WEFT_INLINE size_t row_place(const convolution *c, size_t row, size_t vector) {
    return (row % c->held * vectors_of(&c->geometry) + vector) * row_values(c);
}

/// Every `stride`th pixel of a row of `width` pixels from `at` on, and zeros for those that lie outside.
WEFT_INLINE void copy_pixels(
    const float *row, size_t block, ptrdiff_t width, ptrdiff_t at, size_t stride, lanes *to, size_t count) {
    lanes *end = to + count;
    for (; to < end && at < 0; at += (ptrdiff_t)stride) *to++ = (lanes){0};
    if (to < end && at < width) {
        size_t step = stride * block, inside = ((size_t)(width - at) + stride - 1) / stride;
        inside = weft_smaller(inside, (size_t)(end - to));
        const float *from = row + (size_t)at * block;
        if (step == LANES) {
            memcpy(to, from, inside * sizeof(lanes));
        } else {
            for (size_t i = 0; i < inside; i++) to[i] = *(const lanes *)(from + i * step);
        }
        to += inside;
    }
    while (to < end) *to++ = (lanes){0};
}

/// Copies a row of the image, counted from the first that a window sees, for output columns from `column` on; and has the one
/// behind it brought nearer.
WEFT_INLINE void copy_row(const convolution *c, size_t sample, size_t row, size_t column, float *rows) {
    enum { LINE = 64 / sizeof(float) };
    const weft_convolution *g = &c->geometry;
    bool is_inside = row >= g->padding_top && row - g->padding_top < g->height;
    bool has_next = is_inside && row - g->padding_top + 1 < g->height;
    size_t stride = g->stride_width, line = g->width * g->block, before = is_inside ? row - g->padding_top : 0;
    for (size_t vector = 0; vector < vectors_of(g); vector++) {
        const float *from = plane_of(g, c->x, sample, vector) + before * line;
        for (size_t i = 0; has_next && i < line; i += LINE) __builtin_prefetch(from + line + i);
        lanes *to = (lanes *)(rows + row_place(c, row, vector));
        for (size_t phase = 0; phase < stride; phase++, to += c->length) {
            ptrdiff_t at = (ptrdiff_t)(column * stride + phase) - (ptrdiff_t)g->padding_left;
            copy_pixels(from, g->block, is_inside ? (ptrdiff_t)g->width : 0, at, stride, to, c->length);
        }
    }
}

/// Where what the first output of a row sees lies, for each place of the window, of the first vector of channels.
WEFT_INLINE void find_places(const convolution *c, size_t row, size_t *places) {
    const weft_convolution *g = &c->geometry;
    size_t stride = g->stride_width;
    for (size_t i = 0; i < g->kernel_height; i++) {
        size_t first = row_place(c, row * g->stride_height + i * g->dilation_height, 0);
        for (size_t j = 0, moved = 0; j < g->kernel_width; j++, moved += g->dilation_width)
            *places++ = first + (stride == 1 ? moved : moved % stride * c->length + moved / stride) * LANES;
    }
}

// MARK: Sums

WEFT_INLINE void add_products(const float *x, const float *kernel, size_t pixels, size_t outputs, lanes *sums) {
    for (size_t p = 0; p < pixels; p++) {
        lanes values = *(const lanes *)(x + p * LANES);
        for (size_t o = 0; o < outputs; o++) {
            lanes *sum = sums + p * outputs + o;
            *sum = __builtin_elementwise_fma(values, *(const lanes *)(kernel + o * LANES), *sum);
        }
    }
}

/// The sums over the lanes of eight vectors: neighbours of two vectors side by side, of four, of eight.
WEFT_INLINE void add_lanes(const lanes *v, lanes *sums) {
    lanes pairs[4], fours[2];
    for (size_t i = 0; i < 4; i++)
        pairs[i] = __builtin_shufflevector(v[2 * i], v[2 * i + 1], 0, 8, 1, 9, 4, 12, 5, 13)
                   + __builtin_shufflevector(v[2 * i], v[2 * i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    for (size_t i = 0; i < 2; i++)
        fours[i] = __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 0, 1, 8, 9, 4, 5, 12, 13)
                   + __builtin_shufflevector(pairs[2 * i], pairs[2 * i + 1], 2, 3, 10, 11, 6, 7, 14, 15);
    *sums = __builtin_shufflevector(fours[0], fours[1], 0, 1, 2, 3, 8, 9, 10, 11)
            + __builtin_shufflevector(fours[0], fours[1], 4, 5, 6, 7, 12, 13, 14, 15);
}

/// Some neighbouring outputs of a row, of which `count` are stored.
WEFT_INLINE void run_pixels(
    const convolution *c, const float *rows, const size_t *places, size_t pixels, size_t outputs, float *y,
    size_t count) {
    const weft_convolution *g = &c->geometry;
    const float *kernel = c->kernel;
    lanes sums[2 * LANES], results[2];
    for (size_t s = 0; s < 2 * LANES; s++) sums[s] = (lanes){0};
    for (size_t vector = 0; vector < vectors_of(g); vector++, rows += row_values(c))
        for (size_t place = 0; place < places_of(g); place++, kernel += outputs * LANES)
            add_products(rows + places[place], kernel, pixels, outputs, sums);
    add_lanes(sums, &results[0]);
    if (pixels * outputs > LANES) add_lanes(sums + LANES, &results[1]);
    memcpy(y, results, count * outputs * sizeof(float));
}

/// Outputs of a row from `column` on, as far as rows are copied.
WEFT_INLINE void run_row(
    const convolution *c, const float *rows, size_t *places, size_t sample, size_t row, size_t column) {
    const weft_convolution *g = &c->geometry;
    find_places(c, row, places);
    size_t end = weft_smaller(g->out_width - column, c->strip);
    float *y = c->y + ((sample * g->out_height + row) * g->out_width + column) * g->outputs;
    for (size_t at = 0; at < end; at += c->pixels, y += c->pixels * g->outputs) {
        size_t count = weft_smaller(c->pixels, end - at);
        const float *first = rows + at * LANES;
#define CASE(outputs, pixels) \
    case outputs * 100 + pixels: run_pixels(c, first, places, pixels, outputs, y, count); break
        switch (g->outputs * 100 + c->pixels) {
            CASE(1, 7);
            CASE(1, 8);
            CASE(1, 9);
            CASE(1, 10);
            CASE(1, 11);
            CASE(1, 12);
            CASE(1, 13);
            CASE(1, 14);
            CASE(2, 4);
            CASE(2, 5);
            CASE(2, 6);
            CASE(3, 3);
            CASE(3, 4);
            CASE(4, 2);
            CASE(4, 3);
        }
#undef CASE
    }
}

/// Some of the output's rows, counted through all strips of columns of all samples.
WEFT_INLINE void run_rows(const convolution *c, char *memory, size_t begin, size_t end) {
    const weft_convolution *g = &c->geometry;
    float *rows = (float *)memory;
    size_t *places = (size_t *)(memory + part_rows_bytes(c));
    size_t strips = (g->out_width + c->strip - 1) / c->strip, next = 0;
    for (size_t index = begin; index < end; index++) {
        size_t row = index % g->out_height, strip = index / g->out_height % strips;
        size_t sample = index / g->out_height / strips, column = strip * c->strip;
        size_t top = row * g->stride_height;
        next = row == 0 || index == begin ? top : weft_larger(next, top);
        for (; next < top + c->held; next++) copy_row(c, sample, next, column, rows);
        run_row(c, rows, places, sample, row, column);
    }
}

WEFT_CLONES static void run_parts(void *context, size_t begin, size_t end) {
    const convolution *c = context;
    const weft_convolution *g = &c->geometry;
    size_t rows = g->samples * ((g->out_width + c->strip - 1) / c->strip) * g->out_height;
    for (size_t part = begin; part < end; part++)
        run_rows(c, c->memory + part * part_bytes(c), rows * part / c->parts, rows * (part + 1) / c->parts);
}

void weft_narrow_convolution(
    const weft_convolution *geometry, const float *x, const float *kernel, bool transposed, float *y, size_t parts,
    void *scratch) {
    convolution context = plan(geometry, parts);
    context.memory = scratch;
    float *arranged = (float *)(context.memory + parts * part_bytes(&context));
    arrange_kernel(geometry, kernel, transposed, arranged);
    context.kernel = arranged;
    context.x = x;
    context.y = y;
    size_t products = geometry->samples * geometry->out_height * geometry->out_width * kernel_values(geometry) / LANES;
    weft_parallel_for(parts, 1, 1 + WEFT_GRAIN / weft_larger(1, products / parts), run_parts, &context);
}
