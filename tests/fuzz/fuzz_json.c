/* fuzz_json.c - JSON nobody vouches for: parsed, walked, and written again.
 * SPDX-License-Identifier: MIT */
#include "base/json.h"
#include "target.h"

static void rewrite(fdml_json_writer *writer, const fdml_json *value)
{
    const fdml_json_kind kind = fdml_json_kind_of(value);
    double number;
    bool truth;
    if (kind == FDML_JSON_OBJECT || kind == FDML_JSON_ARRAY) {
        const bool is_object = kind == FDML_JSON_OBJECT;
        is_object ? fdml_json_begin_object(writer) : fdml_json_begin_array(writer);
        for (const fdml_json *v = fdml_json_first(value); v; v = fdml_json_next(v)) {
            if (is_object) fdml_json_key(writer, fdml_json_name(v));
            rewrite(writer, v);
        }
        is_object ? fdml_json_end_object(writer) : fdml_json_end_array(writer);
    } else if (fdml_json_get_number(value, &number)) {
        fdml_json_number(writer, number);
    } else if (fdml_json_get_bool(value, &truth)) {
        fdml_json_bool(writer, truth);
    } else {
        fdml_json_string(writer, fdml_json_text(value));
    }
}

/* What the writer wrote, the reader must accept. */
static void check(const fdml_json *root)
{
    static char text[1 << 20];
    FILE *file = fmemopen(text, sizeof text, "w");
    fdml_json_writer writer;
    fdml_json_writer_init(&writer, file, 2);
    rewrite(&writer, root);
    const int has_failed = fflush(file) || ferror(file); /* longer than the buffer */
    const long size = ftell(file);
    fclose(file);
    fdml_json *again;
    if (has_failed || size <= 0) return;
    target_require(!fdml_json_parse(&again, text, (size_t)size, sizeof text, FDML_JSON_DEPTH,
                                    "again", NULL));
    target_require(fdml_json_length(again) == fdml_json_length(root));
    fdml_json_close(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fdml_json *root;
    fdml_error err;
    const fdml_status status = fdml_json_parse(&root, (const char *)data, size, 1 << 16,
                                               FDML_JSON_DEPTH, "x.json", &err);
    if (status) {
        target_check_error(status, &err);
        return 0;
    }
    check(root);
    fdml_json_close(root);
    return 0;
}
