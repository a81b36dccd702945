/* test_data_csv.c - what counts as text, and the RFC 4180 tokenizer.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "data/csv.h"
#include "scratch.h"

static fdml_status check(const char *bytes, size_t size, size_t *skipped, fdml_error *err)
{
    const char *at, *end;
    const fdml_source source = { "m.csv", NULL, (const unsigned char *)bytes, size };
    FDML_TRY(fdml_text_check(&at, &end, &source, err));
    cr_assert_eq(end, bytes + size);
    *skipped = (size_t)(at - bytes);
    return FDML_OK;
}

static void expect_text_failure(const char *bytes, size_t size, const char *text)
{
    fdml_error err = { 0 };
    size_t skipped;
    scratch_expect_error(check(bytes, size, &skipped, &err), &err, FDML_E_FORMAT, text);
}

Test(data_csv, text_is_utf8_without_nul)
{
    size_t skipped;
    cr_assert_eq(check("a\xC3\xAB", 3, &skipped, NULL), FDML_OK);
    cr_assert_eq(skipped, 0u);
    cr_assert_eq(check("\xEF\xBB\xBFx", 4, &skipped, NULL), FDML_OK);
    cr_assert_eq(skipped, 3u);
    expect_text_failure("", 0, "m.csv: file is empty");
    expect_text_failure("\xEF\xBB\xBF", 3, "m.csv: file is empty");
    expect_text_failure("\xFF\xFEx\0", 4, "m.csv: is UTF-16, save it as UTF-8");
    expect_text_failure("\xFE\xFF\0x", 4, "m.csv: is UTF-16, save it as UTF-8");
    expect_text_failure("a\nb\0c", 5, "m.csv:2: NUL byte, this is no text file");
    expect_text_failure("a\n\nZo\xEB\n", 7, "m.csv:3: text is not UTF-8");
    expect_text_failure("a\xC3", 2, "m.csv:1: text is not UTF-8");
}

/* The check steps over eight bytes at a time: a bad byte must be seen at every offset. */
Test(data_csv, bad_bytes_are_seen_everywhere)
{
    static const char bad[] = { 0, (char)0x80, (char)0xFF, (char)0xC3 };
    char text[40];
    size_t skipped;
    for (size_t n = 1; n < sizeof text; n++) {
        for (size_t at = 0; at < n; at++) {
            memset(text, 0x7F, sizeof text);
            cr_assert_eq(check(text, n, &skipped, NULL), FDML_OK);
            text[at] = bad[(n + at) % 4];
            cr_assert_eq(check(text, n, &skipped, NULL), FDML_E_FORMAT, "%zu of %zu", at, n);
        }
    }
}

/* Fields as "[a]" or, quoted, "<a>"; rows end in "|". */
static const char *tokens(const char *name, const char *text, fdml_error *err)
{
    static char out[512];
    char cell[256];
    fdml_csv csv;
    fdml_csv_field field;
    size_t n = 0;
    fdml_csv_init(&csv, name, text, text + strlen(text), false);
    for (bool in_row = false; in_row || csv.at < csv.end; in_row = !field.ends_row) {
        if (fdml_csv_next(&csv, &field, err)) return "failed";
        const size_t length = fdml_csv_unquote(cell, &field);
        n +=
            (size_t)snprintf(out + n, sizeof out - n, field.is_quoted ? "<%.*s>%s" : "[%.*s]%s",
                             (int)length, cell, field.ends_row ? "|" : "");
    }
    return out;
}

static void expect_tokens(const char *name, const char *text, const char *expected)
{
    fdml_error err = { 0 };
    const char *got = tokens(name, text, &err);
    cr_assert_str_eq(got, expected, "%s %s", got, err.text);
}

Test(data_csv, fields_and_rows)
{
    expect_tokens("m.csv", "a,b\nc,d\n", "[a][b]|[c][d]|");
    expect_tokens("m.csv", "a,b\r\nc,d", "[a][b]|[c][d]|");
    expect_tokens("m.csv", ",\n\n,", "[][]|[]|[][]|");
    expect_tokens("m.csv", "a b , c", "[a b ][ c]|");
    expect_tokens("m.csv", "5\" disk,x\n", "[5\" disk][x]|");
}

Test(data_csv, quotes)
{
    expect_tokens("m.csv", "\"a,b\",\"c\"\"d\"\n", "<a,b><c\"d>|");
    expect_tokens("m.csv", "\"\",\"\"\"\"", "<><\">|");
    expect_tokens("m.csv", "\"x\ny\r\nz\"\r\nw", "<x\ny\r\nz>|[w]|");
    expect_tokens("m.csv", "\"a\rb\",c", "<a\rb>[c]|");
    expect_tokens("m.csv", "\"\"\"\"\"\"", "<\"\">|");
}

Test(data_csv, delimiters)
{
    expect_tokens("m.csv", "a;b,c\n1;2,3", "[a;b][c]|[1;2][3]|"); /* the comma wins */
    expect_tokens("m.csv", "a;b\n1,5;2", "[a][b]|[1,5][2]|");
    expect_tokens("m.csv", "a\tb\n1\t2", "[a][b]|[1][2]|");
    expect_tokens("m.csv", "\"x,y\";b\n", "<x,y>[b]|");
    expect_tokens("m.tsv", "a,b\tc\n", "[a,b][c]|");
    expect_tokens("M.TAB", "a,b\n", "[a,b]|");
    expect_tokens("m.csv", "a b\n1 2\n", "[a b]|[1 2]|");
}

static void expect_failure(const char *text, const char *message)
{
    fdml_error err = { 0 };
    cr_assert_str_eq(tokens("m.csv", text, &err), "failed");
    cr_assert_str_eq(err.text, message, "%s", err.text);
}

Test(data_csv, errors_name_the_line)
{
    expect_failure("a,b\n1,\"2\n3,4\n5,6\n", "m.csv:2: quote is never closed");
    expect_failure("a\n\"x\ny\"z\n", "m.csv:3: text after a closing quote");
    expect_failure("a,b\r1,2\r", "m.csv:1: carriage return without line feed, expected LF or "
                                 "CRLF lines");
    expect_failure("a\n\"x\"\r", "m.csv:2: carriage return without line feed, expected LF or "
                                 "CRLF lines");
    expect_failure("\"", "m.csv:1: quote is never closed");
    expect_failure("\"\"\"", "m.csv:1: quote is never closed");
}

Test(data_csv, counts_lines_inside_quotes)
{
    const char *text = "a\n\"x\n\ny\"\nb";
    static const size_t expected[] = { 1, 2, 5 };
    fdml_csv csv;
    fdml_csv_field field;
    fdml_csv_init(&csv, "m.csv", text, text + strlen(text), false);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(csv.line, expected[i]);
        cr_assert_eq(fdml_csv_next(&csv, &field, NULL), FDML_OK);
    }
    cr_assert_eq(csv.at, csv.end);
}
