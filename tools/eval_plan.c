/* eval_plan.c - what an audit will be, what it needs, and how long it will take.
 *
 * Time is the number of multiply-adds over the speed of a 50 ms gemm on all threads at the
 * width of these rows: the distance pass is the only work that grows with the square of the
 * rows. SPDX-License-Identifier: MIT */
#include "eval_plan.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/parallel.h"

enum { PROBE_ROWS = 240 }; /* two packed operands and the tile stay in a 1 MiB L2 */
static const double probe_seconds = 0.05;

static size_t count_flags(const uint8_t *flags, size_t n)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += flags[i];
    return count;
}

/* Rows that a query can find: the gallery, without itself where it is in it. */
static size_t candidates(const fdml_problem *problem)
{
    const size_t n = problem->n_rows;
    const size_t gallery = problem->is_gallery ? count_flags(problem->is_gallery, n) : n;
    for (size_t i = 0; i < n; i++) {
        const bool asks = !problem->is_query || problem->is_query[i];
        const bool answers = !problem->is_gallery || problem->is_gallery[i];
        if (asks && answers) return gallery - 1;
    }
    return gallery;
}

static bool is_recall(const fdml_metric *metric)
{
    return metric->id == FDML_M_RECALL_AT_K;
}

/* A K that everyone satisfies would print 1.0 and mean nothing. The default list is cut
 * quietly, a K that was asked for is refused. */
static void check_ks(fdml_audit_settings *settings, const eval_input *input,
                     const eval_options *options)
{
    static const fdml_counts defaults = { 4, { 1, 2, 4, 8 } };
    const size_t most = candidates(&input->problem);
    const bool is_default =
        options->ks.n == defaults.n &&
        !memcmp(options->ks.item, defaults.item, defaults.n * sizeof *defaults.item);
    for (size_t m = 0; m < settings->n_metrics; m++) {
        const fdml_metric *metric = &settings->metrics[m];
        if (!is_recall(metric) || metric->k <= most) continue;
        if (!is_default || metric->k == 1)
            cli_die(CLI_EXIT_DATA, "-k: %u is more than the %zu rows a query can find in %s",
                    (unsigned)metric->k, most, input->file[0].path);
        while (settings->n_metrics > m && is_recall(&settings->metrics[m])) {
            fdml_metric *list = (fdml_metric *)settings->metrics;
            memmove(&list[m], &list[m + 1], (settings->n_metrics - m - 1) * sizeof *list);
            settings->n_metrics--;
        }
    }
}

static void check_reference(const eval_options *options, const fdml_problem *problem)
{
    const char *name = options->reference;
    if (!strcmp(name, "overall") || !strcmp(name, "majority")) return;
    for (size_t a = 0; a < problem->n_attributes; a++)
        for (size_t i = 0; i < problem->attributes[a].n_levels; i++)
            if (!strcmp(problem->attributes[a].level[i], name)) return;
    cli_die(CLI_EXIT_DATA, "--reference: no group is called '%s'", name);
}

static char *join(const fdml_texts *texts, fdml_arena *arena)
{
    size_t size = 1;
    for (size_t i = 0; i < texts->n; i++) size += strlen(texts->item[i]) + 1;
    char *text = fdml_arena_push_zero(arena, size, 1);
    if (!text) cli_die(CLI_EXIT_DATA, "out of memory");
    for (size_t i = 0; i < texts->n; i++) {
        if (i) strcat(text, ",");
        strcat(text, texts->item[i]);
    }
    return text;
}

static int descending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

static void set_targets(fdml_audit_settings *settings, const eval_options *options,
                        fdml_arena *arena)
{
    const size_t n = options->fmr.n;
    double *targets = fdml_arena_push(arena, n, sizeof *targets);
    if (!targets) cli_die(CLI_EXIT_DATA, "out of memory");
    memcpy(targets, options->fmr.item, n * sizeof *targets);
    qsort(targets, n, sizeof *targets, descending);
    settings->fmr_targets = targets;
    settings->n_fmr_targets = n;
}

void eval_plan_settings(fdml_audit_settings *settings, const eval_input *input,
                        const eval_options *options, fdml_arena *arena)
{
    fdml_error err;
    const char *spec = options->metrics.n ? join(&options->metrics, arena) : "findml";
    *settings = (fdml_audit_settings){
        .convention = (fdml_convention)options->convention,
        .with_intersections = options->intersections,
        .reference = options->reference,
        .min_group = options->min_group,
        .n_bootstrap = options->n_bootstrap,
        .n_permutations = options->n_permutations,
        .confidence = options->confidence,
        .unit = (fdml_unit)options->unit,
        .seed = options->seed,
        .alignment_power = (unsigned)options->alignment_power,
        .kmeans_iterations = (unsigned)options->kmeans_iterations,
        .kmeans_redo = (unsigned)options->kmeans_redo,
        .pairs = input->pairs,
        .n_pairs = input->n_pairs,
        .path = input->file[0].path,
        .with_per_query = options->per_query != NULL,
    };
    CLI_TRY(fdml_metrics_parse(&settings->metrics, &settings->n_metrics,
                               &settings->with_verification, spec, options->ks.item,
                               options->ks.n, options->convention, arena, &err),
            &err);
    if (input->pairs && !settings->with_verification)
        cli_die(CLI_EXIT_USAGE, "--pairs needs -m verification");
    set_targets(settings, options, arena);
    check_ks(settings, input, options);
    check_reference(options, &input->problem);
}

void eval_plan_memory(fdml_machine *machine, const eval_input *input,
                      const fdml_audit_settings *settings, const eval_options *options,
                      const fdml_arena *arena)
{
    fdml_audit_cost cost;
    if (!options->max_memory) return;
    fdml_audit_estimate(&cost, &input->problem, settings, machine);
    const size_t least = arena->used + cost.bytes_least;
    if (least > options->max_memory) {
        char need[32], limit[32];
        fdml_size_print(need, (double)least);
        fdml_size_print(limit, (double)options->max_memory);
        cli_die(CLI_EXIT_DATA, "--max-memory: %s is too little; this audit needs %s", limit,
                need);
    }
    machine->memory_limit = options->max_memory - arena->used - cost.bytes_kept;
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
        p->kernels->gemm(tile, PROBE_ROWS, p->a, p->b, PROBE_ROWS, PROBE_ROWS, p->dim);
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

void eval_plan_print(const eval_input *input, const fdml_audit_settings *settings,
                     const fdml_machine *machine, fdml_arena *arena)
{
    fdml_audit_cost cost;
    char bytes[32], least[32], own[32];
    const size_t used = arena->used;
    fdml_audit_estimate(&cost, &input->problem, settings, machine);
    fdml_size_print(own, (double)(used + input->matrix.own_size));
    fdml_size_print(bytes, (double)(used + input->matrix.own_size + cost.bytes));
    fdml_size_print(least, (double)(used + input->matrix.own_size + cost.bytes_least));
    const double speed = measure_speed(machine, input->matrix.dim, arena);
    printf("embeddings  %s: %zu x %zu, %s, %s\n", input->file[0].path, input->matrix.n_rows,
           input->matrix.dim, input->matrix.dtype,
           input->matrix.is_mapped ? "mapped (costs no memory of our own)" : "converted");
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
