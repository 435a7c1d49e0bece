#include <math.h>
#include <string.h>

#include "kernel.h"

// Places are computed in double: for images of any size the weights then have all of a float's digits.

/// Columns for which places are found before pixels are read, so that the finding vectorises.
enum { BLOCK = 64 };

typedef struct {
    weft_resampling geometry;
    const float *x, *transforms;
    float *y;
} affine;

/// Where pixels of a row are read along one axis: between `low` and `high`, `weight` of the way; −1 is outside.
typedef struct {
    int32_t low[BLOCK], high[BLOCK];
    float weight[BLOCK];
} places;

/// The pixel that stands at place k, an integer, of n.
WEFT_INLINE int32_t inside(double k, double n, weft_fill_mode mode) {
    double wave = mode == WEFT_FILL_REFLECT ? 2 * n : n;
    switch (mode) {
    case WEFT_FILL_CONSTANT: return k >= 0 && k < n ? (int32_t)k : -1;
    case WEFT_FILL_NEAREST: return (int32_t)(k < 0 ? 0 : k < n ? k : n - 1);
    case WEFT_FILL_WRAP:
    case WEFT_FILL_REFLECT: k -= wave * floor(k / wave);
    }
    return (int32_t)(k < n ? k : wave - 1 - k);
}

/// The places step·j + offset of `count` columns j from `first` on.
WEFT_INLINE void locate(
    places *p, double step, double offset, size_t first, size_t count, size_t length, weft_fill_mode mode,
    bool bilinear) {
    double n = (double)length;
    for (size_t i = 0; i < count; i++) {
        double at = step * (double)(int32_t)(first + i) + offset;
        // A place that no integer could hold, or NaN, is far outside.
        at = at > -0x1p30 ? at : -0x1p30;
        at = at < 0x1p30 ? at : 0x1p30;
        double low = bilinear ? floor(at) : round(at);
        p->low[i] = inside(low, n, mode);
        p->high[i] = inside(low + 1, n, mode);
        p->weight[i] = (float)(at - low);
    }
}

/// One channel of a pixel.
WEFT_INLINE float pixel(
    const weft_resampling *g, const float *image, int32_t row, int32_t column, size_t channel, bool bounded) {
    if (bounded && (row | column) < 0) return g->fill_value;
    return image[((size_t)row * g->width + (size_t)column) * g->channels + channel];
}

WEFT_INLINE float between(float a, float b, float weight) { return a + weight * (b - a); }

/// Row i of an image through a transform t, into y.
WEFT_INLINE void resample_row(
    const weft_resampling *g, const float *image, const float *t, size_t i, float *y, size_t channels,
    weft_fill_mode mode, bool bilinear) {
    bool bounded = mode == WEFT_FILL_CONSTANT;
    double column_offset = (double)t[1] * (double)i + (double)t[2];
    double row_offset = (double)t[4] * (double)i + (double)t[5];
    places rows, columns;
    for (size_t first = 0; first < g->width; first += BLOCK) {
        size_t count = weft_smaller(BLOCK, g->width - first);
        locate(&columns, t[0], column_offset, first, count, g->width, mode, bilinear);
        locate(&rows, t[3], row_offset, first, count, g->height, mode, bilinear);
        for (size_t j = 0; j < count; j++) {
            int32_t top = rows.low[j], bottom = rows.high[j], left = columns.low[j], right = columns.high[j];
            for (size_t c = 0; c < channels; c++) {
                float value = pixel(g, image, top, left, c, bounded);
                if (bilinear) {
                    value = between(value, pixel(g, image, top, right, c, bounded), columns.weight[j]);
                    float below = between(
                        pixel(g, image, bottom, left, c, bounded), pixel(g, image, bottom, right, c, bounded),
                        columns.weight[j]);
                    value = between(value, below, rows.weight[j]);
                }
                *y++ = value;
            }
        }
    }
}

/// Whether the axis is kept, or turned around, by place = scale·index + offset.
WEFT_INLINE bool keeps(float scale, float offset) { return scale == 1 && offset == 0; }
WEFT_INLINE bool turns(float scale, float offset, size_t length) {
    return scale == -1 && offset == (float)(length - 1);
}

/// Copies row i of an image that the transform leaves as it is, or flips; false where it does more than that.
WEFT_INLINE bool copy_row(const weft_resampling *g, const float *image, const float *t, size_t i, float *y) {
    bool down = turns(t[4], t[5], g->height), across = turns(t[0], t[2], g->width);
    if (t[1] != 0 || t[3] != 0 || !(down || keeps(t[4], t[5])) || !(across || keeps(t[0], t[2]))) return false;
    size_t line = g->width * g->channels;
    const float *row = image + (down ? g->height - 1 - i : i) * line;
    if (!across)
        memcpy(y, row, line * sizeof(float));
    else if (g->channels == 1)
        for (size_t j = 0; j < line; j++) y[j] = row[line - 1 - j];
    else
        for (size_t j = 0; j < g->width; j++)
            memcpy(y + j * g->channels, row + (g->width - 1 - j) * g->channels, g->channels * sizeof(float));
    return true;
}

WEFT_INLINE void transform_rows(const affine *a, size_t begin, size_t end, weft_fill_mode mode, bool bilinear) {
    const weft_resampling *g = &a->geometry;
    size_t line = g->width * g->channels;
    for (size_t row = begin; row < end; row++) {
        size_t sample = row / g->height, i = row % g->height;
        const float *image = a->x + sample * g->height * line, *t = a->transforms + 6 * sample;
        float *y = a->y + row * line;
        if (copy_row(g, image, t, i, y)) continue;
        if (g->channels == 1)
            resample_row(g, image, t, i, y, 1, mode, bilinear);
        else
            resample_row(g, image, t, i, y, g->channels, mode, bilinear);
    }
}

// Each fill mode and interpolation is a loop of its own, so that none of them asks within it.
#define ROWS(name, mode, bilinear)                                             \
    WEFT_CLONES static void name(void *context, size_t begin, size_t end) {     \
        transform_rows(context, begin, end, mode, bilinear);                    \
    }
ROWS(reflect_nearest, WEFT_FILL_REFLECT, false)
ROWS(reflect_bilinear, WEFT_FILL_REFLECT, true)
ROWS(wrap_nearest, WEFT_FILL_WRAP, false)
ROWS(wrap_bilinear, WEFT_FILL_WRAP, true)
ROWS(constant_nearest, WEFT_FILL_CONSTANT, false)
ROWS(constant_bilinear, WEFT_FILL_CONSTANT, true)
ROWS(nearest_nearest, WEFT_FILL_NEAREST, false)
ROWS(nearest_bilinear, WEFT_FILL_NEAREST, true)

void weft_affine_transform(const weft_resampling *resampling, const float *x, const float *transforms, float *y) {
    static const weft_range_body bodies[][2] = {
        [WEFT_FILL_REFLECT] = {reflect_nearest, reflect_bilinear},
        [WEFT_FILL_WRAP] = {wrap_nearest, wrap_bilinear},
        [WEFT_FILL_CONSTANT] = {constant_nearest, constant_bilinear},
        [WEFT_FILL_NEAREST] = {nearest_nearest, nearest_bilinear},
    };
    affine context = {.geometry = *resampling, .x = x, .transforms = transforms, .y = y};
    // A pixel costs as much as a few dozen cheap updates.
    size_t grain = weft_larger(1, weft_row_grain(resampling->width * resampling->channels) / 16);
    weft_range_body body = bodies[resampling->fill_mode][resampling->bilinear];
    weft_parallel_for(resampling->count * resampling->height, 1, grain, body, &context);
}
