/* test_model_real_weights.c - trained networks from .safetensors, built and run.
 *
 * The outside evidence: the accuracy that the digits' network is published with, and the
 * embeddings that ONNX Runtime computed with the face network whose weights are taken here out
 * of an ONNX file, put into a checkpoint under the builder's names, and read back.
 *
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "data/npy.h"
#include "fake_weights.h"
#include "model/checkpoint.h"
#include "model/interpret.h"
#include "model/net.h"
#include "model/onnx_import.h"
#include "model/op.h"
#include "model/plan.h"
#include "scratch.h"

static fdml_arena arena;
static fdml_error err;

static void must(fdml_status status)
{
    cr_assert_eq(status, FDML_OK, "%s", err.text);
}

/* The bytes of a gzipped file behind its header of `skip` bytes. */
static unsigned char *unzip(const char *path, size_t skip, size_t size)
{
    char command[600];
    unsigned char *bytes = fdml_arena_push(&arena, skip + size, 1);
    snprintf(command, sizeof command, "gzip -dc '%s'", scratch_shared(path));
    FILE *pipe = popen(command, "r");
    cr_assert(pipe && bytes);
    cr_assert_eq(fread(bytes, 1, skip + size, pipe), skip + size);
    pclose(pipe);
    return bytes + skip;
}

enum { DIGITS = 10000, PIXELS = 28 * 28 };

static void build_digits(fdml_graph *graph, fdml_weights *weights)
{
    fdml_net net = { .weights = weights, .arena = &arena };
    const int64_t dim[] = { -1, PIXELS };
    const fdml_attr slope = fdml_attr_float("alpha", 0.01f);
    fdml_graph_builder_init(&net.builder, &arena, "digits", 13);
    uint32_t x = fdml_graph_builder_add_input(&net.builder, "x", FDML_TYPE_F32, 2, dim);
    x = fdml_net_add_linear(&net, x, "l1", PIXELS, -1, false);
    x = fdml_graph_builder_add_node(
        &net.builder,
        &(fdml_graph_node){
            .op = "LeakyRelu", .n_inputs = 1, .input = &x, .n_attrs = 1, .attr = &slope });
    x = fdml_net_add_linear(&net, x, "l2", 128, -1, false);
    fdml_graph_builder_add_output(&net.builder, x);
    must(fdml_graph_builder_finish(&net.builder, graph, &err));
    must(fdml_weights_check_taken(weights, "digits", &err));
}

Test(model_real_weights, digits)
{
    fdml_weights weights;
    fdml_graph graph;
    fdml_arena_init(&arena, 0);
    const char *path = scratch_shared("models/mnist_tinygrad.safetensors");
    must(fdml_weights_open(&weights, path, &arena, &err));
    build_digits(&graph, &weights);
    const unsigned char *image =
        unzip("data/mnist_t10k/t10k-images-idx3-ubyte.gz", 16, DIGITS * PIXELS);
    const unsigned char *label = unzip("data/mnist_t10k/t10k-labels-idx1-ubyte.gz", 8, DIGITS);
    fdml_tensor x, y;
    must(
        fdml_tensor_shape(&x, FDML_TYPE_F32, 2, (const size_t[]){ DIGITS, PIXELS }, "x", &err));
    must(fdml_tensor_alloc(&x, &arena, "x", &err));
    float *pixel = x.data;
    for (size_t i = 0; i < x.n_items; i++) pixel[i] = image[i];
    must(fdml_interpret(&graph, &x, &y, fdml_kernels_best(), 2, &arena, &err));
    size_t n_right = 0;
    for (size_t i = 0; i < DIGITS; i++) {
        const float *score = (const float *)y.data + 10 * i;
        int best = 0;
        for (int c = 1; c < 10; c++)
            if (score[c] > score[best]) best = c;
        n_right += best == label[i];
    }
    cr_assert_eq(n_right, 9097u, "%zu", n_right);
    fdml_weights_close(&weights);
    fdml_arena_close(&arena);
}

/* --- the face network --- */

static fake_weights face; /* names and shapes */

static const fdml_tensor *constant(const fdml_graph *graph, const char *op, size_t i,
                                   uint32_t input)
{
    for (size_t k = 0; k < graph->n_nodes; k++) {
        const fdml_node *node = &graph->node[k];
        if (strcmp(node->op->name, op) || i--) continue;
        return &graph->value[node->input[input]].constant;
    }
    cr_assert(false, "no such %s", op);
    return NULL;
}

static void set(const char *prefix, const char *name, const float *values, size_t n)
{
    char text[FAKE_NAME];
    const int length = snprintf(text, sizeof text, "%s.%s", prefix, name);
    cr_assert_lt(length, FAKE_NAME);
    fdml_safetensors_item *item = &face.item[fake_find(&face, text)];
    size_t n_items = 1;
    for (int d = 0; d < item->n_dims; d++) n_items *= item->shape[d];
    cr_assert_eq(n_items, n, "%s has %zu items, not %zu", text, n_items, n);
    item->data = values;
    item->dtype = FDML_DTYPE_F4;
}

/* n times the value. */
static const float *fill(float value, size_t n)
{
    float *values = fdml_arena_push(&arena, n, sizeof *values);
    cr_assert_not_null(values);
    for (size_t i = 0; i < n; i++) values[i] = value;
    return values;
}

/* The file's normalisation is folded into its convolutions: ours is to add the bias. */
static void set_norm(const char *prefix, const fdml_tensor *bias)
{
    const size_t n = bias->n_items;
    char text[FAKE_NAME];
    set(prefix, "weight", fill(1, n), n);
    set(prefix, "bias", bias->data, n);
    set(prefix, "running_mean", fill(0, n), n);
    set(prefix, "running_var", fill(1 - 1e-5f, n), n);
    snprintf(text, sizeof text, "%.32s.num_batches_tracked", prefix);
    fake_remove(&face, text);
}

/* Convolutions and slopes stand in both in the order of the forward pass. */
static void copy_face(const fdml_graph *graph)
{
    size_t n_convs = 0, n_slopes = 0;
    for (size_t i = 0; i < face.n; i++) {
        char prefix[FAKE_NAME], norm[FAKE_NAME], slope[FAKE_NAME];
        char *end = strstr(strcpy(prefix, face.name[i]), ".conv.weight");
        if (!end || end[12]) continue;
        *end = 0;
        const fdml_tensor *weight = constant(graph, "Conv", n_convs, 1);
        face.item[i].data = weight->data;
        face.item[i].dtype = FDML_DTYPE_F4;
        snprintf(norm, sizeof norm, "%.32s.bn", prefix);
        set_norm(norm, constant(graph, "Conv", n_convs++, 2));
        const int length = snprintf(slope, sizeof slope, "%.32s.prelu.weight", prefix);
        if (!strncmp(prefix, "conv_6_dw", 9) || strstr(prefix, "project")) continue;
        slope[length - 7] = 0;
        const fdml_tensor *values = constant(graph, "PRelu", n_slopes++, 1);
        set(slope, "weight", values->data, values->n_items);
    }
    const fdml_tensor *linear = constant(graph, "Conv", n_convs, 1);
    set("linear", "weight", linear->data, linear->n_items);
    set_norm("bn", constant(graph, "Conv", n_convs, 2));
    cr_assert(n_convs == 49 && n_slopes == 33);
    for (size_t i = 0; i < face.n; i++) face.item[i].name = face.name[i];
}

static void read_floats(fdml_tensor *tensor, const char *path)
{
    const char *text;
    size_t size;
    fdml_npy npy;
    must(fdml_file_read(&text, &size, scratch_shared(path), 1 << 24, &arena, &err));
    must(fdml_npy_parse(&npy, (const unsigned char *)text, size, path, &err));
    must(fdml_npy_check_size(&npy, size, path, &err));
    cr_assert_str_eq(npy.descr, "<f4");
    must(fdml_tensor_shape(tensor, FDML_TYPE_F32, npy.n_dims, npy.shape, path, &err));
    must(fdml_tensor_alloc(tensor, &arena, path, &err));
    memcpy(tensor->data, text + npy.data_offset, npy.data_size);
}

Test(model_real_weights, faces)
{
    fdml_graph onnx, graph;
    fdml_tensor x, y, want;
    const fdml_checkpoint_settings settings = { .height = 112, .width = 112 };
    fdml_arena_init(&arena, 0);
    const char *path = scratch_shared("models/mobilefacenet_kennethwang.onnx");
    must(fdml_onnx_import(&onnx, path, &arena, &err));
    fake_mobilefacenet(&face);
    copy_face(&onnx);
    path = scratch_path("face.safetensors");
    must(fdml_checkpoint_write(path, "mobilefacenet", &settings, face.item, face.n, &err));
    must(fdml_checkpoint_open(&graph, path, &arena, &err));
    read_floats(&x, "models/golden_mobilefacenet/input_8x3x112x112_rgb.npy");
    read_floats(&want, "models/golden_mobilefacenet/output_kennethwang_8x128.npy");
    fdml_plan *plan; /* which folds the normalisation again, as the file had it */
    const fdml_plan_options options = { 0 };
    fdml_tensor shape = x;
    shape.data = NULL;
    must(fdml_plan_new(&plan, &graph, &shape, &options, &err));
    must(fdml_plan_run(plan, &x, &y, &err));
    cr_assert(fdml_tensor_same_shape(&y, &want));
    float worst = 0;
    for (size_t i = 0; i < want.n_items; i++)
        worst = fmaxf(worst, fabsf(((float *)y.data)[i] - ((float *)want.data)[i]));
    cr_assert_leq(worst, 2e-5f, "%g", (double)worst);
    fdml_plan_free(plan);
    fdml_graph_close(&graph);
    fdml_graph_close(&onnx);
    fdml_arena_close(&arena);
}
