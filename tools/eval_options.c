/* eval_options.c - the table of fdml-eval's options, their defaults and limits.
 * SPDX-License-Identifier: MIT */
#include "eval_options.h"

#include <string.h>

#include "eval/metrics.h"
#include "eval/problem.h"

#define AT(member) .offset = offsetof(eval_options, member)

static const fdml_option options[] = {
    { .type = FDML_OPTION_SECTION, .help = "What is compared" },
    { .type = FDML_OPTION_TEXT,
      .name = "label",
      AT(label),
      .value_name = "COL",
      .names = FDML_NAMES_COLUMN,
      .help = "the class to retrieve: a column, or a .npy file of labels [label]" },
    { .type = FDML_OPTION_TEXTS,
      .name = "group",
      AT(groups),
      .value_name = "LIST",
      .names = FDML_NAMES_COLUMN,
      .help = "sensitive attributes: columns separated by commas, or .npy files" },
    { .type = FDML_OPTION_CHOICE,
      .name = "missing-attribute",
      AT(missing_attribute),
      .value_name = "WHAT",
      .choices = "error|group",
      .help = "an empty cell of --group stops the audit, or its row is of the group "
              "'missing': error or group [error]" },
    { .type = FDML_OPTION_TEXTS,
      .name = "downstream-target",
      AT(targets),
      .value_name = "LIST",
      .names = FDML_NAMES_COLUMN,
      .help = "columns, or .npy files, that -m downstream predicts [the label]" },
    { .type = FDML_OPTION_TEXTS,
      .name = "slice-columns",
      AT(slice_columns),
      .value_name = "LIST",
      .names = FDML_NAMES_COLUMN,
      .help = "columns that --find-slices looks at; numbers of more than 16 values by quarters "
              "[all of METADATA with 2 to 64 values]" },
    { .type = FDML_OPTION_TEXT,
      .name = "query",
      AT(query),
      .value_name = "COL",
      .names = FDML_NAMES_COLUMN,
      .help = "boolean column: the rows that ask [all]" },
    { .type = FDML_OPTION_TEXT,
      .name = "gallery",
      AT(gallery),
      .value_name = "COL",
      .names = FDML_NAMES_COLUMN,
      .help = "boolean column: the rows that answer [all]" },
    { .type = FDML_OPTION_TEXT,
      .name = "exclude-same",
      AT(exclude_same),
      .value_name = "COL",
      .names = FDML_NAMES_COLUMN,
      .help = "a match with the same value of COL does not count (same camera, session)" },
    { .type = FDML_OPTION_TEXT,
      .name = "pairs",
      AT(pairs),
      .value_name = "FILE",
      .names = FDML_NAMES_FILE,
      .help = "LFW's pairs.txt: verify these pairs and not all" },
    { .type = FDML_OPTION_TEXT,
      .name = "pair-name",
      AT(pair_name),
      .value_name = "COL",
      .names = FDML_NAMES_COLUMN,
      .help = "column with the names that --pairs uses, or with paths such as "
              "Ann_Lee_0002.jpg [the label]" },
    { .type = FDML_OPTION_TEXT,
      .name = "compare",
      AT(compare),
      .value_name = "OTHER",
      .names = FDML_NAMES_FILE,
      .help = "embeddings of the same rows by another model: differences EMBEDDINGS - OTHER" },
    { .type = FDML_OPTION_SECTION, .help = "A model and images instead of embeddings" },
#define EMBED_AT(member) .offset = offsetof(eval_options, embed.member)
#include "embed_options.def"
#define AUDIT_AT(member) .offset = offsetof(eval_options, audit.member)
#include "eval/audit_options.def"

    { .type = FDML_OPTION_WORDS,
      .name = "fail-if",
      AT(gates),
      .value_name = "EXPR",
      .help = "exit 3 if this holds, or cannot be told: \"gap(recall_at_1, gender) > .02 and "
              "p < .01\"; once for each gate" },
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
      .help = "a page with charts as well: one file, no script; pictures of the worst queries "
              "where METADATA has a column of paths" },
    { .type = FDML_OPTION_TEXT,
      .name = "model-card",
      AT(model_card),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help =
          "Markdown for a model's README.md, with the numbers as Hugging Face's model-index" },
    { .type = FDML_OPTION_TEXT,
      .name = "per-query",
      AT(per_query),
      .value_name = "FILE",
      .names = FDML_NAMES_OUTPUT,
      .help = "a CSV with one row per query" },
    { .type = FDML_OPTION_TEXT,
      .name = "verify",
      AT(verify),
      .value_name = "FILE",
      .names = FDML_NAMES_FILE,
      .help =
          "do the audit of this JSON report again and say whether every number is the same; "
          "exit status 3 if not. EMBEDDINGS and METADATA only where they have moved" },
    { .type = FDML_OPTION_TEXT,
      .name = "sign",
      AT(sign),
      .value_name = "KEY",
      .names = FDML_NAMES_FILE,
      .help = "sign the report of --json with this secret key of minisign, as FILE.minisig" },
    { .type = FDML_OPTION_TEXT,
      .name = "public-key",
      AT(public_key),
      .value_name = "KEY",
      .names = FDML_NAMES_FILE,
      .help = "with --verify: FILE.minisig must be the signature of FILE by this key" },
    { .type = FDML_OPTION_TEXTS,
      .name = "define",
      AT(define),
      .value_name = "NAMES",
      .choices = "all",
      .word = fdml_define_key,
      .help = "print what these metrics, sets or measures are (or all), and stop" },
    FDML_OPTION_MAX_MEMORY(offsetof(eval_options, max_memory)),
    { .type = FDML_OPTION_SWITCH,
      .name = "dry-run",
      AT(dry_run),
      .help = "print the memory and time it would take, and stop" },
    CLI_COMMON_OPTIONS
};

const cli_program eval_program = {
    .name = "fdml-eval",
    .usage = "fdml-eval EMBEDDINGS METADATA [options]\n"
             "fdml-eval EMBEDDINGS --label labels.npy [options]\n"
             "fdml-eval --model MODEL IMAGES [options]",
    .purpose =
        "Does an embedding treat groups alike? Retrieval, clustering, geometry and\n"
        "verification, overall and per group, with intervals and tests of the gaps.\n\n"
        "EMBEDDINGS  .npy  .npz[:member]  .safetensors[:tensor]  .csv  .tsv  .fvecs  .bvecs\n"
        "METADATA    .csv or .tsv with a header, one row per embedding in the same order;\n"
        "            CelebA's list files. Either may be - for standard input.\n"
        "MODEL       .onnx; IMAGES a .csv or .tsv with a column of paths beside label and "
        "groups,\n"
        "            or a folder of class folders: what fdml-embed reads, and METADATA as well",
    .examples =
        "  fdml-eval emb.npy meta.csv --label identity --group gender,race\n"
        "  fdml-eval emb.npy meta.csv --group gender -m all --json result.json\n"
        "  fdml-eval emb.npy meta.csv --group gender,race -m all --report audit.html\n"
        "  fdml-eval emb.npy meta.csv --query is_query --gallery is_gallery --exclude-same "
        "cam\n"
        "  fdml-eval emb.npy --label labels.npy -m retrieval -k 1,10 --format csv -o r.csv\n"
        "  fdml-eval emb.npy meta.csv -m verification --fmr 1e-2,1e-3 --pairs pairs.txt\n"
        "  fdml-eval --model face.onnx lfw.csv --preset lfw --label identity --group gender\n"
        "  fdml-eval emb.npy meta.csv --group gender -m downstream --downstream-target "
        "smiling\n"
        "  fdml-eval emb.npy meta.csv --find-slices --slice-columns pose,camera,race\n"
        "  fdml-eval new.npy meta.csv --group gender --compare old.npy \\\n"
        "      --fail-if 'upper(change(recall_at_1[gender=F])) < 0'\n"
        "  fdml-eval big.npy meta.csv --max-memory 512M --dry-run\n"
        "  fdml-eval --define map_at_r\n",
    .failure = "a --fail-if failed, or --verify found a difference",
    .options = options,
    .n_options = sizeof options / sizeof *options
};

/* Both or more outputs on stdout would be an unreadable mixture. */
static void check_outputs(const eval_options *o)
{
    const char *const path[] = { o->output ? o->output : "-", o->json, o->html, o->model_card,
                                 o->per_query };
    size_t n_standard = 0;
    for (size_t i = 0; i < sizeof path / sizeof *path; i++)
        n_standard += path[i] && !strcmp(path[i], "-");
    if (n_standard > 1)
        cli_die(CLI_EXIT_USAGE, "two outputs want standard output; give -o FILE for the report"
                                " or use --format json");
}

static bool is_array(const char *path)
{
    static const char *const suffix[] = { ".npy", ".npz", ".safetensors", ".fvecs", ".bvecs" };
    for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++)
        if (fdml_file_has_suffix(path, suffix[i])) return true;
    return false;
}

static void check_positional(const eval_options *o)
{
    const fdml_texts *p = &o->common.positional;
    const bool label_file = fdml_file_has_suffix(o->label, ".npy");
    if (o->define.n) return;
    if (o->embed.model && p->n == 0) cli_die(CLI_EXIT_USAGE, "IMAGES are missing");
    if (o->embed.model && p->n == 1) return;
    if (p->n == 0) cli_die(CLI_EXIT_USAGE, "EMBEDDINGS and METADATA are missing");
    if (p->n == 1 && !label_file)
        cli_die(CLI_EXIT_USAGE, "METADATA is missing (or give --label FILE.npy)");
    if (p->n > 2)
        cli_die(CLI_EXIT_USAGE,
                "one argument too many: '%s'; in a list there is a comma and no blank "
                "between names",
                p->item[2]);
    if (p->n == 2 && is_array(p->item[1]))
        cli_die(CLI_EXIT_USAGE,
                "METADATA '%s' is no table: EMBEDDINGS come first, labels of their own are "
                "--label FILE.npy",
                p->item[1]);
}

static void check_keys(const eval_options *o)
{
    const bool is_json = o->json && strcmp(o->json, "-") != 0;
    if (o->public_key && !o->verify) cli_die(CLI_EXIT_USAGE, "--public-key needs --verify");
    if (o->sign && o->verify) cli_die(CLI_EXIT_USAGE, "--sign and --verify exclude each other");
    if (o->sign && !is_json) cli_die(CLI_EXIT_USAGE, "--sign needs --json FILE");
}

/* An option of --model that is given without it would be without effect, unseen. */
static void check_embed(const eval_options *o)
{
    const embed_settings *e = &o->embed;
    if (e->model) return;
    const struct {
        bool given;
        const char *name;
    } option[] = { { e->value, "value" },      { e->normalize, "normalize" },
                   { e->batch, "batch" },      { e->preset != EMBED_UNSET, "preset" },
                   { e->resize, "resize" },    { e->crop, "crop" },
                   { e->size, "size" },        { e->channels != EMBED_UNSET, "channels" },
                   { e->scale, "scale" },      { e->mean.n, "mean" },
                   { e->std.n, "std" },        { e->label_from, "label-from" },
                   { e->skip_bad, "skip-bad" } };
    for (size_t i = 0; i < sizeof option / sizeof *option; i++)
        if (option[i].given) cli_die(CLI_EXIT_USAGE, "--%s needs --model", option[i].name);
    if (e->path_column && !o->html && !o->verify)
        cli_die(CLI_EXIT_USAGE, "--path-column needs --model or --report");
}

/* Likewise. */
static void check_slices(const eval_options *o)
{
    const fdml_audit_options *a = &o->audit, *usual = &fdml_audit_defaults;
    if (a->find_slices) return;
    const struct {
        bool given;
        const char *name;
    } option[] = { { o->slice_columns.n > 0, "columns" },
                   { a->slice_metric != NULL, "metric" },
                   { a->slice_depth != usual->slice_depth, "depth" },
                   { a->slice_clusters.n != usual->slice_clusters.n ||
                         memcmp(a->slice_clusters.item, usual->slice_clusters.item,
                                sizeof a->slice_clusters.item) != 0,
                     "clusters" },
                   { a->slice_min_rows != usual->slice_min_rows, "min-rows" } };
    for (size_t i = 0; i < sizeof option / sizeof *option; i++)
        if (option[i].given)
            cli_die(CLI_EXIT_USAGE, "--slice-%s needs --find-slices", option[i].name);
}

static void check_columns(const char *option, const fdml_texts *list, size_t most)
{
    if (list->n > most)
        cli_die(CLI_EXIT_DATA, "--%s: %zu columns, the limit is %zu", option, list->n, most);
    for (size_t i = 0; i < list->n; i++)
        for (size_t j = 0; j < i; j++)
            if (!strcmp(list->item[i], list->item[j]))
                cli_die(CLI_EXIT_DATA, "--%s: '%s' is named twice", option, list->item[i]);
}

eval_options eval_options_defaults(void)
{
    return (eval_options){ .label = "label",
                           .embed = embed_defaults,
                           .audit = fdml_audit_defaults };
}

void eval_options_check(const eval_options *o)
{
    check_positional(o);
    check_embed(o);
    check_slices(o);
    check_outputs(o);
    check_columns("group", &o->groups, FDML_MAX_ATTRIBUTES);
    check_columns("downstream-target", &o->targets, EVAL_MAX_TARGETS);
    check_columns("slice-columns", &o->slice_columns, FDML_LIST_MAX);
    if (o->pair_name && !o->pairs) cli_die(CLI_EXIT_USAGE, "--pair-name needs --pairs");
}

void eval_options_read(eval_options *o, int argc, char **argv)
{
    *o = eval_options_defaults();
    cli_parse(&eval_program, o, argc, argv);
    check_keys(o);
    if (!o->verify) eval_options_check(o); /* else when the report's options are there */
}
