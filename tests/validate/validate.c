/* validate.c - do the intervals cover, and do the tests reject as often as they say?
 *
 *   validate [--short] [--worlds N] [--threads N] [--study WORD] [--markdown]
 *
 * Each study (study_*.c) draws many worlds from a law whose truth is known and measures each:
 * embeddings (world.h) through fdml_audit, the whole path of a user, and explanations
 * (fidelity_world.h) through fdml_fidelity_measure or fdml_fidelity_compare. The long form,
 * `make validate`, draws 4,000 worlds and fails where a share is outside of its band (study.h);
 * the short one is part of `make check`. docs/validation.md holds the table of a long run.
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/parallel.h"
#include "study.h"

enum { WORLDS = 4000 };

typedef struct options {
    bool is_short, is_markdown;
    size_t n_worlds;
    int n_threads;
    const char *word; /* of the studies' names, or NULL */
} options;

typedef bool world_runner(notes *n, const study *s, uint32_t number);

typedef struct run {
    const study *study;
    world_runner *run_world;
    notes *worlds; /* [n_worlds] */
    bool *has_failed;
} run;

static bool run_audit(notes *n, const study *s, uint32_t number)
{
    static const uint32_t ks[] = { 1 };
    world w;
    fdml_audit_result result;
    fdml_metric_parts parts;
    fdml_error err = { 0 };
    fdml_status status = FDML_E_NOMEM;
    if (!world_open(&w, &s->law, number)) goto close;
    fdml_audit_settings *set = &w.settings;
    set->unit = s->unit;
    set->n_bootstrap = s->n_bootstrap;
    set->n_permutations = s->n_permutations;
    if (s->reference) set->reference = s->reference;
    status = fdml_metrics_parse(&set->metrics, &set->n_metrics, &parts, s->metrics, ks, 1,
                                (int)set->convention, &w.arena, &err);
    if (status) goto close;
    set->with_verification = parts.verification;
    set->with_leakage = parts.leakage;
    set->with_downstream = parts.downstream;
    if (s->set) s->set(&w);
    status = fdml_audit(&result, &w.problem, set, &w.machine, &w.arena, &err);
    if (!status) s->note(n, &w, &result);
close:
    if (status) fprintf(stderr, "validate: %s: world %u: %s\n", s->name, number, err.text);
    world_close(&w);
    return !status;
}

static void run_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    run *r = ctx;
    r->has_failed[block] = !r->run_world(&r->worlds[block], r->study, (uint32_t)block);
}

/* --- tables ----------------------------------------------------------------------------- */

static const char *const verb[] = {
    [COVERS] = "covers", [REJECTS] = "rejects", [CAREFUL] = "rejects",
    [FAMILY] = "family", [FINDS] = "finds",     [DETECTS] = "finds",
};

static void print_head(const study *s, const options *o, size_t n_worlds)
{
    printf(o->is_markdown ? "\n### %s\n\n" : "\n%s\n", s->name);
    printf(o->is_markdown ? "%s %zu worlds.\n\n" : "  %s %zu worlds.\n", s->about, n_worlds);
    if (o->is_markdown)
        printf("| number | truth | sd | mean width / 2 | | share | +- | |\n"
               "|---|---|---|---|---|---|---|---|\n");
}

static void print_tally(const tally *t, const char *verdict, bool is_markdown)
{
    char numbers[96] = "";
    const char *bar = is_markdown ? " | " : "  ";
    if (t->kind == COVERS && !t->n_given)
        snprintf(numbers, sizeof numbers, "%8.4f%s%7.4f%s%7s", t->truth, bar, t->deviation, bar,
                 "");
    else if (t->kind == COVERS)
        snprintf(numbers, sizeof numbers, "%8.4f%s%7.4f%s%7.4f", t->truth, bar, t->deviation,
                 bar, t->width / 2);
    else
        snprintf(numbers, sizeof numbers, "%8s%s%7s%s%7s", "", bar, "", bar, "");
    char share[48];
    snprintf(share, sizeof share, "%7s%s%4s", "", bar, "");
    if (t->n_given)
        snprintf(share, sizeof share, "%6.2f%%%s%4.2f", 100 * tally_share(t), bar,
                 100 * tally_error(t));
    printf("%s%-34s%s%s%s%-7s%s%s%s%s%s\n", is_markdown ? "| " : "  ", t->what, bar, numbers,
           bar, t->n_given ? verb[t->kind] : "", bar, share, bar, verdict,
           is_markdown ? " |" : "");
}

typedef struct score {
    size_t n_passed, n_failed, n_shown;
} score;

static void judge(score *sum, const study *s, const notes *worlds, size_t n_worlds,
                  const options *o)
{
    if (!o->is_short) print_head(s, o, n_worlds);
    for (size_t i = 0; i < worlds[0].n; i++) {
        tally t;
        tally_notes(&t, worlds, n_worlds, i);
        t.is_promised = t.is_promised && !s->is_limit;
        const bool good = o->is_short ? tally_may_hold(&t) : tally_holds(&t);
        const char *verdict = good ? "" : "OUTSIDE";
        if (!t.is_promised) verdict = good ? "(not promised)" : "outside (not promised)";
        if (!t.n_given) verdict = "(shown)";
        if (!t.is_promised)
            sum->n_shown++;
        else if (good)
            sum->n_passed++;
        else
            sum->n_failed++;
        if (!o->is_short)
            print_tally(&t, verdict, o->is_markdown);
        else if (t.is_promised && !good)
            printf("not ok - %s: %s: %zu of %zu\n", s->name, t.what, t.n_hits, t.n_given);
    }
    fflush(stdout);
}

static bool run_study(score *sum, const study *s, world_runner *run_world, const options *o)
{
    const size_t n_long = s->n_long ? s->n_long : WORLDS;
    const size_t n = o->n_worlds ? o->n_worlds : o->is_short ? s->n_short : n_long;
    if (!n || (o->word && !strstr(s->name, o->word))) return true;
    run r = { s, run_world, calloc(n, sizeof *r.worlds), calloc(n, sizeof *r.has_failed) };
    bool good = r.worlds && r.has_failed;
    if (good) fdml_parallel(n, o->n_threads, run_block, &r);
    for (size_t i = 0; good && i < n; i++) good = !r.has_failed[i];
    if (good) judge(sum, s, r.worlds, n, o);
    free(r.worlds);
    free(r.has_failed);
    return good;
}

static bool read_options(options *o, int argc, char **argv)
{
    *o = (options){ .n_threads = fdml_threads_default() };
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (!strcmp(argv[i], "--short"))
            o->is_short = true;
        else if (!strcmp(argv[i], "--markdown"))
            o->is_markdown = true;
        else if (!strcmp(argv[i], "--worlds") && value)
            o->n_worlds = strtoul(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--threads") && value)
            o->n_threads = atoi(argv[++i]);
        else if (!strcmp(argv[i], "--study") && value)
            o->word = argv[++i];
        else
            return false;
    }
    return o->n_threads > 0;
}

int main(int argc, char **argv)
{
    static const struct {
        const study *studies;
        world_runner *run_world;
    } lists[] = {
        { audit_studies, run_audit },       { verify_studies, run_audit },
        { learned_studies, run_audit },     { compare_studies, run_audit },
        { fidelity_studies, run_fidelity },
    };
    options o;
    score sum = { 0 };
    if (!read_options(&o, argc, argv)) {
        fprintf(stderr, "usage: validate [--short] [--worlds N] [--threads N] [--study WORD] "
                        "[--markdown]\n");
        return 1;
    }
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (const study *s = lists[l].studies; s->name; s++)
            if (!run_study(&sum, s, lists[l].run_world, &o)) sum.n_failed++;
    printf("%zu passed, %zu failed\n", sum.n_passed, sum.n_failed);
    return sum.n_failed > 0;
}
