/* kmeans.c - Lloyd's iterations that ask only what can have changed.
 *
 * A centre whose members did not change does not move, and a score with an unmoved centre has
 * the same bits as before. So each iteration asks all rows about the moved centres only. A row
 * whose own centre moved away may have to look at unmoved centres too: only if no moved centre
 * beats its old best, which bounds all unmoved ones from above. Assignments are bit for bit
 * those of asking everything.
 * SPDX-License-Identifier: MIT */
#include "eval/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "eval/kmeans_state.h"

enum {
    STRIP = KMEANS_STRIP,
    RUN = KMEANS_RUN,
    CENTRES = KMEANS_CENTRES,
    DIMS = 64,
    REDUCE = 4096
};

/* --- asking ------------------------------------------------------------------------------- */

typedef struct ask_job {
    kmeans_state *state;
    const uint32_t *row, *centre;
    size_t n, m;
} ask_job;

static fdml_rows centre_rows(const kmeans_state *state, const uint32_t *centre, size_t first,
                             size_t n)
{
    return (fdml_rows){
        .x = state->centre, .stride = state->problem->dim, .index = centre + first, .n = n
    };
}

static void pack_centres(void *ctx, size_t block, int thread)
{
    (void)thread;
    const ask_job *job = ctx;
    const kmeans_state *state = job->state;
    const size_t first = block * CENTRES, dim = state->problem->dim;
    const size_t n = job->m - first < CENTRES ? job->m - first : CENTRES;
    const fdml_rows rows = centre_rows(state, job->centre, first, n);
    state->machine->kernels->pack_b(state->panels + first * dim, &rows, dim);
    state->machine->kernels->chain_norms2(state->bias + first, &rows, dim);
    for (size_t c = first; c < first + n; c++) state->bias[c] *= -0.5f;
}

/* One strip of rows against every packed centre; its best and id are gathered and put back. */
static void ask_strip(const ask_job *job, const kmeans_worker *w, const float *a, size_t first,
                      size_t n, size_t block)
{
    kmeans_state *state = job->state;
    const fdml_kernels *k = state->machine->kernels;
    const size_t dim = state->problem->dim, c0 = block * CENTRES;
    const size_t m = job->m - c0 < CENTRES ? job->m - c0 : CENTRES;
    const fdml_tile tile = { w->c, CENTRES, n, m };
    k->gemm(w->c, CENTRES, a, state->panels + c0 * dim, n, m, dim, 0);
    if (!job->row) {
        k->argmax_rows(state->best + first, state->id + first, &tile, state->bias + c0,
                       job->centre + c0);
        return;
    }
    float best[STRIP];
    uint32_t id[STRIP];
    for (size_t i = 0; i < n; i++) {
        best[i] = state->best[job->row[first + i]];
        id[i] = state->id[job->row[first + i]];
    }
    k->argmax_rows(best, id, &tile, state->bias + c0, job->centre + c0);
    for (size_t i = 0; i < n; i++) {
        state->best[job->row[first + i]] = best[i];
        state->id[job->row[first + i]] = id[i];
    }
}

static void ask_run(void *ctx, size_t run, int thread)
{
    const ask_job *job = ctx;
    const kmeans_state *state = job->state;
    const fdml_kernels *k = state->machine->kernels;
    const kmeans_worker *w = state->workers + thread;
    const size_t dim = state->problem->dim, step = STRIP / k->tile_rows * k->tile_rows;
    const size_t first = run * RUN, n = job->n - first < RUN ? job->n - first : RUN;
    const fdml_rows rows = fdml_frame_rows(&state->frame, state->problem,
                                           job->row ? job->row + first : NULL, first, n);
    k->pack_a(w->a, &rows, dim);
    for (size_t block = 0; block * CENTRES < job->m; block++)
        for (size_t i = 0; i < n; i += step)
            ask_strip(job, w, w->a + i * dim, first + i, n - i < step ? n - i : step, block);
}

void fdml_kmeans_ask(kmeans_state *state, const uint32_t *row, size_t n, const uint32_t *centre,
                     size_t m)
{
    ask_job job = { state, row, centre, n, m };
    const int n_threads = state->machine->n_threads;
    fdml_parallel((m + CENTRES - 1) / CENTRES, n_threads, pack_centres, &job);
    fdml_parallel((n + RUN - 1) / RUN, n_threads, ask_run, &job);
}

float fdml_kmeans_sqdist(const kmeans_state *state, size_t row)
{
    const float d2 = fmaf(-2, state->best[row], state->frame.norm2[row]);
    return d2 > 0 ? d2 : 0;
}

/* --- iterations -----------------------------------------------------------------------------
 */

typedef struct lloyd {
    kmeans_state *state;
    uint32_t *member;  /* [n_rows] rows by cluster */
    uint32_t *begin;   /* [k + 1] */
    uint32_t *old_id;  /* [n_rows] clusters before this iteration */
    float *old_best;   /* [n_rows] */
    uint8_t *is_dirty; /* [k] members changed */
    uint8_t *is_moved; /* [k] centre's bits changed */
    uint32_t *list;    /* [max(n_rows, k)] */
    uint32_t *all;     /* [k] 0, 1, 2, .. */
} lloyd;

static void sort_members(lloyd *l)
{
    const size_t n_rows = l->state->problem->n_rows, k = l->state->settings->k;
    memset(l->begin, 0, (k + 1) * sizeof *l->begin);
    for (size_t i = 0; i < n_rows; i++) l->begin[l->state->id[i]]++;
    uint32_t sum = 0;
    for (size_t c = 0; c <= k; c++) {
        const uint32_t n = c < k ? l->begin[c] : 0;
        l->begin[c] = sum += n;
    }
    /* begin holds ends now; filling from the last row back leaves members ascending. */
    for (size_t i = n_rows; i-- > 0;) l->member[--l->begin[l->state->id[i]]] = (uint32_t)i;
}

/* The mean of a cluster's rows in n dimensions from d on, added in row order in double.
 * Whether its bits changed. */
static uint8_t update_dims(lloyd *l, size_t c, size_t d, size_t n)
{
    const kmeans_state *state = l->state;
    const fdml_problem *p = state->problem;
    const fdml_frame *frame = &state->frame;
    double sum[DIMS] = { 0 };
    for (uint32_t e = l->begin[c]; e < l->begin[c + 1]; e++) {
        const size_t row = l->member[e];
        const float *x = p->x + row * p->dim + d;
        for (size_t j = 0; j < n; j++) {
            const float shifted = frame->shift ? x[j] - frame->shift[d + j] : x[j];
            sum[j] += (double)(frame->scale ? shifted * frame->scale[row] : shifted);
        }
    }
    float *centre = state->centre + c * p->dim + d;
    uint8_t is_moved = 0;
    for (size_t j = 0; j < n; j++) {
        const float mean = (float)(sum[j] / (double)(l->begin[c + 1] - l->begin[c]));
        is_moved |= mean != centre[j];
        centre[j] = mean;
    }
    return is_moved;
}

/* Only clusters whose members changed have a new mean. */
static void update_centre(void *ctx, size_t c, int thread)
{
    (void)thread;
    lloyd *l = ctx;
    const kmeans_state *state = l->state;
    const fdml_problem *p = state->problem;
    const size_t n = l->begin[c + 1] - l->begin[c];
    l->is_moved[c] = 0;
    if (!l->is_dirty[c] || !n) return;
    for (size_t d = 0; d < p->dim; d += DIMS)
        l->is_moved[c] |= update_dims(l, c, d, p->dim - d < DIMS ? p->dim - d : DIMS);
    if (!state->settings->is_spherical) return;
    float inverse, *centre = state->centre + c * p->dim;
    state->machine->kernels->inverse_norms(&inverse, centre, 1, p->dim);
    for (size_t d = 0; d < p->dim; d++) centre[d] *= inverse;
    l->is_moved[c] = 1; /* scaling may move what the mean did not */
}

typedef struct far_row {
    float d2;
    uint32_t row;
} far_row;

static int farthest_first(const void *a, const void *b)
{
    const far_row *x = a, *y = b;
    if (x->d2 != y->d2) return x->d2 > y->d2 ? -1 : 1;
    return x->row > y->row ? -1 : x->row < y->row;
}

/* Every empty cluster takes the row farthest from its centre among clusters with others. */
static fdml_status fill_empty(lloyd *l, fdml_arena *arena, fdml_error *err)
{
    kmeans_state *state = l->state;
    const size_t n_rows = state->problem->n_rows, k = state->settings->k;
    uint32_t *size = l->list;
    size_t n_empty = 0;
    for (size_t c = 0; c < k; c++) {
        size[c] = l->begin[c + 1] - l->begin[c];
        n_empty += !size[c];
    }
    if (!n_empty) return FDML_OK;
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    far_row *far = fdml_arena_push(arena, n_rows, sizeof *far);
    if (!far)
        return fdml_fail(err, FDML_E_NOMEM, "no memory to fill %zu empty clusters", n_empty);
    for (size_t i = 0; i < n_rows; i++)
        far[i] = (far_row){ fdml_kmeans_sqdist(state, i), (uint32_t)i };
    qsort(far, n_rows, sizeof *far, farthest_first);
    size_t next = 0;
    for (uint32_t c = 0; c < k; c++) {
        if (size[c]) continue;
        while (next < n_rows && size[state->id[far[next].row]] < 2) next++;
        if (next == n_rows) break;
        const uint32_t row = far[next++].row;
        size[state->id[row]]--;
        state->id[row] = c;
        size[c] = 1;
    }
    fdml_arena_reset(arena, mark);
    sort_members(l);
    return FDML_OK;
}

static size_t list_flags(uint32_t *list, const uint8_t *flag, size_t n, uint8_t wanted)
{
    size_t m = 0;
    for (size_t i = 0; i < n; i++)
        if (!flag[i] == !wanted) list[m++] = (uint32_t)i;
    return m;
}

/* Nearest centres after a move, asking no more than the head of this file says. */
static void assign(lloyd *l)
{
    kmeans_state *state = l->state;
    const size_t n_rows = state->problem->n_rows, k = state->settings->k;
    memcpy(l->old_id, state->id, n_rows * sizeof *l->old_id);
    memcpy(l->old_best, state->best, n_rows * sizeof *l->old_best);
    for (size_t i = 0; i < n_rows; i++)
        if (l->is_moved[state->id[i]]) state->best[i] = -INFINITY, state->id[i] = NO_CENTRE;
    const size_t n_moved = list_flags(l->all, l->is_moved, k, 1);
    fdml_kmeans_ask(state, NULL, n_rows, l->all, n_moved);
    if (n_moved == k) return;
    size_t n_open = 0;
    for (size_t i = 0; i < n_rows; i++)
        if (l->is_moved[l->old_id[i]] && !(state->best[i] > l->old_best[i]))
            l->list[n_open++] = (uint32_t)i;
    const size_t n_still = list_flags(l->all, l->is_moved, k, 0);
    fdml_kmeans_ask(state, l->list, n_open, l->all, n_still);
}

static bool mark_changes(lloyd *l)
{
    const kmeans_state *state = l->state;
    bool any = false;
    memset(l->is_dirty, 0, state->settings->k);
    for (size_t i = 0; i < state->problem->n_rows; i++) {
        if (state->id[i] == l->old_id[i]) continue;
        any = true;
        if (l->old_id[i] != NO_CENTRE) l->is_dirty[l->old_id[i]] = 1;
        l->is_dirty[state->id[i]] = 1;
    }
    return any;
}

static double sum_inertia(const kmeans_state *state)
{
    double inertia = 0;
    for (size_t first = 0; first < state->problem->n_rows; first += REDUCE) {
        const size_t end =
            first + REDUCE < state->problem->n_rows ? first + REDUCE : state->problem->n_rows;
        double sum = 0;
        for (size_t i = first; i < end; i++) sum += (double)fdml_kmeans_sqdist(state, i);
        inertia += sum;
    }
    return inertia;
}

/* From a first assignment to the last. *n_done counts assignments, the first included. */
static fdml_status iterate(lloyd *l, unsigned *n_done, fdml_arena *arena, fdml_error *err)
{
    kmeans_state *state = l->state;
    const size_t k = state->settings->k, n_rows = state->problem->n_rows;
    const unsigned limit = state->settings->n_iterations;
    for (size_t i = 0; i < n_rows; i++) l->old_id[i] = NO_CENTRE;
    for (*n_done = 1;; ++*n_done) {
        fdml_progress_report(state->machine->progress, "k-means", *n_done, limit);
        sort_members(l);
        FDML_TRY(fill_empty(l, arena, err));
        if (!mark_changes(l) || *n_done >= limit) return FDML_OK;
        fdml_parallel(k, state->machine->n_threads, update_centre, l);
        assign(l);
    }
}

static fdml_status make_state(kmeans_state *state, lloyd *l, fdml_arena *arena, fdml_error *err)
{
    const size_t n_rows = state->problem->n_rows, dim = state->problem->dim;
    const size_t k = state->settings->k, n_threads = (size_t)state->machine->n_threads;
    const fdml_kernels *kernels = state->machine->kernels;
    const size_t listed = n_rows > k ? n_rows : k;
    FDML_TRY(fdml_frame_make(&state->frame, state->problem, state->machine, arena, err));
    state->centre = fdml_arena_push(arena, k * dim, sizeof(float));
    state->best = fdml_arena_push(arena, n_rows, sizeof(float));
    state->id = fdml_arena_push(arena, n_rows, sizeof(uint32_t));
    state->panels =
        fdml_arena_push(arena, fdml_panels_size(k, dim, kernels->tile_cols), sizeof(float));
    state->bias = fdml_arena_push(arena, k, sizeof(float));
    state->workers = fdml_arena_push(arena, n_threads, sizeof *state->workers);
    l->member = fdml_arena_push(arena, n_rows, sizeof(uint32_t));
    l->begin = fdml_arena_push(arena, k + 1, sizeof(uint32_t));
    l->old_id = fdml_arena_push(arena, n_rows, sizeof(uint32_t));
    l->old_best = fdml_arena_push(arena, n_rows, sizeof(float));
    l->is_dirty = fdml_arena_push(arena, k, 1);
    l->is_moved = fdml_arena_push(arena, k, 1);
    l->list = fdml_arena_push(arena, listed, sizeof(uint32_t));
    l->all = fdml_arena_push(arena, k, sizeof(uint32_t));
    bool complete = state->centre && state->best && state->id && state->panels && state->bias &&
                    state->workers && l->member && l->begin && l->old_id && l->old_best &&
                    l->is_dirty && l->is_moved && l->list && l->all;
    for (size_t t = 0; complete && t < n_threads; t++) {
        kmeans_worker *w = state->workers + t;
        const size_t panels = fdml_panels_size(RUN, dim, kernels->tile_rows);
        const size_t size = (panels + STRIP * CENTRES) * sizeof(float);
        w->a = fdml_arena_push(arena, fdml_arena_fill_pages(size), 1);
        w->c = w->a + panels;
        complete = w->a != NULL;
    }
    l->state = state;
    return complete ? FDML_OK
                    : fdml_fail(err, FDML_E_NOMEM, "no memory for k-means of %zu rows, k = %zu",
                                n_rows, k);
}

static void reset_best(kmeans_state *state)
{
    for (size_t i = 0; i < state->problem->n_rows; i++) {
        state->best[i] = -INFINITY;
        state->id[i] = NO_CENTRE;
    }
}

static void start_from(kmeans_state *state, lloyd *l, const float *initial)
{
    const size_t dim = state->problem->dim, k = state->settings->k;
    for (size_t c = 0; c < k; c++) {
        l->all[c] = (uint32_t)c;
        for (size_t d = 0; d < dim; d++)
            state->centre[c * dim + d] =
                initial[c * dim + d] - (state->frame.shift ? state->frame.shift[d] : 0);
    }
    fdml_kmeans_ask(state, NULL, state->problem->n_rows, l->all, k);
}

static void give_centres(float *to, const kmeans_state *state)
{
    const size_t dim = state->problem->dim;
    for (size_t c = 0; c < state->settings->k; c++)
        for (size_t d = 0; d < dim; d++)
            to[c * dim + d] =
                state->centre[c * dim + d] + (state->frame.shift ? state->frame.shift[d] : 0);
}

fdml_status fdml_kmeans_run(uint32_t *assignment, float *centres, double *inertia,
                            unsigned *iterations_done, const fdml_kmeans *kmeans,
                            const fdml_problem *problem, const fdml_machine *machine,
                            fdml_arena *arena, fdml_error *err)
{
    if (!kmeans->k || kmeans->k > problem->n_rows || !kmeans->n_iterations)
        return fdml_fail(err, FDML_E_ARG, "k-means: k = %u and %u iterations for %zu rows",
                         kmeans->k, kmeans->n_iterations, problem->n_rows);
    const fdml_arena_mark mark = fdml_arena_get_mark(arena);
    kmeans_state state = { .settings = kmeans, .problem = problem, .machine = machine };
    lloyd l = { 0 };
    fdml_status status = make_state(&state, &l, arena, err);
    const unsigned n_redo = kmeans->initial || kmeans->n_redo < 1 ? 1 : kmeans->n_redo;
    *inertia = INFINITY;
    for (unsigned redo = 0; !status && redo < n_redo; redo++) {
        unsigned done = 0;
        reset_best(&state);
        if (kmeans->initial)
            start_from(&state, &l, kmeans->initial);
        else
            status = fdml_kmeans_seed(&state, redo, arena, err);
        if (!status) status = iterate(&l, &done, arena, err);
        const double sum = status ? INFINITY : sum_inertia(&state);
        if (!(sum < *inertia)) continue;
        *inertia = sum;
        if (iterations_done) *iterations_done = done;
        memcpy(assignment, state.id, problem->n_rows * sizeof *assignment);
        if (centres) give_centres(centres, &state);
    }
    fdml_arena_reset(arena, mark);
    return status;
}
