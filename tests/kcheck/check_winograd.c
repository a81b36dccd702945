/* check_winograd.c - F(4x4, 3x3): both transforms, against winograd_double.h. See kcheck.h.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "winograd_double.h"

/* What denormals may lose: at most nine operations a pass, each half of 2^-149, times the
 * largest absolute sums of rows of both passes (5.2 of B^T, 7.4 of A^T, 1.5 of G) and the 3
 * inside a row. */
#define DENORMAL_LOSS 0x1p-142

typedef struct wino_sums {
    kc_sum at[6][6];
} wino_sums;

static wino_sums transform_sums(const wino_matrix *m, const wino_tile *d, size_t n_roundings)
{
    const wino_matrix absolute = wino_absolute(*m);
    const wino_tile sizes = wino_sizes(d), whole = wino_transform(m, d);
    const wino_tile magnitude = wino_transform(&absolute, &sizes);
    const double gamma = kc_gamma(n_roundings);
    wino_sums sums;
    for (size_t i = 0; i < 6; i++)
        for (size_t j = 0; j < 6; j++) {
            const double size = magnitude.at[i][j];
            sums.at[i][j] = (kc_sum){ whole.at[i][j], size, gamma * size + DENORMAL_LOSS };
        }
    return sums;
}

static fdml_winograd random_tiles(kcheck *t, size_t tiles_x, size_t tiles_y)
{
    const size_t all = tiles_x * tiles_y, first = all ? kc_below(t, all) : 0;
    fdml_winograd job = { .tiles_x = tiles_x, .first_tile = first };
    if (all) job.n_tiles = kc_below(t, 3) ? 1 + kc_below(t, all - first) : all - first;
    job.point_stride = job.n_tiles * 16 + 16 * kc_below(t, 2) + kc_below(t, 2);
    return job;
}

static size_t points_size(const fdml_winograd *job)
{
    return job->n_tiles ? 35 * job->point_stride + job->n_tiles * 16 : 0;
}

static bool weights_are_near(kcheck *t, const float *u, size_t u_stride, const float *g,
                             size_t n, size_t width)
{
    const wino_matrix m = wino_g();
    for (size_t i = 0; i < n * width; i++) {
        wino_tile weights = { { { 0 } } };
        for (size_t k = 0; k < 9; k++)
            weights.at[k / 3][k % 3] = (double)g[(i / width * 9 + k) * width + i % width];
        const wino_sums want = transform_sums(&m, &weights, WEIGHT_ROUNDINGS);
        for (size_t f = 0; f < 36; f++) {
            const size_t at = f * u_stride + i;
            if (!kc_near_sum(t, "u", at, u[at], want.at[f / 6][f % 6])) return false;
        }
    }
    return true;
}

/* By the scalar table, whose panels are narrower: sixteen lanes at a time. */
static void expected_weights(kcheck *t, float *u, size_t u_stride, const float *g,
                             const size_t size[2])
{
    const size_t n = size[0], width = size[1];
    float *lanes = kc_words(t, n * 9 * 16), *part = kc_words(t, 36 * n * 16);
    for (size_t first = 0; first < width; first += 16) {
        for (size_t i = 0; i < n * 9 * 16; i++) lanes[i] = g[i / 16 * width + first + i % 16];
        t->ref->winograd_weights(part, n * 16, lanes, n, 16);
        for (size_t i = 0; i < 36 * n * 16; i++)
            u[i / (n * 16) * u_stride + i / 16 % n * width + first + i % 16] = part[i];
    }
}

static void weights_case(kcheck *t, size_t n, size_t width, int kinds, bool is_timed)
{
    kc_case(t, "n=%zu width=%zu", n, width);
    const size_t stride = n * width + kc_below(t, 2) * kc_below(t, 40);
    const size_t size = n ? 35 * stride + n * width : 0;
    const float *g = kc_pixels(t, n * 9 * width, kinds);
    float *want = kc_words(t, size), *got = kc_words(t, size);
    expected_weights(t, want, stride, g, (const size_t[]){ n, width });
    t->k->winograd_weights(got, stride, g, n, width);
    (void)(kc_same(t, "u", want, got, size) &&
           kc_gaps_intact(t, got, size ? 36 : 0, n * width, stride) &&
           weights_are_near(t, got, stride, g, n, width) && kc_intact(t));
    while (kc_bench(t, is_timed)) t->k->winograd_weights(got, stride, g, n, width);
}

void check_winograd_weights(kcheck *t)
{
    static const int kinds[] = { KC_ALL, KC_ZERO | KC_DENORMAL, KC_FINITE, KC_PLAIN };
    for (size_t n = 0; n <= 40; n += t->is_quick ? 5 : 1)
        for (int i = 0; i < 4 && !t->has_failed; i++)
            weights_case(t, n, i % 2 ? t->k->tile_cols : 16, kinds[(n + (size_t)i / 2) % 4],
                         n == 32 && i == 1);
}

static bool split_is_near(kcheck *t, const fdml_winograd *job)
{
    const wino_matrix b = wino_b();
    for (size_t i = 0; i < job->n_tiles * 16; i++) {
        const wino_tile d = wino_input(job, job->first_tile + i / 16, i % 16);
        const wino_sums v = transform_sums(&b, &d, SPLIT_ROUNDINGS);
        for (size_t f = 0; f < 36; f++) {
            const size_t at = f * job->point_stride + i;
            if (!kc_near_sum(t, "points", at, job->points[at], v.at[f / 6][f % 6]))
                return false;
        }
    }
    return true;
}

static void split_case(kcheck *t, size_t height, size_t width, int kinds, bool is_timed)
{
    const size_t pad = kc_below(t, 3), beyond = kc_below(t, 3);
    fdml_winograd job =
        random_tiles(t, (width + beyond + 3) / 4 + kc_below(t, 2), (height + beyond + 3) / 4);
    kc_case(t, "plane %zu x %zu, pads %zu, tiles %zu .. + %zu of rows of %zu", height, width,
            pad, job.first_tile, job.n_tiles, job.tiles_x);
    job.plane = kc_pixels(t, height * width * 16, kinds);
    job.height = height, job.width = width;
    job.pad_top = pad, job.pad_left = pad ? pad - kc_below(t, 2) : kc_below(t, 5);
    const size_t size = points_size(&job);
    float *want = kc_words(t, size), *got = kc_words(t, size);
    job.points = want;
    t->ref->winograd_split(&job);
    job.points = got;
    t->k->winograd_split(&job);
    (void)(kc_same(t, "points", want, got, size) &&
           kc_gaps_intact(t, got, size ? 36 : 0, job.n_tiles * 16, job.point_stride) &&
           split_is_near(t, &job) && kc_intact(t));
    while (kc_bench(t, is_timed)) t->k->winograd_split(&job);
}

void check_winograd_split(kcheck *t)
{
    static const int kinds[] = { KC_ALL, KC_ZERO | KC_DENORMAL, KC_FINITE, KC_PLAIN };
    for (size_t height = 0; height <= 20; height += t->is_quick ? 3 : 1)
        for (size_t width = 0; width <= 20 && !t->has_failed; width += t->is_quick ? 5 : 1)
            split_case(t, height, width, kinds[(height + width) % 4],
                       height == 14 && width == 14);
}

static bool join_is_near(kcheck *t, const fdml_winograd *job)
{
    const float limits[2] = { job->low, job->high };
    const wino_matrix a = wino_a();
    for (size_t i = 0; i < job->n_tiles * 16; i++) {
        const size_t tile = job->first_tile + i / 16, l = i % 16;
        wino_tile m;
        for (size_t f = 0; f < 36; f++)
            m.at[f / 6][f % 6] = (double)job->points[f * job->point_stride + i];
        const wino_sums sums = transform_sums(&a, &m, JOIN_ROUNDINGS);
        for (size_t p = 0; p < 16; p++) {
            const size_t y = tile / job->tiles_x * 4 + p / 4,
                         x = tile % job->tiles_x * 4 + p % 4;
            if (y >= job->height || x >= job->width) continue;
            const size_t at = (y * job->width + x) * 16 + l;
            kc_sum sum = sums.at[p / 4][p % 4];
            if (job->bias) sum = kc_add(sum, (double)job->bias[l]);
            sum = kc_finish(sum, job->add ? job->add + at : NULL,
                            job->slope ? job->slope + l : NULL, limits);
            if (!kc_near_sum(t, "out", at, job->out[at], sum)) return false;
        }
    }
    return true;
}

/* Pixels of no tile of the job keep what they had. */
static bool others_are_untouched(kcheck *t, const fdml_winograd *job, const float *before)
{
    for (size_t p = 0; p < job->height * job->width; p++) {
        const size_t tile = p / job->width / 4 * job->tiles_x + p % job->width / 4;
        if (tile >= job->first_tile && tile < job->first_tile + job->n_tiles) continue;
        if (memcmp(job->out + p * 16, before + p * 16, 16 * sizeof *before))
            return kc_fail(t, "wrote pixel %zu, which is in none of the tiles", p);
    }
    return true;
}

static void join_case(kcheck *t, size_t height, size_t width, int kinds, bool is_timed)
{
    fdml_winograd job = random_tiles(t, (width + 3) / 4, (height + 3) / 4);
    kc_case(t, "out %zu x %zu, tiles %zu .. + %zu of rows of %zu", height, width,
            job.first_tile, job.n_tiles, job.tiles_x);
    const size_t size = height * width * 16;
    float limits[2];
    kc_limits(t, limits);
    job.points = kc_pixels(t, points_size(&job), kinds);
    job.height = height, job.width = width;
    job.bias = kc_some(t, 16, kinds);
    job.slope = kc_some(t, 16, KC_ZERO);
    job.add = kc_some(t, size, kinds);
    job.low = limits[0], job.high = limits[1];
    float *want = kc_words(t, size), *got = kc_words(t, size), *before = kc_words(t, size);
    job.out = want;
    t->ref->winograd_join(&job);
    job.out = got;
    t->k->winograd_join(&job);
    if (!kc_same(t, "out", want, got, size) || !others_are_untouched(t, &job, before) ||
        !join_is_near(t, &job))
        return;
    if (job.add) { /* the addition may be what lies in `out` */
        float *in_place = kc_words(t, size);
        memcpy(in_place, job.add, size * sizeof *in_place);
        fdml_winograd again = job;
        again.add = again.out = in_place;
        t->k->winograd_join(&again);
        for (size_t i = 0; i < size; i++)
            if (memcmp(got + i, before + i, sizeof *got) &&
                !kc_same(t, "out in place", got + i, in_place + i, 1))
                return;
    }
    kc_intact(t);
    while (kc_bench(t, is_timed)) t->k->winograd_join(&job);
}

void check_winograd_join(kcheck *t)
{
    static const int kinds[] = { KC_ALL, KC_ZERO | KC_DENORMAL, KC_FINITE, KC_PLAIN };
    for (size_t height = 0; height <= 20; height += t->is_quick ? 3 : 1)
        for (size_t width = 0; width <= 20 && !t->has_failed; width += t->is_quick ? 5 : 1)
            join_case(t, height, width, kinds[(height + width) % 4],
                      height == 14 && width == 14);
    if (!t->has_failed) kc_winograd_convolution(t);
}
