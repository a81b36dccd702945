/* gate_lex.c - the tokens of a gate. Bytes above 127 are letters, so names in any script stand
 * as they are. SPDX-License-Identifier: MIT */
#include <string.h>

#include "eval/gate_tree.h"

static const char blanks[] = " \t\r\n";
static const char marks[] = "()[],=<>!";
static const char ends_a_word[] = " \t\r\n()[],=<>!'\"";

size_t fdml_gate_column(const char *text, size_t byte)
{
    size_t column = 1;
    for (size_t i = 0; i < byte; i++) column += ((unsigned char)text[i] & 0xC0) != 0x80;
    return column;
}

fdml_status fdml_gate_expected(const gate_lexer *lexer, const char *what)
{
    enum { SHOWN = 40 };
    const gate_token *t = &lexer->token;
    char found[SHOWN + 1];
    size_t n = t->end - t->begin;
    if (t->kind == GATE_END)
        return fdml_fail(lexer->err, FDML_E_ARG, "column %zu: expected %s, found the end",
                         fdml_gate_column(lexer->text, t->begin), what);
    if (n > SHOWN) n = SHOWN;
    memcpy(found, lexer->text + t->begin, n);
    found[n] = 0;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)found[i] < 0x20 || found[i] == 0x7f) found[i] = '?';
    return fdml_fail(lexer->err, FDML_E_ARG, "column %zu: expected %s, found '%s'",
                     fdml_gate_column(lexer->text, t->begin), what, found);
}

/* What stands between quotes, doubled ones single. */
static fdml_status read_quoted(gate_lexer *l)
{
    gate_token *t = &l->token;
    const char quote = l->text[t->begin];
    char *name = fdml_arena_push(l->arena, strlen(l->text + t->begin), 1);
    size_t n = 0, at = t->begin + 1;
    if (!name) return fdml_fail(l->err, FDML_E_NOMEM, "no memory for a gate");
    for (;; at++) {
        if (!l->text[at])
            return fdml_fail(l->err, FDML_E_ARG, "column %zu: the quote %c is not closed",
                             fdml_gate_column(l->text, t->begin), quote);
        if (l->text[at] == quote && l->text[++at] != quote) break;
        name[n++] = l->text[at];
    }
    name[n] = 0;
    t->kind = GATE_QUOTED;
    t->end = at;
    t->name = name;
    return FDML_OK;
}

fdml_status fdml_gate_next(gate_lexer *l)
{
    l->at += strspn(l->text + l->at, blanks);
    const char *p = l->text + l->at;
    l->token = (gate_token){ .kind = GATE_END, .begin = l->at, .end = l->at, .name = "" };
    if (!*p) return FDML_OK;
    if (*p == '\'' || *p == '"') {
        FDML_TRY(read_quoted(l));
        l->at = l->token.end;
        return FDML_OK;
    }
    const bool is_mark = strchr(marks, *p) != NULL;
    const bool is_pair = is_mark && strchr("<>=!", *p) && p[1] == '=';
    const size_t n = is_mark ? 1 + (size_t)is_pair : strcspn(p, ends_a_word);
    l->token.kind = is_mark ? GATE_MARK : GATE_WORD;
    l->token.name = fdml_arena_copy_text(l->arena, p, n);
    l->at = l->token.end = l->at + n;
    return l->token.name ? FDML_OK : fdml_fail(l->err, FDML_E_NOMEM, "no memory for a gate");
}
