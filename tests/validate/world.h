/* world.h - data drawn from a law whose truth is known, and how to audit them.
 *
 * A class has a centre c ~ N(origin, I), and its rows are c + e s z, z ~ N(0, I): s belongs to
 * the row's group, e to the class (1 - effect or 1 + effect, evenly). So a group with a larger
 * s is served worse, by a gap that is known, and classes differ, so that whoever takes rows for
 * independent is wrong.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_VALIDATE_WORLD_H
#define FDML_TESTS_VALIDATE_WORLD_H

#include "eval/audit.h"
#include "eval/comparison.h"

enum { MOST_GROUPS = 5, MOST_ATTRIBUTES = 4 };

/* What another world is: other classes, or other rows of the same classes. */
typedef enum sampling { NEW_CLASSES, NEW_ROWS } sampling;

typedef struct law {
    sampling sampling;
    size_t dim, n_classes, n_groups;
    /* Rows of a class: one of the two, evenly. NEW_ROWS: the class of each row is drawn evenly,
     * and there are n_classes * rows[0] rows. */
    size_t rows[2];
    double spread[MOST_GROUPS]; /* s of each group of the first attribute */
    double effect;
    double origin; /* of centres, in every dimension: away from 0 where angles are measured */
    double shift;  /* of the rows of groups behind the first, in the first dimension */
    bool by_row;   /* attributes are of rows, else of classes */
    /* by_row and two groups: group 0 has a share of 1/2 + lean in classes whose e is small and
     * of 1/2 - lean in the others. So groups differ though the attribute means nothing in a
     * class. */
    double lean;
    fdml_distance distance;
    size_t n_gallery; /* so many first rows of each class are gallery, the rest asks; 0: all */
    size_t n_attributes; /* 0 counts as 1; those behind the first are drawn at random */
    /* Two models: rows as above are common to both, and each adds own[m] N(0, I). */
    bool has_other;
    double own[2];
} law;

typedef struct world {
    const law *law;
    fdml_arena arena;
    size_t n_rows;
    float *x, *y;                    /* [n_rows, dim]; y: of the other model, or NULL */
    uint32_t *label;                 /* [n_rows] */
    uint32_t *code[MOST_ATTRIBUTES]; /* [n_rows] */
    double *effect;                  /* [n_classes] e */
    double *centre;                  /* [n_classes, dim] */
    fdml_factor label_factor, attribute[MOST_ATTRIBUTES];
    fdml_problem problem;
    fdml_machine machine; /* one thread: worlds are shared out among threads */
    fdml_audit_settings settings;
    fdml_audit_other other;
} world;

/* World `number` of a law; false: no memory. */
bool world_open(world *w, const law *l, uint32_t number);
void world_close(world *w);

#endif
