/* gam_state.h - what the files of the additive model share; private to gam*.c.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_GAM_STATE_H
#define FDML_EXPLAIN_GAM_STATE_H

#include "explain/gam.h"

/* --- gam_terms.c: columns as functions --------------------------------------------------- */

/* X by rows, zeros left out: each row has `width` entries, columns ascending. */
typedef struct gam_rows {
    size_t n, width, n_columns;
    double *value;    /* [n, width] */
    uint32_t *column; /* [n, width] */
    const uint8_t *label;
} gam_rows;

/* Terms of the columns of z; n_coefficients counts the intercept. False: no memory. */
bool fdml_gam_make_terms(fdml_gam *gam, const float *z, size_t n, size_t dim,
                         fdml_arena *arena);
bool fdml_gam_make_rows(gam_rows *rows, const fdml_gam *gam, const float *z, size_t n,
                        int n_threads, fdml_arena *arena);

/* --- gam_pirls.c: one lambda -------------------------------------------------------------- */

typedef struct gam_pirls {
    const fdml_gam *gam;
    const gam_rows *rows;
    const fdml_gam_options *options;
    double lambda;
    bool is_start;        /* least squares of logit(.99), logit(.01) */
    size_t n_blocks;      /* runs of rows, each with sums of its own */
    double *coefficient;  /* [m] */
    double *next;         /* [m] */
    double *part;         /* [n_blocks, m, m] lower triangles of X'WX */
    double *part_right;   /* [n_blocks, m] X'Wu */
    double *part_number;  /* [n_blocks] rows with weight, or deviance */
    double *gram, *right; /* [m, m], [m] the same, added up */
    double *system;       /* [m, m] the factor of gram + penalties */
    double *diagonal;     /* [m] of the hat matrix in coefficients */
    double *column;       /* [n_threads, m] */
} gam_pirls;

bool fdml_gam_make_pirls(gam_pirls *p, fdml_arena *arena);
/* Bytes, at most, for up to m coefficients. */
double fdml_gam_pirls_memory(size_t n, size_t m, int n_threads);

/* Coefficients to start with. False: the system is singular. */
bool fdml_gam_start(gam_pirls *p);

/* Goes on from p->coefficient with p->lambda. */
void fdml_gam_run(gam_pirls *p, fdml_gam_trial *trial);

#endif
