/* pairs_file.h - LFW's pairs.txt: who is to be compared with whom.
 *
 * Format (Huang et al. 2007): a first line "folds<TAB>n" (or "n"), then per fold n lines
 * "name i j" (same person) and n lines "name i other j" (different people); images are counted
 * from 1 within a name. Names are resolved to rows by the caller, since only it knows how rows
 * are named (by identity and order of appearance, or by a path column).
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_PAIRS_FILE_H
#define FDML_DATA_PAIRS_FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/status.h"
#include "data/reader.h"

typedef struct fdml_named_pair {
    const char *name[2];
    uint32_t image[2]; /* from 1 */
    uint32_t fold;     /* from 0 */
    uint32_t line;     /* of the file, from 1 */
} fdml_named_pair;     /* a genuine pair has name[0] equal to name[1] */

typedef struct fdml_pairs {
    const char *path;
    size_t n_pairs, n_folds;
    const fdml_named_pair *pair;
} fdml_pairs;

fdml_status fdml_pairs_open(fdml_pairs *pairs, const char *path, fdml_arena *arena,
                            fdml_error *err);

/* The same from bytes in memory; errors start with source->name. */
fdml_status fdml_pairs_read(fdml_pairs *pairs, const fdml_source *source, fdml_arena *arena,
                            fdml_error *err);

#endif
