/* fuzz_gate.c - the condition of --fail-if: parsed, compared with a small audit, and judged.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "eval/comparison.h"
#include "eval/gate.h"
#include "target.h"

/* Four rows, two columns, one metric and another model; no number but the overall ones. */
static void judge(const fdml_gate *gate, fdml_arena *arena)
{
    static const char *const level[] = { "F", "a b" };
    static const uint32_t code[] = { 0, 1, 0, 1 };
    static const fdml_factor attributes[] = { { "gender", 4, 2, code, level },
                                              { "skin tone", 4, 2, code, level } };
    static const fdml_metric metric = { .key = "recall_at_1", .kind = FDML_KIND_MEAN };
    static const fdml_audit_other other = { .dim = 1 };
    static const fdml_audit_settings settings = { .metrics = &metric,
                                                  .n_metrics = 1,
                                                  .with_intersections = true,
                                                  .with_leakage = true,
                                                  .with_verification = true,
                                                  .other = &other };
    static const fdml_grouping groupings[] = { { .by = "overall" },
                                               { .by = "gender" },
                                               { .by = "skin tone" },
                                               { .by = "gender x skin tone",
                                                 .is_intersection = true } };
    const fdml_problem problem = { .n_rows = 4, .attributes = attributes, .n_attributes = 2 };
    const fdml_estimate overall = { 0.5, 0.25, 0.75, 4, NULL };
    const fdml_difference change = { overall, overall, 1, 1, NAN, NAN, NULL, NULL, NULL };
    const fdml_comparison comparison = { .overall = &change };
    const fdml_audit_result result = { .settings = &settings,
                                       .groupings = { 4, groupings },
                                       .overall = &overall,
                                       .comparison = &comparison };
    fdml_gate_outcome outcome;
    fdml_error err;
    const fdml_status status = fdml_gate_check(gate, &problem, &settings, &err);
    if (status) {
        target_check_error(status, &err);
        return;
    }
    target_require(fdml_gate_judge(&outcome, gate, &result, arena, NULL) == FDML_OK);
    target_require(outcome.n_clauses > 0);
    for (size_t i = 0; i < outcome.n_clauses; i++) {
        const fdml_gate_clause *c = &outcome.clauses[i];
        target_require(c->text[0] && strstr(outcome.text, c->text));
        target_require((c->holds == FDML_UNDECIDED) == (c->why != NULL));
        target_require(c->why || (!isnan(c->left) && !isnan(c->right)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fdml_arena arena;
    fdml_error err;
    const fdml_gate *gate;
    char *text = malloc(size + 1);
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = 0;
    fdml_arena_init(&arena, TARGET_MEMORY);
    const fdml_status status = fdml_gate_parse(&gate, text, &arena, &err);
    free(text); /* the gate keeps a copy */
    if (status)
        target_check_error(status, &err);
    else
        judge(gate, &arena);
    fdml_arena_close(&arena);
    return 0;
}
