/* kcheck_case.c - guarded buffers, random data and verdicts. See kcheck.h.
 *
 * Buffers live in slots between unreadable pages. A slot is reused by the next case, so
 * thousands of cases cost a few system calls.
 * SPDX-License-Identifier: MIT */
#include "kcheck.h"

#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#define CANARY 0x7fedcafeu /* a quiet NaN: read as data, it spoils the result */
#define N_CANARIES 16      /* words: as far as one vector reaches */
#define SLOT_BYTES ((size_t)4 << 20)

static size_t page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* All slots in one mapping: page, slot, page, slot, ... page. */
static unsigned char *slots(void)
{
    static unsigned char *base;
    if (base) return base;
    const size_t page = page_size(), step = SLOT_BYTES + page, size = KC_SLOTS * step + page;
    const int zero = open("/dev/zero", O_RDWR);
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE, zero, 0);
    if (zero < 0 || map == MAP_FAILED) {
        perror("kcheck: mmap of /dev/zero");
        exit(1);
    }
    close(zero);
    base = map;
    for (size_t i = 0; i <= KC_SLOTS; i++)
        if (mprotect(base + i * step, page, PROT_NONE)) perror("kcheck: mprotect");
    return base;
}

/* QEMU 7.2 runs a masked AVX load as a whole one, which stops at the unreadable page where a
 * processor would not. Its processors sign themselves in CPUID's hypervisor leaf. */
bool kc_can_flush(void)
{
#if defined(__x86_64__)
    unsigned eax, word[3];
    __cpuid(0x40000000, eax, word[0], word[1], word[2]);
    return memcmp(word, "TCGTCGTCGTCG", sizeof word) != 0;
#else
    return true;
#endif
}

void kc_case(kcheck *t, const char *format, ...)
{
    static const char *const place[] = { "at +0", "at +1", "at +3", "at a page's end" };
    t->n_slots = 0;
    t->n_cases++;
    va_list args;
    va_start(args, format);
    const int length = vsnprintf(t->at, sizeof t->at, format, args);
    va_end(args);
    if (length >= 0 && (size_t)length < sizeof t->at)
        snprintf(t->at + length, sizeof t->at - (size_t)length, " %s", place[t->placement]);
}

void *kc_words(kcheck *t, size_t n_words)
{
    const size_t page = page_size();
    if (t->n_slots == KC_SLOTS || (n_words + 3 * N_CANARIES) * sizeof(uint32_t) > SLOT_BYTES) {
        fprintf(stderr, "kcheck: %s: %zu words do not fit a slot\n", t->at, n_words);
        exit(1);
    }
    unsigned char *begin = slots() + page + t->n_slots * (SLOT_BYTES + page);
    kc_slot *slot = &t->slot[t->n_slots++];
    slot->n_words = n_words;
    slot->is_flush = t->placement == KC_FLUSH;
    static const size_t skew[KC_PLACEMENTS] = { [KC_PLUS_1] = 1, [KC_PLUS_3] = 3 };
    if (slot->is_flush)
        slot->words = (uint32_t *)(void *)(begin + SLOT_BYTES) - n_words;
    else
        slot->words = (uint32_t *)(void *)begin + N_CANARIES + skew[t->placement];
    uint32_t *end = slot->words + n_words + (slot->is_flush ? 0 : N_CANARIES);
    for (uint32_t *w = slot->words - N_CANARIES; w < end; w++) *w = CANARY;
    return slot->words;
}

unsigned char *kc_bytes(kcheck *t, size_t n)
{
    const size_t n_words = (n + 3) / 4;
    unsigned char *p = kc_words(t, n_words);
    return p + 4 * n_words - n;
}

unsigned char *kc_random_bytes(kcheck *t, size_t n)
{
    unsigned char *p = kc_bytes(t, n);
    for (size_t i = 0; i < n; i++) p[i] = (unsigned char)kc_below(t, 256);
    return p;
}

bool kc_intact(kcheck *t)
{
    for (size_t s = 0; s < t->n_slots; s++) {
        const kc_slot *slot = &t->slot[s];
        for (size_t i = 0; i < N_CANARIES; i++) {
            if (slot->words[-(ptrdiff_t)i - 1] != CANARY)
                return kc_fail(t, "buffer %zu: wrote %zu words before it", s, i + 1);
            if (!slot->is_flush && slot->words[slot->n_words + i] != CANARY)
                return kc_fail(t, "buffer %zu of %zu words: wrote word %zu", s, slot->n_words,
                               slot->n_words + i);
        }
    }
    return true;
}

bool kc_gaps_intact(kcheck *t, const float *x, size_t n_rows, size_t n_cols, size_t stride)
{
    const uint32_t canary = CANARY;
    for (size_t i = 0; i + 1 < n_rows; i++)
        for (size_t j = n_cols; j < stride; j++)
            if (memcmp(x + i * stride + j, &canary, sizeof canary))
                return kc_fail(t, "wrote column %zu of %zu in row %zu", j, n_cols, i);
    return true;
}

size_t kc_size(const kcheck *t, size_t index)
{
    static const size_t steps[] = { 71,  95,  96,  97,  127, 128, 129, 191, 192, 193, 255,
                                    256, 257, 300, 383, 448, 511, 512, 513, 640, 700 };
    static const size_t quick[] = { 0,  1,  2,  3,  5,   7,   8,   9,   12, 15, 16,
                                    17, 23, 31, 32, 33,  47,  48,  49,  63, 64, 65,
                                    66, 70, 96, 97, 129, 193, 257, 512, 700 };
    const size_t n_steps = sizeof steps / sizeof *steps, n_quick = sizeof quick / sizeof *quick;
    if (t->is_quick) return index < n_quick ? quick[index] : KC_END;
    if (index <= 70) return index;
    return index - 71 < n_steps ? steps[index - 71] : KC_END;
}

uint32_t kc_below(kcheck *t, size_t n)
{
    return fdml_rng_below(&t->rng, (uint32_t)n);
}

float kc_plain(kcheck *t)
{
    const uint32_t r = fdml_rng_u32(&t->rng);
    if (r % 32 == 0) return 0;
    const float magnitude = ldexpf((float)(r >> 9 | 1u << 23), (int)(r % 7) - 27);
    return r >> 7 & 1 ? -magnitude : magnitude;
}

static float of_kind(kcheck *t, int kind)
{
    const uint32_t r = fdml_rng_u32(&t->rng);
    const float sign = r & 1 ? -1.0f : 1.0f;
    switch (kind) {
    case KC_ZERO:
        return sign * 0.0f;
    case KC_DENORMAL:
        return sign * ldexpf((float)(r >> 8), -149); /* below 2^-125 */
    case KC_HUGE:
        return sign * ldexpf((float)(r >> 9 | 1u << 23), 77 + (int)(r >> 1 & 15));
    case KC_NAN:
        return NAN;
    case KC_INF:
        return sign * INFINITY;
    default:
        return kc_plain(t);
    }
}

/* Plain half of the time, else any of `kinds`. Denormals would dominate what is timed. */
static int pick_kind(kcheck *t, int kinds)
{
    if (t->is_timed || kc_below(t, 2)) return KC_PLAIN;
    const int kind = 1 << kc_below(t, 5);
    return kind & kinds;
}

void kc_fill(kcheck *t, float *x, size_t n, int kinds)
{
    for (size_t i = 0; i < n; i++) x[i] = of_kind(t, pick_kind(t, kinds));
}

void kc_fill_rows(kcheck *t, float *x, size_t n_rows, size_t dim, size_t stride, int kinds)
{
    for (size_t i = 0; i < n_rows; i++, x += stride) {
        const int kind = pick_kind(t, kinds), once = kind & (KC_NAN | KC_INF);
        for (size_t d = 0; d < dim; d++) x[d] = of_kind(t, once ? KC_PLAIN : kind);
        if (once && dim) x[kc_below(t, dim)] = of_kind(t, kind);
    }
}

void kc_fill_ties(kcheck *t, float *x, size_t n, int kinds)
{
    for (size_t i = 0; i < n; i++) {
        const int step = (int)kc_below(t, 21) - 10;
        x[i] = (float)step / 8;
        if (kinds & KC_INF && kc_below(t, 16) == 0) x[i] = step < 0 ? -INFINITY : INFINITY;
        if (kinds & KC_ZERO && kc_below(t, 16) == 0) x[i] = -0.0f;
    }
}

bool kc_fail(kcheck *t, const char *format, ...)
{
    if (t->has_failed) return false;
    t->has_failed = true;
    const int length = snprintf(t->why, sizeof t->why, "%s: ", t->at);
    va_list args;
    va_start(args, format);
    vsnprintf(t->why + length, sizeof t->why - (size_t)length, format, args);
    va_end(args);
    return false;
}

bool kc_same(kcheck *t, const char *what, const void *want, const void *got, size_t n_words)
{
    const uint32_t *w = want, *g = got;
    for (size_t i = 0; i < n_words; i++) {
        if (w[i] == g[i]) continue;
        /* floats and counts alike: no count of a case reaches the pattern of a NaN */
        if ((w[i] & 0x7fffffffu) > 0x7f800000u && (w[i] ^ g[i]) == 0x80000000u) continue;
        float x, y;
        memcpy(&x, w + i, sizeof x);
        memcpy(&y, g + i, sizeof y);
        return kc_fail(t, "%s[%zu] is %u (%08x, as float %.9g), expected %u (%08x, %.9g)", what,
                       i, (unsigned)g[i], (unsigned)g[i], (double)y, (unsigned)w[i],
                       (unsigned)w[i], (double)x);
    }
    return true;
}

bool kc_same_bytes(kcheck *t, const unsigned char *want, const unsigned char *got, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (want[i] != got[i])
            return kc_fail(t, "byte %zu is %u, expected %u", i, (unsigned)got[i],
                           (unsigned)want[i]);
    return true;
}

bool kc_near(kcheck *t, const char *what, size_t i, float got, double reference, double bound,
             double magnitude)
{
    if (isnan(reference) ? isnan(got) : !(magnitude < 0x1p126)) return true;
    if (fabs((double)got - reference) <= bound) return true;
    return kc_fail(t, "%s[%zu] is %.9g, %.3g from %.17g, more than %.3g", what, i, (double)got,
                   fabs((double)got - reference), reference, bound);
}

double kc_gamma(size_t n)
{
    const double nu = (double)n * 0x1p-24;
    return nu / (1 - nu);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Batches grow to a millisecond, then the best of eleven counts. */
bool kc_bench(kcheck *t, bool is_wanted)
{
    if (!t->is_timed || !is_wanted || t->n_rounds == 11) return false;
    if (t->n_left > 1) return t->n_left--;
    if (t->n_calls) {
        const double seconds = now() - t->started, ns = 1e9 * seconds / (double)t->n_calls;
        if (seconds < 1e-3)
            t->n_calls *= 2;
        else if (t->n_rounds++ == 0 || ns < t->ns)
            t->ns = ns;
        if (t->n_rounds == 11) return false;
    } else {
        t->n_calls = 1;
    }
    t->n_left = t->n_calls;
    t->started = now();
    return true;
}
