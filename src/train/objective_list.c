/* objective_list.c - every objective once: name, what it computes, its numbers, its function.
 *
 * Names and starting values are those of Roth et al., "Revisiting training strategies and
 * generalization performance in deep metric learning" (ICML 2020), and of its public code where
 * the paper is silent; `source` names who proposed the loss. Formulas in full are in the files
 * of the functions.
 *
 * SPDX-License-Identifier: MIT */
#include "train/loss.h"

#include <string.h>

#include "base/option.h"

#define SETTINGS(array) .setting = (array), .n_settings = sizeof(array) / sizeof *(array)

/* { name, value, low, high, help, is_whole } */
static const fdml_objective_setting contrastive[] = {
    { "positive_margin", 0, 0, 4, "distance below which a positive is near enough", false },
    { "negative_margin", 1, 0, 4, "distance from which a negative is far enough", false },
};
static const fdml_objective_setting triplet[] = {
    { "margin", 0.2, 0, 4, "by which a negative is to be farther than a positive", false },
    { "squared", 1, 0, 1, "1: squared distances; 0: distances", true },
};
static const fdml_objective_setting margin[] = {
    { "gamma", 0.2, 0, 4, "margin on both sides of beta", false },
    { "beta", 1.2, 0, 4, "first value of every class's boundary", false },
    { "learn_beta", 1, 0, 1, "1: beta of each class is learned; 0: it stays", true },
};
static const fdml_objective_setting npair[] = {
    { "l2", 0.005, 0, 1000, "weight of the mean length of the embeddings", false },
};
static const fdml_objective_setting lifted[] = {
    { "margin", 1, 0, 100, "from which the distance of a negative counts little", false },
    { "l2", 0.005, 0, 1000, "weight of the mean length of the embeddings", false },
};
static const fdml_objective_setting arcface[] = {
    { "scale", 16, 0.01, 1000, "of the cosines", false },
    { "margin", 0.5, 0, 1.5, "added to the angle to the own class, in radians", false },
};
static const fdml_objective_setting proxynca[] = {
    { "scale", 3, 0.01, 100, "length to which embeddings and proxies are brought", false },
};
static const fdml_objective_setting multisimilarity[] = {
    { "alpha", 2, 0.01, 1000, "steepness for positives", false },
    { "beta", 40, 0.01, 1000, "steepness for negatives", false },
    { "lambda", 0.5, -1, 1, "similarity between near and far", false },
    { "eps", 0.1, 0, 10, "of the mining of pairs: by how much a pair may be too easy", false },
};
static const fdml_objective_setting snr[] = {
    { "margin", 0.2, 0, 100, "by which a negative's ratio is to be larger than a positive's",
      false },
    { "reg", 0.005, 0, 1000, "weight of the mean |sum| of an anchor's embedding", false },
};
static const fdml_objective_setting histogram[] = {
    { "bins", 65, 2, 65536, "nodes of the histograms on [-1, 1]", true },
};
static const fdml_objective_setting quadruplet[] = {
    { "alpha1", 0.2, 0, 4, "margin against the anchor's negative", false },
    { "alpha2", 0.2, 0, 4, "margin against the distance of two negatives", false },
};
static const fdml_objective_setting angular[] = {
    { "angle", 45, 0, 80, "bound of the angle at the negative, in degrees", false },
    { "lambda", 2, 0, 1000, "weight of the angular term", false },
};
static const fdml_objective_setting normsoftmax[] = {
    { "temperature", 0.05, 0.001, 100, "that cosines are divided by", false },
};
static const fdml_objective_setting softtriple[] = {
    { "centres", 10, 1, 1000, "of each class", true },
    { "gamma", 0.1, 0.001, 100, "softness of the choice among a class's centres", false },
    { "lambda", 20, 0.01, 1000, "scale of the similarities", false },
    { "delta", 0.01, 0, 4, "margin of the own class", false },
    { "reg", 0.2, 0, 1000, "weight of drawing a class's centres together", false },
};
static const fdml_objective_setting proxyanchor[] = {
    { "alpha", 32, 0.01, 1000, "steepness", false },
    { "delta", 0.1, 0, 4, "margin on both sides of 0", false },
};
static const fdml_objective_setting contrast[] = {
    { "temperature", 0.1, 0.001, 100, "that similarities are divided by", false },
};

static const fdml_loss_kind kinds[] = {
    { .info = { .name = "contrastive",
                .formula = "mean (d_ap - m_p)+ + mean (m_n - d_an)+",
                .source = "Hadsell, Chopra, LeCun, CVPR 2006",
                .wants_unit_rows = true,
                .mines = true,
                .miner = FDML_MINER_DISTANCE,
                SETTINGS(contrastive) },
      .run = fdml_loss_contrastive },
    { .info = { .name = "triplet",
                .formula = "mean (d_ap^2 - d_an^2 + m)+",
                .source = "Schroff, Kalenichenko, Philbin, CVPR 2015",
                .wants_unit_rows = true,
                .mines = true,
                .miner = FDML_MINER_DISTANCE,
                SETTINGS(triplet) },
      .run = fdml_loss_triplet },
    { .info = { .name = "margin",
                .formula = "sum ((d_ap - beta + gamma)+ + (beta - d_an + gamma)+) / #active",
                .source = "Wu, Manmatha, Smola, Krahenbuhl, ICCV 2017",
                .wants_unit_rows = true,
                .mines = true,
                .miner = FDML_MINER_DISTANCE,
                SETTINGS(margin) },
      .run = fdml_loss_margin,
      .param = FDML_LOSS_NUMBERS,
      .param_name = "beta" },
    { .info = { .name = "npair",
                .formula = "mean log(1 + sum_n exp(f_a.f_n - f_a.f_p)) + l2 mean ||f||",
                .source = "Sohn, NIPS 2016",
                .mines = true,
                .miner = FDML_MINER_NPAIR,
                SETTINGS(npair) },
      .run = fdml_loss_npair },
    { .info = { .name = "lifted",
                .formula = "mean_a (LSE_p d_ap + LSE_n (m - d_an))+ + l2 mean ||f||",
                .source = "Song et al., CVPR 2016, as generalised by Hermans et al., 2017",
                SETTINGS(lifted) },
      .run = fdml_loss_lifted },
    { .info = { .name = "arcface",
                .formula = "cross-entropy of s cos(theta_c + m [c = y])",
                .source = "Deng, Guo, Xue, Zafeiriou, CVPR 2019",
                .wants_unit_rows = true,
                SETTINGS(arcface) },
      .run = fdml_loss_arcface,
      .param = FDML_LOSS_ROWS,
      .param_name = "weights",
      .is_of_classes = true },
    { .info = { .name = "proxynca",
                .formula = "mean ||q x - q u_y||^2 + LSE_{c != y} -||q x - q u_c||^2",
                .source = "Movshovitz-Attias et al., ICCV 2017",
                .wants_unit_rows = true,
                SETTINGS(proxynca) },
      .run = fdml_loss_proxynca,
      .param = FDML_LOSS_ROWS,
      .param_name = "proxies",
      .is_of_classes = true },
    { .info = { .name = "multisimilarity",
                .formula = "mean_a 1/alpha log(1 + sum_p exp(-alpha (s - lambda))) + 1/beta "
                           "log(1 + sum_n exp(beta (s - lambda)))",
                .source = "Wang, Han, Huang, Dong, Scott, CVPR 2019",
                .wants_unit_rows = true,
                SETTINGS(multisimilarity) },
      .run = fdml_loss_multisimilarity },
    { .info = { .name = "snr",
                .formula = "sum (h_ap - h_an + m)+ / #active + reg mean |sum f_a|, h(a, b) = "
                           "var(f_a - f_b) / var f_a",
                .source = "Yuan, Deng, Tang, Tang, Chen, CVPR 2019",
                .wants_unit_rows = true,
                .mines = true,
                .miner = FDML_MINER_DISTANCE,
                SETTINGS(snr) },
      .run = fdml_loss_snr },
    { .info = { .name = "histogram",
                .formula = "sum_r h-_r sum_{q <= r} h+_q, histograms of f_i.f_j",
                .source = "Ustinova, Lempitsky, NIPS 2016",
                .wants_unit_rows = true,
                SETTINGS(histogram) },
      .run = fdml_loss_histogram },
    { .info = { .name = "quadruplet",
                .formula = "mean (d_ap - d_an + a_1)+ + mean (d_ap - d_nm + a_2)+",
                .source = "Chen, Chen, Zhang, Huang, CVPR 2017",
                .wants_unit_rows = true,
                .mines = true,
                .miner = FDML_MINER_DISTANCE,
                SETTINGS(quadruplet) },
      .run = fdml_loss_quadruplet },
    { .info = { .name = "angular",
                .formula = "npair + lambda mean log(1 + sum_n exp(4 t (a + p).n - 2 (1 + t) "
                           "a.p)), t = tan^2 angle",
                .source = "Wang, Zhou, Wen, Liu, Lin, ICCV 2017",
                .wants_unit_rows = true,
                .mines = true,
                .miner = FDML_MINER_NPAIR,
                SETTINGS(angular) },
      .run = fdml_loss_angular },
    { .info = { .name = "normsoftmax",
                .formula = "cross-entropy of x.u_c / T",
                .source = "Zhai, Wu, BMVC 2019",
                .wants_unit_rows = true,
                SETTINGS(normsoftmax) },
      .run = fdml_loss_normsoftmax,
      .param = FDML_LOSS_ROWS,
      .param_name = "weights",
      .is_of_classes = true },
    { .info = { .name = "softtriple",
                .formula = "cross-entropy of lambda (S_c - delta [c = y]), S_c a soft maximum "
                           "over the class's centres",
                .source = "Qian et al., ICCV 2019",
                .wants_unit_rows = true,
                SETTINGS(softtriple) },
      .run = fdml_loss_softtriple,
      .param = FDML_LOSS_ROWS,
      .param_name = "centres",
      .is_of_classes = true },
    { .info = { .name = "proxyanchor",
                .formula = "mean_{c present} log(1 + sum_{i of c} exp(-alpha (s - delta))) + "
                           "mean_c log(1 + sum_{others} exp(alpha (s + delta)))",
                .source = "Kim, Kim, Cho, Kwak, CVPR 2020",
                .wants_unit_rows = true,
                SETTINGS(proxyanchor) },
      .run = fdml_loss_proxyanchor,
      .param = FDML_LOSS_ROWS,
      .param_name = "proxies",
      .is_of_classes = true },
    { .info = { .name = "supcon",
                .formula = "mean_a mean_p -log(exp(s_ap / T) / sum_{k != a} exp(s_ak / T))",
                .source = "Khosla et al., NeurIPS 2020",
                .wants_unit_rows = true,
                SETTINGS(contrast) },
      .run = fdml_loss_supcon },
    { .info = { .name = "ntxent",
                .formula = "mean_(a,p) -log(exp(s_ap / T) / (exp(s_ap / T) + sum_n exp(s_an / "
                           "T)))",
                .source = "Chen, Kornblith, Norouzi, Hinton, ICML 2020",
                .wants_unit_rows = true,
                SETTINGS(contrast) },
      .run = fdml_loss_ntxent },
};

const fdml_loss_kind *fdml_loss_kinds(size_t index)
{
    return index < sizeof kinds / sizeof *kinds ? &kinds[index] : NULL;
}

const fdml_objective_info *fdml_objective_list(size_t index)
{
    const fdml_loss_kind *kind = fdml_loss_kinds(index);
    return kind ? &kind->info : NULL;
}

static const char *candidate(const void *ctx, size_t i)
{
    (void)ctx;
    const fdml_objective_info *info = fdml_objective_list(i);
    return info ? info->name : NULL;
}

const fdml_objective_info *fdml_objective_find(const char *name, fdml_error *err)
{
    for (size_t i = 0; fdml_objective_list(i); i++)
        if (!strcmp(name, fdml_objective_list(i)->name)) return fdml_objective_list(i);
    const char *near = fdml_option_nearest(name, candidate, NULL);
    fdml_fail(err, FDML_E_ARG, "objective '%s' is unknown%s%s%s", name,
              near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
    return NULL;
}
