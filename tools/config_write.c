/* config_write.c - a configuration as an INI file, complete; and two of them compared. See
 * config.h.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/number.h"
#include "config_state.h"

void config_value_text(char out[CONFIG_VALUE], const config_key *key, const void *base)
{
    fdml_option_text(out, CONFIG_VALUE, &key->option, base);
}

static void write_help(FILE *file, const fdml_option *o)
{
    enum { WIDTH = 96 };
    char full[512];
    int at = WIDTH;
    const char *blank = *o->help ? " " : "";
    if (o->type == FDML_OPTION_CHOICE)
        snprintf(full, sizeof full, "%s%s(%s)", o->help, blank, o->choices);
    else if (o->type == FDML_OPTION_WITHIN || (o->type == FDML_OPTION_COUNT && o->high < 1e9))
        snprintf(full, sizeof full, "%s%s(%g to %g)", o->help, blank, o->low, o->high);
    else
        snprintf(full, sizeof full, "%s", o->help);
    for (const char *word = full; *word;) {
        const size_t length = strcspn(word, " ");
        if (at + 1 + (int)length >= WIDTH) at = fprintf(file, "\n#");
        at += fprintf(file, " %.*s", (int)length, word);
        word += length + strspn(word + length, " ");
    }
}

static void write_settings(FILE *file, const config *c)
{
    char number[FDML_NUMBER_TEXT];
    for (size_t i = 0; i < c->n_settings; i++) {
        fdml_number_print(number, c->setting[i].value);
        fprintf(file, "%s = %s\n", c->setting[i].name, number);
    }
}

/* Only what differs from [parade]. */
static void write_attribute(FILE *file, const config *c, size_t attribute)
{
    static const char prefix[] = "parade.";
    size_t n_rows;
    const config_key *row = config_table(&n_rows);
    bool is_first = true;
    for (size_t i = 0; i < n_rows; i++) {
        char own[CONFIG_VALUE], general[CONFIG_VALUE];
        if (!row[i].initial || strncmp(row[i].option.name, prefix, sizeof prefix - 1)) continue;
        config_value_text(general, &row[i], c);
        config_value_text(own, &row[i], config_attribute_base(c, attribute));
        if (!strcmp(own, general)) continue;
        if (is_first) fprintf(file, "\n[parade.%s]\n", c->data.attributes.item[attribute]);
        fprintf(file, "%s = %s\n", row[i].option.name + sizeof prefix - 1, own);
        is_first = false;
    }
}

void config_write(FILE *file, const config *c, bool with_help)
{
    size_t n_rows;
    const config_key *row = config_table(&n_rows);
    const char *section = "";
    for (size_t i = 0; i <= n_rows; i++) {
        char value[CONFIG_VALUE];
        const bool begins = i == n_rows || row[i].option.type == FDML_OPTION_SECTION;
        if (begins && !strcmp(section, "objective")) write_settings(file, c);
        if (begins && !strcmp(section, "parade"))
            for (size_t k = 0; k < c->data.attributes.n; k++) write_attribute(file, c, k);
        if (i == n_rows) break;
        const fdml_option *o = &row[i].option;
        if (begins) {
            section = o->name;
            fprintf(file, "%s[%s]", i ? "\n" : "", o->name);
            if (with_help) write_help(file, o);
            fputc('\n', file);
            continue;
        }
        config_value_text(value, &row[i], c);
        if (with_help) write_help(file, o);
        fprintf(file, "%s%s =%s%s\n", with_help ? "\n" : "", strchr(o->name, '.') + 1,
                *value ? " " : "", value);
    }
}

static fdml_status fail_changed(const char *name, const char *now, const char *then,
                                fdml_error *err)
{
    return fdml_fail(err, FDML_E_ARG, "%s: is '%s', but the run was begun with '%s'", name, now,
                     then);
}

static fdml_status compare_settings(const config *now, const config *then, fdml_error *err)
{
    for (size_t i = 0; i < now->n_settings || i < then->n_settings; i++) {
        char name[CONFIG_NAME], a[FDML_NUMBER_TEXT] = "", b[FDML_NUMBER_TEXT] = "";
        const bool is_in_both = i < now->n_settings && i < then->n_settings;
        const config_setting *s = i < now->n_settings ? &now->setting[i] : &then->setting[i];
        snprintf(name, sizeof name, "objective.%s", s->name);
        if (i < now->n_settings) fdml_number_print(a, now->setting[i].value);
        if (i < then->n_settings) fdml_number_print(b, then->setting[i].value);
        if (!is_in_both || strcmp(now->setting[i].name, then->setting[i].name) || strcmp(a, b))
            return fail_changed(name, a, b, err);
    }
    return FDML_OK;
}

fdml_status config_compare(const config *now, const config *then, fdml_error *err)
{
    size_t n_rows;
    const config_key *row = config_table(&n_rows);
    char a[CONFIG_VALUE], b[CONFIG_VALUE], name[CONFIG_NAME];
    for (size_t i = 0; i < n_rows; i++) {
        if (!row[i].initial || row[i].is_free) continue;
        config_value_text(a, &row[i], now);
        config_value_text(b, &row[i], then);
        if (strcmp(a, b)) return fail_changed(row[i].option.name, a, b, err);
        if (strncmp(row[i].option.name, "parade.", 7)) continue;
        for (size_t k = 0; k < now->data.attributes.n; k++) {
            config_value_text(a, &row[i], config_attribute_base(now, k));
            config_value_text(b, &row[i], config_attribute_base(then, k));
            snprintf(name, sizeof name, "parade.%s.%s", now->data.attributes.item[k],
                     row[i].option.name + 7);
            if (strcmp(a, b)) return fail_changed(name, a, b, err);
        }
    }
    return compare_settings(now, then, err);
}
