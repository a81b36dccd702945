/* config_state.h - what the files of config.h share.
 *
 *   config.c         reads an INI file into assignments (inih)
 *   config_assign.c  turns assignments into the members of a configuration
 *   config_table.c   the table
 *   config_write.c   a configuration as text, and two of them compared
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_CONFIG_STATE_H
#define FDML_TOOLS_CONFIG_STATE_H

#include "config.h"

enum { CONFIG_NAME = 256, CONFIG_VALUE = 4096 };

/* "section.key = value" and where it was said. */
typedef struct config_assignment {
    const char *section, *key, *value;
    const char *place; /* "exp.ini:12", "--set" */
} config_assignment;

typedef struct config_assignments {
    const config_assignment *item;
    size_t n;
} config_assignments;

/* An INI file, and what is set before it, as it stands: any sections, any keys. The list and
 * its texts are in the arena. Errors as config_read's. */
fdml_status config_list_read(config_assignments *list, const config_source *source,
                             fdml_arena *arena, fdml_error *err);
fdml_status config_list_parse(config_assignments *list, const config_source *source,
                              const char *text, fdml_arena *arena, fdml_error *err);

/* "a, b" becomes "a,b", which is what lists of options take. */
fdml_status config_without_blanks(config_assignment *a, fdml_arena *arena, fdml_error *err);

/* Sets every member of `c` from defaults and then, in this order, the assignments. */
fdml_status config_assign(config *c, const config_assignments *list, fdml_arena *arena,
                          fdml_error *err);

/* NULL: no such key. */
const config_key *config_find(const char *section, const char *key);

/* The value of a row as it would be written in a file; `base` is the structure that offsets
 * start from. */
void config_value_text(char text[CONFIG_VALUE], const config_key *key, const void *base);

/* Where offsets of [parade] rows start from, for the settings of one attribute. */
const void *config_attribute_base(const config *c, size_t attribute);

#endif
