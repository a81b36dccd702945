/* report_escape.c - text from users' files, safe within Markdown, LaTeX and fixed columns.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/utf8.h"
#include "eval/report_grid.h"

/* East Asian wide and fullwidth blocks take two columns, combining marks none: the ranges of
 * Unicode's EastAsianWidth.txt that names of people and places use. */
static size_t code_width(uint32_t code)
{
    if (code >= 0x300 && code <= 0x36f) return 0;
    const bool is_wide =
        (code >= 0x1100 && code <= 0x115f) || (code >= 0x2e80 && code <= 0xa4cf) ||
        (code >= 0xac00 && code <= 0xd7a3) || (code >= 0xf900 && code <= 0xfaff) ||
        (code >= 0xfe30 && code <= 0xfe6f) || (code >= 0xff00 && code <= 0xff60) ||
        (code >= 0x1f300 && code <= 0x1faff) || (code >= 0x20000 && code <= 0x3fffd);
    return is_wide ? 2 : 1;
}

static uint32_t decode(const char *text, size_t length)
{
    const unsigned char *b = (const unsigned char *)text;
    if (length == 1) return b[0];
    uint32_t code = b[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) code = code << 6 | (b[i] & 0x3fu);
    return code;
}

size_t fdml_text_width(const char *text)
{
    size_t width = 0;
    for (size_t left = strlen(text); left;) {
        const size_t length = fdml_utf8_length(text, left), step = length ? length : 1;
        width += length ? code_width(decode(text, length)) : 1;
        text += step;
        left -= step;
    }
    return width;
}

void fdml_text_wrap(FILE *file, const char *text, size_t at, size_t indent, size_t width)
{
    bool is_first = true;
    while (*text) {
        const size_t length = strcspn(text, " ");
        char word[512];
        snprintf(word, sizeof word, "%.*s", length < 511 ? (int)length : 511, text);
        const size_t w = fdml_text_width(word);
        if (!is_first && at + 1 + w > width) {
            fprintf(file, "\n%*s", (int)indent, "");
            at = indent;
            is_first = true;
        }
        fprintf(file, "%s%s", is_first ? "" : " ", word);
        at += w + !is_first;
        is_first = false;
        text += length;
        text += strspn(text, " ");
    }
    fputc('\n', file);
}

void fdml_md_escape(FILE *file, const char *text)
{
    for (; *text; text++) {
        if (strchr("\\`*_[]<>|", *text)) fputc('\\', file);
        fputc((unsigned char)*text < 0x20 ? ' ' : *text, file);
    }
}

void fdml_latex_escape(FILE *file, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '\\':
            fputs("\\textbackslash{}", file);
            break;
        case '~':
            fputs("\\textasciitilde{}", file);
            break;
        case '^':
            fputs("\\textasciicircum{}", file);
            break;
        case '<':
            fputs("\\textless{}", file);
            break;
        case '>':
            fputs("\\textgreater{}", file);
            break;
        case '[':
            fputs("{[}", file);
            break; /* after a row's end it would be an argument */
        case '#':
        case '$':
        case '%':
        case '&':
        case '_':
        case '{':
        case '}':
            fprintf(file, "\\%c", *text);
            break;
        default:
            fputc((unsigned char)*text < 0x20 ? ' ' : *text, file);
        }
    }
}
