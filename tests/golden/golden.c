/* golden.c - what our engines compute, against what PyTorch computed.
 *
 *   golden [--verbose] [--only TEXT] [--engine NAME] DIR
 *   golden --winograd MODEL.onnx INPUT.npy      see winograd_error.c
 *
 * DIR is what torch_models.py, torch_layers.py and torch_train.py made; cases.tsv there lists
 * what is to be compared (torch_files.py). Each case runs through the interpreter and through
 * the plan, the plan with every instruction set of this machine, with one thread and with
 * several, and with the rows of the batch one by one, all of which must give the same bits.
 * What a case tolerates stands in the list. Then come the steps of training that train.tsv
 * lists (train_case.h); `--engine train` is these alone.
 *
 * Ends in "N passed, N failed".
 *
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "engines.h"
#include "tally.h"
#include "train_case.h"

typedef struct golden_case {
    const char *kind, *name, *model, *input, *output;
    double tolerance;
} golden_case;

/* NULL: as near as it must be. Otherwise why not, in `why`. */
static const char *compare(double *error, const fdml_tensor *got, const fdml_tensor *want,
                           double tolerance, char why[256])
{
    char a[FDML_SHAPE_TEXT], b[FDML_SHAPE_TEXT];
    if (got->type != FDML_TYPE_F32 || !fdml_tensor_same_shape(got, want)) {
        snprintf(why, 256, "%s %.90s, expected float32 %.90s", fdml_type_name(got->type),
                 fdml_tensor_shape_text(got, a), fdml_tensor_shape_text(want, b));
        return why;
    }
    const float *x = got->data, *y = want->data;
    double largest = 0, difference = 0;
    size_t at = 0;
    for (size_t i = 0; i < want->n_items; i++) {
        const double d = fabs((double)x[i] - (double)y[i]);
        largest = fmax(largest, fabs((double)y[i]));
        if (d <= difference) continue; /* not so where d is NaN */
        difference = d;
        at = i;
        if (isnan(d)) break;
    }
    *error = difference / (largest > 0 ? largest : 1);
    if (*error <= tolerance) return NULL;
    snprintf(why, 256, "item %zu is %.9g, expected %.9g: %.2g of the largest, %.9g", at,
             (double)x[at], (double)y[at], *error, largest);
    return why;
}

static void run_engine(golden_tally *t, const golden_case *c, const engine *e,
                       const fdml_graph *graph, const fdml_tensor io[2])
{
    fdml_arena arena;
    fdml_error err;
    fdml_tensor got;
    char why[256];
    double error = 0;
    fdml_arena_init(&arena, 0);
    const char *wrong = err.text;
    if (!e->run(&got, graph, &io[0], &arena, &err))
        wrong = compare(&error, &got, &io[1], c->tolerance, why);
    golden_report(t, c->name, e->name, wrong, error);
    fdml_arena_close(&arena);
}

static void run_case(golden_tally *t, const char *folder, const golden_case *c)
{
    char path[3][FDML_PATH_SIZE];
    const char *const names[] = { c->model, c->input, c->output };
    fdml_tensor io[2];
    fdml_graph graph = { 0 };
    fdml_error err;
    fdml_arena arena;
    for (int i = 0; i < 3; i++)
        snprintf(path[i], sizeof path[i], "%.2000s/%.2000s", folder, names[i]);
    fdml_arena_init(&arena, 0);
    fdml_status status = engine_open(&graph, c->kind, path[0], &arena, &err);
    if (!status) status = engine_read_npy(&io[0], path[1], &arena, &err);
    if (!status) status = engine_read_npy(&io[1], path[2], &arena, &err);
    if (status) golden_report(t, c->name, "open", err.text, 0);
    for (size_t i = 0; !status && engines[i].name; i++)
        if (!t->engine || !strcmp(t->engine, engines[i].name))
            run_engine(t, c, &engines[i], &graph, io);
    fdml_graph_close(&graph);
    fdml_arena_close(&arena);
}

static void run_line(golden_tally *t, const char *folder,
                     const char *const field[GOLDEN_FIELDS])
{
    golden_case c = { field[0], field[1], field[2], field[3], field[4], 0 };
    if (field[5] && fdml_number_double(&c.tolerance, field[5], strlen(field[5])))
        run_case(t, folder, &c);
    else
        golden_report(t, folder, "list", "a line without six fields, the last a number", 0);
}

static bool run_list(golden_tally *t, const char *folder, const char *list, golden_case_fn *run)
{
    t->worst = 0;
    if (!golden_read_list(t, folder, list, run)) return false;
    if (t->worst > 0) printf("# largest difference: %.2g, %s\n", t->worst, t->worst_at);
    return true;
}

int main(int argc, char **argv)
{
    golden_tally t = { 0 };
    int at = 1;
    if (argc == 4 && !strcmp(argv[1], "--winograd")) return winograd_errors(argv[2], argv[3]);
    for (; at < argc && argv[at][0] == '-'; at++) {
        if (!strcmp(argv[at], "--verbose"))
            t.is_verbose = true;
        else if (!strcmp(argv[at], "--only") && at + 1 < argc)
            t.only = argv[++at];
        else if (!strcmp(argv[at], "--engine") && at + 1 < argc)
            t.engine = argv[++at];
        else
            break;
    }
    if (at != argc - 1) {
        fprintf(stderr, "usage: golden [--verbose] [--only TEXT] [--engine NAME] DIR\n");
        return 1;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* the whole takes minutes */
    const bool is_train = t.engine && !strcmp(t.engine, "train");
    if (!is_train && !run_list(&t, argv[at], "cases.tsv", run_line)) return 2;
    if ((is_train || !t.engine) && !run_list(&t, argv[at], "train.tsv", golden_train)) return 2;
    printf("%zu passed, %zu failed\n", t.passed, t.failed);
    return t.failed || !t.passed;
}
