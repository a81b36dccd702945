/* checkpoint_settings.c - the settings of a checkpoint as JSON and back. See checkpoint.h.
 *
 * The text comes from a file, so every number is held to what the net and the preprocessing
 * can use before anything is computed from it.
 *
 * SPDX-License-Identifier: MIT */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "model/checkpoint.h"

enum { MAX_SIZE = 1 << 16, MAX_TEXT = 1 << 20, MAX_DEPTH = 16 };

typedef struct reader {
    const char *name; /* of the file */
    fdml_error *err;
} reader;

static fdml_status fail(const reader *r, const char *key, const char *expected)
{
    return fdml_fail(r->err, FDML_E_FORMAT, "%s: settings: '%s' is not %s", r->name, key,
                     expected);
}

/* Exactly n whole numbers of 0..MAX_SIZE. Absent: *is_there false and nothing is touched. */
static fdml_status read_sizes(const reader *r, const fdml_json *object, const char *key,
                              size_t n, size_t *sizes, bool *is_there)
{
    const fdml_json *list = fdml_json_find(object, key);
    *is_there = list != NULL;
    if (!list) return FDML_OK;
    if (fdml_json_kind_of(list) != FDML_JSON_ARRAY || fdml_json_length(list) != n)
        return fdml_fail(r->err, FDML_E_FORMAT,
                         "%s: settings: '%s' is not a list of %zu numbers", r->name, key, n);
    const fdml_json *item = fdml_json_first(list);
    for (size_t i = 0; i < n; i++, item = fdml_json_next(item)) {
        int64_t value;
        if (!fdml_json_get_integer(item, &value) || value < 0 || value > MAX_SIZE)
            return fail(r, key, "of whole numbers from 0 to 65536");
        sizes[i] = (size_t)value;
    }
    return FDML_OK;
}

static fdml_status read_size(const reader *r, const fdml_json *object, const char *key,
                             size_t *size)
{
    const fdml_json *item = fdml_json_find(object, key);
    int64_t value;
    if (!item) return FDML_OK;
    if (!fdml_json_get_integer(item, &value) || value < 0 || value > MAX_SIZE)
        return fail(r, key, "a whole number from 0 to 65536");
    *size = (size_t)value;
    return FDML_OK;
}

static fdml_status read_bool(const reader *r, const fdml_json *object, const char *key,
                             bool *value)
{
    const fdml_json *item = fdml_json_find(object, key);
    if (!item) return FDML_OK;
    return fdml_json_get_bool(item, value) ? FDML_OK : fail(r, key, "true or false");
}

/* A finite float; not 0 where it divides. */
static bool get_float(const fdml_json *item, bool is_divisor, float *value)
{
    double number;
    if (!item || !fdml_json_get_number(item, &number)) return false;
    const float rounded = (float)number;
    if (!isfinite(rounded) || (is_divisor && rounded == 0)) return false;
    *value = rounded;
    return true;
}

static fdml_status read_floats(const reader *r, const fdml_json *object, const char *key,
                               size_t n, bool is_divisor, float *values)
{
    const fdml_json *list = fdml_json_find(object, key);
    const char *expected = is_divisor ? "one finite number, not 0, for each channel"
                                      : "one finite number for each "
                                        "channel";
    if (!list) return FDML_OK;
    if (fdml_json_kind_of(list) != FDML_JSON_ARRAY || fdml_json_length(list) != n)
        return fail(r, key, expected);
    const fdml_json *item = fdml_json_first(list);
    for (size_t i = 0; i < n; i++, item = fdml_json_next(item))
        if (!get_float(item, is_divisor, &values[i])) return fail(r, key, expected);
    return FDML_OK;
}

static fdml_status read_channels(const reader *r, const fdml_json *object, fdml_preprocess *p)
{
    const fdml_json *item = fdml_json_find(object, "channels");
    if (!item) return FDML_OK;
    const char *text = fdml_json_text(item);
    if (!text || (strcmp(text, "rgb") && strcmp(text, "bgr") && strcmp(text, "grey")))
        return fail(r, "channels", "rgb, bgr or grey");
    p->is_bgr = !strcmp(text, "bgr");
    p->n_channels = strcmp(text, "grey") ? 3 : 1;
    return FDML_OK;
}

static fdml_status read_preprocess(const reader *r, const fdml_json *object, fdml_preprocess *p)
{
    size_t pair[2];
    bool is_there;
    *p = (fdml_preprocess){ .n_channels = 3, .scale = 1, .std = { 1, 1, 1 } };
    if (fdml_json_kind_of(object) != FDML_JSON_OBJECT)
        return fail(r, "preprocess", "an object");
    FDML_TRY(read_sizes(r, object, "box", 4, p->box, &p->has_box));
    if (p->has_box && (p->box[0] >= p->box[2] || p->box[1] >= p->box[3]))
        return fail(r, "box", "[x0, y0, x1, y1] with x0 < x1 and y0 < y1");
    FDML_TRY(read_size(r, object, "resize_shorter", &p->resize_shorter));
    FDML_TRY(read_sizes(r, object, "resize", 2, pair, &is_there));
    if (is_there) p->resize_width = pair[0], p->resize_height = pair[1];
    FDML_TRY(read_sizes(r, object, "center", 2, pair, &is_there));
    if (is_there) p->center_width = pair[0], p->center_height = pair[1];
    FDML_TRY(read_channels(r, object, p));
    const fdml_json *scale = fdml_json_find(object, "scale");
    if (scale && !get_float(scale, true, &p->scale))
        return fail(r, "scale", "a finite number other than 0");
    const size_t n = (size_t)p->n_channels;
    FDML_TRY(read_floats(r, object, "mean", n, false, p->mean));
    return read_floats(r, object, "std", n, true, p->std);
}

static fdml_status read_root(const reader *r, const fdml_json *root,
                             fdml_checkpoint_settings *settings)
{
    size_t input[3];
    bool is_there;
    if (fdml_json_kind_of(root) != FDML_JSON_OBJECT)
        return fdml_fail(r->err, FDML_E_FORMAT, "%s: settings: no object", r->name);
    FDML_TRY(read_sizes(r, root, "input", 3, input, &is_there));
    if (is_there) {
        if (input[0] != 3 || !input[1] || !input[2])
            return fail(r, "input", "[3, height, width]");
        settings->height = input[1];
        settings->width = input[2];
    }
    FDML_TRY(read_size(r, root, "embedding_size", &settings->embedding_size));
    FDML_TRY(read_bool(r, root, "head", &settings->has_head));
    FDML_TRY(read_bool(r, root, "normalise", &settings->normalise));
    const fdml_json *preprocess = fdml_json_find(root, "preprocess");
    settings->has_preprocess = preprocess != NULL;
    return preprocess ? read_preprocess(r, preprocess, &settings->preprocess) : FDML_OK;
}

fdml_status fdml_checkpoint_settings_read(fdml_checkpoint_settings *settings, const char *text,
                                          const char *name, fdml_error *err)
{
    const reader r = { name, err };
    fdml_checkpoint_settings read = { 0 };
    fdml_json *root;
    char what[FDML_PATH_SIZE];
    snprintf(what, sizeof what, "%s: settings", name);
    FDML_TRY(fdml_json_parse(&root, text, strlen(text), MAX_TEXT, MAX_DEPTH, what, err));
    const fdml_status status = read_root(&r, root, &read);
    fdml_json_close(root);
    if (!status) *settings = read;
    return status;
}

static void put_sizes(fdml_json_writer *json, const char *key, size_t n, const size_t *sizes)
{
    fdml_json_key(json, key);
    fdml_json_begin_array(json);
    for (size_t i = 0; i < n; i++) fdml_json_integer(json, (int64_t)sizes[i]);
    fdml_json_end_array(json);
}

static void put_floats(fdml_json_writer *json, const char *key, int n, const float *values)
{
    fdml_json_key(json, key);
    fdml_json_begin_array(json);
    for (int i = 0; i < n; i++) fdml_json_number(json, (double)values[i]);
    fdml_json_end_array(json);
}

static void put_preprocess(fdml_json_writer *json, const fdml_preprocess *p)
{
    const size_t resize[] = { p->resize_width, p->resize_height };
    const size_t center[] = { p->center_width, p->center_height };
    fdml_json_key(json, "preprocess");
    fdml_json_begin_object(json);
    if (p->has_box) put_sizes(json, "box", 4, p->box);
    if (p->resize_shorter) {
        fdml_json_key(json, "resize_shorter");
        fdml_json_integer(json, (int64_t)p->resize_shorter);
    }
    if (resize[0] || resize[1]) put_sizes(json, "resize", 2, resize);
    if (center[0] || center[1]) put_sizes(json, "center", 2, center);
    fdml_json_key(json, "channels");
    fdml_json_string(json, p->n_channels == 1 ? "grey" : p->is_bgr ? "bgr" : "rgb");
    fdml_json_key(json, "scale");
    fdml_json_number(json, (double)p->scale);
    put_floats(json, "mean", p->n_channels, p->mean);
    put_floats(json, "std", p->n_channels, p->std);
    fdml_json_end_object(json);
}

static void put_true(fdml_json_writer *json, const char *key, bool value)
{
    if (!value) return; /* as where it is not said */
    fdml_json_key(json, key);
    fdml_json_bool(json, value);
}

void fdml_checkpoint_settings_write(char *text, const fdml_checkpoint_settings *settings)
{
    fdml_json_writer json;
    FILE *memory = fmemopen(text, FDML_CHECKPOINT_SETTINGS, "w");
    text[0] = 0;
    if (!memory) return;
    fdml_json_writer_init(&json, memory, 0);
    fdml_json_begin_object(&json);
    if (settings->height) {
        const size_t input[] = { 3, settings->height, settings->width };
        put_sizes(&json, "input", 3, input);
    }
    if (settings->embedding_size) {
        fdml_json_key(&json, "embedding_size");
        fdml_json_integer(&json, (int64_t)settings->embedding_size);
    }
    put_true(&json, "head", settings->has_head);
    put_true(&json, "normalise", settings->normalise);
    if (settings->has_preprocess) put_preprocess(&json, &settings->preprocess);
    fdml_json_end_object(&json);
    fclose(memory);
}
