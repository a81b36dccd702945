# explain_table.awk - fdml-explain's CSV as rows of the paper's table. See explain_table.sh.
#
#   awk -v set=adult -f explain_table.awk explain_authors.csv audit.csv
#
# Percent, mean ± standard deviation over seeds. A row of the authors stands above the one it belongs to; * marks a
# number of ours that is further from theirs than two standard deviations (the larger one) and their rounding.
# SPDX-License-Identifier: MIT
BEGIN { FS = ","; split("auroc max_acc mean_auroc mean_acc mean_residual", column, " ") }
/^#/ { next }
FNR == NR {
    if ($1 != set) next
    for (i = 1; i <= 5; i++) { theirs[$2, i] = $(2 * i + 1); their_sd[$2, i] = $(2 * i + 2) }
    has_authors[$2] = 1
    next
}
function place(section, metric)
{
    if (section == "overall" && metric == "auroc") return 1
    if (section == "gap_max_from_average" && metric == "accuracy") return 2
    if (section != "gap_mean_between_groups") return 0
    return metric == "auroc" ? 3 : metric == "accuracy" ? 4 : 5
}
{ i = place($1, $6) }
i {
    key = $2 SUBSEP $3
    if (!(key in seen)) { seen[key] = ++n; box[n] = $2; method[n] = $3 }
    value[seen[key], i] = $8
    sd[seen[key], i] = $11
    if (i == 2 && $8 > 0) worst[seen[key]] = $14
}
function cell(k, i, text, far)
{
    if (value[k, i] == "") return "-"
    text = sprintf("%.2f ± %.2f", 100 * value[k, i], 100 * sd[k, i])
    if (method[k] != "lime" || !has_authors[box[k]]) return text
    far = 100 * value[k, i] - theirs[box[k], i]
    if (far < 0) far = -far
    limit = 200 * sd[k, i] > 2 * their_sd[box[k], i] ? 200 * sd[k, i] : 2 * their_sd[box[k], i]
    return text (far > limit + 0.05 ? "*" : "")
}
END {
    print "| black box | method | AUROC | max gap ACC | behind | mean gap AUROC | mean gap ACC | mean gap residual |"
    print "|---|---|---|---|---|---|---|---|"
    for (k = 1; k <= n; k++) {
        if (method[k] == "lime" && has_authors[box[k]]) {
            line = "| " box[k] " | *authors' lime* |"
            for (i = 1; i <= 5; i++)
                line = line sprintf(" %.1f ± %.1f |%s", theirs[box[k], i], their_sd[box[k], i], i == 2 ? " |" : "")
            print line
        }
        line = "| " box[k] " | " method[k] " |"
        for (i = 1; i <= 5; i++) line = line " " cell(k, i) " |" (i == 2 ? " " worst[k] " |" : "")
        print line
    }
}
