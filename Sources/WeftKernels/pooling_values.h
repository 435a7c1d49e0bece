// Max pooling of values of one type: VALUE, with NAME to tell the functions apart and IS_LARGER, which NaN always is.

typedef struct {
    weft_pooling geometry;
    const VALUE *x;
    VALUE *y;
    uint8_t *index;
    const uint8_t *taken;
    const VALUE *dy;
    VALUE *dx;
} NAME(pooling);

// One output pixel's channels. The first of equal maxima counts; NaN wins over every number.
WEFT_INLINE void NAME(largest_of_four)(
    const VALUE *restrict a, const VALUE *restrict b, const VALUE *restrict c, const VALUE *restrict d,
    VALUE *restrict y, uint8_t *restrict index, size_t count) {
    for (size_t i = 0; i < count; i++) {
        VALUE best = a[i];
        uint32_t place = 0;
        place = IS_LARGER(b[i], best) ? 1 : place;
        best = IS_LARGER(b[i], best) ? b[i] : best;
        place = IS_LARGER(c[i], best) ? 2 : place;
        best = IS_LARGER(c[i], best) ? c[i] : best;
        place = IS_LARGER(d[i], best) ? 3 : place;
        best = IS_LARGER(d[i], best) ? d[i] : best;
        y[i] = best;
        index[i] = (uint8_t)place;
    }
}

WEFT_INLINE void NAME(keep_larger)(
    const VALUE *restrict x, uint8_t place, VALUE *restrict y, uint8_t *restrict index, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool larger = IS_LARGER(x[i], y[i]);
        y[i] = larger ? x[i] : y[i];
        index[i] = larger ? place : index[i];
    }
}

// `channels` apart from the geometry, so that the common blocks of 16 and 8 are constants.
WEFT_INLINE void NAME(forward_row)(const NAME(pooling) *p, size_t row, size_t channels) {
    const weft_pooling *g = &p->geometry;
    size_t line = g->width * channels;
    const VALUE *x = p->x + (row / g->out_height * g->height + row % g->out_height * g->size_height) * line;
    VALUE *y = p->y + row * g->out_width * channels;
    uint8_t *index = p->index + row * g->out_width * channels;
    for (size_t column = 0; column < g->out_width; column++) {
        const VALUE *corner = x + column * g->size_width * channels;
        if (g->size_height == 2 && g->size_width == 2) {
            NAME(largest_of_four)(corner, corner + channels, corner + line, corner + line + channels, y, index, channels);
        } else {
            memcpy(y, corner, channels * sizeof(VALUE));
            memset(index, 0, channels);
            for (size_t place = 1; place < g->size_height * g->size_width; place++)
                NAME(keep_larger)(
                    corner + place / g->size_width * line + place % g->size_width * channels, (uint8_t)place, y, index,
                    channels);
        }
        y += channels;
        index += channels;
    }
}

WEFT_CLONES static void NAME(forward_rows)(void *context, size_t begin, size_t end) {
    const NAME(pooling) *p = context;
    if (p->geometry.channels == 16)
        for (size_t row = begin; row < end; row++) NAME(forward_row)(p, row, 16);
    else if (p->geometry.channels == 8)
        for (size_t row = begin; row < end; row++) NAME(forward_row)(p, row, 8);
    else
        for (size_t row = begin; row < end; row++) NAME(forward_row)(p, row, p->geometry.channels);
}

WEFT_INLINE void NAME(put_where_taken)(
    const VALUE *restrict dy, const uint8_t *restrict taken, uint8_t place, VALUE *restrict dx, size_t count) {
    for (size_t i = 0; i < count; i++) {
        VALUE value = dy[i];
        dx[i] = taken[i] == place ? value : 0;
    }
}

WEFT_INLINE void NAME(backward_row)(const NAME(pooling) *p, size_t row, size_t channels) {
    const weft_pooling *g = &p->geometry;
    size_t line = g->width * channels;
    size_t plane = row / g->out_height, out_row = row % g->out_height;
    VALUE *dx = p->dx + (plane * g->height + out_row * g->size_height) * line;
    const VALUE *dy = p->dy + row * g->out_width * channels;
    const uint8_t *taken = p->taken + row * g->out_width * channels;
    size_t covered = g->out_width * g->size_width * channels;
    for (size_t y = 0; y < g->size_height; y++) {
        for (size_t column = 0; column < g->out_width; column++)
            for (size_t x = 0; x < g->size_width; x++)
                NAME(put_where_taken)(
                    dy + column * channels, taken + column * channels, (uint8_t)(y * g->size_width + x),
                    dx + y * line + (column * g->size_width + x) * channels, channels);
        // Columns that no window reached.
        memset(dx + y * line + covered, 0, (line - covered) * sizeof(VALUE));
    }
    // The last row of windows also clears the lines below it.
    if (out_row + 1 == g->out_height) {
        size_t used = g->out_height * g->size_height;
        memset(p->dx + (plane * g->height + used) * line, 0, (g->height - used) * line * sizeof(VALUE));
    }
}

WEFT_CLONES static void NAME(backward_rows)(void *context, size_t begin, size_t end) {
    const NAME(pooling) *p = context;
    if (p->geometry.channels == 16)
        for (size_t row = begin; row < end; row++) NAME(backward_row)(p, row, 16);
    else if (p->geometry.channels == 8)
        for (size_t row = begin; row < end; row++) NAME(backward_row)(p, row, 8);
    else
        for (size_t row = begin; row < end; row++) NAME(backward_row)(p, row, p->geometry.channels);
}
