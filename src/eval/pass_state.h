/* pass_state.h - what the parts of the distance pass share; private to eval/pass_*.c.
 *
 * pass_run.c cuts the pairs into blocks and lets the consumers see each strip of nearness:
 * pass_rank.c (ranks of relevant rows), pass_topk.c (nearest rows), pass_sums.c (pair sums,
 * histogram, accepted pairs). See pairs.h for what comes out.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_PASS_STATE_H
#define FDML_EVAL_PASS_STATE_H

#include "base/parallel.h"
#include "eval/frame.h"
#include "eval/pairs.h"

/* Rows of a strip at most: a multiple of most register tiles; no result depends on it. */
enum { PASS_STRIP = 48 };

/* Rows of a block of work: columns of a strip, and the unit of locking. Partial float sums
 * follow these borders, so the length depends on the problem alone. */
size_t fdml_pass_block(size_t n_rows, size_t dim);

/* A list of rows: index[k], or k itself where NULL. Ascending. */
typedef struct row_list {
    const uint32_t *index;
    size_t n;
} row_list;

static inline uint32_t row_at(const row_list *list, size_t k)
{
    return list->index ? list->index[k] : (uint32_t)k;
}

/* The relevant rows of a run of queries: entry e in begin[q]..begin[q+1] belongs to query q,
 * farthest first; among equally near ones, the larger row first. */
typedef struct relevant_set {
    size_t n_queries;
    uint32_t *begin; /* [n_queries + 1] */
    float *nearness; /* [begin[n_queries]] */
    float *below;    /* [..] the float just below nearness */
    uint32_t *row;   /* [..] which row it is */
} relevant_set;

/* Gallery rows by class: rows of class c are row[begin[c]..begin[c+1]), ascending. */
typedef struct class_index {
    uint32_t *begin, *row;
} class_index;

/* One strip of a block pair: rows row0.. and columns col0.. by position in their lists. */
typedef struct strip {
    fdml_tile tile;
    size_t row0, col0;
    size_t block_row0, block_rows; /* of the row block that the strip belongs to */
    bool is_diagonal;              /* row block and column block are the same rows */
} strip;

struct rank_state;
struct topk_state;
struct sums_state;

typedef struct pass_state {
    const fdml_pass *pass;
    const fdml_problem *problem;
    const fdml_machine *machine;
    fdml_frame frame;
    row_list rows, cols; /* queries and gallery; both all rows when is_triangle */
    bool is_triangle;
    double work_before, work, work_total; /* as in rank_plan */
    size_t block, n_row_blocks, n_col_blocks;
    fdml_lock *lock;         /* [n_col_blocks], for triangle */
    struct rank_state *rank; /* each NULL when not wanted */
    struct topk_state *topk;
    struct sums_state *sums;
    const uint32_t
        *gallery_at;     /* [n_rows] position in cols or FDML_RANK_BEYOND; NULL: itself */
    class_index classes; /* of the gallery, when ranks are wanted */
} pass_state;

typedef struct pass_worker {
    float *a, *b, *c;             /* panels of a strip, panels of a block, scores of a strip */
    float *row_norm2, *col_norm2; /* [strip], [block] of the rows in work */
    struct rank_worker *rank;
    struct topk_worker *topk;
    struct sums_worker *sums;
} pass_worker;

/* --- schedule and memory (pass_plan.c) ------------------------------------------------------
 */
typedef struct pass_task {
    uint32_t col_block, first_row_block, end_row_block;
} pass_task;
/* Column blocks in order, each with its row blocks above the diagonal in chunks; tasks may be
 * NULL to count them. */
size_t fdml_pass_list_tasks(pass_task *tasks, size_t n_blocks);
size_t fdml_pass_strip_rows(const fdml_kernels *kernels);
/* Bytes of a thread's panels, scores and norms, in one piece. */
size_t fdml_pass_worker_memory(const fdml_kernels *kernels, size_t block, size_t dim);
/* Bytes of everything but the rank state. */
size_t fdml_pass_common_memory(const fdml_pass *pass, const fdml_problem *p,
                               const fdml_machine *m);

/* How the ranks will be found, given the memory they may take. */
typedef struct rank_plan {
    bool is_triangle;
    size_t queries_per_task, bytes;
    /* for progress, in multiply-adds: of the runs before this one, of it, of all */
    double work_before, work, work_total;
} rank_plan;
rank_plan fdml_pass_plan_ranks(const fdml_pass *pass, const fdml_problem *p,
                               const fdml_machine *m, size_t budget);
double fdml_pass_triangle_work(const fdml_problem *problem); /* multiply-adds */
/* What is left for ranks of the memory that the caller allows. */
size_t fdml_pass_rank_budget(const fdml_machine *machine, size_t common);
bool fdml_pass_wants_ranks(const fdml_pass *pass);
bool fdml_pass_wants_sums(const fdml_pass *pass);
/* Whether one run serves both: sums are over all pairs of rows, ranks may be over a part. */
bool fdml_pass_runs_once(const fdml_pass *pass, const fdml_problem *problem,
                         const rank_plan *plan);

/* --- relevant rows (pass_relevant.c) ---------------------------------------------------------
 */
fdml_status fdml_pass_class_index(class_index *out, const fdml_problem *problem,
                                  fdml_arena *arena, fdml_error *err);
/* Entries that all queries' relevant rows make together, and the largest for one query. */
size_t fdml_pass_relevant_total(const fdml_problem *problem, size_t *largest);
/* Scratch for fdml_pass_relevant_fill, one per thread. */
typedef struct relevant_work {
    float *a, *b, *c;
    float *row_norm2, *col_norm2;
    uint64_t *key, *spare; /* [largest or queries of a task] */
    uint32_t *query;       /* [queries of a task] */
} relevant_work;
int fdml_pass_compare_keys(const void *a, const void *b); /* uint64_t, ascending, for qsort */
fdml_status fdml_pass_relevant_work(relevant_work *work, const pass_state *state,
                                    size_t n_queries, size_t largest, fdml_arena *arena,
                                    fdml_error *err);
/* Sets set->begin for the queries first.. of the row list; the entries follow with fill. */
void fdml_pass_relevant_count(relevant_set *set, const pass_state *state, size_t first,
                              size_t n);
/* Fills the entries of queries position[0..n), all of one class, at most PASS_STRIP of them.
 * Positions are in the row list; set->begin[0] belongs to position `first`. */
void fdml_pass_relevant_fill(relevant_set *set, const pass_state *state, size_t first,
                             const uint32_t *position, size_t n, const relevant_work *work);

/* --- ranks (pass_rank.c) -------------------------------------------------------------------
 */
fdml_status fdml_pass_rank_start(pass_state *state, size_t queries_per_task, fdml_arena *arena,
                                 fdml_error *err);
fdml_status fdml_pass_rank_worker(pass_worker *worker, const pass_state *state,
                                  fdml_arena *arena, fdml_error *err);
size_t fdml_pass_rank_memory(const fdml_problem *problem, bool is_triangle,
                             size_t queries_per_task, int n_threads);
void fdml_pass_rank_begin_columns(const pass_state *state, pass_worker *worker,
                                  size_t col_block);
void fdml_pass_rank_begin_block(const pass_state *state, pass_worker *worker, size_t row_block,
                                size_t col_block);
void fdml_pass_rank_strip(const pass_state *state, pass_worker *worker, const strip *strip);
void fdml_pass_rank_end_block(const pass_state *state, pass_worker *worker, size_t row_block);
void fdml_pass_rank_end_columns(const pass_state *state, pass_worker *worker, size_t col_block);
void fdml_pass_rank_finish(const pass_state *state, pass_worker *workers);
/* Rectangle: one task is a run of queries against the whole gallery. */
void fdml_pass_rank_begin_task(const pass_state *state, pass_worker *worker, size_t first,
                               size_t n);
void fdml_pass_rank_begin_gallery(const pass_state *state, pass_worker *worker,
                                  size_t col_block);
void fdml_pass_rank_end_task(const pass_state *state, pass_worker *worker, size_t first,
                             size_t n);

/* --- nearest rows --------------------------------------------------------------------------
 */
fdml_status fdml_pass_topk_start(pass_state *state, fdml_arena *arena, fdml_error *err);
fdml_status fdml_pass_topk_worker(pass_worker *worker, const pass_state *state,
                                  fdml_arena *arena, fdml_error *err);
void fdml_pass_topk_strip(const pass_state *state, pass_worker *worker, const strip *strip);

/* --- sums, histogram, accepted pairs ---------------------------------------------------------
 */
fdml_status fdml_pass_sums_start(pass_state *state, fdml_arena *arena, fdml_error *err);
fdml_status fdml_pass_sums_worker(pass_worker *worker, const pass_state *state,
                                  fdml_arena *arena, fdml_error *err);
void fdml_pass_sums_begin_block(const pass_state *state, pass_worker *worker, size_t row_block,
                                size_t col_block);
void fdml_pass_sums_strip(const pass_state *state, pass_worker *worker, const strip *strip);
void fdml_pass_sums_end_block(const pass_state *state, pass_worker *worker, size_t row_block,
                              size_t col_block);
void fdml_pass_sums_finish(const pass_state *state, pass_worker *workers);
size_t fdml_pass_sums_memory(const fdml_pass *pass, const fdml_problem *problem, int n_threads);

#endif
