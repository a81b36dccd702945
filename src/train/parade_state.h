/* parade_state.h - what the files of parade.h share: parade.c (options, parameters, embedding)
 * and parade_run.c (a step).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_PARADE_STATE_H
#define FDML_TRAIN_PARADE_STATE_H

#include "train/head.h"
#include "train/parade.h"

enum { FDML_LOSS_PARAMS = 16 }; /* room for the parameters of an objective */

typedef struct fdml_attribute_head {
    fdml_attribute_options options; /* dim set, rho 0 where nothing separates */
    char *prefix, *loss_prefix, *separation_prefix;
    bool has_head;               /* z is wanted: for its own loss, or by diva */
    fdml_head head;              /* if has_head */
    fdml_objective *objective;   /* NULL where alpha is 0 */
    fdml_params loss_params;     /* of objective: gradients that alpha scales */
    fdml_separation *separation; /* NULL where rho is 0 */
    bool head_idles, loss_idles, separation_idles; /* of the last step: see param.h */
} fdml_attribute_head;

struct fdml_metric_heads {
    fdml_metric_options options;
    fdml_head head;
    fdml_objective *objective;
    fdml_attribute_head *attribute; /* [n_attributes] */
};

#endif
