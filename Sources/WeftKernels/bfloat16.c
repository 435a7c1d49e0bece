#include "bfloat16.h"


WEFT_CLONES void weft_widen_values(float *y, const uint16_t *x, size_t n) {
    WEFT_INDEPENDENT
    for (size_t i = 0; i < n; i++) y[i] = weft_from_bfloat16(x[i]);
}

WEFT_CLONES void weft_narrow_values(uint16_t *y, const float *x, size_t n) {
    WEFT_INDEPENDENT
    for (size_t i = 0; i < n; i++) y[i] = weft_to_bfloat16(x[i]);
}

WEFT_CLONES static void round_values(float *y, const float *x, size_t n) {
    WEFT_INDEPENDENT
    for (size_t i = 0; i < n; i++) y[i] = weft_from_bfloat16(weft_to_bfloat16(x[i]));
}

typedef struct {
    float *wide;
    uint16_t *narrow;
    const float *source;
} conversion;

static void run_widen(void *context, size_t begin, size_t end) {
    const conversion *task = context;
    weft_widen_values(task->wide + begin, task->narrow + begin, end - begin);
}

static void run_narrow(void *context, size_t begin, size_t end) {
    const conversion *task = context;
    weft_narrow_values(task->narrow + begin, task->source + begin, end - begin);
}

static void run_round(void *context, size_t begin, size_t end) {
    const conversion *task = context;
    round_values(task->wide + begin, task->source + begin, end - begin);
}

void weft_widen(float *y, const uint16_t *x, size_t n) {
    conversion task = {.wide = y, .narrow = (uint16_t *)x};
    weft_parallel_for(n, 32, WEFT_GRAIN, run_widen, &task);
}

void weft_narrow(uint16_t *y, const float *x, size_t n) {
    conversion task = {.narrow = y, .source = x};
    weft_parallel_for(n, 32, WEFT_GRAIN, run_narrow, &task);
}

void weft_round_to_bfloat16(float *y, const float *x, size_t n) {
    conversion task = {.wide = y, .source = x};
    weft_parallel_for(n, 32, WEFT_GRAIN, run_round, &task);
}

WEFT_CLONES static bool are_finite(const uint16_t *x, size_t n) {
    uint16_t largest = 0;
    for (size_t i = 0; i < n; i++) {
        uint16_t size = x[i] & 0x7fffu;
        largest = size > largest ? size : largest;
    }
    return largest < 0x7f80u;
}

bool weft_all_finite_bfloat16(const uint16_t *x, size_t n) { return are_finite(x, n); }
