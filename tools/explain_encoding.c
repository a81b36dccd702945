/* explain_encoding.c - see explain_encoding.h.
 * SPDX-License-Identifier: MIT */
#include "data/csv_write.h"
#include "explain_encoding.h"

#include "cli.h"

static void begin_line(FILE *file, size_t column, const fdml_feature *feature, const char *kind)
{
    fprintf(file, "%zu,", column);
    fdml_csv_put_text(file, feature->name);
    fprintf(file, ",%s,", kind);
}

void explain_encoding_write(FILE *file, const fdml_encoder *encoder)
{
    fputs("column,feature,kind,level,mean,deviation\n", file);
    for (size_t f = 0; f < encoder->n_features; f++) {
        const fdml_feature *feature = &encoder->feature[f];
        const uint32_t *column = encoder->level_column[f];
        if (!column) {
            begin_line(file, encoder->begin[f], feature, "numeric");
            fprintf(file, ",%.9g,%.9g\n", (double)encoder->mean[f],
                    1 / (double)encoder->factor[f]);
        }
        for (uint32_t v = 0; column && v < feature->n_levels; v++) {
            if (column[v] == FDML_NO_ENCODED) continue;
            begin_line(file, column[v], feature, "categorical");
            fdml_csv_put_text(file, feature->level[v]);
            fputs(",,\n", file);
        }
    }
}
