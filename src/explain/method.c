/* method.c - see method.h.
 *
 * A setting is a row of a table: its letters, where its number goes and between which limits,
 * and which methods have it.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/method.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/option.h"

const char *const fdml_method_name[FDML_METHODS] = { "lime", "shap", "gam", "tree" };

const char *fdml_method_word(size_t index)
{
    return index < FDML_METHODS ? fdml_method_name[index] : NULL;
}

enum { LIME = 1 << FDML_METHOD_LIME, SHAP = 1 << FDML_METHOD_SHAP };
enum { GAM = 1 << FDML_METHOD_GAM, TREE = 1 << FDML_METHOD_TREE };
enum { MOST_SAMPLES = 1000000, MOST_TEXT = 512 };

typedef enum setting_type { COUNT, REAL, SWITCH } setting_type;
enum { FROM_0 = -1 }; /* the low of a real that may be 0 */

typedef struct setting {
    const char *name;
    setting_type type;
    unsigned methods; /* which have it */
    size_t offset;
    double low, high;  /* COUNT: both included; REAL: both excluded, or FROM_0 */
    const char *words; /* how fdml_method_describe says it; of a number with one %g */
} setting;

#define AT(member) offsetof(fdml_method, member)
static const setting settings[] = {
    { "k", COUNT, LIME | SHAP | GAM | TREE, AT(n_kept), 1, 65535, "%g features" },
    { "n", COUNT, LIME | SHAP, AT(n_samples), 2, MOST_SAMPLES, "%g samples" },
    { "around", SWITCH, LIME, AT(is_around), 0, 0, "numbers drawn around the row" },
    { "sigma", REAL, LIME, AT(sigma), 0, 1e6, "%g times the deviation" },
    { "alpha", REAL, LIME, AT(alpha), FROM_0, 1e6, "penalty %g" },
    { "jtt", REAL, LIME, AT(jtt), 0, 1e6,
      "trained twice, what the first model got wrong weighing %g times" },
    { "mass", SWITCH, LIME, AT(keeps_mass), 0, 0, "weights not divided by their sum" },
    { "b", COUNT, SHAP, AT(n_background), 1, MOST_SAMPLES, "%g background rows" },
    { "encoded", SWITCH, SHAP, AT(is_encoded), 0, 0, "players being encoded columns" },
    { "depth", COUNT, TREE, AT(depth), 1, FDML_METHOD_MOST_DEPTH, "depth %g" },
    { "balanced", SWITCH, GAM | TREE, AT(is_balanced), 0, 0,
      "trained on rows with groups made equally frequent" },
};
enum { N_SETTINGS = sizeof settings / sizeof *settings };

const char *fdml_method_setting(size_t index)
{
    return index < N_SETTINGS ? settings[index].name : NULL;
}

/* --- parsing ------------------------------------------------------------------------------ */

typedef struct reading {
    fdml_method *method;
    const char *text; /* the whole */
    fdml_error *err;
} reading;

static const char *method_word(const void *ctx, size_t index)
{
    (void)ctx;
    return fdml_method_word(index);
}

/* "k, n, around": those that a method has. */
static void list_settings(char *list, size_t size, fdml_method_kind kind)
{
    size_t n = 0;
    *list = 0;
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (settings[i].methods >> kind & 1 && n < size)
            n += (size_t)snprintf(list + n, size - n, "%s%s", n ? ", " : "", settings[i].name);
}

static const setting *find_setting(const char *word, size_t length, fdml_method_kind kind)
{
    for (size_t i = 0; i < N_SETTINGS; i++)
        if (settings[i].methods >> kind & 1 && strlen(settings[i].name) == length &&
            !strncmp(settings[i].name, word, length))
            return &settings[i];
    return NULL;
}

static fdml_status store_number(const reading *r, const setting *s, const char *text)
{
    double number;
    uint64_t count;
    void *to = (char *)r->method + s->offset;
    const bool is_count = s->type == COUNT;
    bool fits = is_count ? fdml_count_parse(&count, text) : fdml_real_parse(&number, text);
    if (fits && is_count) fits = count >= (uint64_t)s->low && count <= (uint64_t)s->high;
    const bool from_0 = !is_count && s->low == FROM_0;
    if (fits && !is_count) fits = (from_0 ? number >= 0 : number > s->low) && number < s->high;
    if (!fits)
        return fdml_fail(r->err, FDML_E_ARG, "method '%s': '%s' is no %s %s %g %s %g for %s",
                         r->text, text, is_count ? "whole number" : "number",
                         is_count || from_0 ? "from" : "above", from_0 ? 0 : s->low,
                         is_count ? "to" : "and below", s->high, s->name);
    if (is_count && s->offset == AT(depth))
        *(unsigned *)to = (unsigned)count;
    else if (is_count)
        *(size_t *)to = (size_t)count;
    else
        *(double *)to = number;
    return FDML_OK;
}

/* One setting, `word`, such as "k5". */
static fdml_status read_setting(const reading *r, const char *word)
{
    size_t letters = 0;
    while (islower((unsigned char)word[letters])) letters++;
    const setting *s = find_setting(word, letters, r->method->kind);
    const bool has_number = word[letters] != 0;
    if (!s || (s->type == SWITCH) == has_number) {
        char list[MOST_TEXT];
        list_settings(list, sizeof list, r->method->kind);
        return fdml_fail(
            r->err, FDML_E_ARG,
            s ? s->type == SWITCH
                    ? "method '%s': setting '%s' takes no number; %s has %s"
                    : "method '%s': setting '%s' needs a number, as in k5; %s has %s"
              : "method '%s': there is no setting '%s'; %s has %s",
            r->text, word, fdml_method_name[r->method->kind], list);
    }
    const unsigned bit = 1u << (s - settings);
    if (r->method->given & bit)
        return fdml_fail(r->err, FDML_E_ARG, "method '%s': setting '%s' is given twice",
                         r->text, s->name);
    r->method->given |= bit;
    if (s->type != SWITCH) return store_number(r, s, word + letters);
    *((bool *)((char *)r->method + s->offset)) = true;
    return FDML_OK;
}

static fdml_status read_name(const reading *r, const char *name)
{
    for (size_t i = 0; i < FDML_METHODS; i++)
        if (!strcmp(name, fdml_method_name[i])) {
            r->method->kind = (fdml_method_kind)i;
            return FDML_OK;
        }
    const char *nearest = fdml_option_nearest(name, method_word, NULL);
    return fdml_fail(
        r->err, FDML_E_ARG, "there is no method '%s'%s%s%s; there are lime, shap, gam and tree",
        name, nearest ? "; did you mean " : "", nearest ? nearest : "", nearest ? "?" : "");
}

static fdml_status check_settings(const reading *r)
{
    const fdml_method *m = r->method;
    if (m->keeps_mass && !(m->jtt > 0))
        return fdml_fail(r->err, FDML_E_ARG, "method '%s': mass needs jtt", r->text);
    return FDML_OK;
}

fdml_status fdml_method_parse(fdml_method *method, const char *text, fdml_arena *arena,
                              fdml_error *err)
{
    fdml_method made = { .n_background = 50, .sigma = 1, .alpha = 1 };
    const reading r = { &made, text, err };
    char word[MOST_TEXT];
    const char *at = text;
    if (strlen(text) >= sizeof word)
        return fdml_fail(err, FDML_E_ARG, "a method of %zu characters, the limit is %zu",
                         strlen(text), sizeof word - 1);
    for (bool is_name = true; at; is_name = false) {
        const size_t n = strcspn(at, ":");
        memcpy(word, at, n);
        word[n] = 0;
        FDML_TRY(is_name ? read_name(&r, word) : read_setting(&r, word));
        at = at[n] ? at + n + 1 : NULL;
    }
    FDML_TRY(check_settings(&r));
    if (!made.n_samples)
        made.n_samples = made.kind == FDML_METHOD_LIME   ? 5000
                         : made.kind == FDML_METHOD_SHAP ? 50
                                                         : 0;
    made.text = fdml_arena_copy_text(arena, text, strlen(text));
    if (!made.text) return fdml_fail(err, FDML_E_NOMEM, "no memory for a method");
    *method = made;
    return FDML_OK;
}

bool fdml_method_has_local(const fdml_method *method)
{
    return method->kind != FDML_METHOD_TREE;
}

bool fdml_method_asks_new_rows(const fdml_method *method)
{
    return method->kind == FDML_METHOD_LIME || method->kind == FDML_METHOD_SHAP;
}

bool fdml_method_is_exact(const fdml_method *method, size_t n_features)
{
    const bool has_all = !method->is_encoded && method->n_kept >= n_features;
    return method->kind == FDML_METHOD_SHAP && (!method->n_kept || has_all);
}

/* --- in words ----------------------------------------------------------------------------- */

static bool is_given(const fdml_method *m, const setting *s, double *number)
{
    const void *at = (const char *)m + s->offset;
    if (!(s->methods >> m->kind & 1)) return false;
    if (s->type == SWITCH) return *(const bool *)at;
    *number = s->type == REAL          ? *(const double *)at
              : s->offset == AT(depth) ? (double)*(const unsigned *)at
                                       : (double)*(const size_t *)at;
    return *number > 0 || s->low == FROM_0;
}

/* What need not be said. */
static bool is_usual(const setting *s, double number)
{
    return s->type == REAL && (s->offset == AT(sigma) || s->offset == AT(alpha)) && number == 1;
}

const char *fdml_method_describe(const fdml_method *method, fdml_arena *arena)
{
    static const char *const what[FDML_METHODS] = {
        "a weighted ridge regression of the black box's answers around each row",
        "Shapley values of the black box's answers by KernelSHAP",
        "a logistic additive model of penalised splines, lambda by UBRE, of the black box's "
        "answers to the rows that explain",
        "a decision tree (CART) of the black box's answers to the rows that explain"
    };
    char text[2 * MOST_TEXT];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", what[method->kind]);
    for (size_t i = 0; i < N_SETTINGS && n < sizeof text; i++) {
        double number = 0;
        if (!is_given(method, &settings[i], &number) || is_usual(&settings[i], number))
            continue;
        n += (size_t)snprintf(text + n, sizeof text - n, ", ");
        n += (size_t)snprintf(text + n, sizeof text - n, settings[i].words, number);
    }
    if (!method->n_kept && n < sizeof text)
        n += (size_t)snprintf(text + n, sizeof text - n, ", all features");
    return fdml_arena_copy_text(arena, text, n);
}
