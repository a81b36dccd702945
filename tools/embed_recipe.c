/* embed_recipe.c - presets and options become the steps from a picture to the network's input.
 *
 * Preprocessing that is wrong gives embeddings that look right, so nothing is guessed that the
 * model does not say. It says how large its input is and how many channels it has; that is
 * used, and told. It does not say how values are scaled; that has to be given.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "embed.h"

const embed_settings embed_defaults = { .preset = EMBED_UNSET,
                                        .channels = EMBED_UNSET,
                                        .max_file = 64 << 20,
                                        .max_pixels = 178956970 };

/* "112" or "96x112" (width x height); sides up to 65535. */
static bool parse_size(size_t *width, size_t *height, const char *text)
{
    char part[16];
    uint64_t w, h;
    const size_t n = strcspn(text, "x");
    if (n >= sizeof part) return false;
    memcpy(part, text, n);
    part[n] = 0;
    if (!fdml_count_parse(&w, part)) return false;
    h = w;
    if (text[n] && !fdml_count_parse(&h, text + n + 1)) return false;
    if (!w || !h || w > 65535 || h > 65535) return false;
    *width = (size_t)w;
    *height = (size_t)h;
    return true;
}

static bool parse_box(size_t box[4], const char *text)
{
    for (int i = 0; i < 4; i++) {
        char part[16];
        uint64_t value;
        const size_t n = strcspn(text, ",");
        if (n >= sizeof part || (i < 3) != (text[n] == ',')) return false;
        memcpy(part, text, n);
        part[n] = 0;
        if (!fdml_count_parse(&value, part) || value > UINT32_MAX) return false;
        box[i] = (size_t)value;
        text += n + 1;
    }
    return box[0] < box[2] && box[1] < box[3];
}

/* A number or a fraction such as 1/255, in double; the quotient is then rounded once. */
static bool parse_scale(float *scale, const char *text)
{
    char part[64];
    double above, below = 1;
    const size_t n = strcspn(text, "/");
    if (n >= sizeof part) return false;
    memcpy(part, text, n);
    part[n] = 0;
    if (!fdml_real_parse(&above, part)) return false;
    if (text[n] && (!fdml_real_parse(&below, text + n + 1) || below == 0)) return false;
    *scale = (float)(above / below);
    return isfinite(*scale) && *scale != 0;
}

/* A checkpoint may know what its network was trained on. */
static bool is_in_model(const embed_settings *s, const embed_net *net, bool is_array)
{
    return s->preset == EMBED_UNSET && net->model.has_preprocess && !is_array;
}

static void start_from_preset(fdml_preprocess *p, int preset)
{
    *p = (fdml_preprocess){ .n_channels = 3, .scale = 1, .std = { 1, 1, 1 } };
    if (preset == EMBED_IMAGENET) *p = fdml_preprocess_imagenet;
    if (preset == EMBED_LFW) {
        p->has_box = true;
        p->box[0] = 57, p->box[1] = 50, p->box[2] = 193, p->box[3] = 186;
        p->resize_width = p->resize_height = 112;
        p->is_bgr = true;
        for (int c = 0; c < 3; c++) p->mean[c] = 127.5f, p->std[c] = 128;
    }
    if (preset == EMBED_MNIST) {
        p->resize_width = p->resize_height = 28;
        p->n_channels = 1;
        p->scale = 1.0f / 255;
    }
}

static void set_resize(fdml_preprocess *p, const embed_settings *s)
{
    size_t w, h;
    if (s->size && s->resize)
        cli_die(CLI_EXIT_USAGE, "--size and --resize both say how large; give one of them");
    const char *text = s->size ? s->size : s->resize, *name = s->size ? "--size" : "--resize";
    if (!text) return;
    if (!parse_size(&w, &h, text))
        cli_die(CLI_EXIT_DATA, "%s: '%s' is no size such as 224 or 96x112, sides 1 to 65535",
                name, text);
    p->resize_shorter = p->resize_width = p->resize_height = 0;
    if (s->resize && !strchr(text, 'x')) {
        p->resize_shorter = w;
        return;
    }
    p->resize_width = w;
    p->resize_height = h;
    if (s->size) p->center_width = p->center_height = 0;
}

static void set_crop(fdml_preprocess *p, const embed_settings *s)
{
    if (!s->crop) return;
    if (strchr(s->crop, ',')) {
        if (!parse_box(p->box, s->crop))
            cli_die(CLI_EXIT_DATA, "--crop: '%s' is no box x0,y0,x1,y1 with x0 < x1, y0 < y1",
                    s->crop);
        p->has_box = true;
        return;
    }
    if (!parse_size(&p->center_width, &p->center_height, s->crop))
        cli_die(CLI_EXIT_DATA,
                "--crop: '%s' is no size such as 224 or 96x112, and no box x0,y0,x1,y1",
                s->crop);
}

static void set_reals(float target[3], const fdml_reals *given, int n_channels,
                      const char *name)
{
    if (!given->n) return;
    if (given->n != 1 && given->n != (size_t)n_channels)
        cli_die(CLI_EXIT_DATA, "%s: %zu numbers, the input has %d channel%s", name, given->n,
                n_channels, n_channels == 1 ? "" : "s");
    for (int c = 0; c < n_channels; c++) target[c] = (float)given->item[given->n == 1 ? 0 : c];
}

/* How values are scaled is in few models. */
static void set_values(fdml_preprocess *p, const embed_settings *s, bool is_known,
                       bool is_array)
{
    const bool is_open = s->preset == EMBED_UNSET && !is_known && !s->scale;
    if (is_open && (s->mean.n || s->std.n))
        cli_die(
            CLI_EXIT_USAGE,
            "--mean and --std need --scale: 1/255 where they are of values up to 1, 1 where "
            "they are of bytes");
    if (is_open && !is_array)
        cli_die(CLI_EXIT_USAGE,
                "how pictures become numbers is not in a model; give --preset imagenet, lfw, "
                "mnist or none (bytes as they are), or --scale, --mean and --std");
    if (s->scale && !parse_scale(&p->scale, s->scale))
        cli_die(CLI_EXIT_DATA, "--scale: '%s' is no number or fraction such as 1/255",
                s->scale);
    set_reals(p->mean, &s->mean, p->n_channels, "--mean");
    set_reals(p->std, &s->std, p->n_channels, "--std");
    for (int c = 0; c < p->n_channels; c++)
        if (!(p->std[c] > 0))
            cli_die(CLI_EXIT_DATA, "--std: too small for a float, the rows would be infinite");
}

static void assume(embed_recipe *r, const char *text)
{
    const size_t n = strlen(r->assumed);
    snprintf(r->assumed + n, sizeof r->assumed - n, "%s%s", n ? ", " : "", text);
}

static void set_channels(embed_recipe *r, const embed_settings *s, const embed_net *net)
{
    fdml_preprocess *p = &r->steps;
    const bool is_said = s->channels != EMBED_UNSET || is_in_model(s, net, r->is_array) ||
                         (s->preset != EMBED_UNSET && s->preset != EMBED_NONE);
    if (s->channels != EMBED_UNSET) {
        p->n_channels = s->channels == EMBED_GREY ? 1 : 3;
        p->is_bgr = s->channels == EMBED_BGR;
    } else if (!is_said && net->channels == 1) {
        p->n_channels = 1;
        assume(r, "one channel is grey");
    } else if (!is_said) {
        assume(r, "channels are RGB");
    }
    if (net->channels && net->channels != (size_t)p->n_channels)
        cli_die(CLI_EXIT_DATA,
                "%s takes %s, %zu channel%s; the pictures would have %d (see "
                "--channels)",
                net->path, net->input_text, net->channels, net->channels == 1 ? "" : "s",
                p->n_channels);
}

/* The size that comes out whatever the picture's; false: it depends on the picture. */
static bool fixed_size(const fdml_preprocess *p, size_t *width, size_t *height)
{
    if (p->center_width) {
        *width = p->center_width, *height = p->center_height;
    } else if (p->resize_width) {
        *width = p->resize_width, *height = p->resize_height;
    } else if (p->has_box && !p->resize_shorter) {
        *width = p->box[2] - p->box[0], *height = p->box[3] - p->box[1];
    } else {
        return false;
    }
    return true;
}

static void set_size(embed_recipe *r, const embed_settings *s, const embed_net *net)
{
    fdml_preprocess *p = &r->steps;
    char text[96];
    size_t width, height;
    set_resize(p, s);
    set_crop(p, s);
    const bool is_said = p->resize_width || p->resize_shorter || p->center_width;
    if (!is_said && net->width && net->height &&
        !(fixed_size(p, &width, &height) && width == net->width && height == net->height)) {
        p->resize_width = net->width;
        p->resize_height = net->height;
        snprintf(text, sizeof text, "resized to %zux%zu whatever their shape", net->width,
                 net->height);
        assume(r, text);
    }
    if (!fixed_size(p, &width, &height))
        cli_die(CLI_EXIT_USAGE,
                "%s takes %s, and pictures would come out in different sizes; give --size, "
                "--resize with --crop, or --preset",
                net->path, net->input_text);
    if ((net->width && width != net->width) || (net->height && height != net->height))
        cli_die(CLI_EXIT_DATA, "%s takes %s, the pictures would be %zux%zu (width x height)",
                net->path, net->input_text, width, height);
    const size_t n = (size_t)p->n_channels;
    r->row = (embed_shape){ 3, { n, height, width } };
    if (net->is_nhwc) r->row = (embed_shape){ 3, { height, width, n } };
}

void embed_recipe_make(embed_recipe *r, const embed_settings *s, const embed_net *net,
                       const embed_images *images)
{
    memset(r, 0, sizeof *r);
    r->is_array = images->is_array;
    r->is_nhwc = net->is_nhwc;
    const bool is_known = is_in_model(s, net, r->is_array);
    start_from_preset(&r->steps, s->preset);
    if (is_known) r->steps = net->model.preprocess;
    if (r->is_array) {
        embed_array_recipe(r, s, net, images);
    } else {
        if (!net->takes_pictures)
            cli_die(CLI_EXIT_DATA, "%s takes %s, not pictures; give an .npy of inputs",
                    net->path, net->input_text);
        set_channels(r, s, net);
        set_size(r, s, net);
    }
    set_values(&r->steps, s, is_known, r->is_array);
    embed_recipe_write(r);
}
