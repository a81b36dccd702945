/* study_words.c - what a study audited, and what was chosen on the way. See study_tables.h.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/report_tables.h"
#include "explain/study_tables.h"
#include "explain/tabular_split.h"

enum { TEXT = 8192 };

static const char *keep(const char *text, fdml_arena *arena)
{
    return fdml_arena_copy_text(arena, text, strlen(text));
}

/* --- the head ----------------------------------------------------------------------------- */

typedef struct head {
    fdml_study_line *line;
    size_t n;
    fdml_arena *arena;
    bool failed;
} head;

static void put_line(head *h, const char *key, const char *text)
{
    const char *copy = keep(text, h->arena);
    h->failed = h->failed || !copy;
    h->line[h->n++] = (fdml_study_line){ key, copy };
}

static void put_target(head *h, const fdml_study *study)
{
    const fdml_tabular *t = study->table;
    char text[TEXT], target[FDML_NAME_SHOWN], positive[FDML_NAME_SHOWN];
    size_t n = 0;
    for (size_t i = 0; i < t->n_rows; i++) n += t->target[i];
    fdml_name_show(target, t->target_name);
    fdml_name_show(positive, t->positive);
    snprintf(text, sizeof text, "%s is %s in %.4f of %zu rows; %zu features", target, positive,
             (double)n / (double)t->n_rows, t->n_rows, t->n_features);
    put_line(h, "target", text);
}

static void put_parts(head *h, const fdml_study_report *report)
{
    const size_t *n = report->study->n_rows;
    char text[TEXT];
    snprintf(text, sizeof text,
             "%zu rows train black boxes, %zu explain, %zu choose settings, %zu test",
             n[FDML_PART_TRAIN], n[FDML_PART_EXPLAIN], n[FDML_PART_VALIDATE],
             n[FDML_PART_TEST]);
    if (report->split) fdml_text_append(text, sizeof text, " (%s)", report->split);
    put_line(h, "parts", text);
}

static void put_groups(head *h, const fdml_study *study, size_t a)
{
    const fdml_study_attribute *by = &study->attribute[a];
    const size_t *n_rows = study->box[0].quality[a].n_rows, min = study->options->min_group;
    char text[TEXT] = "", name[FDML_NAME_SHOWN];
    size_t n_small = 0;
    for (size_t g = 0; g < by->n_groups; g++) n_small += n_rows[g] < min;
    fdml_name_show(name, by->name);
    fdml_text_append(text, sizeof text, "%s:", name);
    for (size_t g = 0; !by->is_intersection && g < by->n_groups; g++) {
        fdml_name_show(name, by->group[g]);
        fdml_text_append(text, sizeof text, "%s %s %zu", g ? "," : "", name, n_rows[g]);
    }
    if (by->is_intersection) fdml_text_append(text, sizeof text, " %zu groups", by->n_groups);
    fdml_text_append(text, sizeof text, by->is_intersection ? "" : " test rows");
    if (n_small)
        fdml_text_append(text, sizeof text, "; %zu with fewer than %zu rows %s no numbers",
                         n_small, min, n_small > 1 ? "have" : "has");
    put_line(h, a ? "" : "groups", text);
}

/* "1, 2, 3" */
static void put_seeds(head *h, const fdml_study_options *o)
{
    char text[TEXT] = "";
    for (size_t s = 0; s < o->n_seeds; s++)
        fdml_text_append(text, sizeof text, "%s%llu", s ? ", " : "",
                         (unsigned long long)o->seed[s]);
    if (o->n_seeds > 1) fdml_text_append(text, sizeof text, "; values are means over them");
    put_line(h, o->n_seeds > 1 ? "seeds" : "seed", text);
}

bool fdml_study_head(const fdml_study_line **line, size_t *n, const fdml_study_report *report,
                     fdml_arena *arena)
{
    const fdml_study *study = report->study;
    head h = { .arena = arena };
    h.line = fdml_arena_push(arena, report->n_inputs + study->n_attributes + 3, sizeof *h.line);
    if (!h.line) return false;
    for (size_t i = 0; i < report->n_inputs; i++)
        put_line(&h, report->inputs[i].role, report->inputs[i].path);
    put_target(&h, study);
    put_parts(&h, report);
    for (size_t a = 0; a < study->n_attributes; a++) put_groups(&h, study, a);
    put_seeds(&h, study->options);
    *line = h.line;
    *n = h.n;
    return !h.failed;
}

/* --- what was chosen ---------------------------------------------------------------------- */

/* What seed s chose: of the black box, or of method m. "": nothing. */
static const char *choice_of(char text[FDML_SHOWN_MAX], const fdml_study_box *box, size_t m,
                             size_t s)
{
    if (m != SIZE_MAX) return box->explained[m].note[s] ? box->explained[m].note[s] : "";
    const fdml_blackbox_choice *c = &box->choice[s];
    snprintf(text, FDML_SHOWN_MAX, box->source->kind == FDML_BLACKBOX_MLP ? "%g units" : "C %g",
             c->candidate[c->chosen]);
    return text;
}

/* "depth 3 (seeds 1, 3), depth 4 (seed 2)"; of one choice for all seeds "depth 3". */
static void append_choices(char *text, size_t size, const fdml_study *study,
                           const fdml_study_box *box, size_t m)
{
    const fdml_study_options *o = study->options;
    char first[FDML_SHOWN_MAX], other[FDML_SHOWN_MAX];
    for (size_t s = 0; s < o->n_seeds; s++) {
        const char *mine = choice_of(first, box, m, s);
        size_t n_alike = 0;
        bool is_told = false;
        for (size_t i = 0; i < o->n_seeds; i++) {
            const bool is_alike = !strcmp(mine, choice_of(other, box, m, i));
            is_told = is_told || (is_alike && i < s);
            n_alike += is_alike;
        }
        if (is_told || !*mine) continue;
        fdml_text_append(text, size, "%s%s", s ? ", " : " ", mine);
        if (n_alike == o->n_seeds) return;
        const char *before = n_alike > 1 ? " (seeds " : " (seed ";
        for (size_t i = s; i < o->n_seeds; i++) {
            if (strcmp(mine, choice_of(other, box, m, i)) != 0) continue;
            fdml_text_append(text, size, "%s%llu", before, (unsigned long long)o->seed[i]);
            before = ", ";
        }
        fdml_text_append(text, size, ")");
    }
}

const char *fdml_study_box_words(const fdml_study *study, size_t b, fdml_arena *arena)
{
    const fdml_study_options *o = study->options;
    const fdml_study_box *box = &study->box[b];
    char text[TEXT] = "from outside", by[FDML_NAME_SHOWN];
    if (box->choice) {
        snprintf(text, sizeof text, "%s,",
                 box->source->kind == FDML_BLACKBOX_MLP ? "a network with one hidden layer"
                                                        : "logistic regression");
        append_choices(text, sizeof text, study, box, SIZE_MAX);
        if (o->balances_labels)
            fdml_text_append(text, sizeof text, "; trained on as many rows of either target");
        if (box->source->balances_groups) {
            fdml_name_show(by, study->attribute[0].name);
            fdml_text_append(text, sizeof text, "; trained on as many rows of each group of %s",
                             by);
        }
    }
    for (size_t m = 0; m < o->n_methods; m++) {
        bool has_note = false;
        for (size_t s = 0; s < o->n_seeds; s++)
            has_note = has_note || box->explained[m].note[s];
        if (!has_note) continue;
        fdml_text_append(text, sizeof text, "; %s:", o->method[m].text);
        append_choices(text, sizeof text, study, box, m);
    }
    return keep(text, arena);
}
