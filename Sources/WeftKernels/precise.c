#include <string.h>

#include "kernel.h"

// Matrix products and convolutions whose sums are doubles, for comparisons with other programs: a float32 sum of many
// products that almost cancel is little more than its rounding. Each of them is a product of two matrices, of which those
// that consist of windows are put together block by block.
//
// The product of two floats is exact as a double: contracted or not, a multiplication and an addition give the same bits.
#pragma STDC FP_CONTRACT ON

// A block of either side stays in the second-level cache, one panel of each in the first, and sums in registers.
enum { ROWS = 6, COLUMNS = 8, LANES = 4, BLOCK_ROWS = 48, BLOCK_COLUMNS = 64, BLOCK_TERMS = 128 };

typedef double lanes __attribute__((vector_size(LANES * sizeof(double)), aligned(sizeof(double))));

// MARK: What is multiplied

// How windows lie over an image along one axis.
typedef struct {
    size_t stride, dilation, padding, size;
} axis;

// The windows of a convolution over its images or, `turned`, those of its gradient over the outputs: which of them a pixel
// of the image had a part in. A position is one pixel of the other side, an entry a place of the window and a channel.
typedef struct {
    axis vertical, horizontal;
    size_t kernel_width;
    size_t height, width;   // of the positions
    size_t channels, step;  // of a group; of all groups, from one pixel to the next
    bool turned;
} windows;

/// One side of a product: for each index (a row of the left side, a column of the right one) the factors of a sum's terms.
typedef struct {
    enum { MATRIX, WINDOWS /* index: position, term: entry */, ENTRIES /* index: entry, term: position */ } kind;
    const float *values;
    size_t index_step, term_step, run, run_step;  // of a matrix; runs of terms may lie apart
    windows windows;
} factor;

typedef struct {
    factor a, b;
    size_t a_group, b_group, y_group;  // from one group's values to the next one's
    float *y;
    size_t y_step;  // from row to row
    size_t groups, rows, columns, terms;
} product;

// MARK: Panels: some neighbouring indices, of each term side by side

WEFT_INLINE void pack_matrix(
    const factor *f, const float *values, size_t first, size_t count, size_t term, size_t terms, double *panel,
    size_t width) {
    const float *from = values + first * f->index_step + term / f->run * f->run_step + term % f->run * f->term_step;
    for (size_t t = 0, place = term % f->run; t < terms; t++, panel += width) {
        for (size_t i = 0; i < count; i++) panel[i] = from[i * f->index_step];
        from += f->term_step;
        if (++place == f->run) {
            from += f->run_step - f->run * f->term_step;
            place = 0;
        }
    }
}

typedef struct {
    size_t sample, row, column;
} position;

WEFT_INLINE position position_at(const windows *w, size_t index) {
    return (position){index / w->width / w->height, index / w->width % w->height, index % w->width};
}

WEFT_INLINE void advance(const windows *w, position *p) {
    if (++p->column < w->width) return;
    p->column = 0;
    if (++p->row < w->height) return;
    p->row = 0;
    p->sample++;
}

/// Whether a place of the window lies within the image; and where. (A number below zero is a very large one here.)
WEFT_INLINE bool meets(const axis *a, bool turned, size_t at, size_t tap, size_t *place) {
    if (!turned) {
        *place = at * a->stride + tap * a->dilation - a->padding;
        return *place < a->size;
    }
    size_t moved = at + a->padding - tap * a->dilation;
    *place = moved / a->stride;
    return *place < a->size && moved % a->stride == 0;
}

/// Some entries of a position's window.
WEFT_INLINE void pack_entries(
    const windows *w, const float *values, position p, size_t entry, size_t count, double *to, size_t step) {
    size_t tap = entry / w->channels, channel = entry % w->channels;
    for (size_t done = 0, run; done < count; done += run, tap++, channel = 0) {
        run = weft_smaller(w->channels - channel, count - done);
        size_t y, x;
        bool is_inside = meets(&w->vertical, w->turned, p.row, tap / w->kernel_width, &y)
            && meets(&w->horizontal, w->turned, p.column, tap % w->kernel_width, &x);
        if (is_inside) {
            const float *pixel = values + ((p.sample * w->vertical.size + y) * w->horizontal.size + x) * w->step;
            for (size_t c = 0; c < run; c++) to[(done + c) * step] = pixel[channel + c];
        } else {
            for (size_t c = 0; c < run; c++) to[(done + c) * step] = 0;
        }
    }
}

WEFT_INLINE void pack_panel(
    const factor *f, const float *values, size_t first, size_t count, size_t term, size_t terms, double *panel,
    size_t width) {
    if (count < width) memset(panel, 0, terms * width * sizeof(double));
    if (f->kind == MATRIX) return pack_matrix(f, values, first, count, term, terms, panel, width);
    bool indexes_positions = f->kind == WINDOWS;
    position p = position_at(&f->windows, indexes_positions ? first : term);
    if (indexes_positions) {
        for (size_t i = 0; i < count; i++, advance(&f->windows, &p))
            pack_entries(&f->windows, values, p, term, terms, panel + i, width);
    } else {
        for (size_t t = 0; t < terms; t++, advance(&f->windows, &p))
            pack_entries(&f->windows, values, p, first, count, panel + t * width, 1);
    }
}

/// Panel after panel, each BLOCK_TERMS long.
WEFT_INLINE void pack(
    const factor *f, const float *values, size_t first, size_t count, size_t term, size_t terms, double *panels,
    size_t width) {
    for (size_t i = 0; i < count; i += width)
        pack_panel(
            f, values, first + i, weft_smaller(width, count - i), term, terms, panels + i * BLOCK_TERMS, width);
}

// MARK: Products

WEFT_INLINE void multiply_panels(const double *a, const double *b, size_t terms, double *sums) {
    lanes left[ROWS], right[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        left[r] = *(const lanes *)(sums + r * BLOCK_COLUMNS);
        right[r] = *(const lanes *)(sums + r * BLOCK_COLUMNS + LANES);
    }
    for (size_t t = 0; t < terms; t++, a += ROWS, b += COLUMNS) {
        lanes b_left = *(const lanes *)b, b_right = *(const lanes *)(b + LANES);
        for (size_t r = 0; r < ROWS; r++) {
            left[r] += a[r] * b_left;
            right[r] += a[r] * b_right;
        }
    }
    for (size_t r = 0; r < ROWS; r++) {
        *(lanes *)(sums + r * BLOCK_COLUMNS) = left[r];
        *(lanes *)(sums + r * BLOCK_COLUMNS + LANES) = right[r];
    }
}

/// One block of the result, over all terms in order.
WEFT_INLINE void run_block(const product *p, size_t group, size_t row, size_t column) {
    double a[BLOCK_ROWS * BLOCK_TERMS], b[BLOCK_COLUMNS * BLOCK_TERMS], sums[BLOCK_ROWS * BLOCK_COLUMNS];
    memset(sums, 0, sizeof sums);
    size_t rows = weft_smaller(BLOCK_ROWS, p->rows - row), columns = weft_smaller(BLOCK_COLUMNS, p->columns - column);
    const float *a_values = p->a.values + group * p->a_group, *b_values = p->b.values + group * p->b_group;
    for (size_t term = 0; term < p->terms; term += BLOCK_TERMS) {
        size_t terms = weft_smaller(BLOCK_TERMS, p->terms - term);
        pack(&p->a, a_values, row, rows, term, terms, a, ROWS);
        pack(&p->b, b_values, column, columns, term, terms, b, COLUMNS);
        for (size_t j = 0; j < columns; j += COLUMNS)
            for (size_t i = 0; i < rows; i += ROWS)
                multiply_panels(a + i * BLOCK_TERMS, b + j * BLOCK_TERMS, terms, sums + i * BLOCK_COLUMNS + j);
    }
    for (size_t i = 0; i < rows; i++) {
        float *y = p->y + group * p->y_group + (row + i) * p->y_step + column;
        for (size_t j = 0; j < columns; j++) y[j] = (float)sums[i * BLOCK_COLUMNS + j];
    }
}

static size_t blocks_of(size_t length, size_t block) { return (length + block - 1) / block; }

WEFT_CLONES static void run_blocks(void *context, size_t begin, size_t end) {
    const product *p = context;
    size_t row_blocks = blocks_of(p->rows, BLOCK_ROWS), column_blocks = blocks_of(p->columns, BLOCK_COLUMNS);
    for (size_t block = begin; block < end; block++) {
        size_t row = block / column_blocks % row_blocks, column = block % column_blocks;
        run_block(p, block / column_blocks / row_blocks, row * BLOCK_ROWS, column * BLOCK_COLUMNS);
    }
}

static void run(product p) {
    size_t blocks = p.groups * blocks_of(p.rows, BLOCK_ROWS) * blocks_of(p.columns, BLOCK_COLUMNS);
    size_t products = p.terms * weft_smaller(BLOCK_ROWS, p.rows) * weft_smaller(BLOCK_COLUMNS, p.columns);
    weft_parallel_for(blocks, 1, 1 + WEFT_GRAIN / weft_larger(1, products), run_blocks, &p);
}

/// A matrix in row-major order or, `by_term`, its transpose.
static factor matrix(const float *values, bool by_term, size_t indices, size_t terms) {
    return (factor){
        .kind = MATRIX, .values = values, .index_step = by_term ? 1 : terms, .term_step = by_term ? indices : 1,
        .run = terms};
}

void weft_precise_matmul(
    const float *a, bool transpose_a, const float *b, bool transpose_b, float *y, size_t rows, size_t terms,
    size_t columns) {
    run((product){
        .a = matrix(a, transpose_a, rows, terms), .b = matrix(b, !transpose_b, columns, terms), .y = y,
        .y_step = columns, .groups = 1, .rows = rows, .columns = columns, .terms = terms});
}

// MARK: Convolutions

static size_t places_of(const weft_convolution *g) { return g->kernel_height * g->kernel_width; }

/// The windows over the images.
static windows windows_of(const weft_convolution *g, size_t groups) {
    return (windows){
        .vertical = {g->stride_height, g->dilation_height, g->padding_top, g->height},
        .horizontal = {g->stride_width, g->dilation_width, g->padding_left, g->width},
        .kernel_width = g->kernel_width, .height = g->out_height, .width = g->out_width,
        .channels = g->inputs / groups, .step = g->inputs};
}

/// Of each pixel of the images, the outputs that it had a part in.
static windows turned_windows_of(const weft_convolution *g, size_t groups) {
    windows w = windows_of(g, groups);
    w.vertical.size = g->out_height;
    w.horizontal.size = g->out_width;
    w.height = g->height;
    w.width = g->width;
    w.channels = g->outputs / groups;
    w.step = g->outputs;
    w.turned = true;
    return w;
}

void weft_precise_convolution(
    const weft_convolution *geometry, size_t groups, const float *x, const float *kernel, float *y) {
    const weft_convolution *g = geometry;
    size_t inputs = g->inputs / groups, outputs = g->outputs / groups, terms = places_of(g) * inputs;
    run((product){
        .a = {.kind = WINDOWS, .values = x, .windows = windows_of(g, groups)}, .a_group = inputs,
        .b = matrix(kernel, true, g->outputs, terms), .b_group = outputs, .y = y, .y_group = outputs,
        .y_step = g->outputs, .groups = groups, .rows = g->samples * g->out_height * g->out_width, .columns = outputs,
        .terms = terms});
}

void weft_precise_convolution_input_gradient(
    const weft_convolution *geometry, size_t groups, const float *dy, const float *kernel, float *dx) {
    const weft_convolution *g = geometry;
    size_t inputs = g->inputs / groups, outputs = g->outputs / groups;
    // Of each place and output channel one factor for each input channel.
    factor turned_kernel = {
        .kind = MATRIX, .values = kernel, .index_step = g->outputs, .term_step = 1, .run = outputs,
        .run_step = inputs * g->outputs};
    run((product){
        .a = {.kind = WINDOWS, .values = dy, .windows = turned_windows_of(g, groups)}, .a_group = outputs,
        .b = turned_kernel, .b_group = outputs, .y = dx, .y_group = inputs, .y_step = g->inputs, .groups = groups,
        .rows = g->samples * g->height * g->width, .columns = inputs, .terms = places_of(g) * outputs});
}

void weft_precise_convolution_kernel_gradient(
    const weft_convolution *geometry, size_t groups, const float *x, const float *dy, float *dk) {
    const weft_convolution *g = geometry;
    size_t inputs = g->inputs / groups, outputs = g->outputs / groups;
    size_t terms = g->samples * g->out_height * g->out_width;
    run((product){
        .a = {.kind = ENTRIES, .values = x, .windows = windows_of(g, groups)}, .a_group = inputs,
        .b = matrix(dy, true, g->outputs, terms), .b_group = outputs, .y = dk, .y_group = outputs,
        .y_step = g->outputs, .groups = groups, .rows = places_of(g) * inputs, .columns = outputs, .terms = terms});
}

// MARK: Average pooling

typedef struct {
    windows windows;
    size_t kernel_height;
    const float *values;
    float *result;
} pooling;

static size_t places_met(const axis *a, size_t at, size_t taps) {
    size_t count = 0, place;
    for (size_t tap = 0; tap < taps; tap++) count += meets(a, false, at, tap, &place);
    return count;
}

/// How many pixels of the image an output is the mean of.
static size_t pixels_of(const pooling *p, size_t row, size_t column) {
    axis vertical = p->windows.vertical, horizontal = p->windows.horizontal;
    if (p->windows.turned) {
        vertical.size = p->windows.height;
        horizontal.size = p->windows.width;
    }
    return places_met(&vertical, row, p->kernel_height) * places_met(&horizontal, column, p->windows.kernel_width);
}

/// Some channels of an output or, turned, of a pixel's gradient.
WEFT_INLINE void pool(const pooling *p, position at, size_t channel, size_t channels, float *result) {
    const windows *w = &p->windows;
    double sums[BLOCK_COLUMNS] = {0}, pixels = w->turned ? 1 : (double)pixels_of(p, at.row, at.column);
    for (size_t i = 0, y, x; i < p->kernel_height; i++) {
        if (!meets(&w->vertical, w->turned, at.row, i, &y)) continue;
        for (size_t j = 0; j < w->kernel_width; j++) {
            if (!meets(&w->horizontal, w->turned, at.column, j, &x)) continue;
            const float *from = p->values + ((at.sample * w->vertical.size + y) * w->horizontal.size + x) * w->step;
            double divisor = w->turned ? (double)pixels_of(p, y, x) : 1;
            for (size_t c = 0; c < channels; c++) sums[c] += from[channel + c] / divisor;
        }
    }
    for (size_t c = 0; c < channels; c++) result[channel + c] = (float)(sums[c] / pixels);
}

WEFT_CLONES static void pool_positions(void *context, size_t begin, size_t end) {
    const pooling *p = context;
    size_t channels = p->windows.step;
    for (size_t index = begin; index < end; index++)
        for (size_t channel = 0; channel < channels; channel += BLOCK_COLUMNS)
            pool(
                p, position_at(&p->windows, index), channel, weft_smaller(BLOCK_COLUMNS, channels - channel),
                p->result + index * channels);
}

static void run_pooling(pooling p, size_t samples) {
    size_t cost = p.kernel_height * p.windows.kernel_width * p.windows.step;
    weft_parallel_for(
        samples * p.windows.height * p.windows.width, 1, 1 + WEFT_GRAIN / weft_larger(1, cost), pool_positions, &p);
}

void weft_precise_average_pooling(const weft_convolution *geometry, const float *x, float *y) {
    run_pooling(
        (pooling){
            .windows = windows_of(geometry, 1), .kernel_height = geometry->kernel_height, .values = x, .result = y},
        geometry->samples);
}

void weft_precise_average_pooling_gradient(const weft_convolution *geometry, const float *dy, float *dx) {
    run_pooling(
        (pooling){
            .windows = turned_windows_of(geometry, 1), .kernel_height = geometry->kernel_height, .values = dy,
            .result = dx},
        geometry->samples);
}
