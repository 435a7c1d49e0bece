#include "mathematics.h"

// Rows are treated in groups of about 1024 values, so that e^x is one long loop even where there are few classes.
enum { GROUP = 1024 };

typedef struct {
    const float *x;
    const int32_t *labels;
    const float *targets, *dloss;
    size_t dloss_stride;
    float *y;
    int32_t *index;
    size_t classes;
    int k;
} rows_task;

WEFT_INLINE size_t rows_of_group(size_t classes) { return weft_larger(1, GROUP / classes); }

WEFT_INLINE float largest(const float *x, size_t n) {
    float lane[16];
    for (size_t l = 0; l < 16; l++) lane[l] = -INFINITY;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        for (size_t l = 0; l < 16; l++) lane[l] = weft_max(lane[l], x[i + l]);
    }
    float result = -INFINITY;
    for (size_t l = 0; i > 0 && l < 16; l++) result = weft_max(result, lane[l]);
    for (; i < n; i++) result = weft_max(result, x[i]);
    return result;
}

WEFT_INLINE double sum(const float *x, size_t n) {
    double lane[16] = {0}, result = 0;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        for (size_t l = 0; l < 16; l++) lane[l] += (double)x[i + l];
    }
    for (size_t l = 0; i > 0 && l < 16; l++) result += lane[l];
    for (; i < n; i++) result += (double)x[i];
    return result;
}

/// e[r][c] = exp(x[r][c] − the row's largest), with x's rows `stride` apart and e's dense. `e` may be `x`.
WEFT_INLINE void exponentials(const float *x, const float *top, float *e, size_t rows, size_t stride, size_t width) {
    for (size_t r = 0; r < rows; r++) {
        WEFT_INDEPENDENT
        for (size_t c = 0; c < width; c++) e[r * width + c] = x[r * stride + c] - top[r];
    }
    WEFT_INDEPENDENT
    for (size_t i = 0; i < rows * width; i++) e[i] = weft_exp(e[i]);
}

WEFT_INLINE void exponentials_of_rows(const float *x, float *e, size_t rows, size_t classes) {
    float top[GROUP];
    for (size_t r = 0; r < rows; r++) top[r] = largest(x + r * classes, classes);
    exponentials(x, top, e, rows, classes, classes);
}

WEFT_CLONES static void run_softmax(void *context, size_t begin, size_t end) {
    const rows_task *task = context;
    size_t classes = task->classes, rows;
    for (size_t first = begin; first < end; first += rows) {
        rows = weft_smaller(rows_of_group(classes), end - first);
        float *y = task->y + first * classes;
        exponentials_of_rows(task->x + first * classes, y, rows, classes);
        for (size_t r = 0; r < rows; r++) {
            float scale = (float)(1 / sum(y + r * classes, classes));
            for (size_t c = 0; c < classes; c++) y[r * classes + c] *= scale;
        }
    }
}

/// excess[r] = Σ exp(x − the row's largest) − 1: what all other classes add, to 1e-16 even where it is tiny.
WEFT_INLINE void excesses(const float *x, const float *top, float *excess, size_t rows, size_t classes) {
    float e[GROUP];
    double sums[GROUP];
    for (size_t r = 0; r < rows; r++) sums[r] = -1;
    size_t width;
    for (size_t column = 0; column < classes; column += width) {
        width = weft_smaller(GROUP / rows, classes - column);
        exponentials(x + column, top, e, rows, classes, width);
        for (size_t r = 0; r < rows; r++) sums[r] += sum(e + r * width, width);
    }
    for (size_t r = 0; r < rows; r++) excess[r] = (float)sums[r];
}

/// −Σ t·log p, where −log p of a class is `log_sum` + (top − x). A class of target 0 adds nothing, however small its p.
WEFT_INLINE float expected_loss(const float *x, const float *t, float top, float log_sum, size_t classes) {
    double loss = 0;
    for (size_t c = 0; c < classes; c++) {
        loss += t[c] == 0 ? 0 : (double)t[c] * ((double)log_sum + ((double)top - (double)x[c]));
    }
    return (float)loss;
}

WEFT_INLINE bool is_class(int32_t label, size_t classes) { return label >= 0 && (size_t)label < classes; }

WEFT_CLONES static void run_cross_entropy(void *context, size_t begin, size_t end) {
    const rows_task *task = context;
    size_t classes = task->classes, rows;
    float top[GROUP], log_sum[GROUP];
    for (size_t first = begin; first < end; first += rows) {
        rows = weft_smaller(rows_of_group(classes), end - first);
        const float *x = task->x + first * classes;
        for (size_t r = 0; r < rows; r++) top[r] = largest(x + r * classes, classes);
        excesses(x, top, log_sum, rows, classes);
        for (size_t r = 0; r < rows; r++) log_sum[r] = weft_log1p_positive(log_sum[r]);
        for (size_t r = 0; r < rows; r++) {
            const float *row = x + r * classes;
            float *loss = task->y + first + r;
            if (task->targets) {
                *loss = expected_loss(row, task->targets + (first + r) * classes, top[r], log_sum[r], classes);
            } else {
                int32_t label = task->labels[first + r];
                *loss = is_class(label, classes) ? log_sum[r] + (top[r] - row[label]) : NAN;
            }
        }
    }
}

WEFT_CLONES static void run_cross_entropy_gradient(void *context, size_t begin, size_t end) {
    const rows_task *task = context;
    size_t classes = task->classes, rows;
    for (size_t first = begin; first < end; first += rows) {
        rows = weft_smaller(rows_of_group(classes), end - first);
        exponentials_of_rows(task->x + first * classes, task->y + first * classes, rows, classes);
        for (size_t row = first; row < first + rows; row++) {
            float *y = task->y + row * classes, gradient = task->dloss[row * task->dloss_stride];
            if (task->targets) {
                const float *t = task->targets + row * classes;
                float scale = (float)(sum(t, classes) / sum(y, classes));
                for (size_t c = 0; c < classes; c++) y[c] = (y[c] * scale - t[c]) * gradient;
            } else {
                int32_t label = task->labels[row];
                float scale = is_class(label, classes) ? (float)(1 / sum(y, classes)) : NAN;
                float own = is_class(label, classes) ? (y[label] * scale - 1) * gradient : NAN;
                for (size_t c = 0; c < classes; c++) y[c] = y[c] * scale * gradient;
                if (is_class(label, classes)) y[label] = own;
            }
        }
    }
}

static void run_argmax(void *context, size_t begin, size_t end) {
    const rows_task *task = context;
    for (size_t row = begin; row < end; row++) {
        const float *x = task->x + row * task->classes;
        float best = x[0];
        int32_t index = 0;
        for (size_t c = 1; c < task->classes; c++) {
            bool better = x[c] > best || (best != best && x[c] == x[c]);
            best = better ? x[c] : best;
            index = better ? (int32_t)c : index;
        }
        task->index[row] = index;
    }
}

WEFT_CLONES static void run_in_top_k(void *context, size_t begin, size_t end) {
    const rows_task *task = context;
    for (size_t row = begin; row < end; row++) {
        const float *x = task->x + row * task->classes;
        int32_t label = task->labels[row];
        float own = is_class(label, task->classes) ? x[label] : NAN;
        int32_t larger = 0;
        for (size_t c = 0; c < task->classes; c++) larger += x[c] > own;
        task->y[row] = own == own && larger < task->k;
    }
}

static void run_one_hot(void *context, size_t begin, size_t end) {
    const rows_task *task = context;
    for (size_t row = begin; row < end; row++) {
        float *y = task->y + row * task->classes;
        memset(y, 0, task->classes * sizeof(float));
        if (is_class(task->labels[row], task->classes)) y[task->labels[row]] = 1;
    }
}

/// `cost`: what a value costs, in cheap ones.
static void for_rows(size_t rows, size_t cost, weft_range_body body, rows_task task) {
    if (task.classes > 0) weft_parallel_for(rows, 1, weft_row_grain(task.classes * cost), body, &task);
}

void weft_softmax(const float *x, float *y, size_t rows, size_t classes) {
    for_rows(rows, 4, run_softmax, (rows_task){.x = x, .y = y, .classes = classes});
}

void weft_softmax_cross_entropy(
    const float *logits, const int32_t *labels, const float *targets, float *loss, size_t rows, size_t classes) {
    rows_task task = {.x = logits, .labels = labels, .targets = targets, .y = loss, .classes = classes};
    for_rows(rows, 4, run_cross_entropy, task);
}

void weft_softmax_cross_entropy_gradient(
    const float *logits, const int32_t *labels, const float *targets, const float *dloss, size_t dloss_stride,
    float *dlogits, size_t rows, size_t classes) {
    rows_task task = {.x = logits, .labels = labels, .targets = targets, .y = dlogits, .classes = classes};
    task.dloss = dloss;
    task.dloss_stride = dloss_stride;
    for_rows(rows, 4, run_cross_entropy_gradient, task);
}

void weft_argmax(const float *x, int32_t *index, size_t rows, size_t classes) {
    for_rows(rows, 2, run_argmax, (rows_task){.x = x, .index = index, .classes = classes});
}

void weft_in_top_k(const float *scores, const int32_t *labels, float *hit, size_t rows, size_t classes, int k) {
    for_rows(rows, 1, run_in_top_k, (rows_task){.x = scores, .labels = labels, .y = hit, .classes = classes, .k = k});
}

void weft_one_hot(const int32_t *labels, float *y, size_t rows, size_t classes) {
    for_rows(rows, 1, run_one_hot, (rows_task){.labels = labels, .y = y, .classes = classes});
}
