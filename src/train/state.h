/* state.h - everything a run must remember between two steps, in one file.
 *
 * A run is a pure function of its settings, data and seed, so what it needs to go on after an
 * interruption is the arrays that steps change (weights, buffers, the optimiser's moments) and
 * a few numbers that its program keeps as text. Both stand in one .safetensors, written under
 * another name, synced and renamed: there is the old state or the new one, whenever the run or
 * the machine stops.
 *
 *     __metadata__  "format" "fdml-state/1", "run" (the program's text), "sha256" (of the
 *                   arrays' names, sizes and bytes and of that text)
 *     tensors       one F32 [n] for each array, in the owner's order of items
 *
 * A file that is damaged anywhere is refused before an array is touched.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TRAIN_STATE_H
#define FDML_TRAIN_STATE_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/status.h"
#include "train/param.h"

#define FDML_STATE_FORMAT "fdml-state/1"

/* All arrays of the list, buffers included, whatever their gradients; names are unique. On
 * failure a file that was there before is as it was: FDML_E_IO where the disk is full. */
fdml_status fdml_state_write(const char *path, const fdml_params *arrays, const char *run,
                             fdml_error *err);

/* Fills arrays->item[].value, and *run with the text, in the arena. The file must hold these
 * arrays and no others. FDML_E_IO; FDML_E_FORMAT: damaged; FDML_E_UNSUPPORTED: no such file or
 * another version; FDML_E_DATA: arrays of another network, which are named. Scratch comes from
 * the arena too, and on success is not given back. */
fdml_status fdml_state_read(const char *path, const fdml_params *arrays, const char **run,
                            fdml_arena *arena, fdml_error *err);

/* The text alone, from a file that is whole. */
fdml_status fdml_state_read_run(const char *path, const char **run, fdml_arena *arena,
                                fdml_error *err);

/* What tells two sets of arrays apart in one line: names, sizes and bytes, in order. */
void fdml_state_hash(char hex[FDML_SHA256_HEX], const fdml_params *arrays);

#endif
