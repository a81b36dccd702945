/* explain_plan.c - see explain_plan.h.
 * SPDX-License-Identifier: MIT */
#include "explain_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/stats.h"
#include "explain/study_other.h"
#include "explain/tabular_split.h"

static const char *method_text(const void *ctx, size_t i)
{
    const fdml_study_options *s = ctx;
    return i < s->n_methods                  ? s->method[i].text
           : i < s->n_methods + s->n_sources ? s->source[i - s->n_methods].name
                                             : NULL;
}

static void read_methods(fdml_study_options *s, const explain_options *o, fdml_arena *arena)
{
    fdml_error err;
    fdml_method *method = fdml_arena_push(arena, o->methods.n, sizeof *method);
    if (!method) cli_die(CLI_EXIT_DATA, "out of memory");
    if (o->methods.n > FDML_STUDY_MOST_METHODS)
        cli_die(CLI_EXIT_DATA, "--methods: %zu methods, the limit is %d", o->methods.n,
                FDML_STUDY_MOST_METHODS);
    for (size_t i = 0; i < o->methods.n; i++) {
        if (fdml_method_parse(&method[i], o->methods.item[i], arena, &err))
            cli_die(CLI_EXIT_DATA, "--methods: %s", err.text);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(o->methods.item[k], o->methods.item[i]))
                cli_die(CLI_EXIT_DATA, "--methods: '%s' is named twice", o->methods.item[i]);
    }
    s->method = method;
    s->n_methods = o->methods.n;
}

/* Before any work: a file of no explanation is not what was asked for. */
static void check_local(const fdml_study_options *s, const explain_options *o)
{
    const char *option = o->local ? "--local" : o->plot ? "--plot" : NULL;
    if (!option) return;
    for (size_t i = 0; i < s->n_methods; i++)
        if (fdml_method_has_local(&s->method[i])) return;
    cli_die(CLI_EXIT_DATA, "%s: method '%s'%s no single rows; lime, shap and gam do", option,
            s->method[0].text, s->n_methods > 1 ? " and the others explain" : " explains");
}

static void read_seeds(fdml_study_options *s, const explain_options *o, fdml_arena *arena)
{
    uint64_t *seed = fdml_arena_push(arena, o->seeds.n, sizeof *seed);
    if (!seed) cli_die(CLI_EXIT_DATA, "out of memory");
    for (size_t i = 0; i < o->seeds.n; i++) {
        seed[i] = o->seeds.item[i];
        for (size_t k = 0; k < i; k++)
            if (seed[k] == seed[i])
                cli_die(CLI_EXIT_DATA, "--seeds: %u is named twice", o->seeds.item[i]);
    }
    s->seed = seed;
    s->n_seeds = o->seeds.n;
}

/* Another run's --per-row. */
static void open_other(fdml_study_options *s, explain_input *input, const explain_options *o,
                       fdml_arena *arena)
{
    fdml_error err;
    fdml_table file;
    fdml_study_other *other = fdml_arena_push(arena, 1, sizeof *other);
    if (!other) cli_die(CLI_EXIT_DATA, "out of memory");
    CLI_TRY(fdml_table_open(&file, o->compare, arena, &err), &err);
    CLI_TRY(fdml_study_other_read(other, &file, &input->tabular, s, arena, &err), &err);
    explain_input_add_file(input, "compare", o->compare, o->compare, file.n_rows);
    s->other = other;
}

static void find_baseline(fdml_study_options *s, explain_input *input, const explain_options *o,
                          fdml_arena *arena)
{
    s->baseline = s->baseline_source = SIZE_MAX;
    if (!o->compare) return;
    for (size_t i = 0; i < s->n_methods; i++)
        if (!strcmp(o->compare, s->method[i].text)) s->baseline = i;
    for (size_t i = 0; i < s->n_sources; i++)
        if (!strcmp(o->compare, s->source[i].name)) s->baseline_source = i;
    const bool is_method = s->baseline != SIZE_MAX, is_box = s->baseline_source != SIZE_MAX;
    if (!is_method && !is_box &&
        (fdml_file_has_suffix(o->compare, ".csv") ||
         fdml_file_has_suffix(o->compare, ".tsv"))) {
        open_other(s, input, o, arena);
        return;
    }
    if (!is_method && !is_box) {
        const char *nearest = fdml_option_nearest(o->compare, method_text, s);
        cli_die(CLI_EXIT_DATA,
                "--compare: '%s' is no method or black box of this run, nor a .csv file of "
                "another%s%s%s",
                o->compare, nearest ? "; did you mean " : "", nearest ? nearest : "",
                nearest ? "?" : "");
    }
    if ((is_method ? s->n_methods : s->n_sources) < 2)
        cli_die(CLI_EXIT_DATA, "--compare: there is nothing beside '%s' to compare it with",
                o->compare);
}

/* Tests of gaps: as many permutations as let Holm's correction find one at all. */
static size_t count_permutations(const explain_options *o, const fdml_study_options *s,
                                 size_t n_protected)
{
    if (o->n_permutations != EXPLAIN_PERMUTATIONS_OPEN) return (size_t)o->n_permutations;
    const size_t n_attributes =
        s->with_intersections ? ((size_t)1 << n_protected) - 1 : n_protected;
    const size_t n_tests =
        s->n_sources * s->n_methods * n_attributes * FDML_FIDELITIES * FDML_FIDELITY_GAPS;
    const size_t wanted = fdml_permutations_for(n_tests, 1 - s->confidence);
    return wanted > EXPLAIN_PERMUTATIONS_USUAL ? wanted : EXPLAIN_PERMUTATIONS_USUAL;
}

void explain_plan_settings(fdml_study_options *s, explain_input *input,
                           const explain_sources *sources, const explain_options *o,
                           fdml_arena *arena)
{
    *s = (fdml_study_options){ .source = sources->source,
                               .n_sources = sources->n,
                               .balances_labels = o->balance_labels,
                               .candidate = o->candidates.n ? o->candidates.item : NULL,
                               .n_candidates = o->candidates.n,
                               .min_group = (size_t)o->min_group,
                               .with_intersections = o->with_intersections,
                               .with_information = o->with_information,
                               .with_simulation = o->with_simulation,
                               .with_local = o->local || o->plot || o->html,
                               .n_bootstrap = (size_t)o->n_bootstrap,
                               .confidence = o->confidence,
                               .workers = { cli_kernels(&o->common), cli_threads(&o->common) },
                               .progress = cli_progress_open(&o->common) };
    read_methods(s, o, arena);
    fdml_error err;
    CLI_TRY(fdml_study_check(s, &err), &err);
    check_local(s, o);
    read_seeds(s, o, arena);
    find_baseline(s, input, o, arena);
    s->n_permutations = count_permutations(o, s, input->tabular.n_protected);
    if (o->row > input->tabular.n_rows)
        cli_die(CLI_EXIT_DATA, "--row: %llu, %s has %zu rows", (unsigned long long)o->row,
                input->file[0].path, input->tabular.n_rows);
    if (o->row && input->tabular.part[o->row - 1] != FDML_PART_TEST)
        cli_die(CLI_EXIT_DATA, "--row: row %llu (line %u) is no test row: it is of part '%s'",
                (unsigned long long)o->row, (unsigned)input->table.line[o->row - 1],
                fdml_tabular_part_word((fdml_part)input->tabular.part[o->row - 1]));
}

/* Of what is open already and of the study; a megabyte for each thread is its stack and what
 * has constant size. */
static double count_bytes(const explain_input *input, const fdml_study_options *study,
                          const explain_sources *sources, const fdml_arena *arena)
{
    const double study_bytes = fdml_study_memory(&input->tabular, study) +
                               (1 << 20) * (double)study->workers.n_threads;
    const double bytes = (double)arena->used + explain_sources_memory(sources) + study_bytes;
    return bytes > (double)arena->peak ? bytes : (double)arena->peak;
}

/* To what is printed of it. */
static double round_up(double bytes)
{
    double unit = 1;
    while (bytes / unit >= 1024) unit *= 1024;
    return unit > 1 ? ceil(bytes / unit * 10) / 10 * unit : bytes;
}

void explain_plan_memory(const explain_input *input, const fdml_study_options *study,
                         const explain_sources *sources, const explain_options *options,
                         const fdml_arena *arena)
{
    char needed[32], given[32];
    const double bytes = count_bytes(input, study, sources, arena);
    if (!options->max_memory || bytes <= (double)options->max_memory) return;
    fdml_size_print_above(needed, given, bytes, (double)options->max_memory);
    cli_die(CLI_EXIT_DATA, "--max-memory: %s is not enough, this audit needs up to %s", given,
            needed);
}

void explain_plan_print(const explain_input *input, const fdml_study_options *study,
                        const explain_sources *sources, const fdml_arena *arena)
{
    char bytes[32];
    const fdml_tabular *t = &input->tabular;
    size_t n[FDML_PART_NONE + 1] = { 0 };
    for (size_t i = 0; i < t->n_rows; i++) n[t->part[i]]++;
    fdml_size_print(bytes, round_up(count_bytes(input, study, sources, arena)));
    printf("table       %s: %zu rows, %zu features as %zu encoded columns\n",
           input->file[0].path, t->n_rows, t->n_features, input->encoder.dim);
    printf("split       %s: train %zu, explain %zu, validate %zu, test %zu, none %zu\n",
           input->split, n[FDML_PART_TRAIN], n[FDML_PART_EXPLAIN], n[FDML_PART_VALIDATE],
           n[FDML_PART_TEST], n[FDML_PART_NONE]);
    for (size_t a = 0; a < t->n_protected; a++) {
        const fdml_factor *f = &t->protected_[a];
        for (size_t g = 0; g < f->n_levels; g++) {
            size_t n_test = 0;
            for (size_t i = 0; i < t->n_rows; i++)
                n_test += t->part[i] == FDML_PART_TEST && f->code[i] == g;
            printf("group       %s=%s: %zu test rows\n", f->name, f->level[g], n_test);
        }
    }
    printf("work        %zu black boxes x %zu methods x %zu seeds, %zu permutations\n",
           study->n_sources, study->n_methods, study->n_seeds, study->n_permutations);
    printf("memory      up to %s\n", bytes);
    cli_outputs_commit();
}
