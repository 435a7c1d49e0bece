// What convolutions to few channels and the gradients of their kernels share.
#ifndef WEFT_NARROW_CONVOLUTION_H
#define WEFT_NARROW_CONVOLUTION_H

#include "kernel.h"

// The input channels are the vector's lanes, since there are too few output channels for that; sums over the lanes come last.
enum { LANES = 8 };

typedef float lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float))));

WEFT_INLINE size_t vectors_of(const weft_convolution *g) { return (g->inputs + LANES - 1) / LANES; }
WEFT_INLINE size_t places_of(const weft_convolution *g) { return g->kernel_height * g->kernel_width; }

/// The first pixel of a vector of channels; the next one is `block` values on.
WEFT_INLINE const float *plane_of(const weft_convolution *g, const float *x, size_t sample, size_t vector) {
    size_t blocks = (g->inputs + g->block - 1) / g->block, channel = vector * LANES;
    return x + (sample * blocks + channel / g->block) * g->height * g->width * g->block + channel % g->block;
}

#endif
