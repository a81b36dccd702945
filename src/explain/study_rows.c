/* study_rows.c - the test rows behind a study: what black boxes and explanations say of each,
 * and what each explanation is made of. See study_report.h.
 *
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "data/csv_write.h"
#include "explain/study_report.h"

static void put_row_key(FILE *file, const fdml_study *study, size_t i)
{
    fprintf(file, "%zu", (size_t)study->test[i] + 1);
    for (size_t a = 0; a < study->n_attributes; a++) {
        const fdml_study_attribute *by = &study->attribute[a];
        if (by->is_intersection) continue;
        fputc(',', file);
        fdml_csv_put_text(file, by->group[by->code[i]]);
    }
    fprintf(file, ",%d,", study->table->target[study->test[i]]);
}

void fdml_study_put_rows(FILE *file, const fdml_study *study)
{
    const fdml_study_options *o = study->options;
    const size_t n_cells = o->n_seeds * o->n_sources * o->n_methods;
    fputs("row", file);
    for (size_t a = 0; a < study->n_attributes; a++) {
        if (study->attribute[a].is_intersection) continue;
        fputc(',', file);
        fdml_csv_put_text(file, study->attribute[a].name);
    }
    fputs(",target,black_box,seed,p,method,e\n", file);
    for (size_t i = 0; i < study->n_test; i++)
        for (size_t k = 0; k < n_cells; k++) {
            const size_t s = k / o->n_methods / o->n_sources, at = s * study->n_test + i;
            const fdml_study_box *box = &study->box[k / o->n_methods % o->n_sources];
            const fdml_study_explained *x = &box->explained[k % o->n_methods];
            put_row_key(file, study, i);
            fdml_csv_put_text(file, box->source->name);
            fprintf(file, ",%llu,", (unsigned long long)o->seed[s]);
            fdml_csv_put_number(file, box->p[at]);
            fputc(',', file);
            fdml_csv_put_text(file, x->method->text);
            fputc(',', file);
            fdml_csv_put_number(file, x->e[at]);
            fputc('\n', file);
        }
}

/* --- local explanations ------------------------------------------------------------------- */

size_t fdml_study_feature_of(const fdml_tabular *t, const char *column)
{
    size_t found = t->n_features, longest = 0;
    for (size_t f = 0; f < t->n_features; f++) {
        const char *name = t->feature[f].name;
        const size_t n = strlen(name);
        if (!strcmp(name, column)) return f;
        if (t->feature[f].kind == FDML_CATEGORICAL && n >= longest &&
            !strncmp(name, column, n) && column[n] == '=') {
            found = f;
            longest = n;
        }
    }
    return found;
}

static void put_feature(FILE *file, const fdml_tabular *t, size_t row, size_t f)
{
    if (f == t->n_features) return;
    const float x = t->x[row * t->n_features + f];
    if (t->feature[f].kind == FDML_NUMERIC)
        fdml_csv_put_float(file, x);
    else
        fdml_csv_put_text(file, t->feature[f].level[(size_t)x]);
}

static void put_explanation(FILE *file, const fdml_study *study, const fdml_study_box *box,
                            const fdml_study_explained *x, size_t i)
{
    const fdml_study_local *local = x->local;
    const fdml_tabular *t = study->table;
    for (size_t c = 0; c < local->n_columns; c++) {
        const size_t at = i * local->n_columns + c;
        fprintf(file, "%zu,", (size_t)study->test[i] + 1);
        fdml_csv_put_text(file, box->source->name);
        fputc(',', file);
        fdml_csv_put_text(file, x->method->text);
        fputc(',', file);
        fdml_csv_put_text(file, local->column[c]);
        fputc(',', file);
        put_feature(file, t, study->test[i], fdml_study_feature_of(t, local->column[c]));
        fputc(',', file);
        if (local->weight) fdml_csv_put_number(file, local->weight[at]);
        fputc(',', file);
        fdml_csv_put_number(file, local->contribution[at]);
        fputc(',', file);
        fdml_csv_put_number(file, local->base[i]);
        fputc(',', file);
        fdml_csv_put_number(file, x->e[i]);
        fputc('\n', file);
    }
}

void fdml_study_put_local(FILE *file, const fdml_study *study)
{
    const fdml_study_options *o = study->options;
    fputs("row,black_box,method,column,value,weight,contribution,base,prediction\n", file);
    for (size_t i = 0; i < study->n_test; i++)
        for (size_t b = 0; b < o->n_sources; b++)
            for (size_t m = 0; m < o->n_methods; m++) {
                const fdml_study_box *box = &study->box[b];
                if (box->explained[m].local)
                    put_explanation(file, study, box, &box->explained[m], i);
            }
}
