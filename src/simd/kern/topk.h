/* topk.h - keeps the k best of a stream of scores, in order.
 *
 * Sixteen scores are compared with the k-th best at once; what passes is inserted. Values
 * arrive with ascending ids, so a score equal to the k-th best cannot displace it unless its
 * id is smaller, which the insertion decides.
 * SPDX-License-Identifier: MIT */

static void k_topk_merge(float *best, uint32_t *best_id, size_t k, const float *value, size_t n,
                         uint32_t first_id)
{
    for (size_t j = 0; j < n; j += VL) {
        const size_t left = n - j < VL ? n - j : VL;
        const vf v = left == VL ? vf_load(value + j) : vf_load_n(value + j, left, 0);
        const vm passes = vm_and(vf_le(vf_set1(best[k - 1]), v), vm_first(left));
        for (unsigned bits = vm_bits(passes); bits; bits &= bits - 1) {
            const size_t at = j + (size_t)__builtin_ctz(bits);
            fdml_topk_insert(best, best_id, k, value[at], first_id + (uint32_t)at);
        }
    }
}
