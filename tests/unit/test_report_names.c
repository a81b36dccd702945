/* test_report_names.c - names from users' files as reports show them: short ones as they are,
 * long ones by their ends, none that acts on a terminal; and their escapes in Markdown and
 * LaTeX. SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/utf8.h"
#include "eval/report_grid.h"

#define ISOLATE "\xe2\x81\xa8"
#define END "\xe2\x81\xa9"
#define ELLIPSIS "\xe2\x80\xa6"

static char shown[FDML_NAME_SHOWN];

static const char *show(const char *name)
{
    memset(shown, '#', sizeof shown);
    fdml_name_show(shown, name);
    return shown;
}

Test(report_names, ordinary_names_stay)
{
    static const char *const names[] = { "",
                                         "F",
                                         "F x Black",
                                         "\xc3\x84gypten",
                                         "\xe5\x90\x8d\xe5\x89\x8d",
                                         "<b>|\\",
                                         "exactly thirty-six columns are shown" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_assert_str_eq(show(names[i]), names[i]);
}

Test(report_names, long_names_keep_both_ends)
{
    cr_assert_str_eq(show("exactly thirty-seven columns are shown"),
                     "exactly thirty-seven colu" ELLIPSIS " are shown");
    cr_assert_eq(fdml_text_width(shown), (size_t)FDML_NAME_COLUMNS);
    char name[10002];
    memset(name, 'x', sizeof name);
    name[10000] = 'y', name[10001] = 0;
    cr_assert_eq(strlen(show(name)), 25 + 3 + 10u);
    cr_assert_eq(shown[strlen(shown) - 1], 'y');
}

/* Numbers behind a right-to-left name would change places with it: UAX 9, rules W and N. */
Test(report_names, right_to_left_names_are_isolated)
{
    cr_assert_str_eq(show("\xd7\x90\xd7\x91 12"), ISOLATE "\xd7\x90\xd7\x91 12" END);
    cr_assert_str_eq(show("\xd8\xa7"), ISOLATE "\xd8\xa7" END);
    cr_assert_eq(fdml_text_width(shown), 1u);
}

Test(report_names, nothing_acts_on_a_terminal)
{
    cr_assert_str_eq(show("a\x1b[31m\n\x7f"), "a?[31m??");
    cr_assert_str_eq(show("\xc2\x9b\xe2\x80\xae\xe2\x80\xa8"), "???"); /* CSI, RLO, LS */
    cr_assert_str_eq(show("\xff"), "\xef\xbf\xbd");
}

static bool is_utf8(const char *text)
{
    for (size_t left = strlen(text), n; left; text += n, left -= n) {
        n = fdml_utf8_length(text, left);
        if (!n) return false;
    }
    return true;
}

/* Any bytes, and names of nothing but combining marks, which take bytes and no columns. */
Test(report_names, any_bytes)
{
    static const char *const piece[] = { "\xcc\x81", "\xe6\x9d\x8e", "\xf0\x9f\x98\x80",
                                         "a",        "\xd7\x90",     "\xe2\x80",
                                         "\xff",     "\x01",         " " };
    for (uint32_t i = 0; i < 2000; i++) {
        fdml_rng rng;
        fdml_rng_init(&rng, 1, 2, i);
        const size_t n = fdml_rng_below(&rng, 700), kinds = 1 + fdml_rng_below(&rng, 9);
        char name[4096] = "";
        for (size_t k = 0; k < n; k++)
            strcat(name, piece[fdml_rng_below(&rng, (uint32_t)kinds)]);
        show(name);
        cr_assert_lt(strlen(shown), (size_t)FDML_NAME_SHOWN);
        cr_assert(is_utf8(shown), "%u", i);
        cr_assert_leq(fdml_text_width(shown), (size_t)FDML_NAME_COLUMNS, "%u", i);
    }
}

static char *written(void (*put)(FILE *, const char *), const char *text)
{
    char *buffer = NULL;
    size_t size;
    FILE *file = open_memstream(&buffer, &size);
    put(file, text);
    fclose(file);
    return buffer;
}

static void expect(void (*put)(FILE *, const char *), const char *text, const char *wanted)
{
    char *got = written(put, text);
    cr_assert_str_eq(got, wanted);
    free(got);
}

/* A backslash before ASCII punctuation is that character (CommonMark 2.4). */
Test(report_names, markdown)
{
    char all[95 + 1] = "";
    for (int c = 0; c < 95; c++) all[c] = (char)(' ' + c);
    char *got = written(fdml_md_escape, all), *to = got;
    for (const char *at = got; *at; at++) {
        if (*at == '\\') at++;
        *to++ = *at;
    }
    *to = 0;
    cr_assert_str_eq(got, all);
    free(got);
    expect(fdml_md_escape, "a|b&lt;$x$~~_*`<i>[l]\\",
           "a\\|b\\&lt;\\$x\\$\\~\\~\\_\\*\\`\\<i\\>\\[l\\]\\\\");
    expect(fdml_md_escape, "a\nb\x1b", "a?b?");
}

/* The ten characters that LaTeX reserves (lshort 2.3), those that OT1 shows as others, what
 * would be the argument of \\ at the end of a row, and ligatures of dashes. */
Test(report_names, latex)
{
    expect(fdml_latex_escape, "#$%&_{}", "\\#\\$\\%\\&\\_\\{\\}");
    expect(fdml_latex_escape, "~^\\", "\\textasciitilde{}\\textasciicircum{}\\textbackslash{}");
    expect(fdml_latex_escape, "<|>`'",
           "\\textless{}\\textbar{}\\textgreater{}\\textasciigrave{}"
           "\\textquotesingle{}");
    expect(fdml_latex_escape, "[*", "{[}{*}");
    expect(fdml_latex_escape, "a---b-c", "a-{}-{}-b-c");
    expect(fdml_latex_escape, ISOLATE "\xd7\x90" END "\n", "\xd7\x90?");
}
