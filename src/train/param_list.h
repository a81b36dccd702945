/* param_list.h - how owners append to a list of parameters (param.h).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_PARAM_LIST_H
#define FDML_TRAIN_PARAM_LIST_H

#include "base/arena.h"
#include "base/status.h"
#include "train/param.h"

/* Appends `param` under the name prefix + "." + param->name, or its name alone where prefix is
 * NULL; the name is made in the arena. FDML_E_LIMIT: the list is full. FDML_E_NOMEM. */
fdml_status fdml_params_add(fdml_params *params, const char *prefix, const fdml_param *param,
                            fdml_arena *arena, fdml_error *err);

#endif
