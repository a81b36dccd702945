/* main.c - runs the registered tests one after the other and prints TAP. See criterion.h.
 * SPDX-License-Identifier: MIT */
#include "criterion/criterion.h"

#include <setjmp.h>
#include <stdarg.h>

static plain_test *tests, **last = &tests;
static jmp_buf leave;
static bool has_failed, is_skipped;
static char reason[512];
static const plain_test *suite; /* of the running test */

void plain_register(plain_test *test)
{
    *last = test;
    last = &test->next;
}

void plain_fail(const char *file, int line, bool is_fatal, const char *claim,
                const char *format, ...)
{
    has_failed = true;
    printf("  %s:%d: not true: %s:", file, line, claim);
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    if (is_fatal) longjmp(leave, 1);
}

void plain_skip(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    is_skipped = true;
    longjmp(leave, 1);
}

static const plain_test *suite_of(const plain_test *test)
{
    static const plain_test none;
    for (const plain_test *at = tests; at; at = at->next)
        if (!at->name && !strcmp(at->suite, test->suite)) return at;
    return &none;
}

/* 1 where the test failed. */
static int run(const plain_test *test)
{
    suite = suite_of(test);
    has_failed = is_skipped = false;
    if (setjmp(leave) == 0) {
        if (test->disabled || suite->disabled) plain_skip(" disabled");
        if (test->exit_code || test->signal) plain_skip(" needs a process of its own");
        if (suite->init) suite->init();
        if (test->init) test->init();
        test->run();
    }
    if (test->fini && !is_skipped) test->fini();
    if (suite->fini && !is_skipped) suite->fini();
    printf("%s - %s::%s", has_failed ? "not ok" : "ok", test->suite, test->name);
    if (is_skipped) printf(" # SKIP%s", reason);
    printf("\n");
    fflush(stdout);
    return has_failed;
}

int main(void)
{
    int n_failed = 0;
    for (const plain_test *test = tests; test; test = test->next)
        if (test->name) n_failed += run(test);
    return n_failed > 0;
}
