/* study_world.c - see study_world.h.
 * SPDX-License-Identifier: MIT */
#include "study_world.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MIN_GROUP = 12 };

static const char *const job[] = { "=cmd|'x'", "Sales, \"big\"",
                                   "\xd7\xa2\xd7\x95\xd7\x91\xd7\x93" };
static const fdml_feature feature[STUDY_FEATURES] = {
    { "age", FDML_NUMERIC, 0, NULL },
    { "hours <b>&_per|week", FDML_NUMERIC, 0, NULL },
    { "job", FDML_CATEGORICAL, 3, job },
    { "an extraordinarily long name of a feature that nobody would want to read twice",
      FDML_NUMERIC, 0, NULL },
};
static const char *const column[STUDY_COLUMNS] = {
    "age",
    "hours <b>&_per|week",
    "job==cmd|'x'",
    "job=Sales, \"big\"",
    "job=\xd7\xa2\xd7\x95\xd7\x91\xd7\x93",
    "an extraordinarily long name of a feature that nobody would want to read twice",
};
static const char *const feature_name[STUDY_FEATURES] = {
    "age", "hours <b>&_per|week", "job",
    "an extraordinarily long name of a feature that nobody would want to read twice"
};
static const char *const sex[] = { "Female", "Male" };
static const char *const race[] = { "Black & co_", "White",
                                    "\xd7\x9c\xd7\x91\xd7\x9f \xd7\xa9\xd7\x97\xd7\x95\xd7\xa8",
                                    "tiny\n\033[31m" };
static const char *const warning[] = { "feature 'an extraordinarily long name' is constant",
                                       "group tiny has 5 test rows" };
static const char *const depth_note[STUDY_SEEDS] = { "depth 3", "depth 4", "depth 3" };
static const char *const no_note[STUDY_SEEDS];
static const double c_candidate[] = { 0.01, 0.1, 1 }, c_auroc[] = { .74, .76, .75 };
static const double width_candidate[] = { 50, 100 }, width_auroc[] = { .77, .771 };

static uint64_t state;

static double uniform(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return ldexp((double)(state >> 11), -53);
}

static double clamp(double x)
{
    return fmin(fmax(x, 0.001), 0.999);
}

/* Of ten rows three train, two explain, one validates and four test. */
static void fill_table(study_world *w)
{
    static const char parts[] = "TTTEEVSSSS";
    size_t n_test = 0;
    for (size_t i = 0; i < STUDY_ROWS; i++) {
        w->part[i] = (uint8_t)(strchr("TEVS", parts[i % 10]) - "TEVS");
        if (w->part[i] == FDML_PART_TEST) w->test[n_test++] = (uint32_t)i;
        w->study.n_rows[w->part[i]]++;
        w->protected_code[0][i] = uniform() < 0.6;
        const double u = uniform();
        w->protected_code[1][i] = u < 0.25 ? 0 : u < 0.75 ? 1 : u < 0.95 ? 2 : 3;
        float *x = w->x + i * STUDY_FEATURES;
        x[0] = (float)floor(18 + 50 * uniform());
        x[1] = i % 17 == 3 ? NAN : (float)floor(10 + 50 * uniform());
        x[2] = (float)floor(3 * uniform());
        x[3] = 1;
        w->target[i] = uniform() < (x[0] - 10) / 60;
    }
    cr_assert_eq(n_test, (size_t)STUDY_TEST);
    w->protected_[0] = (fdml_factor){ "sex", STUDY_ROWS, 2, w->protected_code[0], sex };
    w->protected_[1] = (fdml_factor){ "ra|ce <i>", STUDY_ROWS, 4, w->protected_code[1], race };
    w->table = (fdml_tabular){ .n_rows = STUDY_ROWS,
                               .n_features = STUDY_FEATURES,
                               .feature = feature,
                               .x = w->x,
                               .target = w->target,
                               .target_name = "income & more",
                               .positive = ">50K",
                               .protected_ = w->protected_,
                               .n_protected = 2,
                               .part = w->part };
}

static void fill_attributes(study_world *w)
{
    for (size_t a = 0; a < 2; a++) {
        for (size_t i = 0; i < STUDY_TEST; i++)
            w->code[a][i] = w->protected_code[a][w->test[i]];
        w->attribute[a] =
            (fdml_study_attribute){ w->protected_[a].name, w->protected_[a].n_levels,
                                    w->protected_[a].level, w->code[a], false };
    }
    uint32_t n_groups = 0, group[STUDY_GROUPS];
    for (size_t k = 0; k < STUDY_GROUPS; k++) {
        bool occurs = false;
        for (size_t i = 0; i < STUDY_TEST; i++)
            occurs = occurs || w->code[0][i] * 4 + w->code[1][i] == k;
        group[k] = n_groups;
        if (!occurs) continue;
        snprintf(w->crossed_name[n_groups], sizeof *w->crossed_name, "%s x %s", sex[k / 4],
                 race[k % 4]);
        w->crossed[n_groups] = w->crossed_name[n_groups];
        n_groups++;
    }
    for (size_t i = 0; i < STUDY_TEST; i++)
        w->code[2][i] = group[w->code[0][i] * 4 + w->code[1][i]];
    w->attribute[2] =
        (fdml_study_attribute){ "sex x ra|ce <i>", n_groups, w->crossed, w->code[2], true };
}

static void fill_options(study_world *w)
{
    static const fdml_method method[STUDY_METHODS] = {
        { .text = "lime", .kind = FDML_METHOD_LIME, .n_samples = 5000, .sigma = 1, .alpha = 1 },
        { .text = "lime:jtt10",
          .kind = FDML_METHOD_LIME,
          .n_samples = 5000,
          .sigma = 1,
          .alpha = 1,
          .jtt = 10 },
        { .text = "shap",
          .kind = FDML_METHOD_SHAP,
          .n_samples = 50,
          .n_background = 50,
          .sigma = 1 },
        { .text = "tree", .kind = FDML_METHOD_TREE, .sigma = 1 },
    };
    memcpy(w->method, method, sizeof method);
    for (size_t s = 0; s < STUDY_SEEDS; s++) w->seed[s] = s + 1;
    w->source[0] = (fdml_study_source){ .name = "logistic", .kind = FDML_BLACKBOX_LOGISTIC };
    w->source[1] = (fdml_study_source){ .name = "mlp",
                                        .kind = FDML_BLACKBOX_MLP,
                                        .balances_groups = true };
    w->options = (fdml_study_options){ .source = w->source,
                                       .n_sources = STUDY_BOXES,
                                       .method = w->method,
                                       .n_methods = STUDY_METHODS,
                                       .seed = w->seed,
                                       .n_seeds = STUDY_SEEDS,
                                       .balances_labels = true,
                                       .baseline = 0,
                                       .baseline_source = SIZE_MAX,
                                       .min_group = MIN_GROUP,
                                       .with_intersections = true,
                                       .with_information = true,
                                       .with_simulation = true,
                                       .with_local = true,
                                       .n_bootstrap = 60,
                                       .n_permutations = 999,
                                       .confidence = 0.95 };
}

/* LIME is worse for women, JTT half as much; SHAP repeats the black box; the tree has steps. */
static void fill_answers(study_world *w, size_t b)
{
    for (size_t k = 0; k < STUDY_SEEDS * STUDY_TEST; k++) {
        const size_t i = k % STUDY_TEST;
        const float *x = w->x + w->test[i] * STUDY_FEATURES;
        const double p = clamp((x[0] - 18) / 50 + (b ? 0.25 : 0.1) * (uniform() - 0.5));
        const double noise = uniform() - 0.5, far = w->code[0][i] ? 0.1 : b ? 1.1 : 0.5;
        w->p[b][k] = p;
        w->e[b][0][k] = p + far * noise + (w->code[0][i] ? 0 : 0.08);
        w->e[b][1][k] = p + 0.5 * far * noise + (w->code[0][i] ? 0 : 0.04);
        w->e[b][2][k] = p;
        w->e[b][3][k] = (floor(4 * p) + 0.5) / 4;
    }
}

static void measure(study_world *w, fdml_fidelity *f, const double *p, const double *e,
                    fdml_arena *arena)
{
    const fdml_study_options *o = &w->options;
    const fdml_fidelity_options options = { o->n_bootstrap, o->n_permutations, o->confidence, 1,
                                            1 };
    for (size_t a = 0; a < STUDY_ATTRIBUTES; a++) {
        const fdml_fidelity_rows rows = { .p = p,
                                          .e = e,
                                          .code = w->code[a],
                                          .n = STUDY_TEST,
                                          .n_groups = w->attribute[a].n_groups,
                                          .n_seeds = STUDY_SEEDS,
                                          .min_group = MIN_GROUP };
        cr_assert_eq(fdml_fidelity_measure(&f[a], &rows, &options, arena, NULL), FDML_OK);
    }
    cr_assert_eq(fdml_fidelity_correct(f, STUDY_ATTRIBUTES, arena, NULL), FDML_OK);
}

static fdml_fidelity_difference difference(const fdml_estimate *now, const fdml_estimate *then)
{
    fdml_fidelity_difference d = { *now, NAN, NAN, NAN };
    d.e.value = now->value - then->value;
    d.e.lo = d.e.value - 0.04;
    d.e.hi = d.e.value + 0.04;
    if (isnan(d.e.value)) {
        d.e.lo = d.e.hi = NAN;
        d.e.why = now->why ? now->why : then->why;
        return d;
    }
    d.p = fabs(d.e.value) > 0.04 ? 0.005 : 0.4;
    d.p_holm = fabs(d.e.value) > 0.04 ? 0.03 : 1;
    return d;
}

static void fill_change(study_world *w, size_t b, size_t m, size_t a)
{
    const fdml_fidelity *now = &w->fidelity[b][m][a], *then = &w->fidelity[b][0][a];
    fdml_fidelity_difference *group = w->changed[b][m][a];
    fdml_fidelity_change *c = &w->change[b][m][a];
    *c = (fdml_fidelity_change){ .n_groups = now->n_groups, .of_group = group };
    for (size_t i = 0; i < now->n_groups * FDML_FIDELITIES; i++)
        group[i] = difference(&now->of_group[i].e, &then->of_group[i].e);
    for (size_t k = 0; k < FDML_FIDELITIES; k++) {
        c->overall[k] = difference(&now->overall[k].e, &then->overall[k].e);
        for (size_t g = 0; g < FDML_FIDELITY_GAPS; g++)
            c->gap[k][g] = difference(&now->gap[k][g].e, &then->gap[k][g].e);
    }
}

/* Parts that add up to the prediction of the first seed. */
static void fill_local(study_world *w, size_t b, size_t which)
{
    const size_t n = which ? STUDY_FEATURES : STUDY_COLUMNS;
    const double *e = w->e[b][which ? 2 : 0];
    double *part = w->contribution[b][which];
    for (size_t i = 0; i < STUDY_TEST; i++) {
        double rest = e[i] - 0.4;
        w->base[b][which][i] = 0.4;
        w->r2[b][i] = 0.5 + 0.4 * uniform();
        for (size_t c = 0; c < n; c++) {
            const double x = c + 1 == n ? rest : rest * (uniform() - 0.2);
            part[i * n + c] = x;
            rest -= x;
            if (!which) w->weight[b][i * n + c] = x / 2;
        }
    }
    w->local[b][which] = (fdml_study_local){ .n_columns = n,
                                             .column = which ? feature_name : column,
                                             .contribution = part,
                                             .weight = which ? NULL : w->weight[b],
                                             .base = w->base[b][which],
                                             .r2 = which ? NULL : w->r2[b] };
}

static void fill_box(study_world *w, size_t b, fdml_arena *arena)
{
    double *target = fdml_arena_push(arena, STUDY_SEEDS * STUDY_TEST, sizeof *target);
    cr_assert(target != NULL);
    fill_answers(w, b);
    fill_local(w, b, 0);
    fill_local(w, b, 1);
    for (size_t k = 0; k < STUDY_SEEDS * STUDY_TEST; k++)
        target[k] = w->target[w->test[k % STUDY_TEST]];
    measure(w, w->quality[b], target, w->p[b], arena);
    for (size_t s = 0; s < STUDY_SEEDS; s++)
        w->choice[b][s] =
            b ? (fdml_blackbox_choice){ width_candidate, width_auroc, 2, s != 0, 120, 0.41 }
              : (fdml_blackbox_choice){ c_candidate, c_auroc, 3, 1, 5, 0.52 };
    for (size_t m = 0; m < STUDY_METHODS; m++) {
        measure(w, w->fidelity[b][m], w->p[b], w->e[b][m], arena);
        for (size_t a = 0; a < STUDY_ATTRIBUTES; a++) fill_change(w, b, m, a);
        w->explained[b][m] = (fdml_study_explained){ .method = &w->method[m],
                                                     .by = w->fidelity[b][m],
                                                     .change = m ? w->change[b][m] : NULL,
                                                     .e = w->e[b][m],
                                                     .note = m == 3 ? depth_note : no_note,
                                                     .local = m == 0   ? &w->local[b][0]
                                                              : m == 2 ? &w->local[b][1]
                                                                       : NULL };
    }
    w->box[b] = (fdml_study_box){ &w->source[b], w->choice[b], w->p[b], w->quality[b],
                                  w->explained[b] };
}

/* Once the box is whole. */
static void simulate(study_world *w, size_t b, fdml_arena *arena)
{
    for (size_t m = 0; m < STUDY_METHODS; m++) {
        for (size_t a = 0; a < STUDY_ATTRIBUTES; a++)
            cr_assert_eq(fdml_simulation_make(&w->simulation[b][m][a], &w->box[b],
                                              &w->explained[b][m], a,
                                              &fdml_simulation_paper_user, arena, NULL),
                         FDML_OK);
        w->explained[b][m].simulation = w->simulation[b][m];
    }
}

static void fill_information(study_world *w)
{
    static const char why[] = "insufficient data (n=5 < 12)";
    for (uint32_t i = 0; i < STUDY_INFORMATION; i++) {
        const uint32_t g = i ? i - 1 : 1;
        w->information[i] = (fdml_information){ .attribute = i > 0, .group = g };
        fdml_information *info = &w->information[i];
        info->n_test = STUDY_TEST;
        for (size_t k = 0; k < STUDY_TEST; k++) info->n += w->code[i > 0][k] == g;
        for (size_t k = 0; k < 2; k++)
            info->auroc[k] = (fdml_estimate){ 0.5 + 0.09 * (double)i + 0.01 * (double)k, 0.44,
                                              0.98, info->n, NULL };
        if (info->n < MIN_GROUP)
            for (size_t k = 0; k < 2; k++)
                info->auroc[k] = (fdml_estimate){ NAN, NAN, NAN, info->n, why };
    }
}

static void fill_report(study_world *w)
{
    w->input[0] =
        (fdml_report_input){ .role = "table", .path = "adult.csv", .n_rows = STUDY_ROWS };
    w->input[1] = (fdml_report_input){ .role = "split", .path = "adult.split" };
    for (size_t i = 0; i < 2; i++)
        memset(w->input[i].sha256, 'a' + (char)i, FDML_SHA256_HEX - 1);
    w->option[0] = (fdml_report_option){ "method", "lime" };
    w->option[1] = (fdml_report_option){ "group", "ra|ce <i>" };
    w->clause[0] = (fdml_gate_clause){
        "max_gap(mlp/lime.accuracy, sex) > 0.02", 0.07, 0.02, 0.03, 0.12, FDML_TRUE, NULL
    };
    w->clause[1] = (fdml_gate_clause){
        "lime.auroc['ra|ce <i>'=tiny] < 0.9", NAN, 0.9, NAN, NAN, FDML_UNDECIDED,
        "insufficient data (n=5 < 12)"
    };
    for (size_t i = 0; i < 2; i++)
        w->gate[i] =
            (fdml_gate_outcome){ w->clause[i].text, w->clause[i].holds, &w->clause[i], 1 };
    w->report = (fdml_study_report){ .study = &w->study,
                                     .inputs = w->input,
                                     .n_inputs = 2,
                                     .split = "file adult.split",
                                     .gates = w->gate,
                                     .n_gates = 2,
                                     .options = w->option,
                                     .n_options = 2,
                                     .version = "1",
                                     .commit = "c",
                                     .isa = "scalar",
                                     .n_threads = 1 };
    memset(w->report.result_sha256, 'e', FDML_SHA256_HEX - 1);
}

void study_world_make(study_world *w, fdml_arena *arena)
{
    memset(w, 0, sizeof *w);
    state = 2022;
    fill_table(w);
    fill_attributes(w);
    fill_options(w);
    for (size_t b = 0; b < STUDY_BOXES; b++) {
        fill_box(w, b, arena);
        simulate(w, b, arena);
    }
    fill_information(w);
    w->study.table = &w->table;
    w->study.options = &w->options;
    w->study.test = w->test;
    w->study.n_test = STUDY_TEST;
    w->study.attribute = w->attribute;
    w->study.n_attributes = STUDY_ATTRIBUTES;
    w->study.box = w->box;
    w->study.information = w->information;
    w->study.n_information = STUDY_INFORMATION;
    w->study.warning = warning;
    w->study.n_warnings = sizeof warning / sizeof *warning;
    w->study.n_table_warnings = w->study.n_warnings;
    fill_report(w);
}
