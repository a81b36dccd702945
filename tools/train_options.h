/* train_options.h - a configuration as the options of the parts that train.
 *
 * Names and settings that only those parts know are checked here, so that a mistake is found
 * before anything is computed and is told with its place in the configuration.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_TRAIN_OPTIONS_H
#define FDML_TOOLS_TRAIN_OPTIONS_H

#include "config.h"
#include "train/sampler.h"
#include "train/trainer.h"
#include "train_data.h"

/* Completes the settings of the objective: all of them, in its order, with their defaults. */
const fdml_objective_info *train_objective(config *c);

fdml_sampler_options train_sampler_options(const config *c);

/* Everything but trunk, input, kernels and threads; arrays are in the arena. n_steps: of the
 * run. */
fdml_trainer_options train_trainer_options(const config *c, const train_data *data,
                                           uint64_t n_steps, fdml_arena *arena);

#endif
