/* test_tools_explain_model.c - ONNX models as black boxes: torch's files against NumPy, and
 * what is refused. SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "../../tools/explain_model.h"
#include "base/parallel.h"
#include "explain_model_case.h"
#include "model/graph_build.h"
#include "model/onnx_export.h"
#include "onnx_maker.h"
#include "scratch.h"
#include "tabular_read.h"

enum { DIM = TABULAR_DIM, MANY = 2011 };

static fdml_arena arena;
static fdml_error err;

/* --- the table of tabular_case.h -------------------------------------------------------- */

static void read_case(fdml_tabular *t, fdml_encoder *e)
{
    static const uint32_t row[TABULAR_FIT] = { 0, 1, 2, 3, 4, 5, 6 };
    static const char *const ward = "ward";
    fdml_tabular_options options = tabular_plain_options();
    options.categorical = (fdml_name_list){ &ward, 1 };
    fdml_arena_init(&arena, 0);
    cr_assert_eq(tabular_read_text(t, NULL, tabular_case_csv, &options, &arena, &err), FDML_OK,
                 "%s", err.text);
    cr_assert_eq(fdml_encoder_fit(e, t, row, TABULAR_FIT, &arena, &err), FDML_OK);
    cr_assert_eq(e->dim, (size_t)DIM);
}

/* Of encoded rows as scikit-learn has them; and of raw ones, where the mean of the years is a
 * float and their z therefore off by 1e-4 (encode.h). */
static void expect_answers(const char *path, const double *expected)
{
    fdml_tabular t;
    fdml_encoder e;
    explain_model m;
    fdml_blackbox box;
    float z[TABULAR_ROWS * DIM];
    double p[TABULAR_ROWS], raw[TABULAR_ROWS];
    read_case(&t, &e);
    explain_model_open(&m, &box, path, &e, fdml_kernels_best(), 1, &arena);
    cr_assert(box.can_predict_new_rows && !box.given && box.encoder == &e);
    for (size_t i = 0; i < TABULAR_ROWS * DIM; i++) z[i] = (float)tabular_case_z[i];
    cr_assert_eq(box.predict_encoded(box.ctx, p, z, TABULAR_ROWS, 0, &err), FDML_OK);
    cr_assert_eq(box.predict(box.ctx, raw, t.x, TABULAR_ROWS, 0, &err), FDML_OK, "%s",
                 err.text);
    for (size_t i = 0; i < TABULAR_ROWS; i++) {
        cr_assert_float_eq(p[i], expected[i], 3e-7, "row %zu: %.9g, expected %.9g", i, p[i],
                           expected[i]);
        cr_assert_float_eq(raw[i], expected[i], 1e-4, "row %zu: %.9g, expected %.9g", i, raw[i],
                           expected[i]);
    }
    fdml_encoder_rows(z, &e, t.x, TABULAR_ROWS);
    cr_assert_eq(box.predict_encoded(box.ctx, p, z, TABULAR_ROWS, 0, &err), FDML_OK);
    cr_assert_arr_eq(p, raw, sizeof p);
    explain_model_close(&m);
    fdml_arena_close(&arena);
}

Test(tools_explain_model, agrees_with_numpy)
{
    expect_answers(scratch_write("one.onnx", explain_model_sigmoid, explain_model_sigmoid_size),
                   explain_model_sigmoid_p);
    expect_answers(scratch_write("two.onnx", explain_model_softmax, explain_model_softmax_size),
                   explain_model_softmax_p);
}

/* --- threads ---------------------------------------------------------------------------- */

typedef struct asking {
    const fdml_blackbox *box;
    size_t n_features, block; /* rows of one */
    const float *x;
    double *p;
} asking;

static void ask_block(void *ctx, size_t block, int thread)
{
    const asking *a = ctx;
    const size_t first = block * a->block,
                 n = MANY - first < a->block ? MANY - first : a->block;
    cr_assert_eq(a->box->predict(a->box->ctx, a->p + first, a->x + first * a->n_features, n,
                                 thread, NULL),
                 FDML_OK);
}

static void ask_many(double p[MANY], const float *x, const fdml_encoder *e, size_t block,
                     fdml_workers workers)
{
    explain_model m;
    fdml_blackbox box;
    const char *path =
        scratch_write("two.onnx", explain_model_softmax, explain_model_softmax_size);
    explain_model_open(&m, &box, path, e, workers.kernels, workers.n_threads, &arena);
    asking a = { &box, e->n_features, block, x, p };
    fdml_parallel((MANY + block - 1) / block, workers.n_threads, ask_block, &a);
    explain_model_close(&m);
}

/* However the rows are divided, whatever else a batch holds, on every instruction set. */
Test(tools_explain_model, same_bits_with_any_threads_and_blocks)
{
    static float x[MANY * 5];
    static double one[MANY], other[MANY];
    const fdml_kernels *kernels;
    fdml_tabular t;
    fdml_encoder e;
    read_case(&t, &e);
    cr_assert_eq(t.n_features, 5u);
    for (size_t i = 0; i < MANY; i++) {
        memcpy(x + i * 5, t.x + i * 7 % TABULAR_ROWS * 5, 5 * sizeof *x);
        x[i * 5] = (float)(i % 97);
    }
    ask_many(one, x, &e, MANY, (fdml_workers){ fdml_kernels_best(), 1 });
    cr_assert(one[0] != one[1]);
    for (size_t k = 0; (kernels = fdml_kernels_list(k)); k++) {
        ask_many(other, x, &e, 100, (fdml_workers){ kernels, 3 });
        cr_assert_arr_eq(one, other, sizeof one);
        ask_many(other, x, &e, 1, (fdml_workers){ kernels, 2 });
        cr_assert_arr_eq(one, other, sizeof one);
    }
    fdml_arena_close(&arena);
}

/* --- models of two numbers -------------------------------------------------------------- */

static const fdml_feature numbers[] = { { "age", FDML_NUMERIC, 0, NULL },
                                        { "pay", FDML_NUMERIC, 0, NULL } };
static const size_t begin[] = { 0, 1, 2 };
static const float mean[] = { 40, 1000 }, factor[] = { .125f, .0625f };
static const uint32_t *const no_level[] = { NULL, NULL };
static const fdml_encoder encoder = { 2, 2, numbers, begin, mean, factor, no_level };

/* What a model is made of: columns -> Gemm -> op. */
typedef struct recipe {
    int64_t batch, width; /* as declared; -1: free */
    size_t n_weights;     /* rows of the weights: the width that is true */
    size_t n_answers;
    const char *op; /* of an activation, or NULL */
    int64_t axis;   /* its attribute, where it has_axis */
    bool has_axis;
    float weight;     /* all of them */
    bool shows_inner; /* a second output */
} recipe;

/* The probability's, which the tests change. */
static const recipe good = {
    .batch = -1, .width = 2, .n_weights = 2, .n_answers = 1, .op = "Sigmoid", .weight = 1
};

static const char *make_model(const char *name, const recipe *r)
{
    float weights[24], zero[3] = { 0 };
    fdml_graph_builder b;
    fdml_graph graph;
    fdml_arena own;
    fdml_tensor w, bias;
    const char *path = scratch_path(name);
    fdml_arena_init(&own, 0);
    for (size_t i = 0; i < 24; i++) weights[i] = i % r->n_answers ? -r->weight : r->weight;
    cr_assert_eq(fdml_tensor_shape(&w, FDML_TYPE_F32, 2,
                                   (const size_t[]){ r->n_weights, r->n_answers }, "w", &err),
                 FDML_OK);
    cr_assert_eq(fdml_tensor_shape(&bias, FDML_TYPE_F32, 1, &r->n_answers, "b", &err), FDML_OK);
    w.data = weights;
    bias.data = zero;
    fdml_graph_builder_init(&b, &own, "net", 13);
    const uint32_t x = fdml_graph_builder_add_input(&b, "rows", FDML_TYPE_F32, 2,
                                                    (const int64_t[]){ r->batch, r->width });
    const uint32_t in[] = { x, fdml_graph_builder_add_constant(&b, "w", &w),
                            fdml_graph_builder_add_constant(&b, "b", &bias) };
    const uint32_t score = fdml_graph_builder_add_node(
        &b, &(fdml_graph_node){ .op = "Gemm", .name = "score", .n_inputs = 3, .input = in });
    const fdml_attr axis = fdml_attr_int("axis", r->axis);
    uint32_t last = score;
    if (r->op)
        last = fdml_graph_builder_add_node(&b, &(fdml_graph_node){ .op = r->op,
                                                                   .name = "last",
                                                                   .n_inputs = 1,
                                                                   .input = &score,
                                                                   .n_attrs = r->has_axis,
                                                                   .attr = &axis });
    fdml_graph_builder_add_output(&b, last);
    fdml_graph_builder_declare(&b, last, FDML_TYPE_F32, -1, NULL);
    if (r->shows_inner) {
        fdml_graph_builder_add_output(&b, score);
        fdml_graph_builder_declare(&b, score, FDML_TYPE_F32, -1, NULL);
    }
    cr_assert_eq(fdml_graph_builder_finish(&b, &graph, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(fdml_onnx_export(path, &graph, &err), FDML_OK, "%s", err.text);
    fdml_arena_close(&own);
    return path;
}

static fdml_status start(explain_model *m, fdml_blackbox *box, const char *path)
{
    fdml_arena_init(&arena, 0);
    *m = (explain_model){ .path = path,
                          .encoder = &encoder,
                          .workers = { fdml_kernels_best(), 2 },
                          .arena = &arena };
    return explain_model_start(m, box, &err);
}

/* `text` follows the path. */
static void expect_refused(const recipe *r, const char *text)
{
    explain_model m;
    fdml_blackbox box = { .ctx = NULL };
    char sentence[FDML_ERROR_MAX];
    const char *path = make_model("m.onnx", r);
    snprintf(sentence, sizeof sentence, "%s: %s", path, text);
    scratch_expect_error(start(&m, &box, path), &err, FDML_E_DATA, sentence);
    cr_assert(!box.predict && !arena.used);
    fdml_arena_close(&arena);
}

/* sigmoid(w (z1 + z2)), in double, of a model that says how many rows it takes. */
Test(tools_explain_model, fills_batches_of_a_declared_size)
{
    static const float x[] = { 40, 1000, 48, 1000, 40, 1016, 24, 968, NAN, 1008 };
    static const double sum[] = { 0, 1, 1, -4, .5 };
    static const int64_t batch[] = { 1, 2, 5, 64, -1 };
    double p[5];
    for (size_t b = 0; b < 5; b++) {
        recipe r = good;
        r.batch = batch[b];
        r.weight = .75f;
        explain_model m;
        fdml_blackbox box;
        cr_assert_eq(start(&m, &box, make_model("m.onnx", &r)), FDML_OK, "%s", err.text);
        cr_assert_eq(m.batch, batch[b] < 0 ? 256u : (size_t)batch[b]);
        cr_assert_eq(box.predict(box.ctx, p, x, 5, 1, &err), FDML_OK, "%s", err.text);
        for (size_t i = 0; i < 5; i++)
            cr_assert_float_eq(p[i], 1 / (1 + exp(-.75 * sum[i])), 1e-6, "row %zu", i);
        explain_model_close(&m);
        fdml_arena_close(&arena);
    }
}

Test(tools_explain_model, other_widths)
{
    recipe r = good;
    r.width = r.n_weights = 3;
    expect_refused(&r, "the model takes 3 columns, and the table's features make 2 encoded "
                       "ones, which --write-encoding lists");
    r.width = r.n_weights = 1;
    expect_refused(&r, "the model takes 1 column, and the table's features make 2 encoded "
                       "ones, which --write-encoding lists");
    /* only the weights know */
    r.width = -1;
    r.n_weights = 3;
    expect_refused(&r, "node 0 \"score\" (Gemm): shapes [256,2] and [3,1] do not multiply "
                       "(for an input of [256,2]: the table's features make 2 encoded "
                       "columns, which --write-encoding lists)");
}

Test(tools_explain_model, other_outputs)
{
    recipe r = good;
    r.shows_inner = true;
    expect_refused(&r, "2 outputs (last, score), expected one with the probabilities alone");
    r = good;
    r.batch = 7;
    r.n_answers = 3;
    expect_refused(&r, "answers 7 rows with [7,3], expected a number for each, P(1), or two, "
                       "P(0) and P(1)");
}

/* A class instead of its probability: sklearn's first output. */
Test(tools_explain_model, other_types)
{
    recipe r = good;
    r.n_answers = 2;
    r.op = "ArgMax";
    r.has_axis = true;
    r.axis = 1;
    expect_refused(&r, "output 'last' is of int64, expected probabilities in float32");
}

/* One input a column, and one of a single axis; `text` follows the path. */
static void expect_inputs_refused(const char *inputs, const char *text)
{
    static onnx_maker m;
    explain_model model;
    fdml_blackbox box;
    char sentence[FDML_ERROR_MAX];
    maker_model(&m, 7, 13);
    maker_node(&m, "Sum", "", inputs, "y");
    maker_end(&m);
    maker_value(&m, MAKER_INPUT, "a", -1);
    if (strchr(inputs, 'b')) maker_value(&m, MAKER_INPUT, "b", -1);
    maker_value(&m, MAKER_OUTPUT, "y", -1);
    maker_end(&m);
    const char *path = scratch_write("m.onnx", m.bytes, m.n);
    snprintf(sentence, sizeof sentence, "%s: %s", path, text);
    scratch_expect_error(start(&model, &box, path), &err, FDML_E_DATA, sentence);
    fdml_arena_close(&arena);
}

Test(tools_explain_model, other_inputs)
{
    expect_inputs_refused("a b", "2 inputs, expected one with all 2 encoded columns of a row, "
                                 "which --write-encoding lists");
    expect_inputs_refused("a", "input 'a' is [N], expected [N,2]");
}

/* Of the first made-up row. */
Test(tools_explain_model, logits)
{
    recipe r = good;
    r.op = NULL;
    expect_refused(&r, "answers row 1 of 16 with -0.782546, expected a probability, 0 to 1; "
                       "where these are logits, the model needs a Sigmoid or a Softmax at its "
                       "end (tried with made-up rows)");
    r.op = "Abs";
    r.n_answers = 2;
    expect_refused(&r,
                   "answers row 1 of 16 with 0.782546 and 0.782546, expected P(0) and P(1), "
                   "which add up to 1; where these are logits, the model needs a Sigmoid or "
                   "a Softmax at its end (tried with made-up rows)");
}

/* A softmax over the rows gives numbers from 0 to 1, but not of one row. */
Test(tools_explain_model, answers_that_depend_on_other_rows)
{
    recipe r = good;
    r.op = "Softmax";
    r.has_axis = true;
    expect_refused(&r, "answers a row with 0.00209111138, and with 0.00209217332 among others, "
                       "expected an answer that depends on its row alone (tried with made-up "
                       "rows)");
}

/* What the made-up rows do not show, the row that shows it says. */
Test(tools_explain_model, no_probability_of_a_later_row)
{
    recipe r = good;
    static float x[600];
    double p[300];
    explain_model m;
    fdml_blackbox box;
    char sentence[FDML_ERROR_MAX];
    r.op = "Abs";
    r.weight = 1e-3f;
    const char *path = make_model("m.onnx", &r);
    for (size_t i = 0; i < 300; i++) x[2 * i] = 40, x[2 * i + 1] = 1000;
    cr_assert_eq(start(&m, &box, path), FDML_OK, "%s", err.text);
    x[2 * 270] = 12040; /* z 1500 */
    snprintf(sentence, sizeof sentence,
             "%s: answers row 271 of 300 with 1.5, expected a probability, 0 to 1; where these "
             "are logits, the model needs a Sigmoid or a Softmax at its end",
             path);
    scratch_expect_error(box.predict(box.ctx, p, x, 300, 1, &err), &err, FDML_E_DATA, sentence);
    x[2 * 270] = INFINITY;
    cr_assert_eq(box.predict(box.ctx, p, x, 300, 0, &err), FDML_E_DATA);
    x[2 * 270] = 8040.04f; /* by rounding */
    cr_assert_eq(box.predict(box.ctx, p, x, 300, 0, &err), FDML_OK, "%s", err.text);
    cr_assert_eq(p[270], 1);
    explain_model_close(&m);
    fdml_arena_close(&arena);
}

Test(tools_explain_model, ends_the_program, .exit_code = 2)
{
    explain_model m;
    fdml_blackbox box;
    fdml_arena_init(&arena, 0);
    explain_model_open(&m, &box, scratch_path("absent.onnx"), &encoder, fdml_kernels_best(), 1,
                       &arena);
}

/* A thread more takes a plan more, and nothing else. */
Test(tools_explain_model, says_what_memory_it_takes)
{
    fdml_tabular t;
    fdml_encoder e;
    fdml_blackbox box;
    double bytes[4];
    const char *path =
        scratch_write("one.onnx", explain_model_sigmoid, explain_model_sigmoid_size);
    read_case(&t, &e);
    for (int n_threads = 1; n_threads < 4; n_threads++) {
        explain_model m;
        fdml_plan_memory plan;
        explain_model_open(&m, &box, path, &e, fdml_kernels_best(), n_threads, &arena);
        bytes[n_threads] = explain_model_memory(&m);
        explain_model_close(&m);
        const fdml_plan_options options = { .kernels = fdml_kernels_best(), .n_threads = 1 };
        cr_assert_eq(explain_model_start(&m, &box, &err), FDML_OK);
        fdml_plan *one;
        cr_assert_eq(fdml_plan_new(&one, &m.model.graph, &m.input, &options, &err), FDML_OK);
        fdml_plan_get_memory(&plan, one);
        const double of_thread = (double)(plan.weights + plan.buffer + plan.scratch);
        cr_expect(of_thread > 0);
        cr_expect(bytes[n_threads] >
                  (double)explain_model_sigmoid_size + n_threads * of_thread);
        if (n_threads > 1) cr_expect_eq(bytes[n_threads] - bytes[n_threads - 1], of_thread);
        fdml_plan_free(one);
        explain_model_close(&m);
    }
    fdml_arena_close(&arena);
}
