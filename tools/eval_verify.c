/* eval_verify.c - a report and the same audit done again, compared value by value.
 *
 * Both are taken as JSON trees, so whatever a report comes to hold is compared without a word
 * here. Numbers are printed with all their digits (base/number.h): equal texts, equal bits.
 * Not compared: "tool" (version, machine, seconds), "command", paths of "inputs", whose hashes
 * are, and "warnings", which name paths. See eval_command.h.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/json.h"
#include "base/number.h"
#include "base/text_file.h"
#include "eval_command.h"

enum { PLACE_SIZE = 512, SHOWN = 10 };

typedef struct comparison {
    FILE *file;
    size_t n_same, n_different;
} comparison;

static void differ(comparison *c, const char *place, const char *was, const char *is)
{
    if (c->n_different++ < SHOWN)
        fprintf(c->file, "  %s: %.80s in the report, %.80s now\n", place, was, is);
}

static const char *print_value(char text[FDML_NUMBER_TEXT], const fdml_json *value)
{
    static const char *const kind[] = { "null",   "true or false", "a number",
                                        "a text", "a list",        "an object" };
    double number;
    bool truth;
    if (!value) return "missing";
    if (fdml_json_text(value)) return fdml_json_text(value);
    if (fdml_json_get_bool(value, &truth)) return truth ? "true" : "false";
    if (!fdml_json_get_number(value, &number)) return kind[fdml_json_kind_of(value)];
    fdml_number_print(text, number);
    return text;
}

static bool is_equal_leaf(const fdml_json *a, const fdml_json *b)
{
    double x, y;
    bool p, q;
    const char *s = fdml_json_text(a), *t = fdml_json_text(b);
    if (s || t) return s && t && !strcmp(s, t);
    if (fdml_json_get_number(a, &x)) return fdml_json_get_number(b, &y) && x == y;
    if (fdml_json_get_bool(a, &p)) return fdml_json_get_bool(b, &q) && p == q;
    return fdml_json_kind_of(a) == fdml_json_kind_of(b);
}

static void compare(comparison *c, const char *place, const fdml_json *was,
                    const fdml_json *is);

/* Members by name, items by position; what only one side has differs. */
static void compare_items(comparison *c, const char *place, const fdml_json *was,
                          const fdml_json *is)
{
    char inner[PLACE_SIZE];
    const bool is_object = fdml_json_kind_of(was) == FDML_JSON_OBJECT;
    const fdml_json *other = fdml_json_first(is);
    size_t i = 0;
    for (const fdml_json *item = fdml_json_first(was); item; item = fdml_json_next(item), i++) {
        const char *name = fdml_json_name(item);
        if (is_object)
            snprintf(inner, sizeof inner, "%s%s%s", place, *place ? "." : "", name);
        else
            snprintf(inner, sizeof inner, "%s[%zu]", place, i);
        compare(c, inner, item, is_object ? fdml_json_find(is, name) : other);
        if (!is_object && other) other = fdml_json_next(other);
    }
    for (const fdml_json *item = fdml_json_first(is); item && is_object;
         item = fdml_json_next(item)) {
        snprintf(inner, sizeof inner, "%s%s%s", place, *place ? "." : "", fdml_json_name(item));
        if (!fdml_json_find(was, fdml_json_name(item))) compare(c, inner, NULL, item);
    }
    if (!is_object && fdml_json_length(is) > fdml_json_length(was))
        differ(c, place, "fewer items", "more items");
}

static bool is_left_out(const char *place)
{
    const char *tail = strrchr(place, '.');
    return !strcmp(place, "tool") || !strcmp(place, "command") || !strcmp(place, "warnings") ||
           (!strncmp(place, "inputs[", 7) && tail && !strcmp(tail, ".path"));
}

static void compare(comparison *c, const char *place, const fdml_json *was, const fdml_json *is)
{
    char a[FDML_NUMBER_TEXT], b[FDML_NUMBER_TEXT];
    if (is_left_out(place)) return;
    const bool holds_items = was && is && fdml_json_kind_of(was) >= FDML_JSON_ARRAY;
    if (holds_items && fdml_json_kind_of(was) == fdml_json_kind_of(is))
        compare_items(c, place, was, is);
    else if (was && is && is_equal_leaf(was, is))
        c->n_same++;
    else
        differ(c, place, print_value(a, was), print_value(b, is));
}

static const char *text_of(const fdml_json *object, const char *key)
{
    const fdml_json *value = object ? fdml_json_find(object, key) : NULL;
    const char *text = value ? fdml_json_text(value) : NULL;
    return text ? text : "?";
}

bool eval_claim_check_files(FILE *file, const eval_claim *claim,
                            const fdml_report_input *inputs, size_t n_inputs)
{
    bool is_same = true;
    const fdml_json *list = fdml_json_find(claim->root, "inputs");
    const fdml_json *was = list ? fdml_json_first(list) : NULL;
    for (size_t i = 0; i < n_inputs; i++, was = was ? fdml_json_next(was) : NULL) {
        if (was && !strcmp(text_of(was, "sha256"), inputs[i].sha256)) continue;
        fprintf(
            file,
            "%s: NOT the same: %s is not the file of the report: sha256 %s, in the report %s\n",
            claim->path, inputs[i].path, inputs[i].sha256, text_of(was, "sha256"));
        is_same = false;
    }
    return is_same;
}

bool eval_claim_check(FILE *file, const eval_claim *claim, const fdml_report *report,
                      fdml_arena *arena)
{
    enum { DEPTH = 32 };
    fdml_text_file text;
    fdml_json *now;
    fdml_error err;
    const char *written;
    comparison c = { .file = file };
    CLI_TRY(fdml_text_file_open(&text, &err), &err);
    CLI_TRY(fdml_report_json(text.file, report, arena, &err), &err);
    CLI_TRY(fdml_text_file_close(&text, &written, arena, &err), &err);
    CLI_TRY(
        fdml_json_parse(&now, written, strlen(written), SIZE_MAX, DEPTH, "the report", &err),
        &err);
    const fdml_json *tool = fdml_json_find(claim->root, "tool");
    fprintf(file, "%s, made by fdml %s (%s, %s):\n", claim->path, text_of(tool, "version"),
            text_of(tool, "commit"), text_of(tool, "isa"));
    compare(&c, "", claim->root, now);
    if (c.n_different > SHOWN) fprintf(file, "  and %zu more\n", c.n_different - SHOWN);
    if (c.n_different)
        fprintf(file, "NOT the same: %zu of %zu values differ\n", c.n_different,
                c.n_different + c.n_same);
    else
        fprintf(file, "the same: all %zu values, result_sha256 %s\n", c.n_same,
                report->result_sha256);
    fdml_json_close(now);
    return !c.n_different;
}
