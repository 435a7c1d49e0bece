#include "instruction.h"

#include "mathematics.h"

WEFT_INLINE float sign(float x) { return x > 0 ? 1 : x < 0 ? -1 : x; }
WEFT_INLINE float relu(float x) { return x < 0 ? 0 : x; }
WEFT_INLINE float elu(float x, float alpha) { return x > 0 ? x : alpha * weft_expm1_negative(x > 0 ? 0 : x); }
WEFT_INLINE float from_int32(float x) { return (float)(int32_t)weft_bits(x); }
WEFT_INLINE float root(float x) { return __builtin_elementwise_sqrt(x); }

/// The C library's sine and cosine, for what is too large for the fast ones.
static float sine_of_any(float x, uint32_t quadrant) {
    if (fabsf(x) <= weft_sine_limit) return weft_sine(x, quadrant);
    return quadrant ? cosf(x) : sinf(x);
}

/// Sine (quadrant 0) and cosine (1).
WEFT_CLONES static void run_sine(float *y, const float *a, size_t n, uint32_t quadrant) {
    uint32_t large = 0;
    for (size_t i = 0; i < n; i++) large |= !(fabsf(a[i]) <= weft_sine_limit);
    if (large) {
        for (size_t i = 0; i < n; i++) y[i] = sine_of_any(a[i], quadrant);
    } else {
        WEFT_INDEPENDENT
        for (size_t i = 0; i < n; i++) y[i] = weft_sine(a[i], quadrant);
    }
}

WEFT_CLONES static void run_power(float *y, const float *a, size_t n, float p) {
    bool whole = truncf(p) == p, odd = whole && fabsf(fmodf(p, 2)) == 1;
    WEFT_INDEPENDENT
    for (size_t i = 0; i < n; i++) y[i] = weft_power(a[i], p, whole, odd);
}

#define EACH(op, value) \
    case op: \
        WEFT_INDEPENDENT \
        for (size_t i = 0; i < n; i++) y[i] = (value); \
        break;

WEFT_CLONES static void run_unary(const weft_instruction *instruction, float *y, const float *a, size_t n) {
    float p = instruction->p, q = instruction->q;
    switch (instruction->op) {
        EACH(WEFT_NEGATE, -a[i])
        EACH(WEFT_ABSOLUTE, fabsf(a[i]))
        EACH(WEFT_SIGN, sign(a[i]))
        EACH(WEFT_SQUARE, a[i] * a[i])
        EACH(WEFT_SQUARE_ROOT, root(a[i]))
        EACH(WEFT_RECIPROCAL, 1 / a[i])
        EACH(WEFT_RECIPROCAL_SQUARE_ROOT, 1 / root(a[i]))
        EACH(WEFT_EXPONENTIAL, weft_exp(a[i]))
        EACH(WEFT_LOGARITHM, weft_log(a[i]))
        EACH(WEFT_TANH, weft_tanh(a[i]))
        EACH(WEFT_SIGMOID, weft_sigmoid(a[i]))
        EACH(WEFT_RELU, relu(a[i]))
        EACH(WEFT_SOFTPLUS, weft_softplus(a[i]))
        EACH(WEFT_NORMAL_DISTRIBUTION, weft_normal_distribution(a[i]))
        EACH(WEFT_STEP, a[i] > 0 ? 1.0f : 0.0f)
        EACH(WEFT_LEAKY_RELU, a[i] < 0 ? a[i] * p : a[i])
        EACH(WEFT_ELU, elu(a[i], p))
        EACH(WEFT_AFFINE, a[i] * p + q)
        EACH(WEFT_CLIP, weft_clamp(a[i], p, q))
        EACH(WEFT_FROM_INT32, from_int32(a[i]))
        EACH(WEFT_CONSTANT, p)
    }
}

WEFT_CLONES static void run_binary(int32_t op, float *y, const float *a, const float *b, size_t n) {
    switch (op) {
        EACH(WEFT_ADD, a[i] + b[i])
        EACH(WEFT_SUBTRACT, a[i] - b[i])
        EACH(WEFT_MULTIPLY, a[i] * b[i])
        EACH(WEFT_DIVIDE, a[i] / b[i])
        EACH(WEFT_MAXIMUM, weft_max(a[i], b[i]))
        EACH(WEFT_MINIMUM, weft_min(a[i], b[i]))
        EACH(WEFT_GREATER, a[i] > b[i] ? 1.0f : 0.0f)
        EACH(WEFT_EQUAL, a[i] == b[i] ? 1.0f : 0.0f)
    }
}

void weft_run_instruction(const weft_instruction *instruction, float *y, const float *a, const float *b, size_t n) {
    switch (instruction->op) {
        case WEFT_SINE: run_sine(y, a, n, 0); break;
        case WEFT_COSINE: run_sine(y, a, n, 1); break;
        case WEFT_POWER: run_power(y, a, n, instruction->p); break;
        default:
            if (instruction->op >= WEFT_ADD) {
                run_binary(instruction->op, y, a, b, n);
            } else {
                run_unary(instruction, y, a, n);
            }
    }
}
