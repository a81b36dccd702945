/* fuzz_other.c - the answers of another run of fdml-explain, to be compared with.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "data/table_build.h"
#include "explain/study_other.h"
#include "target.h"

enum { ROWS = 4, TEST_ROWS = 2 };
static const uint8_t part[ROWS] = { FDML_PART_TRAIN, FDML_PART_TEST, FDML_PART_NONE,
                                    FDML_PART_TEST };
static const uint8_t label[ROWS] = { 0, 1, 0, 0 };
static const uint32_t code[ROWS] = { 0, 0, 1, 1 };
static const char *const level[] = { "f", "m" };
static const fdml_factor sex = { "sex", ROWS, 2, code, level };
static const fdml_tabular table = {
    .n_rows = ROWS, .part = part, .target = label, .protected_ = &sex, .n_protected = 1
};
static const fdml_study_source source[] = { { .name = "a" }, { .name = "b" } };
static const fdml_method method[] = { { .text = "lime" }, { .text = "tree" } };
static const uint64_t seed[] = { 1, 2 };

static void check_answers(const fdml_study_other *other, size_t n, size_t n_answers)
{
    for (size_t i = 0; i < n; i++) {
        target_require(!other->of[i].p == !other->of[i].e);
        for (size_t k = 0; other->of[i].e && k < n_answers; k++)
            target_require(other->of[i].p[k] >= 0 && other->of[i].p[k] <= 1 &&
                           isfinite(other->of[i].e[k]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const fdml_source bytes = { "x.csv", NULL, data, size };
    fdml_arena arena;
    fdml_table file;
    fdml_error err;
    fdml_arena_init(&arena, TARGET_MEMORY);
    for (size_t n_seeds = 1; n_seeds <= 2; n_seeds++) {
        fdml_study_other other;
        const fdml_study_options options = { .source = source,
                                             .n_sources = 3 - n_seeds,
                                             .method = method,
                                             .n_methods = 2,
                                             .seed = seed,
                                             .n_seeds = n_seeds };
        if (fdml_table_read(&file, &bytes, &arena, NULL)) break;
        const fdml_status status =
            fdml_study_other_read(&other, &file, &table, &options, &arena, &err);
        if (status)
            target_check_error(status, &err);
        else
            check_answers(&other, options.n_sources * 2, n_seeds * TEST_ROWS);
    }
    fdml_arena_close(&arena);
    return 0;
}
