/* safetensors.c - see safetensors.h.
 *
 * The JSON is parsed under a size and depth limit, then every entry is checked against the
 * file before any is handed out. Gaps and overlaps between tensors are not looked for: they
 * cannot make a read leave the file.
 * SPDX-License-Identifier: MIT */
#include "data/safetensors.h"

#include <stdio.h>
#include <string.h>

#include "base/intern.h"
#include "base/json.h"

enum { JSON_DEPTH = 8, PREFIX = 8 };

typedef struct parser {
    const char *name; /* of the file */
    const unsigned char *data;
    size_t data_size;
    fdml_arena *arena;
    fdml_tensor_entry *tensor;
    size_t n_tensors;
    const char **metadata;
    size_t n_metadata;
} parser;

static fdml_status fail_entry(const parser *p, const char *tensor, const char *what,
                              fdml_error *err)
{
    return fdml_fail(err, FDML_E_FORMAT, "%s: tensor '%.100s': %s", p->name, tensor, what);
}

static bool set_dtype(fdml_tensor_entry *t, const char *text)
{
    static const struct {
        const char *name;
        fdml_dtype dtype;
    } known[] = { { "F32", FDML_DTYPE_F4 },    { "F16", FDML_DTYPE_F2 },
                  { "BF16", FDML_DTYPE_BF16 }, { "F64", FDML_DTYPE_F8 },
                  { "I8", FDML_DTYPE_I1 },     { "I16", FDML_DTYPE_I2 },
                  { "I32", FDML_DTYPE_I4 },    { "I64", FDML_DTYPE_I8 },
                  { "U8", FDML_DTYPE_U1 },     { "U16", FDML_DTYPE_U2 },
                  { "U32", FDML_DTYPE_U4 },    { "U64", FDML_DTYPE_U8 } };
    if (!text || strlen(text) >= sizeof t->dtype_name) return false;
    memcpy(t->dtype_name, text, strlen(text) + 1);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(text, known[i].name)) continue;
        t->dtype = known[i].dtype;
        t->has_dtype = true;
    }
    return true;
}

static bool get_size(const fdml_json *value, size_t *size)
{
    int64_t integer;
    if (!value || !fdml_json_get_integer(value, &integer) || integer < 0) return false;
    *size = (size_t)integer;
    return true;
}

static fdml_status parse_shape(parser *p, fdml_tensor_entry *t, const fdml_json *shape,
                               fdml_error *err)
{
    if (!shape || fdml_json_kind_of(shape) != FDML_JSON_ARRAY)
        return fail_entry(p, t->name, "has no shape", err);
    t->n_items = 1;
    for (const fdml_json *d = fdml_json_first(shape); d; d = fdml_json_next(d)) {
        size_t size;
        if (t->n_dims == FDML_SAFETENSORS_MAX_DIMS)
            return fail_entry(p, t->name, "has more than 8 dimensions", err);
        if (!get_size(d, &size)) return fail_entry(p, t->name, "has an invalid shape", err);
        if (size && t->n_items > SIZE_MAX / 8 / size)
            return fail_entry(p, t->name, "is larger than any memory", err);
        t->shape[t->n_dims++] = size;
        t->n_items *= size;
    }
    return FDML_OK;
}

static fdml_status parse_offsets(parser *p, fdml_tensor_entry *t, const fdml_json *offsets,
                                 fdml_error *err)
{
    size_t begin, end;
    const fdml_json *first = NULL;
    if (offsets && fdml_json_kind_of(offsets) == FDML_JSON_ARRAY)
        first = fdml_json_first(offsets);
    const fdml_json *second = first ? fdml_json_next(first) : NULL;
    if (!get_size(first, &begin) || !get_size(second, &end) || fdml_json_next(second))
        return fail_entry(p, t->name, "has no valid data_offsets", err);
    if (begin > end || end > p->data_size)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: tensor '%.100s': bytes %zu to %zu of %zu bytes of data", p->name,
                         t->name, begin, end, p->data_size);
    t->bytes = p->data + begin;
    t->size = end - begin;
    const size_t expected = t->has_dtype ? t->n_items * fdml_dtype_size(t->dtype) : t->size;
    if (t->size != expected)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: tensor '%.100s': %zu bytes, expected %zu for its shape and %s",
                         p->name, t->name, t->size, expected, t->dtype_name);
    return FDML_OK;
}

static const char *keep(parser *p, const char *text)
{
    return fdml_arena_copy_text(p->arena, text, strlen(text));
}

static fdml_status fail_memory(const parser *p, fdml_error *err)
{
    return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for the list of tensors", p->name);
}

static fdml_status parse_metadata(parser *p, const fdml_json *object, fdml_error *err)
{
    if (fdml_json_kind_of(object) != FDML_JSON_OBJECT || p->metadata)
        return fdml_fail(err, FDML_E_FORMAT, "%s: __metadata__ is no object", p->name);
    p->metadata = fdml_arena_push(p->arena, 2 * fdml_json_length(object), sizeof *p->metadata);
    if (!p->metadata) return fail_memory(p, err);
    for (const fdml_json *m = fdml_json_first(object); m; m = fdml_json_next(m)) {
        const char *value = fdml_json_text(m);
        if (!value)
            return fdml_fail(err, FDML_E_FORMAT, "%s: __metadata__ '%.100s' is no string",
                             p->name, fdml_json_name(m));
        const char *key = keep(p, fdml_json_name(m)), *text = keep(p, value);
        if (!key || !text) return fail_memory(p, err);
        p->metadata[2 * p->n_metadata] = key;
        p->metadata[2 * p->n_metadata + 1] = text;
        p->n_metadata++;
    }
    return FDML_OK;
}

static fdml_status parse_entry(parser *p, const fdml_json *item, fdml_error *err)
{
    const char *name = fdml_json_name(item);
    if (!strcmp(name, "__metadata__")) return parse_metadata(p, item, err);
    fdml_tensor_entry t = { .name = keep(p, name) };
    if (!t.name) return fail_memory(p, err);
    if (fdml_json_kind_of(item) != FDML_JSON_OBJECT)
        return fail_entry(p, name, "is no object", err);
    const fdml_json *dtype = fdml_json_find(item, "dtype");
    if (!dtype || !set_dtype(&t, fdml_json_text(dtype)))
        return fail_entry(p, name, "has no dtype", err);
    FDML_TRY(parse_shape(p, &t, fdml_json_find(item, "shape"), err));
    FDML_TRY(parse_offsets(p, &t, fdml_json_find(item, "data_offsets"), err));
    p->tensor[p->n_tensors++] = t;
    return FDML_OK;
}

/* Two tensors of one name would let two readers of the file see different models. */
static fdml_status check_names(const parser *p, fdml_error *err)
{
    fdml_arena local;
    fdml_intern names;
    fdml_status status = FDML_OK;
    fdml_arena_init(&local, 0);
    fdml_intern_init(&names, &local, false);
    for (size_t i = 0; i < p->n_tensors && !status; i++) {
        uint32_t id;
        const char *name = p->tensor[i].name;
        if (!fdml_intern_add(&names, name, strlen(name), &id))
            status = fail_memory(p, err);
        else if (id != i)
            status = fail_entry(p, name, "stands twice", err);
    }
    fdml_arena_close(&local);
    return status;
}

static fdml_status parse_root(parser *p, const fdml_json *root, fdml_error *err)
{
    if (fdml_json_kind_of(root) != FDML_JSON_OBJECT)
        return fdml_fail(err, FDML_E_FORMAT, "%s: the header is no object", p->name);
    p->tensor = fdml_arena_push(p->arena, fdml_json_length(root), sizeof *p->tensor);
    if (!p->tensor) return fail_memory(p, err);
    for (const fdml_json *item = fdml_json_first(root); item; item = fdml_json_next(item))
        FDML_TRY(parse_entry(p, item, err));
    return check_names(p, err);
}

fdml_status fdml_safetensors_parse(fdml_safetensors *file, const fdml_source *source,
                                   fdml_arena *arena, fdml_error *err)
{
    const char *name = source->name;
    if (source->size < PREFIX)
        return fdml_fail(err, FDML_E_FORMAT, "%s: %zu bytes, too short for a header", name,
                         source->size);
    uint64_t length;
    memcpy(&length, source->bytes, sizeof length); /* little-endian, as is this machine */
    if (length > source->size - PREFIX)
        return fdml_fail(err, FDML_E_FORMAT, "%s: header of %llu bytes in a file of %zu", name,
                         (unsigned long long)length, source->size);
    const size_t header_size = (size_t)length;
    fdml_json *root;
    FDML_TRY(fdml_json_parse(&root, (const char *)source->bytes + PREFIX, header_size,
                             FDML_SAFETENSORS_MAX_HEADER, JSON_DEPTH, name, err));
    parser p = { .name = name,
                 .data = source->bytes + PREFIX + header_size,
                 .data_size = source->size - PREFIX - header_size,
                 .arena = arena };
    const fdml_status status = parse_root(&p, root, err);
    fdml_json_close(root);
    if (!status) *file = (fdml_safetensors){ p.n_tensors, p.tensor, p.n_metadata, p.metadata };
    return status;
}

const fdml_tensor_entry *fdml_safetensors_find(const fdml_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->n_tensors; i++)
        if (!strcmp(file->tensor[i].name, name)) return &file->tensor[i];
    return NULL;
}

static fdml_status fail_choice(const fdml_safetensors *file, const fdml_source *source,
                               const char *why, fdml_error *err)
{
    char names[256] = "none";
    size_t n = 0;
    for (size_t i = 0; i < file->n_tensors && n < sizeof names - 1; i++) {
        const int added =
            snprintf(names + n, sizeof names - n, "%s%s", i ? ", " : "", file->tensor[i].name);
        n += added > 0 ? (size_t)added : 0;
    }
    return fdml_fail(err, FDML_E_DATA, "%.120s: %s; tensors are %s%s", source->name, why, names,
                     n >= sizeof names ? "..." : "");
}

static fdml_status choose(const fdml_tensor_entry **chosen, const fdml_safetensors *file,
                          const fdml_source *source, fdml_error *err)
{
    char why[128];
    *chosen = NULL;
    if (source->member) {
        *chosen = fdml_safetensors_find(file, source->member);
        if (*chosen) return FDML_OK;
        snprintf(why, sizeof why, "no tensor '%.80s'", source->member);
        return fail_choice(file, source, why, err);
    }
    size_t n_found = 0;
    for (size_t i = 0; i < file->n_tensors; i++) {
        if (file->tensor[i].n_dims != 2) continue;
        *chosen = &file->tensor[i];
        n_found++;
    }
    if (n_found == 1) return FDML_OK;
    snprintf(why, sizeof why, "%zu 2-D tensors, choose one as FILE:NAME", n_found);
    return fail_choice(file, source, why, err);
}

static fdml_status read_tensor(fdml_matrix *matrix, const fdml_tensor_entry *t,
                               const fdml_source *source, fdml_arena *arena, fdml_error *err)
{
    if (t->n_dims != 2)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: tensor '%.100s' has %d dimensions, expected rows x dim",
                         source->name, t->name, t->n_dims);
    if (!t->has_dtype)
        return fdml_fail(err, FDML_E_UNSUPPORTED, "%s: tensor '%.100s' is %s, expected numbers",
                         source->name, t->name, t->dtype_name);
    fdml_matrix read = { 0 };
    memcpy(read.dtype, t->dtype_name, sizeof read.dtype);
    read.is_mapped = t->dtype == FDML_DTYPE_F4 && (uintptr_t)t->bytes % sizeof(float) == 0;
    float *values = NULL;
    FDML_TRY(fdml_matrix_reserve(&read, &values, t->shape[0], t->shape[1], source->name,
                                 read.is_mapped ? NULL : arena, err));
    if (read.is_mapped) read.own_size = 0;
    if (values) fdml_dtype_to_float(values, t->bytes, t->n_items, t->dtype, false);
    if (arena) read.data = read.is_mapped ? (const float *)(const void *)t->bytes : values;
    *matrix = read;
    return FDML_OK;
}

fdml_status fdml_safetensors_read(fdml_matrix *matrix, const fdml_source *source,
                                  fdml_arena *arena, fdml_error *err)
{
    fdml_arena local; /* the list of tensors ends with this call */
    fdml_arena_init(&local, 0);
    fdml_safetensors file;
    const fdml_tensor_entry *t;
    fdml_status status = fdml_safetensors_parse(&file, source, &local, err);
    if (!status) status = choose(&t, &file, source, err);
    if (!status) status = read_tensor(matrix, t, source, arena, err);
    fdml_arena_close(&local);
    return status;
}
