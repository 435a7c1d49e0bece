#include <math.h>
#include <stdatomic.h>

#include "kernel.h"

// Where w and g are 0 (a layout's padding) every rule leaves w at 0; epsilon > 0 keeps 0 / √0 from arising there.

typedef struct {
    float *w;
    const float *g;
    float *m, *v, *mean;
    float gradient_scale, limit;
    float rate, momentum, beta, one_minus_beta1, one_minus_beta2, epsilon;
    bool nesterov;
} update;

typedef struct {
    const update *update;
    weft_range_body body;
    size_t n;
    const weft_bound *bounds;
    size_t bound_count;
    atomic_bool bad;
} checked_update;

/// Of each bound the part that the range is of the whole.
static void run_check(void *context, size_t begin, size_t end) {
    checked_update *task = context;
    for (size_t i = 0; i < task->bound_count; i++) {
        const weft_bound *bound = task->bounds + i;
        size_t from = bound->n * begin / task->n, to = bound->n * end / task->n;
        if (!weft_is_below(bound->x + from, to - from, bound->limit)) atomic_store(&task->bad, true);
    }
}

static void run_unless_bad(void *context, size_t begin, size_t end) {
    checked_update *task = context;
    if (!atomic_load(&task->bad)) task->body((void *)task->update, begin, end);
}

static bool run(size_t n, weft_gradient_rule rule, weft_range_body body, update update) {
    update.gradient_scale = rule.gradient_scale;
    update.limit = rule.clip_value > 0 ? rule.clip_value : INFINITY;
    if (rule.bound_count == 0) {
        weft_parallel_for(n, 16, WEFT_GRAIN / 2, body, &update);
        return true;
    }
    // In one region, so that the threads meet once more but are not started once more, and each finds the gradients it
    // has looked at in its own cache.
    checked_update task = {&update, body, n, rule.bounds, rule.bound_count, false};
    weft_parallel_phases(n, 16, WEFT_GRAIN / 2, run_check, run_unless_bad, &task);
    return !atomic_load(&task.bad);
}

/// The gradient as the rule wants it; NaN stays NaN.
WEFT_INLINE float prepared(float g, float scale, float limit) {
    g *= scale;
    g = g < -limit ? -limit : g;
    return g > limit ? limit : g;
}

WEFT_INLINE float root(float x) { return __builtin_elementwise_sqrt(x); }

WEFT_CLONES static void run_sgd(void *context, size_t begin, size_t end) {
    const update u = *(const update *)context;
    float *restrict w = u.w;
    const float *restrict g = u.g;
    for (size_t i = begin; i < end; i++) w[i] -= u.rate * prepared(g[i], u.gradient_scale, u.limit);
}

WEFT_CLONES static void run_momentum(void *context, size_t begin, size_t end) {
    const update u = *(const update *)context;
    float *restrict w = u.w, *restrict m = u.m;
    const float *restrict g = u.g;
    bool nesterov = u.nesterov;
    for (size_t i = begin; i < end; i++) {
        float change = u.rate * prepared(g[i], u.gradient_scale, u.limit);
        float velocity = u.momentum * m[i] - change;
        m[i] = velocity;
        w[i] += nesterov ? u.momentum * velocity - change : velocity;
    }
}

WEFT_CLONES static void run_adam(void *context, size_t begin, size_t end) {
    const update u = *(const update *)context;
    float *restrict w = u.w, *restrict m = u.m, *restrict v = u.v;
    const float *restrict gradient = u.g;
    for (size_t i = begin; i < end; i++) {
        float g = prepared(gradient[i], u.gradient_scale, u.limit);
        float first = m[i] + (g - m[i]) * u.one_minus_beta1;
        float second = v[i] + (g * g - v[i]) * u.one_minus_beta2;
        m[i] = first;
        v[i] = second;
        w[i] -= u.rate * first / (root(second) + u.epsilon);
    }
}

WEFT_CLONES static void run_adagrad(void *context, size_t begin, size_t end) {
    const update u = *(const update *)context;
    float *restrict w = u.w, *restrict a = u.v;
    const float *restrict gradient = u.g;
    for (size_t i = begin; i < end; i++) {
        float g = prepared(gradient[i], u.gradient_scale, u.limit);
        float sum = a[i] + g * g;
        a[i] = sum;
        w[i] -= u.rate * g / root(sum + u.epsilon);
    }
}

/// `momentum` and `centered` are constants where this is inlined, so that each of the four loops has no branch.
WEFT_INLINE void rmsprop(const update u, size_t begin, size_t end, bool momentum, bool centered) {
    float *restrict w = u.w, *restrict v = u.v, *restrict m = u.m, *restrict mean = u.mean;
    const float *restrict gradient = u.g;
    for (size_t i = begin; i < end; i++) {
        float g = prepared(gradient[i], u.gradient_scale, u.limit);
        float square = u.beta * v[i] + u.one_minus_beta1 * (g * g);
        v[i] = square;
        if (centered) {
            float average = u.beta * mean[i] + u.one_minus_beta1 * g;
            mean[i] = average;
            square -= average * average;
        }
        float change = u.rate * g / root(square + u.epsilon);
        if (momentum) {
            change += u.momentum * m[i];
            m[i] = change;
        }
        w[i] -= change;
    }
}

WEFT_CLONES static void run_rmsprop(void *context, size_t begin, size_t end) {
    const update u = *(const update *)context;
    if (u.momentum > 0) {
        u.mean ? rmsprop(u, begin, end, true, true) : rmsprop(u, begin, end, true, false);
    } else {
        u.mean ? rmsprop(u, begin, end, false, true) : rmsprop(u, begin, end, false, false);
    }
}

bool weft_sgd(float *w, const float *g, size_t n, weft_gradient_rule rule, float rate) {
    return run(n, rule, run_sgd, (update){.w = w, .g = g, .rate = rate});
}

bool weft_sgd_momentum(
    float *w, const float *g, float *m, size_t n, weft_gradient_rule rule, float rate, float momentum, bool nesterov) {
    update update = {.w = w, .g = g, .m = m, .rate = rate, .momentum = momentum, .nesterov = nesterov};
    return run(n, rule, run_momentum, update);
}

bool weft_adam(
    float *w, const float *g, float *m, float *v, size_t n, weft_gradient_rule rule, float rate, double beta1,
    double beta2, float epsilon) {
    update update = {.w = w, .g = g, .m = m, .v = v, .rate = rate, .epsilon = epsilon};
    update.one_minus_beta1 = (float)(1 - beta1);
    update.one_minus_beta2 = (float)(1 - beta2);
    return run(n, rule, run_adam, update);
}

bool weft_adagrad(float *w, const float *g, float *a, size_t n, weft_gradient_rule rule, float rate, float epsilon) {
    return run(n, rule, run_adagrad, (update){.w = w, .g = g, .v = a, .rate = rate, .epsilon = epsilon});
}

bool weft_rmsprop(
    float *w, const float *g, float *v, float *m, float *mean, size_t n, weft_gradient_rule rule, float rate,
    double rho, float momentum, float epsilon) {
    update update = {.w = w, .g = g, .v = v, .m = m, .mean = mean, .rate = rate, .epsilon = epsilon};
    update.momentum = momentum;
    update.beta = (float)rho;
    update.one_minus_beta1 = (float)(1 - rho);
    return run(n, rule, run_rmsprop, update);
}
