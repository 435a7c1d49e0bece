#include <math.h>
#include <stdatomic.h>

#include "kernel.h"

// Questions about a whole arena: its norm, and whether every number in it is one.

enum { MAX_PARTS = 64, LEAST_PART = 16384 };

typedef struct {
    const float *x;
    size_t n, parts;
    double *partial;
} squares;

WEFT_CLONES static double sum_of_squares(const float *x, size_t n) {
    double lane[16] = {0}, sum = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        for (size_t l = 0; l < 16; l++) lane[l] += (double)x[i + l] * (double)x[i + l];
    }
    for (size_t l = 0; l < 16; l++) sum += lane[l];
    for (; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum;
}

static void run_squares(void *context, size_t begin, size_t end) {
    const squares *task = context;
    for (size_t part = begin; part < end; part++) {
        size_t from = task->n * part / task->parts, to = task->n * (part + 1) / task->parts;
        task->partial[part] = sum_of_squares(task->x + from, to - from);
    }
}

double weft_sum_of_squares(const float *x, size_t n) {
    double partial[MAX_PARTS], sum = 0;
    squares task = {x, n, weft_larger(1, weft_smaller(MAX_PARTS, n / LEAST_PART)), partial};
    weft_parallel_for(task.parts, 1, 1, run_squares, &task);
    for (size_t part = 0; part < task.parts; part++) sum += partial[part];
    return sum;
}

/// The patterns of bits, without their sign, have the order of the sizes; infinity comes last, and after it NaN.
WEFT_CLONES bool weft_is_below(const float *x, size_t n, float limit) {
    uint32_t largest = 0, end;
    __builtin_memcpy(&end, &limit, sizeof end);
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        __builtin_memcpy(&bits, x + i, sizeof bits);
        bits &= 0x7fffffffu;
        largest = bits > largest ? bits : largest;
    }
    return largest < end;
}

typedef struct {
    const float *x;
    atomic_bool bad;
} finiteness;

static void run_finite(void *context, size_t begin, size_t end) {
    finiteness *task = context;
    if (!weft_is_below(task->x + begin, end - begin, INFINITY)) atomic_store(&task->bad, true);
}

bool weft_all_finite(const float *x, size_t n) {
    finiteness task = {x, false};
    weft_parallel_for(n, 16, 2 * WEFT_GRAIN, run_finite, &task);
    return !atomic_load(&task.bad);
}
