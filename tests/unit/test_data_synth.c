/* test_data_synth.c - the synthetic set is what it says, and an .npy file is read as written.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/npy.h"
#include "data/npy_write.h"
#include "data/synth.h"

static const fdml_synth small = { .n_classes = 40,
                                  .per_class = 25,
                                  .dim = 16,
                                  .noise = 0.5,
                                  .minority_share = 0.25,
                                  .minority_noise = 2,
                                  .seed = 7 };
enum { N_FLOATS = 40 * 25 * 16 };

/* Mean squared deviation from the class mean, over the classes of one group. */
static double scatter(const float *x, const fdml_synth *s, int minority)
{
    double sum = 0;
    size_t n = 0;
    for (uint32_t c = 0; c < s->n_classes; c++) {
        if (fdml_synth_is_minority(s, c) != minority) continue;
        for (uint32_t d = 0; d < s->dim; d++) {
            const float *column = x + (size_t)c * s->per_class * s->dim + d;
            double mean = 0;
            for (uint32_t i = 0; i < s->per_class; i++)
                mean += column[i * s->dim] / s->per_class;
            for (uint32_t i = 0; i < s->per_class; i++, n++)
                sum += (column[i * s->dim] - mean) * (column[i * s->dim] - mean);
        }
    }
    return sum / (double)n;
}

Test(data_synth, minority_scatters_as_asked)
{
    static float x[N_FLOATS];
    uint32_t n_minority = 0;
    fdml_synth_embeddings(x, &small);
    for (uint32_t c = 0; c < small.n_classes; c++)
        n_minority += (uint32_t)fdml_synth_is_minority(&small, c);
    cr_assert_eq(n_minority, 10u);
    /* sigma^2 / dim, less one degree of freedom per class */
    const double want = 0.5 * 0.5 / 16 * 24 / 25;
    cr_assert_float_eq(scatter(x, &small, 0) / want, 1, 0.05);
    cr_assert_float_eq(scatter(x, &small, 1) / (4 * want), 1, 0.08);
}

Test(data_synth, bits_follow_from_the_arguments)
{
    static float x[N_FLOATS], y[N_FLOATS];
    fdml_synth_embeddings(x, &small);
    fdml_synth_embeddings(y, &small);
    cr_assert_eq(memcmp(x, y, sizeof x), 0);
    fdml_synth other = small;
    other.seed = 8;
    fdml_synth_embeddings(y, &other);
    cr_assert_neq(memcmp(x, y, sizeof x), 0);
    other = small;
    other.n_classes = 20; /* fewer classes: the same first rows */
    fdml_synth_embeddings(y, &other);
    cr_assert_eq(memcmp(x, y, sizeof x / 2), 0);
}

Test(data_synth, limits_are_named)
{
    fdml_error err;
    fdml_synth s = small;
    cr_assert_eq(fdml_synth_check(&s, &err), FDML_OK);
    s.n_classes = 1;
    cr_assert_eq(fdml_synth_check(&s, &err), FDML_E_ARG);
    cr_assert(strstr(err.text, "classes is 1"));
    s = small;
    s.minority_share = NAN;
    cr_assert_eq(fdml_synth_check(&s, &err), FDML_E_ARG);
    s = small;
    s.n_classes = 10000000, s.per_class = 100000;
    cr_assert_eq(fdml_synth_check(&s, &err), FDML_E_ARG);
}

Test(data_synth, npy_is_read_as_written)
{
    static const float x[6] = { 0, -0.f, 1.5f, -INFINITY, 3e-45f, 3.4e38f };
    unsigned char bytes[256];
    fdml_npy npy;
    FILE *file = tmpfile();
    cr_assert(file != NULL);
    cr_assert_eq(fdml_npy_write(file, x, 3, 2, NULL), FDML_OK);
    rewind(file);
    const size_t size = fread(bytes, 1, sizeof bytes, file);
    fclose(file);
    cr_assert_eq(fdml_npy_parse(&npy, bytes, size, "x", NULL), FDML_OK);
    cr_assert_eq(fdml_npy_check_size(&npy, size, "x", NULL), FDML_OK);
    cr_assert_str_eq(npy.descr, "<f4");
    cr_assert_eq(npy.shape[0], 3u);
    cr_assert_eq(npy.shape[1], 2u);
    cr_assert_eq(npy.data_offset % 64, 0u);
    cr_assert_eq(memcmp(bytes + npy.data_offset, x, sizeof x), 0);
    cr_assert_eq(fdml_npy_write(NULL, x, SIZE_MAX / 2, 4, NULL), FDML_E_ARG);
}
