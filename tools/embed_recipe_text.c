/* embed_recipe_text.c - a recipe in words, and as JSON.
 *
 * The words name every number that the steps depend on, floats with the nine digits that tell
 * any two apart, so that two runs with the same words preprocess alike.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <string.h>

#include "embed.h"

static void add(embed_recipe *r, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(embed_recipe *r, const char *format, ...)
{
    const size_t n = strlen(r->text);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(r->text + n, sizeof r->text - n, format, arguments);
    va_end(arguments);
}

static bool is_same(const float *x, int n)
{
    for (int i = 1; i < n; i++)
        if (x[i] != x[0]) return false;
    return true;
}

/* "127.5", or "(0.485, 0.456, 0.406)" where the channels differ. */
static void add_floats(embed_recipe *r, const float *x, int n)
{
    const int shown = is_same(x, n) ? 1 : n;
    for (int i = 0; i < shown; i++)
        add(r, "%s%.9g%s",
            shown == 1 ? ""
            : i        ? ", "
                       : "(",
            (double)x[i], shown > 1 && i + 1 == shown ? ")" : "");
}

/* "x / 255", "(x - 127.5) / 128", "x": what is done to a value. */
static void add_values(embed_recipe *r)
{
    const fdml_preprocess *p = &r->steps;
    const int n = p->n_channels;
    const bool subtracts = p->mean[0] != 0 || !is_same(p->mean, n);
    const bool divides = p->std[0] != 1 || !is_same(p->std, n);
    if (p->scale == 1.0f && !subtracts && !divides) {
        add(r, "values as they are");
        return;
    }
    if (subtracts) add(r, "(");
    if (p->scale == 1.0f / 255)
        add(r, "x/255");
    else if (p->scale == 1)
        add(r, "x");
    else
        add(r, "%.9g x", (double)p->scale);
    if (subtracts) {
        add(r, " - ");
        add_floats(r, p->mean, n);
        add(r, ")");
    }
    if (divides) {
        add(r, " / ");
        add_floats(r, p->std, n);
    }
}

void embed_recipe_write(embed_recipe *r)
{
    const fdml_preprocess *p = &r->steps;
    r->text[0] = 0;
    if (p->has_box) add(r, "box %zu,%zu,%zu,%zu; ", p->box[0], p->box[1], p->box[2], p->box[3]);
    if (p->resize_shorter) add(r, "shorter side to %zu; ", p->resize_shorter);
    if (p->resize_width) add(r, "resize to %zux%zu; ", p->resize_width, p->resize_height);
    if (p->center_width) add(r, "centre %zux%zu; ", p->center_width, p->center_height);
    if (!r->is_array) add(r, "%s; ", p->n_channels == 1 ? "grey" : p->is_bgr ? "BGR" : "RGB");
    add_values(r);
}

static void put_pair(fdml_json_writer *w, const char *key, size_t width, size_t height)
{
    fdml_json_key(w, key);
    if (!width) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_array(w);
    fdml_json_integer(w, (int64_t)width);
    fdml_json_integer(w, (int64_t)height);
    fdml_json_end_array(w);
}

static void put_floats(fdml_json_writer *w, const char *key, const float *x, int n)
{
    fdml_json_key(w, key);
    fdml_json_begin_array(w);
    for (int i = 0; i < n; i++) fdml_json_number(w, (double)x[i]);
    fdml_json_end_array(w);
}

static void put_geometry(fdml_json_writer *w, const fdml_preprocess *p)
{
    fdml_json_key(w, "box");
    if (p->has_box) {
        fdml_json_begin_array(w);
        for (int i = 0; i < 4; i++) fdml_json_integer(w, (int64_t)p->box[i]);
        fdml_json_end_array(w);
    } else {
        fdml_json_null(w);
    }
    fdml_json_key(w, "shorter_side");
    if (p->resize_shorter)
        fdml_json_integer(w, (int64_t)p->resize_shorter);
    else
        fdml_json_null(w);
    put_pair(w, "resize", p->resize_width, p->resize_height);
    put_pair(w, "centre", p->center_width, p->center_height);
    fdml_json_key(w, "channels");
    fdml_json_string(w, p->n_channels == 1 ? "grey" : p->is_bgr ? "bgr" : "rgb");
}

void embed_recipe_json(fdml_json_writer *w, const embed_recipe *r)
{
    const fdml_preprocess *p = &r->steps;
    fdml_json_begin_object(w);
    fdml_json_key(w, "text");
    fdml_json_string(w, r->text);
    if (!r->is_array) put_geometry(w, p);
    fdml_json_key(w, "scale");
    fdml_json_number(w, (double)p->scale);
    put_floats(w, "mean", p->mean, p->n_channels);
    put_floats(w, "std", p->std, p->n_channels);
    fdml_json_end_object(w);
}
