/* combine.h - functions of two numbers, along rows of floats.
 * SPDX-License-Identifier: MIT */

/* clang-format off */
VEC vf pair_add(vf a, vf b) { return vf_add(a, b); }
VEC vf pair_sub(vf a, vf b) { return vf_sub(a, b); }
VEC vf pair_mul(vf a, vf b) { return vf_mul(a, b); }
VEC vf pair_div(vf a, vf b) { return vf_div(a, b); }
/* vf_max gives b where either is NaN: only NaN in a is missing. */
VEC vf pair_max(vf a, vf b) { return vf_select(vf_eq(a, a), vf_max(a, b), a); }
VEC vf pair_min(vf a, vf b) { return vf_select(vf_eq(a, a), vf_min(a, b), a); }
VEC vf pair_prelu(vf a, vf b) { return vf_select(vf_lt(a, vf_zero()), vf_mul(a, b), a); }
VEC vf pair_pow(vf a, vf b) { return vf_pow(a, b); }
/* clang-format on */

VEC vf operand(const float *p, vf one, int is_one, size_t i, size_t n)
{
    if (is_one) return one;
    return n - i >= VL ? vf_load(p + i) : vf_load_n(p + i, n - i, 1);
}

/* The loop of one pair of operands: which of them is a single value is known to the compiler
 * where it matters, in the whole sixteens. */
#define PAIR_LOOP(f, A, B)                                                                     \
    for (; i + VL <= n; i += VL) vf_store(y + i, pair_##f(A, B))
#define PAIR_ROW(KIND, f)                                                                      \
    case FDML_COMBINE_##KIND:                                                                  \
        if (is_one_a)                                                                          \
            PAIR_LOOP(f, one_a, vf_load(b + i));                                               \
        else if (is_one_b)                                                                     \
            PAIR_LOOP(f, vf_load(a + i), one_b);                                               \
        else                                                                                   \
            PAIR_LOOP(f, vf_load(a + i), vf_load(b + i));                                      \
        if (i < n)                                                                             \
            vf_store_n(y + i, n - i,                                                           \
                       pair_##f(operand(a, one_a, is_one_a, i, n),                             \
                                operand(b, one_b, is_one_b, i, n)));                           \
        break;

static void k_combine(float *y, const float *a, const float *b, size_t n, int kind)
{
    if (n == 0) return;
    const int is_one_a = (kind & FDML_COMBINE_ONE_A) != 0,
              is_one_b = (kind & FDML_COMBINE_ONE_B) != 0;
    const vf one_a = vf_set1(*a), one_b = vf_set1(*b);
    size_t i = 0;
    if (is_one_a && is_one_b) { /* one result for all: the loop below reads rows */
        float both[VL];
        k_combine(both, a, b, 1, kind & ~FDML_COMBINE_ONE_A & ~FDML_COMBINE_ONE_B);
        for (; i < n; i++) y[i] = both[0];
        return;
    }
    switch ((fdml_combine)(kind & 0xff)) {
        PAIR_ROW(ADD, add)
        PAIR_ROW(SUB, sub)
        PAIR_ROW(MUL, mul)
        PAIR_ROW(DIV, div)
        PAIR_ROW(MAX, max)
        PAIR_ROW(MIN, min)
        PAIR_ROW(PRELU, prelu)
        PAIR_ROW(POW, pow)
    case FDML_COMBINE_COUNT:
        break;
    }
}

#undef PAIR_LOOP
#undef PAIR_ROW

static void k_add_scaled(float *y, const float *x, float factor, size_t n)
{
    const vf f = vf_set1(factor);
    size_t i = 0;
    for (; i + VL <= n; i += VL) vf_store(y + i, vf_fma(f, vf_load(x + i), vf_load(y + i)));
    if (i == n) return;
    const vf last = vf_fma(f, vf_load_n(x + i, n - i, 0), vf_load_n(y + i, n - i, 0));
    vf_store_n(y + i, n - i, last);
}

static void k_pow_double(double *y, const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) y[i] = double_pow(a[i], b[i]);
}
