/* embed_layers.c - --layers: what the network's steps are and where the time goes.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "embed_check.h"
#include "eval/report_grid.h"

void embed_layers_open(embed_layers *l, fdml_plan *plan, fdml_arena *arena)
{
    *l = (embed_layers){ 0 };
    l->n_steps = fdml_plan_n_steps(plan);
    l->seconds = fdml_arena_push_zero(arena, l->n_steps, sizeof *l->seconds);
    if (!l->seconds) cli_die(CLI_EXIT_DATA, "out of memory");
    fdml_plan_time_steps(plan, true);
}

void embed_layers_add(embed_layers *l, const fdml_plan *plan)
{
    const bool is_second = l->n_runs == 1 && !l->is_warm;
    for (size_t i = 0; i < l->n_steps; i++) {
        fdml_plan_step_info info;
        fdml_plan_get_step(&info, plan, i);
        l->seconds[i] = info.seconds + (is_second ? 0 : l->seconds[i]);
    }
    l->n_runs += !is_second;
    l->is_warm = l->is_warm || is_second;
}

static void add_row(fdml_grid *grid, const fdml_plan_step_info *info, double seconds,
                    double total)
{
    char shape[FDML_SHAPE_TEXT];
    fdml_tensor_shape_text(&info->output, shape);
    fdml_grid_row(grid);
    fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", info->name && *info->name ? info->name : "-");
    fdml_grid_set(grid, 1, FDML_CELL_NAME, "%s", info->op);
    fdml_grid_set(grid, 2, FDML_CELL_NAME, "%s", info->algorithm);
    fdml_grid_set(grid, 3, FDML_CELL_NAME, "%s", shape);
    fdml_grid_set(grid, 4, FDML_CELL_VALUE, "%.3f", 1e3 * seconds);
    if (info->flops > 0 && seconds > 0)
        fdml_grid_set(grid, 5, FDML_CELL_VALUE, "%.1f", 1e-9 * info->flops / seconds);
    fdml_grid_set(grid, 6, FDML_CELL_VALUE, "%.1f%%", total > 0 ? 100 * seconds / total : 0);
}

void embed_layers_print(const embed_layers *l, const embed_net *net, fdml_arena *arena)
{
    static const char *const header[] = { "step", "operators", "algorithm", "output",
                                          "ms",   "GFLOP/s",   "share" };
    enum { COLUMNS = sizeof header / sizeof *header };
    fdml_grid grid;
    double total = 0, flops = 0;
    if (!l->n_runs) return;
    for (size_t i = 0; i < l->n_steps; i++) total += l->seconds[i] / (double)l->n_runs;
    if (!fdml_grid_init(&grid, NULL, COLUMNS, 1, l->n_steps, arena))
        cli_die(CLI_EXIT_DATA, "out of memory");
    for (size_t c = 0; c < COLUMNS; c++) {
        grid.header[c] = header[c];
        grid.is_right[c] = c >= 4;
    }
    for (size_t i = 0; i < l->n_steps; i++) {
        fdml_plan_step_info info;
        fdml_plan_get_step(&info, net->plan, i);
        flops += info.flops;
        add_row(&grid, &info, l->seconds[i] / (double)l->n_runs, total);
    }
    fdml_grid_text(stdout, &grid, 200);
    printf("%zu steps, batch of %zu: %.3f ms, %.2f GFLOP, %.1f GFLOP/s; mean of %zu run%s\n",
           l->n_steps, net->batch, 1e3 * total, 1e-9 * flops,
           total > 0 ? 1e-9 * flops / total : 0, l->n_runs, l->n_runs == 1 ? "" : "s");
}
