// For RTLD_DEFAULT.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>

#include "kernel.h"

static atomic_int thread_count = 1;

#if defined(__x86_64__)
// MXCSR's bits 15 (flush results to zero) and 6 (denormal operands are zero).
unsigned weft_begin_flushing_denormals(void) {
    unsigned state = __builtin_ia32_stmxcsr();
    __builtin_ia32_ldmxcsr(state | 0x8040);
    return state;
}
void weft_end_flushing_denormals(unsigned state) { __builtin_ia32_ldmxcsr(state); }
#elif defined(__aarch64__)
// FPCR's bit 24.
unsigned weft_begin_flushing_denormals(void) {
    uint64_t state;
    __asm__ volatile("mrs %0, fpcr" : "=r"(state));
    __asm__ volatile("msr fpcr, %0" : : "r"(state | (UINT64_C(1) << 24)));
    return (unsigned)state;
}
void weft_end_flushing_denormals(unsigned state) { __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)state)); }
#else
unsigned weft_begin_flushing_denormals(void) { return 0; }
void weft_end_flushing_denormals(unsigned state) { (void)state; }
#endif

int weft_get_threads(void) { return atomic_load(&thread_count); }

/// `first` is NULL in a loop of one phase.
typedef struct {
    size_t count, alignment;
    weft_range_body first, body;
    void *context;
} loop;

#if defined(__linux__)
// libgomp's stable entry points, which compilers call for `#pragma omp parallel`. oneDNN brings the library into the
// process, and its threads spin between two parallel regions: a pool of our own would fight with it for the cores. They
// are looked up in the process rather than linked, so that it is the library oneDNN uses or, where it uses none, one
// thread.
static void (*parallel)(void (*body)(void *), void *data, unsigned threads, unsigned flags);
static int (*thread_number)(void);
static int (*team_size)(void);
static void (*barrier)(void);
static pthread_once_t looked_up = PTHREAD_ONCE_INIT;

static void look_up(void) {
    // POSIX's way to turn dlsym's data pointer into a function's.
    *(void **)&thread_number = dlsym(RTLD_DEFAULT, "omp_get_thread_num");
    *(void **)&team_size = dlsym(RTLD_DEFAULT, "omp_get_num_threads");
    *(void **)&barrier = dlsym(RTLD_DEFAULT, "GOMP_barrier");
    if (thread_number && team_size && barrier) *(void **)&parallel = dlsym(RTLD_DEFAULT, "GOMP_parallel");
}

// oneDNN asks its OpenMP for the number of threads; both have to agree.
static int default_threads(void) {
    int (*max_threads)(void);
    *(void **)&max_threads = dlsym(RTLD_DEFAULT, "omp_get_max_threads");
    return max_threads ? max_threads() : 1;
}

static void set_pool_size(int count) {
    void (*set_num_threads)(int);
    *(void **)&set_num_threads = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set_num_threads) set_num_threads(count);
}

static void run_team(void *data) {
    const loop *loop = data;
    size_t thread = (size_t)thread_number(), threads = (size_t)team_size();
    size_t units = (loop->count + loop->alignment - 1) / loop->alignment;
    size_t begin = units * thread / threads * loop->alignment;
    size_t end = weft_smaller(units * (thread + 1) / threads * loop->alignment, loop->count);
    if (loop->first) {
        if (begin < end) loop->first(loop->context, begin, end);
        barrier();
    }
    if (begin < end) loop->body(loop->context, begin, end);
}

static void flush_on_thread(void *data) {
    (void)data;
    weft_begin_flushing_denormals();
}

// A pool's threads keep their state, so that once is enough for each size of the pool.
static void flush_on_pool(int count) {
    pthread_once(&looked_up, look_up);
    if (parallel && count > 1) parallel(flush_on_thread, NULL, (unsigned)count, 0);
}

static bool fork_team(loop *loop, size_t threads) {
    pthread_once(&looked_up, look_up);
    if (!parallel) return false;
    parallel(run_team, loop, (unsigned)threads, 0);
    return true;
}
#else
static int default_threads(void) { return 1; }

static void set_pool_size(int count) { (void)count; }
static void flush_on_pool(int count) { (void)count; }

static bool fork_team(loop *loop, size_t threads) {
    (void)loop, (void)threads;
    return false;
}
#endif

int weft_default_threads(void) { return default_threads(); }

void weft_set_threads(int count) {
    atomic_store(&thread_count, count < 1 ? 1 : count);
    set_pool_size(atomic_load(&thread_count));
    // The calling thread is one of the pool's: it keeps its own state.
    unsigned state = weft_begin_flushing_denormals();
    flush_on_pool(atomic_load(&thread_count));
    weft_end_flushing_denormals(state);
}

static void run_loop(loop loop, size_t grain) {
    if (loop.count == 0) return;
    size_t threads = (size_t)weft_get_threads();
    if (threads > 1 && loop.count > grain) {
        if (fork_team(&loop, weft_smaller(threads, (loop.count + grain - 1) / grain))) return;
    }
    if (loop.first) loop.first(loop.context, 0, loop.count);
    loop.body(loop.context, 0, loop.count);
}

void weft_parallel_for(size_t count, size_t alignment, size_t grain, weft_range_body body, void *context) {
    run_loop((loop){count, alignment, NULL, body, context}, grain);
}

void weft_parallel_phases(
    size_t count, size_t alignment, size_t grain, weft_range_body first, weft_range_body second, void *context) {
    run_loop((loop){count, alignment, first, second, context}, grain);
}
