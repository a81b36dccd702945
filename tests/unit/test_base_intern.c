/* test_base_intern.c - ids by first appearance, growth, and memory that runs out.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/intern.h"

static uint32_t add(fdml_intern *intern, const char *text)
{
    uint32_t id = 99;
    cr_assert(fdml_intern_add(intern, text, strlen(text), &id));
    return id;
}

Test(base_intern, ids_are_dense_and_stable)
{
    fdml_arena arena;
    fdml_intern names;
    uint32_t id = 7;
    fdml_arena_init(&arena, 0);
    fdml_intern_init(&names, &arena, true);
    cr_assert_not(fdml_intern_find(&names, "a", 1, &id));
    cr_assert_eq(add(&names, "b"), 0u);
    cr_assert_eq(add(&names, "a"), 1u);
    cr_assert_eq(add(&names, "b"), 0u);
    cr_assert_eq(add(&names, ""), 2u);
    cr_assert(fdml_intern_add(&names, "a\0b", 3, &id) && id == 3);
    cr_assert(fdml_intern_add(&names, "a\0c", 3, &id) && id == 4);
    cr_assert(fdml_intern_find(&names, "", 0, &id) && id == 2);
    cr_assert_not(fdml_intern_find(&names, "c", 1, &id));
    cr_assert_eq(names.n, 5u);
    cr_assert_arr_eq(fdml_intern_get(&names, 3).text, "a\0b", 4);
    fdml_arena_close(&arena);
}

static void fill(bool copies)
{
    enum { N = 100000 };
    static char text[N][12];
    fdml_arena arena;
    fdml_intern names;
    fdml_arena_init(&arena, 0);
    fdml_intern_init(&names, &arena, copies);
    for (int i = 0; i < N; i++) {
        snprintf(text[i], sizeof text[i], "%d", i);
        cr_assert_eq(add(&names, text[i]), (uint32_t)i);
    }
    for (int i = 0; i < N; i++) {
        const fdml_interned entry = fdml_intern_get(&names, (uint32_t)i);
        cr_assert_eq(add(&names, text[i]), (uint32_t)i);
        cr_assert_str_eq(entry.text, text[i]);
        cr_assert((entry.text == text[i]) == !copies);
    }
    cr_assert_eq(names.n, (uint32_t)N);
    fdml_arena_close(&arena);
}

Test(base_intern, grows)
{
    fill(false);
    fill(true);
}

Test(base_intern, long_strings_are_copied)
{
    static char text[100000];
    fdml_arena arena;
    fdml_intern names;
    uint32_t id;
    fdml_arena_init(&arena, 0);
    fdml_intern_init(&names, &arena, true);
    memset(text, 'x', sizeof text - 1);
    for (size_t n = 0; n < sizeof text - 1; n += 997) {
        cr_assert(fdml_intern_add(&names, text, n, &id));
        cr_assert_eq(strlen(fdml_intern_get(&names, id).text), n);
    }
    fdml_arena_close(&arena);
}

Test(base_intern, survives_a_full_arena)
{
    for (size_t limit = 64; limit < 200000; limit = limit * 5 / 4) {
        fdml_arena arena;
        fdml_intern names;
        uint32_t id, n = 0;
        char text[16];
        fdml_arena_init(&arena, limit);
        fdml_intern_init(&names, &arena, true);
        for (;; n++) {
            snprintf(text, sizeof text, "%u", n);
            if (!fdml_intern_add(&names, text, strlen(text), &id)) break;
        }
        cr_assert_eq(names.n, n);
        for (uint32_t i = 0; i < n; i++) {
            snprintf(text, sizeof text, "%u", i);
            cr_assert(fdml_intern_find(&names, text, strlen(text), &id) && id == i);
        }
        fdml_arena_close(&arena);
    }
}
