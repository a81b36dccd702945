/* explain_options.c - the table of fdml-explain's options, their defaults and limits.
 * SPDX-License-Identifier: MIT */
#include "explain_options.h"

#include <math.h>
#include <string.h>

#include "eval/problem.h"
#include "explain/method.h"
#include "explain/study_report.h"

#define AT(member) .offset = offsetof(explain_options, member)

static const fdml_option options[] = {
    { .type = FDML_OPTION_SECTION, .help = "The table" },
    { .type = FDML_OPTION_TEXT,
      .name = "target",
      AT(target),
      .value_name = "COL",
      .names = FDML_NAMES_COLUMN,
      .help = "what the black box predicts: a column of two values" },
    { .type = FDML_OPTION_TEXT,
      .name = "positive",
      AT(positive),
      .value_name = "VALUE",
      .help = "the value of the target that is 1 [the larger]" },
    { .type = FDML_OPTION_TEXTS,
      .name = "group",
      AT(groups),
      .value_name = "LIST",
      .names = FDML_NAMES_COLUMN,
      .help = "protected columns: whom the audit compares. No feature is made of them" },
    { .type = FDML_OPTION_TEXTS,
      .name = "drop",
      AT(drop),
      .value_name = "LIST",
      .names = FDML_NAMES_COLUMN,
      .help = "columns that are no features; all others are" },
    { .type = FDML_OPTION_TEXTS,
      .name = "categorical",
      AT(categorical),
      .value_name = "LIST",
      .names = FDML_NAMES_COLUMN,
      .help = "columns of numbers that are categories [columns of words]" },
    { .type = FDML_OPTION_TEXTS,
      .name = "numeric",
      AT(numeric),
      .value_name = "LIST",
      .names = FDML_NAMES_COLUMN,
      .help = "columns that must be numbers: a word in one is an error" },
    { .type = FDML_OPTION_TEXTS,
      .name = "missing",
      AT(missing),
      .value_name = "LIST",
      .help = "words that stand for an unknown cell, such as ?; an empty one always does, and "
              "in columns of numbers nan" },
    { .type = FDML_OPTION_CHOICE,
      .name = "missing-attribute",
      AT(missing_attribute),
      .value_name = "WHAT",
      .choices = "error|group",
      .help = "an unknown cell of --group stops the audit, or its row is of the group "
              "'(missing)': error or group [error]" },
    { .type = FDML_OPTION_CHOICE,
      .name = "unseen",
      AT(unseen),
      .value_name = "WHAT",
      .choices = "error|zero",
      .help = "a category that no training row has stops the audit, or is none of the "
              "categories: error or zero [error]" },
    { .type = FDML_OPTION_TEXT,
      .name = "split",
      AT(split),
      .value_name = "FILE",
      .names = FDML_NAMES_FILE,
      .help = "a character for each row: T trains the black box, E the explanation, V chooses "
              "settings, S tests, - is left out [drawn: 50, 30, 10 and 10 of 100]" },
    { .type = FDML_OPTION_TEXT,
      .name = "split-column",
      AT(split_column),
      .value_name = "COL",
      .names = FDML_NAMES_COLUMN,
      .help = "the same from a column: train, explain, validate, test, none, or the letters" },
    { .type = FDML_OPTION_COUNT,
      .name = "split-seed",
      AT(split_seed),
      .value_name = "N",
      .low = 0,
      .high = 18446744073709551615.,
      .help = "of a drawn split [1]" },
    { .type = FDML_OPTION_SECTION, .help = "The black box" },
    { .type = FDML_OPTION_TEXTS,
      .name = "black-box",
      AT(boxes),
      .value_name = "LIST",
      .choices = "logistic|mlp",
      .help = "trained here: logistic regression, or a network with one hidden layer, each the "
              "best of its candidates by 5-fold cross-validation [logistic,mlp]" },
    { .type = FDML_OPTION_REALS,
      .name = "candidates",
      AT(candidates),
      .value_name = "LIST",
      .low = 0,
      .high = 1e9,
      .help = "of the one black box that is trained: C, or hidden units; one alone is taken "
              "without choosing [the paper's: 25 from 1e-5 to 10; 50,100,200]" },
    { .type = FDML_OPTION_SWITCH,
      .name = "balance-labels",
      AT(balance_labels),
      .help = "train black boxes with both target values equally frequent, by repeating rows" },
    { .type = FDML_OPTION_CHOICE,
      .name = "balance-groups",
      AT(balance_groups),
      .value_name = "WHAT",
      .choices = "no|yes|both",
      .help = "the same with groups (of the first --group): no, yes, or both, before and after "
              "[no]" },
    { .type = FDML_OPTION_TEXT,
      .name = "probabilities",
      AT(probabilities),
      .value_name = "FILE",
      .names = FDML_NAMES_FILE,
      .help = "a black box of your own: P(target = 1) of every row, .csv, .npy or .npz; for "
              "gam and tree alone, as lime and shap ask for rows that no table has" },
    { .type = FDML_OPTION_TEXT,
      .name = "command",
      AT(command),
      .value_name = "CMD",
      .help = "likewise: a program that reads rows as CSV and writes P(target = 1) of each, "
              "and nothing else" },
    { .type = FDML_OPTION_COUNT,
      .name = "command-timeout",
      AT(patience),
      .value_name = "SECONDS",
      .low = 1,
      .high = 86400,
      .help = "give up a --command that keeps silent for so long [60]" },
    { .type = FDML_OPTION_TEXT,
      .name = "model",
      AT(model),
      .value_name = "FILE.onnx",
      .names = FDML_NAMES_FILE,
      .help = "likewise: a network over the encoded columns that --write-encoding lists" },
    { .type = FDML_OPTION_TEXT,
      .name = "write-encoding",
      AT(encoding),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "write how features are encoded, one encoded column a line, and stop; it "
              "depends on the split, so give the audit the same" },
    { .type = FDML_OPTION_SECTION, .help = "Explanations" },
    { .type = FDML_OPTION_TEXTS,
      .name = "methods",
      .letter = 'm',
      AT(methods),
      .value_name = "LIST",
      .word = fdml_method_word,
      .help = "lime, shap, gam, tree, with settings behind colons: lime:k5, lime:jtt10, "
              "lime:around, shap:k5, tree:depth3, tree:balanced; --define tells all "
              "[lime,shap:k5,gam,tree]" },
    { .type = FDML_OPTION_COUNTS,
      .name = "seeds",
      AT(seeds),
      .value_name = "LIST",
      .low = 0,
      .high = 4294967295.,
      .help = "training and explaining are done once for each [1,2,3,4,5]" },
    { .type = FDML_OPTION_TEXT,
      .name = "compare",
      AT(compare),
      .value_name = "NAME",
      .names = FDML_NAMES_FILE,
      .help = "a method (before an intervention) or a black box of this run: the others less "
              "it, with intervals and tests; or the --per-row file of another run, OTHER.csv" },
    { .type = FDML_OPTION_SWITCH,
      .name = "information",
      AT(with_information),
      .help = "also how well the features tell the groups" },
    { .type = FDML_OPTION_SWITCH,
      .name = "simulate",
      AT(with_simulation),
      .help = "also what those decide who read the explanations, from a study with users" },
    { .type = FDML_OPTION_SECTION, .help = "How sure" },
    { .type = FDML_OPTION_COUNT,
      .name = "min-group",
      AT(min_group),
      .value_name = "N",
      .low = 1,
      .high = 1e9,
      .help = "groups with fewer test rows get no numbers [20]" },
    { .type = FDML_OPTION_NO,
      .name = "no-intersections",
      AT(with_intersections),
      .help = "groups by single columns alone" },
    { .type = FDML_OPTION_COUNT,
      .name = "bootstrap",
      AT(n_bootstrap),
      .value_name = "N",
      .low = 0,
      .high = 1e6,
      .help = "resamples of test rows behind an interval; 0: no intervals [1000]" },
    { .type = FDML_OPTION_REAL,
      .name = "confidence",
      AT(confidence),
      .value_name = "P",
      .low = 0,
      .high = 1,
      .help = "of the intervals; verdicts are made at 1 - P [0.95]" },
    { .type = FDML_OPTION_COUNT,
      .name = "permutations",
      AT(n_permutations),
      .value_name = "N",
      .low = 0,
      .high = 1e6,
      .help = "behind a p-value; 0: no tests [1000, or what Holm's correction needs for many "
              "gaps, up to 20000]" },
    { .type = FDML_OPTION_WORDS,
      .name = "fail-if",
      AT(gates),
      .value_name = "EXPR",
      .help = "exit 3 if this holds, or cannot be told: \"gap(mlp/lime.accuracy, sex) > .05 "
              "and p < .01\"; once for each gate" },
    { .type = FDML_OPTION_SECTION, .help = "Output" },
    { .type = FDML_OPTION_CHOICE,
      .name = "format",
      AT(format),
      .value_name = "NAME",
      .choices = "table|md|latex|csv|json",
      .help = "table, md, latex, csv or json [table]" },
    { .type = FDML_OPTION_TEXT,
      .name = "output",
      .letter = 'o',
      AT(output),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "the report goes there [-, standard output]" },
    { .type = FDML_OPTION_TEXT,
      .name = "json",
      AT(json),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "the JSON report as well" },
    { .type = FDML_OPTION_TEXT,
      .name = "report",
      AT(html),
      .value_name = "FILE.html",
      .names = FDML_NAMES_OUTPUT,
      .help = "a page with charts as well: one file, no script" },
    { .type = FDML_OPTION_TEXT,
      .name = "per-row",
      AT(per_row),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "a CSV with what black box and explanation say of each test row" },
    { .type = FDML_OPTION_TEXT,
      .name = "local",
      AT(local),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "a CSV with every test row's explanation, column by column, of the first seed; "
              "tree has none and is left out" },
    { .type = FDML_OPTION_TEXT,
      .name = "plot",
      AT(plot),
      .value_name = "FILE.svg",
      .names = FDML_NAMES_OUTPUT,
      .help = "a drawing of one test row's explanations; tree has none and is left out" },
    { .type = FDML_OPTION_COUNT,
      .name = "row",
      AT(row),
      .value_name = "N",
      .low = 1,
      .high = 4294967295.,
      .help =
          "which, as a row of the table from 1 [the test row where the first method but tree "
          "is farthest from the first black box]" },
    { .type = FDML_OPTION_TEXTS,
      .name = "define",
      AT(define),
      .value_name = "NAMES",
      .choices = "all",
      .word = fdml_study_define_key,
      .help = "print what these measures, methods or settings are (or all), and stop" },
    FDML_OPTION_MAX_MEMORY(offsetof(explain_options, max_memory)),
    { .type = FDML_OPTION_SWITCH,
      .name = "dry-run",
      AT(dry_run),
      .help = "print the rows, groups and memory of the audit, and stop" },
    CLI_COMMON_OPTIONS
};

const cli_program explain_program = {
    .name = "fdml-explain",
    .usage = "fdml-explain TABLE --target COL --group COL[,COL...] [options]",
    .purpose =
        "Are explanations of a black box equally faithful for every group? Trains or asks a\n"
        "black box, explains its answers to test rows by LIME, SHAP, an additive model and a\n"
        "tree, and compares the two, overall and per group, with intervals and tests.\n\n"
        "TABLE  .csv or .tsv with a header, one row per person or case; - is standard input",
    .examples =
        "  fdml-explain adult.csv --target income --group sex\n"
        "  fdml-explain adult.csv --target income --group sex,race --seeds 1 -m lime,gam\n"
        "  fdml-explain credit.csv --target default --group sex --split credit.split \\\n"
        "      -m lime,lime:jtt10 --compare lime --report audit.html\n"
        "  fdml-explain credit.csv --target default --group sex --probabilities p.npy -m "
        "gam,tree\n"
        "  fdml-explain credit.csv --target default --group sex --command 'python3 score.py'\n"
        "  fdml-explain credit.csv --target default --group sex --black-box mlp \\\n"
        "      --balance-groups both --compare mlp\n"
        "  fdml-explain credit.csv --target default --group sex --plot row.svg --row 118\n"
        "  fdml-explain adult.csv --target income --group sex \\\n"
        "      --fail-if 'gap(mlp/lime.accuracy, sex) > 0.05 and p_holm < 0.05'\n"
        "  fdml-explain --define max_from_average\n",
    .failure = "a --fail-if failed",
    .options = options,
    .n_options = sizeof options / sizeof *options
};

/* --- what no table can say ---------------------------------------------------------------- */

/* Both or more outputs on stdout would be an unreadable mixture. */
static void check_outputs(const explain_options *o)
{
    const char *const path[] = {
        o->output ? o->output : "-", o->json, o->html, o->per_row, o->local, o->plot
    };
    size_t n_standard = 0;
    for (size_t i = 0; i < sizeof path / sizeof *path; i++)
        n_standard += path[i] && !strcmp(path[i], "-");
    if (n_standard > 1)
        cli_die(CLI_EXIT_USAGE, "two outputs want standard output; give -o FILE for the report"
                                " or use --format json");
    if (o->row && !o->plot) cli_die(CLI_EXIT_USAGE, "--row needs --plot");
}

static void check_candidates(const explain_options *o)
{
    if (!o->candidates.n) return;
    if (o->boxes.n != 1)
        cli_die(CLI_EXIT_USAGE, "--candidates needs --black-box with one name: C of logistic, "
                                "or hidden units of mlp");
    const bool is_mlp = !strcmp(o->boxes.item[0], "mlp");
    for (size_t i = 0; i < o->candidates.n; i++) {
        const double c = o->candidates.item[i];
        if (is_mlp && !(c >= 1 && c == floor(c)))
            cli_die(CLI_EXIT_DATA,
                    "--candidates: %g hidden units, expected a whole number from 1", c);
    }
}

static void check_boxes(const explain_options *o)
{
    const int n_outside =
        (o->probabilities != NULL) + (o->command != NULL) + (o->model != NULL);
    if (n_outside > 1)
        cli_die(CLI_EXIT_USAGE,
                "--probabilities, --command and --model exclude each other: one outside black "
                "box at a time");
    if (n_outside && !o->boxes.n && (o->balance_labels || o->balance_groups || o->candidates.n))
        cli_die(CLI_EXIT_USAGE, "--balance-labels, --balance-groups and --candidates are of "
                                "black boxes that are trained here (--black-box)");
    for (size_t i = 0; i < o->boxes.n; i++) {
        const char *name = o->boxes.item[i];
        if (strcmp(name, "logistic") != 0 && strcmp(name, "mlp") != 0)
            cli_die(CLI_EXIT_DATA, "--black-box: there is no '%s'; there are logistic and mlp",
                    name);
        for (size_t k = 0; k < i; k++)
            if (!strcmp(o->boxes.item[k], name))
                cli_die(CLI_EXIT_DATA, "--black-box: '%s' is named twice", name);
    }
    check_candidates(o);
}

static void check_columns(const explain_options *o)
{
    if (o->common.positional.n == 0) cli_die(CLI_EXIT_USAGE, "TABLE is missing");
    if (o->common.positional.n > 1)
        cli_die(CLI_EXIT_USAGE,
                "one argument too many: '%s'; in a list there is a comma and no blank between "
                "names",
                o->common.positional.item[1]);
    if (!o->target) cli_die(CLI_EXIT_USAGE, "--target COL is missing: what is predicted?");
    if (!o->groups.n)
        cli_die(CLI_EXIT_USAGE, "--group COL is missing: whom should the audit compare?");
    if (o->groups.n > FDML_MAX_ATTRIBUTES)
        cli_die(CLI_EXIT_DATA, "--group: %zu columns, the limit is %d", o->groups.n,
                FDML_MAX_ATTRIBUTES);
    if (o->split && o->split_column)
        cli_die(CLI_EXIT_USAGE, "--split and --split-column exclude each other");
}

explain_options explain_options_defaults(void)
{
    return (explain_options){ .split_seed = 1,
                              .patience = 60,
                              .methods = { 4, { "lime", "shap:k5", "gam", "tree" } },
                              .seeds = { 5, { 1, 2, 3, 4, 5 } },
                              .min_group = 20,
                              .with_intersections = true,
                              .n_bootstrap = 1000,
                              .n_permutations = EXPLAIN_PERMUTATIONS_OPEN,
                              .confidence = 0.95 };
}

void explain_options_read(explain_options *o, int argc, char **argv)
{
    *o = explain_options_defaults();
    o->methods.n = 0; /* a list that is given is not appended to the default */
    cli_parse(&explain_program, o, argc, argv);
    if (!o->methods.n) o->methods = explain_options_defaults().methods;
    if (o->define.n) return;
    check_columns(o);
    check_boxes(o);
    check_outputs(o);
}
