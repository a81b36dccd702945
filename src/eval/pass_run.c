/* pass_run.c - cuts all pairs into blocks, computes nearness and shows it to the consumers.
 *
 * Triangle: blocks (I, J) with I <= J. The diagonal blocks come first and are computed as full
 * squares, rows only; they give every row a first idea of its nearest rows, so that the rest
 * yields few candidates. Then tasks of one column block and up to CHUNK row blocks: the panels
 * of the column block are packed once a task. A block pair serves its rows and its columns.
 *
 * Rectangle: a task is a run of queries against the whole gallery, rows only. It is used where
 * queries and gallery differ, and where the relevant rows of all queries would not fit in
 * memory at once (few, large classes): then twice the arithmetic buys bounded memory.
 * SPDX-License-Identifier: MIT */
#include "eval/pass_state.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

typedef struct pass_job {
    pass_state *state;
    pass_worker *workers;
    const pass_task *tasks;
    size_t queries_per_task;
    double total; /* block pairs, for progress */
    _Atomic size_t done;
} pass_job;

static void report(pass_job *job, size_t n_blocks, int thread)
{
    const pass_state *state = job->state;
    const size_t done = atomic_fetch_add_explicit(&job->done, n_blocks, memory_order_relaxed);
    const double share = (double)(done + n_blocks) / job->total;
    if (thread == 0)
        fdml_progress_report(state->machine->progress, "distances",
                             state->work_before + share * state->work, state->work_total);
}

static size_t block_length(size_t n, size_t block, size_t index)
{
    return n - index * block < block ? n - index * block : block;
}

static void gather_norms(float *to, const pass_state *state, const row_list *list, size_t first,
                         size_t n)
{
    for (size_t k = 0; k < n; k++) to[k] = state->frame.norm2[row_at(list, first + k)];
}

static fdml_rows list_rows(const pass_state *state, const row_list *list, size_t first,
                           size_t n)
{
    return fdml_frame_rows(&state->frame, state->problem,
                           list->index ? list->index + first : NULL, first, n);
}

static void load_columns(const pass_state *state, pass_worker *worker, size_t col_block)
{
    const size_t first = col_block * state->block;
    const size_t n = block_length(state->cols.n, state->block, col_block);
    const fdml_rows rows = list_rows(state, &state->cols, first, n);
    state->machine->kernels->pack_b(worker->b, &rows, state->problem->dim);
    gather_norms(worker->col_norm2, state, &state->cols, first, n);
}

/* A row is not its own neighbour, nor is an excluded one: their nearness becomes -inf. */
static void mask_strip(const pass_state *state, const strip *s)
{
    const fdml_problem *p = state->problem;
    const fdml_tile *tile = &s->tile;
    for (size_t i = 0; i < tile->n_rows; i++) {
        const uint32_t row = row_at(&state->rows, s->row0 + i);
        const size_t at = state->gallery_at ? state->gallery_at[row] : row;
        if (at >= s->col0 && at < s->col0 + tile->n_cols)
            tile->c[i * tile->stride + (at - s->col0)] = -INFINITY;
        if (!p->exclude || !state->classes.begin) continue;
        const uint32_t class = p->label->code[row];
        for (uint32_t e = state->classes.begin[class]; e < state->classes.begin[class + 1];
             e++) {
            const uint32_t other = state->classes.row[e];
            const size_t col = state->gallery_at ? state->gallery_at[other] : other;
            if (col >= s->col0 && col < s->col0 + tile->n_cols &&
                p->exclude->code[other] == p->exclude->code[row])
                tile->c[i * tile->stride + (col - s->col0)] = -INFINITY;
        }
    }
}

/* Rows first..first+n of the row list against a column block whose panels are loaded. */
static void run_rows(const pass_state *state, pass_worker *worker, size_t first, size_t n,
                     size_t col_block)
{
    const fdml_kernels *k = state->machine->kernels;
    const size_t dim = state->problem->dim, step = fdml_pass_strip_rows(k);
    const size_t col0 = col_block * state->block;
    const size_t n_cols = block_length(state->cols.n, state->block, col_block);
    const bool is_diagonal = state->is_triangle && first == col0;
    for (size_t at = 0; at < n; at += step) {
        const size_t m = n - at < step ? n - at : step;
        const fdml_rows rows = list_rows(state, &state->rows, first + at, m);
        strip s = { .tile = { worker->c, state->block, m, n_cols },
                    .row0 = first + at,
                    .col0 = col0,
                    .block_row0 = first,
                    .block_rows = n,
                    .is_diagonal = is_diagonal };
        k->pack_a(worker->a, &rows, dim);
        k->gemm(worker->c, state->block, worker->a, worker->b, m, n_cols, dim, 0);
        gather_norms(worker->row_norm2, state, &state->rows, first + at, m);
        fdml_frame_nearness(state->problem, k, &s.tile, worker->row_norm2, worker->col_norm2);
        if (is_diagonal || !state->is_triangle || state->problem->exclude)
            mask_strip(state, &s);
        if (state->topk) fdml_pass_topk_strip(state, worker, &s);
        if (state->rank) fdml_pass_rank_strip(state, worker, &s);
        if (state->sums) fdml_pass_sums_strip(state, worker, &s);
    }
}

static void run_block(const pass_state *state, pass_worker *worker, size_t row_block,
                      size_t col_block)
{
    const size_t n = block_length(state->rows.n, state->block, row_block);
    if (state->rank) fdml_pass_rank_begin_block(state, worker, row_block, col_block);
    if (state->sums) fdml_pass_sums_begin_block(state, worker, row_block, col_block);
    run_rows(state, worker, row_block * state->block, n, col_block);
    if (state->rank) fdml_pass_rank_end_block(state, worker, row_block);
    if (state->sums) fdml_pass_sums_end_block(state, worker, row_block, col_block);
}

static void diagonal_task(void *ctx, size_t block, int thread)
{
    pass_job *job = ctx;
    pass_worker *worker = job->workers + thread;
    load_columns(job->state, worker, block);
    run_block(job->state, worker, block, block);
    report(job, 1, thread);
}

static void triangle_task(void *ctx, size_t index, int thread)
{
    pass_job *job = ctx;
    const pass_task *t = job->tasks + index;
    pass_worker *worker = job->workers + thread;
    load_columns(job->state, worker, t->col_block);
    if (job->state->rank) fdml_pass_rank_begin_columns(job->state, worker, t->col_block);
    for (size_t i = t->first_row_block; i < t->end_row_block; i++) {
        run_block(job->state, worker, i, t->col_block);
        report(job, 1, thread);
    }
    if (job->state->rank) fdml_pass_rank_end_columns(job->state, worker, t->col_block);
}

static void rectangle_task(void *ctx, size_t index, int thread)
{
    pass_job *job = ctx;
    pass_state *state = job->state;
    pass_worker *worker = job->workers + thread;
    const size_t first = index * job->queries_per_task;
    const size_t n = block_length(state->rows.n, job->queries_per_task, index);
    if (state->rank) fdml_pass_rank_begin_task(state, worker, first, n);
    for (size_t j = 0; j < state->n_col_blocks; j++) {
        load_columns(state, worker, j);
        if (state->rank) fdml_pass_rank_begin_gallery(state, worker, j);
        run_rows(state, worker, first, n, j);
        report(job, 1, thread);
    }
    if (state->rank) fdml_pass_rank_end_task(state, worker, first, n);
}

static fdml_status make_workers(pass_worker **workers, const pass_state *state,
                                fdml_arena *arena, fdml_error *err)
{
    const fdml_kernels *k = state->machine->kernels;
    const size_t dim = state->problem->dim, step = fdml_pass_strip_rows(k);
    const int n_threads = state->machine->n_threads;
    pass_worker *w = fdml_arena_push_zero(arena, (size_t)n_threads, sizeof *w);
    if (!w) goto no_memory;
    for (int t = 0; t < n_threads; t++) {
        w[t].b = fdml_arena_push(arena, fdml_pass_worker_memory(k, state->block, dim), 1);
        if (!w[t].b) goto no_memory;
        w[t].c = w[t].b + fdml_panels_size(state->block, dim, k->tile_cols);
        w[t].a = w[t].c + step * state->block;
        w[t].row_norm2 = w[t].a + fdml_panels_size(step, dim, k->tile_rows);
        w[t].col_norm2 = w[t].row_norm2 + step;
        if (state->rank) FDML_TRY(fdml_pass_rank_worker(w + t, state, arena, err));
        if (state->topk) FDML_TRY(fdml_pass_topk_worker(w + t, state, arena, err));
        if (state->sums) FDML_TRY(fdml_pass_sums_worker(w + t, state, arena, err));
    }
    *workers = w;
    return FDML_OK;

no_memory:
    return fdml_fail(err, FDML_E_NOMEM, "no memory for the tiles of %d threads", n_threads);
}

static fdml_status run_triangle(pass_state *state, fdml_arena *arena, fdml_error *err)
{
    const size_t n_blocks = state->n_col_blocks, n_tasks = fdml_pass_list_tasks(NULL, n_blocks);
    pass_task *tasks = fdml_arena_push(arena, n_tasks, sizeof *tasks);
    state->lock = fdml_arena_push_zero(arena, n_blocks, sizeof *state->lock);
    if (!tasks || !state->lock)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu tasks of the distance pass",
                         n_tasks);
    fdml_pass_list_tasks(tasks, n_blocks);
    pass_job job = { .state = state, .tasks = tasks };
    job.total = (double)n_blocks * (double)(n_blocks + 1) / 2;
    FDML_TRY(make_workers(&job.workers, state, arena, err));
    fdml_parallel(n_blocks, state->machine->n_threads, diagonal_task, &job);
    fdml_parallel(n_tasks, state->machine->n_threads, triangle_task, &job);
    report(&job, 0, 0);
    if (state->rank) fdml_pass_rank_finish(state, job.workers);
    if (state->sums) fdml_pass_sums_finish(state, job.workers);
    return FDML_OK;
}

static fdml_status run_rectangle(pass_state *state, size_t queries_per_task, fdml_arena *arena,
                                 fdml_error *err)
{
    const size_t n_tasks = (state->rows.n + queries_per_task - 1) / queries_per_task;
    pass_job job = { .state = state, .queries_per_task = queries_per_task };
    job.total = (double)n_tasks * (double)state->n_col_blocks;
    FDML_TRY(make_workers(&job.workers, state, arena, err));
    fdml_parallel(n_tasks, state->machine->n_threads, rectangle_task, &job);
    report(&job, 0, 0);
    return FDML_OK;
}

static fdml_status list_of(row_list *list, const uint8_t *flags, size_t n_rows,
                           fdml_arena *arena, fdml_error *err)
{
    *list = (row_list){ NULL, n_rows };
    if (!flags) return FDML_OK;
    uint32_t *index = fdml_arena_push(arena, n_rows, sizeof *index);
    if (!index) return fdml_fail(err, FDML_E_NOMEM, "no memory for a list of %zu rows", n_rows);
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++)
        if (flags[i]) index[n++] = (uint32_t)i;
    *list = (row_list){ index, n };
    return FDML_OK;
}

static fdml_status find_gallery(pass_state *state, fdml_arena *arena, fdml_error *err)
{
    if (!state->cols.index) return FDML_OK;
    uint32_t *at = fdml_arena_push(arena, state->problem->n_rows, sizeof *at);
    if (!at)
        return fdml_fail(err, FDML_E_NOMEM, "no memory for %zu gallery rows", state->cols.n);
    memset(at, 0xff, state->problem->n_rows * sizeof *at);
    for (size_t k = 0; k < state->cols.n; k++) at[state->cols.index[k]] = (uint32_t)k;
    state->gallery_at = at;
    return FDML_OK;
}

static fdml_status run_once(const fdml_pass *pass, const fdml_problem *problem,
                            const fdml_machine *machine, const rank_plan *plan,
                            fdml_arena *arena, fdml_error *err)
{
    pass_state state = { .pass = pass, .problem = problem, .machine = machine };
    state.is_triangle = plan->is_triangle;
    state.work_before = plan->work_before;
    state.work = plan->work;
    state.work_total = plan->work_total;
    state.block = fdml_pass_block(problem->n_rows, problem->dim);
    FDML_TRY(fdml_frame_make(&state.frame, problem, machine, arena, err));
    state.rows = state.cols = (row_list){ NULL, problem->n_rows };
    if (!plan->is_triangle) {
        FDML_TRY(list_of(&state.rows, problem->is_query, problem->n_rows, arena, err));
        FDML_TRY(list_of(&state.cols, problem->is_gallery, problem->n_rows, arena, err));
        FDML_TRY(find_gallery(&state, arena, err));
    }
    state.n_row_blocks = (state.rows.n + state.block - 1) / state.block;
    state.n_col_blocks = (state.cols.n + state.block - 1) / state.block;
    if (pass->on_ranks || problem->exclude)
        FDML_TRY(fdml_pass_class_index(&state.classes, problem, arena, err));
    if (pass->on_ranks)
        FDML_TRY(fdml_pass_rank_start(&state, plan->queries_per_task, arena, err));
    if (pass->top_k) FDML_TRY(fdml_pass_topk_start(&state, arena, err));
    if (fdml_pass_wants_sums(pass)) FDML_TRY(fdml_pass_sums_start(&state, arena, err));
    return plan->is_triangle ? run_triangle(&state, arena, err)
                             : run_rectangle(&state, plan->queries_per_task, arena, err);
}

fdml_status fdml_pass_run(const fdml_pass *pass, const fdml_problem *problem,
                          const fdml_machine *machine, fdml_arena *arena, fdml_error *err)
{
    const size_t common = fdml_pass_common_memory(pass, problem, machine);
    rank_plan plan =
        fdml_pass_plan_ranks(pass, problem, machine, fdml_pass_rank_budget(machine, common));
    if (machine->memory_limit && common + plan.bytes > machine->memory_limit)
        return fdml_fail(err, FDML_E_LIMIT,
                         "the distance pass needs %zu bytes at least, the limit leaves %zu",
                         common + plan.bytes, machine->memory_limit);
    plan.work_total = fdml_pass_work(pass, problem, machine);
    plan.work = plan.work_total;
    if (fdml_pass_wants_sums(pass) && !fdml_pass_runs_once(pass, problem, &plan))
        plan.work -= fdml_pass_triangle_work(problem);
    /* Pair sums are over all pairs of rows; ranks may be over a part, or leave some out. */
    fdml_pass ranks = *pass, sums = *pass;
    ranks.potential = ranks.distance = NULL;
    ranks.histogram = NULL;
    ranks.accepted = NULL;
    sums.on_ranks = NULL;
    sums.top_k = 0;
    fdml_problem everything = *problem;
    everything.is_query = everything.is_gallery = NULL;
    everything.exclude = NULL;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    fdml_status status = FDML_OK;
    if (fdml_pass_runs_once(pass, problem, &plan)) {
        status = run_once(pass, &everything, machine, &plan, arena, err);
    } else {
        if (fdml_pass_wants_ranks(pass))
            status = run_once(&ranks, problem, machine, &plan, arena, err);
        fdml_arena_reset(arena, mark);
        rank_plan triangle = { .is_triangle = true, .work_total = plan.work_total };
        triangle.work = fdml_pass_triangle_work(problem);
        triangle.work_before = plan.work_total - triangle.work;
        if (!status && fdml_pass_wants_sums(pass))
            status = run_once(&sums, &everything, machine, &triangle, arena, err);
    }
    fdml_arena_reset(arena, mark);
    return status;
}
