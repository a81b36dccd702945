/* test_train_state.c - a state comes back to the bit, and no damaged one is taken.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scratch.h"
#include "train/state.h"

static float weight[] = { 1, -2.5f, 0x1p-140f, 4 }, moment[] = { 5, 6, 7 };

static fdml_params arrays_of(fdml_param *item)
{
    item[0] = (fdml_param){ .name = "head.weight", .n = 4, .value = weight };
    item[1] = (fdml_param){ .name = "optim.m.head.weight", .n = 3, .value = moment };
    return (fdml_params){ .item = item, .n = 2, .room = 2 };
}

static const char *write_state(const char *name)
{
    fdml_param item[2];
    fdml_error err = { 0 };
    const fdml_params arrays = arrays_of(item);
    const char *path = scratch_path(name);
    cr_assert_eq(fdml_state_write(path, &arrays, "{\"step\": 7}", &err), FDML_OK, "%s",
                 err.text);
    return path;
}

/* Arrays of the same shape, all 9. */
typedef struct other {
    float a[4], b[3];
    fdml_param item[2];
    fdml_params arrays;
} other;

static void make_other(other *o)
{
    for (int i = 0; i < 4; i++) o->a[i] = 9;
    for (int i = 0; i < 3; i++) o->b[i] = 9;
    o->arrays = arrays_of(o->item);
    o->item[0].value = o->a;
    o->item[1].value = o->b;
}

static void expect_untouched(const other *o)
{
    for (int i = 0; i < 4; i++) cr_assert_eq(o->a[i], 9);
    for (int i = 0; i < 3; i++) cr_assert_eq(o->b[i], 9);
}

Test(train_state, comes_back)
{
    other o;
    fdml_arena arena;
    fdml_error err = { 0 };
    const char *run = NULL;
    make_other(&o);
    fdml_arena_init(&arena, 0);
    const char *path = write_state("a.safetensors");
    cr_assert_eq(fdml_state_read(path, &o.arrays, &run, &arena, &err), FDML_OK, "%s", err.text);
    cr_assert_arr_eq(o.a, weight, sizeof weight);
    cr_assert_arr_eq(o.b, moment, sizeof moment);
    cr_assert_str_eq(run, "{\"step\": 7}");
    cr_assert_eq(fdml_state_read_run(path, &run, &arena, &err), FDML_OK);
    cr_assert_str_eq(run, "{\"step\": 7}");
    fdml_arena_close(&arena);
}

/* The order of tensors in the file is the writer's business; the reader goes by name. */
Test(train_state, order_does_not_matter)
{
    other o;
    fdml_arena arena;
    fdml_error err = { 0 };
    const char *run;
    make_other(&o);
    fdml_arena_init(&arena, 0);
    const fdml_param first = o.item[0];
    o.item[0] = o.item[1];
    o.item[1] = first;
    cr_assert_eq(fdml_state_read(write_state("b"), &o.arrays, &run, &arena, &err), FDML_OK,
                 "%s", err.text);
    cr_assert_arr_eq(o.a, weight, sizeof weight);
    fdml_arena_close(&arena);
}

static unsigned char *good;
static size_t good_size, n_taken;

static void read_spoiled(const unsigned char *bytes, size_t size)
{
    other o;
    fdml_arena arena;
    fdml_error err = { 0 };
    const char *run;
    make_other(&o);
    fdml_arena_init(&arena, 0);
    const bool is_same = size == good_size && !memcmp(bytes, good, size);
    const char *path = scratch_write("spoiled", bytes, size);
    if (fdml_state_read(path, &o.arrays, &run, &arena, &err)) {
        expect_untouched(&o);
        cr_assert(!is_same);
    } else {
        cr_assert_arr_eq(o.a, weight, sizeof weight);
        cr_assert_arr_eq(o.b, moment, sizeof moment);
        cr_assert_str_eq(run, "{\"step\": 7}");
        n_taken++;
    }
    fdml_arena_close(&arena);
}

/* Taken are only those in which a blank between two words of the JSON became another blank, or
 * the 0 that a number may begin with. */
Test(train_state, every_flipped_bit_is_found)
{
    static unsigned char copy[1 << 12];
    FILE *file = fopen(write_state("c"), "rb");
    good_size = fread(copy, 1, sizeof copy, file);
    fclose(file);
    cr_assert_lt(good_size, sizeof copy);
    good = copy;
    scratch_spoil(read_spoiled, copy, good_size);
    cr_assert_lt(n_taken, good_size / 8);
}

Test(train_state, another_network)
{
    other o;
    fdml_arena arena;
    fdml_error err = { 0 };
    const char *run;
    char text[FDML_ERROR_MAX];
    fdml_arena_init(&arena, 0);
    const char *path = write_state("d");
    make_other(&o);
    o.item[0].n = 3;
    fdml_status status = fdml_state_read(path, &o.arrays, &run, &arena, &err);
    snprintf(text, sizeof text,
             "%s: is of another network: 'head.weight' has 4 items, expected 3", path);
    scratch_expect_error(status, &err, FDML_E_DATA, text);
    make_other(&o);
    o.item[1].name = "optim.v.head.weight";
    status = fdml_state_read(path, &o.arrays, &run, &arena, &err);
    snprintf(text, sizeof text, "%s: is of another network: it has no 'optim.v.head.weight'",
             path);
    scratch_expect_error(status, &err, FDML_E_DATA, text);
    make_other(&o);
    o.arrays.n = 1;
    status = fdml_state_read(path, &o.arrays, &run, &arena, &err);
    snprintf(text, sizeof text, "%s: is of another network: 2 arrays, expected 1", path);
    scratch_expect_error(status, &err, FDML_E_DATA, text);
    expect_untouched(&o);
    fdml_arena_close(&arena);
}

/* Of names, sizes and bytes: two arrays are not one long one. */
Test(train_state, hash_tells_apart)
{
    char a[FDML_SHA256_HEX], b[FDML_SHA256_HEX];
    float x[] = { 1, 2, 3 };
    fdml_param one[] = { { .name = "x", .n = 3, .value = x } };
    fdml_param two[] = { { .name = "x", .n = 2, .value = x },
                         { .name = "y", .n = 1, .value = x + 2 } };
    fdml_state_hash(a, &(fdml_params){ .item = one, .n = 1 });
    fdml_state_hash(b, &(fdml_params){ .item = two, .n = 2 });
    cr_assert_str_neq(a, b);
    one[0].name = "y";
    fdml_state_hash(b, &(fdml_params){ .item = one, .n = 1 });
    cr_assert_str_neq(a, b);
    one[0].name = "x";
    x[1] = -2;
    fdml_state_hash(b, &(fdml_params){ .item = one, .n = 1 });
    cr_assert_str_neq(a, b);
    x[1] = 2;
    fdml_state_hash(b, &(fdml_params){ .item = one, .n = 1 });
    cr_assert_str_eq(a, b);
}
