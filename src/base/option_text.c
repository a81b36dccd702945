/* option_text.c - the value of an option as the text that its parser reads back. See option.h.
 * SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"
#include "base/option.h"

typedef struct text {
    char *at;
    size_t room;
    bool is_whole;
} text;

static void put(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void put(text *t, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int n = vsnprintf(t->at, t->room, format, arguments);
    va_end(arguments);
    t->is_whole &= n >= 0 && (size_t)n < t->room;
    const size_t used = n < 0 ? 0 : (size_t)n < t->room ? (size_t)n : t->room - 1;
    t->at += used;
    t->room -= used;
}

static void put_real(text *t, double value)
{
    char number[FDML_NUMBER_TEXT];
    fdml_number_print(number, value);
    put(t, "%s", number);
}

static void put_choice(text *t, const char *choices, int index)
{
    if (index < 0) return; /* not chosen */
    while (index-- > 0) choices += strcspn(choices, "|") + 1;
    put(t, "%.*s", (int)strcspn(choices, "|"), choices);
}

static void put_list(text *t, const fdml_option *option, const void *at)
{
    const fdml_texts *texts = at;
    const fdml_counts *counts = at;
    const fdml_reals *reals = at;
    for (size_t i = 0; i < texts->n; i++) { /* all lists begin with n */
        if (i) put(t, ",");
        if (option->type == FDML_OPTION_COUNTS)
            put(t, "%lu", (unsigned long)counts->item[i]);
        else if (option->type == FDML_OPTION_REALS)
            put_real(t, reals->item[i]);
        else
            put(t, "%s", texts->item[i]);
    }
}

bool fdml_option_text(char *out, size_t size, const fdml_option *option, const void *options)
{
    const void *at = (const char *)options + option->offset;
    text t = { out, size, true };
    *out = 0;
    switch (option->type) {
    case FDML_OPTION_SECTION:
        break;
    case FDML_OPTION_SWITCH:
    case FDML_OPTION_NO:
        put(&t, "%s", *(const bool *)at ? "true" : "false");
        break;
    case FDML_OPTION_TEXT:
        if (*(const char *const *)at) put(&t, "%s", *(const char *const *)at);
        break;
    case FDML_OPTION_TEXTS:
    case FDML_OPTION_WORDS:
    case FDML_OPTION_COUNTS:
    case FDML_OPTION_REALS:
        put_list(&t, option, at);
        break;
    case FDML_OPTION_COUNT:
        put(&t, "%llu", (unsigned long long)*(const uint64_t *)at);
        break;
    case FDML_OPTION_REAL:
    case FDML_OPTION_WITHIN:
        put_real(&t, *(const double *)at);
        break;
    case FDML_OPTION_SIZE:
        put(&t, "%zu", *(const size_t *)at);
        break;
    case FDML_OPTION_CHOICE:
        put_choice(&t, option->choices, *(const int *)at);
        break;
    }
    return t.is_whole;
}
