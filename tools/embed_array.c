/* embed_array.c - an .npy [N, ...] of inputs: what others have preprocessed, or data sets that
 * come as arrays.
 *
 * Axes of length 1 may be there or not: [N,28,28] fits a network that takes [N,1,28,28]. Values
 * are used as they are unless --scale, --mean or --std (or those of a preset) say otherwise.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "embed.h"

static embed_shape shape_of(const fdml_npy *npy)
{
    embed_shape shape = { 0 };
    for (int d = 1; d < npy->n_dims; d++) shape.dim[shape.rank++] = npy->shape[d];
    return shape;
}

/* The file's axes in the places that the network has; false: they do not fit. */
static bool fit(embed_shape *row, const embed_shape *file, const fdml_graph_value *input)
{
    embed_shape made = { 0 };
    int at = 0;
    if (input->rank < 1) return false;
    for (int d = 1; d < input->rank; d++) {
        const int64_t want = input->dim[d];
        const bool same_rank = input->rank - 1 == file->rank;
        while (!same_rank && at < file->rank && file->dim[at] == 1) at++;
        const bool is_one = !same_rank && (want == 1 || at == file->rank);
        const size_t have = is_one ? 1 : file->dim[at++];
        if (want >= 0 && (size_t)want != have) return false;
        made.dim[made.rank++] = have;
    }
    while (at < file->rank && file->dim[at] == 1) at++;
    *row = made;
    return at == file->rank;
}

static void print_shape(char text[FDML_SHAPE_TEXT], const embed_shape *shape)
{
    fdml_tensor tensor = { .rank = shape->rank };
    memcpy(tensor.dim, shape->dim, sizeof shape->dim);
    fdml_tensor_shape_text(&tensor, text);
}

void embed_array_recipe(embed_recipe *r, const embed_settings *s, const embed_net *net,
                        const embed_images *images)
{
    const fdml_graph_value *input = &net->graph.value[net->graph.input[0]];
    fdml_preprocess *p = &r->steps;
    char text[FDML_SHAPE_TEXT];
    if (s->resize || s->crop || s->size || s->channels != EMBED_UNSET)
        cli_die(CLI_EXIT_USAGE,
                "%s holds arrays; --resize, --crop, --size and --channels are for pictures",
                images->shown);
    const embed_shape file = shape_of(&images->npy);
    print_shape(text, &file);
    if (input->rank < 0)
        r->row = file;
    else if (!fit(&r->row, &file, input))
        cli_die(CLI_EXIT_DATA, "%s: rows of shape %s, %s takes %s", images->shown, text,
                net->path, net->input_text);
    const size_t n_channels = r->row.rank == 3 ? r->row.dim[net->is_nhwc ? 2 : 0] : 1;
    const bool is_colour = n_channels == 3;
    const bool needs_colour = s->preset == EMBED_IMAGENET || s->preset == EMBED_LFW;
    if (needs_colour && !is_colour)
        cli_die(CLI_EXIT_DATA, "%s: rows of shape %s have no 3 channels, which --preset is of",
                images->shown, text);
    const fdml_preprocess values = *p;
    *p = (fdml_preprocess){ .n_channels = is_colour ? 3 : 1, .scale = values.scale };
    for (int c = 0; c < 3; c++) {
        p->mean[c] = values.mean[values.n_channels == 1 ? 0 : c];
        p->std[c] = values.std[values.n_channels == 1 ? 0 : c];
    }
}

/* (x * scale - mean) / std, one float operation after the other, and a division where the scale
 * is 1/255: the same bits as for a picture of the same values. */
static void scale_values(float *item, const embed_recipe *r)
{
    const fdml_preprocess *p = &r->steps;
    size_t n = 1;
    for (int d = 0; d < r->row.rank; d++) n *= r->row.dim[d];
    const bool divides = p->scale == 1.0f / 255;
    const size_t n_channels = (size_t)p->n_channels;
    const size_t plane = n / n_channels ? n / n_channels : 1;
    for (size_t i = 0; i < n; i++) {
        const size_t c = r->is_nhwc ? i % n_channels : i / plane;
        const float x = divides ? item[i] / 255 : item[i] * p->scale;
        item[i] = (x - p->mean[c]) / p->std[c];
    }
}

void embed_array_load(float *item, const embed_recipe *r, const embed_images *images,
                      size_t row)
{
    const fdml_npy *npy = &images->npy;
    const size_t n = npy->n_items / npy->shape[0];
    const unsigned char *bytes = images->map.data + npy->data_offset + row * n * npy->item_size;
    fdml_dtype_to_float(item, bytes, n, fdml_npy_dtype(npy), npy->is_big_endian);
    scale_values(item, r);
}
