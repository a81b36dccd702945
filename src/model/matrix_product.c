/* matrix_product.c - blocks of packed panels for float32, plain loops for the rest. See
 * matrix_product.h.
 * SPDX-License-Identifier: MIT */
#include "model/matrix_product.h"

#include <string.h>

#include "base/parallel.h"
#include "model/real.h"

/* A block packs ROWS x K_CHUNK of A and COLS x K_CHUNK of B, 60 and 128 KiB, and multiplies
 * them; packing one side again for each block of the other costs 1/COLS and 1/ROWS of that. 120
 * is a multiple of 5, 6 and 8, the tile heights. */
enum { ROWS = 120, COLS = 256, K_CHUNK = 128 };

typedef struct product_job {
    const fdml_product *product;
    const fdml_kernels *kernels;
    const double *a, *b;     /* of double */
    const uint64_t *ai, *bi; /* of integers */
    size_t n_row_blocks, n_col_blocks;
    float *panels; /* [threads][a_floats + b_floats + sum_floats] */
    size_t a_floats, b_floats, sum_floats;
} product_job;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool fdml_product_takes(fdml_type type)
{
    return fdml_type_is_real(type) || type == FDML_TYPE_I32 || type == FDML_TYPE_U32 ||
           type == FDML_TYPE_I64 || type == FDML_TYPE_U64;
}

/* Panels of a matrix that is stored with k outermost: rows of it, cut into pieces. */
static void pack_columns(float *panels, size_t width, const unsigned char *x, size_t row_items,
                         size_t n, size_t depth)
{
    for (size_t j = 0; j < n; j += width)
        for (size_t d = 0; d < depth; d++, panels += width) {
            const size_t some = smaller(width, n - j);
            memcpy(panels, x + (d * row_items + j) * sizeof *panels, some * sizeof *panels);
            for (size_t i = some; i < width; i++) panels[i] = 0;
        }
}

/* Rows r0.. (n of them) and steps k0.. (depth) of A or B as panels. */
static void pack_side(const product_job *job, float *panels, bool is_b, const float *x,
                      const size_t at[4])
{
    const fdml_product *p = job->product;
    const fdml_kernels *kernels = job->kernels;
    const size_t r0 = at[0], n = at[1], k0 = at[2], depth = at[3];
    const bool is_k_outermost = is_b ? !p->b_is_transposed : p->a_is_transposed;
    if (is_k_outermost) {
        const size_t row_items = is_b ? p->n : p->m;
        pack_columns(panels, is_b ? kernels->tile_cols : kernels->tile_rows,
                     (const unsigned char *)(x + k0 * row_items + r0), row_items, n, depth);
        return;
    }
    const fdml_rows rows = { .x = x + r0 * p->k + k0, .stride = p->k, .n = n };
    if (is_b)
        kernels->pack_b(panels, &rows, depth);
    else
        kernels->pack_a(panels, &rows, depth);
}

static void add_sums(float *c, size_t stride, const float *sums, size_t m, size_t n)
{
    for (size_t i = 0; i < m; i++, c += stride, sums += n)
        for (size_t j = 0; j < n; j++) c[j] += sums[j];
}

static void run_float_block(void *ctx, size_t block, int thread)
{
    const product_job *job = ctx;
    const fdml_product *p = job->product;
    const size_t j0 = block % job->n_col_blocks * COLS;
    block /= job->n_col_blocks;
    const size_t i0 = block % job->n_row_blocks * ROWS, pair = block / job->n_row_blocks;
    const size_t m = smaller(ROWS, p->m - i0), n = smaller(COLS, p->n - j0);
    const float *a =
        (const float *)p->a->data + (p->a_index ? p->a_index[pair] : 0) * p->m * p->k;
    const float *b =
        (const float *)p->b->data + (p->b_index ? p->b_index[pair] : 0) * p->k * p->n;
    float *c = (float *)p->c->data + pair * p->m * p->n + i0 * p->n + j0;
    float *a_panels =
        job->panels + (size_t)thread * (job->a_floats + job->b_floats + job->sum_floats);
    float *b_panels = a_panels + job->a_floats, *sums = b_panels + job->b_floats;
    if (!p->k) job->kernels->gemm(c, p->n, a_panels, b_panels, m, n, 0, 0);
    for (size_t k0 = 0; k0 < p->k; k0 += K_CHUNK) {
        const size_t depth = smaller(K_CHUNK, p->k - k0);
        pack_side(job, a_panels, false, a, (const size_t[]){ i0, m, k0, depth });
        pack_side(job, b_panels, true, b, (const size_t[]){ j0, n, k0, depth });
        job->kernels->gemm(k0 ? sums : c, k0 ? n : p->n, a_panels, b_panels, m, n, depth, 0);
        if (k0) add_sums(c, p->n, sums, m, n);
    }
}

static fdml_status run_float(product_job *job, const fdml_op_call *call, fdml_error *err)
{
    const fdml_product *p = job->product;
    const size_t n_threads = call->n_threads > 1 ? (size_t)call->n_threads : 1;
    const size_t depth = smaller(K_CHUNK, p->k);
    job->n_row_blocks = (p->m + ROWS - 1) / ROWS;
    job->n_col_blocks = (p->n + COLS - 1) / COLS;
    job->a_floats = fdml_panels_size(smaller(ROWS, p->m), depth, job->kernels->tile_rows);
    job->b_floats = fdml_panels_size(smaller(COLS, p->n), depth, job->kernels->tile_cols);
    job->sum_floats = smaller(ROWS, p->m) * smaller(COLS, p->n);
    FDML_TRY(fdml_op_scratch(call, &job->panels,
                             n_threads * (job->a_floats + job->b_floats + job->sum_floats),
                             sizeof *job->panels, err));
    fdml_parallel(p->n_pairs * job->n_row_blocks * job->n_col_blocks, call->n_threads,
                  run_float_block, job);
    return FDML_OK;
}

/* sum over k of a(i, k) b(k, j) for one row i and columns j0 .. j0+n-1. */
#define MULTIPLY_ROW(acc, a_all, b_all)                                                        \
    do {                                                                                       \
        const size_t a0 = (p->a_index ? p->a_index[pair] : 0) * p->m * p->k;                   \
        const size_t b0 = (p->b_index ? p->b_index[pair] : 0) * p->k * p->n;                   \
        for (size_t j = 0; j < n; j++) (acc)[j] = 0;                                           \
        for (size_t d = 0; d < p->k; d++)                                                      \
            for (size_t j = 0; j < n; j++)                                                     \
                (acc)[j] += (a_all)[a0 + (p->a_is_transposed ? d * p->m + i : i * p->k + d)] * \
                            (b_all)[b0 + (p->b_is_transposed ? (j0 + j) * p->k + d             \
                                                             : d * p->n + j0 + j)];            \
    } while (0)

static void store_bits(fdml_tensor *c, size_t first, const uint64_t *values, size_t n)
{
    const size_t size = fdml_type_size(c->type);
    unsigned char *to = (unsigned char *)c->data + first * size;
    for (size_t i = 0; i < n; i++) /* the low bytes come first: dtype.h */
        memcpy(to + i * size, values + i, size);
}

/* A block is up to COLS items of one row of C. */
static void run_plain_block(void *ctx, size_t block, int thread)
{
    (void)thread;
    const product_job *job = ctx;
    const fdml_product *p = job->product;
    const size_t j0 = block % job->n_col_blocks * COLS, n = smaller(COLS, p->n - j0);
    const size_t row = block / job->n_col_blocks, pair = row / p->m, i = row % p->m;
    if (job->ai) {
        uint64_t acc[COLS];
        MULTIPLY_ROW(acc, job->ai, job->bi);
        store_bits(p->c, row * p->n + j0, acc, n);
    } else {
        double acc[COLS];
        MULTIPLY_ROW(acc, job->a, job->b);
        fdml_reals_store(p->c, row * p->n + j0, acc, n);
    }
}

/* Integers as 64-bit patterns, sign-extended; products and sums of them modulo 2^64 end in the
 * right low bits for every narrower type. */
static fdml_status load_bits(const uint64_t **values, const fdml_tensor *x,
                             const fdml_op_call *call, fdml_error *err)
{
    uint64_t *copy = NULL;
    FDML_TRY(fdml_op_scratch(call, &copy, x->n_items, sizeof *copy, err));
    const size_t size = fdml_type_size(x->type);
    const unsigned char *from = x->data;
    for (size_t i = 0; i < x->n_items; i++, from += size) {
        copy[i] = 0;
        memcpy(copy + i, from, size);
        if (x->type == FDML_TYPE_I32) copy[i] = (uint64_t)(int64_t)(int32_t)copy[i];
    }
    *values = copy;
    return FDML_OK;
}

fdml_status fdml_product_run(const fdml_product *product, const fdml_op_call *call,
                             fdml_error *err)
{
    product_job job = { .product = product, .kernels = call->kernels };
    if (!product->c->n_items) return FDML_OK;
    if (product->a->type == FDML_TYPE_F32) return run_float(&job, call, err);
    if (fdml_type_is_real(product->a->type)) {
        FDML_TRY(fdml_reals_of(&job.a, product->a, call, err));
        FDML_TRY(fdml_reals_of(&job.b, product->b, call, err));
    } else {
        FDML_TRY(load_bits(&job.ai, product->a, call, err));
        FDML_TRY(load_bits(&job.bi, product->b, call, err));
    }
    job.n_col_blocks = (product->n + COLS - 1) / COLS;
    fdml_parallel(product->n_pairs * product->m * job.n_col_blocks, call->n_threads,
                  run_plain_block, &job);
    return FDML_OK;
}

/* Only read where it stands for a or b; a tensor's data have no const. */
static fdml_tensor matrix_of(const float *x, size_t rows, size_t columns)
{
    return (fdml_tensor){ .type = FDML_TYPE_F32,
                          .rank = 2,
                          .dim = { rows, columns },
                          .n_items = rows * columns,
                          .data = (float *)(uintptr_t)x };
}

fdml_status fdml_product_floats(const fdml_float_product *product,
                                const fdml_product_means *means, fdml_error *err)
{
    const fdml_tensor a = matrix_of(product->a, product->m, product->k);
    const fdml_tensor b = matrix_of(product->b, product->k, product->n);
    fdml_tensor c = matrix_of(product->c, product->m, product->n);
    const fdml_product job = { .a = &a,
                               .b = &b,
                               .c = &c,
                               .m = product->m,
                               .n = product->n,
                               .k = product->k,
                               .a_is_transposed = product->a_is_transposed,
                               .b_is_transposed = product->b_is_transposed,
                               .n_pairs = 1 };
    const fdml_op_call call = { .kernels = means->kernels,
                                .n_threads = means->n_threads,
                                .work = means->work };
    const fdml_arena_mark mark = fdml_arena_get_mark(means->work);
    const fdml_status status = fdml_product_run(&job, &call, err);
    fdml_arena_reset(means->work, mark);
    return status;
}
