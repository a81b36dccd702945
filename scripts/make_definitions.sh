#!/usr/bin/env bash
# make_definitions.sh - prints docs/definitions.md: the sentences of fdml-eval, with formulas.
#
#   BIN=build/bin scripts/make_definitions.sh > docs/definitions.md
#
# The sentences come from the program, so the page cannot contradict it; tests/cli/docs.sh
# compares the committed page with what this prints. Formulas and sources stand here.
#
# SPDX-License-Identifier: MIT
set -euo pipefail

bin=${BIN:-build/bin}

# formula KEY: what stands under its sentence
# shellcheck disable=SC2016 # Markdown's backticks
formula()
{
    case $1 in
    recall_at_K) echo '`[rank_1 <= K]`, mean over queries. `ir`: `#{r : rank_r <= K} / R`.' ;;
    precision_at_1) echo '`[rank_1 = 1]`, mean over queries; equals recall_at_1.' ;;
    r_precision) echo '`#{r : rank_r <= R} / R`, mean over queries.' ;;
    map_at_r)
        echo '`(1/R) sum over r with rank_r <= R of r / rank_r`, mean over queries. Musgrave, Belongie and'
        echo 'Lim, "A metric learning reality check", ECCV 2020. `oml`: divided by the matches found.'
        echo '`revisitdml`: `1/(R+1)`, over ranks up to `R+1`.'
        ;;
    map)
        echo '`(1/R) sum over r of r / rank_r`, mean over queries; every match counts, however far.'
        echo '`revisitdml`: `1/(R+1)`.'
        ;;
    mrr) echo '`1 / rank_1`, mean over queries.' ;;
    nmi) echo '`I(Y, C) / ((H(Y) + H(C)) / 2)`, Y the classes, C the clusters.' ;;
    ami)
        echo '`(I - E[I]) / ((H(Y) + H(C)) / 2 - E[I])`. Vinh, Epps and Bailey, JMLR 2010.'
        ;;
    ari)
        echo 'With `t = sum C(n_yc,2)`, `a = sum C(n_y,2)`, `b = sum C(n_c,2)`, `e = ab / C(n,2)`:'
        echo '`(t - e) / ((a + b)/2 - e)`. Hubert and Arabie, 1985.'
        ;;
    f1) echo '`2 sum C(n_yc,2) / (sum C(n_y,2) + sum C(n_c,2))`.' ;;
    alignment_intra) echo '`mean of d_ij^2 over i < j in the group, y_i = y_j`. Wang and Isola, ICML 2020, alpha = 2.' ;;
    alignment_inter) echo '`mean of d_ij^2 over i < j in the group, y_i != y_j`.' ;;
    alignment_ratio) echo '`alignment_intra / alignment_inter`.' ;;
    uniformity) echo '`log mean of exp(-2 d_ij^2) over i < j in the group`. Wang and Isola, ICML 2020, t = 2.' ;;
    spectrum)
        echo '`sum over k of (1/dim) log((1/dim) / s_k)`, s the singular values scaled to sum 1. Roth et al.,'
        echo '"Revisiting training strategies", ICML 2020.'
        ;;
    class_ratio) echo 'Mean over classes of the mean intra distance, over the mean distance of class centres (cosine).' ;;
    fmr) echo '`#{impostor pairs with s >= t} / #{impostor pairs}`.' ;;
    fnmr) echo '`#{genuine pairs with s < t} / #{genuine pairs}`.' ;;
    fdr) echo '`1 - (0.5 max |fmr_a - fmr_b| + 0.5 max |fnmr_a - fnmr_b|)` over groups a, b.' ;;
    ir) echo '`sqrt((max fmr / min fmr) (max fnmr / min fnmr))`.' ;;
    garbe) echo '`0.5 G(fmr) + 0.5 G(fnmr)`, `G(x) = n/(n-1) * sum |x_a - x_b| / (2 n^2 mean x)`.' ;;
    max_over_geomean) echo '`max x_a / (prod x_a)^(1/n)`.' ;;
    leakage_logistic)
        echo '`(1/V) sum over values v of #{rows of v read as v} / #{rows of v}`. Minimised: `sum_i w_i (-log p_i[v_i]) +'
        echo '||U||^2 / (2 C)`, `w_i = n / (V n_v)`, which is LogisticRegression(C=1, class_weight="balanced") of scikit-learn'
        echo 'behind a StandardScaler. Classes are halved at random, those of each majority value evenly.'
        ;;
    leakage_knn) echo 'Vote of value v: `#{neighbours of v} / n_v`; of equal votes that of the nearer neighbour.' ;;
    logistic)
        echo 'Minimised: `sum_i -log p_i[y_i] + ||U||^2 / (2 C)`, which is LogisticRegression(C=1) of scikit-learn behind a'
        echo 'StandardScaler.'
        ;;
    svm)
        echo 'Minimised: `(||U||^2 + ||b||^2) / 2 + C sum_i sum_v max(0, 1 - s_iv z_iv)^2`, which is LinearSVC(C=1) of'
        echo 'scikit-learn behind a StandardScaler.'
        ;;
    forest) echo 'Breiman, "Random forests", Machine Learning 45, 2001.' ;;
    mlp) echo 'MLPClassifier of scikit-learn behind a StandardScaler, but for the rate and the number of steps, at least 200.' ;;
    downstream_accuracy) echo '`#{rows predicted right} / #{rows}`, rows and splits together.' ;;
    macro_precision) echo '`(1/V) sum over values v of t_v / p_v`.' ;;
    macro_recall) echo '`(1/V) sum over values v of t_v / n_v`.' ;;
    macro_f1) echo '`(1/V) sum over values v of 2 t_v / (n_v + p_v)`.' ;;
    interval)
        echo 'Quantiles of the replicates at `Phi(-t sqrt(m/(m-1)))` and 1 minus it, `t` of Student with `m - 1` degrees of'
        echo 'freedom, `m` classes or rows; of a difference of two groups those of Welch and Satterthwaite. Hesterberg, The'
        echo 'American Statistician 69, 2015. How often it holds the truth: [validation.md](validation.md).'
        ;;
    gap) echo '`max over groups - min over groups`; ratio `min / max`.' ;;
    ratio) echo '`min over groups / max over groups`; 0.8 is the four-fifths rule.' ;;
    lower | upper) echo 'Efron and Tibshirani, "An introduction to the bootstrap", 1993, chapter 13.' ;;
    p_holm) echo '`max over i <= j of min(1, (m - i + 1) p_(i))`, p sorted, m tests. Holm, 1979.' ;;
    change)
        echo '`NEW - OTHER`. With `d_c` what cluster c gives to the difference (`sum_c d_c = NEW - OTHER`), an exchange is'
        echo '`T = sum_c s_c d_c`, `s_c` = 1 or -1 by a fair coin; `p = (1 + #{|T| >= |NEW - OTHER|}) / (1 + exchanges)`. For'
        echo 'a gap the mean change of all clusters is taken off each `d_c` before. See docs/gates.md.'
        ;;
    p_search)
        echo '`(1 + #{exchanges whose largest z >= z}) / (1 + exchanges)`, `z` the difference over its deviation under'
        echo 'exchange, through the cube root of Wilson and Hilferty, 1931. Westfall and Young, "Resampling-based'
        echo 'multiple testing", 1993. See docs/slices.md.'
        ;;
    detectable_slice) echo '`(D(z_critical) + z_{.8} s) / (n (1 - n/N))`, s the deviation of a slice that is so much worse.' ;;
    detectable) echo '`(t_{1-a/2} + t_{.8}) s`, Student'"'"'s t with clusters - 1 degrees of freedom. Bloom, Evaluation Review 19, 1995.' ;;
    p) echo '`(1 + #{permuted gap >= gap}) / (1 + permutations)`. Phipson and Smyth, 2010; Holm, 1979.' ;;
    *) ;;
    esac
}

cat <<'END'
# Definitions

Made by `scripts/make_definitions.sh`; the sentences are those of `fdml-eval --define all`.

`f_i` is the embedding of row i (unit length under cosine), `y_i` its class, `d_ij = ||f_i - f_j||`, `s` the nearness
of a pair (cosine: `f_i . f_j`; l2: `-d_ij^2`; ip: `f_i . f_j` of the rows as given). `R` is the number of rows a query
should find, `rank_1 < rank_2 < ... < rank_R` their ranks in the gallery without the query itself, ties broken by row.
A query with `R = 0` is lone: it is counted and left out of every mean. The value of a group is over the group's
queries against the whole gallery.

Where a definition is from:

* **paper**: stated in "Is Fairness Only Metric Deep?" (ICLR 2022, arXiv 2203.12748);
* **line**: from public code of the same authors' line of work (Revisiting DML, DiVA, S2SD), or the literature it follows;
* **ours**: our choice where nothing public settles it.

END

"$bin/fdml-eval" --define all | awk '
    /^[^ ]/ { if (key) print key "\t" mark "\t" text; key = $1; mark = NF > 1 ? $2 : "-"; text = ""; next }
    { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
    END { print key "\t" mark "\t" text }' |
    while IFS="$(printf '\t')" read -r key mark text; do # two tabs in a row would be one to read
        case $mark in "["*) mark=" (${mark#[}" mark=${mark%]}")" ;; *) mark= ;; esac
        echo "## $key$mark"
        echo
        echo "$text." | fold -s -w 118 | sed 's/ *$//'
        formula=$(formula "$key")
        [ -z "$formula" ] || printf '\n%s\n' "$formula"
        echo
    done
