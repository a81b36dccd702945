/* test_explain_html.c - fdml-explain's page: well-formed whatever names are made of, complete,
 * and silent about what a study does not have. How it looks is for eyes to judge.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "explain/simulate.h"
#include "study_world.h"

static fdml_arena arena;
static fdml_error err;
static study_world w;

static void begin(void)
{
    fdml_arena_init(&arena, 0);
    study_world_make(&w, &arena);
}

static void end(void)
{
    fdml_arena_close(&arena);
}

/* The page, until the next call. */
static const char *page(void)
{
    static char text[1 << 22];
    FILE *file = tmpfile();
    cr_assert(file != NULL);
    cr_assert_eq(fdml_study_html(file, &w.report, &arena, &err), FDML_OK, "%s", err.text);
    rewind(file);
    const size_t n = fread(text, 1, sizeof text - 1, file);
    cr_assert(n > 0 && n < sizeof text - 1);
    text[n] = 0;
    fclose(file);
    return text;
}

/* --- a reader of markup, strict where browsers are not ---------------------------------- */

enum { MOST_DEPTH = 64, NAME = 24 };

static bool is_void(const char *name)
{
    return !strcmp(name, "meta") || !strcmp(name, "br") || !strcmp(name, "img");
}

/* Behind the tag that begins at `at`; its name, and whether it ends itself. Attributes are in
 * double quotes. */
static const char *read_tag(char name[NAME], bool *is_empty, const char *at)
{
    size_t n = 0;
    const char *p = at + 1;
    if (*p == '/') p++;
    while ((isalnum((unsigned char)*p) || *p == '-') && n + 1 < NAME) name[n++] = *p++;
    name[n] = 0;
    cr_assert(n > 0, "no tag: %.40s", at);
    while (*p && *p != '>') {
        cr_assert_neq(*p, '<', "a tag within a tag: %.60s", at);
        if (*p == '"') {
            p = strchr(p + 1, '"');
            cr_assert(p != NULL, "an open quote: %.60s", at);
        }
        p++;
    }
    cr_assert_eq(*p, '>', "an open tag: %.60s", at);
    *is_empty = p[-1] == '/' || is_void(name);
    return p + 1;
}

/* Every tag is closed, in order; every & begins an entity. */
static void expect_balanced(const char *text)
{
    char open[MOST_DEPTH][NAME], name[NAME];
    size_t depth = 0;
    bool is_empty;
    cr_assert(!strncmp(text, "<!DOCTYPE html>", 15));
    for (const char *p = text + 15; *p;) {
        if (*p == '&') {
            const size_t n = strspn(p + 1, "#abcdefghijklmnopqrstuvwxyz0123456789");
            cr_assert(n > 0 && p[n + 1] == ';', "a bare &: %.40s", p);
        }
        if (*p != '<') {
            p++;
            continue;
        }
        const bool closes = p[1] == '/';
        const char *tag = p;
        p = read_tag(name, &is_empty, p);
        if (closes) {
            cr_assert(depth > 0, "nothing is open: %.40s", tag);
            cr_assert_str_eq(name, open[--depth], "%.60s", tag);
        } else if (!is_empty) {
            cr_assert(depth < MOST_DEPTH);
            strcpy(open[depth++], name);
        }
        if (!closes && !strcmp(name, "style")) p = strstr(p, "</style>");
    }
    cr_expect_eq(depth, 0, "%s is open", open[0]);
}

/* Addresses are places of the page, and places have one name each. */
static void expect_linked(const char *text)
{
    char id[128];
    for (const char *p = text; (p = strstr(p, "href=\"")) != NULL; p++) {
        const size_t n = strcspn(p + 6, "\"");
        cr_assert_eq(p[6], '#', "%.60s", p);
        snprintf(id, sizeof id, " id=\"%.*s\"", (int)n - 1, p + 7);
        cr_expect(strstr(text, id) != NULL, "%s is nowhere", id);
    }
    for (const char *p = text; (p = strstr(p, " id=\"")) != NULL; p++) {
        snprintf(id, sizeof id, "%.*s", (int)strcspn(p + 5, "\"") + 6, p);
        cr_expect(strstr(p + 1, id) == NULL, "%s twice", id);
    }
}

static void expect_there(const char *text, const char *what)
{
    cr_expect(strstr(text, what) != NULL, "%s", what);
}

static void expect_absent(const char *text, const char *what)
{
    cr_expect(strstr(text, what) == NULL, "%s", what);
}

/* --- tests ------------------------------------------------------------------------------ */

Test(explain_html, is_well_formed, .init = begin, .fini = end)
{
    const char *text = page();
    expect_balanced(text);
    expect_linked(text);
    expect_absent(text, "<script");
    expect_absent(text, "src=");
    expect_absent(text, "url(");
    static const char *const section[] = { "summary",     "gates", "data",       "boxes",
                                           "groups",      "gaps",  "simulation", "changes",
                                           "information", "row",   "hashes",     "definitions",
                                           "settings" };
    for (size_t i = 0; i < sizeof section / sizeof *section; i++) {
        char heading[64];
        snprintf(heading, sizeof heading, "<h2 id=\"%s\">", section[i]);
        expect_there(text, heading);
    }
    expect_absent(text, "Not in this report");
}

/* Names of the made-up study have markup, control characters, quotes. */
Test(explain_html, names_are_text, .init = begin, .fini = end)
{
    w.source[1].name = "<img src=x onerror=alert(1)>\"'&";
    w.method[1].text = "</svg><script>";
    w.report.split = "file </p><b>x</b>";
    w.input[0].path = "a/<u>&\".csv";
    w.table.target_name = "</dl>";
    const char *text = page();
    expect_balanced(text);
    expect_linked(text);
    expect_absent(text, "<script");
    expect_absent(text, "<img");
    expect_absent(text, "<b>");
    expect_absent(text, "<i>");
    expect_absent(text, "<u>");
    expect_absent(text, "\033");
    expect_there(text, "&lt;img src=x onerror=alert(1)&gt;");
    expect_there(text, "ra|ce &lt;i&gt;");
    expect_there(text, "hours &lt;b&gt;&amp;_per|week");
    expect_there(text, "Explanations of &lt;u&gt;&amp;");
}

Test(explain_html, shows_the_studys_numbers, .init = begin, .fini = end)
{
    char shown[256];
    const char *text = page();
    const fdml_fidelity_gap *gap =
        &w.fidelity[1][0][0].gap[FDML_FIDELITY_ACCURACY][FDML_GAP_MAX];
    snprintf(shown, sizeof shown, "lime by sex: %.4f [%.4f, %.4f]", gap->e.value, gap->e.lo,
             gap->e.hi);
    expect_there(text, shown);
    const fdml_estimate *e =
        &w.fidelity[0][3][1].of_group[1 * FDML_FIDELITIES + FDML_FIDELITY_AUROC].e;
    snprintf(shown, sizeof shown, "tree of White: %.4f [%.4f, %.4f], n = %zu", e->value, e->lo,
             e->hi, e->n);
    expect_there(text, shown);
    const fdml_estimate *change = &w.change[0][1][0].gap[FDML_FIDELITY_RESIDUAL][0].e;
    snprintf(shown, sizeof shown, "lime:jtt10, maximum gap by sex: %.4f", change->value);
    expect_there(text, shown);
    expect_there(text, "eeeeeeeeeeeeeeee");
    expect_there(text, "insufficient data (n=");
}

/* The row whose answer the explanation is furthest from; parts that add up. */
Test(explain_html, the_row_is_the_worst, .init = begin, .fini = end)
{
    char shown[256];
    size_t worst = 0;
    const double *p = w.p[0], *e = w.e[0][0];
    for (size_t i = 1; i < STUDY_TEST; i++)
        if (fabs(p[i] - e[i]) > fabs(p[worst] - e[worst])) worst = i;
    const char *text = page();
    snprintf(shown, sizeof shown, "<p>Row %u of the table", (unsigned)w.test[worst] + 1);
    expect_there(text, shown);
    snprintf(shown, sizeof shown, "age %g: ", (double)w.x[w.test[worst] * STUDY_FEATURES]);
    expect_there(text, shown);
}

Test(explain_html, decisions_are_shown, .init = begin, .fini = end)
{
    char shown[128];
    const fdml_simulation_group *women = &w.explained[1][0].simulation[0].group[0];
    const char *text = page();
    snprintf(shown, sizeof shown, "no explanation of Female %.4f; lime of Female %.4f",
             women->alone, women->explained);
    expect_there(text, shown);
}

/* Between the headings of two sections. */
static bool is_in_section(const char *text, const char *id, const char *next, const char *what)
{
    char begin[64], end[64];
    snprintf(begin, sizeof begin, "<h2 id=\"%s\">", id);
    snprintf(end, sizeof end, "<h2 id=\"%s\">", next);
    const char *from = strstr(text, begin), *to = strstr(text, end);
    cr_assert(from && to && from < to, "%s, %s", id, next);
    const char *at = strstr(from, what);
    return at && at < to;
}

Test(explain_html, warnings_stand_where_they_belong, .init = begin, .fini = end)
{
    static const char *const warning[] = { "of the table", "of a black box", "of intervals" };
    w.study.warning = warning;
    w.study.n_warnings = 3;
    w.study.n_table_warnings = w.study.n_box_warnings = 1;
    const char *text = page();
    cr_expect(is_in_section(text, "data", "boxes", "<p>of the table</p>"));
    cr_expect(is_in_section(text, "boxes", "groups", "<p>of a black box</p>"));
    cr_expect(is_in_section(text, "groups", "gaps", "<p>of intervals</p>"));
    expect_there(text, "<li>Read the 1 warning of <a href=\"#data\">data and split</a>.</li>");
    expect_there(text, "<li>Read the 1 warning of <a href=\"#boxes\">black boxes</a>.</li>");
    expect_there(text,
                 "<li>Read the 1 warning of <a href=\"#groups\">fidelity by group</a>.</li>");
}

Test(explain_html, says_what_is_missing, .init = begin, .fini = end)
{
    w.report.n_gates = 0;
    w.report.n_inputs = 0;
    w.report.split = NULL;
    w.study.n_information = 0;
    w.study.n_warnings = w.study.n_table_warnings = 0;
    w.options.baseline = SIZE_MAX;
    w.options.n_seeds = 1;
    w.options.with_simulation = false;
    for (size_t b = 0; b < STUDY_BOXES; b++) {
        w.box[b].choice = NULL;
        for (size_t m = 0; m < STUDY_METHODS; m++) {
            w.explained[b][m].change = NULL;
            w.explained[b][m].local = NULL;
        }
    }
    const char *text = page();
    expect_balanced(text);
    expect_linked(text);
    expect_there(text, "Explanations of a table");
    expect_there(text, "<li>Gates: none was asked for: --fail-if.</li>");
    expect_there(text,
                 "<li>What features tell of the groups: not asked for: --information.</li>");
    expect_there(text,
                 "<li>What readers decide: a simulation: not asked for: --simulate.</li>");
    expect_absent(text, "<h2 id=\"row\">");
    expect_absent(text, "<h2 id=\"changes\">");
}

/* More groups and methods than charts show. */
Test(explain_html, charts_have_limits, .init = begin, .fini = end)
{
    enum { MANY = 20 };
    static fdml_method method[MANY];
    static fdml_study_explained explained[MANY];
    for (size_t m = 0; m < MANY; m++) {
        method[m] = w.method[m % 2];
        explained[m] = w.explained[0][m % 2];
        explained[m].method = &method[m];
    }
    w.options.method = method;
    w.options.n_methods = MANY;
    w.box[0].explained = w.box[1].explained = explained;
    const char *text = page();
    expect_balanced(text);
    expect_there(text, "Charts show the first 8 of 20;");
}

Test(explain_html, too_little_memory_is_told, .init = begin, .fini = end)
{
    FILE *file = fopen("/dev/null", "w");
    cr_assert(file != NULL);
    size_t n_failed = 0;
    for (size_t limit = 256; limit < 1 << 21; limit *= 2) {
        fdml_arena small;
        fdml_arena_init(&small, limit);
        const fdml_status status = fdml_study_html(file, &w.report, &small, &err);
        cr_expect(status == FDML_OK || status == FDML_E_NOMEM, "%zu", limit);
        n_failed += status == FDML_E_NOMEM;
        fdml_arena_close(&small);
    }
    cr_expect(n_failed > 3);
    fclose(file);
}
