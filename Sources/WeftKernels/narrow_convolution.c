#include "narrow_convolution.h"

// Convolutions to few channels, as in a generator's last layer.
//
// Rows of the image are copied to where zeros lie on either side of them, and all channels near to one another: so nothing is
// asked within a loop, and planes of channels so far apart that a cache has one place for all of them do not matter.

enum { LINE_BYTES = 64, LINE = LINE_BYTES / sizeof(float) };

typedef struct {
    weft_convolution geometry;
    const float *x;
    const float *kernel;    // of each vector of channels, place and output: the lanes
    float *y;
    size_t pixels;          // outputs of a row that are computed together
    size_t strips, strip;   // output columns for which rows are copied at a time, a multiple of those
    size_t length;          // pixels of a copied row
    size_t parts;           // of the output's rows
    char *memory;           // of each part: copied rows, as many as a window has, and the places that one sees in them
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
    static const size_t most[] = {14, 6, 4, 2};
    enum { OVERHEAD = 3 };  // of a group, in pixels
    size_t best = 1, least = SIZE_MAX;
    for (size_t pixels = weft_smaller(most[g->outputs - 1], g->out_width); pixels > 0; pixels--) {
        size_t cost = (g->out_width + pixels - 1) / pixels * (pixels + OVERHEAD);
        if (cost < least) best = pixels, least = cost;
    }
    return best;
}

static convolution plan(const weft_convolution *g, size_t parts) {
    enum { CACHE = 128 * 1024, FEWEST_COLUMNS = 32 };
    convolution c = {.geometry = *g, .parts = parts, .pixels = pixels_at_once(g)};
    size_t most = CACHE / (g->kernel_height * vectors_of(g) * LANES * sizeof(float));
    most = weft_larger(FEWEST_COLUMNS, most);
    size_t groups = (g->out_width + c.pixels - 1) / c.pixels;
    c.strips = (g->out_width + most - 1) / most;
    c.strip = (groups + c.strips - 1) / c.strips * c.pixels;
    c.strips = (g->out_width + c.strip - 1) / c.strip;
    c.length = c.strip + g->kernel_width - 1;
    return c;
}

static size_t kernel_values(const weft_convolution *g) { return vectors_of(g) * places_of(g) * g->outputs * LANES; }

/// Values of a copied row of a vector of channels.
WEFT_INLINE size_t row_values(const convolution *c) { return c->length * LANES; }

WEFT_INLINE size_t rows_bytes(const convolution *c) {
    return c->geometry.kernel_height * vectors_of(&c->geometry) * row_values(c) * sizeof(float);
}

/// In whole cache lines, which no two threads write.
WEFT_INLINE size_t part_bytes(const convolution *c) {
    size_t bytes = rows_bytes(c) + places_of(&c->geometry) * sizeof(size_t);
    return (bytes + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;
}

size_t weft_narrow_convolution_scratch(const weft_convolution *geometry, size_t parts) {
    convolution c = plan(geometry, parts);
    return parts * part_bytes(&c) + kernel_values(geometry) * sizeof(float);
}

// MARK: Rows

/// Where a row of the image is copied to.
WEFT_INLINE size_t row_place(const convolution *c, size_t row, size_t vector) {
    return (row % c->geometry.kernel_height * vectors_of(&c->geometry) + vector) * row_values(c);
}

// Pixels of a copied row: so many zeros, so many of the image from `first` on, zeros.
typedef struct {
    size_t before, first, inside;
} span;

WEFT_INLINE span span_at(const convolution *c, size_t column) {
    const weft_convolution *g = &c->geometry;
    span s = {.before = 0, .first = 0, .inside = 0};
    if (column < g->padding_left)
        s.before = weft_smaller(g->padding_left - column, c->length);
    else
        s.first = column - g->padding_left;
    if (s.first >= g->width) return (span){.before = c->length, .first = 0, .inside = 0};
    s.inside = weft_smaller(g->width - s.first, c->length - s.before);
    return s;
}

/// Copies a row of the image, and has the one behind it brought nearer.
WEFT_INLINE void copy_row(const convolution *c, size_t sample, size_t row, span s, float *rows) {
    const weft_convolution *g = &c->geometry;
    size_t line = g->width * g->block, ahead = row + 1 < g->height ? s.inside * g->block : 0;
    for (size_t vector = 0; vector < vectors_of(g); vector++) {
        const float *from = plane_of(g, c->x, sample, vector) + row * line + s.first * g->block;
        // What lies together is brought once.
        for (size_t i = 0; vector * LANES % g->block == 0 && i < ahead; i += LINE) __builtin_prefetch(from + line + i);
        lanes *to = (lanes *)(rows + row_place(c, row, vector));
        for (size_t i = 0; i < s.before; i++) *to++ = (lanes){0};
        if (g->block == LANES)
            memcpy(to, from, s.inside * sizeof(lanes));
        else
            for (size_t i = 0; i < s.inside; i++) to[i] = *(const lanes *)(from + i * g->block);
        to += s.inside;
        for (size_t i = s.before + s.inside; i < c->length; i++) *to++ = (lanes){0};
    }
}

// The rows of a window that lie within the image: those from `first` on see the ones from `row` on.
typedef struct {
    size_t first, count, row;
} window_rows;

WEFT_INLINE window_rows rows_inside(const weft_convolution *g, size_t row) {
    window_rows w = {.first = 0, .count = 0, .row = 0};
    if (row < g->padding_top)
        w.first = weft_smaller(g->padding_top - row, g->kernel_height);
    else
        w.row = row - g->padding_top;
    if (w.row < g->height) w.count = weft_smaller(g->kernel_height - w.first, g->height - w.row);
    return w;
}

/// Where what the first output of a row sees lies in the copied rows, for each place of the window, of the first vector.
WEFT_INLINE void find_places(const convolution *c, window_rows inside, size_t *places) {
    for (size_t i = 0; i < inside.count; i++) {
        size_t first = row_place(c, inside.row + i, 0);
        for (size_t j = 0; j < c->geometry.kernel_width; j++) *places++ = first + j * LANES;
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

// Neighbouring outputs of a row, of which `count` are stored.
typedef struct {
    const float *rows;
    const size_t *places;
    window_rows inside;
    size_t count;
    float *y;
} group;

WEFT_INLINE void run_group(const convolution *c, const group *p, size_t pixels, size_t outputs) {
    const weft_convolution *g = &c->geometry;
    size_t row = g->kernel_width * outputs * LANES, places = p->inside.count * g->kernel_width;
    lanes sums[2 * LANES], results[2];
    for (size_t s = 0; s < 2 * LANES; s++) sums[s] = (lanes){0};
    for (size_t vector = 0; vector < vectors_of(g); vector++) {
        const float *kernel = c->kernel + (vector * g->kernel_height + p->inside.first) * row;
        const float *rows = p->rows + vector * row_values(c);
        for (size_t place = 0; place < places; place++)
            add_products(rows + p->places[place], kernel + place * outputs * LANES, pixels, outputs, sums);
    }
    add_lanes(sums, &results[0]);
    if (pixels * outputs > LANES) add_lanes(sums + LANES, &results[1]);
    memcpy(p->y, results, p->count * outputs * sizeof(float));
}

/// A loop of its own for each number of sums, which then stay in registers.
WEFT_INLINE void run_pixels(const convolution *c, const group *p) {
#define PIXELS(outputs, pixels) \
    case outputs * 100 + pixels: run_group(c, p, pixels, outputs); break;
    switch (c->geometry.outputs * 100 + c->pixels) {
        PIXELS(1, 1) PIXELS(1, 2) PIXELS(1, 3) PIXELS(1, 4) PIXELS(1, 5) PIXELS(1, 6) PIXELS(1, 7)
        PIXELS(1, 8) PIXELS(1, 9) PIXELS(1, 10) PIXELS(1, 11) PIXELS(1, 12) PIXELS(1, 13) PIXELS(1, 14)
        PIXELS(2, 1) PIXELS(2, 2) PIXELS(2, 3) PIXELS(2, 4) PIXELS(2, 5) PIXELS(2, 6)
        PIXELS(3, 1) PIXELS(3, 2) PIXELS(3, 3) PIXELS(3, 4)
        PIXELS(4, 1) PIXELS(4, 2)
    }
#undef PIXELS
}

/// Some of the output's rows, counted through all strips of columns of all samples.
WEFT_INLINE void run_rows(const convolution *c, char *memory, size_t begin, size_t end) {
    const weft_convolution *g = &c->geometry;
    float *rows = (float *)memory;
    size_t *places = (size_t *)(memory + rows_bytes(c)), next = 0;
    for (size_t index = begin; index < end; index++) {
        size_t row = index % g->out_height, strip = index / g->out_height % c->strips;
        size_t sample = index / g->out_height / c->strips, column = strip * c->strip;
        window_rows inside = rows_inside(g, row);
        // Of the rows above most are there.
        next = row == 0 || index == begin ? inside.row : weft_larger(next, inside.row);
        for (; next < inside.row + inside.count; next++) copy_row(c, sample, next, span_at(c, column), rows);
        find_places(c, inside, places);
        size_t last = weft_smaller(column + c->strip, g->out_width);
        for (size_t first = column; first < last; first += c->pixels) {
            group p = {
                .rows = rows + (first - column) * LANES, .places = places, .inside = inside,
                .count = weft_smaller(c->pixels, last - first),
                .y = c->y + ((sample * g->out_height + row) * g->out_width + first) * g->outputs};
            run_pixels(c, &p);
        }
    }
}

WEFT_CLONES static void run_parts(void *context, size_t begin, size_t end) {
    const convolution *c = context;
    size_t rows = c->geometry.samples * c->strips * c->geometry.out_height;
    for (size_t part = begin; part < end; part++)
        run_rows(c, c->memory + part * part_bytes(c), rows * part / c->parts, rows * (part + 1) / c->parts);
}

void weft_narrow_convolution(
    const weft_convolution *geometry, const float *x, const float *kernel, bool transposed, float *y, size_t parts,
    void *scratch) {
    size_t products = geometry->samples * geometry->out_height * geometry->out_width * kernel_values(geometry) / LANES;
    // One thread has no use for more.
    convolution context = plan(geometry, weft_smaller(parts, 1 + products / WEFT_GRAIN));
    context.memory = scratch;
    float *arranged = (float *)(context.memory + context.parts * part_bytes(&context));
    arrange_kernel(geometry, kernel, transposed, arranged);
    context.kernel = arranged;
    context.x = x;
    context.y = y;
    weft_parallel_for(context.parts, 1, 1, run_parts, &context);
}
