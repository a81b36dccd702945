/* synth.h - the commands of fdml-synth.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_SYNTH_H
#define FDML_TOOLS_SYNTH_H

#include "cli.h"

extern const cli_program synth_program, synth_embeddings_program, synth_plumage_program;

/* Each parses the whole command line, of which its command is a word, and does what it says. */
int synth_embeddings(int argc, char **argv);
int synth_plumage(int argc, char **argv);

/* For a command: it is the only positional argument, and --out was given. */
void synth_check_words(const cli_common *common, const char *out);

#endif
