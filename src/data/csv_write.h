/* csv_write.h - cells of the CSV files that fdml writes: RFC 4180, decimal point whatever the
 * locale.
 *
 * Text stands as it is, byte for byte; where it has a quote, a line break, a separator of
 * some reader (comma, semicolon, tab) or a leading blank it is quoted, quotes doubled. An empty
 * cell means "not given". Commas and line ends are the caller's. Write errors stay in the FILE.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_CSV_WRITE_H
#define FDML_DATA_CSV_WRITE_H

#include <stdio.h>

void fdml_csv_put_text(FILE *file, const char *text); /* NULL: an empty cell */
void fdml_csv_put_number(FILE *file, double x);       /* NaN: an empty cell */
/* The fewest digits that read back as this float. */
void fdml_csv_put_float(FILE *file, float x);

#endif
