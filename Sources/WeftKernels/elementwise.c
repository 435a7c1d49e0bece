#include <stdalign.h>
#include <string.h>

#include "bfloat16.h"
#include "elementwise.h"
#include "instruction.h"

enum { BLOCK = 512, REGISTERS = WEFT_MAX_INPUTS + WEFT_MAX_CODE };

static int operand_count(const weft_instruction *instruction) {
    return instruction->op >= WEFT_ADD ? 2 : instruction->op == WEFT_CONSTANT ? 0 : 1;
}

static bool reads(const weft_instruction *instruction, int reg) {
    int operands = operand_count(instruction);
    return (operands > 0 && instruction->a == reg) || (operands > 1 && instruction->b == reg);
}

/// Whether an operand lies in the memory of output `output` and is still read after instruction `position`.
static bool overwrites(const weft_elementwise_program *program, int output, int position) {
    for (int input = 0; input < program->inputs; input++) {
        if (program->input[input].data != program->output[output]) continue;
        for (int later = position + 1; later < program->length; later++) {
            if (reads(&program->code[later], input)) return true;
        }
        for (int other = 0; other < program->outputs; other++) {
            if (program->output_register[other] == input) return true;
        }
    }
    return false;
}

weft_elementwise_plan weft_plan_elementwise(const weft_elementwise_program *program) {
    weft_elementwise_plan plan = {.program = program};
    int last_read[REGISTERS] = {0};
    for (int k = 0; k < program->length; k++) {
        for (int reg = 0; reg < program->inputs + k; reg++) {
            if (reads(&program->code[k], reg)) last_read[reg] = k;
        }
    }
    for (int o = 0; o < program->outputs; o++) last_read[program->output_register[o]] = program->length;

    int owner[WEFT_MAX_CODE];  // the instruction whose result a slot holds
    int slots = 0;
    for (int k = 0; k < program->length; k++) {
        plan.output[k] = WEFT_NOWHERE;
        for (int o = 0; o < program->outputs && plan.output[k] == WEFT_NOWHERE; o++) {
            bool result = program->output_register[o] == program->inputs + k;
            if (result && !program->output_is_bfloat16[o] && !overwrites(program, o, k)) plan.output[k] = o;
        }
        if (plan.output[k] != WEFT_NOWHERE) continue;
        int slot = 0;
        while (slot < slots && last_read[program->inputs + owner[slot]] > k) slot++;
        if (slot == slots) slots++;
        owner[slot] = k;
        plan.slot[k] = slot;
    }
    return plan;
}

/// Lays a short repeating operand down once, long enough that a block can start at any phase of it.
static void lay_pattern(const weft_operand *operand, float *buffer, size_t count) {
    if (operand->is_bfloat16 || operand->inner != 1 || operand->period > BLOCK) return;
    size_t length = weft_smaller(BLOCK, count) + operand->period - 1;
    for (size_t i = 0; i < length; i++) {
        buffer[i] = i < operand->period ? operand->data[i] : buffer[i - operand->period];
    }
}

/// The operand's elements start..<start + n: in place where they are contiguous, else through the buffer.
///
/// - Parameter filled: the run, from 1, that the whole buffer holds; 0 for none.
static const float *read_operand(
    const weft_operand *operand, float *buffer, size_t *filled, size_t start, size_t n) {
    size_t period = operand->period;
    if (operand->is_bfloat16) {
        weft_widen_values(buffer, (const uint16_t *)operand->data + start, n);
        return buffer;
    }
    if (operand->inner == 1) {
        size_t phase = start % period;
        if (period <= BLOCK) return buffer + phase;
        if (phase + n <= period) return operand->data + phase;
        size_t head = period - phase;
        memcpy(buffer, operand->data + phase, head * sizeof(float));
        memcpy(buffer + head, operand->data, (n - head) * sizeof(float));
        return buffer;
    }
    size_t run = start / operand->inner % period, left = operand->inner - start % operand->inner;
    // Most blocks are as the one before, where each starts with the first of the neighbours.
    if (left >= n && BLOCK % operand->width == 0 && start % operand->width == 0) {
        if (*filled == run + 1) return buffer;
        *filled = run + 1;
        left = n = BLOCK;
    } else {
        *filled = 0;
    }
    for (size_t i = 0; i < n;) {
        size_t end = i + weft_smaller(left, n - i);
        if (operand->width == 1) {
            float value = operand->data[run];
            while (i < end) buffer[i++] = value;
        } else {
            const float *values = operand->data + run * operand->width;
            for (size_t at = (start + i) % operand->width; i < end; at = 0)
                while (at < operand->width && i < end) buffer[i++] = values[at++];
        }
        run = run + 1 == period ? 0 : run + 1;
        left = operand->inner;
    }
    return buffer;
}

/// The outputs that no instruction wrote: copies of operands first, since writing an output may overwrite one.
static void write_outputs(const weft_elementwise_plan *plan, const float *const *reg, size_t start, size_t n) {
    const weft_elementwise_program *program = plan->program;
    for (int instructions = 0; instructions < 2; instructions++) {
        for (int o = 0; o < program->outputs; o++) {
            int source = program->output_register[o];
            if ((source >= program->inputs) != instructions) continue;
            float *target = program->output[o] + start;
            if (program->output_is_bfloat16[o]) {
                weft_narrow_values((uint16_t *)program->output[o] + start, reg[source], n);
            } else if (reg[source] != target) {
                memmove(target, reg[source], n * sizeof(float));
            }
        }
    }
}

void weft_run_elementwise(const weft_elementwise_plan *plan, size_t begin, size_t end) {
    const weft_elementwise_program *program = plan->program;
    alignas(64) float operands[WEFT_MAX_INPUTS][2 * BLOCK];
    alignas(64) float slots[WEFT_MAX_CODE][BLOCK];
    const float *reg[REGISTERS];
    size_t filled[WEFT_MAX_INPUTS] = {0};
    for (int k = 0; k < program->inputs; k++) lay_pattern(&program->input[k], operands[k], end - begin);

    for (size_t start = begin; start < end; start += BLOCK) {
        size_t n = weft_smaller(BLOCK, end - start);
        for (int k = 0; k < program->inputs; k++) {
            reg[k] = read_operand(&program->input[k], operands[k], &filled[k], start, n);
        }
        for (int k = 0; k < program->length; k++) {
            const weft_instruction *code = &program->code[k];
            int used = operand_count(code), output = plan->output[k];
            float *y = output == WEFT_NOWHERE ? slots[plan->slot[k]] : program->output[output] + start;
            weft_run_instruction(code, y, used > 0 ? reg[code->a] : NULL, used > 1 ? reg[code->b] : NULL, n);
            reg[program->inputs + k] = y;
        }
        write_outputs(plan, reg, start, n);
    }
}

static void run_range(void *context, size_t begin, size_t end) { weft_run_elementwise(context, begin, end); }

void weft_elementwise(const weft_elementwise_program *program) {
    weft_elementwise_plan plan = weft_plan_elementwise(program);
    size_t work = weft_larger(1, (size_t)program->length);
    weft_parallel_for(program->count, 16, weft_larger(4096, WEFT_GRAIN / work), run_range, &plan);
}
