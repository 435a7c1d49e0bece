#include "mathematics.h"

// Philox-4x32-10; source: Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.

enum { BATCH_BLOCKS = 64, BATCH_WORDS = 4 * BATCH_BLOCKS };

/// The words of blocks first..<first + 64. Each iteration is a block of its own, so that the loop vectorises.
WEFT_INLINE void philox(uint32_t *words, uint32_t first, const weft_random_key *key) {
    uint32_t key0 = (uint32_t)key->seed, key1 = (uint32_t)(key->seed >> 32);
    uint32_t step = key->step, epoch = key->epoch, stream = key->stream;
    for (uint32_t block = 0; block < BATCH_BLOCKS; block++) {
        uint32_t c0 = first + block, c1 = step, c2 = epoch, c3 = stream;
        for (uint32_t round = 0; round < 10; round++) {
            uint64_t low = (uint64_t)0xD2511F53u * c0, high = (uint64_t)0xCD9E8D57u * c2;
            c0 = (uint32_t)(high >> 32) ^ c1 ^ (key0 + round * 0x9E3779B9u);
            c1 = (uint32_t)high;
            c2 = (uint32_t)(low >> 32) ^ c3 ^ (key1 + round * 0xBB67AE85u);
            c3 = (uint32_t)low;
        }
        words[4 * block] = c0;
        words[4 * block + 1] = c1;
        words[4 * block + 2] = c2;
        words[4 * block + 3] = c3;
    }
}

typedef struct {
    const float *x;
    float *y;
    const weft_random_key *key;
    uint32_t threshold;
    float scale;
} random_task;

// Ranges start at multiples of 16 elements, so at the first word of a block.

WEFT_CLONES static void run_uniform(void *context, size_t begin, size_t end) {
    const random_task *task = context;
    uint32_t words[BATCH_WORDS];
    for (size_t start = begin; start < end; start += BATCH_WORDS) {
        philox(words, (uint32_t)(start / 4), task->key);
        float *y = task->y + start;
        size_t n = weft_smaller(BATCH_WORDS, end - start);
        for (size_t i = 0; i < n; i++) y[i] = (float)(int32_t)(words[i] >> 8) * 0x1p-24f;
    }
}

/// Box-Muller: √(−2 log(1 − u))·cos(2πv) of two words' upper 24 bits u and v.
WEFT_INLINE float normal(uint32_t u, uint32_t v) {
    float radius = __builtin_elementwise_sqrt(-2 * weft_log((float)(int32_t)((1u << 24) - (u >> 8)) * 0x1p-24f));
    // The angle in quarter turns, to the nearest: no digit is lost.
    uint32_t turn = v >> 8, quadrant = (turn + (1u << 21)) >> 22;
    float r = (float)(int32_t)(turn - (quadrant << 22)) * (0x1.921fb6p+0f * 0x1p-22f);
    return radius * weft_sine_of_quadrant(r, quadrant + 1);
}

WEFT_CLONES static void run_normal(void *context, size_t begin, size_t end) {
    const random_task *task = context;
    uint32_t words[BATCH_WORDS];
    for (size_t start = begin; start < end; start += BATCH_WORDS / 2) {
        philox(words, (uint32_t)(start / 2), task->key);
        float *y = task->y + start;
        size_t n = weft_smaller(BATCH_WORDS / 2, end - start);
        for (size_t i = 0; i < n; i++) y[i] = normal(words[2 * i], words[2 * i + 1]);
    }
}

WEFT_CLONES static void run_dropout(void *context, size_t begin, size_t end) {
    const random_task *task = context;
    uint32_t words[BATCH_WORDS], threshold = task->threshold;
    float scale = task->scale;
    for (size_t start = begin; start < end; start += BATCH_WORDS) {
        philox(words, (uint32_t)(start / 4), task->key);
        const float *x = task->x + start;
        float *y = task->y + start;
        size_t n = weft_smaller(BATCH_WORDS, end - start);
        WEFT_INDEPENDENT
        for (size_t i = 0; i < n; i++) {
            float kept = x[i] * scale;
            y[i] = (words[i] >> 8) >= threshold ? kept : 0;
        }
    }
}

void weft_random_uniform(float *y, size_t count, const weft_random_key *key) {
    random_task task = {.y = y, .key = key};
    weft_parallel_for(count, 16, WEFT_GRAIN / 4, run_uniform, &task);
}

void weft_random_normal(float *y, size_t count, const weft_random_key *key) {
    random_task task = {.y = y, .key = key};
    weft_parallel_for(count, 16, WEFT_GRAIN / 8, run_normal, &task);
}

void weft_dropout(const float *x, float *y, size_t count, float rate, const weft_random_key *key) {
    random_task task = {.x = x, .y = y, .key = key};
    // uniform ≥ rate, of the 24-bit integers; the product is exact.
    task.threshold = (uint32_t)ceilf(weft_clamp(rate, 0, 1) * 0x1p24f);
    task.scale = (float)(1 / (1 - (double)rate));
    weft_parallel_for(count, 16, WEFT_GRAIN / 4, run_dropout, &task);
}
