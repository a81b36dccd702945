/* study.h - what is measured in many worlds, and what is promised of it.
 *
 * A study draws worlds from one law and measures each as a user would: it audits embeddings
 * (world.h), or the fidelity of explanations (fidelity_world.h). In each world it notes
 * numbers: an interval and the truth it should hold, or the p of a test. The same numbers are
 * noted in the same order in every world; a tally (tally.c) counts.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_VALIDATE_STUDY_H
#define FDML_TESTS_VALIDATE_STUDY_H

#include "explain/fidelity_change.h"
#include "fidelity_world.h"
#include "world.h"

enum { MOST_NOTES = 48 };

typedef enum note_kind {
    COVERS,  /* a 95% interval: holds the truth in 93% to 97% of worlds */
    REJECTS, /* the p of a true hypothesis: at most 5% in 4% to 6% of worlds */
    CAREFUL, /* the same where equal statistics make p large: at most 5% in at most 6% */
    FAMILY,  /* the least corrected p of many true ones: at most 5% in at most 5% of worlds */
    FINDS,   /* the p of a false hypothesis: at most 5% in 80% of worlds or more */
    DETECTS, /* the same where the power is said to be 80%: at most 5% in 75% to 85% */
} note_kind;

typedef struct note {
    char what[44];
    note_kind kind;
    bool is_promised; /* else it is shown, and nothing follows */
    double value, lo, hi, p;
    double truth; /* NaN: the mean of the value over all worlds, or, for a ratio, ... */
    bool is_ratio;
    size_t above, below; /* ... that of the mean values of two earlier notes */
} note;

typedef struct notes {
    note note[MOST_NOTES];
    size_t n;
} notes;

/* What a world of explanations gave. */
typedef struct fidelity_outcome {
    true_fidelity truth[MOST_SIDES];
    fdml_fidelity measured;      /* of a law with one side */
    fdml_fidelity_change change; /* of one with two: the first less the other */
} fidelity_outcome;

typedef struct study {
    const char *name, *about;
    size_t n_bootstrap, n_permutations;
    bool is_limit;  /* beyond what is promised: everything is shown */
    size_t n_short; /* worlds of the short form; 0: it is left out */
    size_t n_long;  /* of the long one; 0: as many as others */
    /* An audit: */
    law law;
    const char *metrics;
    fdml_unit unit;
    const char *reference; /* NULL: overall */
    void (*set)(world *w); /* NULL, or changes settings and problem */
    void (*note)(notes *n, const world *w, const fdml_audit_result *result);
    /* Explanations: */
    fidelity_law fidelity;
    void (*note_fidelity)(notes *n, const fidelity_outcome *outcome);
} study;

/* Appends; `what` is cut to its length. truth NaN: see above. */
void note_interval(notes *n, const char *what, const char *which, const fdml_estimate *estimate,
                   double truth);
void note_shown(notes *n, const char *what, const char *which, const fdml_estimate *estimate,
                double truth); /* likewise, not promised */
/* above, below: notes of the two values, given before. */
void note_ratio(notes *n, const char *what, const char *which, const fdml_estimate *estimate,
                size_t above, size_t below);
void note_test(notes *n, note_kind kind, const char *what, const char *which, double p);
void note_unpromised(notes *n); /* the last note is shown only */

/* The studies of one file, ended by one without a name. */
extern const study audit_studies[], verify_studies[], learned_studies[], compare_studies[],
    fidelity_studies[];

/* One world of a study, drawn, measured and noted. False: why has been said to stderr. */
bool run_fidelity(notes *n, const study *s, uint32_t number);

/* Counts of one number over the worlds of a study. */
typedef struct tally {
    note_kind kind;
    bool is_promised;
    char what[44];
    size_t n_worlds, n_given, n_hits;
    double truth, mean, deviation,
        width; /* of the value over worlds; mean width of intervals */
} tally;
void tally_notes(tally *t, const notes *worlds, size_t n_worlds, size_t index);
double tally_share(const tally *t);
double tally_error(const tally *t); /* standard error of the share */
/* Inside the band of the long form; of the short one. */
bool tally_holds(const tally *t);
bool tally_may_hold(const tally *t);

#endif
