/* scratch.h - files, errors and spoiled input for unit tests.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_UNIT_SCRATCH_H
#define FDML_TESTS_UNIT_SCRATCH_H

#include <stddef.h>

#include "base/status.h"

/* A path in a folder of this process's own, removed when it exits. Valid for the next seven
 * calls. */
const char *scratch_path(const char *name);
const char *scratch_write(const char *name, const void *bytes, size_t size);
const char *scratch_text(const char *name, const char *text);

/* The whole file, NUL-terminated, in a buffer that the next call overwrites; "" if absent. */
const char *scratch_read(const char *path);

/* A file of the shared test data, beside the tree. Where it is absent the test is skipped, or
 * fails when CI=true. */
const char *scratch_shared(const char *path);

/* Fails the test unless status and the whole sentence are as given. */
void scratch_expect_error(fdml_status got, const fdml_error *err, fdml_status want,
                          const char *text);

/* An .npy of this version with the dictionary padded as NumPy does; returns its size. */
size_t scratch_npy(unsigned char *out, int version, const char *dictionary, const void *data,
                   size_t size);

/* Reads every value, so that a sanitizer sees where they lie. */
void scratch_touch(const float *values, size_t n);

/* Calls `read` with every truncation and every single-bit change of the bytes, each in memory
 * of exactly its size. What read returns does not matter; that it returns does. */
typedef void scratch_reader(const unsigned char *bytes, size_t size);
void scratch_spoil(scratch_reader *read, const void *bytes, size_t size);

#endif
