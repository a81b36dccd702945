/* csv_write.c - see csv_write.h.
 * SPDX-License-Identifier: MIT */
#include "data/csv_write.h"

#include <math.h>
#include <string.h>

#include "base/number.h"

void fdml_csv_put_text(FILE *file, const char *text)
{
    if (!text) return;
    if (!text[strcspn(text, ",;\t\"\r\n")] && *text != ' ') {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (; *text; text++) {
        if (*text == '"') fputc('"', file);
        fputc(*text, file);
    }
    fputc('"', file);
}

void fdml_csv_put_number(FILE *file, double x)
{
    char text[FDML_NUMBER_TEXT];
    if (isnan(x)) return;
    fdml_number_print(text, x);
    fputs(text, file);
}

void fdml_csv_put_float(FILE *file, float x)
{
    char text[FDML_NUMBER_TEXT];
    if (isnan(x)) return;
    fdml_number_print_float(text, x);
    fputs(text, file);
}
