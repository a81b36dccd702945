/* target.h - what every fuzz target does besides reading: look at all that was returned.
 *
 * A reader that succeeds must hand out memory that can be read to its last byte, and one that
 * fails must say why in one line. Arenas are limited, because a small file may rightly ask for
 * a large matrix.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_FUZZ_TARGET_H
#define FDML_TESTS_FUZZ_TARGET_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/factor.h"
#include "data/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TARGET_MEMORY = 64 << 20 };

/* A broken promise is a finding like any other. */
static inline void target_require(int claim)
{
    if (!claim) abort();
}

static inline void target_check_error(fdml_status status, const fdml_error *err)
{
    target_require(status == err->status && err->text[0] && !strchr(err->text, '\n'));
}

/* Reads every value, so that the sanitizer sees where they lie. */
static inline void target_touch(const fdml_matrix *matrix)
{
    static volatile float sink;
    float sum = 0;
    for (size_t i = 0; i < matrix->n_rows * matrix->dim; i++) sum += matrix->data[i];
    sink = sum;
    (void)sink;
}

/* Probe and open must agree, whether the arena is large or too small. */
static inline void target_matrix(fdml_matrix_reader *read, const char *name, const char *member,
                                 const uint8_t *data, size_t size)
{
    const fdml_source source = { name, member, data, size };
    fdml_matrix probed, opened;
    fdml_error err;
    fdml_arena arena;
    const fdml_status probe = read(&probed, &source, NULL, &err);
    if (probe) target_check_error(probe, &err);
    fdml_arena_init(&arena, TARGET_MEMORY);
    const fdml_status open = read(&opened, &source, &arena, &err);
    if (open) target_check_error(open, &err);
    if (open == FDML_OK) {
        target_require(probe == FDML_OK && probed.n_rows == opened.n_rows);
        target_require(probed.dim == opened.dim && probed.own_size == opened.own_size);
        target_require(probed.is_mapped == opened.is_mapped && !probed.data);
        target_require(opened.n_rows && opened.dim && opened.data);
        target_touch(&opened);
    }
    fdml_arena_close(&arena);
    fdml_arena_init(&arena, 64);
    (void)read(&opened, &source, &arena, NULL);
    fdml_arena_close(&arena);
}

static inline void target_check_factor(const fdml_factor *factor)
{
    target_require(factor->n_levels > 0 && factor->n_levels <= factor->n_rows);
    for (size_t i = 0; i < factor->n_rows; i++)
        target_require(factor->code[i] < factor->n_levels);
    for (size_t i = 0; i < factor->n_levels; i++) target_require(factor->level[i][0] != 0);
}

#endif
