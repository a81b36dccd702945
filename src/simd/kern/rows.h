/* rows.h - kernels along rows: lengths, dot products, distances, exp and log.
 *
 * Reductions keep four accumulators of sixteen lanes: with fewer, the loop waits for its own
 * sum. Their number is fixed, so the result is the same on every machine.
 * SPDX-License-Identifier: MIT */

/* Runs STEP(x part, y part, accumulator) along two rows; the tail goes to s1. */
#define REDUCE_ROWS(STEP, x, y, n, s)                                                          \
    do {                                                                                       \
        size_t i_ = 0;                                                                         \
        for (; i_ + 4 * VL <= (n); i_ += 4 * VL) {                                             \
            s[0] = STEP(vf_load((x) + i_), vf_load((y) + i_), s[0]);                           \
            s[1] = STEP(vf_load((x) + i_ + VL), vf_load((y) + i_ + VL), s[1]);                 \
            s[2] = STEP(vf_load((x) + i_ + 2 * VL), vf_load((y) + i_ + 2 * VL), s[2]);         \
            s[3] = STEP(vf_load((x) + i_ + 3 * VL), vf_load((y) + i_ + 3 * VL), s[3]);         \
        }                                                                                      \
        for (; i_ + VL <= (n); i_ += VL)                                                       \
            s[0] = STEP(vf_load((x) + i_), vf_load((y) + i_), s[0]);                           \
        if (i_ < (n))                                                                          \
            s[1] = STEP(vf_load_n((x) + i_, (n)-i_, 0), vf_load_n((y) + i_, (n)-i_, 0), s[1]); \
    } while (0)

VEC vf step_sqdist(vf x, vf y, vf sum)
{
    const vf difference = vf_sub(x, y);
    return vf_fma(difference, difference, sum);
}

VEC float fold4(const vf s[4])
{
    return vf_sum(vf_add(vf_add(s[0], s[1]), vf_add(s[2], s[3])));
}

static float dot(const float *x, const float *y, size_t n)
{
    vf s[4] = { vf_zero(), vf_zero(), vf_zero(), vf_zero() };
    REDUCE_ROWS(vf_fma, x, y, n, s);
    return fold4(s);
}

static void k_dot_rows(float *out, const float *q, const float *rows, size_t n_rows, size_t dim)
{
    for (size_t i = 0; i < n_rows; i++) out[i] = dot(q, rows + i * dim, dim);
}

static void k_sqdist_rows(float *out, const float *q, const float *rows, size_t n_rows,
                          size_t dim)
{
    for (size_t i = 0; i < n_rows; i++) {
        vf s[4] = { vf_zero(), vf_zero(), vf_zero(), vf_zero() };
        REDUCE_ROWS(step_sqdist, q, rows + i * dim, dim, s);
        out[i] = fold4(s);
    }
}

/* Sixteen elements from x, as packing sees them, then standardised. */
VEC vf standard_lanes(vf x, const float *shift, vf scale, vf mean, vf factor, size_t n)
{
    if (shift) x = vf_sub(x, n == VL ? vf_load(shift) : vf_load_n(shift, n, 0));
    return vf_mul(vf_sub(vf_mul(x, scale), mean), factor);
}

static void k_standard_rows(float *y, size_t y_stride, const fdml_rows *rows, const float *mean,
                            const float *factor, size_t dim)
{
    for (size_t i = 0; i < rows->n; i++, y += y_stride) {
        const size_t id = rows->index ? rows->index[i] : rows->first + i;
        const float *x = rows->x + id * rows->stride, *shift = rows->shift;
        const vf scale = vf_set1(rows->scale ? rows->scale[id] : 1);
        size_t d = 0;
        for (; d + VL <= dim; d += VL)
            vf_store(y + d, standard_lanes(vf_load(x + d), shift ? shift + d : NULL, scale,
                                           vf_load(mean + d), vf_load(factor + d), VL));
        if (d == dim) continue;
        const size_t n = dim - d;
        vf_store_n(y + d, n,
                   standard_lanes(vf_load_n(x + d, n, 0), shift ? shift + d : NULL, scale,
                                  vf_load_n(mean + d, n, 0), vf_load_n(factor + d, n, 0), n));
    }
}

static float largest_magnitude(const float *x, size_t n)
{
    float largest = 0;
    for (size_t i = 0; i < n; i++)
        if (fabsf(x[i]) > largest) largest = fabsf(x[i]);
    return largest;
}

/* For rows whose sum of squares leaves the float range: divide by the largest element, a
 * power of two away from it, and give the factor back at the end. */
static float inverse_norm_scaled(const float *x, size_t n)
{
    const float largest = largest_magnitude(x, n);
    if (!(largest > 0) || isinf(largest)) return 0;
    int exponent;
    frexpf(largest, &exponent);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const double scaled = (double)ldexpf(x[i], -exponent);
        sum += scaled * scaled;
    }
    const float inverse = (float)ldexp(1 / sqrt(sum), -exponent);
    return isinf(inverse) ? 0 : inverse;
}

static void k_inverse_norms(float *inverse, const float *x, size_t n_rows, size_t dim)
{
    for (size_t i = 0; i < n_rows; i++) {
        const float *row = x + i * dim, norm2 = dot(row, row, dim);
        inverse[i] =
            norm2 > 1e-30f && norm2 < 1e30f ? 1 / sqrtf(norm2) : inverse_norm_scaled(row, dim);
    }
}

static void k_chain_norms2(float *norm2, const fdml_rows *rows, size_t dim)
{
    for (size_t i0 = 0; i0 < rows->n; i0 += VL) {
        const size_t n = rows->n - i0 < VL ? rows->n - i0 : VL;
        vf sum = vf_zero(); /* lane i belongs to row i0 + i */
        for (size_t d0 = 0; d0 < dim; d0 += VL) {
            const size_t n_dims = dim - d0 < VL ? dim - d0 : VL;
            vf block[VL];
            load_block(block, rows, i0, n, d0, n_dims);
            for (size_t d = 0; d < n_dims; d++) sum = vf_fma(block[d], block[d], sum);
        }
        vf_store_n(norm2 + i0, n, sum);
    }
}

#define MAP_ROW(f, y, x, n)                                                                    \
    do {                                                                                       \
        size_t i_ = 0;                                                                         \
        for (; i_ + VL <= (n); i_ += VL) vf_store((y) + i_, f(vf_load((x) + i_)));             \
        if (i_ < (n)) vf_store_n((y) + i_, (n)-i_, f(vf_load_n((x) + i_, (n)-i_, 1)));         \
    } while (0)

static void k_exp_rows(float *y, const float *x, size_t n)
{
    MAP_ROW(vf_exp, y, x, n);
}

static void k_log_rows(float *y, const float *x, size_t n)
{
    MAP_ROW(vf_log, y, x, n);
}

static void k_bin_rows(uint32_t *bin, const float *x, size_t n, float low, float inverse_width,
                       uint32_t n_bins)
{
    const vf last = vf_set1((float)(n_bins - 1)), from = vf_set1(low);
    const vf scale = vf_set1(inverse_width);
    for (size_t i = 0; i < n; i += VL) {
        const size_t left = n - i < VL ? n - i : VL;
        const vf v = left == VL ? vf_load(x + i) : vf_load_n(x + i, left, low);
        const vf place = vf_mul(vf_sub(v, from), scale);
        const vu b = vu_from_vf(vf_min(vf_max(place, vf_zero()), last));
        uint32_t lane[VL];
        if (left == VL) {
            vu_store(bin + i, b);
        } else {
            vu_store(lane, b);
            memcpy(bin + i, lane, left * sizeof *bin);
        }
    }
}
