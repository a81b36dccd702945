/* jpeg.h - kernels that turn a JPEG's coefficients into RGB, with libjpeg's bytes.
 *
 * Everything is whole numbers of 32 bits, so every backend agrees and no rounding depends on
 * the machine. Constants are those of the methods' definition times 2^13 (inverse DCT) and
 * 2^16 (colour), rounded.
 * SPDX-License-Identifier: MIT */

/* c * 2^13: Loeffler, Ligtenberg, Moschytz (ICASSP 1989), figure 1. c_k = sqrt(2) cos(k pi/16).
 */
enum {
    F_0_298 = 2446,  /* -c1 + c3 + c5 - c7 */
    F_0_390 = 3196,  /* c3 - c5 */
    F_0_541 = 4433,  /* c6 */
    F_0_765 = 6270,  /* c2 - c6 */
    F_0_899 = 7373,  /* c3 - c7 */
    F_1_175 = 9633,  /* c3 */
    F_1_501 = 12299, /* c1 + c3 - c5 - c7 */
    F_1_847 = 15137, /* c2 + c6 */
    F_1_961 = 16069, /* c3 + c5 */
    F_2_053 = 16819, /* c1 + c3 - c5 + c7 */
    F_2_562 = 20995, /* c1 + c3 */
    F_3_072 = 25172  /* c1 + c3 + c5 - c7 */
};

VEC vu times(vu a, int c)
{
    return vu_mul(a, vu_set1((uint32_t)c));
}

/* One dimension, of sixteen columns: r[0..7] become outputs, `bias` added and shifted. */
VEC void idct_columns(vu r[8], uint32_t bias, int shift)
{
    const vu even = times(vu_add(r[2], r[6]), F_0_541);
    const vu t2 = vu_sub(even, times(r[6], F_1_847)), t3 = vu_add(even, times(r[2], F_0_765));
    const vu b = vu_set1(bias);
    const vu t0 = vu_add(vu_shl(vu_add(r[0], r[4]), 13), b);
    const vu t1 = vu_add(vu_shl(vu_sub(r[0], r[4]), 13), b);
    const vu e0 = vu_add(t0, t3), e3 = vu_sub(t0, t3), e1 = vu_add(t1, t2), e2 = vu_sub(t1, t2);

    const vu z3 = vu_add(r[7], r[3]), z4 = vu_add(r[5], r[1]);
    const vu z5 = times(vu_add(z3, z4), F_1_175);
    const vu a3 = vu_sub(z5, times(z3, F_1_961)), a4 = vu_sub(z5, times(z4, F_0_390));
    const vu a1 = times(vu_add(r[7], r[1]), -F_0_899), a2 = times(vu_add(r[5], r[3]), -F_2_562);
    const vu o0 = vu_add(times(r[7], F_0_298), vu_add(a1, a3));
    const vu o1 = vu_add(times(r[5], F_2_053), vu_add(a2, a4));
    const vu o2 = vu_add(times(r[3], F_3_072), vu_add(a2, a3));
    const vu o3 = vu_add(times(r[1], F_1_501), vu_add(a1, a4));

    r[0] = vu_sra(vu_add(e0, o3), shift), r[7] = vu_sra(vu_sub(e0, o3), shift);
    r[1] = vu_sra(vu_add(e1, o2), shift), r[6] = vu_sra(vu_sub(e1, o2), shift);
    r[2] = vu_sra(vu_add(e2, o1), shift), r[5] = vu_sra(vu_sub(e2, o1), shift);
    r[3] = vu_sra(vu_add(e3, o0), shift), r[4] = vu_sra(vu_sub(e3, o0), shift);
}

VEC void transpose(vu r[VL])
{
    vf f[VL];
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++) f[i] = vf_cast(r[i]);
    vf_transpose(f);
#pragma GCC unroll 16
    for (int i = 0; i < VL; i++) r[i] = vu_cast(f[i]);
}

/* Four blocks at a time, two beside each other in r[0..7] and two in r[8..15]: then transposing
 * all sixteen rows transposes every block, and exchanges the second with the third. */
static void idct_four(const fdml_block *block[4], const int16_t *in[4])
{
    vu r[VL];
    for (int i = 0; i < 8; i++) {
        r[i] = vu_load_i16(in[0] + 8 * i, in[1] + 8 * i);
        r[8 + i] = vu_load_i16(in[2] + 8 * i, in[3] + 8 * i);
    }
    /* columns keep two bits more; rows drop them, the 13 of the constants and the 3 of the
     * transform's scale, and move 0 to 128 */
    idct_columns(r, 1u << 10, 11), idct_columns(r + 8, 1u << 10, 11);
    transpose(r);
    idct_columns(r, (128u << 18) + (1u << 17), 18);
    idct_columns(r + 8, (128u << 18) + (1u << 17), 18);
    transpose(r);
    for (size_t i = 0; i < 8; i++) {
        unsigned char row[2 * VL];
        vu_store_u8(row, r[i]), vu_store_u8(row + VL, r[8 + i]);
        for (int b = 0; b < 4; b++)
            memcpy(block[b]->out + i * block[b]->row_stride, row + 8 * b, 8);
    }
}

static void k_idct_blocks(const fdml_block *blocks, const int16_t *coefficients, size_t n)
{
    for (size_t i = 0; i < n; i += 4) {
        const fdml_block *block[4];
        const int16_t *in[4];
        for (size_t b = 0; b < 4; b++) { /* past the end the last one is made once more */
            const size_t which = i + b < n ? i + b : n - 1;
            block[b] = blocks + which, in[b] = coefficients + 64 * which;
        }
        idct_four(block, in);
    }
}

static void k_upsample_across(unsigned char *out, const unsigned char *row, size_t n)
{
    out[0] = row[0], out[2 * n - 1] = row[n - 1];
    out[1] = (unsigned char)((3 * row[0] + row[1] + 2) >> 2);
    size_t i = 1;
    for (; i + VL < n; i += VL) {
        const vu near = times(vu_load_u8(row + i), 3);
        const vu left = vu_add(vu_add(near, vu_load_u8(row + i - 1)), vu_set1(1));
        const vu right = vu_add(vu_add(near, vu_load_u8(row + i + 1)), vu_set1(2));
        vu_store_u16(out + 2 * i, vu_or(vu_shr(left, 2), vu_shl(vu_shr(right, 2), 8)));
    }
    for (; i + 1 < n; i++) {
        out[2 * i] = (unsigned char)((3 * row[i] + row[i - 1] + 1) >> 2);
        out[2 * i + 1] = (unsigned char)((3 * row[i] + row[i + 1] + 2) >> 2);
    }
    out[2 * n - 2] = (unsigned char)((3 * row[n - 1] + row[n - 2] + 1) >> 2);
}

static void k_upsample_down(unsigned char *out, const unsigned char *row,
                            const unsigned char *other, size_t n, int half)
{
    size_t i = 0;
    for (; i + VL <= n; i += VL) {
        const vu near = vu_add(times(vu_load_u8(row + i), 3), vu_set1((uint32_t)half));
        vu_store_u8(out + i, vu_shr(vu_add(near, vu_load_u8(other + i)), 2));
    }
    for (; i < n; i++) out[i] = (unsigned char)((3 * row[i] + other[i] + half) >> 2);
}

static void k_upsample_both(unsigned char *out, const unsigned char *row,
                            const unsigned char *other, size_t n, uint32_t *scratch)
{
    uint32_t *sum = scratch + VL;
    size_t i = 0;
    for (; i + VL <= n; i += VL)
        vu_store(sum + i, vu_add(times(vu_load_u8(row + i), 3), vu_load_u8(other + i)));
    for (; i < n; i++) sum[i] = 3u * row[i] + other[i];
    sum[-1] = sum[0], sum[n] = sum[n - 1]; /* the ends are their own neighbours */
    for (i = 0; i + VL <= n; i += VL) {
        const vu near = times(vu_load(sum + i), 3);
        const vu left = vu_add(vu_add(near, vu_load(sum + i - 1)), vu_set1(8));
        const vu right = vu_add(vu_add(near, vu_load(sum + i + 1)), vu_set1(7));
        vu_store_u16(out + 2 * i, vu_or(vu_shr(left, 4), vu_shl(vu_shr(right, 4), 8)));
    }
    for (; i < n; i++) {
        const uint32_t *here = sum + i;
        out[2 * i] = (unsigned char)((3 * here[0] + here[-1] + 8) >> 4);
        out[2 * i + 1] = (unsigned char)((3 * here[0] + here[1] + 7) >> 4);
    }
}

/* JFIF: r = y + 1.402 cr, g = y - 0.34414 cb - 0.71414 cr, b = y + 1.772 cb, with cb and cr
 * less 128; c * 2^16. */
enum { F_1_402 = 91881, F_1_772 = 116130, F_0_714 = 46802, F_0_344 = 22554 };

VEC vu ycc_lanes(vu y, vu cb, vu cr)
{
    const vu middle = vu_set1(128), half = vu_set1(1u << 15);
    const vu b = vu_sub(cb, middle), r = vu_sub(cr, middle);
    const vu red = vu_sra(vu_add(times(r, F_1_402), half), 16);
    const vu blue = vu_sra(vu_add(times(b, F_1_772), half), 16);
    const vu less = vu_add(times(b, F_0_344), times(r, F_0_714));
    const vu green = vu_sra(vu_sub(half, less), 16);
    return vu_or(vu_clamp_u8(vu_add(y, red)), vu_or(vu_shl(vu_clamp_u8(vu_add(y, green)), 8),
                                                    vu_shl(vu_clamp_u8(vu_add(y, blue)), 16)));
}

static void k_ycc_to_rgb(unsigned char *rgb, const unsigned char *y, const unsigned char *cb,
                         const unsigned char *cr, size_t n)
{
    size_t i = 0;
    for (; i + VL <= n; i += VL)
        vu_store_rgb(rgb + 3 * i,
                     ycc_lanes(vu_load_u8(y + i), vu_load_u8(cb + i), vu_load_u8(cr + i)));
    if (i == n) return;
    unsigned char rest[3][VL] = { { 0 } }, out[3 * VL];
    memcpy(rest[0], y + i, n - i), memcpy(rest[1], cb + i, n - i),
        memcpy(rest[2], cr + i, n - i);
    vu_store_rgb(out, ycc_lanes(vu_load_u8(rest[0]), vu_load_u8(rest[1]), vu_load_u8(rest[2])));
    memcpy(rgb + 3 * i, out, 3 * (n - i));
}
