// Element-wise programs, for kernels that go on with the results while these are in the cache.
#ifndef WEFT_ELEMENTWISE_H
#define WEFT_ELEMENTWISE_H

#include "kernel.h"

enum { WEFT_NOWHERE = -1 };

/// Where each result of a block goes: straight into an output, or into a slot of scratch memory, which is used again
/// once its value has been read for the last time.
typedef struct {
    const weft_elementwise_program *program;
    int output[WEFT_MAX_CODE];  // WEFT_NOWHERE: into its slot
    int slot[WEFT_MAX_CODE];
} weft_elementwise_plan;

weft_elementwise_plan weft_plan_elementwise(const weft_elementwise_program *program);

/// Some elements, on the calling thread.
void weft_run_elementwise(const weft_elementwise_plan *plan, size_t begin, size_t end);

#endif
