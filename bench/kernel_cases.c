/* kernel_cases.c - one case for every kernel, of the sizes that evaluation uses: a tile of
 * 96 x 512 scores, rows of 512; and of networks: a row of 56 pixels of 64 channels, sixteen
 * channels of 28 x 28. All of it stays in a 1 MiB cache.
 *
 * The table at the end expands kernels.def, so a kernel without a case does not link. Cases of
 * training are in train_cases.c.
 * SPDX-License-Identifier: MIT */
#include "kernel_cases.h"

#include <math.h>
#include <string.h>

#include "timing.h"

enum { ROWS = 96, COLS = 512, DIM = 512, N = ROWS * COLS, FLOORS = 4, MANY = 40, K_BEST = 10 };
enum { PEAK_STEPS = 20000 };
enum { CELL_COLUMNS = 8, CELLS = 32 }; /* of sum_by_cell */
/* A 3x3 convolution of 64 channels, its row of pixels; a 7x7 one of RGB; planes; their tiles.
 */
enum { PIXELS = 56, TAPS = 4 * 9, OUT = 4, RGB_PIXELS = 112, RGB_TAPS = 3 * 7 * 7 };
enum { SIDE = 28, PLANE = SIDE * SIDE, TILES = SIDE / 4 * (SIDE / 4), CHANNELS = 64 };
#define WORD 4.0 /* bytes of a float or a count */

static struct {
    float *x, *y;      /* [ROWS, DIM], [COLS, DIM] */
    float *a, *b;      /* panels, of any table: gemm takes as long for one as for another */
    float *c, *scores; /* tiles [ROWS, COLS]: written over; on [-1, 1) */
    float *zeros, *ones, *out, *bias;
    float *row_floors, *many_floors, *col_floors; /* ascending, above almost all scores */
    float *best;
    uint32_t *index, *code, *id, *begin, *end, *many_begin, *many_end, *many_id, *count,
        *best_id;
    fdml_hit *hits;
    uint16_t *cell; /* [N / 16, CELL_COLUMNS] */
    size_t n_hits;
    fdml_rows x_rows, y_rows;
    fdml_taps halves;                 /* three inputs for an output, DIM / 2 of them */
    float *weights, *pixels, *planes; /* of networks, as large as any case wants */
    float *points, *wino_weights, *split, *join;
    size_t offset[TAPS], rgb_offset[RGB_TAPS], tile_offset[CHANNELS / 16];
} d;

static uint32_t *counts(size_t n)
{
    return (uint32_t *)(void *)bench_floats(n); /* the same size and alignment */
}

/* Rows of a plane that is padded by one pixel, or three on the left and right of RGB. */
static void prepare_networks(void)
{
    d.weights = bench_floats(TAPS * 16 * OUT * 16), d.pixels = bench_floats(CHANNELS * PLANE);
    d.planes = bench_floats(CHANNELS * PLANE), d.points = bench_floats(36 * TILES * 16);
    bench_uniform(d.weights, TAPS * 16 * OUT * 16, 6);
    bench_uniform(d.pixels, CHANNELS * PLANE, 7);
    bench_uniform(d.points, 36 * TILES * 16, 8);
    d.wino_weights = bench_floats(36 * 16 * OUT * 16);
    d.split = bench_floats(36 * CHANNELS * TILES), d.join = bench_floats(36 * CHANNELS * TILES);
    bench_uniform(d.split, 36 * CHANNELS * TILES, 9);
    for (size_t b = 0; b < TAPS; b++)
        d.offset[b] = (b / 3 * (PIXELS + 2) + b % 3) * 16; /* [4, 3, PIXELS + 2, 16] */
    for (size_t b = 0; b < CHANNELS / 16; b++) d.tile_offset[b] = b * TILES * 16;
    for (size_t b = 0; b < RGB_TAPS; b++) d.rgb_offset[b] = b / 7 * (RGB_PIXELS + 6) + b % 7;
}

void kernel_cases_prepare(void)
{
    d.x = bench_floats(ROWS * DIM), d.y = bench_floats(COLS * DIM);
    d.a = bench_floats((ROWS + 64) * DIM), d.b = bench_floats((COLS + 64) * DIM);
    d.c = bench_floats(N), d.scores = bench_floats(N), d.out = bench_floats(N);
    d.zeros = bench_floats(N), d.ones = bench_floats(N), d.bias = bench_floats(COLS);
    d.row_floors = bench_floats(ROWS * FLOORS), d.many_floors = bench_floats(ROWS * MANY);
    d.col_floors = bench_floats(COLS * FLOORS), d.best = bench_floats(ROWS);
    d.index = counts(N), d.code = counts(COLS), d.id = counts(COLS), d.count = counts(N);
    d.begin = counts(ROWS), d.end = counts(ROWS), d.best_id = counts(ROWS);
    d.many_begin = counts(ROWS), d.many_end = counts(ROWS);
    d.many_id = counts(ROWS * MANY);
    d.hits = (fdml_hit *)(void *)bench_floats(2 * N);
    bench_uniform(d.x, ROWS * DIM, 1);
    bench_uniform(d.y, COLS * DIM, 2);
    bench_uniform(d.scores, N, 3);
    bench_uniform(d.a, (ROWS + 64) * DIM, 4);
    bench_uniform(d.b, (COLS + 64) * DIM, 5);
    for (size_t i = 0; i < N; i++) d.ones[i] = 1, d.index[i] = (uint32_t)(i * 7919 % N);
    for (size_t i = 0; i < COLS; i++) d.id[i] = (uint32_t)i, d.code[i] = (uint32_t)(i % 5);
    for (size_t i = 0; i < ROWS; i++) {
        d.begin[i] = (uint32_t)(i * FLOORS), d.end[i] = d.begin[i] + FLOORS;
        d.many_begin[i] = (uint32_t)(i * MANY), d.many_end[i] = d.many_begin[i] + MANY;
    }
    for (size_t i = 0; i < ROWS * FLOORS; i++)
        d.row_floors[i] = 0.98f + 0.005f * (float)(i % FLOORS);
    for (size_t i = 0; i < ROWS * MANY; i++)
        d.many_floors[i] = 0.6f + 0.01f * (float)(i % MANY);
    for (size_t i = 0; i < COLS * FLOORS; i++) /* [COLS / 16, FLOORS, 16] */
        d.col_floors[i] = 0.98f + 0.005f * (float)(i / 16 % FLOORS);
    uint32_t *taps = counts(5 * DIM / 2);
    for (uint32_t i = 0; i < DIM / 2; i++) {
        taps[i] = 2 * i, taps[DIM / 2 + i] = i + 1 < DIM / 2 ? 3 : 2;
        for (int t = 0; t < 3; t++) taps[DIM + 3 * i + (uint32_t)t] = (1u << FDML_TAP_BITS) / 3;
    }
    d.cell = (uint16_t *)counts(N / 16 * CELL_COLUMNS / 2);
    for (size_t i = 0; i < N / 16; i++)
        for (size_t j = 0; j < CELL_COLUMNS; j++)
            d.cell[i * CELL_COLUMNS + j] = (uint16_t)(j * CELLS + (i * 7919 >> j) % CELLS);
    d.halves = (fdml_taps){ taps, taps + DIM / 2, taps + DIM, 3, DIM / 2 };
    prepare_networks();
    train_cases_prepare();
    d.x_rows = (fdml_rows){ .x = d.x, .stride = DIM, .n = ROWS };
    d.y_rows = (fdml_rows){ .x = d.y, .stride = DIM, .n = COLS };
}

static fdml_tile tile(float *c)
{
    return (fdml_tile){ .c = c, .stride = COLS, .n_rows = ROWS, .n_cols = COLS };
}

static fdml_conv_rows convolution(size_t n_taps, const size_t *offset, size_t n_rows)
{
    return (fdml_conv_rows){ .out = d.planes,
                             .out_stride = n_rows * 16,
                             .in = d.pixels,
                             .offset = offset,
                             .n_blocks = n_taps,
                             .weights = d.weights,
                             .n_rows = n_rows,
                             .n_out = OUT,
                             .bias = d.bias,
                             .low = 0,
                             .high = INFINITY };
}

static fdml_winograd winograd(void)
{
    return (fdml_winograd){ .plane = d.pixels,
                            .out = d.planes,
                            .height = SIDE,
                            .width = SIDE,
                            .pad_top = 1,
                            .pad_left = 1,
                            .tiles_x = SIDE / 4,
                            .n_tiles = TILES,
                            .points = d.points,
                            .point_stride = TILES * 16,
                            .bias = d.bias,
                            .low = 0,
                            .high = INFINITY };
}

/* Of 3x3 weights, 64 channels to one panel. */
static fdml_winograd_panel panel(const fdml_kernels *k)
{
    return (fdml_winograd_panel){ .g = d.weights,
                                  .n_blocks = CHANNELS / 16,
                                  .width = k->tile_cols,
                                  .split = d.split,
                                  .offset = d.tile_offset,
                                  .join = d.join,
                                  .split_stride = CHANNELS * TILES,
                                  .join_stride = k->tile_cols * TILES,
                                  .out_stride = 16 * TILES,
                                  .n_tiles = TILES };
}

static fdml_window_rows window(size_t stride)
{
    return (fdml_window_rows){ .in = d.pixels,
                               .out = d.planes,
                               .height = SIDE,
                               .width = SIDE,
                               .out_width = SIDE / stride,
                               .kernel_y = 3,
                               .kernel_x = 3,
                               .stride_y = stride,
                               .stride_x = stride,
                               .dilation_y = 1,
                               .dilation_x = 1,
                               .pad_top = 1,
                               .pad_left = 1,
                               .n_rows = SIDE / stride,
                               .weights = d.weights,
                               .bias = d.bias,
                               .low = 0,
                               .high = 6 };
}

static void affine_with_all(const fdml_kernels *k)
{
    const fdml_affine job = { .out = d.planes,
                              .x = d.pixels,
                              .n_pixels = PLANE,
                              .scale = d.x,
                              .shift = d.y,
                              .add = d.pixels + PLANE * 16,
                              .multiply = d.x + 16,
                              .slope = d.y + 16,
                              .low = -INFINITY,
                              .high = INFINITY };
    k->block_affine(&job);
}

CASE(pack_a, 0, 2 * WORD * ROWS * DIM, k->pack_a(d.a, &d.x_rows, DIM))
CASE(pack_b, 0, 2 * WORD * COLS * DIM, k->pack_b(d.b, &d.y_rows, DIM))
CASE(gemm, 2.0 * N * DIM, WORD *(ROWS *DIM + COLS * DIM + N),
     k->gemm(d.c, COLS, d.a, d.b, ROWS, COLS, DIM, 0))
CASE(chain_norms2, 2.0 * ROWS * DIM, WORD *ROWS *DIM, k->chain_norms2(d.out, &d.x_rows, DIM))
CASE(inverse_norms, 2.0 * ROWS * DIM, WORD *ROWS *DIM, k->inverse_norms(d.out, d.x, ROWS, DIM))
CASE(standard_rows, 0, 2 * WORD * ROWS * DIM,
     k->standard_rows(d.out, DIM, &d.x_rows, d.x, d.y, DIM))
CASE(dot_rows, 2.0 * ROWS * DIM, WORD *ROWS *DIM, k->dot_rows(d.out, d.y, d.x, ROWS, DIM))
CASE(sqdist_rows, 3.0 * ROWS * DIM, WORD *ROWS *DIM, k->sqdist_rows(d.out, d.y, d.x, ROWS, DIM))

/* In place, again and again: biases for which the values stay ordinary numbers. */
CASE(negate_sqdist, 0, 2 * WORD * N, const fdml_tile t = tile(d.zeros);
     k->negate_sqdist(&t, d.bias, d.bias))
CASE(potential, 0, 2 * WORD * N, const fdml_tile t = tile(d.c);
     k->potential(&t, 0.5f, d.ones, d.bias))
CASE(distance, 0, 2 * WORD * N, const fdml_tile t = tile(d.c);
     k->distance(&t, 1, d.ones, d.bias))

CASE(scan_above, 0, WORD *N, const fdml_tile t = tile(d.scores);
     k->scan_above(d.hits, &d.n_hits, &t, d.col_floors, d.col_floors))
CASE(count_rows, 0, WORD *N, const fdml_tile t = tile(d.scores);
     k->count_rows(d.count, &t, d.row_floors, d.begin, d.end))
CASE(bump_rows, 0, WORD *N, const fdml_tile t = tile(d.scores);
     k->bump_rows(d.count, &t, d.many_floors, d.many_id, d.many_begin, d.many_end, d.id))
CASE(count_cols, 0, WORD *N, const fdml_tile t = tile(d.scores);
     k->count_cols(d.count, &t, d.col_floors, FLOORS))
CASE(group_sums, 0, 2 * WORD * N, const fdml_tile t = tile(d.scores);
     k->group_sums(d.out, d.out + ROWS, &t, d.code, d.code))
CASE(argmax_rows, 0, WORD *N, const fdml_tile t = tile(d.scores);
     k->argmax_rows(d.best, d.best_id, &t, d.bias, d.id))

static void topk_of_each_row(const fdml_kernels *k)
{
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t r = 0; r < K_BEST; r++) d.best[r] = -INFINITY, d.best_id[r] = 0xffffffffu;
        k->topk_merge(d.best, d.best_id, K_BEST, d.scores + i * COLS, COLS, 0);
    }
}
CASE(topk_merge, 0, WORD *N, topk_of_each_row(k))
CASE(pick_floors, 0, 4 * WORD * N, k->pick_floors(d.out, d.scores, d.ones, d.index, N, N / 2))
CASE(count_equal, 0, WORD *N, k->count_equal(d.count, d.scores, N, 0.5f))
CASE(sum_by_cell, 1.0 * N * CELL_COLUMNS, WORD *N,
     k->sum_by_cell(d.out, d.scores, NULL, N / 16, d.cell, CELL_COLUMNS, CELL_COLUMNS))
CASE(philox_columns, 0, WORD *N, k->philox_columns(d.count, COLS, ROWS, d.index, d.index, COLS))
static void gather_case(const fdml_kernels *k)
{
    const fdml_gather job = { .value = d.scores,
                              .column = d.code,
                              .n = COLS / 8,
                              .n_entries = 8,
                              .w = d.x,
                              .bias = d.bias,
                              .out = d.bias,
                              .width = 64 };
    k->gather_scores((double *)(void *)d.out, &job);
}
CASE(gather_scores, COLS * 2.0 * 64, WORD *COLS * 64, gather_case(k))
CASE(logistic_double, 0, 2 * 2 * WORD * N / 2,
     k->logistic_double((double *)(void *)d.out, N / 2))
CASE(bin_rows, 0, 2 * WORD * N, k->bin_rows(d.count, d.scores, N, -1, 2048, 4096))
CASE(exp_rows, 0, 2 * WORD * N, k->exp_rows(d.out, d.scores, N))
CASE(log_rows, 0, 2 * WORD * N, k->log_rows(d.out, d.ones, N))
CASE(softmax_rows, 0, 2 * WORD * N,
     k->softmax_rows(d.c, d.out, d.out + ROWS, ROWS, COLS, COLS, d.ones))
CASE(hinge_rows, 0, 2 * WORD * N, k->hinge_rows(d.c, d.out, ROWS, COLS, COLS, d.zeros))
CASE(activate, 0, 2 * WORD * N, k->activate(d.out, d.scores, N, FDML_ACT_SIGMOID, 0, 0))
CASE(activate_double, 0, 2 * 2 * WORD * N / 2,
     k->activate_double((double *)(void *)d.out, (const double *)(const void *)d.zeros, N / 2,
                        FDML_ACT_SIGMOID, 0, 0))
CASE(combine, 0, 3 * WORD * N, k->combine(d.out, d.scores, d.ones, N, FDML_COMBINE_ADD))
CASE(add_scaled, 2.0 * N, 3 * WORD * N, k->add_scaled(d.out, d.scores, 0, N))
CASE(pow_double, 0, 3 * 2 * WORD * N / 2,
     k->pow_double((double *)(void *)d.out, (const double *)(const void *)d.zeros,
                   (const double *)(const void *)d.zeros, N / 2))

/* Four rows of a picture of DIM pixels; DIM rows of which DIM / 2 are made. */
static void resize_four_rows(const fdml_kernels *k)
{
    unsigned char *out = (unsigned char *)d.out, *to[4];
    const unsigned char *from[4];
    for (int r = 0; r < 4; r++) {
        from[r] = (const unsigned char *)d.x + 3 * DIM * r;
        to[r] = out + 3 * DIM / 2 * r;
    }
    k->resize_across(to, from, &d.halves, out + 6 * DIM);
}
CASE(resize_across, 0, 4 * 4.5 * DIM, resize_four_rows(k))
CASE(resize_down, 0, 1.5 * 256 * DIM,
     k->resize_down((unsigned char *)d.out, (const unsigned char *)d.x, 256, 256, &d.halves))

CASE(conv_rows, 2.0 * PIXELS * OUT * 16 * TAPS * 16, 0,
     const fdml_conv_rows job = convolution(TAPS, d.offset, PIXELS);
     k->conv_rows(&job))
CASE(conv_planes, 2.0 * RGB_PIXELS * OUT * 16 * RGB_TAPS, 0,
     const fdml_conv_rows job = convolution(RGB_TAPS, d.rgb_offset, RGB_PIXELS);
     k->conv_planes(&job))
CASE(winograd_weights, 0, WORD *(9 + 36) * 16 * OUT * 16,
     k->winograd_weights(d.wino_weights, 16 * OUT * 16, d.weights, 16 * OUT * 16 / k->tile_cols,
                         k->tile_cols))
CASE(winograd_panel, 2.0 * 36 * TILES * CHANNELS * (double)k->tile_cols, 0,
     const fdml_winograd_panel job = panel(k);
     k->winograd_panel(&job))
CASE(winograd_split, 0, WORD * 16 * (PLANE + 36 * TILES), const fdml_winograd job = winograd();
     k->winograd_split(&job))
CASE(winograd_join, 0, WORD * 16 * (PLANE + 36 * TILES), const fdml_winograd job = winograd();
     k->winograd_join(&job))
CASE(depthwise, 2.0 * 9 * PLANE * 16, 0, const fdml_window_rows job = window(1);
     k->depthwise(&job))
CASE(pool_max, 0, WORD * 16 * (PLANE + PLANE / 4), const fdml_window_rows job = window(2);
     k->pool_max(&job))
CASE(pool_mean, 0, WORD * 16 * (PLANE + PLANE / 4), const fdml_window_rows job = window(2);
     k->pool_mean(&job))
CASE(planes_to_blocks, 0, 2 * WORD * CHANNELS * PLANE,
     k->planes_to_blocks(d.pixels, d.planes, CHANNELS, PLANE))
CASE(blocks_to_planes, 0, 2 * WORD * CHANNELS * PLANE,
     k->blocks_to_planes(d.planes, d.pixels, CHANNELS, PLANE))
CASE(block_affine, 0, 3 * WORD * 16 * PLANE, affine_with_all(k))
CASE(block_mean, 0, WORD * 16 * PLANE, k->block_mean(d.out, d.pixels, PLANE))

/* Sixteen blocks beside each other; rows of SAMPLES. */
enum { BLOCKS = 16, SAMPLES = 4096 };
static void transform_blocks(const fdml_kernels *k)
{
    fdml_block blocks[BLOCKS];
    int16_t coefficients[64 * BLOCKS];
    for (int i = 0; i < BLOCKS; i++)
        blocks[i] = (fdml_block){ (unsigned char *)d.out + 8 * i, 8 * BLOCKS };
    for (int i = 0; i < 64 * BLOCKS; i++) coefficients[i] = (int16_t)(i % 37 - 18);
    k->idct_blocks(blocks, coefficients, BLOCKS);
}
#define SAMPLE(i) ((const unsigned char *)d.x + (i)*SAMPLES)
CASE(idct_blocks, 0, 3.0 * 64 * BLOCKS, transform_blocks(k))
CASE(upsample_across, 0, 3.0 * SAMPLES,
     k->upsample_across((unsigned char *)d.out, SAMPLE(0), SAMPLES))
CASE(upsample_down, 0, 3.0 * SAMPLES,
     k->upsample_down((unsigned char *)d.out, SAMPLE(0), SAMPLE(1), SAMPLES, 1))
CASE(upsample_both, 0, 4.0 * SAMPLES,
     k->upsample_both((unsigned char *)d.out, SAMPLE(0), SAMPLE(1), SAMPLES, d.count))
CASE(ycc_to_rgb, 0, 6.0 * SAMPLES,
     k->ycc_to_rgb((unsigned char *)d.out, SAMPLE(0), SAMPLE(1), SAMPLE(2), SAMPLES))

CASE(adam_step, 0, 7 * WORD * N,
     const fdml_adam job = { d.out, d.c, d.join, d.scores, N, 1, INFINITY, 0, 1, 0.9f, 0.1f,
                             0.999f, 1e-3f, 0, 1, 1e-8f };
     k->adam_step(&job))
CASE(sgd_step, 0, 5 * WORD * N,
     const fdml_sgd job = { d.out, d.c, d.scores, N, 1, INFINITY, 0, 0, 0.9f, 0 };
     k->sgd_step(&job))
CASE(sum_squares, 0, WORD *N, double sum; k->sum_squares(&sum, d.scores, N);
     d.best[0] = (float)sum)

CASE(fma_peak, 2.0 * PEAK_STEPS * (double)(k->tile_rows * k->tile_cols), 0,
     float sink[16] = { 0.5f };
     k->fma_peak(sink, PEAK_STEPS))

static const kernel_case cases[] = {
#define KERNEL(name, params) { #name, run_##name, flops_##name, bytes_##name },
#include "simd/kernels.def"
#undef KERNEL
};

const kernel_case *kernel_case_at(size_t index)
{
    return index < sizeof cases / sizeof *cases ? &cases[index] : NULL;
}
