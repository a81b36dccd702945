/* cli_values.c - the text of an option's value becomes a number, a size, a choice or a list.
 *
 * A value that is not what the option wants ends the program with exit 2 and one line that
 * names the option, the value and the limit.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/number.h"
#include "cli.h"

bool cli_parse_count(uint64_t *count, const char *text)
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

bool cli_parse_real(double *real, const char *text)
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

bool cli_parse_size(size_t *bytes, const char *text)
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

void cli_print_size(char text[32], double bytes)
{
    static const char *const unit[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
    size_t i = 0;
    while (bytes >= 1024 && i + 1 < sizeof unit / sizeof *unit) {
        bytes /= 1024;
        i++;
    }
    snprintf(text, 32, i ? "%.1f %s" : "%.0f %s", bytes, unit[i]);
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

const char *cli_nearest(const char *word, const char *(*candidate)(const void *, size_t),
                        const void *ctx)
{
    const char *best = NULL;
    const size_t length = strlen(word);
    unsigned least = length < 3   ? 1
                     : length < 6 ? 2
                                  : 3; /* at most a third to a half is wrong */
    for (size_t i = 0;; i++) {
        const char *name = candidate(ctx, i);
        if (!name) return best;
        if (length >= 3 && !strncmp(name, word, length)) return name; /* cut short */
        const unsigned edits = edit_distance(word, name);
        if (edits < least || (edits == least && !best)) {
            best = name;
            least = edits;
        }
    }
}

static _Noreturn void bad_number(const cli_option *o, const char *shown, const char *text,
                                 const char *kind)
{
    if (o->type == CLI_COUNT || o->type == CLI_COUNTS)
        cli_die(CLI_EXIT_DATA, "%s: '%s' is not %s from %.0f to %.0f", shown, text, kind,
                o->low, o->high);
    cli_die(CLI_EXIT_DATA, "%s: '%s' is not %s greater than %g and less than %g", shown, text,
            kind, o->low, o->high);
}

static uint64_t count_in_range(const cli_option *o, const char *shown, const char *text)
{
    uint64_t n;
    if (!cli_parse_count(&n, text) || (double)n < o->low || (double)n > o->high)
        bad_number(o, shown, text, "a whole number");
    return n;
}

static double real_in_range(const cli_option *o, const char *shown, const char *text)
{
    double x;
    if (!cli_parse_real(&x, text) || !(x > o->low && x < o->high))
        bad_number(o, shown, text, "a number");
    return x;
}

static int choice_index(const cli_option *o, const char *shown, const char *text)
{
    const size_t length = strlen(text);
    const char *at = o->choices;
    for (int i = 0; at; i++) {
        const size_t n = strcspn(at, "|");
        if (length == n && !memcmp(at, text, n)) return i;
        at = at[n] ? at + n + 1 : NULL;
    }
    cli_die(CLI_EXIT_DATA, "%s: '%s' is none of %s", shown, text, o->choices);
}

/* Cuts the next item off a comma-separated list; copies, since argv stays as it is. */
static bool next_item(char item[256], const char **at, const char *shown, const char *text)
{
    if (!*at) return false;
    const size_t n = strcspn(*at, ",");
    if (!n) cli_die(CLI_EXIT_DATA, "%s: '%s' has an empty item", shown, text);
    if (n >= 256)
        cli_die(CLI_EXIT_DATA, "%s: an item has %zu bytes, the limit is 255", shown, n);
    memcpy(item, *at, n);
    item[n] = 0;
    *at = (*at)[n] ? *at + n + 1 : NULL;
    return true;
}

static void store_numbers(const cli_option *o, void *target, const char *shown,
                          const char *text)
{
    cli_counts *counts = target;
    cli_reals *reals = target;
    char item[256];
    size_t n = 0;
    for (const char *at = text; next_item(item, &at, shown, text); n++) {
        if (n == CLI_LIST_MAX)
            cli_die(CLI_EXIT_DATA, "%s: more than %d items", shown, CLI_LIST_MAX);
        if (o->type == CLI_COUNTS)
            counts->item[n] = (uint32_t)count_in_range(o, shown, item);
        else
            reals->item[n] = real_in_range(o, shown, item);
    }
    if (o->type == CLI_COUNTS)
        counts->n = n;
    else
        reals->n = n;
}

/* Item texts point into a copy that lives as long as the program: options are parsed once. */
static void store_texts(cli_texts *texts, const char *shown, const char *text)
{
    static fdml_arena arena;
    char item[256];
    for (const char *at = text; next_item(item, &at, shown, text);) {
        if (texts->n == CLI_LIST_MAX)
            cli_die(CLI_EXIT_DATA, "%s: more than %d items", shown, CLI_LIST_MAX);
        const char *copy = fdml_arena_copy_text(&arena, item, strlen(item));
        if (!copy) cli_die(CLI_EXIT_DATA, "out of memory");
        texts->item[texts->n++] = copy;
    }
}

void cli_store(const cli_option *o, void *options, const char *shown, const char *text)
{
    void *target = (char *)options + o->offset;
    switch (o->type) {
    case CLI_SECTION:
        break;
    case CLI_SWITCH:
        *(bool *)target = true;
        break;
    case CLI_NO:
        *(bool *)target = false;
        break;
    case CLI_TEXT:
        if (!*text) cli_die(CLI_EXIT_DATA, "%s: the value is empty", shown);
        *(const char **)target = text;
        break;
    case CLI_TEXTS:
        store_texts(target, shown, text);
        break;
    case CLI_COUNT:
        *(uint64_t *)target = count_in_range(o, shown, text);
        break;
    case CLI_REAL:
        *(double *)target = real_in_range(o, shown, text);
        break;
    case CLI_SIZE:
        if (!cli_parse_size(target, text))
            cli_die(CLI_EXIT_DATA, "%s: '%s' is no size such as 4096, 64K, 512M or 2G", shown,
                    text);
        break;
    case CLI_CHOICE:
        *(int *)target = choice_index(o, shown, text);
        break;
    case CLI_COUNTS:
    case CLI_REALS:
        store_numbers(o, target, shown, text);
        break;
    }
}
