/* findml_result.c - two audits of a run become its measures, and its result.json. See findml.h.
 *
 * The numbers are read from fdml-eval's reports, whose definitions hold (fdml-eval --define).
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "findml.h"

enum { MAX_JSON = 64 << 20, MAX_DEPTH = 32 };
static const char schema[] = "fdml-findml-cell/1";

const findml_measure_info findml_measures[FINDML_N_MEASURES] = {
    [FINDML_RECALL] = { "recall_at_1", "recall@1", 1, true,
                        "share of test queries whose nearest other row is of their class" },
    [FINDML_WORST] = { "worst_recall_at_1", "worst recall", 1, true,
                       "recall@1 of the group with the lowest, among those of the first "
                       "attribute with rows enough" },
    [FINDML_MAJORITY] = { "majority_recall_at_1", "majority recall", 1, true,
                          "recall@1 of the group with the most queries" },
    [FINDML_MINORITY] = { "minority_recall_at_1", "minority recall", 1, true,
                          "recall@1 of the group with the fewest queries" },
    [FINDML_GAP] = { "gap_recall_at_1", "recall gap", -1, true,
                     "best minus worst group's recall@1; it also closes where all get worse, "
                     "so "
                     "it is to be read with recall@1, the worst group and leakage" },
    [FINDML_LEAKAGE] = { "leakage_logistic", "leakage", -1, true,
                         "balanced accuracy with which logistic regression reads the attribute "
                         "from embeddings of classes it has not seen, on the balanced part "
                         "where there is one (else on the test part)" },
    [FINDML_BALANCED] = { "balanced_recall_at_1", "balanced recall", 1, true,
                          "recall@1 on the balanced part, where the attribute says nothing of "
                          "the class" },
    [FINDML_MAP] = { "map_at_r", "MAP@R", 1, true, "mean average precision at R, test part" },
    [FINDML_WORST_MAP] = { "worst_map_at_r", "worst MAP@R", 1, false,
                           "MAP@R of the group with the lowest" },
    [FINDML_MAP_GAP] = { "gap_map_at_r", "MAP@R gap", -1, false,
                         "best minus worst group's MAP@R" },
    [FINDML_INTER] = { "alignment_inter", "spread", 0, true,
                       "mean squared distance of rows of different classes; where it shrinks, "
                       "all classes move together and gaps of distances shrink with it" },
    [FINDML_INTRA_GAP] = { "relative_alignment_gap", "alignment gap", -1, false,
                           "largest minus smallest alignment_intra of the groups, divided by "
                           "alignment_inter of all" },
    [FINDML_UNIFORMITY] = { "uniformity", "uniformity", 0, false,
                            "logarithm of the mean of exp(-2 d^2) over all pairs" },
};

static fdml_status open_json(fdml_json **root, const char *path, fdml_arena *arena,
                             fdml_error *err)
{
    const char *text;
    size_t size;
    FDML_TRY(fdml_file_read(&text, &size, path, MAX_JSON, arena, err));
    return fdml_json_parse(root, text, size, MAX_JSON, MAX_DEPTH, path, err);
}

/* NaN where it is null or not there. */
static double value_of(const fdml_json *estimate)
{
    double value;
    const fdml_json *number = fdml_json_find(estimate, "value");
    return number && fdml_json_get_number(number, &value) ? value : NAN;
}

static bool is_text(const fdml_json *object, const char *key, const char *wanted)
{
    const fdml_json *found = fdml_json_find(object, key);
    const char *text = found ? fdml_json_text(found) : NULL;
    return text && !strcmp(text, wanted);
}

static double metric_of(const fdml_json *object, const char *key, const char *metric)
{
    const fdml_json *metrics = fdml_json_find(object, key);
    const fdml_json *found = metrics ? fdml_json_find(metrics, metric) : NULL;
    return found ? value_of(found) : NAN;
}

/* Of the groups of an attribute that have a number. */
typedef struct extremes {
    double low, high, of_most, of_fewest;
    double most, fewest; /* queries */
} extremes;

static extremes over_groups(const fdml_json *root, const char *by, const char *metric)
{
    extremes e = { NAN, NAN, NAN, NAN, -1, INFINITY };
    const fdml_json *groups = fdml_json_find(root, "groups");
    for (const fdml_json *g = groups ? fdml_json_first(groups) : NULL; g;
         g = fdml_json_next(g)) {
        const fdml_json *count = fdml_json_find(g, "n");
        const double value = metric_of(g, "metrics", metric);
        double n;
        if (!is_text(g, "by", by) || isnan(value)) continue;
        if (!count || !fdml_json_get_number(count, &n)) continue;
        if (!(e.low <= value)) e.low = value;
        if (!(e.high >= value)) e.high = value;
        if (n > e.most) e.most = n, e.of_most = value;
        if (n < e.fewest) e.fewest = n, e.of_fewest = value;
    }
    return e;
}

static double leakage_of(const fdml_json *root, const char *by)
{
    const fdml_json *list = fdml_json_find(root, "leakage");
    const fdml_json *item =
        list && fdml_json_kind_of(list) == FDML_JSON_ARRAY ? fdml_json_first(list) : NULL;
    for (; item; item = fdml_json_next(item)) {
        const fdml_json *found = fdml_json_find(item, "leakage_logistic");
        if (found && is_text(item, "by", by)) return value_of(found);
    }
    return NAN;
}

static void take_test(double *value, const fdml_json *root, const findml_set *set)
{
    value[FINDML_RECALL] = metric_of(root, "overall", "recall_at_1");
    value[FINDML_MAP] = metric_of(root, "overall", "map_at_r");
    value[FINDML_INTER] = metric_of(root, "overall", "alignment_inter");
    value[FINDML_UNIFORMITY] = metric_of(root, "overall", "uniformity");
    if (!set->groups.n) return;
    const char *by = set->groups.item[0];
    const extremes recall = over_groups(root, by, "recall_at_1");
    const extremes map = over_groups(root, by, "map_at_r");
    const extremes intra = over_groups(root, by, "alignment_intra");
    value[FINDML_WORST] = recall.low;
    value[FINDML_MAJORITY] = recall.of_most;
    value[FINDML_MINORITY] = recall.of_fewest;
    value[FINDML_GAP] = recall.high - recall.low;
    value[FINDML_WORST_MAP] = map.low;
    value[FINDML_MAP_GAP] = map.high - map.low;
    value[FINDML_INTRA_GAP] = (intra.high - intra.low) / value[FINDML_INTER];
    if (!set->balanced) value[FINDML_LEAKAGE] = leakage_of(root, set->leakage);
}

static fdml_status take_file(double *value, const findml_set *set, const char *folder,
                             bool is_balanced, fdml_error *err)
{
    char path[FDML_PATH_SIZE + 16];
    fdml_arena arena;
    fdml_json *root = NULL;
    snprintf(path, sizeof path, "%s/%s.json", folder, is_balanced ? "balanced" : "test");
    fdml_arena_init(&arena, 0);
    const fdml_status status = open_json(&root, path, &arena, err);
    if (!status && is_balanced) {
        value[FINDML_BALANCED] = metric_of(root, "overall", "recall_at_1");
        if (set->leakage) value[FINDML_LEAKAGE] = leakage_of(root, set->leakage);
    } else if (!status) {
        take_test(value, root, set);
    }
    fdml_json_close(root);
    fdml_arena_close(&arena);
    return status;
}

fdml_status findml_result_make(findml_values *values, const findml_set *set, const char *folder,
                               fdml_error *err)
{
    for (int i = 0; i < FINDML_N_MEASURES; i++) values->value[i] = NAN;
    FDML_TRY(take_file(values->value, set, folder, false, err));
    if (set->balanced) FDML_TRY(take_file(values->value, set, folder, true, err));
    values->is_done = true;
    return FDML_OK;
}

fdml_status findml_result_write(const char *path, const findml_values *values,
                                const findml_cell *cell, const char *sha256, fdml_error *err)
{
    fdml_output output;
    fdml_json_writer w;
    FDML_TRY(fdml_output_open(&output, path, NULL, err));
    fdml_json_writer_init(&w, output.file, 2);
    fdml_json_begin_object(&w);
    fdml_json_key(&w, "schema"), fdml_json_string(&w, schema);
    fdml_json_key(&w, "cell"), fdml_json_string(&w, cell->name);
    fdml_json_key(&w, "settings_sha256"), fdml_json_string(&w, sha256);
    fdml_json_key(&w, "commit"), fdml_json_string(&w, FDML_COMMIT);
    fdml_json_key(&w, "measures");
    fdml_json_begin_object(&w);
    for (int i = 0; i < FINDML_N_MEASURES; i++) {
        fdml_json_key(&w, findml_measures[i].id);
        fdml_json_number(&w, values->value[i]);
    }
    fdml_json_end_object(&w);
    fdml_json_end_object(&w);
    fputc('\n', output.file);
    return fdml_output_commit(&output, err);
}

bool findml_result_read(findml_values *values, const char *path, const char *sha256)
{
    fdml_arena arena;
    fdml_error err;
    fdml_json *root = NULL;
    fdml_arena_init(&arena, 0);
    values->is_done = !open_json(&root, path, &arena, &err) &&
                      is_text(root, "schema", schema) &&
                      is_text(root, "settings_sha256", sha256);
    const fdml_json *measures = values->is_done ? fdml_json_find(root, "measures") : NULL;
    for (int i = 0; i < FINDML_N_MEASURES; i++) {
        const fdml_json *number =
            measures ? fdml_json_find(measures, findml_measures[i].id) : NULL;
        if (!number || !fdml_json_get_number(number, &values->value[i])) values->value[i] = NAN;
    }
    fdml_json_close(root);
    fdml_arena_close(&arena);
    return values->is_done;
}
