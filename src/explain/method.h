/* method.h - which explanation, with which settings: what the text "lime:k5:jtt10" says.
 *
 *   method = name { ":" setting }        name = lime | shap | gam | tree
 *
 *   k5         the model has 5 features: of LIME chosen row by row (fdml_lime_choice), of the
 *              others the 5 with the largest mutual information with the black box's answers
 *              (mutual.h); without it all of them
 *   n5000      samples of LIME [5000], coalitions of SHAP [50]
 *   around     LIME draws numbers around the row, not around the mean
 *   sigma0.1   LIME draws with this multiple of the deviation [1]
 *   alpha0.1   penalty of LIME's ridge regression, 0 or more [1]
 *   jtt10      LIME is trained twice, and what the first model got wrong weighs 10 times
 *   mass       of jtt: weights are not divided by their sum (lime.h)
 *   b50        background rows of SHAP [50], drawn from the rows that explain
 *   encoded    the players of SHAP are encoded columns, as the paper's authors have them, not
 *              features
 *   depth3     greatest depth of the tree [of 1 to 6 the one whose answers on validation rows
 *              are most often the black box's, of equal ones the smallest]
 *   balanced   GAM and tree are trained on rows where every group is as frequent as the largest
 *
 * Defaults are the settings of Balagopalan et al. (FAccT 2022) where they are known.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_METHOD_H
#define FDML_EXPLAIN_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

typedef enum fdml_method_kind {
    FDML_METHOD_LIME,
    FDML_METHOD_SHAP,
    FDML_METHOD_GAM,
    FDML_METHOD_TREE,
    FDML_METHODS
} fdml_method_kind;

typedef struct fdml_method {
    const char *text; /* as it is given, which is also its name in reports and gates */
    fdml_method_kind kind;
    size_t n_kept;       /* k; 0: all */
    size_t n_samples;    /* 0: the default */
    size_t n_background; /* of SHAP */
    double sigma, alpha; /* of LIME */
    double jtt;          /* 0: trained once */
    bool is_around, keeps_mass, is_encoded, is_balanced;
    unsigned depth; /* 0: chosen */
    unsigned given; /* settings that the text has: bit i is fdml_method_setting(i) */
} fdml_method;

enum { FDML_METHOD_MOST_DEPTH = 6 };

extern const char *const fdml_method_name[FDML_METHODS]; /* "lime" ... */
const char *fdml_method_word(size_t index);              /* the same, NULL past the last */

/* "k", "n" ..., NULL past the last. */
const char *fdml_method_setting(size_t index);

/* FDML_E_ARG: "method 'lime:deph3': there is no setting 'deph3' of lime; it has k, n ...", or
 * one that is given twice. */
fdml_status fdml_method_parse(fdml_method *method, const char *text, fdml_arena *arena,
                              fdml_error *err);

/* LIME and SHAP ask the black box for rows that no table has. */
bool fdml_method_asks_new_rows(const fdml_method *method);
/* LIME, SHAP and GAM give every row its own sum; a tree is a path of answers. */
bool fdml_method_has_local(const fdml_method *method);
/* SHAP with all features, of which the table has n_features: its values add up to the black
 * box's answer, so it is faithful by construction and has no gap to test. */
bool fdml_method_is_exact(const fdml_method *method, size_t n_features);
/* One sentence: how this method is made here, with all its settings in words. In `arena`;
 * NULL: no memory. */
const char *fdml_method_describe(const fdml_method *method, fdml_arena *arena);

#endif
