/* kcheck.h - what the checks of the kernels share: cases, guarded buffers, data, verdicts.
 *
 * Every kernel of kernels.def has a check_<name> in one of the check_*.c files; kcheck.c takes
 * their addresses from the same list, so the program does not link without one. A check runs
 * cases (kc_case) and gives two verdicts on each:
 *   kc_same   the kernel's bits are those of the scalar table; only a NaN's sign may differ
 *   kc_near   the value is within a bound of a reference in double that the check derives
 * Between them, kc_intact looks at the canaries around every buffer of the case. The first
 * failure of a kernel ends its check.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TESTS_KCHECK_H
#define FDML_TESTS_KCHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "simd/kernels.h"

#define KC_SLOTS 32

typedef struct kc_slot {
    uint32_t *words; /* what the kernel gets */
    size_t n_words;
    bool is_flush; /* ends at an unreadable page, and so has no canary behind it */
} kc_slot;

typedef struct kcheck {
    const fdml_kernels *ref; /* the scalar table */
    const fdml_kernels *k;   /* the one on trial; the scalar table stands trial too */
    bool is_quick;           /* fewer sizes and places, for emulators */
    fdml_rng rng;

    int placement; /* of the floats of every buffer: see kc_words */
    size_t n_cases, n_slots;
    kc_slot slot[KC_SLOTS];
    char at[160], why[320]; /* the case, and what was wrong with it */
    bool has_failed;

    bool is_timed; /* --bench, once all is checked; all data are plain then */
    double ns;     /* per call, of the case that kc_bench was asked to time; 0: none yet */
    double started;
    size_t n_calls, n_left;
    int n_rounds;
} kcheck;

#define KERNEL(name, params) void check_##name(kcheck *t);
#include "simd/kernels.def"
#undef KERNEL

/* --- cases and buffers -------------------------------------------------------------------
 * A case ends the one before, whose buffers are forgotten. The whole check runs once for each
 * placement of its buffers: floats at +0, +1 and +3 from a 64-byte boundary, between canaries;
 * and flush against an unreadable page, so that a read past the end stops the check. */
enum { KC_PLUS_0, KC_PLUS_1, KC_PLUS_3, KC_FLUSH, KC_PLACEMENTS };
bool kc_can_flush(void); /* false under an x86 emulator, see kcheck_case.c */
void kc_case(kcheck *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void *kc_words(kcheck *t, size_t n_words); /* filled with a quiet NaN of a bit pattern */
bool kc_intact(kcheck *t);
/* n bytes that end where their words end, so that a page's end is theirs; and random ones. */
unsigned char *kc_bytes(kcheck *t, size_t n);
unsigned char *kc_random_bytes(kcheck *t, size_t n);
/* Is the gap behind each row but the last still as kc_words left it? */
bool kc_gaps_intact(kcheck *t, const float *x, size_t n_rows, size_t n_cols, size_t stride);

/* --- sizes: 0..70 and steps up to 700, fewer when quick; KC_END past the last ------------ */
#define KC_END ((size_t)-1)
size_t kc_size(const kcheck *t, size_t index);

/* --- data --------------------------------------------------------------------------------
 * Kinds of a row, or of single elements; PLAIN is always among them. */
enum {
    KC_PLAIN = 0,
    KC_ZERO = 1,
    KC_DENORMAL = 2,
    KC_HUGE = 4, /* products overflow */
    KC_NAN = 8,
    KC_INF = 16,
    KC_FINITE = KC_ZERO | KC_DENORMAL | KC_HUGE,
    KC_ALL = KC_FINITE | KC_NAN | KC_INF
};
uint32_t kc_below(kcheck *t, size_t n); /* n > 0 */
float kc_plain(kcheck *t);              /* +-2^-4 .. 2^3, sometimes 0 */
void kc_fill(kcheck *t, float *x, size_t n, int kinds);
/* Each row of one kind, half of them plain; NaN and infinity appear once in a row. */
void kc_fill_rows(kcheck *t, float *x, size_t n_rows, size_t dim, size_t stride, int kinds);
/* Few distinct values, so that there are ties; with KC_INF also infinite ones. */
void kc_fill_ties(kcheck *t, float *x, size_t n, int kinds);

/* --- verdicts: true is good -------------------------------------------------------------- */
bool kc_fail(kcheck *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool kc_same(kcheck *t, const char *what, const void *want, const void *got, size_t n_words);
bool kc_same_bytes(kcheck *t, const unsigned char *want, const unsigned char *got, size_t n);
/* |got - reference| <= bound. A reference that is NaN must be NaN; a magnitude (the sum of
 * absolute values on the way) past a quarter of the float range says nothing about got. */
bool kc_near(kcheck *t, const char *what, size_t i, float got, double reference, double bound,
             double magnitude);
/* n roundings in a row: n u / (1 - n u), u = 2^-24 (Higham's gamma). */
double kc_gamma(size_t n);

/* --- sums: the references of the kernels of networks ------------------------------------
 * A value in double, the sum of absolute values on the way to it, and how far the float may
 * be from it. */
typedef struct kc_sum {
    double value, magnitude, bound;
} kc_sum;
kc_sum kc_add(kc_sum y, double x); /* a rounded sum */
/* "finish" of kernels.h: what is NULL is left out. */
kc_sum kc_finish(kc_sum y, const float *add, const float *slope, const float limits[2]);
bool kc_near_sum(kcheck *t, const char *what, size_t i, float got, kc_sum y);
void kc_limits(kcheck *t, float limits[2]);       /* low and high, often none */
float *kc_some(kcheck *t, size_t n, int kinds);   /* n floats; NULL half of the time */
float *kc_pixels(kcheck *t, size_t n, int kinds); /* n floats, each sixteen of one kind */

/* --- time --------------------------------------------------------------------------------
 * while (kc_bench(t, wanted)) call(); runs call() often enough to time it, at the first case
 * with `wanted`, and only when t->is_timed. */
bool kc_bench(kcheck *t, bool is_wanted);

#endif
