#include <string.h>

#include "kernel.h"

// Four rows of b are compared with a row of a at once, in lanes that are added up at the end: sixteen numbers of a row
// side by side, so that no sum waits for the one before it. A tile of b's rows stays in the second-level cache.
enum { LANES = 16, AT_ONCE = 4, TILE_BYTES = 1 << 18 };

// The compiler does not find these vectors by itself in loops over lanes.
typedef float lanes __attribute__((vector_size(LANES * sizeof(float))));

typedef struct {
    float *out;
    const float *a, *b;
    size_t b_rows, length;
} comparison;

/// sum += (a[l] − b[l])² for `count` lanes.
WEFT_INLINE void add_squares(lanes *sum, const float *a, const float *b, size_t count) {
    lanes x = {0}, y = {0};
    memcpy(&x, a, count * sizeof(float));
    memcpy(&y, b, count * sizeof(float));
    lanes difference = x - y;
    *sum += difference * difference;
}

WEFT_INLINE float sum_of_lanes(const lanes *all) {
    lanes sum = *all;
    for (size_t half = LANES / 2; half > 0; half /= 2) {
        for (size_t l = 0; l < half; l++) sum[l] += sum[l + half];
    }
    return sum[0];
}

/// out[r] = Σ (a[k] − b[r][k])² for `rows` rows of b, a number that is known where this is inlined.
WEFT_INLINE void compare(float *out, const float *a, const float *b, size_t length, size_t rows) {
    lanes sums[AT_ONCE] = {{0}};
    size_t whole = length / LANES * LANES;
    for (size_t k = 0; k < whole; k += LANES) {
        for (size_t r = 0; r < rows; r++) add_squares(&sums[r], a + k, b + r * length + k, LANES);
    }
    for (size_t r = 0; r < rows; r++) {
        add_squares(&sums[r], a + whole, b + r * length + whole, length - whole);
        out[r] = sum_of_lanes(&sums[r]);
    }
}

WEFT_CLONES static void run_comparison(void *context, size_t begin, size_t end) {
    const comparison *c = context;
    size_t length = c->length;
    size_t tile = weft_larger(AT_ONCE, TILE_BYTES / (sizeof(float) * weft_larger(1, length)));
    for (size_t start = 0; start < c->b_rows; start += tile) {
        size_t stop = weft_smaller(c->b_rows, start + tile);
        for (size_t i = begin; i < end; i++) {
            const float *a = c->a + i * length;
            float *out = c->out + i * c->b_rows;
            size_t j = start;
            for (; j + AT_ONCE <= stop; j += AT_ONCE) compare(out + j, a, c->b + j * length, length, AT_ONCE);
            for (; j < stop; j++) compare(out + j, a, c->b + j * length, length, 1);
        }
    }
}

void weft_squared_distances(
    float *out, const float *a, size_t a_rows, const float *b, size_t b_rows, size_t length) {
    comparison c = {out, a, b, b_rows, length};
    weft_parallel_for(a_rows, 1, weft_row_grain(b_rows * length), run_comparison, &c);
}
