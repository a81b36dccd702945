/* cli_place.c - no output replaces an input of the same run, nor another output.
 *
 * A report over the table that it is about would be a loss that nothing tells of. So files are
 * compared by device and number (base/file_place.h), whichever is known first. The table of
 * options says which values name files, so most is found while the command line is read, for
 * every program and before any work. Only regular files count: folders, devices, pipes and
 * standard output hold nothing that could be lost.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/file_place.h"
#include "cli.h"

typedef struct input {
    struct input *next;
    const char *path;
    uint64_t device, number;
} input;

typedef struct claim {
    struct claim *next;
    const char *path;
    fdml_file_place place;
    bool is_announced; /* by an option, and not opened yet */
} claim;

static fdml_arena arena; /* lives as long as the program */
static input *inputs;
static claim *claims;

static void *push(size_t size)
{
    void *memory = fdml_arena_push(&arena, 1, size);
    if (!memory) cli_die(CLI_EXIT_DATA, "out of memory");
    return memory;
}

static const char *copy(const char *path)
{
    const char *kept = fdml_arena_copy_text(&arena, path, strlen(path));
    if (!kept) cli_die(CLI_EXIT_DATA, "out of memory");
    return kept;
}

static void compare(const claim *output, const input *with)
{
    const fdml_file_place *p = &output->place;
    if (p->has_file && p->device == with->device && p->number == with->number)
        cli_die(CLI_EXIT_DATA, "%s: this output would replace the input %s", output->path,
                with->path);
}

void cli_input_note(const char *path)
{
    fdml_file_place place;
    if (!path || !*path) return;
    fdml_file_place_find(&place, path);
    if (!place.has_file) return; /* or not there, of which whoever opens it tells */
    input *one = push(sizeof *one);
    const char *shown = strcmp(path, "/dev/stdin") != 0 ? path : "of standard input";
    *one = (input){ inputs, copy(shown), place.device, place.number };
    inputs = one;
    for (const claim *c = claims; c; c = c->next) compare(c, one);
}

void cli_input_note_maps(const fdml_map_list *maps)
{
    for (; maps; maps = maps->next) cli_input_note(maps->path);
}

bool cli_outputs_replace(void)
{
    for (const claim *c = claims; c; c = c->next)
        if (c->place.has_file) return true;
    return false;
}

static void check_outputs(const claim *output)
{
    for (const claim *c = claims; c; c = c->next) {
        if (!fdml_file_place_is_same(&c->place, &output->place)) continue;
        if (!strcmp(c->path, output->path))
            cli_die(CLI_EXIT_DATA, "%s: named for two outputs", output->path);
        cli_die(CLI_EXIT_DATA, "%s: named for two outputs, it is the same file as %s",
                output->path, c->path);
    }
}

static void add_claim(const char *path, bool is_announced)
{
    claim *one = push(sizeof *one);
    *one = (claim){ .next = claims, .path = copy(path), .is_announced = is_announced };
    fdml_file_place_find(&one->place, path);
    check_outputs(one);
    for (const input *i = inputs; i; i = i->next) compare(one, i);
    claims = one;
}

void cli_output_claim(const char *path)
{
    if (!*path || !strcmp(path, "-")) return;
    for (claim *c = claims; c; c = c->next)
        if (c->is_announced && !strcmp(c->path, path)) {
            c->is_announced = false;
            return;
        }
    add_claim(path, false);
}

static const char *text_at(const fdml_option *o, const void *options)
{
    return *(const char *const *)((const char *)options + o->offset);
}

static void note_texts(const fdml_option *o, const void *options)
{
    const fdml_texts *texts = (const void *)((const char *)options + o->offset);
    for (size_t k = 0; k < texts->n; k++) cli_input_note(texts->item[k]);
}

void cli_places_announce(const cli_program *program, const void *options)
{
    const cli_common *common = options;
    for (size_t i = 0; i < program->n_options; i++) {
        const fdml_option *o = &program->options[i];
        if (o->names != FDML_NAMES_OUTPUT) continue;
        const char *path = text_at(o, options);
        if (path && *path && strcmp(path, "-") != 0) add_claim(path, true);
    }
    for (size_t i = 0; i < common->n_words; i++) cli_input_note(common->words[i]);
    for (size_t i = 0; i < program->n_options; i++) {
        const fdml_option *o = &program->options[i];
        if (o->names != FDML_NAMES_FILE) continue;
        if (o->type == FDML_OPTION_TEXT) cli_input_note(text_at(o, options));
        if (o->type == FDML_OPTION_TEXTS) note_texts(o, options);
    }
}
