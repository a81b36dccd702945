/* handles.h - what the handles of fdml.h are inside.
 *
 * Each is the first piece of an arena that it owns, so that freeing it is closing the arena.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_API_HANDLES_H
#define FDML_API_HANDLES_H

#include "base/arena.h"
#include "base/status.h"
#include "data/factor.h"
#include "eval/audit_options.h"
#include "eval/problem.h"

struct fdml_dataset {
    fdml_arena arena;
    const float *rows; /* [n_rows, dim], borrowed from the caller */
    size_t n_rows, dim;
    fdml_factor label, exclude; /* name NULL: not set */
    fdml_factor attribute[FDML_MAX_ATTRIBUTES];
    size_t n_attributes;
    const uint8_t *is_query, *is_gallery; /* [n_rows] or NULL */
};

struct fdml_options {
    fdml_arena arena;
    fdml_audit_options audit;
    uint64_t n_threads; /* 0: as many as there are */
    const char *isa;    /* NULL: the best */
    size_t max_memory;  /* 0: no limit */
    fdml_progress progress;
};

/* The defaults; texts that are set later go to `arena`. */
void fdml_options_init(fdml_options *options);

#endif
