/* safetensors_write.h - named tensors as a .safetensors file.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_SAFETENSORS_WRITE_H
#define FDML_DATA_SAFETENSORS_WRITE_H

#include <stdio.h>

#include "base/status.h"
#include "data/safetensors.h"

typedef struct fdml_safetensors_item {
    const char *name;
    fdml_dtype dtype;
    int n_dims; /* up to FDML_SAFETENSORS_MAX_DIMS */
    size_t shape[FDML_SAFETENSORS_MAX_DIMS];
    const void *data; /* native order, of any alignment */
} fdml_safetensors_item;

/* Header, padded to a multiple of 8 bytes, and the data, in the order given. metadata:
 * [n_metadata, 2] of key and value, "__metadata__" of the file. Write errors stay in the FILE;
 * open it through fdml_output. `name` starts the sentences. FDML_E_ARG: a name stands twice or
 * is
 * "__metadata__", a size that no file can have; FDML_E_LIMIT: a header that no reader takes. */
fdml_status fdml_safetensors_write(FILE *file, const fdml_safetensors_item *item, size_t n,
                                   const char *const *metadata, size_t n_metadata,
                                   const char *name, fdml_error *err);

#endif
