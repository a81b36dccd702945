/* test_data_safetensors_write.c - the bytes that the format asks for, and what is refused.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/safetensors_write.h"
#include "scratch.h"

static const float six[] = { 1, 2, 3, 4, 5, 6 };
static const uint16_t halves[] = { 0x3c00, 0x4000, 0x4200 };

static union {
    double align;
    unsigned char bytes[1 << 13];
} file;

static size_t write_items(const fdml_safetensors_item *item, size_t n,
                          const char *const *metadata, size_t n_metadata)
{
    fdml_error err = { 0 };
    FILE *memory = fmemopen(file.bytes, sizeof file.bytes, "wb");
    cr_assert_eq(fdml_safetensors_write(memory, item, n, metadata, n_metadata, "x", &err),
                 FDML_OK, "%s", err.text);
    fflush(memory);
    const long size = ftell(memory);
    fclose(memory);
    return (size_t)size;
}

/* By hand from the format's description. */
Test(data_safetensors_write, bytes)
{
    const fdml_safetensors_item item[] = {
        { .name = "h", .dtype = FDML_DTYPE_F2, .n_dims = 1, .shape = { 3 }, .data = halves },
        { .name = "w", .dtype = FDML_DTYPE_F4, .n_dims = 2, .shape = { 2, 3 }, .data = six },
    };
    const char *const metadata[] = { "format", "pt" };
    const char *header =
        "{\"__metadata__\": {\"format\": \"pt\"}, "
        "\"h\": {\"dtype\": \"F16\", \"shape\": [3], \"data_offsets\": [0, 6]}, "
        "\"w\": {\"dtype\": \"F32\", \"shape\": [2, 3], \"data_offsets\": [6, 30]}}";
    const size_t length = strlen(header), padded = (length + 7) / 8 * 8;
    const size_t size = write_items(item, 2, metadata, 1);
    uint64_t stored;
    memcpy(&stored, file.bytes, 8);
    cr_assert_eq(stored, padded);
    cr_assert_eq(size, 8 + padded + 30);
    cr_assert_arr_eq(file.bytes + 8, header, length);
    for (size_t i = length; i < padded; i++) cr_assert_eq(file.bytes[8 + i], ' ');
    cr_assert_arr_eq(file.bytes + 8 + padded, halves, 6);
    cr_assert_arr_eq(file.bytes + 8 + padded + 6, six, 24);
}

Test(data_safetensors_write, reads_back)
{
    char longest[512];
    memset(longest, 0x1f, sizeof longest - 1); /* every byte becomes \u001f */
    longest[sizeof longest - 1] = 0;
    const fdml_safetensors_item item[] = {
        { .name = longest, .dtype = FDML_DTYPE_I8, .n_dims = 0, .data = six },
        { .name = "quote \" \xc3\xa9 \\",
          .dtype = FDML_DTYPE_F4,
          .n_dims = 8,
          .shape = { 1, 1, 2, 1, 1, 3, 1, 1 },
          .data = six },
        { .name = "", .dtype = FDML_DTYPE_BF16, .n_dims = 2, .shape = { 5, 0 } },
        { .name = "d", .dtype = FDML_DTYPE_F8, .n_dims = 1, .shape = { 3 }, .data = six },
    };
    const char *const metadata[] = { "a", "line\n", "", "\"" };
    const fdml_source source = { "x", NULL, file.bytes, write_items(item, 4, metadata, 2) };
    fdml_arena arena;
    fdml_safetensors st;
    fdml_error err = { 0 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(fdml_safetensors_parse(&st, &source, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert(st.n_tensors == 4 && st.n_metadata == 2);
    for (size_t i = 0; i < 4; i++) {
        const fdml_tensor_entry *t = &st.tensor[i];
        cr_assert_str_eq(t->name, item[i].name);
        cr_assert(t->dtype == item[i].dtype && t->n_dims == item[i].n_dims);
        for (int d = 0; d < t->n_dims; d++) cr_assert_eq(t->shape[d], item[i].shape[d]);
        if (t->size) cr_assert_arr_eq(t->bytes, six, t->size);
    }
    cr_assert(st.tensor[0].size == 8 && st.tensor[1].size == 24 && st.tensor[2].size == 0);
    cr_assert_str_eq(st.metadata[1], "line\n");
    cr_assert_str_eq(st.metadata[3], "\"");
    fdml_arena_close(&arena);
}

static void expect_failure(const fdml_safetensors_item *item, size_t n, fdml_status status,
                           const char *text)
{
    fdml_error err = { 0 };
    FILE *memory = fmemopen(file.bytes, sizeof file.bytes, "wb");
    scratch_expect_error(fdml_safetensors_write(memory, item, n, NULL, 0, "x", &err), &err,
                         status, text);
    cr_assert_eq(ftell(memory), 0L); /* nothing of it was written */
    fclose(memory);
}

Test(data_safetensors_write, refuses)
{
    const fdml_safetensors_item a = { .name = "a", .dtype = FDML_DTYPE_F4, .data = six };
    fdml_safetensors_item item[] = { a, a };
    expect_failure(item, 2, FDML_E_ARG, "x: the name 'a' is taken");
    item[1].name = "__metadata__";
    expect_failure(item, 2, FDML_E_ARG, "x: the name '__metadata__' is taken");
    item[1] = (fdml_safetensors_item){
        .name = "b", .dtype = FDML_DTYPE_F4, .n_dims = 2, .shape = { 1u << 31, 1u << 31 }
    };
    expect_failure(item, 2, FDML_E_ARG, "x: tensor 'b' is larger than any file");
}

Test(data_safetensors_write, refuses_a_header_that_no_reader_takes)
{
    enum { N = 3000, LENGTH = 1500 };
    static char names[N][LENGTH];
    static fdml_safetensors_item item[N];
    for (size_t i = 0; i < N; i++) {
        snprintf(names[i], LENGTH, "%0*zu", LENGTH - 1, i);
        item[i] =
            (fdml_safetensors_item){ .name = names[i], .dtype = FDML_DTYPE_F4, .data = six };
    }
    /* name, quotes, `: {"dtype": "F32", "shape": [], "data_offsets": [0, 4]}, ` and so on */
    fdml_error err = { 0 };
    FILE *memory = fmemopen(file.bytes, sizeof file.bytes, "wb");
    cr_assert_eq(fdml_safetensors_write(memory, item, N, NULL, 0, "x", &err), FDML_E_LIMIT);
    cr_assert(strstr(err.text, "x: a header of 46") && strstr(err.text, "the limit is 4194304"),
              "%s", err.text);
    fclose(memory);
}
