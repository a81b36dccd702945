/* synth_embeddings.c - `fdml-synth embeddings --out DIR` writes DIR/embeddings.npy and
 * DIR/labels.csv. What is in them is said in src/data/synth.h.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "data/npy_write.h"
#include "data/synth.h"
#include "synth.h"

typedef struct synth_options {
    cli_common common;
    const char *out;
    uint64_t n_classes, per_class, dim, seed;
    double noise, minority_share, minority_noise;
} synth_options;

#define AT(member) .offset = offsetof(synth_options, member)

static const fdml_option options[] = {
    { .type = FDML_OPTION_SECTION, .help = "What is made" },
    { .type = FDML_OPTION_TEXT,
      .name = "out",
      .letter = 'o',
      AT(out),
      .value_name = "DIR",
      .names = FDML_NAMES_FOLDER,
      .help = "folder for embeddings.npy and labels.csv; made if it is not there" },
    { .type = FDML_OPTION_COUNT,
      .name = "classes",
      AT(n_classes),
      .value_name = "N",
      .low = 2,
      .high = 1e7,
      .help = "classes [120]" },
    { .type = FDML_OPTION_COUNT,
      .name = "per-class",
      AT(per_class),
      .value_name = "N",
      .low = 1,
      .high = 1e5,
      .help = "rows of each class [10]" },
    { .type = FDML_OPTION_COUNT,
      .name = "dim",
      AT(dim),
      .value_name = "N",
      .low = 1,
      .high = 65536,
      .help = "dimensions [32]" },
    { .type = FDML_OPTION_REAL,
      .name = "noise",
      AT(noise),
      .value_name = "X",
      .low = 0,
      .high = 1000,
      .help = "scatter of a row, relative to that of the class centres [0.7]" },
    { .type = FDML_OPTION_REAL,
      .name = "minority-share",
      AT(minority_share),
      .value_name = "P",
      .low = 0,
      .high = 1,
      .help = "share of the classes in group 'minority' [0.25]" },
    { .type = FDML_OPTION_REAL,
      .name = "minority-noise",
      AT(minority_noise),
      .value_name = "X",
      .low = 0,
      .high = 1000,
      .help = "factor on the noise of those classes [1.5]" },
    { .type = FDML_OPTION_COUNT,
      .name = "seed",
      AT(seed),
      .value_name = "N",
      .low = 0,
      .high = 18446744073709551615.,
      .help = "of everything drawn [1]" },
    CLI_COMMON_OPTIONS
};

const cli_program synth_embeddings_program = {
    .name = "fdml-synth",
    .command = "embeddings",
    .whole = &synth_program,
    .usage = "fdml-synth embeddings --out DIR [options]",
    .purpose =
        "Makes synthetic embeddings of two groups, one of which is embedded worse: what an\n"
        "audit must find is known. The same arguments give the same bytes everywhere.",
    .examples = "  fdml-synth embeddings --out demo\n"
                "  fdml-synth embeddings --out big --classes 10000 --per-class 100 --dim 128\n"
                "  fdml-synth embeddings --out fair --minority-noise 1\n",
    .options = options,
    .n_options = sizeof options / sizeof *options
};

static void write_labels(FILE *file, const fdml_synth *synth)
{
    fputs("label,group\n", file);
    for (uint32_t c = 0; c < synth->n_classes; c++)
        for (uint32_t i = 0; i < synth->per_class; i++)
            fprintf(file, "synthetic%05u,%s\n", (unsigned)c,
                    fdml_synth_is_minority(synth, c) ? "minority" : "majority");
}

static FILE *open_in(const char *folder, const char *name)
{
    char path[FDML_PATH_SIZE];
    const int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof path) cli_die(CLI_EXIT_DATA, "--out: path is too long");
    return cli_output_open(path);
}

int synth_embeddings(int argc, char **argv)
{
    synth_options o = { .n_classes = 120,
                        .per_class = 10,
                        .dim = 32,
                        .seed = 1,
                        .noise = 0.7,
                        .minority_share = 0.25,
                        .minority_noise = 1.5 };
    fdml_error err;
    fdml_arena arena;
    cli_begin(&synth_embeddings_program);
    cli_parse(&synth_embeddings_program, &o, argc, argv);
    synth_check_words(&o.common, o.out);
    cli_catch_signals();
    const fdml_synth synth = {
        (uint32_t)o.n_classes, (uint32_t)o.per_class, (uint32_t)o.dim, o.noise,
        o.minority_share,      o.minority_noise,      o.seed
    };
    CLI_TRY(fdml_synth_check(&synth, &err), &err);
    if (mkdir(o.out, 0777) && errno != EEXIST)
        cli_die(CLI_EXIT_DATA, "%s: cannot make the folder: %s", o.out, strerror(errno));
    FILE *embeddings = open_in(o.out, "embeddings.npy"), *labels = open_in(o.out, "labels.csv");
    const size_t n_rows = (size_t)synth.n_classes * synth.per_class;
    fdml_arena_init(&arena, 0);
    float *x = fdml_arena_push(&arena, n_rows * synth.dim, sizeof *x);
    if (!x) cli_die(CLI_EXIT_DATA, "no memory for %zu x %u floats", n_rows, synth.dim);
    fdml_synth_embeddings(x, &synth);
    CLI_TRY(fdml_npy_write(embeddings, x, n_rows, synth.dim, &err), &err);
    write_labels(labels, &synth);
    cli_outputs_commit();
    fdml_arena_close(&arena);
    if (!o.common.quiet)
        printf("%s: %zu x %u synthetic embeddings, %u classes, groups majority and minority\n",
               o.out, n_rows, synth.dim, synth.n_classes);
    cli_outputs_commit();
    return 0;
}
