/* weights.c - see weights.h.
 *
 * A name's id in the index is its place in the list, since the reader refuses a file in which
 * a name stands twice.
 *
 * SPDX-License-Identifier: MIT */
#include "model/weights.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static fdml_status build_index(fdml_weights *weights, fdml_arena *arena, fdml_error *err)
{
    const size_t n = weights->file.n_tensors;
    fdml_intern_init(&weights->index, arena, false);
    weights->is_taken = fdml_arena_push_zero(arena, n, sizeof *weights->is_taken);
    bool is_done = weights->is_taken != NULL;
    for (size_t i = 0; i < n && is_done; i++) {
        uint32_t id;
        const char *name = weights->file.tensor[i].name;
        is_done = fdml_intern_add(&weights->index, name, strlen(name), &id);
    }
    if (is_done) return FDML_OK;
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for the list of %zu tensors",
                     weights->name, n);
}

fdml_status fdml_weights_parse(fdml_weights *weights, const fdml_source *source,
                               fdml_arena *arena, fdml_error *err)
{
    fdml_weights parsed = { .name = source->name };
    FDML_TRY(fdml_safetensors_parse(&parsed.file, source, arena, err));
    FDML_TRY(build_index(&parsed, arena, err));
    *weights = parsed;
    return FDML_OK;
}

fdml_status fdml_weights_open(fdml_weights *weights, const char *path, fdml_arena *arena,
                              fdml_error *err)
{
    fdml_map_list *maps = NULL;
    fdml_map map;
    FDML_TRY(fdml_map_list_add(&maps, &map, path, arena, err));
    const fdml_source source = { path, NULL, map.data, map.size };
    const fdml_status status = fdml_weights_parse(weights, &source, arena, err);
    if (status)
        fdml_map_list_close(&maps);
    else
        weights->maps = maps;
    return status;
}

void fdml_weights_invent(fdml_weights *weights, const char *name, uint64_t seed,
                         uint64_t stream, fdml_arena *arena)
{
    *weights = (fdml_weights){ .name = name, .invented = "", .seed = seed, .stream = stream };
    fdml_intern_init(&weights->index, arena, false);
}

void fdml_weights_allow(fdml_weights *weights, const char *prefix, uint64_t seed,
                        uint64_t stream)
{
    weights->invented = prefix;
    weights->seed = seed;
    weights->stream = stream;
}

void fdml_weights_close(fdml_weights *weights)
{
    fdml_map_list_close(&weights->maps);
}

static bool find(const fdml_weights *weights, const char *name, uint32_t *id)
{
    return fdml_intern_find(&weights->index, name, strlen(name), id);
}

const fdml_tensor_entry *fdml_weights_find(const fdml_weights *weights, const char *name)
{
    uint32_t id;
    return find(weights, name, &id) ? &weights->file.tensor[id] : NULL;
}

/* "[64,3,7,7]", "[any,512]". */
static const char *shape_text(char *text, int rank, const int64_t *dim)
{
    size_t n = 0;
    text[n++] = '[';
    for (int i = 0; i < rank; i++) {
        const char *comma = i ? "," : "";
        const int64_t d = dim[i];
        const int added =
            d < 0 ? snprintf(text + n, FDML_SHAPE_TEXT - n, "%sany", comma)
                  : snprintf(text + n, FDML_SHAPE_TEXT - n, "%s%lld", comma, (long long)d);
        n += added > 0 ? (size_t)added : 0; /* 8 dims of at most 20 digits fit */
    }
    memcpy(text + n, "]", 2);
    return text;
}

static bool fits(const fdml_tensor_entry *entry, int rank, const int64_t *dim)
{
    if (entry->n_dims != rank) return false;
    for (int i = 0; i < rank; i++) {
        if (dim[i] < 0 ? entry->shape[i] == 0 : entry->shape[i] != (size_t)dim[i]) return false;
    }
    return true;
}

static bool is_floating(const fdml_tensor_entry *entry)
{
    return entry->has_dtype &&
           (entry->dtype == FDML_DTYPE_F2 || entry->dtype == FDML_DTYPE_F4 ||
            entry->dtype == FDML_DTYPE_F8 || entry->dtype == FDML_DTYPE_BF16);
}

static fdml_status check_entry(const fdml_weights *weights, const fdml_tensor_entry *entry,
                               int rank, const int64_t *dim, fdml_error *err)
{
    char got[FDML_SHAPE_TEXT], expected[FDML_SHAPE_TEXT];
    int64_t shape[FDML_SAFETENSORS_MAX_DIMS];
    if (!fits(entry, rank, dim)) {
        for (int i = 0; i < entry->n_dims; i++) shape[i] = (int64_t)entry->shape[i];
        return fdml_fail(err, FDML_E_DATA, "%s: tensor '%.100s' is %s, expected %s",
                         weights->name, entry->name, shape_text(got, entry->n_dims, shape),
                         shape_text(expected, rank, dim));
    }
    if (!is_floating(entry))
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%s: tensor '%.100s' is of type %s, expected F32, F16, BF16 or F64",
                         weights->name, entry->name, entry->dtype_name);
    return FDML_OK;
}

static fdml_status set_items(fdml_tensor *tensor, const fdml_tensor_entry *entry,
                             const char *what, fdml_arena *arena, fdml_error *err)
{
    if (entry->dtype == FDML_DTYPE_F4 && (uintptr_t)entry->bytes % sizeof(float) == 0) {
        /* a graph's constants are not written to; the pointer is for tensors that are */
        memcpy(&tensor->data, &(const void *){ entry->bytes }, sizeof tensor->data);
        return FDML_OK;
    }
    FDML_TRY(fdml_tensor_alloc(tensor, arena, what, err));
    fdml_dtype_to_float(tensor->data, entry->bytes, entry->n_items, entry->dtype, false);
    return FDML_OK;
}

fdml_status fdml_weights_take(fdml_tensor *tensor, fdml_weights *weights, const char *name,
                              int rank, const int64_t *dim, fdml_arena *arena, fdml_error *err)
{
    uint32_t id;
    char expected[FDML_SHAPE_TEXT];
    if (!find(weights, name, &id))
        return fdml_fail(err, FDML_E_DATA, "%s: no tensor '%.100s', expected %s", weights->name,
                         name, shape_text(expected, rank, dim));
    const fdml_tensor_entry *entry = &weights->file.tensor[id];
    FDML_TRY(check_entry(weights, entry, rank, dim, err));
    fdml_tensor taken;
    char what[FDML_ERROR_MAX];
    snprintf(what, sizeof what, "%.200s: tensor '%.100s'", weights->name, name);
    FDML_TRY(fdml_tensor_shape(&taken, FDML_TYPE_F32, rank, entry->shape, what, err));
    FDML_TRY(set_items(&taken, entry, what, arena, err));
    weights->is_taken[id] = true;
    *tensor = taken;
    return FDML_OK;
}

/* Is `name` a tensor of the layer `prefix`, "" being all layers? */
static bool is_of_layer(const char *name, const char *prefix)
{
    const size_t n = strlen(prefix);
    return !n || (!strncmp(name, prefix, n) && name[n] == '.');
}

static fdml_status invent(fdml_tensor *tensor, const fdml_weights *weights,
                          const fdml_weights_request *r, fdml_arena *arena, fdml_error *err)
{
    size_t dim[FDML_MAX_RANK];
    fdml_tensor made;
    char what[FDML_ERROR_MAX];
    snprintf(what, sizeof what, "%.200s: tensor '%.100s'", weights->name, r->name);
    for (int i = 0; i < r->rank; i++) {
        assert(r->dim[i] > 0); /* what is made up has a size */
        dim[i] = (size_t)r->dim[i];
    }
    FDML_TRY(fdml_tensor_shape(&made, FDML_TYPE_F32, r->rank, dim, what, err));
    FDML_TRY(fdml_tensor_alloc(&made, arena, what, err));
    const fdml_first_weights first = { r->rule, r->fan, weights->seed, weights->stream,
                                       fdml_first_weights_index(r->name) };
    fdml_first_weights_fill(made.data, made.n_items, &first);
    *tensor = made;
    return FDML_OK;
}

fdml_status fdml_weights_take_or_invent(fdml_tensor *tensor, fdml_weights *weights,
                                        const fdml_weights_request *request, fdml_arena *arena,
                                        fdml_error *err)
{
    if (weights->invented && !fdml_weights_find(weights, request->name) &&
        is_of_layer(request->name, weights->invented))
        return invent(tensor, weights, request, arena, err);
    return fdml_weights_take(tensor, weights, request->name, request->rank, request->dim, arena,
                             err);
}

void fdml_weights_skip(fdml_weights *weights, const char *name)
{
    uint32_t id;
    if (find(weights, name, &id)) weights->is_taken[id] = true;
}

/* PyTorch counts the batches that went into running statistics; nothing is computed from it. */
static bool is_counter(const char *name)
{
    static const char suffix[] = "num_batches_tracked";
    const size_t length = strlen(name), n = sizeof suffix - 1;
    return length >= n && !strcmp(name + length - n, suffix);
}

fdml_status fdml_weights_check_taken(const fdml_weights *weights, const char *net,
                                     fdml_error *err)
{
    for (size_t i = 0; i < weights->file.n_tensors; i++) {
        const char *name = weights->file.tensor[i].name;
        if (weights->is_taken[i] || is_counter(name)) continue;
        return fdml_fail(err, FDML_E_DATA, "%s: tensor '%.100s' is no part of %s",
                         weights->name, name, net);
    }
    return FDML_OK;
}

const char *fdml_weights_metadata(const fdml_weights *weights, const char *key)
{
    for (size_t i = 0; i < weights->file.n_metadata; i++)
        if (!strcmp(weights->file.metadata[2 * i], key))
            return weights->file.metadata[2 * i + 1];
    return NULL;
}

size_t fdml_weights_n_parameters(const fdml_weights *weights)
{
    size_t n = 0;
    for (size_t i = 0; i < weights->file.n_tensors; i++)
        if (is_floating(&weights->file.tensor[i])) n += weights->file.tensor[i].n_items;
    return n;
}
