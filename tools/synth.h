/* synth.h - the commands of fdml-synth.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_SYNTH_H
#define FDML_TOOLS_SYNTH_H

#include "cli.h"

/* Each parses the whole command line, of which `name` is a word, and does what it says. */
typedef struct synth_command {
    const char *name;
    int (*run)(int argc, char **argv);
} synth_command;

int synth_embeddings(int argc, char **argv);
int synth_plumage(int argc, char **argv);

/* For a command: it is the only positional argument, and --out was given. */
void synth_check_words(const cli_common *common, const char *out);

#endif
