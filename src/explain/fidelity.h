/* fidelity.h - how well an explanation says what the black box says, and for whom.
 *
 * Of row i: p the black box's probability, B = 1[p >= 1/2] its answer, e what the explanation
 * predicts. Over a set D of rows (Balagopalan et al., FAccT 2022):
 *
 *   accuracy  mean of 1[(e >= 1/2) = B]
 *   auroc     of the scores e for the labels B, ties counting half; NaN where B has one value
 *   residual  mean of p - e, with its sign
 *
 * For groups D_1 .. D_G that have rows, and D all rows whatever their group:
 *
 *   FDML_GAP_MAX   definition 3.3: max_j L(D) - L(D_j); of the residual, which is a loss, max_j
 *                  L(D_j) - L(D). One-sided: it looks for who is worse off than the average.
 *   FDML_GAP_MEAN  definition 3.4: mean of |L(D_j) - L(D_k)| over pairs j < k
 *
 * Values that are NaN are left out of both; NaN if fewer than two are left. So are those of
 * groups with fewer than min_group rows, which are in D all the same.
 *
 * Of several training seeds every value is the mean over them, with its standard deviation. The
 * maximum is that of the mean differences, so one group stands for it, as in the authors' own
 * tables; the mean gap is taken seed by seed.
 *
 * The paper has the spread over training seeds alone. Here test rows are also drawn anew, the
 * same ones for all seeds, within each group (intervals by fdml_bootstrap_interval), and groups
 * permuted among rows (p).
 * The interval of a gap is that of its estimate, which chance alone makes positive (but for the
 * maximum of auroc, which is below 0 where all rows together are ordered worse than each group
 * is): whether there is a gap is for p to say.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_FIDELITY_H
#define FDML_EXPLAIN_FIDELITY_H

#include "base/arena.h"
#include "base/status.h"
#include "eval/audit.h"

enum { FDML_FIDELITY_ACCURACY, FDML_FIDELITY_AUROC, FDML_FIDELITY_RESIDUAL, FDML_FIDELITIES };
enum { FDML_GAP_MAX, FDML_GAP_MEAN, FDML_FIDELITY_GAPS };

extern const char *const fdml_fidelity_name[FDML_FIDELITIES];
extern const char *const fdml_fidelity_gap_name[FDML_FIDELITY_GAPS];

typedef struct fdml_fidelity_rows {
    const double *p, *e;  /* [n_seeds, n] finite */
    const uint32_t *code; /* [n] group, below n_groups */
    size_t n, n_groups;
    size_t n_seeds; /* at least 1 */
    size_t min_group;
} fdml_fidelity_rows;

typedef struct fdml_fidelity_options {
    size_t n_bootstrap, n_permutations; /* 0: intervals, or p, are NaN */
    double confidence;
    uint64_t seed;
    int n_threads;
} fdml_fidelity_options;

/* e: interval over test rows, n rows; sd: over seeds (divisor n - 1), NaN of one. */
typedef struct fdml_fidelity_value {
    fdml_estimate e;
    double sd;
} fdml_fidelity_value;

typedef struct fdml_fidelity_gap {
    fdml_estimate e; /* n: groups that have a value */
    double sd;       /* of FDML_GAP_MAX that of the worst group's difference */
    double p, p_holm;
    uint32_t worst; /* FDML_GAP_MAX: the group, of equal ones the first; else UINT32_MAX */
} fdml_fidelity_gap;

typedef struct fdml_fidelity {
    size_t n_groups;
    const size_t *n_rows;                /* [n_groups] */
    const fdml_fidelity_value *of_group; /* [n_groups, FDML_FIDELITIES] */
    const fdml_fidelity_value *behind;   /* [n_groups, FDML_FIDELITIES] L(D) - L(D_j), the
                                            residual L(D_j) - L(D): what the maximum is of */
    fdml_fidelity_value overall[FDML_FIDELITIES];
    fdml_fidelity_gap gap[FDML_FIDELITIES][FDML_FIDELITY_GAPS]; /* p_holm: of the six */
} fdml_fidelity;

/* The result's arrays are in `arena`; scratch is given back, and all that is of the size of
 * the rows is scratch. Where a value is NaN, its `why` is a sentence, in `arena` as well.
 * FDML_E_DATA: no rows, or a p or e that is not finite (names the row, from 1). FDML_E_NOMEM.
 */
fdml_status fdml_fidelity_measure(fdml_fidelity *f, const fdml_fidelity_rows *rows,
                                  const fdml_fidelity_options *options, fdml_arena *arena,
                                  fdml_error *err);

/* Bytes of arena that this takes at most, and how many of them the result keeps at most. */
double fdml_fidelity_memory(size_t n, size_t n_groups, size_t n_seeds,
                            const fdml_fidelity_options *options);
double fdml_fidelity_result_memory(size_t n_groups);

/* Holm's correction over the gaps of all results together: one audit's attributes, or methods.
 * The first: bytes of scratch. */
double fdml_fidelity_correct_memory(size_t n);
fdml_status fdml_fidelity_correct(fdml_fidelity *f, size_t n, fdml_arena *scratch,
                                  fdml_error *err);

/* --- fidelity_sums.c: one pass over rows ------------------------------------------------ */

/* The rows of one seed, sorted; all [n], in the order of e. */
typedef struct fdml_fidelity_table {
    size_t n;
    const uint32_t *row; /* which of the caller's */
    const uint8_t *label, *is_right,
        *ties_next; /* B; whether e says the same; e as the next's */
    const double *residual;
} fdml_fidelity_table;

/* A table for each seed. Its rows may be of several sides, such as two explanations: sides have
 * nothing in common but the pass. */
typedef struct fdml_fidelity_tables {
    const fdml_fidelity_table *table; /* [n_seeds] */
    size_t n_seeds, n_groups, min_group;
    size_t n_sides; /* 1 or 2; fdml_fidelity_sort makes it 1 */
} fdml_fidelity_tables;

fdml_status fdml_fidelity_sort(fdml_fidelity_tables *tables, const fdml_fidelity_rows *rows,
                               fdml_arena *arena, fdml_error *err);
double fdml_fidelity_sort_memory(size_t n, size_t n_seeds); /* bytes */

/* Rows of a replicate: of what group each counts, of the second side n_groups and its group,
 * and how often (NULL: once). By the caller's row. */
typedef struct fdml_fidelity_draw {
    const uint32_t *code, *times;
} fdml_fidelity_draw;

/* value: [n_sides, n_groups + 1, FDML_FIDELITIES], the last those of all rows; of seed s alone.
 * scratch: FDML_FIDELITY_SCRATCH(n_groups) doubles for each side. */
void fdml_fidelity_values(double *value, const fdml_fidelity_tables *tables, size_t s,
                          const fdml_fidelity_draw *draw, double *scratch);

/* The mean over seeds of such values, and gap [n_sides, FDML_FIDELITIES, FDML_FIDELITY_GAPS].
 */
void fdml_fidelity_means(double *value, double *gap, const fdml_fidelity_tables *tables,
                         const fdml_fidelity_draw *draw, double *scratch);
#define FDML_FIDELITY_SCRATCH(n_groups) (((n_groups) + 1) * (8 + 2 * FDML_FIDELITIES))

/* Mean of the absolute differences between groups, of one seed's values. */
double fdml_fidelity_difference_mean(const double *value, size_t n_groups, size_t measure);
double fdml_fidelity_behind(const double *value, size_t n_groups, size_t group, size_t measure);

#endif
