/* resize.h - kernels that resample pictures: weighted sums of bytes in whole numbers.
 *
 * The arithmetic is Pillow's (weights of 22 bits, a half added, shifted), so the bytes are,
 * too. Across, sixteen lanes are four rows of one pixel each: a weight then serves a whole
 * vector, with no sum over lanes, at the price of gathering the rows once. Down, they are
 * sixteen neighbours of one row. SPDX-License-Identifier: MIT */

#define TAP_HALF (1u << (FDML_TAP_BITS - 1))
enum { QUAD = 16 }; /* bytes: four rows, red green blue and one unused */

/* Column x of four rows as QUAD bytes, for x from `begin` to `end`. Pixels are fetched four
 * bytes at a time, except the last, behind which the picture may end. */
VEC void gather_rows(unsigned char *quads, const unsigned char *const in[4], size_t begin,
                     size_t end)
{
    for (size_t x = begin; x + 1 < end; x++, quads += QUAD)
        for (int r = 0; r < 4; r++) memcpy(quads + 4 * r, in[r] + 3 * x, 4);
    for (int r = 0; r < 4; r++) memcpy(quads + 4 * r, in[r] + 3 * (end - 1), 3);
}

static void k_resize_across(unsigned char *const out[4], const unsigned char *const in[4],
                            const fdml_taps *taps, unsigned char *scratch)
{
    if (!taps->n) return;
    const size_t begin = taps->first[0], last = taps->n - 1;
    gather_rows(scratch, in, begin, taps->first[last] + (size_t)taps->count[last]);
    for (size_t i = 0; i < taps->n; i++) {
        const unsigned char *quads = scratch + (taps->first[i] - begin) * QUAD;
        const uint32_t *weight = taps->weight + i * taps->stride;
        vu sum = vu_set1(TAP_HALF);
        for (uint32_t t = 0; t < taps->count[i]; t++)
            sum = vu_add(sum, vu_mul(vu_load_u8(quads + t * QUAD), vu_set1(weight[t])));
        unsigned char pixel[QUAD];
        vu_store_u8(pixel, vu_shr(sum, FDML_TAP_BITS));
        if (i < last) /* the fourth byte is overwritten by the next pixel */
            for (int r = 0; r < 4; r++) memcpy(out[r] + 3 * i, pixel + 4 * r, 4);
        else
            for (int r = 0; r < 4; r++) memcpy(out[r] + 3 * i, pixel + 4 * r, 3);
    }
}

VEC vu weigh_rows(const unsigned char *in, size_t in_stride, const uint32_t *weight,
                  uint32_t count)
{
    vu sum = vu_set1(TAP_HALF);
    for (uint32_t t = 0; t < count; t++, in += in_stride)
        sum = vu_add(sum, vu_mul(vu_load_u8(in), vu_set1(weight[t])));
    return vu_shr(sum, FDML_TAP_BITS);
}

static void k_resize_down(unsigned char *out, const unsigned char *in, size_t in_stride,
                          size_t n_bytes, const fdml_taps *taps)
{
    for (size_t i = 0; i < taps->n; i++, out += n_bytes) {
        const unsigned char *row = in + taps->first[i] * in_stride;
        const uint32_t *weight = taps->weight + i * taps->stride, count = taps->count[i];
        size_t j = 0;
        for (; j + VL <= n_bytes; j += VL)
            vu_store_u8(out + j, weigh_rows(row + j, in_stride, weight, count));
        if (j == n_bytes) continue;
        unsigned char rest[VL] = { 0 };
        vu sum = vu_set1(TAP_HALF);
        for (uint32_t t = 0; t < count; t++) {
            memcpy(rest, row + t * in_stride + j, n_bytes - j);
            sum = vu_add(sum, vu_mul(vu_load_u8(rest), vu_set1(weight[t])));
        }
        vu_store_u8(rest, vu_shr(sum, FDML_TAP_BITS));
        memcpy(out + j, rest, n_bytes - j);
    }
}

#undef TAP_HALF
