/* test_base_arena.c - alignment, limits, marks.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"

Test(base_arena, pieces_are_aligned_and_apart)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    char *last = NULL;
    for (size_t size = 0; size < 3000; size += 7) {
        char *piece = fdml_arena_push(&arena, size, 1);
        cr_assert_not_null(piece);
        cr_assert_eq((uintptr_t)piece % 64, 0u);
        memset(piece, 0xA5, size);
        if (last) cr_assert_neq(piece, last);
        if (size) last = piece;
    }
    fdml_arena_close(&arena);
    cr_assert_eq(arena.used, 0u);
}

Test(base_arena, limit_is_obeyed)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 256);
    cr_assert_not_null(fdml_arena_push(&arena, 3, 64));
    cr_assert_null(fdml_arena_push(&arena, 65, 1));
    cr_assert_not_null(fdml_arena_push(&arena, 1, 1));
    cr_assert_null(fdml_arena_push(&arena, 1, 1));
    cr_assert_eq(arena.used, 256u);
    cr_assert_eq(arena.peak, 256u);
    fdml_arena_close(&arena);
}

Test(base_arena, products_that_overflow_are_refused)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    cr_assert_null(fdml_arena_push(&arena, SIZE_MAX / 2, 4));
    cr_assert_null(fdml_arena_push(&arena, SIZE_MAX, 1));
    cr_assert_null(fdml_arena_push(&arena, SIZE_MAX - 70, 1));
    cr_assert_null(fdml_arena_copy_text(&arena, "x", SIZE_MAX));
    cr_assert_eq(arena.used, 0u);
    fdml_arena_close(&arena);
}

Test(base_arena, marks_nest)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    int *kept = fdml_arena_push(&arena, 1, sizeof *kept);
    *kept = 42;
    const fdml_arena_mark outer = fdml_arena_get_mark(&arena);
    cr_assert_not_null(fdml_arena_push(&arena, 1 << 20, 1));
    const fdml_arena_mark inner = fdml_arena_get_mark(&arena);
    cr_assert_not_null(fdml_arena_push_zero(&arena, 1 << 22, 1));
    fdml_arena_reset(&arena, inner);
    cr_assert_eq(arena.used, 64u + (1u << 20));
    fdml_arena_reset(&arena, outer);
    cr_assert_eq(arena.used, 64u);
    cr_assert_eq(*kept, 42);
    cr_assert_eq(arena.peak, 64u + (1u << 20) + (1u << 22));
    fdml_arena_close(&arena);
}

Test(base_arena, zeroed_and_text)
{
    fdml_arena arena;
    fdml_arena_init(&arena, 0);
    memset(fdml_arena_push(&arena, 1000, 1), 0xFF, 1000);
    fdml_arena_reset(&arena, (fdml_arena_mark){ arena.top, 0, 0 });
    const unsigned char *zero = fdml_arena_push_zero(&arena, 1000, 1);
    for (int i = 0; i < 1000; i++) cr_assert_eq(zero[i], 0);
    cr_assert_str_eq(fdml_arena_copy_text(&arena, "abcdef", 3), "abc");
    cr_assert_str_eq(fdml_arena_copy_text(&arena, "", 0), "");
    fdml_arena_close(&arena);
}
