/* fake_weights.c - see fake_weights.h.
 * SPDX-License-Identifier: MIT */
#include "fake_weights.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

void fake_add(fake_weights *fake, const char *name, int rank, const size_t *dim)
{
    cr_assert_lt(fake->n, (size_t)FAKE_MAX);
    fdml_safetensors_item *item = &fake->item[fake->n];
    snprintf(fake->name[fake->n], FAKE_NAME, "%s", name);
    *item = (fdml_safetensors_item){ .dtype = FDML_DTYPE_F2, .n_dims = rank };
    if (rank) memcpy(item->shape, dim, (size_t)rank * sizeof *dim);
    fake->n++;
}

size_t fake_find(const fake_weights *fake, const char *name)
{
    for (size_t i = 0; i < fake->n; i++)
        if (!strcmp(fake->name[i], name)) return i;
    cr_assert(false, "no tensor %s", name);
    return 0;
}

void fake_remove(fake_weights *fake, const char *name)
{
    const size_t at = fake_find(fake, name), rest = fake->n - at - 1;
    memmove(&fake->item[at], &fake->item[at + 1], rest * sizeof fake->item[0]);
    memmove(fake->name[at], fake->name[at + 1], rest * sizeof fake->name[0]);
    fake->n--;
}

static const char *join(char *text, const char *a, const char *b)
{
    const int n = snprintf(text, FAKE_NAME, "%s%s", a, b);
    cr_assert_lt(n, FAKE_NAME);
    return text;
}

static void add_conv(fake_weights *fake, const char *name, size_t n_out, size_t n_in, size_t k)
{
    char text[FAKE_NAME];
    join(text, name, ".weight");
    fake_add(fake, text, 4, (const size_t[]){ n_out, n_in, k, k });
}

static void add_norm(fake_weights *fake, const char *name, size_t n)
{
    static const char *const parts[] = { ".weight", ".bias", ".running_mean", ".running_var" };
    char text[FAKE_NAME];
    for (int i = 0; i < 4; i++) {
        join(text, name, parts[i]);
        fake_add(fake, text, 1, &n);
    }
    join(text, name, ".num_batches_tracked");
    fake_add(fake, text, 0, NULL);
    fake->item[fake->n - 1].dtype = FDML_DTYPE_I8;
}

static void add_linear(fake_weights *fake, const char *name, size_t n_out, size_t n_in)
{
    char text[FAKE_NAME];
    join(text, name, ".weight");
    fake_add(fake, text, 2, (const size_t[]){ n_out, n_in });
    join(text, name, ".bias");
    fake_add(fake, text, 1, &n_out);
}

static void resnet_block(fake_weights *fake, const char *prefix, size_t n_in, size_t width,
                         bool is_deep, bool has_shortcut)
{
    const size_t n_out = is_deep ? 4 * width : width;
    const struct {
        const char *conv, *norm;
        size_t n_out, n_in, k;
        bool is_there;
    } parts[] = {
        { "conv1", "bn1", width, n_in, is_deep ? 1 : 3, true },
        { "conv2", "bn2", width, width, 3, true },
        { "conv3", "bn3", n_out, width, 1, is_deep },
        { "downsample.0", "downsample.1", n_out, n_in, 1, has_shortcut },
    };
    for (size_t i = 0; i < 4; i++) {
        char name[FAKE_NAME], dotted[FAKE_NAME];
        if (!parts[i].is_there) continue;
        join(name, join(dotted, prefix, "."), parts[i].conv);
        add_conv(fake, name, parts[i].n_out, parts[i].n_in, parts[i].k);
        join(name, join(dotted, prefix, "."), parts[i].norm);
        add_norm(fake, name, parts[i].n_out);
    }
}

void fake_resnet(fake_weights *fake, int layers)
{
    const bool is_deep = layers == 50;
    const int n_blocks[] = { layers == 18 ? 2 : 3, layers == 18 ? 2 : 4, layers == 18 ? 2 : 6,
                             layers == 18 ? 2 : 3 };
    size_t n = 64;
    memset(fake, 0, sizeof *fake);
    add_conv(fake, "conv1", 64, 3, 7);
    add_norm(fake, "bn1", 64);
    for (int stage = 0; stage < 4; stage++) {
        const size_t width = (size_t)64 << stage;
        for (int i = 0; i < n_blocks[stage]; i++) {
            char prefix[FAKE_NAME];
            snprintf(prefix, sizeof prefix, "layer%d.%d", stage + 1, i);
            resnet_block(fake, prefix, n, width, is_deep, !i && (stage || is_deep));
            n = is_deep ? 4 * width : width;
        }
    }
    add_linear(fake, "fc", 1000, n);
}

/* Convolution A and normalisation B of "features.X". */
static void mobile_unit(fake_weights *fake, const char *prefix, const char *a, const char *b,
                        const size_t shape[3])
{
    char name[FAKE_NAME], whole[FAKE_NAME];
    join(name, join(whole, "features.", prefix), a);
    add_conv(fake, name, shape[0], shape[1], shape[2]);
    join(name, join(whole, "features.", prefix), b);
    add_norm(fake, name, shape[0]);
}

void fake_mobilenet_v2(fake_weights *fake)
{
    static const size_t out[] = { 16, 24, 24, 32, 32,  32,  64,  64, 64,
                                  64, 96, 96, 96, 160, 160, 160, 320 };
    size_t n = 32;
    memset(fake, 0, sizeof *fake);
    mobile_unit(fake, "0", ".0", ".1", (const size_t[]){ 32, 3, 3 });
    for (int i = 1; i <= 17; i++) {
        const size_t wide = i == 1 ? n : 6 * n;
        char prefix[FAKE_NAME];
        snprintf(prefix, sizeof prefix, "%d.conv", i);
        if (i == 1) {
            mobile_unit(fake, prefix, ".0.0", ".0.1", (const size_t[]){ wide, 1, 3 });
            mobile_unit(fake, prefix, ".1", ".2", (const size_t[]){ out[0], wide, 1 });
        } else {
            mobile_unit(fake, prefix, ".0.0", ".0.1", (const size_t[]){ wide, n, 1 });
            mobile_unit(fake, prefix, ".1.0", ".1.1", (const size_t[]){ wide, 1, 3 });
            mobile_unit(fake, prefix, ".2", ".3", (const size_t[]){ out[i - 1], wide, 1 });
        }
        n = out[i - 1];
    }
    mobile_unit(fake, "18", ".0", ".1", (const size_t[]){ 1280, 320, 1 });
    add_linear(fake, "classifier.1", 1000, 1280);
}

static void face_unit(fake_weights *fake, const char *prefix, const size_t shape[3],
                      bool has_slope)
{
    char name[FAKE_NAME];
    join(name, prefix, ".conv");
    add_conv(fake, name, shape[0], shape[1], shape[2]);
    join(name, prefix, ".bn");
    add_norm(fake, name, shape[0]);
    join(name, prefix, ".prelu.weight");
    if (has_slope) fake_add(fake, name, 1, shape);
}

static void face_block(fake_weights *fake, const char *prefix, size_t n_in, size_t n_out,
                       size_t wide)
{
    char name[FAKE_NAME];
    join(name, prefix, ".conv");
    face_unit(fake, name, (const size_t[]){ wide, n_in, 1 }, true);
    join(name, prefix, ".conv_dw");
    face_unit(fake, name, (const size_t[]){ wide, 1, 3 }, true);
    join(name, prefix, ".project");
    face_unit(fake, name, (const size_t[]){ n_out, wide, 1 }, false);
}

static void face_blocks(fake_weights *fake, const char *prefix, int n_blocks, size_t n,
                        size_t wide)
{
    for (int i = 0; i < n_blocks; i++) {
        char name[FAKE_NAME];
        cr_assert_lt(snprintf(name, sizeof name, "%s.model.%d", prefix, i), FAKE_NAME);
        face_block(fake, name, n, n, wide);
    }
}

void fake_mobilefacenet(fake_weights *fake)
{
    memset(fake, 0, sizeof *fake);
    face_unit(fake, "conv_1", (const size_t[]){ 64, 3, 3 }, true);
    face_unit(fake, "conv_2_dw", (const size_t[]){ 64, 1, 3 }, true);
    face_block(fake, "conv_23", 64, 64, 128);
    face_blocks(fake, "conv_3", 4, 64, 128);
    face_block(fake, "conv_34", 64, 128, 256);
    face_blocks(fake, "conv_4", 6, 128, 256);
    face_block(fake, "conv_45", 128, 128, 512);
    face_blocks(fake, "conv_5", 2, 128, 256);
    face_unit(fake, "conv_6_sep", (const size_t[]){ 512, 128, 1 }, true);
    face_unit(fake, "conv_6_dw", (const size_t[]){ 512, 1, 7 }, false);
    fake_add(fake, "linear.weight", 2, (const size_t[]){ 128, 512 });
    add_norm(fake, "bn", 128);
}

static size_t item_size(const fdml_safetensors_item *item)
{
    size_t size = fdml_dtype_size(item->dtype);
    for (int i = 0; i < item->n_dims; i++) size *= item->shape[i];
    return size;
}

static void print_item(FILE *text, const fake_weights *fake, size_t i)
{
    const fdml_safetensors_item *item = &fake->item[i];
    const char *dtype = item->dtype == FDML_DTYPE_F2   ? "F16"
                        : item->dtype == FDML_DTYPE_F4 ? "F32"
                                                       : "I64";
    fprintf(text, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", i ? "," : "", fake->name[i], dtype);
    for (int d = 0; d < item->n_dims; d++) fprintf(text, "%s%zu", d ? "," : "", item->shape[d]);
    fprintf(text, "],\"data_offsets\":[0,%zu]}", item_size(item));
}

unsigned char *fake_bytes(const fake_weights *fake, size_t *size)
{
    char *text;
    size_t length, block = 8;
    FILE *stream = open_memstream(&text, &length);
    cr_assert_not_null(stream);
    fputc('{', stream);
    for (size_t i = 0; i < fake->n; i++) {
        print_item(stream, fake, i);
        if (item_size(&fake->item[i]) > block) block = item_size(&fake->item[i]);
    }
    if (fake->metadata[0]) fprintf(stream, "%s\"__metadata__\":{", fake->n ? "," : "");
    for (size_t i = 0; i < 6 && fake->metadata[i]; i += 2)
        fprintf(stream, "%s\"%s\":\"%s\"", i ? "," : "", fake->metadata[i],
                fake->metadata[i + 1]);
    fputs(fake->metadata[0] ? "}}" : "}", stream);
    fclose(stream);
    const uint64_t header = length;
    unsigned char *bytes = malloc(8 + length + block);
    cr_assert_not_null(bytes);
    memcpy(bytes, &header, 8);
    memcpy(bytes + 8, text, length);
    for (size_t i = 0; i < block; i++) bytes[8 + length + i] = i % 2 ? 0x2c : (unsigned char)i;
    free(text);
    *size = 8 + length + block;
    return bytes;
}
