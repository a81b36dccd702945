/* pass_plan.c - how a distance pass will be cut and what that takes, before it runs.
 *
 * The schedule depends on the problem and on the memory allowed, never on the machine's speed;
 * results depend on neither. See pass_run.c for the two schedules.
 * SPDX-License-Identifier: MIT */
#include "eval/pass_state.h"

enum { CHUNK = 4 }; /* row blocks of a task: columns are packed a quarter as often as rows */

/* Memory the rank state may take before the pass turns to the rectangle. */
static const size_t default_budget = (size_t)48 << 20;

size_t fdml_pass_block(size_t n_rows, size_t dim)
{
    /* Panels of a column block fill 1 MiB, half of a 2 MiB L2: the larger it is, the less often
     * rows are fetched and packed again. Small sets are cut finer, to keep threads busy. */
    const size_t by_cache = ((size_t)1 << 18) / dim, by_rows = (n_rows + 31) / 32;
    size_t block = by_cache < by_rows ? by_cache : by_rows;
    block = (block + 63) / 64 * 64;
    return block < 128 ? 128 : block > 2048 ? 2048 : block;
}

size_t fdml_pass_strip_rows(const fdml_kernels *kernels)
{
    return PASS_STRIP / kernels->tile_rows * kernels->tile_rows;
}

size_t fdml_pass_list_tasks(pass_task *tasks, size_t n_blocks)
{
    size_t n = 0;
    for (size_t j = 1; j < n_blocks; j++)
        for (size_t i = 0; i < j; i += CHUNK, n++)
            if (tasks)
                tasks[n] = (pass_task){ (uint32_t)j, (uint32_t)i,
                                        (uint32_t)(i + CHUNK < j ? i + CHUNK : j) };
    return n;
}

size_t fdml_pass_worker_memory(const fdml_kernels *kernels, size_t block, size_t dim)
{
    const size_t step = fdml_pass_strip_rows(kernels);
    const size_t panels = fdml_panels_size(block, dim, kernels->tile_cols) +
                          fdml_panels_size(step, dim, kernels->tile_rows);
    return fdml_arena_fill_pages((panels + step * block + step + block) * sizeof(float));
}

static bool all_rows(const fdml_problem *p)
{
    for (size_t i = 0; i < p->n_rows; i++)
        if ((p->is_query && !p->is_query[i]) || (p->is_gallery && !p->is_gallery[i]))
            return false;
    return true;
}

rank_plan fdml_pass_plan_ranks(const fdml_pass *pass, const fdml_problem *p,
                               const fdml_machine *m, size_t budget)
{
    rank_plan plan = { .is_triangle = all_rows(p),
                       .queries_per_task = fdml_pass_block(p->n_rows, p->dim) };
    if (!pass->on_ranks) return plan;
    size_t largest, total = fdml_pass_relevant_total(p, &largest);
    plan.bytes = fdml_pass_rank_memory(p, true, 0, m->n_threads);
    /* Entries are counted in 32 bits; past 256 a query, searching beats counting them all. */
    if (plan.is_triangle && plan.bytes <= budget && total / p->n_rows <= 256 &&
        total < UINT32_MAX)
        return plan;
    plan.is_triangle = false;
    for (;; plan.queries_per_task /= 2) {
        plan.bytes = fdml_pass_rank_memory(p, false, plan.queries_per_task, m->n_threads);
        if (plan.queries_per_task * largest > UINT32_MAX && plan.queries_per_task > 1) continue;
        if (plan.bytes <= budget || plan.queries_per_task <= 16) return plan;
    }
}

size_t fdml_pass_common_memory(const fdml_pass *pass, const fdml_problem *p,
                               const fdml_machine *m)
{
    const size_t block = fdml_pass_block(p->n_rows, p->dim),
                 blocks = (p->n_rows + block - 1) / block;
    const size_t thread = fdml_pass_worker_memory(m->kernels, block, p->dim);
    const size_t hits =
        pass->top_k || pass->accepted ? PASS_STRIP * block * sizeof(fdml_hit) : 0;
    const size_t tasks = (blocks * blocks / CHUNK / 2 + blocks) * sizeof(pass_task);
    /* by row: scale, length, lists of rows and classes, place in the gallery */
    return p->n_rows * 6 * sizeof(float) + tasks + (size_t)m->n_threads * (thread + hits) +
           fdml_pass_sums_memory(pass, p, m->n_threads);
}

void fdml_pass_memory(size_t *least, size_t *wanted, const fdml_pass *pass,
                      const fdml_problem *problem, const fdml_machine *machine)
{
    const size_t common = fdml_pass_common_memory(pass, problem, machine);
    *least = common + fdml_pass_plan_ranks(pass, problem, machine, 0).bytes;
    *wanted = common + fdml_pass_plan_ranks(pass, problem, machine, default_budget).bytes;
}

size_t fdml_pass_rank_budget(const fdml_machine *machine, size_t common)
{
    if (!machine->memory_limit) return default_budget;
    return machine->memory_limit > common ? machine->memory_limit - common : 0;
}

bool fdml_pass_wants_ranks(const fdml_pass *pass)
{
    return pass->on_ranks || pass->top_k;
}

bool fdml_pass_wants_sums(const fdml_pass *pass)
{
    return pass->potential || pass->distance || pass->histogram || pass->accepted;
}

bool fdml_pass_runs_once(const fdml_pass *pass, const fdml_problem *problem,
                         const rank_plan *plan)
{
    return fdml_pass_wants_ranks(pass) && fdml_pass_wants_sums(pass) && plan->is_triangle &&
           !problem->exclude;
}

double fdml_pass_triangle_work(const fdml_problem *problem)
{
    return (double)problem->n_rows * (double)problem->n_rows * (double)problem->dim / 2;
}

double fdml_pass_work(const fdml_pass *pass, const fdml_problem *problem,
                      const fdml_machine *machine)
{
    const size_t common = fdml_pass_common_memory(pass, problem, machine);
    const rank_plan plan =
        fdml_pass_plan_ranks(pass, problem, machine, fdml_pass_rank_budget(machine, common));
    const double triangle = fdml_pass_triangle_work(problem);
    double n_queries = 0, n_gallery = 0, work = 0;
    for (size_t i = 0; i < problem->n_rows; i++) {
        n_queries += !problem->is_query || problem->is_query[i];
        n_gallery += !problem->is_gallery || problem->is_gallery[i];
    }
    if (fdml_pass_wants_ranks(pass))
        work += plan.is_triangle ? triangle : n_queries * n_gallery * (double)problem->dim;
    if (fdml_pass_wants_sums(pass) && !fdml_pass_runs_once(pass, problem, &plan))
        work += triangle;
    return work;
}
