/* test_model_checkpoint.c - what is written, what is read, what is refused.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "fake_weights.h"
#include "model/checkpoint.h"
#include "scratch.h"

static fake_weights fake;
static fdml_error err;
static fdml_arena arena;

static const fdml_checkpoint_settings lfw = {
    .height = 112,
    .width = 112,
    .embedding_size = 128,
    .has_preprocess = true,
    .preprocess = { .has_box = true,
                    .box = { 57, 50, 193, 186 },
                    .resize_width = 112,
                    .resize_height = 112,
                    .is_bgr = true,
                    .n_channels = 3,
                    .scale = 1.0f / 255,
                    .mean = { 127.5f, 0.1f, 1e-30f },
                    .std = { 128, -0.25f, 3e38f } },
};

Test(model_checkpoint, settings_as_text)
{
    char text[FDML_CHECKPOINT_SETTINGS];
    fdml_checkpoint_settings read;
    fdml_checkpoint_settings_write(text, &lfw);
    static const char expected[] = "{\"input\": [3, 112, 112], \"embedding_size\": 128, "
                                   "\"preprocess\": {\"box\": [57, 50, 193, 186], "
                                   "\"resize\": [112, 112], \"channels\": \"bgr\", "
                                   "\"scale\": 0.0039215688593685";
    cr_assert_eq(strncmp(text, expected, sizeof expected - 1), 0, "%s", text);
    cr_assert_eq(fdml_checkpoint_settings_read(&read, text, "x", &err), FDML_OK, "%s",
                 err.text);
    cr_assert(read.height == 112 && read.width == 112 && read.embedding_size == 128);
    cr_assert(read.has_preprocess && read.preprocess.has_box && read.preprocess.is_bgr);
    cr_assert_arr_eq(read.preprocess.box, lfw.preprocess.box, sizeof lfw.preprocess.box);
    cr_assert(read.preprocess.resize_width == 112 && read.preprocess.resize_height == 112);
    cr_assert(read.preprocess.resize_shorter == 0 && read.preprocess.center_width == 0);
    cr_assert(read.preprocess.n_channels == 3 && read.preprocess.scale == 1.0f / 255);
    cr_assert_arr_eq(read.preprocess.mean, lfw.preprocess.mean, sizeof lfw.preprocess.mean);
    cr_assert_arr_eq(read.preprocess.std, lfw.preprocess.std, sizeof lfw.preprocess.std);
}

Test(model_checkpoint, settings_of_a_head)
{
    char text[FDML_CHECKPOINT_SETTINGS];
    fdml_checkpoint_settings read;
    const fdml_checkpoint_settings head = { .has_head = true, .normalise = true };
    fdml_checkpoint_settings_write(text, &head);
    cr_assert_str_eq(text, "{\"head\": true, \"normalise\": true}");
    cr_assert_eq(fdml_checkpoint_settings_read(&read, text, "x", &err), FDML_OK);
    cr_assert(read.has_head && read.normalise);
    cr_assert_eq(fdml_checkpoint_settings_read(&read, "{\"head\": false}", "x", &err), FDML_OK);
    cr_assert(!read.has_head && !read.normalise);
}

Test(model_checkpoint, settings_left_out)
{
    char text[FDML_CHECKPOINT_SETTINGS];
    fdml_checkpoint_settings read, none = { 0 };
    fdml_checkpoint_settings_write(text, &none);
    cr_assert_str_eq(text, "{}");
    cr_assert_eq(fdml_checkpoint_settings_read(&read, text, "x", &err), FDML_OK);
    cr_assert(!read.height && !read.embedding_size && !read.has_preprocess);
    cr_assert_eq(fdml_checkpoint_settings_read(
                     &read, "{\"epoch\": {\"n\": [1]}, \"preprocess\": {\"center\": [9, 8]}}",
                     "x", &err),
                 FDML_OK);
    const fdml_preprocess *p = &read.preprocess;
    cr_assert(p->center_width == 9 && p->center_height == 8 && p->n_channels == 3);
    cr_assert(p->scale == 1 && p->mean[2] == 0 && p->std[2] == 1 && !p->is_bgr);
    cr_assert_eq(
        fdml_checkpoint_settings_read(
            &read, "{\"preprocess\": {\"channels\": \"grey\", \"mean\": [2]}}", "x", &err),
        FDML_OK);
    cr_assert(read.preprocess.n_channels == 1 && read.preprocess.mean[0] == 2);
}

Test(model_checkpoint, settings_that_are_refused)
{
    static const char *const cases[][2] = {
        { "[]", "x: settings: no object" },
        { "{\"input\": [1, 28, 28]}", "x: settings: 'input' is not [3, height, width]" },
        { "{\"input\": [3, 0, 28]}", "x: settings: 'input' is not [3, height, width]" },
        { "{\"input\": [3, 28]}", "x: settings: 'input' is not a list of 3 numbers" },
        { "{\"input\": [3, 28, 1e9]}",
          "x: settings: 'input' is not of whole numbers from 0 to 65536" },
        { "{\"head\": 1}", "x: settings: 'head' is not true or false" },
        { "{\"normalise\": \"yes\"}", "x: settings: 'normalise' is not true or false" },
        { "{\"embedding_size\": -1}",
          "x: settings: 'embedding_size' is not a whole number from 0 to 65536" },
        { "{\"preprocess\": 1}", "x: settings: 'preprocess' is not an object" },
        { "{\"preprocess\": {\"box\": [5, 5, 5, 9]}}",
          "x: settings: 'box' is not [x0, y0, x1, y1] with x0 < x1 and y0 < y1" },
        { "{\"preprocess\": {\"channels\": \"cmyk\"}}",
          "x: settings: 'channels' is not rgb, bgr or grey" },
        { "{\"preprocess\": {\"scale\": 0}}",
          "x: settings: 'scale' is not a finite number other than 0" },
        { "{\"preprocess\": {\"scale\": 1e300}}",
          "x: settings: 'scale' is not a finite number other than 0" },
        { "{\"preprocess\": {\"mean\": [1, 2]}}",
          "x: settings: 'mean' is not one finite number for each channel" },
        { "{\"preprocess\": {\"mean\": [1, 2, \"3\"]}}",
          "x: settings: 'mean' is not one finite number for each channel" },
        { "{\"preprocess\": {\"std\": [1, 1e-60, 1]}}",
          "x: settings: 'std' is not one finite number, not 0, for each channel" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fdml_checkpoint_settings read;
        scratch_expect_error(fdml_checkpoint_settings_read(&read, cases[i][0], "x", &err), &err,
                             FDML_E_FORMAT, cases[i][1]);
    }
}

/* Writes the fake net's tensors with one value each, through our own writer. */
static const char *write_net(float value)
{
    static float *block;
    size_t n = 1;
    for (size_t i = 0; i < fake.n; i++) {
        size_t items = 1;
        for (int d = 0; d < fake.item[i].n_dims; d++) items *= fake.item[i].shape[d];
        if (items > n) n = items;
    }
    block = malloc((n + 2) * sizeof *block);
    cr_assert_not_null(block);
    for (size_t i = 0; i < n + 2; i++) block[i] = value;
    for (size_t i = 0; i < fake.n; i++) {
        fake.item[i].name = fake.name[i];
        fake.item[i].data = block;
        if (fake.item[i].dtype == FDML_DTYPE_F2) fake.item[i].dtype = FDML_DTYPE_F4;
    }
    const char *path = scratch_path("face.safetensors");
    cr_assert_eq(fdml_checkpoint_write(path, "mobilefacenet", &lfw, fake.item, fake.n, &err),
                 FDML_OK, "%s", err.text);
    free(block);
    return path;
}

Test(model_checkpoint, writes_and_opens)
{
    fdml_graph graph;
    fdml_checkpoint read;
    fdml_arena_init(&arena, 0);
    fake_mobilefacenet(&fake);
    const char *path = write_net(0.75f);
    cr_assert_eq(fdml_checkpoint_open(&graph, path, &arena, &err), FDML_OK, "%s", err.text);
    const fdml_graph_value *x = &graph.value[graph.input[0]];
    cr_assert(x->dim[2] == 112 && graph.value[graph.output[0]].dim[1] == 128);
    for (size_t i = 0; i < graph.n_values; i++) {
        const fdml_tensor *t = &graph.value[i].constant;
        if (t->data) cr_assert_eq(((const float *)t->data)[t->n_items - 1], 0.75f);
    }
    cr_assert_eq(fdml_checkpoint_read(&read, path, &arena, &err), FDML_OK);
    cr_assert(read.is_ours && read.settings.has_preprocess);
    cr_assert_str_eq(read.backbone->name, "mobilefacenet");
    cr_assert_eq(read.settings.preprocess.scale, 1.0f / 255);
    fdml_checkpoint_close(&read);
    fdml_arena_close(&arena);
}

Test(model_checkpoint, writing_fails_whole)
{
    fake_mobilefacenet(&fake);
    const char *path = scratch_text("kept", "old");
    fake.item[0].name = fake.item[1].name = "twice";
    char expected[600];
    snprintf(expected, sizeof expected, "%s: the name 'twice' is taken", path);
    scratch_expect_error(fdml_checkpoint_write(path, "mobilefacenet", &lfw, fake.item, 2, &err),
                         &err, FDML_E_ARG, expected);
    cr_assert_str_eq(scratch_read(path), "old");
    scratch_expect_error(
        fdml_checkpoint_write("nowhere", "alexnet", &lfw, fake.item, 1, &err), &err,
        FDML_E_UNSUPPORTED,
        "nowhere: no backbone 'alexnet'; there are resnet50, resnet34, resnet18, "
        "mobilenet_v2, mobilefacenet, cnn4");
}

static fdml_status parse(fdml_checkpoint *checkpoint, unsigned char **bytes)
{
    size_t size;
    *bytes = fake_bytes(&fake, &size);
    const fdml_source source = { "x.st", NULL, *bytes, size };
    fdml_arena_init(&arena, 0);
    return fdml_checkpoint_parse(checkpoint, &source, &arena, &err);
}

Test(model_checkpoint, recognises_a_plain_file)
{
    fdml_checkpoint read;
    unsigned char *bytes;
    fdml_graph graph;
    fake_resnet(&fake, 34);
    fake.metadata[0] = "format", fake.metadata[1] = "pt";
    cr_assert_eq(parse(&read, &bytes), FDML_OK, "%s", err.text);
    cr_assert(!read.is_ours && !read.settings.has_preprocess);
    cr_assert_str_eq(read.backbone->name, "resnet34");
    cr_assert_eq(fdml_checkpoint_build(&graph, &read, true, &arena, &err), FDML_OK, "%s",
                 err.text);
    cr_assert_eq(graph.value[graph.output[0]].dim[1], 1000);
    fdml_arena_close(&arena);
    free(bytes);
}

static void expect_failure(fdml_status status, const char *text)
{
    fdml_checkpoint read;
    unsigned char *bytes;
    fdml_graph graph;
    fdml_status got = parse(&read, &bytes);
    if (!got) got = fdml_checkpoint_build(&graph, &read, false, &arena, &err);
    scratch_expect_error(got, &err, status, text);
    fdml_arena_close(&arena);
    free(bytes);
}

Test(model_checkpoint, refuses)
{
    memset(&fake, 0, sizeof fake);
    expect_failure(FDML_E_UNSUPPORTED, "x.st: no checkpoint, and its 0 tensors are those of no "
                                       "net that is known");
    fake_mobilefacenet(&fake);
    fake.metadata[0] = "format", fake.metadata[1] = "fdml-checkpoint/2";
    expect_failure(FDML_E_UNSUPPORTED,
                   "x.st: format 'fdml-checkpoint/2', expected 'fdml-checkpoint/1'");
    fake.metadata[1] = "fdml-checkpoint/1";
    expect_failure(FDML_E_FORMAT, "x.st: a checkpoint that names no backbone");
    fake.metadata[2] = "backbone", fake.metadata[3] = "x";
    expect_failure(FDML_E_UNSUPPORTED, "x.st: no backbone 'x'; there are resnet50, resnet34, "
                                       "resnet18, mobilenet_v2, mobilefacenet, cnn4");
    fake.metadata[3] = "mobilefacenet";
    fake.metadata[4] = "settings", fake.metadata[5] = "{";
    expect_failure(FDML_E_FORMAT, "x.st: settings: invalid JSON at byte 0");
    fake.metadata[5] = "{\\\"embedding_size\\\": 512}";
    expect_failure(FDML_E_DATA,
                   "x.st: the settings' embedding_size is 512, the weights give 128");
    fake.metadata[5] = "{\\\"input\\\": [3, 96, 112]}";
    expect_failure(FDML_E_ARG, "x.st: mobilefacenet takes 112 x 112 pixels, not 112 x 96");
}

Test(model_checkpoint, survives_bit_flips_in_the_header)
{
    size_t size;
    memset(&fake, 0, sizeof fake);
    fake_add(&fake, "conv_6_dw.conv.weight", 1, (const size_t[]){ 3 });
    fake.metadata[0] = "format", fake.metadata[1] = "fdml-checkpoint/1";
    fake.metadata[2] = "backbone", fake.metadata[3] = "resnet18";
    fake.metadata[4] = "settings";
    fake.metadata[5] = "{\\\"preprocess\\\": {\\\"mean\\\": [1, 2, 3]}}";
    unsigned char *bytes = fake_bytes(&fake, &size);
    for (size_t bit = 0; bit < 8 * size; bit++) {
        const fdml_source source = { "x.st", NULL, bytes, size };
        fdml_checkpoint read;
        fdml_graph graph;
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
        fdml_arena_init(&arena, 1 << 20);
        fdml_status status = fdml_checkpoint_parse(&read, &source, &arena, &err);
        if (!status) status = fdml_checkpoint_build(&graph, &read, false, &arena, &err);
        cr_assert(status && err.text[0] && !strchr(err.text, '\n'));
        fdml_arena_close(&arena);
        bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
    free(bytes);
}
