/* study_html_about.c - what a reader needs to trust and repeat the page: definitions, methods
 * in words, settings.
 *
 * SPDX-License-Identifier: MIT */
#include "explain/study_html.h"
#include "explain/study_other.h"

static bool put_methods(html_page *page)
{
    const fdml_study_options *o = study_of(page)->options;
    fputs("<h3>Methods as they were asked for</h3>\n<dl class=\"defs\">\n", page->file);
    for (size_t m = 0; m < o->n_methods; m++) {
        const char *words = fdml_method_describe(&o->method[m], page->arena);
        if (!words) return false;
        fputs("<dt><code>", page->file);
        fdml_html_name(page, o->method[m].text);
        fputs("</code></dt><dd>", page->file);
        fdml_html_text(page, words);
        fputs("</dd>\n", page->file);
    }
    fputs("</dl>\n", page->file);
    return true;
}

bool fdml_study_html_put_definitions(html_page *page)
{
    const char *key[FDML_STUDY_MOST_KEYS];
    const size_t n = fdml_study_keys(key, study_of(page));
    fputs(
        "<p>[paper] is as Balagopalan et al., \xe2\x80\x9cThe Road to Explainability is Paved "
        "with Bias\xe2\x80\x9d (FAccT 2022, arXiv 2205.03295), define or do it; [ours] is not "
        "there.</p>\n<dl class=\"defs\">\n",
        page->file);
    for (size_t i = 0; i < n; i++) fdml_html_define(page, key[i], fdml_study_define(key[i]));
    fputs("</dl>\n", page->file);
    return put_methods(page);
}

/* --- settings ------------------------------------------------------------------------- */

static fdml_setting integer(const char *key, uint64_t n)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_INTEGER, .integer = n };
}

static fdml_setting number(const char *key, double x)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_NUMBER, .number = x };
}

static fdml_setting yes_no(const char *key, bool is)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_BOOL, .number = is };
}

static fdml_setting text(const char *key, const char *is)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_TEXT, .text = is };
}

static fdml_setting texts(const char *key, const char *const *is, size_t n)
{
    return (fdml_setting){ .key = key, .kind = FDML_SETTING_TEXTS, .texts = is, .n = n };
}

/* [n] names of a list's items. */
#define NAMES(name, list, n, member)                                                           \
    for (size_t i = 0; i < (n); i++) (name)[i] = (list)[i].member

bool fdml_study_html_put_settings(html_page *page)
{
    const fdml_study *study = study_of(page);
    const fdml_study_options *o = study->options;
    const char *source[FDML_STUDY_MOST_BOXES], *method[FDML_STUDY_MOST_METHODS];
    const char *group[FDML_MAX_ATTRIBUTES];
    const char *seed[FDML_STUDY_MOST_SEEDS];
    char digits[FDML_STUDY_MOST_SEEDS][24];
    NAMES(source, o->source, o->n_sources, name);
    NAMES(method, o->method, o->n_methods, text);
    NAMES(group, study->table->protected_, study->table->n_protected, name);
    for (size_t s = 0; s < o->n_seeds; s++) {
        snprintf(digits[s], sizeof *digits, "%llu", (unsigned long long)o->seed[s]);
        seed[s] = digits[s];
    }
    const fdml_setting settings[] = {
        text("target", study->table->target_name),
        text("positive", study->table->positive),
        texts("groups", group, study->table->n_protected),
        text("split", study_report_of(page)->split),
        texts("black_boxes", source, o->n_sources),
        texts("methods", method, o->n_methods),
        texts("seeds", seed, o->n_seeds),
        text("baseline", o->baseline < o->n_methods ? method[o->baseline] : NULL),
        text("baseline_run", o->other ? o->other->path : NULL),
        text("baseline_black_box",
             o->baseline_source < o->n_sources ? source[o->baseline_source] : NULL),
        yes_no("balance_labels", o->balances_labels),
        yes_no("intersections", o->with_intersections),
        yes_no("information", o->with_information),
        integer("min_group", o->min_group),
        integer("bootstrap", o->n_bootstrap),
        integer("permutations", o->n_permutations),
        number("confidence", o->confidence),
    };
    fdml_html_put_setting_list(page, settings, sizeof settings / sizeof *settings);
    return true;
}
