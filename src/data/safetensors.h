/* safetensors.h - named tensors in one mapped file.
 *
 * Format: 8 bytes header size (little-endian), a JSON object from name to dtype, shape and
 * data_offsets, then the data. https://github.com/huggingface/safetensors
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_SAFETENSORS_H
#define FDML_DATA_SAFETENSORS_H

#include "data/dtype.h"
#include "data/reader.h"

enum {
    FDML_SAFETENSORS_MAX_DIMS = 8,
    FDML_SAFETENSORS_MAX_HEADER = 4 << 20 /* about 40,000 tensors */
};

typedef struct fdml_tensor_entry {
    const char *name;
    char dtype_name[16]; /* "F32", also where dtype is not known */
    bool has_dtype;      /* one of fdml_dtype's; else only the bytes can be had */
    fdml_dtype dtype;
    int n_dims;
    size_t shape[FDML_SAFETENSORS_MAX_DIMS];
    size_t n_items;
    const unsigned char *bytes; /* into the source, of any alignment */
    size_t size;
} fdml_tensor_entry;

typedef struct fdml_safetensors {
    size_t n_tensors;
    const fdml_tensor_entry *tensor; /* in the order of the header */
    size_t n_metadata;
    const char *const *metadata; /* [n_metadata, 2]: key, value; text of "__metadata__" */
} fdml_safetensors;

/* Entries and names are copied to the arena; bytes stay in the source. Every entry is checked:
 * its bytes lie in the file and are as many as its shape and type need. */
fdml_status fdml_safetensors_parse(fdml_safetensors *file, const fdml_source *source,
                                   fdml_arena *arena, fdml_error *err);
const fdml_tensor_entry *fdml_safetensors_find(const fdml_safetensors *file, const char *name);

/* Member = tensor name. Without one the file must hold a single 2-D tensor. */
fdml_matrix_reader fdml_safetensors_read;

#endif
