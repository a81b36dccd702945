/* safetensors_write.c - see safetensors_write.h.
 *
 * The length of the header stands before it, so it is written to memory first; how much it can
 * need at most is known from its texts.
 *
 * SPDX-License-Identifier: MIT */
#include "data/safetensors_write.h"

#include <assert.h>
#include <string.h>

#include "base/intern.h"
#include "base/json.h"

typedef struct writer {
    const fdml_safetensors_item *item;
    size_t n;
    const char *const *metadata;
    size_t n_metadata;
    const char *name;
} writer;

static const char *dtype_name(fdml_dtype dtype)
{
    static const char *const names[] = {
        [FDML_DTYPE_F2] = "F16", [FDML_DTYPE_F4] = "F32",    [FDML_DTYPE_F8] = "F64",
        [FDML_DTYPE_I1] = "I8",  [FDML_DTYPE_BF16] = "BF16", [FDML_DTYPE_I2] = "I16",
        [FDML_DTYPE_I4] = "I32", [FDML_DTYPE_I8] = "I64",    [FDML_DTYPE_U1] = "U8",
        [FDML_DTYPE_U2] = "U16", [FDML_DTYPE_U4] = "U32",    [FDML_DTYPE_U8] = "U64",
    };
    return names[dtype];
}

/* Bytes of an item's data; false where they do not fit what JSON's integers can say. */
static bool item_size(size_t *size, const fdml_safetensors_item *item)
{
    const size_t limit = (size_t)1 << 53;
    bool is_empty = false;
    size_t n = fdml_dtype_size(item->dtype);
    for (int i = 0; i < item->n_dims; i++) {
        const size_t d = item->shape[i];
        if (!d) is_empty = true;
        if (d > limit / n) return false;
        if (d) n *= d;
    }
    *size = is_empty ? 0 : n;
    return true;
}

static fdml_status check(const writer *w, fdml_arena *arena, fdml_error *err)
{
    fdml_intern names;
    fdml_intern_init(&names, arena, false);
    size_t size, total = 0;
    for (size_t i = 0; i < w->n; i++) {
        const char *name = w->item[i].name;
        uint32_t id;
        assert(w->item[i].n_dims >= 0 && w->item[i].n_dims <= FDML_SAFETENSORS_MAX_DIMS);
        if (!fdml_intern_add(&names, name, strlen(name), &id))
            return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for %zu names", w->name, w->n);
        if (id != i || !strcmp(name, "__metadata__"))
            return fdml_fail(err, FDML_E_ARG, "%s: the name '%.100s' is taken", w->name, name);
        if (!item_size(&size, &w->item[i]) || size > ((size_t)1 << 53) - total)
            return fdml_fail(err, FDML_E_ARG, "%s: tensor '%.100s' is larger than any file",
                             w->name, name);
        total += size;
    }
    return FDML_OK;
}

/* What the header takes at most: a byte of text becomes up to six, as in \u001f, an integer
 * up to 20 digits, and keys and punctuation of an entry are some 60 bytes. */
static size_t header_bound(const writer *w)
{
    enum { ESCAPED = 6, ENTRY = 64 + 22 * (FDML_SAFETENSORS_MAX_DIMS + 2) };
    size_t bound = 256;
    for (size_t i = 0; i < w->n; i++) bound += ESCAPED * strlen(w->item[i].name) + ENTRY;
    for (size_t i = 0; i < 2 * w->n_metadata; i++)
        bound += ESCAPED * strlen(w->metadata[i]) + 8;
    return bound;
}

static void put_entry(fdml_json_writer *json, const fdml_safetensors_item *item, size_t begin,
                      size_t end)
{
    fdml_json_key(json, item->name);
    fdml_json_begin_object(json);
    fdml_json_key(json, "dtype");
    fdml_json_string(json, dtype_name(item->dtype));
    fdml_json_key(json, "shape");
    fdml_json_begin_array(json);
    for (int i = 0; i < item->n_dims; i++) fdml_json_integer(json, (int64_t)item->shape[i]);
    fdml_json_end_array(json);
    fdml_json_key(json, "data_offsets");
    fdml_json_begin_array(json);
    fdml_json_integer(json, (int64_t)begin);
    fdml_json_integer(json, (int64_t)end);
    fdml_json_end_array(json);
    fdml_json_end_object(json);
}

static void put_header(const writer *w, FILE *file)
{
    fdml_json_writer json;
    size_t at = 0;
    fdml_json_writer_init(&json, file, 0);
    fdml_json_begin_object(&json);
    if (w->n_metadata) {
        fdml_json_key(&json, "__metadata__");
        fdml_json_begin_object(&json);
        for (size_t i = 0; i < w->n_metadata; i++) {
            fdml_json_key(&json, w->metadata[2 * i]);
            fdml_json_string(&json, w->metadata[2 * i + 1]);
        }
        fdml_json_end_object(&json);
    }
    for (size_t i = 0; i < w->n; i++) {
        size_t size = 0;
        item_size(&size, &w->item[i]);
        put_entry(&json, &w->item[i], at, at + size);
        at += size;
    }
    fdml_json_end_object(&json);
}

/* The header's text, padded with spaces to a multiple of 8. */
static fdml_status make_header(char **text, size_t *size, const writer *w, fdml_arena *arena,
                               fdml_error *err)
{
    const size_t bound = header_bound(w);
    char *header = fdml_arena_push(arena, bound, 1);
    FILE *memory = header ? fmemopen(header, bound, "w") : NULL;
    if (!memory)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for a header of up to %zu bytes",
                         w->name, bound);
    put_header(w, memory);
    fflush(memory);
    const long length = ftell(memory);
    fclose(memory);
    assert(length > 0 && (size_t)length + 8 < bound);
    const size_t padded = ((size_t)length + 7) / 8 * 8;
    memset(header + length, ' ', padded - (size_t)length);
    if (padded > FDML_SAFETENSORS_MAX_HEADER)
        return fdml_fail(err, FDML_E_LIMIT, "%s: a header of %zu bytes, the limit is %d",
                         w->name, padded, FDML_SAFETENSORS_MAX_HEADER);
    *text = header;
    *size = padded;
    return FDML_OK;
}

static fdml_status write_all(const writer *w, FILE *file, fdml_arena *arena, fdml_error *err)
{
    char *header = NULL; /* gcc does not see that a failure is never FDML_OK */
    size_t header_size = 0, size;
    FDML_TRY(check(w, arena, err));
    FDML_TRY(make_header(&header, &header_size, w, arena, err));
    const uint64_t length = header_size; /* little-endian, as is this machine */
    fwrite(&length, sizeof length, 1, file);
    fwrite(header, 1, header_size, file);
    for (size_t i = 0; i < w->n; i++)
        if (item_size(&size, &w->item[i]) && size) fwrite(w->item[i].data, 1, size, file);
    return FDML_OK;
}

fdml_status fdml_safetensors_write(FILE *file, const fdml_safetensors_item *item, size_t n,
                                   const char *const *metadata, size_t n_metadata,
                                   const char *name, fdml_error *err)
{
    const writer w = { item, n, metadata, n_metadata, name };
    fdml_arena local;
    fdml_arena_init(&local, 0);
    const fdml_status status = write_all(&w, file, &local, err);
    fdml_arena_close(&local);
    return status;
}
