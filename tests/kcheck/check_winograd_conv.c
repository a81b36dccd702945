/* check_winograd_conv.c - the convolution that split, products and join make, against a direct
 * one in double; and the identity of the kernels' own matrices. See kcheck.h.
 *
 * The bound. C channels are a chain of C products of transformed pixels and weights, each with
 * its bound of winograd_double.h: gamma(6 + 10 + C + 8) of
 * |A^T| (sum over channels of (|G| |g| |G^T|) (|B^T| |d| |B|)) |A|. Plain data make no
 * denormals.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "winograd_double.h"

enum { MAX_BLOCKS = 3 };

typedef struct wino_conv {
    size_t height, width, n_in, n_tiles; /* of input and, with a pad of 1, of output; blocks */
    const float *x;                      /* [n_in, height, width, 16] */
    const float *w;                      /* [n_in * 16, 9, 16] */
} wino_conv;

/* As a plan would: transform the weights, split each block of channels, multiply thirty-six
 * times, join. */
static void run_wino_conv(kcheck *t, const wino_conv *c, fdml_winograd *job)
{
    const size_t plane = c->height * c->width * 16, stride = c->n_tiles * 16;
    float *split = kc_words(t, 36 * c->n_in * stride), *products = kc_words(t, 36 * stride);
    const size_t u_stride = c->n_in * 256;
    float *u = kc_words(t, 36 * u_stride);
    t->k->winograd_weights(u, u_stride, c->w, c->n_in * 16, 16);
    size_t offset[MAX_BLOCKS];
    job->point_stride = c->n_in * stride;
    for (size_t b = 0; b < c->n_in; b++) {
        offset[b] = b * stride;
        job->plane = c->x + b * plane;
        job->points = split + b * stride;
        t->k->winograd_split(job);
    }
    for (size_t f = 0; f < 36; f++) {
        const fdml_conv_rows product = { .out = products + f * stride,
                                         .in = split + f * job->point_stride,
                                         .offset = offset,
                                         .n_blocks = c->n_in,
                                         .weights = u + f * u_stride,
                                         .n_rows = c->n_tiles,
                                         .n_out = 1,
                                         .low = -INFINITY,
                                         .high = INFINITY };
        t->k->conv_rows(&product);
    }
    job->points = products;
    job->point_stride = stride;
    t->k->winograd_join(job);
}

static fdml_winograd of_block(const wino_conv *c, const fdml_winograd *job, size_t block)
{
    fdml_winograd its = *job;
    its.plane = c->x + block * c->height * c->width * 16;
    return its;
}

static wino_tile weights_of(const wino_conv *c, size_t m, size_t n)
{
    wino_tile w = { { { 0 } } };
    for (size_t k = 0; k < 9; k++) w.at[k / 3][k % 3] = (double)c->w[(m * 9 + k) * 16 + n];
    return w;
}

/* |A^T| (sum over channels of (|G| |g| |G^T|) (|B^T| |d| |B|)) |A| of output channel n of a
 * tile.
 */
static wino_tile conv_magnitude(const wino_conv *c, const fdml_winograd *job, size_t tile,
                                size_t n)
{
    const wino_matrix b = wino_absolute(wino_b()), a = wino_absolute(wino_a());
    const wino_matrix g = wino_absolute(wino_g());
    wino_tile sum = { { { 0 } } };
    for (size_t m = 0; m < c->n_in * 16; m++) {
        const fdml_winograd its = of_block(c, job, m / 16);
        const wino_tile d = wino_input(&its, tile, m % 16), sizes = wino_sizes(&d);
        const wino_tile v = wino_transform(&b, &sizes);
        const wino_tile w = weights_of(c, m, n), w_sizes = wino_sizes(&w);
        const wino_tile u = wino_transform(&g, &w_sizes);
        for (size_t f = 0; f < 36; f++)
            sum.at[f / 6][f % 6] += u.at[f / 6][f % 6] * v.at[f / 6][f % 6];
    }
    return wino_transform(&a, &sum);
}

static double direct(const wino_conv *c, const fdml_winograd *job, size_t n, const long at[2])
{
    double sum = 0;
    for (size_t m = 0; m < c->n_in * 16; m++) {
        const fdml_winograd its = of_block(c, job, m / 16);
        const wino_tile w = weights_of(c, m, n);
        for (long k = 0; k < 9; k++)
            sum += w.at[k / 3][k % 3] *
                   wino_pixel(&its, at[0] - 1 + k / 3, at[1] - 1 + k % 3, m % 16);
    }
    return sum;
}

static bool wino_conv_is_near(kcheck *t, const wino_conv *c, const fdml_winograd *job)
{
    const double gamma =
        kc_gamma(SPLIT_ROUNDINGS + WEIGHT_ROUNDINGS + c->n_in * 16 + JOIN_ROUNDINGS);
    for (size_t i = 0; i < c->n_tiles * 16; i++) {
        const size_t tile = i / 16, n = i % 16;
        const wino_tile magnitude = conv_magnitude(c, job, tile, n);
        for (size_t p = 0; p < 16; p++) {
            const size_t y = tile / job->tiles_x * 4 + p / 4,
                         x = tile % job->tiles_x * 4 + p % 4;
            if (y >= c->height || x >= c->width) continue;
            const size_t at = (y * c->width + x) * 16 + n;
            const double want = direct(c, job, n, (const long[2]){ (long)y, (long)x });
            const double bound = gamma * magnitude.at[p / 4][p % 4];
            if (!kc_near(t, "out", at, job->out[at], want, bound, 0)) return false;
        }
    }
    return true;
}

static void wino_conv_case(kcheck *t, size_t height, size_t width, size_t n_in)
{
    kc_case(t, "convolution of %zu blocks of %zu x %zu", n_in, height, width);
    const size_t plane = height * width * 16, tiles_x = (width + 3) / 4;
    wino_conv c = { .height = height, .width = width, .n_in = n_in };
    c.n_tiles = tiles_x * ((height + 3) / 4);
    float *x = kc_words(t, n_in * plane), *w = kc_words(t, 16 * n_in * 16 * 9);
    kc_fill(t, x, n_in * plane, KC_PLAIN);
    kc_fill(t, w, 16 * n_in * 16 * 9, KC_PLAIN);
    c.x = x, c.w = w;
    fdml_winograd job = { .height = height,
                          .width = width,
                          .pad_top = 1,
                          .pad_left = 1,
                          .tiles_x = tiles_x,
                          .n_tiles = c.n_tiles,
                          .low = -INFINITY,
                          .high = INFINITY,
                          .out = kc_words(t, plane) };
    run_wino_conv(t, &c, &job);
    if (wino_conv_is_near(t, &c, &job)) kc_intact(t);
}

/* The kernels' own matrices, one entry at a time from inputs with a single 1, make the
 * convolution of one dimension: sum over f of A^T[i][f] G[f][k] B^T[f][j] is 1 where j = i + k,
 * else 0. Three, four and five roundings of a row: half of what two dimensions have. */
static void identity_case(kcheck *t)
{
    kc_case(t, "A^T (G g * B^T d)");
    float b[6][6], a[4][6], g[6][3];
    float *x = kc_words(t, 36 * 16), *y = kc_words(t, 36 * 16);
    for (size_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < 9 * 16; i++) x[i] = i / 16 == k * 3;
        t->k->winograd_weights(y, 16, x, 1, 16);
        for (size_t f = 0; f < 6; f++) g[f][k] = y[f * 6 * 16];
    }
    for (size_t j = 0; j < 6; j++) {
        for (size_t i = 0; i < 36 * 16; i++) x[i] = i / 16 == j * 6;
        t->k->winograd_split(&(fdml_winograd){ .plane = x,
                                               .height = 6,
                                               .width = 6,
                                               .tiles_x = 1,
                                               .n_tiles = 1,
                                               .points = y,
                                               .point_stride = 16 });
        for (size_t f = 0; f < 6; f++) b[f][j] = y[f * 6 * 16];
        t->k->winograd_join(&(fdml_winograd){ .out = y,
                                              .height = 4,
                                              .width = 4,
                                              .tiles_x = 1,
                                              .n_tiles = 1,
                                              .points = x,
                                              .point_stride = 16,
                                              .low = -INFINITY,
                                              .high = INFINITY });
        for (size_t i = 0; i < 4; i++) a[i][j] = y[i * 4 * 16];
    }
    const double gamma =
        kc_gamma((SPLIT_ROUNDINGS + JOIN_ROUNDINGS + WEIGHT_ROUNDINGS) / 2 + 1);
    for (size_t n = 0; n < 4 * 3 * 6; n++) {
        const size_t i = n / 18, k = n / 6 % 3, j = n % 6;
        double sum = 0, magnitude = 0;
        for (size_t f = 0; f < 6; f++) {
            const double term = (double)a[i][f] * (double)g[f][k] * (double)b[f][j];
            sum += term;
            magnitude += fabs(term);
        }
        kc_near(t, "identity", n, (float)sum, j == i + k, gamma * magnitude, 0);
    }
    kc_intact(t);
}

void kc_winograd_convolution(kcheck *t)
{
    static const size_t sizes[][3] = { { 4, 4, 1 }, { 7, 9, 1 },  { 1, 1, 1 }, { 14, 14, 2 },
                                       { 5, 3, 3 }, { 13, 6, 3 }, { 8, 12, 2 } };
    identity_case(t);
    for (size_t i = 0; i < (t->is_quick ? 2 : 7) && !t->has_failed; i++)
        wino_conv_case(t, sizes[i][0], sizes[i][1], sizes[i][2]);
}
