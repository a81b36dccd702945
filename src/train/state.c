/* state.c - see state.h.
 *
 * The hash is what finds a flipped bit: a .safetensors has no checksum of its own. It covers
 * the program's text as well, whose numbers decide where the run goes on.
 *
 * SPDX-License-Identifier: MIT */
#include "train/state.h"

#include <stdint.h>
#include <string.h>

#include "base/file.h"
#include "data/safetensors_write.h"

static void hash_array(fdml_sha256 *sha, const char *name, const void *bytes, size_t n)
{
    const uint64_t count = n;
    fdml_sha256_update(sha, name, strlen(name) + 1);
    fdml_sha256_update(sha, &count, sizeof count);
    fdml_sha256_update(sha, bytes, n * sizeof(float));
}

/* `run` is NULL where the arrays alone are meant. */
static void hash_state(char hex[FDML_SHA256_HEX], const fdml_params *arrays, const char *run)
{
    fdml_sha256 sha;
    fdml_sha256_init(&sha);
    if (run) fdml_sha256_update(&sha, run, strlen(run) + 1);
    for (size_t i = 0; i < arrays->n; i++)
        hash_array(&sha, arrays->item[i].name, arrays->item[i].value, arrays->item[i].n);
    fdml_sha256_final(&sha, hex);
}

void fdml_state_hash(char hex[FDML_SHA256_HEX], const fdml_params *arrays)
{
    hash_state(hex, arrays, NULL);
}

static fdml_status write_file(FILE *file, const char *path, const fdml_params *arrays,
                              const char *run, fdml_error *err)
{
    fdml_arena arena;
    char sha256[FDML_SHA256_HEX];
    const char *const metadata[] = {
        "format", FDML_STATE_FORMAT, "sha256", sha256, "run", run
    };
    fdml_arena_init(&arena, 0);
    fdml_safetensors_item *item = fdml_arena_push(&arena, arrays->n, sizeof *item);
    if (!item)
        return fdml_fail(err, FDML_E_NOMEM, "%s: no memory for the list of %zu arrays", path,
                         arrays->n);
    for (size_t i = 0; i < arrays->n; i++)
        item[i] = (fdml_safetensors_item){ .name = arrays->item[i].name,
                                           .dtype = FDML_DTYPE_F4,
                                           .n_dims = 1,
                                           .shape = { arrays->item[i].n },
                                           .data = arrays->item[i].value };
    hash_state(sha256, arrays, run);
    const fdml_status status =
        fdml_safetensors_write(file, item, arrays->n, metadata, 3, path, err);
    fdml_arena_close(&arena);
    return status;
}

fdml_status fdml_state_write(const char *path, const fdml_params *arrays, const char *run,
                             fdml_error *err)
{
    fdml_output output;
    FDML_TRY(fdml_output_open(&output, path, NULL, err));
    const fdml_status status = write_file(output.file, path, arrays, run, err);
    if (!status) return fdml_output_commit(&output, err);
    fdml_output_abort(&output);
    return status;
}

static const char *find_text(const fdml_safetensors *file, const char *key)
{
    for (size_t i = 0; i < file->n_metadata; i++)
        if (!strcmp(file->metadata[2 * i], key)) return file->metadata[2 * i + 1];
    return NULL;
}

/* Is every byte what was written? Tensors stand in the order of the list then. */
static fdml_status check_whole(const fdml_safetensors *file, const char *path, const char **run,
                               fdml_error *err)
{
    const char *format = find_text(file, "format"), *written = find_text(file, "sha256");
    char sha256[FDML_SHA256_HEX];
    fdml_sha256 sha;
    if (!format || strcmp(format, FDML_STATE_FORMAT) != 0)
        return fdml_fail(err, FDML_E_UNSUPPORTED,
                         "%s: is no state of a run: format '%.60s', expected '%s'", path,
                         format ? format : "", FDML_STATE_FORMAT);
    *run = find_text(file, "run");
    if (!*run || !written)
        return fdml_fail(err, FDML_E_FORMAT, "%s: is damaged: 'run' or 'sha256' is missing",
                         path);
    fdml_sha256_init(&sha);
    fdml_sha256_update(&sha, *run, strlen(*run) + 1);
    for (size_t i = 0; i < file->n_tensors; i++) {
        const fdml_tensor_entry *t = &file->tensor[i];
        if (!t->has_dtype || t->dtype != FDML_DTYPE_F4)
            return fdml_fail(err, FDML_E_FORMAT, "%s: is damaged: '%s' is %s, expected F32",
                             path, t->name, t->dtype_name);
        hash_array(&sha, t->name, t->bytes, t->n_items);
    }
    fdml_sha256_final(&sha, sha256);
    if (strcmp(sha256, written) != 0)
        return fdml_fail(err, FDML_E_FORMAT,
                         "%s: is damaged: the sha256 of its content is %.12s..., expected "
                         "%.12s...",
                         path, sha256, written);
    return FDML_OK;
}

static fdml_status check_arrays(const fdml_safetensors *file, const char *path,
                                const fdml_params *arrays, fdml_error *err)
{
    for (size_t i = 0; i < arrays->n; i++) {
        const fdml_param *array = &arrays->item[i];
        const fdml_tensor_entry *t = fdml_safetensors_find(file, array->name);
        if (!t)
            return fdml_fail(err, FDML_E_DATA, "%s: is of another network: it has no '%s'",
                             path, array->name);
        if (t->n_items != array->n)
            return fdml_fail(err, FDML_E_DATA,
                             "%s: is of another network: '%s' has %zu items, expected %zu",
                             path, array->name, t->n_items, array->n);
    }
    if (file->n_tensors == arrays->n) return FDML_OK;
    return fdml_fail(err, FDML_E_DATA, "%s: is of another network: %zu arrays, expected %zu",
                     path, file->n_tensors, arrays->n);
}

static fdml_status parse(fdml_safetensors *file, const fdml_map *map, const char *path,
                         const char **run, fdml_arena *arena, fdml_error *err)
{
    const fdml_source source = { .name = path, .bytes = map->data, .size = map->size };
    const char *text = NULL;
    FDML_TRY(fdml_safetensors_parse(file, &source, arena, err));
    FDML_TRY(check_whole(file, path, &text, err));
    *run = fdml_arena_copy_text(arena, text, strlen(text));
    return *run ? FDML_OK : fdml_fail(err, FDML_E_NOMEM, "%s: no memory for its text", path);
}

fdml_status fdml_state_read(const char *path, const fdml_params *arrays, const char **run,
                            fdml_arena *arena, fdml_error *err)
{
    fdml_map map = { 0 };
    fdml_safetensors file = { 0 };
    const char *text = NULL;
    FDML_TRY(fdml_file_map(&map, path, err));
    fdml_status status = parse(&file, &map, path, &text, arena, err);
    if (!status) status = check_arrays(&file, path, arrays, err);
    if (!status) {
        for (size_t i = 0; i < arrays->n; i++) {
            const fdml_tensor_entry *t = fdml_safetensors_find(&file, arrays->item[i].name);
            memcpy(arrays->item[i].value, t->bytes, t->size);
        }
        *run = text;
    }
    fdml_file_unmap(&map);
    return status;
}

fdml_status fdml_state_read_run(const char *path, const char **run, fdml_arena *arena,
                                fdml_error *err)
{
    fdml_map map = { 0 };
    fdml_safetensors file;
    FDML_TRY(fdml_file_map(&map, path, err));
    const fdml_status status = parse(&file, &map, path, run, arena, err);
    fdml_file_unmap(&map);
    return status;
}
