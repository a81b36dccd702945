/* fidelity_world.h - test rows, what a black box and an explanation say of them, from a law
 * whose fidelity is known.
 *
 * Of a row of group g the black box says p = Phi(z), z ~ N(centre, 1), and an explanation
 * e = Phi(y), y = z + shift + noise N(0, 1). So noise makes answers differ and ranks worse, and
 * shift makes residuals. Groups are strata: each has its number of rows in every world.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_VALIDATE_FIDELITY_WORLD_H
#define FDML_TESTS_VALIDATE_FIDELITY_WORLD_H

#include "explain/fidelity.h"

enum { MOST_STRATA = 4, MOST_SIDES = 2 };

typedef struct explanation_law {
    double shift[MOST_STRATA], noise[MOST_STRATA];
} explanation_law;

typedef struct fidelity_law {
    size_t n_groups, size[MOST_STRATA];
    double centre[MOST_STRATA];
    size_t n_sides; /* 2: an explanation, and another of the same black box */
    explanation_law side[MOST_SIDES];
    /* Width of steps, a multiple of 1/128, of which y is the middle, so that rows tie; 0: none.
     * A step begins at 0. */
    double step;
    size_t n_seeds;
    double drift; /* seed s adds s times this to shift */
    /* Squared, the correlation of what is drawn for a row in two seeds, and of its noise on
     * two sides. */
    double alike;
} fidelity_law;

typedef struct fidelity_world {
    const fidelity_law *law;
    fdml_arena arena;
    fdml_fidelity_rows side[MOST_SIDES];
} fidelity_world;

/* World `number` of a law; false: no memory. */
bool fidelity_world_open(fidelity_world *w, const fidelity_law *l, uint32_t number);
void fidelity_world_close(fidelity_world *w);

/* Of one side, in the population: the mean over seeds, groups in the shares they have. The last
 * value is that of all rows. */
typedef struct true_fidelity {
    double value[MOST_STRATA + 1][FDML_FIDELITIES];
    double behind[MOST_STRATA][FDML_FIDELITIES];
    double gap[FDML_FIDELITIES][FDML_FIDELITY_GAPS];
} true_fidelity;
void true_fidelity_of(true_fidelity *truth, const fidelity_law *l, size_t side);

#endif
