/* test_base_json.c - what is written, what is read, what is refused.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "scratch.h"

static char text[4096];

static fdml_json_writer start(int flat_depth)
{
    fdml_json_writer writer;
    FILE *file = fmemopen(text, sizeof text, "w");
    cr_assert_not_null(file);
    fdml_json_writer_init(&writer, file, flat_depth);
    return writer;
}

static void write_sample(fdml_json_writer *w)
{
    fdml_json_begin_object(w);
    fdml_json_key(w, "schema");
    fdml_json_string(w, "fdml-eval/1");
    fdml_json_key(w, "ci");
    fdml_json_begin_array(w);
    fdml_json_number(w, 0.25);
    fdml_json_number(w, (double)NAN);
    fdml_json_integer(w, INT64_MIN);
    fdml_json_end_array(w);
    fdml_json_key(w, "empty");
    fdml_json_begin_object(w);
    fdml_json_end_object(w);
    fdml_json_key(w, "ok");
    fdml_json_bool(w, true);
    fdml_json_key(w, "why");
    fdml_json_string(w, NULL);
    fdml_json_end_object(w);
    fclose(w->file);
}

Test(base_json, writes_on_one_line)
{
    fdml_json_writer w = start(0);
    write_sample(&w);
    cr_assert_str_eq(text,
                     "{\"schema\": \"fdml-eval/1\", \"ci\": [0.25, null, "
                     "-9223372036854775808], \"empty\": {}, \"ok\": true, \"why\": null}");
}

Test(base_json, breaks_lines_down_to_a_depth)
{
    fdml_json_writer w = start(1);
    write_sample(&w);
    cr_assert_str_eq(text, "{\n  \"schema\": \"fdml-eval/1\",\n"
                           "  \"ci\": [0.25, null, -9223372036854775808],\n"
                           "  \"empty\": {},\n  \"ok\": true,\n  \"why\": null\n}\n");
    w = start(2);
    write_sample(&w);
    cr_assert(strstr(text, "  \"ci\": [\n    0.25,\n    null,\n") != NULL);
    cr_assert(strstr(text, "  \"empty\": {},\n") != NULL);
}

Test(base_json, escapes)
{
    fdml_json_writer w = start(0);
    fdml_json_string(&w, "q\" b\\ n\n t\t \x01 \x7f Zo\xC3\xAB \xF0\x9F\x98\x80 bad\xFF\xC3");
    fclose(w.file);
    cr_assert_str_eq(text, "\"q\\\" b\\\\ n\\n t\\u0009 \\u0001 \\u007f Zo\xC3\xAB "
                           "\xF0\x9F\x98\x80 bad\xEF\xBF\xBD\xEF\xBF\xBD\"");
}

static fdml_status parse(fdml_json **root, const char *json, fdml_error *err)
{
    return fdml_json_parse(root, json, strlen(json), 1000, 4, "x", err);
}

Test(base_json, reads)
{
    fdml_json *root;
    cr_assert_eq(parse(&root,
                       " {\"a\": [1, -2.5], \"b\": {\"c\": null}, \"d\": true, "
                       "\"e\": \"\\u00e9\", \"A\": 9007199254740992}\n",
                       NULL),
                 FDML_OK);
    cr_assert_eq(fdml_json_kind_of(root), FDML_JSON_OBJECT);
    cr_assert_eq(fdml_json_length(root), 5u);
    const fdml_json *a = fdml_json_find(root, "a"),
                    *second = fdml_json_next(fdml_json_first(a));
    int64_t integer = 7;
    double number;
    bool truth;
    cr_assert_eq(fdml_json_kind_of(a), FDML_JSON_ARRAY);
    cr_assert(fdml_json_get_integer(fdml_json_first(a), &integer) && integer == 1);
    cr_assert_not(fdml_json_get_integer(second, &integer));
    cr_assert(fdml_json_get_number(second, &number) && number == -2.5);
    cr_assert_null(fdml_json_next(second));
    cr_assert_null(fdml_json_name(second));
    cr_assert_eq(fdml_json_kind_of(fdml_json_first(fdml_json_find(root, "b"))), FDML_JSON_NULL);
    cr_assert(fdml_json_get_bool(fdml_json_find(root, "d"), &truth) && truth);
    cr_assert_not(fdml_json_get_bool(a, &truth));
    cr_assert_str_eq(fdml_json_text(fdml_json_find(root, "e")), "\xC3\xA9");
    cr_assert_null(fdml_json_text(a));
    cr_assert_str_eq(fdml_json_name(a), "a");
    cr_assert(fdml_json_get_integer(fdml_json_find(root, "A"), &integer));
    cr_assert_eq(integer, INT64_C(1) << 53);
    cr_assert_null(fdml_json_find(root, "z"));
    cr_assert_null(fdml_json_find(a, "z"));
    fdml_json_close(root);
    fdml_json_close(NULL);
}

Test(base_json, refuses)
{
    fdml_json *root = NULL;
    fdml_error err;
    scratch_expect_error(parse(&root, "{} x", &err), &err, FDML_E_FORMAT,
                         "x: text after the JSON value at byte 3");
    scratch_expect_error(parse(&root, "[[[[[1]]]]]", &err), &err, FDML_E_LIMIT,
                         "x: JSON nested 5 deep, the limit is 4");
    scratch_expect_error(fdml_json_parse(&root, "[1, 2]", 6, 5, 4, "x", &err), &err,
                         FDML_E_LIMIT, "x: 6 bytes of JSON, the limit is 5");
    cr_assert_eq(parse(&root, "", &err), FDML_E_FORMAT);
    cr_assert_eq(parse(&root, "{\"1\":1,", &err), FDML_E_FORMAT);
    cr_assert_eq(parse(&root, "[1 2]", &err), FDML_E_FORMAT);
    cr_assert(strstr(err.text, "x: invalid JSON at byte ") != NULL);
    cr_assert_eq(fdml_json_parse(&root, "[1]\0", 4, 9, 4, "x", &err), FDML_E_FORMAT);
    cr_assert_null(root);
    cr_assert_eq(parse(&root, "\"[[[[[[[[ \\\" [[[[\"", &err), FDML_OK); /* brackets in text */
    fdml_json_close(root);
}

static void read_any(const unsigned char *bytes, size_t size)
{
    fdml_json *root;
    if (fdml_json_parse(&root, (const char *)bytes, size, 1000, 8, "x", NULL)) return;
    fdml_json_close(root);
}

Test(base_json, survives_spoiled_text)
{
    const char *json = "{\"a\": [1, 2.5e3], \"b\": {\"c\": null, \"d\": \"\\u00e9\\n\"}}";
    scratch_spoil(read_any, json, strlen(json));
}
