/* criterion.h - the part of Criterion our unit tests use, in one process and without isolation.
 *
 * Criterion runs every test in a process of its own whose memory it maps at fixed addresses.
 * ThreadSanitizer owns those addresses ("could not initialize inheritable arena"), and an
 * emulator cannot follow. `make tsan` and `make arm` therefore build the same test files
 * against this header (PLAIN=1), and get the same TAP lines. Everywhere else the real Criterion
 * is used. Tests that expect a signal or an exit status are skipped here: they need a process.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_PLAIN_CRITERION_H
#define FDML_PLAIN_CRITERION_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct plain_test {
    const char *suite, *name, *description;
    void (*run)(void), (*init)(void), (*fini)(void);
    int exit_code, signal;
    double timeout;
    bool disabled;
    struct plain_test *next;
} plain_test;

void plain_register(plain_test *test);

/* Prints where and why, and leaves the test where `is_fatal`. */
#if defined(__GNUC__)
__attribute__((format(printf, 5, 6)))
#endif
void plain_fail(const char *file, int line, bool is_fatal, const char *claim,
                const char *format, ...);
_Noreturn void plain_skip(const char *format, ...);

#define PLAIN_REGISTER(id, ...)                                                                \
    static plain_test id##_test = { __VA_ARGS__ };                                             \
    __attribute__((constructor)) static void id##_register(void)                               \
    {                                                                                          \
        plain_register(&id##_test);                                                            \
    }

#define Test(suite_, name_, ...)                                                               \
    static void suite_##_##name_##_body(void);                                                 \
    PLAIN_REGISTER(suite_##_##name_, .suite = #suite_, .name = #name_,                         \
                   .run = suite_##_##name_##_body, __VA_ARGS__)                                \
    static void suite_##_##name_##_body(void)

/* Without a name and a body: what runs around every test of the suite. */
#define TestSuite(suite_, ...) PLAIN_REGISTER(suite_##_suite, .suite = #suite_, __VA_ARGS__)

/* The space lets a message be left out: " " "%d". */
#define PLAIN(fatal, condition, claim, ...)                                                    \
    do {                                                                                       \
        if (!(condition)) plain_fail(__FILE__, __LINE__, fatal, claim, " " __VA_ARGS__);       \
    } while (0)

#define PLAIN_NEAR(a, b, e) (fabs((double)(a) - (double)(b)) <= (double)(e))

#define cr_assert(condition, ...) PLAIN(true, condition, #condition, __VA_ARGS__)
#define cr_assert_not(condition, ...)                                                          \
    PLAIN(true, !(condition), "!(" #condition ")", __VA_ARGS__)
#define cr_assert_eq(a, b, ...) PLAIN(true, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...) PLAIN(true, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...) PLAIN(true, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...) PLAIN(true, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...) PLAIN(true, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...) PLAIN(true, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(p, ...) PLAIN(true, (p) == NULL, #p " is null", __VA_ARGS__)
#define cr_assert_not_null(p, ...) PLAIN(true, (p) != NULL, #p " is not null", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)                                                            \
    PLAIN(true, strcmp(a, b) == 0, #a " is the string " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)                                                           \
    PLAIN(true, strcmp(a, b) != 0, #a " is not the string " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...) PLAIN(true, (a)[0] == '\0', #a " is empty", __VA_ARGS__)
#define cr_assert_str_not_empty(a, ...)                                                        \
    PLAIN(true, (a)[0] != '\0', #a " is not empty", __VA_ARGS__)
#define cr_assert_float_eq(a, b, e, ...)                                                       \
    PLAIN(true, PLAIN_NEAR(a, b, e), #a " is within " #e " of " #b, __VA_ARGS__)
#define cr_assert_float_neq(a, b, e, ...)                                                      \
    PLAIN(true, !PLAIN_NEAR(a, b, e), #a " is not within " #e " of " #b, __VA_ARGS__)
#define cr_assert_arr_eq(a, b, size, ...)                                                      \
    PLAIN(true, memcmp(a, b, size) == 0, #a " has the bytes of " #b, __VA_ARGS__)
#define cr_assert_arr_neq(a, b, size, ...)                                                     \
    PLAIN(true, memcmp(a, b, size) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_assert_fail(...) PLAIN(true, false, "unreachable", __VA_ARGS__)

#define cr_expect(condition, ...) PLAIN(false, condition, #condition, __VA_ARGS__)
#define cr_expect_not(condition, ...)                                                          \
    PLAIN(false, !(condition), "!(" #condition ")", __VA_ARGS__)
#define cr_expect_eq(a, b, ...) PLAIN(false, (a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...) PLAIN(false, (a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...) PLAIN(false, (a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...) PLAIN(false, (a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...) PLAIN(false, (a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...) PLAIN(false, (a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_expect_null(p, ...) PLAIN(false, (p) == NULL, #p " is null", __VA_ARGS__)
#define cr_expect_not_null(p, ...) PLAIN(false, (p) != NULL, #p " is not null", __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)                                                            \
    PLAIN(false, strcmp(a, b) == 0, #a " is the string " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)                                                           \
    PLAIN(false, strcmp(a, b) != 0, #a " is not the string " #b, __VA_ARGS__)
#define cr_expect_str_empty(a, ...) PLAIN(false, (a)[0] == '\0', #a " is empty", __VA_ARGS__)
#define cr_expect_str_not_empty(a, ...)                                                        \
    PLAIN(false, (a)[0] != '\0', #a " is not empty", __VA_ARGS__)
#define cr_expect_float_eq(a, b, e, ...)                                                       \
    PLAIN(false, PLAIN_NEAR(a, b, e), #a " is within " #e " of " #b, __VA_ARGS__)
#define cr_expect_float_neq(a, b, e, ...)                                                      \
    PLAIN(false, !PLAIN_NEAR(a, b, e), #a " is not within " #e " of " #b, __VA_ARGS__)
#define cr_expect_arr_eq(a, b, size, ...)                                                      \
    PLAIN(false, memcmp(a, b, size) == 0, #a " has the bytes of " #b, __VA_ARGS__)
#define cr_expect_arr_neq(a, b, size, ...)                                                     \
    PLAIN(false, memcmp(a, b, size) != 0, #a " differs from " #b, __VA_ARGS__)
#define cr_expect_fail(...) PLAIN(false, false, "unreachable", __VA_ARGS__)

#define cr_skip_test(...) plain_skip(" " __VA_ARGS__)
#define cr_skip(...) plain_skip(" " __VA_ARGS__)
#define cr_log_info(...) ((void)printf("# " __VA_ARGS__))
#define cr_log_warn(...) ((void)printf("# " __VA_ARGS__))

#endif
