/* train_place.c - where a run stands, as the JSON object of its state. See train_run.h.
 *
 * Doubles are written so that they read back to the same bits (base/number.h).
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/json.h"
#include "base/text_file.h"
#include "train_run.h"

enum { MAX_TEXT = 1 << 16, MAX_DEPTH = 4 };

static const char *const log_key[TRAIN_LOG_FILES] = { "jsonl", "csv", "events" };

fdml_status train_place_write(const char **text, const train_place *place,
                              const train_data *data, fdml_arena *arena, fdml_error *err)
{
    fdml_text_file file;
    fdml_json_writer w;
    FDML_TRY(fdml_text_file_open(&file, err));
    fdml_json_writer_init(&w, file.file, 0);
    fdml_json_begin_object(&w);
    fdml_json_put_count(&w, "step", place->step);
    fdml_json_put_count(&w, "validated_at", place->validated_at);
    fdml_json_put_count(&w, "best_step", place->best_step);
    fdml_json_put_count(&w, "since_best", place->since_best);
    fdml_json_key(&w, "best");
    fdml_json_number(&w, place->best);
    fdml_json_key(&w, "seconds");
    fdml_json_number(&w, place->seconds);
    fdml_json_key(&w, "data_sha256");
    fdml_json_string(&w, data->sha256);
    for (int i = 0; i < TRAIN_LOG_FILES; i++)
        fdml_json_put_count(&w, log_key[i], place->log_size[i]);
    fdml_json_end_object(&w);
    return fdml_text_file_close(&file, text, arena, err);
}

static bool get_count(const fdml_json *root, const char *key, uint64_t *value)
{
    int64_t number;
    const fdml_json *item = fdml_json_find(root, key);
    if (!item || !fdml_json_get_integer(item, &number) || number < 0) return false;
    *value = (uint64_t)number;
    return true;
}

static bool get_real(const fdml_json *root, const char *key, double *value)
{
    const fdml_json *item = fdml_json_find(root, key);
    return item && fdml_json_get_number(item, value);
}

static fdml_status read_root(train_place *place, const fdml_json *root, const char *path,
                             const train_data *data, fdml_error *err)
{
    const fdml_json *item = fdml_json_find(root, "data_sha256");
    const char *sha256 = item ? fdml_json_text(item) : NULL;
    bool is_whole = sha256 && get_count(root, "step", &place->step) &&
                    get_count(root, "validated_at", &place->validated_at) &&
                    get_count(root, "best_step", &place->best_step) &&
                    get_count(root, "since_best", &place->since_best) &&
                    get_real(root, "best", &place->best) &&
                    get_real(root, "seconds", &place->seconds);
    for (int i = 0; i < TRAIN_LOG_FILES && is_whole; i++)
        is_whole = get_count(root, log_key[i], &place->log_size[i]);
    if (!is_whole)
        return fdml_fail(err, FDML_E_FORMAT, "%s: its text lacks a number of the run", path);
    if (strcmp(sha256, data->sha256) != 0)
        return fdml_fail(err, FDML_E_DATA,
                         "%s: the run was begun with other data: %s or %s has changed", path,
                         data->shown, data->is_pictures ? "a picture" : data->table_shown);
    return FDML_OK;
}

fdml_status train_place_read(train_place *place, const char *text, const char *path,
                             const train_data *data, fdml_error *err)
{
    train_place read = { 0 };
    fdml_json *root;
    FDML_TRY(fdml_json_parse(&root, text, strlen(text), MAX_TEXT, MAX_DEPTH, path, err));
    const fdml_status status = read_root(&read, root, path, data, err);
    fdml_json_close(root);
    if (!status) *place = read;
    return status;
}
