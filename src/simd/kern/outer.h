/* outer.h - the gradient of a convolution's weights: pixels' outer products, summed.
 *
 * For one place of the window, an input channel c and an output channel o the gradient is the
 * sum over pixels of x[c] * dy[o]. A tile has OUTER_ROWS input channels by TILE_VECS blocks of
 * output channels in registers, and walks over all pixels of the job: per pixel it loads
 * TILE_VECS vectors of dy and OUTER_ROWS single floats of x. The job's sum is one chain of
 * fused multiply-adds from 0, which is then added to what dw holds: chains stay short and the
 * tile does not show.
 *
 * Each height is a function of its own, for the reason that conv.h gives.
 *
 * SPDX-License-Identifier: MIT */

#define EACH_C _Pragma("GCC unroll 8") for (int i = 0; i < OUTER_ROWS && i < rows; i++)
#define EACH_O _Pragma("GCC unroll 2") for (int v = 0; v < TILE_VECS && v < vecs; v++)

VEC void outer_tile(const fdml_conv_outer *job, const float *x, const float *dy, float *dw,
                    const int rows, const int vecs)
{
    vf acc[OUTER_ROWS][TILE_VECS];
    EACH_C EACH_O acc[i][v] = vf_zero();
    const size_t step = job->x_step, stride = job->dy_stride;
    for (size_t image = 0; image < job->n_images; image++)
        for (size_t row = 0; row < job->n_rows; row++) {
            const float *a = x + image * job->x_image + row * job->x_row;
            const float *b = dy + image * job->dy_image + row * job->dy_row;
            for (size_t p = 0; p < job->n_cols; p++, a += step, b += VL) {
                vf column[TILE_VECS];
                EACH_O column[v] = vf_load(b + (size_t)v * stride);
                EACH_C
                {
                    const vf one = vf_set1(a[i]);
                    EACH_O acc[i][v] = vf_fma(one, column[v], acc[i][v]);
                }
            }
        }
    EACH_C EACH_O
    {
        float *at = dw + (size_t)v * job->dw_stride + (size_t)i * VL;
        vf_store(at, job->continues ? vf_add(vf_load(at), acc[i][v]) : acc[i][v]);
    }
}

typedef void (*outer_tile_fn)(const fdml_conv_outer *job, const float *x, const float *dy,
                              float *dw);
#define OUTER_HEIGHT(name, n, vecs)                                                            \
    static void outer_##name##_##n(const fdml_conv_outer *job, const float *x,                 \
                                   const float *dy, float *dw)                                 \
    {                                                                                          \
        outer_tile(job, x, dy, dw, n <= OUTER_ROWS ? n : 1, vecs);                             \
    }
#define OUTER_TILES(name, vecs)                                                                \
    OUTER_HEIGHT(name, 1, vecs)                                                                \
    OUTER_HEIGHT(name, 2, vecs)                                                                \
    OUTER_HEIGHT(name, 3, vecs)                                                                \
    OUTER_HEIGHT(name, 4, vecs)                                                                \
    OUTER_HEIGHT(name, 5, vecs)                                                                \
    OUTER_HEIGHT(name, 6, vecs)                                                                \
    OUTER_HEIGHT(name, 7, vecs)                                                                \
    OUTER_HEIGHT(name, 8, vecs)                                                                \
    static const outer_tile_fn outer_##name[9] = { NULL,                                       \
                                                   outer_##name##_1,                           \
                                                   outer_##name##_2,                           \
                                                   outer_##name##_3,                           \
                                                   outer_##name##_4,                           \
                                                   outer_##name##_5,                           \
                                                   outer_##name##_6,                           \
                                                   outer_##name##_7,                           \
                                                   outer_##name##_8 };
_Static_assert(OUTER_ROWS <= 8, "there is a function for every height of a tile");
OUTER_TILES(wide, TILE_VECS)
OUTER_TILES(one, 1)
#undef OUTER_TILES
#undef OUTER_HEIGHT

static void k_conv_outer(const fdml_conv_outer *job)
{
    const size_t n_tiles = (job->n_c + OUTER_ROWS - 1) / OUTER_ROWS;
    for (size_t o = 0, n; o < job->n_out; o += n) {
        n = o + TILE_VECS <= job->n_out ? TILE_VECS : 1;
        const float *dy = job->dy + o * job->dy_stride;
        float *dw = job->dw + o * job->dw_stride;
        for (size_t t = 0, c = 0; t < n_tiles; t++) {
            const size_t rows = (job->n_c - c + n_tiles - t - 1) / (n_tiles - t);
            (n == TILE_VECS ? outer_wide : outer_one)[rows](job, job->x + c, dy, dw + c * VL);
            c += rows;
        }
    }
}
