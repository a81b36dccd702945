/* slices_state.h - what the parts of the search for slices share; private to eval/slice*.c and
 * audit_slices.c.
 *
 * slices_search.c runs the search. slice_lattice.c lists the slices and sums over all of them,
 * slice_moments.c knows their mean and deviation under the null hypothesis, slice_exchange.c
 * draws from it, slice_select.c chooses findings. audit_slices.c makes queries and columns of
 * an audit's state, slice_result.c results of the findings.
 *
 * Queries are numbered anew: block after block, a block being what is exchanged whole (the
 * queries of a class, or one query), and stratum after stratum, a stratum being blocks that may
 * change places.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_SLICES_STATE_H
#define FDML_EVAL_SLICES_STATE_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/problem.h"
#include "eval/slices.h"

enum { SLICE_LANES = 16 }; /* numbers of a query that are summed side by side */
#define NO_SLICE UINT32_MAX

typedef struct slice_column {
    const char *name;
    const char *const *level; /* [n_levels]; NULL: a cluster, of n_levels */
    size_t n_levels;
} slice_column;

/* Cells are the levels of all columns, numbered through. */
typedef struct slice_data {
    size_t n, n_columns, n_crossed; /* queries; columns, the first n_crossed meet others */
    const slice_column *column;
    const uint32_t *first;    /* [n_columns + 1] cells */
    const uint16_t *cell;     /* [n, n_columns] */
    const float *loss;        /* [n] */
    const uint32_t *class_of; /* [n], each class in one run */
    const uint32_t *row;      /* [n] of the problem */
    const uint32_t *block;    /* [n_blocks + 1] begins, in queries */
    const uint32_t *stratum;  /* [n_strata + 1] begins, in blocks */
    size_t n_blocks, n_strata;
    double mean, deviation, skewness; /* of the loss; population moments */
} slice_data;

/* A slice refines that of its node by one cell. */
typedef struct slice_stat {
    uint32_t node, cell, column, child; /* child: its own node, NO_SLICE: none */
    uint32_t n, n_classes;
    uint32_t n_reached;               /* exchanges that reach its D */
    uint32_t by;                      /* explained by this finding; NO_SLICE: not yet */
    float loss;                       /* sum over its queries */
    double mean, deviation, skewness; /* of D under the null hypothesis */
    double z;                         /* NaN: never varies */
    double given;                     /* z given the findings */
} slice_stat;

/* A slice and the slices that refine it by one column, from `column` on; the nodes of those
 * that are refined further follow, up to `next`. */
typedef struct slice_node {
    uint32_t slice; /* NO_SLICE: all queries */
    uint32_t column, begin, end, next;
} slice_node;

typedef struct slice_lattice {
    const slice_data *data;
    const fdml_machine *machine;
    unsigned depth;
    size_t n_cells;
    slice_stat *stat;
    slice_node *node;
    uint32_t *task; /* [n_tasks] nodes: the root, then those of one condition */
    size_t n_slices, n_nodes, n_tasks, n_small;
    uint32_t *order, *order_begin; /* queries by level: [n_crossed, n], [n_cells + 1] each */
} slice_lattice;

/* --- slice_lattice.c ---------------------------------------------------------------------- */
/* How many slices and nodes there can be at most; more than FDML_SLICE_MOST: too many. */
size_t fdml_slice_count(const slice_data *data, unsigned depth, size_t min_rows);
/* Lists every slice of min_rows queries and enough classes whose rest has as many, with its
 * moments. Arrays are in `arena`; FDML_E_LIMIT, FDML_E_NOMEM. */
fdml_status fdml_slice_lattice_make(slice_lattice *lattice, const slice_data *data,
                                    unsigned depth, size_t min_rows,
                                    const fdml_machine *machine, fdml_arena *arena,
                                    fdml_error *err);
/* Sums of values [n, SLICE_LANES] over every slice, given to `use` slice by slice; all slices
 * of a task are given by one thread in increasing order. Scratch is given back. */
typedef void slice_use(void *ctx, size_t task, uint32_t slice, const float *sums);
fdml_status fdml_slice_pass(const slice_lattice *lattice, const float *values, slice_use *use,
                            void *ctx, fdml_arena *arena, fdml_error *err);
/* The cells of a slice, ascending; returns how many. */
size_t fdml_slice_cells(uint32_t cells[FDML_SLICE_MOST_DEPTH], const slice_lattice *lattice,
                        uint32_t slice);
/* The slice of these cells; NO_SLICE: it was not listed. */
uint32_t fdml_slice_find(const slice_lattice *lattice, const uint32_t *cells, size_t n);
bool fdml_slice_has(const slice_lattice *lattice, const uint32_t *cells, size_t n,
                    size_t query);

/* --- slice_moments.c ---------------------------------------------------------------------- */
/* What is known of each stratum. */
typedef struct slice_stratum {
    double mean, between, within; /* M, V / (B - 1), W of slice_moments.c */
    double n, n_blocks;
} slice_stratum;
typedef struct slice_moments {
    const slice_data *data;
    const slice_stratum *stratum;          /* [n_strata] */
    const uint32_t *block_of, *stratum_of; /* [n] */
    double of_all, spread_of_all; /* sums over strata of what every slice has in common */
} slice_moments;
fdml_status fdml_slice_moments_make(slice_moments *moments, const slice_data *data,
                                    fdml_arena *arena, fdml_error *err);

/* One slice while its queries are added in increasing order. */
typedef struct slice_sum {
    uint32_t n, n_classes, class_of, block, stratum;
    double in_block, in_stratum, squares, products; /* k; K; sums of k^2, of k n */
    double mean, spread, mixed;
} slice_sum;
void fdml_slice_sum_begin(slice_sum *sum);
void fdml_slice_sum_add(slice_sum *sum, const slice_moments *moments, uint32_t query);
/* Fills n, n_classes and the moments. */
void fdml_slice_sum_end(slice_stat *stat, slice_sum *sum, const slice_moments *moments);
/* How unusual `d` is, as a standard normal would be; NaN where D never varies. */
double fdml_slice_z(const slice_stat *stat, double d);
/* The d - mean at which fdml_slice_z gives z. */
double fdml_slice_at(const slice_stat *stat, double z);

/* --- slice_exchange.c --------------------------------------------------------------------- */
/* loss: [n] of one exchange. scratch: fdml_slice_exchange_size bytes. */
size_t fdml_slice_exchange_size(const slice_data *data);
void fdml_slice_exchange(float *loss, const slice_data *data, uint64_t seed, uint64_t stream,
                         uint32_t replicate, void *scratch);

/* --- slices_search.c -------------------------------------------------------------------------
 */
typedef struct slice_search {
    slice_lattice lattice;
    double *null; /* [n_permutations] largest z, ascending */
    size_t n_permutations;
    double level, critical; /* z > critical: p_search <= level */
    uint32_t finding[FDML_SLICE_MOST_FINDINGS];
    size_t n_findings, n_tried, n_significant;
} slice_search;

/* Lists, tests and chooses. Results stay in `arena`. */
fdml_status fdml_slice_search(slice_search *search, const slice_data *data,
                              const fdml_audit_settings *settings, uint64_t stream,
                              const fdml_machine *machine, fdml_arena *arena, fdml_error *err);
double fdml_slice_p_search(const slice_search *search, double z);
/* How much worse than the rest the queries of a slice must do to be found with FDML_POWER. */
double fdml_slice_detectable(const slice_search *search, const slice_stat *stat);
size_t fdml_slice_search_size(const slice_data *data, const fdml_audit_settings *settings,
                              const fdml_machine *machine);

/* --- slice_select.c ----------------------------------------------------------------------- */
fdml_status fdml_slice_select(slice_search *search, fdml_arena *arena, fdml_error *err);

#endif
