/* pass_rank.h - the state of rank counting, shared by its triangle and its rectangle.
 *
 * pass_rank.c counts in the triangle and says how ties are decided; pass_rank_task.c counts for
 * a run of queries against the whole gallery.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EVAL_PASS_RANK_H
#define FDML_EVAL_PASS_RANK_H

#include "eval/pass_state.h"

enum { LANES = 16, SEARCH_FROM = 48, SETTLE_EVERY = 8 };
#define NO_ROW 0xffffffffu

typedef struct rank_state {
    relevant_set all;                 /* triangle: of every row */
    uint32_t *count;                  /* triangle: nearer rows found so far, per entry */
    uint32_t *block_low, *block_high; /* triangle: smallest and largest relevant row a block */
    size_t largest;                   /* entries of one query at most */
    size_t queries_per_task;
    size_t block_entries; /* triangle: entries of one block at most */
} rank_state;

/* Floors in the layout of count_cols, for one column block. */
typedef struct column_floors {
    float *at, *below, *mixed; /* strict, one float lower, and decided entry by entry */
    uint32_t *row, *count;
    uint32_t *live; /* [block] first live entry of each column */
    size_t depth;
    const float *use;
    bool is_mixed;
} column_floors;

typedef struct rank_worker {
    relevant_set own; /* rectangle: of the task's queries */
    uint32_t *count, *bump;
    bool searches;
    uint32_t *begin, *end; /* live entries of each query, relative to floors */
    float *mixed;
    const float *floors;
    const float *nearness, *below; /* of the entries themselves, same indices as floors */
    const uint32_t *row;
    size_t n_entries;
    uint32_t entries_low, entries_high; /* smallest and largest of row */
    bool is_mixed;
    uint32_t low, high; /* row ids of the columns: low..high */
    uint32_t *col_id;   /* [block] of the columns, where searching */
    column_floors col;
    relevant_work work;
    uint32_t *rank; /* [largest] for the callback */
} rank_worker;

/* Nearer rows from which on an entry need not be counted further. */
uint32_t fdml_pass_rank_limit(const pass_state *state, uint32_t n_relevant);
/* The floors against columns whose rows are w->low .. w->high: see the head of pass_rank.c. */
void fdml_pass_rank_choose(rank_worker *w, const fdml_kernels *k);
/* Calls on_ranks for the query at a position of the row list. Entries e < live were settled on
 * the way; those that reach the limit now are, too. */
void fdml_pass_rank_tell(const pass_state *state, uint32_t *rank, size_t position,
                         const uint32_t *count, uint32_t n, uint32_t live);

#endif
