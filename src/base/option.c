/* option.c - the text of an option's value becomes a number, a size, a choice or a list.
 * SPDX-License-Identifier: MIT */
#include "base/option.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

bool fdml_count_parse(uint64_t *count, const char *text)
{
    uint64_t n = 0;
    if (!*text) return false;
    for (; *text; text++) {
        const unsigned digit = (unsigned)(*text - '0');
        if (*text < '0' || *text > '9' || n > (UINT64_MAX - digit) / 10) return false;
        n = 10 * n + digit;
    }
    *count = n;
    return true;
}

bool fdml_real_parse(double *real, const char *text)
{
    double x;
    if (!fdml_number_double(&x, text, strlen(text)) || !isfinite(x)) return false;
    *real = x;
    return true;
}

/* Number of bytes of "", "B", "K", "KB", "KiB", ..., all powers of 1024; 0: no such unit. */
static double unit_bytes(const char *unit)
{
    static const char letters[] = "KMGT";
    if (!*unit || !strcmp(unit, "B")) return 1;
    const char upper = (char)(*unit >= 'a' && *unit <= 'z' ? *unit - 'a' + 'A' : *unit);
    const char *at = strchr(letters, upper);
    const char *rest = unit + 1;
    if (!at || (*rest && strcmp(rest, "B") && strcmp(rest, "iB"))) return 0;
    return ldexp(1, 10 * (int)(at - letters + 1));
}

bool fdml_size_parse(size_t *bytes, const char *text)
{
    const size_t n_number = strspn(text, "0123456789.");
    double x;
    const double unit = unit_bytes(text + n_number);
    if (!n_number || unit == 0 || !fdml_number_double(&x, text, n_number)) return false;
    x *= unit;
    if (!(x >= 1) || x >= 0x1p63) return false;
    *bytes = (size_t)x;
    return true;
}

static const char *const size_unit[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };

/* Its unit as a power of 1024. */
static int unit_of(double bytes)
{
    const int last = (int)(sizeof size_unit / sizeof *size_unit) - 1;
    int unit = 0;
    while (bytes >= 1024 && unit < last) bytes /= 1024, unit++;
    return unit;
}

static void print_size(char text[32], double bytes, int unit, int digits)
{
    snprintf(text, 32, "%.*f %s", unit ? digits : 0, ldexp(bytes, -10 * unit), size_unit[unit]);
}

void fdml_size_print(char text[32], double bytes)
{
    print_size(text, bytes, unit_of(bytes), 1);
}

void fdml_size_print_above(char need[32], char limit_text[32], double needed, double limit)
{
    const int unit = unit_of(needed), limit_unit = unit_of(limit);
    for (int digits = 1; digits < 13; digits++) {
        const double step = ldexp(pow(10, -digits), 10 * unit);
        const double up = unit ? step * ceil(needed / step) : ceil(needed);
        print_size(need, up, unit, digits);
        print_size(limit_text, limit, limit_unit, digits);
        if (strcmp(need, limit_text) != 0) return;
    }
}

/* One value on its way into the options: what it is for, and where the error goes. */
typedef struct storing {
    const fdml_option *option;
    const char *shown, *text;
    fdml_arena *arena;
    fdml_error *err;
} storing;

static fdml_status fail_number(const storing *s, const char *text, const char *kind)
{
    const fdml_option *o = s->option;
    if (o->type == FDML_OPTION_COUNT || o->type == FDML_OPTION_COUNTS) {
        /* As a double the largest 64-bit number is one too many. */
        const bool is_most = o->high >= 18446744073709551615.;
        char high[64];
        snprintf(high, sizeof high, "%.0f", o->high);
        return fdml_fail(s->err, FDML_E_ARG, "%s: '%s' is not %s from %.0f to %s", s->shown,
                         text, kind, o->low, is_most ? "18446744073709551615" : high);
    }
    if (o->type == FDML_OPTION_WITHIN)
        return fdml_fail(s->err, FDML_E_ARG, "%s: '%s' is not %s from %g to %g", s->shown, text,
                         kind, o->low, o->high);
    return fdml_fail(s->err, FDML_E_ARG, "%s: '%s' is not %s greater than %g and less than %g",
                     s->shown, text, kind, o->low, o->high);
}

static fdml_status store_count(uint64_t *count, const storing *s, const char *text)
{
    uint64_t n;
    if (!fdml_count_parse(&n, text) || (double)n < s->option->low ||
        (double)n > s->option->high)
        return fail_number(s, text, "a whole number");
    *count = n;
    return FDML_OK;
}

static fdml_status store_real(double *real, const storing *s, const char *text)
{
    const fdml_option *o = s->option;
    double x;
    if (!fdml_real_parse(&x, text) || !(x >= o->low && x <= o->high) ||
        (o->type != FDML_OPTION_WITHIN && (x == o->low || x == o->high)))
        return fail_number(s, text, "a number");
    *real = x;
    return FDML_OK;
}

static fdml_status store_choice(int *index, const storing *s)
{
    const size_t length = strlen(s->text);
    const char *at = s->option->choices;
    for (int i = 0; at; i++) {
        const size_t n = strcspn(at, "|");
        if (length == n && !memcmp(at, s->text, n)) {
            *index = i;
            return FDML_OK;
        }
        at = at[n] ? at + n + 1 : NULL;
    }
    return fdml_fail(s->err, FDML_E_ARG, "%s: '%s' is none of %s", s->shown, s->text,
                     s->option->choices);
}

static fdml_status copy_text(const char **copy, const storing *s, const char *text)
{
    if (!*text) return fdml_fail(s->err, FDML_E_ARG, "%s: the value is empty", s->shown);
    *copy = fdml_arena_copy_text(s->arena, text, strlen(text));
    return *copy ? FDML_OK : fdml_fail(s->err, FDML_E_NOMEM, "%s: no memory", s->shown);
}

/* Cuts the next item off a comma-separated list; `n` are there already. */
static fdml_status next_item(char item[256], const char **at, size_t n, const storing *s)
{
    const size_t length = strcspn(*at, ",");
    if (n == FDML_LIST_MAX)
        return fdml_fail(s->err, FDML_E_ARG, "%s: more than %d items", s->shown, FDML_LIST_MAX);
    if (!length)
        return fdml_fail(s->err, FDML_E_ARG,
                         "%s: '%s' has an empty item (no blanks around commas)", s->shown,
                         s->text);
    if (length >= 256)
        return fdml_fail(s->err, FDML_E_ARG, "%s: an item has %zu bytes, the limit is 255",
                         s->shown, length);
    memcpy(item, *at, length);
    item[length] = 0;
    *at = (*at)[length] ? *at + length + 1 : NULL;
    return FDML_OK;
}

static fdml_status store_counts(fdml_counts *counts, const storing *s)
{
    fdml_counts made = { 0 };
    char item[256];
    for (const char *at = s->text; at; made.n++) {
        uint64_t count;
        FDML_TRY(next_item(item, &at, made.n, s));
        FDML_TRY(store_count(&count, s, item));
        made.item[made.n] = (uint32_t)count;
    }
    *counts = made;
    return FDML_OK;
}

static fdml_status store_reals(fdml_reals *reals, const storing *s)
{
    fdml_reals made = { 0 };
    char item[256];
    for (const char *at = s->text; at; made.n++) {
        FDML_TRY(next_item(item, &at, made.n, s));
        FDML_TRY(store_real(&made.item[made.n], s, item));
    }
    *reals = made;
    return FDML_OK;
}

static fdml_status store_texts(fdml_texts *texts, const storing *s)
{
    fdml_texts made = *texts;
    char item[256];
    for (const char *at = s->text; at; made.n++) {
        FDML_TRY(next_item(item, &at, made.n, s));
        FDML_TRY(copy_text(&made.item[made.n], s, item));
    }
    *texts = made;
    return FDML_OK;
}

static fdml_status store_word(fdml_texts *texts, const storing *s)
{
    if (texts->n == FDML_LIST_MAX)
        return fdml_fail(s->err, FDML_E_ARG, "%s: given more than %d times", s->shown,
                         FDML_LIST_MAX);
    FDML_TRY(copy_text(&texts->item[texts->n], s, s->text));
    texts->n++;
    return FDML_OK;
}

fdml_status fdml_option_store(const fdml_option *option, void *options, const char *shown,
                              const char *text, fdml_arena *arena, fdml_error *err)
{
    const storing s = { option, shown, text, arena, err };
    void *target = (char *)options + option->offset;
    switch (option->type) {
    case FDML_OPTION_SECTION:
        break;
    case FDML_OPTION_SWITCH:
        *(bool *)target = true;
        break;
    case FDML_OPTION_NO:
        *(bool *)target = false;
        break;
    case FDML_OPTION_TEXT:
        return copy_text(target, &s, text);
    case FDML_OPTION_TEXTS:
        return store_texts(target, &s);
    case FDML_OPTION_WORDS:
        return store_word(target, &s);
    case FDML_OPTION_COUNT:
        return store_count(target, &s, text);
    case FDML_OPTION_REAL:
    case FDML_OPTION_WITHIN:
        return store_real(target, &s, text);
    case FDML_OPTION_SIZE:
        if (fdml_size_parse(target, text)) break;
        return fdml_fail(err, FDML_E_ARG, "%s: '%s' is no size such as 4096, 64K, 512M or 2G",
                         shown, text);
    case FDML_OPTION_CHOICE:
        return store_choice(target, &s);
    case FDML_OPTION_COUNTS:
        return store_counts(target, &s);
    case FDML_OPTION_REALS:
        return store_reals(target, &s);
    }
    return FDML_OK;
}

const fdml_option *fdml_option_find(const fdml_option *options, size_t n, const char *name,
                                    size_t length)
{
    for (size_t i = 0; i < n; i++) {
        const fdml_option *o = &options[i];
        if (o->name && strlen(o->name) == length && !memcmp(o->name, name, length)) return o;
    }
    return NULL;
}

/* Edits (insert, delete, replace, swap neighbours) between two words of at most 31 letters. */
static unsigned edit_distance(const char *a, const char *b)
{
    enum { MAX = 32 };
    unsigned row[3][MAX + 1];
    const size_t n = strlen(a), m = strlen(b);
    if (n >= MAX || m >= MAX) return MAX;
    for (size_t j = 0; j <= m; j++) row[0][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[i % 3];
        const unsigned *last = row[(i + 2) % 3], *before = row[(i + 1) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
            if (last[j] + 1 < best) best = last[j] + 1;
            if (now[j - 1] + 1 < best) best = now[j - 1] + 1;
            const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
            if (swapped && before[j - 2] + 1 < best) best = before[j - 2] + 1;
            now[j] = best;
        }
    }
    return row[n % 3][m];
}

const char *fdml_option_nearest(const char *word,
                                const char *(*candidate)(const void *, size_t), const void *ctx)
{
    const char *best = NULL;
    const size_t length = strlen(word);
    unsigned least = 4;
    for (size_t i = 0;; i++) {
        const char *name = candidate(ctx, i);
        if (!name) return best;
        if (length >= 3 && !strncmp(name, word, length)) return name; /* cut short */
        const unsigned edits = edit_distance(word, name);
        const size_t longer = length > strlen(name) ? length : strlen(name);
        if (3 * edits <= longer && edits < least) {
            best = name;
            least = edits;
        }
    }
}
