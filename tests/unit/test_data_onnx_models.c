/* test_data_onnx_models.c - external data, and real models by digest.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "data/onnx_file.h"
#include "onnx_maker.h"
#include "scratch.h"

static onnx_maker m;

static void put_entry(const char *key, const char *value)
{
    maker_begin(&m, 13);
    maker_text(&m, 1, key);
    maker_text(&m, 2, value);
    maker_end(&m);
}

static void make_external(const char *location, const char *offset, const char *length)
{
    maker_model(&m, 8, 13);
    maker_begin(&m, MAKER_INITIALIZER);
    maker_int(&m, 1, 2);
    maker_int(&m, 2, 1);
    maker_text(&m, 8, "w");
    if (location) put_entry("location", location);
    if (offset) put_entry("offset", offset);
    if (length) put_entry("length", length);
    put_entry("checksum", "whatever");
    maker_int(&m, 14, 1);
    maker_end(&m);
    maker_end(&m);
}

static void expect_external(const char *directory, fdml_status want, const char *text)
{
    fdml_onnx_file file;
    fdml_arena arena;
    fdml_error err = { 0 };
    static const float values[] = { 3, 4 };
    fdml_arena_init(&arena, 0);
    const fdml_status status =
        fdml_onnx_parse(&file, "m.onnx", m.bytes, m.n, directory, &arena, &err);
    if (want) {
        scratch_expect_error(status, &err, want, text);
    } else {
        cr_assert_eq(status, FDML_OK, "%s", err.text);
        cr_assert(file.initializer[0].is_external);
        cr_assert_arr_eq(file.initializer[0].data, values, sizeof values);
        fdml_map_list_close(&file.maps);
    }
    fdml_arena_close(&arena);
}

Test(data_onnx_models, external_data)
{
    static const float stored[] = { 1, 2, 3, 4 };
    char directory[512], text[1024];
    snprintf(directory, sizeof directory, "%s",
             scratch_write("weights.bin", stored, sizeof stored));
    *strrchr(directory, '/') = 0;
    make_external("weights.bin", "8", "8");
    expect_external(directory, FDML_OK, NULL);
    make_external("./weights.bin", "8", NULL);
    expect_external(directory, FDML_OK, NULL);
    expect_external(NULL, FDML_E_UNSUPPORTED,
                    "m.onnx: initializer 0 \"w\": its data are in the file './weights.bin', "
                    "which cannot be looked for here");
    make_external("weights.bin", "12", NULL);
    expect_external(directory, FDML_E_FORMAT,
                    "m.onnx: initializer 0 \"w\": its data are bytes 12 to 20 of "
                    "'weights.bin', which has 16");
    make_external("weights.bin", "9223372036854775807", NULL);
    expect_external(directory, FDML_E_FORMAT,
                    "m.onnx: initializer 0 \"w\": its data are bytes 9223372036854775807 to "
                    "9223372036854775815 of 'weights.bin', which has 16");
    make_external("weights.bin", NULL, "4");
    expect_external(directory, FDML_E_FORMAT,
                    "m.onnx: initializer 0 \"w\": 4 bytes of data in 'weights.bin', expected 8 "
                    "for its type and shape");
    make_external("weights.bin", "-1", NULL);
    expect_external(directory, FDML_E_FORMAT,
                    "m.onnx: initializer 0 \"w\": its external offset is '-1'");
    make_external("missing.bin", NULL, NULL);
    snprintf(text, sizeof text,
             "m.onnx: initializer 0 \"w\": its data: %s/missing.bin: No such file or directory",
             directory);
    expect_external(directory, FDML_E_IO, text);
}

Test(data_onnx_models, external_data_stay_beside_the_model)
{
    static const char *const bad[] = { "/etc/passwd", "../x", "a/../../x", "a/..", ".." };
    char text[256];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        make_external(bad[i], NULL, NULL);
        snprintf(text, sizeof text,
                 "m.onnx: initializer 0 \"w\": its data are in '%s', outside of the model's "
                 "directory",
                 bad[i]);
        expect_external("/tmp", FDML_E_DATA, text);
    }
    make_external(NULL, NULL, NULL);
    expect_external("/tmp", FDML_E_FORMAT,
                    "m.onnx: initializer 0 \"w\": its data are in a file that has no name");
}

/* The digests, by this script over onnx 1.12:
 *
 *   import hashlib, onnx, onnx.numpy_helper, sys
 *   m = onnx.load(sys.argv[1])
 *   h, g = hashlib.sha256(), hashlib.sha256()
 *   for t in m.graph.initializer:
 *       h.update(f"{t.name} {t.data_type} {list(t.dims)}\n".replace(" ", "").encode())
 *       h.update(onnx.numpy_helper.to_array(t).tobytes())
 *   for n in m.graph.node:
 *       g.update(f"{n.name}|{n.op_type}|{','.join(n.input)}|{','.join(n.output)}\n".encode())
 *       for a in n.attribute:
 *           g.update(f"{a.name} {a.type} {a.i} {list(a.ints)}\n".replace(" ", "").encode())
 *   print(h.hexdigest(), g.hexdigest()) */
static const struct {
    const char *path, *tensors, *nodes;
} real[] = {
    { "models/mnist_pytorch_onnx2c.onnx",
      "272de85f3ea75145c7cf08343cf11b39bc4c669903acf1124ba15e9e7422e1e0",
      "dd639a5bfc977ecd7918a9c78b0d180a1b3404bedc502a2726c47f4e810c9507" },
    { "models/mobilefacenet_kennethwang.onnx",
      "74f90d9cb0acdece4993bb900f59baebad9b7f08f508c48db87b5ac5b6f0046b",
      "6889a578fb452d7327ad26b1c67b498d20b2e7533db6c0b9e2f68585a1e0843a" },
    { "models/opt-mnist_wonnx.onnx",
      "d07ec1b69320f49508c1edc74af7777151d2a3d9787f38d15967ea32e2d0c453",
      "4f38679c9d41ca63377503584710323210d3300b5231d19b355d33b2750c063e" },
    { "models/mnist_8/model.onnx",
      "fd15c588660f8e863a81c5ba5fbae9821f7839713681a6d2fa2ca198b3ca76db",
      "746617f6807a30b46d2151f32977638b70ea75e164fa7197abed9d0cf2b2a8bd" },
    { "models/super_resolution_10/model.onnx",
      "5cda25a5877b6974e3b018a510e6729004026e1f5236bf70c350c3bbf44f713e",
      "55ba00c66fd3a73a8f9c96ebd1c0d420133bec0fa31348fe1131540bf50d32ae" },
    { "onnx/light/light_resnet50.onnx",
      "04b274695f683dc701cb7deb7bbd1fee6cdf7a7aa61a7ca7c0fbbd72c3791605",
      "ff5c38320a1d917fbc0e4982dda78eec607c6044b32a68ea79b161a306c7a275" },
    { "onnx/light/light_shufflenet.onnx",
      "a6a2e1f92a831600e4bd1cdf946820ab09a18dea99873bf976f17e696f3abe43",
      "2ae5ad7492d9d16462ce130da0dcf324672767bf712c0f8733b019e8669e01d8" },
};

static void add_text(fdml_sha256 *sha, const char *text)
{
    fdml_sha256_update(sha, text, strlen(text));
}

static void add_list(fdml_sha256 *sha, const int64_t *values, size_t n)
{
    char text[32];
    add_text(sha, "[");
    for (size_t i = 0; i < n; i++) {
        snprintf(text, sizeof text, "%s%lld", i ? "," : "", (long long)values[i]);
        add_text(sha, text);
    }
    add_text(sha, "]\n");
}

static void digest_tensors(char hex[FDML_SHA256_HEX], const fdml_onnx_file *file)
{
    fdml_sha256 sha;
    char type[16];
    fdml_sha256_init(&sha);
    for (size_t i = 0; i < file->n_initializers; i++) {
        const fdml_onnx_tensor *t = &file->initializer[i];
        cr_assert(t->type == 1 || t->type == 7, "type %d", t->type);
        snprintf(type, sizeof type, "%d", t->type);
        add_text(&sha, t->name);
        add_text(&sha, type);
        add_list(&sha, t->dim, (size_t)t->rank);
        fdml_sha256_update(&sha, t->data, t->n_items * (t->type == 1 ? 4 : 8));
    }
    fdml_sha256_final(&sha, hex);
}

static void add_names(fdml_sha256 *sha, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        add_text(sha, i ? "," : "|");
        add_text(sha, names[i]);
    }
    if (!n) add_text(sha, "|");
}

static void digest_nodes(char hex[FDML_SHA256_HEX], const fdml_onnx_file *file)
{
    fdml_sha256 sha;
    char text[64];
    fdml_sha256_init(&sha);
    for (size_t i = 0; i < file->n_nodes; i++) {
        const fdml_onnx_node *n = &file->node[i];
        add_text(&sha, n->name);
        add_text(&sha, "|");
        add_text(&sha, n->op_type);
        add_names(&sha, n->input, n->n_inputs);
        add_names(&sha, n->output, n->n_outputs);
        add_text(&sha, "\n");
        for (size_t k = 0; k < n->n_attrs; k++) {
            const fdml_onnx_attr *a = &n->attr[k];
            add_text(&sha, a->name);
            snprintf(text, sizeof text, "%d%lld", (int)a->type, (long long)a->i);
            add_text(&sha, text);
            add_list(&sha, a->ints, a->type == FDML_ONNX_INTS ? a->n : 0);
        }
    }
    fdml_sha256_final(&sha, hex);
}

Test(data_onnx_models, real_models)
{
    for (size_t i = 0; i < sizeof real / sizeof *real; i++) {
        const char *path = scratch_shared(real[i].path);
        char hex[FDML_SHA256_HEX];
        fdml_onnx_file file;
        fdml_arena arena;
        fdml_map map;
        fdml_error err = { 0 };
        fdml_arena_init(&arena, 0);
        cr_assert_eq(fdml_file_map(&map, path, &err), FDML_OK, "%s", err.text);
        cr_assert_eq(fdml_onnx_parse(&file, path, map.data, map.size, NULL, &arena, &err),
                     FDML_OK, "%s", err.text);
        digest_tensors(hex, &file);
        cr_assert_str_eq(hex, real[i].tensors, "%s", path);
        digest_nodes(hex, &file);
        cr_assert_str_eq(hex, real[i].nodes, "%s", path);
        cr_assert_lt(arena.peak, map.size / 8 + (1 << 20), "%s", path);
        fdml_file_unmap(&map);
        fdml_arena_close(&arena);
    }
}
