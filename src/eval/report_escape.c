/* report_escape.c - text from users' files, safe within Markdown, LaTeX and fixed columns.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/utf8.h"
#include "eval/report_grid.h"

/* Characters that take no column: combining marks of the scripts that names of people and
 * places use most, joiners, direction marks, variation selectors. Unicode's categories Mn, Me,
 * Cf. */
static const uint32_t no_width[][2] = {
    { 0x0300, 0x036f }, { 0x0483, 0x0489 },   { 0x0591, 0x05bd }, { 0x05bf, 0x05bf },
    { 0x05c1, 0x05c2 }, { 0x05c4, 0x05c5 },   { 0x05c7, 0x05c7 }, { 0x0610, 0x061a },
    { 0x061c, 0x061c }, { 0x064b, 0x065f },   { 0x0670, 0x0670 }, { 0x06d6, 0x06dd },
    { 0x06df, 0x06e4 }, { 0x06e7, 0x06e8 },   { 0x06ea, 0x06ed }, { 0x0900, 0x0902 },
    { 0x093a, 0x093a }, { 0x093c, 0x093c },   { 0x0941, 0x0948 }, { 0x094d, 0x094d },
    { 0x0e31, 0x0e31 }, { 0x0e34, 0x0e3a },   { 0x0e47, 0x0e4e }, { 0x1ab0, 0x1aff },
    { 0x1dc0, 0x1dff }, { 0x200b, 0x200f },   { 0x2060, 0x206f }, { 0x20d0, 0x20f0 },
    { 0x302a, 0x302d }, { 0x3099, 0x309a },   { 0xfe00, 0xfe0f }, { 0xfe20, 0xfe2f },
    { 0xfeff, 0xfeff }, { 0xe0100, 0xe01ef },
};

/* East Asian wide and fullwidth blocks take two columns: the ranges of Unicode's
 * EastAsianWidth.txt that names use. */
static size_t code_width(uint32_t code)
{
    for (size_t i = 0; i < sizeof no_width / sizeof *no_width; i++)
        if (code >= no_width[i][0] && code <= no_width[i][1]) return 0;
    const bool is_wide =
        (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
        (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
        (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
    return is_wide ? 2 : 1;
}

/* The character at text[0] of `size` bytes as it may be shown: itself, '?' for one that acts
 * instead of being shown, U+FFFD for what is not UTF-8. */
typedef struct glyph {
    const char *text;
    size_t length, step, columns; /* step: bytes of `text` it stands for */
} glyph;

static glyph next_glyph(const char *text, size_t size)
{
    const size_t length = fdml_utf8_length(text, size);
    if (!length) return (glyph){ "\xef\xbf\xbd", 3, 1, 1 };
    const uint32_t code = fdml_utf8_code(text, length);
    if (fdml_utf8_is_control(code)) return (glyph){ "?", 1, length, 1 };
    return (glyph){ text, length, length, code < 0x300 ? 1 : code_width(code) };
}

static size_t width_of(const char *text, size_t size)
{
    size_t width = 0;
    for (size_t at = 0; at < size;) {
        const glyph g = next_glyph(text + at, size - at);
        width += g.columns;
        at += g.step;
    }
    return width;
}

size_t fdml_text_width(const char *text)
{
    return width_of(text, strlen(text));
}

static void put_text(FILE *file, const char *text, size_t size)
{
    for (size_t at = 0; at < size;) {
        const glyph g = next_glyph(text + at, size - at);
        fwrite(g.text, 1, g.length, file);
        at += g.step;
    }
}

void fdml_text_put(FILE *file, const char *text)
{
    put_text(file, text, strlen(text));
}

/* --- names ---------------------------------------------------------------------------- */

static const char first_strong_isolate[] = "\xe2\x81\xa8", end_of_isolate[] = "\xe2\x81\xa9";
static const char ellipsis[] = "\xe2\x80\xa6";

static bool is_isolate(const glyph *g)
{
    return g->length == 3 &&
           (!memcmp(g->text, first_strong_isolate, 3) || !memcmp(g->text, end_of_isolate, 3));
}

static bool has_right_to_left(const char *text)
{
    for (size_t left = strlen(text), step; left; text += step, left -= step) {
        const size_t length = fdml_utf8_length(text, left);
        if (length && fdml_utf8_is_right_to_left(fdml_utf8_code(text, length))) return true;
        step = length ? length : 1;
    }
    return false;
}

/* Glyphs of text[from..] are added while they fit `columns` and `size` bytes; returns where it
 * stopped. */
static size_t add_glyphs(char *shown, size_t *used, size_t size, const char *text, size_t from,
                         size_t columns)
{
    size_t width = 0;
    for (const size_t end = strlen(text); from < end;) {
        const glyph g = next_glyph(text + from, end - from);
        width += g.columns;
        if (width > columns || *used + g.length >= size) break;
        memcpy(shown + *used, g.text, g.length);
        *used += g.length;
        from += g.step;
    }
    shown[*used] = 0;
    return from;
}

/* Where the last characters that take `columns` begin. */
static size_t tail_of(const char *text, size_t columns)
{
    const size_t end = strlen(text);
    size_t left = width_of(text, end), at = 0;
    while (at < end && left > columns) {
        const glyph g = next_glyph(text + at, end - at);
        left -= g.columns;
        at += g.step;
    }
    return at;
}

void fdml_name_show(char shown[FDML_NAME_SHOWN], const char *name)
{
    /* The isolates and the end take 7 bytes. The tail keeps half of the others, because
     * combining marks take bytes and no columns. */
    enum { TAIL = 10, ROOM = FDML_NAME_SHOWN - 7 };
    const bool is_long = fdml_text_width(name) > FDML_NAME_COLUMNS;
    const bool is_isolated = has_right_to_left(name);
    size_t used = is_isolated ? 3 : 0;
    memcpy(shown, first_strong_isolate, 3);
    const size_t end = add_glyphs(shown, &used, ROOM / 2, name, 0,
                                  is_long ? FDML_NAME_COLUMNS - TAIL - 1 : FDML_NAME_COLUMNS);
    if (name[end]) {
        memcpy(shown + used, ellipsis, 3);
        used += 3;
        add_glyphs(shown, &used, ROOM, name, end + tail_of(name + end, TAIL), TAIL);
    }
    if (is_isolated) memcpy(shown + used, end_of_isolate, 3);
    shown[used + (is_isolated ? 3 : 0)] = 0;
}

/* --- lines ---------------------------------------------------------------------------- */

void fdml_text_wrap(FILE *file, const char *text, size_t at, size_t indent, size_t width)
{
    bool is_first = true;
    while (*text) {
        const size_t length = strcspn(text, " "), w = width_of(text, length);
        if (!is_first && at + 1 + w > width) {
            fprintf(file, "\n%*s", (int)indent, "");
            at = indent;
            is_first = true;
        }
        if (!is_first) fputc(' ', file);
        put_text(file, text, length);
        at += w + !is_first;
        is_first = false;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', file);
}

/* --- markup --------------------------------------------------------------------------- */

void fdml_md_escape(FILE *file, const char *text)
{
    /* Beside CommonMark's own: & begins an entity, ~ strikes out and $ sets formulas on
     * GitHub and its like. */
    for (const char *end = text + strlen(text); text < end;) {
        const glyph g = next_glyph(text, (size_t)(end - text));
        const bool is_markup = g.length == 1 && strchr("\\`*_[]<>|&~$", *g.text);
        fprintf(file, "%s%.*s", is_markup ? "\\" : "", (int)g.length, g.text);
        text += g.step;
    }
}

/* What stands for a character of ASCII in LaTeX; NULL: itself. '[' and '*' would be arguments
 * where they follow the end of a row; - and ` and ' would join into dashes and quotes. */
static const char *latex_of(char c)
{
    switch (c) {
    case '\\':
        return "\\textbackslash{}";
    case '~':
        return "\\textasciitilde{}";
    case '^':
        return "\\textasciicircum{}";
    case '<':
        return "\\textless{}";
    case '>':
        return "\\textgreater{}";
    case '|':
        return "\\textbar{}";
    case '`':
        return "\\textasciigrave{}";
    case '\'':
        return "\\textquotesingle{}";
    case '[':
        return "{[}";
    case '*':
        return "{*}";
    case '#':
        return "\\#";
    case '$':
        return "\\$";
    case '%':
        return "\\%";
    case '&':
        return "\\&";
    case '_':
        return "\\_";
    case '{':
        return "\\{";
    case '}':
        return "\\}";
    default:
        return NULL;
    }
}

void fdml_latex_escape(FILE *file, const char *text)
{
    bool is_after_dash = false;
    for (const char *end = text + strlen(text); text < end;) {
        const glyph g = next_glyph(text, (size_t)(end - text));
        text += g.step;
        if (is_isolate(&g)) continue; /* no font has it */
        const char *other = g.length == 1 ? latex_of(*g.text) : NULL;
        const bool is_dash = g.length == 1 && *g.text == '-';
        fputs(is_dash && is_after_dash ? "{}" : "", file);
        fprintf(file, "%.*s", other ? (int)strlen(other) : (int)g.length,
                other ? other : g.text);
        is_after_dash = is_dash;
    }
}
