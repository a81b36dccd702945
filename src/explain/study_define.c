/* study_define.c - what the numbers of a study are, one sentence each. See study_report.h.
 *
 * [paper]: as in Balagopalan et al. (FAccT 2022) or, where the paper's text is silent, in its
 * authors' code; [ours]: not there.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "explain/study_tables.h"

static const struct {
    const char *key, *sentence;
} definitions[] = {
    { "accuracy", "share of test rows in which the explanation's prediction e and the black "
                  "box's probability "
                  "p lie on the same side of 1/2 (1/2 itself counts as above) [paper]" },
    { "auroc",
      "area under the ROC curve of e for the black box's answers, 1 where p >= 1/2: the "
      "probability that a row it says yes to has a larger e than one it says no to, ties "
      "counting "
      "half; it has no value where the black box gives all rows one answer [paper]" },
    { "residual",
      "mean of p - e, with its sign: above 0 the explanation says less than the black box "
      "[paper]" },
    { "max_from_average", "maximum fidelity gap from average, definition 3.3: the largest of "
                          "L(all rows) - L(group) "
                          "over groups; of the residual L(group) - L(all rows). One-sided: it "
                          "is about who is worse "
                          "off [paper]" },
    { "mean_between_groups",
      "mean fidelity gap amongst subgroups, definition 3.4: the mean of |L(group) - L(other "
      "group)| over all pairs of groups [paper]" },
    { "behind",
      "L(all rows) - L(group), of the residual L(group) - L(all rows): what the maximum gap is "
      "the largest of. Groups with too few test rows have no value; they are among all rows "
      "[paper]" },
    { "sd", "standard deviation over training seeds (divisor n - 1), of the value before it, "
            "which is "
            "their mean; it knows nothing of the test rows' chance [paper]" },
    { "interval",
      "[lo, hi] by drawing test rows anew within each group, the same rows for all seeds "
      "(expanded percentile bootstrap). A mean gap cannot be negative and a maximum seldom is, "
      "so its interval is no test "
      "[ours]" },
    { "p", "probability of a gap at least as large if groups were exchanged among test rows at "
           "random, "
           "by permutation [ours]" },
    { "p_holm", "p after Holm's correction for all gaps of explanations of the study, or for "
                "all of its black boxes themselves; a gap can be told from "
                "chance where "
                "it is at most 1 - confidence [ours]" },
    { "quality", "the black box itself, measured as an explanation is, but of the target: "
                 "accuracy and AUROC "
                 "of p for it, residual the mean of target - p [ours]" },
    { "change",
      "a value less that of the baseline on the same test rows; interval by drawing the same "
      "rows "
      "for both, p by exchanging the two within rows at random, p_holm over all numbers of the "
      "comparison [ours]" },
    { "information",
      "AUROC on test rows of a classifier that is trained to tell a group from all others by "
      "the "
      "features: 1/2, they do not tell it; 1, they give it away. Here logistic regression and "
      "a "
      "network with one hidden layer [the question is the paper's, the classifiers are ours]" },
    { "decision",
      "probability that a person decides right who sees the black box's answer and an "
      "explanation. Where the black box is right she is right with probability .9250 without "
      "an "
      "explanation, .9281 with a good one and .9000 with a poor one; where it is wrong, with "
      ".6968, .6497 and .6800: six probabilities of the authors' study with users [paper]. "
      "They "
      "are weighed by how often the black box is right for the group, and by how often its "
      "explanation is good, which is taken to be its accuracy: as often as it says what the "
      "black box says [ours]" },
    { "gap",
      "of a gate, gap(METRIC, COLUMN) is mean_between_groups and max_gap(METRIC, COLUMN) "
      "is max_from_average; versus(METRIC[COLUMN=VALUE]) is behind [ours]" },
    { "lime",
      "a ridge regression, weighted by nearness, of the black box's probability over samples "
      "around each row; e is its value at the row itself and may lie outside of 0 to 1 "
      "[paper]" },
    { "shap",
      "KernelSHAP: e is the mean answer over background rows plus the contributions of the k "
      "features of largest mutual information with the answers. With all features the "
      "contributions add up to p exactly, so fidelity is perfect and every gap 0 by "
      "construction, "
      "which says nothing of the explanation [paper]. shap's default also drops features by a "
      "lasso (l1_reg='auto') where few coalitions are drawn; here nothing is dropped [ours]" },
    { "gam",
      "logistic additive model of splines, trained on the black box's answers (0 or 1) to the "
      "rows that explain; e is its probability [paper]" },
    { "tree", "decision tree trained on the black box's answers (0 or 1) to the rows that "
              "explain; e is "
              "the share of 1 in a row's leaf [paper]" },
    { "k",
      "setting of all methods, as in lime:k5: so many features, of gam and tree encoded "
      "columns, are in the model. LIME chooses them for each row, by forward selection up to "
      "6 and else by the size of weight times value; the others take those with the largest "
      "mutual information with the black box's answers to the rows that explain. Without "
      "it: all [paper]" },
    { "n", "setting of lime and shap: samples around each row [5000], coalitions of features "
           "[50] [paper]" },
    { "around", "setting of lime: numbers are drawn around the row itself, not around the mean "
                "of the rows that explain; categories by their frequency either way [ours]" },
    { "sigma", "setting of lime: numbers are drawn with so many times their standard deviation "
               "over the rows that explain [1] [paper]" },
    { "alpha", "setting of lime: penalty of the ridge regression, of both where it is trained "
               "twice [1] [paper]" },
    { "jtt", "setting of lime, just train twice: a first ridge regression on each row's "
             "samples, then a second in which samples that the first gives the wrong answer "
             "weigh so many times more, all weights being divided by their sum [paper]" },
    { "mass", "setting of lime with jtt: the second regression's weights are not divided by "
              "their sum, beside which alpha is a far heavier penalty [ours]" },
    { "b", "setting of shap: background rows, drawn from the rows that explain; features that "
           "are not in a coalition take their values [50] [paper]" },
    { "encoded", "setting of shap: its players are the black box's encoded columns, one for "
                 "each category [paper]; without it, features [ours]" },
    { "depth",
      "setting of tree: its greatest depth, 1 to 6. Without it, the one of these whose "
      "answers on the rows that choose settings are most often the black box's, of "
      "equal ones the smallest [ours]" },
    { "balanced", "setting of gam and tree, and of black boxes by --balance-groups: rows of "
                  "smaller groups of the first --group are repeated, drawn at random, until "
                  "every group is as frequent as the largest [paper; of gam ours]" },
};
enum { N_DEFINITIONS = sizeof definitions / sizeof *definitions };

const char *fdml_study_define_key(size_t index)
{
    return index < N_DEFINITIONS ? definitions[index].key : NULL;
}

/* Other names under which a definition is looked for. */
static const char *const other_names[][2] = { { "simulate", "decision" },
                                              { "decisions", "decision" },
                                              { "max_gap", "gap" },
                                              { "versus", "gap" } };

const char *fdml_study_define(const char *key)
{
    for (size_t i = 0; i < sizeof other_names / sizeof *other_names; i++)
        if (!strcmp(other_names[i][0], key)) key = other_names[i][1];
    for (size_t i = 0; i < N_DEFINITIONS; i++)
        if (!strcmp(definitions[i].key, key)) return definitions[i].sentence;
    return NULL;
}

/* --- which a study needs ------------------------------------------------------------------ */

typedef struct key_list {
    const char **key;
    size_t n;
} key_list;

static void add(key_list *list, const char *key, bool is_needed)
{
    if (is_needed) list->key[list->n++] = key;
}

/* Methods and the settings that one of them is given; black boxes are balanced as well. */
static void add_methods(key_list *list, const fdml_study_options *o)
{
    const char *setting;
    bool has_kind[FDML_METHODS] = { false }, has_balance = false;
    unsigned given = 0;
    for (size_t m = 0; m < o->n_methods; m++) {
        has_kind[o->method[m].kind] = true;
        given |= o->method[m].given;
    }
    for (size_t b = 0; b < o->n_sources; b++)
        has_balance = has_balance || o->source[b].balances_groups;
    for (size_t k = 0; k < FDML_METHODS; k++) add(list, fdml_method_name[k], has_kind[k]);
    for (size_t i = 0; (setting = fdml_method_setting(i)); i++)
        add(list, setting, (given >> i & 1) || (has_balance && !strcmp(setting, "balanced")));
}

size_t fdml_study_keys(const char *key[FDML_STUDY_MOST_KEYS], const fdml_study *study)
{
    const fdml_study_options *o = study->options;
    key_list list = { key, 0 };
    bool has_change = false;
    for (size_t b = 0; b < o->n_sources; b++)
        for (size_t m = 0; m < o->n_methods; m++)
            has_change = has_change || study->box[b].explained[m].change;
    add(&list, "accuracy", true);
    add(&list, "auroc", true);
    add(&list, "residual", true);
    add(&list, "max_from_average", true);
    add(&list, "mean_between_groups", true);
    add(&list, "behind", true);
    add(&list, "sd", o->n_seeds > 1);
    add(&list, "interval", o->n_bootstrap > 0);
    add(&list, "p", o->n_permutations > 0);
    add(&list, "p_holm", o->n_permutations > 0);
    add(&list, "quality", true);
    add(&list, "change", has_change);
    add(&list, "information", study->n_information > 0);
    add(&list, "decision", o->with_simulation);
    add_methods(&list, o);
    return list.n;
}
