/* fdml-synth.c - makes data sets with a known unfairness, for demos and tests.
 *
 * The first word that is a command's name decides which table of options applies. Every command
 * gives the same bytes on every machine.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "synth.h"

static const synth_command commands[] = { { "embeddings", synth_embeddings },
                                          { "plumage", synth_plumage } };

static const fdml_option options[] = { CLI_COMMON_OPTIONS };

static const cli_program program = {
    .name = "fdml-synth",
    .usage = "fdml-synth embeddings --out DIR [options]\n"
             "fdml-synth plumage --out DIR [options]",
    .purpose =
        "Makes data with a known unfairness: `embeddings` of two groups, one of which is\n"
        "embedded worse; `plumage`, pictures of birds of which most of a species wear one\n"
        "colour. The same arguments give the same bytes everywhere. The options of a\n"
        "command are listed by fdml-synth COMMAND --help.",
    .examples = "  fdml-synth embeddings --out demo\n"
                "  fdml-synth plumage --out birds\n"
                "  fdml-synth plumage --help\n",
    .options = options,
    .n_options = sizeof options / sizeof *options
};

void synth_check_words(const cli_common *common, const char *out)
{
    const fdml_texts *p = &common->positional;
    if (p->n > 1) cli_die(CLI_EXIT_USAGE, "one argument too many: '%s'", p->item[1]);
    if (!out) cli_die(CLI_EXIT_USAGE, "--out DIR is missing");
}

static const synth_command *find_command(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        for (size_t c = 0; c < sizeof commands / sizeof *commands; c++)
            if (!strcmp(argv[i], commands[c].name)) return &commands[c];
    return NULL;
}

static bool asks(const char *word)
{
    return !strcmp(word, "-h") || !strcmp(word, "--help") || !strcmp(word, "-V") ||
           !strcmp(word, "--version");
}

int main(int argc, char **argv)
{
    static const char *const known = "known: embeddings, plumage";
    const synth_command *command = find_command(argc, argv);
    cli_common common = { 0 };
    if (command) return command->run(argc, argv);
    cli_begin(&program);
    if (argc > 1 && *argv[1] != '-')
        cli_die(CLI_EXIT_USAGE, "'%s' is unknown; %s", argv[1], known);
    if (argc > 1 && asks(argv[1])) cli_parse(&program, &common, argc, argv);
    cli_die(CLI_EXIT_USAGE, "what to make is missing; %s", known);
}
