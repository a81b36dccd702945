/* schedule.h - a factor as a pure function of the step: of the learning rate, alpha or rho.
 *
 * Being pure it needs no state in a checkpoint, and is the same after an interruption. The
 * formulas are those of PyTorch's LinearLR followed by ConstantLR, MultiStepLR or
 * CosineAnnealingLR, in closed form and in double; the cosine is base/dmath.h's.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_SCHEDULE_H
#define FDML_TRAIN_SCHEDULE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum fdml_schedule_kind {
    FDML_SCHEDULE_CONSTANT, /* 1 */
    FDML_SCHEDULE_STEP,     /* gamma to the number of milestones <= step */
    FDML_SCHEDULE_COSINE, /* floor + (1 - floor) (1 + cos(pi t / T)) / 2, t from the end of the
                           * warm-up, T = n_steps - start - warmup; floor from n_steps on */
    FDML_SCHEDULE_COUNT
} fdml_schedule_kind;

/* All zero: 1 at every step. */
typedef struct fdml_schedule {
    fdml_schedule_kind kind;
    uint64_t start;  /* 0 before this step */
    uint64_t warmup; /* steps from `start` on, over which the factor of the kind is multiplied
                      * by warmup_from + (1 - warmup_from) (step - start) / warmup */
    double warmup_from;        /* 0 to 1 */
    uint64_t n_steps;          /* of the run, cosine only */
    double floor;              /* cosine only, 0 to 1 */
    double gamma;              /* step only */
    const uint64_t *milestone; /* step only: steps of the run, ascending; borrowed */
    size_t n_milestones;
} fdml_schedule;

/* FDML_E_ARG names the setting that is out of its range; `what` starts the sentence: "lr". */
fdml_status fdml_schedule_check(const fdml_schedule *schedule, const char *what,
                                fdml_error *err);
double fdml_schedule_factor(const fdml_schedule *schedule, uint64_t step);

/* "constant", "step", "cosine". FDML_E_ARG lists them. */
fdml_status fdml_schedule_parse(fdml_schedule_kind *kind, const char *name, fdml_error *err);
const char *fdml_schedule_name(fdml_schedule_kind kind);

#endif
