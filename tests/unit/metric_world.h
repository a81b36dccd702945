/* metric_world.h - a small batch behind a trunk, for tests of train/parade.h.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_METRIC_WORLD_H
#define FDML_TESTS_UNIT_METRIC_WORLD_H

#include "train/parade.h"

enum { MW_ROWS = 24, MW_IN = 10, MW_DIM = 6, MW_CLASSES = 4, MW_COLORS = 3, MW_SIZES = 2 };
enum { MW_PARAMS = 32 };

typedef struct metric_world {
    fdml_arena arena, work;
    fdml_metric_heads *heads;
    fdml_param item[MW_PARAMS];
    fdml_params params;
    uint32_t label[MW_ROWS], color[MW_ROWS], size[MW_ROWS];
    const uint32_t *attribute[2];
    float h[MW_ROWS * MW_IN], dh[MW_ROWS * MW_IN];
    uint64_t step;
    fdml_metric_result result;
} metric_world;

/* normsoftmax, dim MW_DIM, one thread, the fastest kernels, no attributes. */
fdml_metric_options metric_options(void);
/* "color" or "size" with no alpha and no rho. */
fdml_attribute_options metric_attribute(const char *name);

/* Features, labels and codes depend on nothing but themselves. */
void metric_open(metric_world *w, const fdml_metric_options *options);
void metric_close(metric_world *w);
void metric_run(metric_world *w); /* fails the test where the step fails */
const fdml_param *metric_param(const metric_world *w, const char *name); /* likewise */

/* Fails the test unless dh, loss and the gradients of parameters that both have are the same
 * bits. */
void metric_expect_same(const metric_world *a, const metric_world *b);

#endif
