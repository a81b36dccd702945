/* config_table.c - the rows of train_config.def. See config.h.
 * SPDX-License-Identifier: MIT */
#include "config_state.h"

#include <stddef.h>
#include <string.h>

#define ROW(free_, kind, section, key, initial_, ...)                                          \
    { .option = { .type = FDML_OPTION_##kind,                                                  \
                  .name = #section "." #key,                                                   \
                  .offset = offsetof(config, section.key),                                     \
                  __VA_ARGS__ },                                                               \
      .initial = initial_,                                                                     \
      .is_free = free_ },
#define SECTION(name_, help_)                                                                  \
    { .option = { .type = FDML_OPTION_SECTION, .name = name_, .help = help_ } },
#define TEXT(s, k, i, v, h) ROW(0, TEXT, s, k, i, .value_name = v, .help = h)
#define TEXTS(s, k, i, v, h) ROW(0, TEXTS, s, k, i, .value_name = v, .help = h)
#define REALS(s, k, i, v, h)                                                                   \
    ROW(0, REALS, s, k, i, .value_name = v, .low = -1e15, .high = 1e15, .help = h)
#define COUNT(s, k, i, l, u, h) ROW(0, COUNT, s, k, i, .low = l, .high = u, .help = h)
#define WITHIN(s, k, i, l, u, h) ROW(0, WITHIN, s, k, i, .low = l, .high = u, .help = h)
#define CHOICE(s, k, i, c, h) ROW(0, CHOICE, s, k, i, .choices = c, .help = h)
#define FREE_COUNT(s, k, i, l, u, h) ROW(1, COUNT, s, k, i, .low = l, .high = u, .help = h)
#define FREE_SIZE(s, k, i, h) ROW(1, SIZE, s, k, i, .help = h)
#define FREE_CHOICE(s, k, i, c, h) ROW(1, CHOICE, s, k, i, .choices = c, .help = h)

static const config_key table[] = {
#include "train_config.def"
};

const config_key *config_table(size_t *n)
{
    *n = sizeof table / sizeof *table;
    return table;
}

const config_key *config_find(const char *section, const char *key)
{
    char name[CONFIG_NAME];
    const int n = snprintf(name, sizeof name, "%s.%s", section, key);
    if (n < 0 || (size_t)n >= sizeof name) return NULL;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].initial && !strcmp(table[i].option.name, name)) return &table[i];
    return NULL;
}

const void *config_attribute_base(const config *c, size_t attribute)
{
    return (const char *)&c->attribute[attribute] - offsetof(config, parade);
}
