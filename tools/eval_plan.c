/* eval_plan.c - what an audit will be, what it needs, and how long it will take.
 *
 * Time is the number of multiply-adds over the speed of a 50 ms gemm on all threads at the
 * width of these rows: the distance pass is the only work that grows with the square of the
 * rows. SPDX-License-Identifier: MIT */
#include "eval_plan.h"

#include <time.h>

#include "base/parallel.h"

enum { PROBE_ROWS = 240 }; /* two packed operands and the tile stay in a 1 MiB L2 */
static const double probe_seconds = 0.05;

void eval_plan_settings(fdml_audit_settings *settings, const eval_input *input,
                        const eval_options *options, fdml_arena *arena)
{
    fdml_error err;
    CLI_TRY(fdml_audit_settings_make(settings, &options->audit, &input->problem,
                                     input->file[0].path, arena, &err),
            &err);
    if (input->pairs && !settings->with_verification)
        cli_die(CLI_EXIT_USAGE, "--pairs needs -m verification");
    if (options->targets.n && !settings->with_downstream)
        cli_die(CLI_EXIT_USAGE, "--downstream-target needs -m downstream");
    settings->pairs = input->pairs;
    settings->n_pairs = input->n_pairs;
    settings->with_per_query = options->per_query != NULL;
    settings->with_detail = options->html != NULL;
    if (!options->compare) return;
    if (!settings->n_metrics)
        cli_die(CLI_EXIT_USAGE, "--compare is of metrics, and -m names none");
    settings->other = &input->compared;
}

void eval_plan_memory(fdml_machine *machine, const eval_input *input,
                      const fdml_audit_settings *settings, const eval_options *options,
                      const fdml_arena *arena)
{
    fdml_error err;
    if (!options->max_memory) return;
    if (fdml_audit_set_memory(machine, &input->problem, settings, arena->used,
                              options->max_memory, &err))
        cli_die(CLI_EXIT_DATA, "--%s", err.text);
}

/* One thread's share of the speed probe. */
typedef struct probe {
    const fdml_kernels *kernels;
    const float *a, *b;
    float *tiles; /* [n_threads, PROBE_ROWS, PROBE_ROWS] */
    double *rate; /* [n_threads] multiply-adds per second */
    size_t dim;
} probe;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void probe_thread(void *ctx, size_t block, int thread)
{
    (void)thread;
    const probe *p = ctx;
    float *tile = p->tiles + block * PROBE_ROWS * PROBE_ROWS;
    const double start = now();
    double seconds = 0;
    size_t n = 0;
    for (; seconds < probe_seconds; seconds = now() - start, n++)
        p->kernels->gemm(tile, PROBE_ROWS, p->a, p->b, PROBE_ROWS, PROBE_ROWS, p->dim, 0);
    p->rate[block] = (double)n * PROBE_ROWS * PROBE_ROWS * (double)p->dim / seconds;
}

/* Multiply-adds per second of all threads together; 0: no memory to try. */
static double measure_speed(const fdml_machine *machine, size_t dim, fdml_arena *arena)
{
    const fdml_kernels *kernels = machine->kernels;
    const size_t n_threads = (size_t)machine->n_threads;
    float *x = fdml_arena_push(arena, PROBE_ROWS * dim, sizeof *x);
    float *a = fdml_arena_push(arena, fdml_panels_size(PROBE_ROWS, dim, kernels->tile_rows),
                               sizeof *a);
    float *b = fdml_arena_push(arena, fdml_panels_size(PROBE_ROWS, dim, kernels->tile_cols),
                               sizeof *b);
    float *tiles = fdml_arena_push(arena, n_threads * PROBE_ROWS * PROBE_ROWS, sizeof *tiles);
    double *rate = fdml_arena_push_zero(arena, n_threads, sizeof *rate);
    if (!x || !a || !b || !tiles || !rate) return 0;
    for (size_t i = 0; i < PROBE_ROWS * dim; i++) x[i] = (float)(i % 17) - 8;
    const fdml_rows rows = { .x = x, .stride = dim, .n = PROBE_ROWS };
    kernels->pack_a(a, &rows, dim);
    kernels->pack_b(b, &rows, dim);
    probe p = { kernels, a, b, tiles, rate, dim };
    fdml_parallel(n_threads, machine->n_threads, probe_thread, &p);
    double sum = 0;
    for (size_t i = 0; i < n_threads; i++) sum += rate[i];
    return sum;
}

static void print_matrix(const char *role, const char *path, const fdml_matrix *matrix)
{
    printf("%-11s %s: %zu x %zu, %s, %s\n", role, path, matrix->n_rows, matrix->dim,
           matrix->dtype,
           matrix->is_mapped ? "mapped (costs no memory of our own)" : "converted");
}

void eval_plan_print(const eval_input *input, const fdml_audit_settings *settings,
                     const fdml_machine *machine, fdml_arena *arena)
{
    fdml_audit_cost cost;
    char bytes[32], least[32], own[32];
    const size_t inputs = arena->used + input->matrix.own_size + input->other.own_size;
    fdml_audit_estimate(&cost, &input->problem, settings, machine);
    fdml_size_print(own, (double)inputs);
    fdml_size_print(bytes, (double)(inputs + cost.bytes));
    fdml_size_print(least, (double)(inputs + cost.bytes_least));
    const double speed = measure_speed(machine, input->matrix.dim, arena);
    print_matrix("embeddings", input->file[0].path, &input->matrix);
    if (settings->other) print_matrix("compare", settings->other->path, &input->other);
    printf("memory      %s, of which the inputs take %s; with --max-memory at least %s\n",
           bytes, own, least);
    printf("work        %.3g multiply-adds\n", cost.flops);
    const double seconds = speed > 0 ? cost.flops / speed : 0;
    if (speed > 0)
        printf("time        %s %.0f s, resampling not counted: %.1f G multiply-adds/s measured "
               "with %d"
               " thread%s, %s\n",
               seconds < 1 ? "less than" : "about", seconds < 1 ? 1 : seconds, 1e-9 * speed,
               machine->n_threads, machine->n_threads == 1 ? "" : "s", machine->kernels->isa);
    cli_outputs_commit();
}
