// Loops for what oneDNN has no primitive for. Plain C, so that each is compiled for several processors and chosen at
// load time; every array is float32 in row-major order unless said otherwise, bfloat16 where its elements are uint16_t.
// No function allocates or fails.
#ifndef WEFT_KERNELS_H
#define WEFT_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// MARK: Threads (threads.c)

/// The number of threads the kernels may use, of oneDNN's own OpenMP pool; 1 at start. The pool belongs to the thread
/// that calls, so a program should be run by one and the same thread. No result depends on the number.
void weft_set_threads(int count);
int weft_get_threads(void);
/// What the pool would use by itself: the cores, or what OMP_NUM_THREADS says.
int weft_default_threads(void);

/// From here on this thread treats numbers below 1.2e-38 as zero, as TensorFlow's and XLA's threads do: a processor
/// computes with them a hundred times slower, and decaying optimizer slots are full of them. The threads of the pool do so
/// always. Returns what to give back to weft_end_flushing_denormals.
unsigned weft_begin_flushing_denormals(void);
void weft_end_flushing_denormals(unsigned state);

// MARK: Element by element (elementwise.c, instruction.c)

typedef enum {
    // One operand: a; constants p and q.
    WEFT_NEGATE, WEFT_ABSOLUTE, WEFT_SIGN, WEFT_SQUARE, WEFT_SQUARE_ROOT, WEFT_RECIPROCAL, WEFT_RECIPROCAL_SQUARE_ROOT,
    WEFT_EXPONENTIAL, WEFT_LOGARITHM, WEFT_SINE, WEFT_COSINE, WEFT_TANH, WEFT_SIGMOID, WEFT_RELU, WEFT_SOFTPLUS, WEFT_NORMAL_DISTRIBUTION,
    WEFT_STEP, WEFT_LEAKY_RELU /* slope p */, WEFT_ELU /* alpha p */, WEFT_AFFINE /* a·p + q */,
    WEFT_CLIP /* to [p, q] */, WEFT_POWER /* a^p */, WEFT_FROM_INT32 /* a's bits are an int32 */,
    WEFT_CONSTANT /* p, no operand */,
    // Two operands: a, b.
    WEFT_ADD, WEFT_SUBTRACT, WEFT_MULTIPLY, WEFT_DIVIDE, WEFT_MAXIMUM, WEFT_MINIMUM, WEFT_GREATER, WEFT_EQUAL,
} weft_elementwise_op;

/// One instruction; its result is register `inputs + position in code`.
typedef struct {
    int32_t op;    // weft_elementwise_op
    int32_t a, b;  // registers
    float p, q;
} weft_instruction;

/// An operand: element i of the result reads data[(i / inner) % period · width + i % width]. The width is 1 but for a
/// number for each channel of images that lie in blocks of so many channels: there inner is the size of a block's plane,
/// a multiple of the width, and the period is the number of blocks. A full operand has inner = 1 and period = count; a
/// scalar has period = 1; a vector along the last axis has inner = 1. Only a full operand may be in bfloat16.
typedef struct {
    const float *data;
    size_t inner, period, width;
    bool is_bfloat16;
} weft_operand;

enum { WEFT_MAX_INPUTS = 8, WEFT_MAX_OUTPUTS = 4, WEFT_MAX_CODE = 32 };

/// A chain of operations run block by block, so that intermediate values stay in the first-level cache.
/// Outputs may be the same memory as a full operand of their type (in place), but two may not exchange operands.
typedef struct {
    size_t count;
    int32_t inputs, length, outputs;
    weft_operand input[WEFT_MAX_INPUTS];
    weft_instruction code[WEFT_MAX_CODE];
    int32_t output_register[WEFT_MAX_OUTPUTS];
    float *output[WEFT_MAX_OUTPUTS];
    bool output_is_bfloat16[WEFT_MAX_OUTPUTS];
} weft_elementwise_program;

void weft_elementwise(const weft_elementwise_program *program);

// MARK: bfloat16 (bfloat16.c)

// The upper half of a float32: its sign, its exponent and 7 bits of its significand. To the nearest, of two as near to the
// even one.

void weft_widen(float *y, const uint16_t *x, size_t n);
void weft_narrow(uint16_t *y, const float *x, size_t n);
/// y = x, rounded to a number that bfloat16 has; may be in place.
void weft_round_to_bfloat16(float *y, const float *x, size_t n);

// MARK: Reductions and copies (reduce.c, copy.c)

typedef enum { WEFT_SUM, WEFT_MEAN, WEFT_MAX } weft_reduction;

/// y[outer][inner] = reduction over m of x[outer][m][inner]. Sums are exact to a few ulp (pairwise or wider
/// accumulators), in an order that depends only on the lengths. The maximum of numbers with a NaN among them is NaN.
void weft_reduce(weft_reduction kind, const float *x, float *y, size_t outer, size_t middle, size_t inner);

enum { WEFT_MAX_RANK = 8 };
/// dst[Σ i·dst_strides] = src[Σ i·src_strides] for all indices below dims (strides in elements, 0 repeats).
void weft_copy_strided(
    float *dst, const ptrdiff_t *dst_strides, const float *src, const ptrdiff_t *src_strides, const size_t *dims,
    int rank);
void weft_fill(float *dst, float value, size_t count);

// MARK: Classes (classes.c)

/// Rows of `classes` values. `y` may be `x`.
void weft_softmax(const float *x, float *y, size_t rows, size_t classes);
/// Exactly one of `labels` (class numbers) and `targets` (rows of probabilities) is given.
/// loss = −Σ t·log softmax(x): from the logits, never overflowing, exact at logits of 0, ±88, ±1e4, ±1e30.
/// A label that is no class gives NaN, here and in the gradient.
void weft_softmax_cross_entropy(
    const float *logits, const int32_t *labels, const float *targets, float *loss, size_t rows, size_t classes);
/// dlogits = (softmax(x)·Σt − t)·dloss, with dloss[row · dloss_stride] (stride 0: one number for all). `dlogits` may be
/// `logits`.
void weft_softmax_cross_entropy_gradient(
    const float *logits, const int32_t *labels, const float *targets, const float *dloss, size_t dloss_stride,
    float *dlogits, size_t rows, size_t classes);
void weft_argmax(const float *x, int32_t *index, size_t rows, size_t classes);  // the first of equals; NaN never wins
/// 1 where fewer than k scores of the row are larger than the label's own, else 0; 0 where that is NaN or the label no
/// class.
void weft_in_top_k(const float *scores, const int32_t *labels, float *hit, size_t rows, size_t classes, int k);
/// Zeros where the label is no class.
void weft_one_hot(const int32_t *labels, float *y, size_t rows, size_t classes);

// MARK: Randomness (random.c): Philox-4x32-10, word for word as WeftGraph's Philox

typedef struct {
    uint64_t seed;
    uint32_t stream, epoch, step;
} weft_random_key;

void weft_random_uniform(float *y, size_t count, const weft_random_key *key);  // [0, 1)
void weft_random_normal(float *y, size_t count, const weft_random_key *key);
/// y = x / (1 − rate) where uniform(i) ≥ rate, else 0; may be in place.
void weft_dropout(const float *x, float *y, size_t count, float rate, const weft_random_key *key);

// MARK: Max pooling (pooling.c)

/// Windows of size_height × size_width side by side, without padding; what is left over at the right and at the bottom
/// belongs to no window. A plane is height × width pixels of `channels` neighbouring values: an image in row-major order,
/// or one block of channels in a blocked layout.
typedef struct {
    size_t planes, height, width, channels, size_height, size_width, out_height, out_width;
} weft_pooling;

/// y: the largest value of each window; index: its place there, row by row, the first of equals. NaN is the largest.
void weft_max_pooling(const weft_pooling *geometry, const float *x, float *y, uint8_t *index);
/// dx: dy at the place of the maximum, 0 elsewhere.
void weft_max_pooling_gradient(const weft_pooling *geometry, const float *dy, const uint8_t *index, float *dx);
void weft_max_pooling_bfloat16(const weft_pooling *geometry, const uint16_t *x, uint16_t *y, uint8_t *index);
void weft_max_pooling_gradient_bfloat16(
    const weft_pooling *geometry, const uint16_t *dy, const uint8_t *index, uint16_t *dx);

// MARK: Convolutions of images with few channels (convolution.c)

/// Images x of height × width × inputs in row-major order; outputs in blocks of `block` neighbouring channels to a pixel,
/// as in row-major order, where there is one block, or in a blocked layout. `pool_height` × `pool_width` are the windows
/// of a max pooling behind it, side by side, or 1 × 1.
typedef struct {
    size_t samples, height, width, inputs;
    size_t out_height, out_width, outputs, block;
    size_t kernel_height, kernel_width, stride_height, stride_width, dilation_height, dilation_width;
    size_t padding_top, padding_left;
    size_t pool_height, pool_width;
} weft_convolution;

/// Bytes of scratch memory.
size_t weft_convolution_scratch(const weft_convolution *geometry);
/// dk, of kernel height × kernel width × inputs × outputs, from the output's gradient or, where there is an index, from
/// that of the pooled output and the places its maxima came from.
void weft_convolution_kernel_gradient(
    const weft_convolution *geometry, const float *x, const float *dy, const uint8_t *index, float *dk, void *scratch);

// MARK: Convolutions to at most 4 channels (narrow_convolution.c, narrow_convolution_gradient.c)

// Images x in blocks of `block` neighbouring channels to a pixel, a multiple of 8, what is behind the last channel being
// finite; outputs in row-major order. There is no pooling.

/// Bytes of scratch memory, at the beginning of a cache line, for so many parts (one or more) that may be computed at the same
/// time.
size_t weft_narrow_convolution_scratch(const weft_convolution *geometry, size_t parts);
/// y, with a kernel of height × width × inputs × outputs or, `transposed`, one of height × width × outputs × inputs that is
/// turned by 180°: the gradient of another convolution for its input. Strides and dilations are 1. Columns outside of the image
/// are zeros, which an infinite number in the kernel makes NaN.
void weft_narrow_convolution(
    const weft_convolution *geometry, const float *x, const float *kernel, bool transposed, float *y, size_t parts,
    void *scratch);

/// Bytes of scratch memory.
size_t weft_narrow_convolution_gradient_scratch(const weft_convolution *geometry);
/// dk, of kernel height × kernel width × inputs × outputs.
void weft_narrow_convolution_kernel_gradient(
    const weft_convolution *geometry, const float *x, const float *dy, float *dk, void *scratch);

// MARK: Convolutions of 3×3 by Winograd's algorithm (winograd.c, winograd_gradient.c)

// Both strides are 1, or both 2, the dilation is 1, there is no pooling. Images lie in blocks of neighbouring channels to a
// pixel: the input in such of `block` channels, the output in such of the geometry's. Blocks are multiples of 8, channels are
// multiples of their block; those of the image that is made, and the outputs of a kernel's gradient, are multiples of 16.

/// Products of an image for each pair of channels, of the convolution or, with something behind it, the gradient for its
/// input; its definition has 9 for each of the smaller image's pixels.
size_t weft_winograd_products(const weft_convolution *geometry, bool is_gradient);
/// Bytes of scratch memory of the convolution, or the gradient for its input, for so many parts that may be computed at the
/// same time.
size_t weft_winograd_scratch(const weft_convolution *geometry, bool is_gradient, size_t parts);
/// y; with a bias, unless it is NULL, and what is negative then multiplied by `slope`.
void weft_winograd(
    const weft_convolution *geometry, const float *x, const float *kernel, const float *bias, float slope, float *y,
    size_t block, size_t parts, void *scratch);
/// dx, or the result of a transposed convolution, which may have a bias and a slope, too.
void weft_winograd_input_gradient(
    const weft_convolution *geometry, const float *dy, const float *kernel, const float *bias, float slope, float *dx,
    size_t block, size_t parts, void *scratch);

/// Bytes of scratch memory for so many threads.
size_t weft_winograd_kernel_gradient_scratch(const weft_convolution *geometry, size_t threads);
/// dk: the same bits for any number of threads.
void weft_winograd_kernel_gradient(
    const weft_convolution *geometry, const float *x, size_t block, const float *dy, float *dk, size_t threads,
    void *scratch);

// MARK: Sums in double (precise.c)

// Every sum is a double, rounded once. Far slower than oneDNN, and the same bits whatever the number of threads.

/// y[i][j] = Σ a[i][k]·b[k][j]; a transposed operand is given as a[k][i] or b[j][k].
void weft_precise_matmul(
    const float *a, bool transpose_a, const float *b, bool transpose_b, float *y, size_t rows, size_t terms,
    size_t columns);

// Images and kernels in row-major order, the kernel's of height × width × inputs / groups × outputs. There is no pooling.

void weft_precise_convolution(
    const weft_convolution *geometry, size_t groups, const float *x, const float *kernel, float *y);
/// dx, from the output's gradient: also what a transposed convolution is.
void weft_precise_convolution_input_gradient(
    const weft_convolution *geometry, size_t groups, const float *dy, const float *kernel, float *dx);
void weft_precise_convolution_kernel_gradient(
    const weft_convolution *geometry, size_t groups, const float *x, const float *dy, float *dk);
/// Of windows with as many inputs as outputs, the mean of the pixels that lie within the image.
void weft_precise_average_pooling(const weft_convolution *geometry, const float *x, float *y);
void weft_precise_average_pooling_gradient(const weft_convolution *geometry, const float *dy, float *dx);

// MARK: Channels of images (normalization.c)

enum { WEFT_NORMALIZATION_TILE = 16, WEFT_NORMALIZATION_PARTS = 16 };

/// Samples of `blocks` planes, each of `pixels` pixels of `width` neighbouring values: an image in row-major order is one
/// block, a blocked layout has as many as its channels fill. What is behind the last channel of a block is padding: zero,
/// and left so. Where the images and their gradients are in bfloat16, a pixel's values are not more than
/// WEFT_NORMALIZATION_TILE; numbers of channels are float32.
typedef struct {
    size_t samples, blocks, pixels, width, channels;
    float epsilon;
    bool is_bfloat16;
} weft_normalization;

/// The bytes of scratch memory that the functions below want, as doubles.
size_t weft_normalization_scratch(const weft_normalization *geometry);
/// y: the sum of each channel, in double as below.
void weft_sum_channels(const weft_normalization *geometry, const float *x, float *y, void *scratch);
/// The same of what is computed element by element, in one pass. A pixel's values are not more than WEFT_NORMALIZATION_TILE.
void weft_elementwise_sum_channels(
    const weft_normalization *geometry, const weft_elementwise_program *program, float *y, void *scratch);
/// mean and variance (biased) of each channel, then y = gamma·(x − mean)/√(variance + epsilon) + beta. The sums are doubles,
/// in an order that depends on the lengths alone. `y` may be `x`.
void weft_batch_normalization(
    const weft_normalization *geometry, const float *x, const float *gamma, const float *beta, float *y, float *mean,
    float *variance, void *scratch);
/// The gradients of all three. `dx` may be `dy`.
void weft_batch_normalization_gradient(
    const weft_normalization *geometry, const float *x, const float *gamma, const float *mean, const float *variance,
    const float *dy, float *dx, float *dgamma, float *dbeta, void *scratch);

// MARK: Affine transforms (affine.c)

/// The pixels outside of an image a b c d.
typedef enum {
    WEFT_FILL_REFLECT,   // d c b a | a b c d | d c b a
    WEFT_FILL_WRAP,      // a b c d | a b c d | a b c d
    WEFT_FILL_CONSTANT,  // k k k k | a b c d | k k k k
    WEFT_FILL_NEAREST,   // a a a a | a b c d | d d d d
} weft_fill_mode;

typedef struct {
    size_t count, height, width, channels;  // of the images; height and width below 2^30
    weft_fill_mode fill_mode;
    float fill_value;
    bool bilinear;  // else the nearest pixel
} weft_resampling;

/// y[n][i][j] = x[n] at row b0·j + b1·i + b2 and column a0·j + a1·i + a2, where transforms[n] = a0, a1, a2, b0, b1, b2.
void weft_affine_transform(const weft_resampling *resampling, const float *x, const float *transforms, float *y);

// MARK: Distances (distances.c)

/// out[i][j] = Σ (a[i][k] − b[j][k])² over rows of `length` numbers; 0 for equal rows.
void weft_squared_distances(
    float *out, const float *a, size_t a_rows, const float *b, size_t b_rows, size_t length);

// MARK: Input (pixels.c)

// Every index must name a row of src.

/// Row r of dst = (row index[r] of src) · scale + offset, the product rounded once: with 1/255 it is x / 255.
void weft_gather_u8(
    float *dst, const uint8_t *src, const int32_t *index, size_t rows, size_t row_length, double scale, float offset);
void weft_gather_f32(float *dst, const float *src, const int32_t *index, size_t rows, size_t row_length);
void weft_gather_i32(int32_t *dst, const int32_t *src, const int32_t *index, size_t rows, size_t row_length);

// MARK: Optimizers (optimizers.c): one pass over a range of the parameter arena. They return false, and have changed
// nothing, where a bound does not hold.

/// n numbers that have to be smaller than a limit, their sign aside: NaN never is, and infinity as the limit takes all
/// finite ones.
typedef struct {
    const float *x;
    size_t n;
    float limit;
} weft_bound;

/// g := gradient · gradient_scale, clipped to ±clip_value where clip_value > 0; every rule starts with it. The bounds
/// are looked at before the first value changes.
typedef struct {
    float gradient_scale, clip_value;
    const weft_bound *bounds;
    size_t bound_count;
} weft_gradient_rule;

/// w −= rate·g
bool weft_sgd(float *w, const float *g, size_t n, weft_gradient_rule rule, float rate);
/// m := momentum·m − rate·g; w += m, or (nesterov) w += momentum·m − rate·g
bool weft_sgd_momentum(
    float *w, const float *g, float *m, size_t n, weft_gradient_rule rule, float rate, float momentum, bool nesterov);
/// m += (g − m)(1 − beta1); v += (g² − v)(1 − beta2); w −= rate·m / (√v + epsilon). `rate` holds the bias correction.
/// beta1 and beta2 are double since 1 − 0.999f is off by 1.3e-5; they are taken off 1 before they become float.
bool weft_adam(
    float *w, const float *g, float *m, float *v, size_t n, weft_gradient_rule rule, float rate, double beta1,
    double beta2, float epsilon);
/// a += g²; w −= rate·g / √(a + epsilon)
bool weft_adagrad(float *w, const float *g, float *a, size_t n, weft_gradient_rule rule, float rate, float epsilon);
/// v := rho·v + (1 − rho)·g²; w −= rate·g / √(v + epsilon), through m (momentum·m + that) where momentum > 0, and with
/// the square of the mean of g (mean := rho·mean + (1 − rho)·g) taken off v where `mean` is not null (centered). `m`
/// may be null where momentum is 0.
bool weft_rmsprop(
    float *w, const float *g, float *v, float *m, float *mean, size_t n, weft_gradient_rule rule, float rate,
    double rho, float momentum, float epsilon);

// MARK: Inspection (inspect.c)

/// In double, in an order that depends only on n.
double weft_sum_of_squares(const float *x, size_t n);
/// Whether no element is NaN or infinite.
bool weft_all_finite(const float *x, size_t n);
bool weft_all_finite_bfloat16(const uint16_t *x, size_t n);

#endif
