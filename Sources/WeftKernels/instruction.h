#ifndef WEFT_INSTRUCTION_H
#define WEFT_INSTRUCTION_H

#include "kernel.h"

/// y[i] = the instruction's operation on a[i] and b[i]. `y` may be `a` or `b`.
void weft_run_instruction(const weft_instruction *instruction, float *y, const float *a, const float *b, size_t n);

#endif
