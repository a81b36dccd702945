/* class_pairs.c - nearness of all pairs within each class, in pieces of bounded size.
 *
 * The gemm kernel gives the same bits here as in the pass, so what is subtracted from the
 * pass's sums over all pairs is exactly what was added there.
 * SPDX-License-Identifier: MIT */
#include "eval/pass_state.h"

typedef struct class_worker {
    float *a, *b, *c, *row_norm2, *col_norm2;
} class_worker;

typedef struct class_job {
    fdml_class_fn fn;
    void *ctx;
    const fdml_problem *problem;
    const fdml_kernels *kernels;
    fdml_frame frame;
    class_index classes;
    size_t piece; /* columns packed at once */
    class_worker *workers;
} class_job;

/* Rows first..first+n_first of the class against all of it: [n_first, n]. */
static void run_piece(const class_job *job, const class_worker *w, uint32_t label,
                      const uint32_t *row, size_t n, size_t first, size_t n_first)
{
    const fdml_problem *p = job->problem;
    const fdml_kernels *k = job->kernels;
    const fdml_rows queries = fdml_frame_rows(&job->frame, p, row + first, 0, n_first);
    k->pack_a(w->a, &queries, p->dim);
    for (size_t i = 0; i < n_first; i++) w->row_norm2[i] = job->frame.norm2[row[first + i]];
    for (size_t j0 = 0; j0 < n; j0 += job->piece) {
        const size_t m = n - j0 < job->piece ? n - j0 : job->piece;
        const fdml_rows members = fdml_frame_rows(&job->frame, p, row + j0, 0, m);
        const fdml_tile tile = { w->c + j0, n, n_first, m };
        k->pack_b(w->b, &members, p->dim);
        k->gemm(tile.c, n, w->a, w->b, n_first, m, p->dim, 0);
        for (size_t j = 0; j < m; j++) w->col_norm2[j] = job->frame.norm2[row[j0 + j]];
        fdml_frame_nearness(p, k, &tile, w->row_norm2, w->col_norm2);
    }
    job->fn(job->ctx, label, row, n, first, n_first, w->c);
}

static void run_class(void *ctx, size_t label, int thread)
{
    const class_job *job = ctx;
    const uint32_t *row = job->classes.row + job->classes.begin[label];
    const size_t n = job->classes.begin[label + 1] - job->classes.begin[label];
    for (size_t at = 0; n > 1 && at < n; at += PASS_STRIP)
        run_piece(job, job->workers + thread, (uint32_t)label, row, n, at,
                  n - at < PASS_STRIP ? n - at : PASS_STRIP);
}

static size_t largest_class(const class_index *classes, size_t n_classes)
{
    size_t largest = 1;
    for (size_t c = 0; c < n_classes; c++) {
        const size_t n = classes->begin[c + 1] - classes->begin[c];
        if (n > largest) largest = n;
    }
    return largest;
}

fdml_status fdml_class_pairs(fdml_class_fn fn, void *ctx, const fdml_problem *problem,
                             const fdml_machine *machine, fdml_arena *arena, fdml_error *err)
{
    fdml_problem all = *problem;
    all.is_query = all.is_gallery = NULL;
    class_job job = { .fn = fn, .ctx = ctx, .problem = &all, .kernels = machine->kernels };
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    const size_t dim = problem->dim, n_threads = (size_t)machine->n_threads;
    fdml_status status = fdml_frame_make(&job.frame, &all, machine, arena, err);
    if (!status) status = fdml_pass_class_index(&job.classes, &all, arena, err);
    if (status) goto reset;
    const size_t largest = largest_class(&job.classes, problem->label->n_levels);
    job.piece = largest < fdml_pass_block(problem->n_rows, dim)
                    ? largest
                    : fdml_pass_block(problem->n_rows, dim);
    job.workers = fdml_arena_push(arena, n_threads, sizeof *job.workers);
    for (size_t t = 0; job.workers && t < n_threads; t++) {
        class_worker *w = job.workers + t;
        w->a = fdml_arena_push(arena,
                               fdml_panels_size(PASS_STRIP, dim, machine->kernels->tile_rows),
                               sizeof(float));
        w->b = fdml_arena_push(arena,
                               fdml_panels_size(job.piece, dim, machine->kernels->tile_cols),
                               sizeof(float));
        w->c = fdml_arena_push(arena, PASS_STRIP * largest, sizeof(float));
        w->row_norm2 = fdml_arena_push(arena, PASS_STRIP, sizeof(float));
        w->col_norm2 = fdml_arena_push(arena, job.piece, sizeof(float));
        if (!w->a || !w->b || !w->c || !w->row_norm2 || !w->col_norm2) job.workers = NULL;
    }
    if (!job.workers) {
        status =
            fdml_fail(err, FDML_E_NOMEM, "no memory for pairs of a class of %zu rows", largest);
        goto reset;
    }
    fdml_parallel(problem->label->n_levels, machine->n_threads, run_class, &job);

reset:
    fdml_arena_reset(arena, mark);
    return status;
}
