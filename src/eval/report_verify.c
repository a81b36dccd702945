/* report_verify.c - verification as tables: operating points, group rates, differentials.
 * SPDX-License-Identifier: MIT */
#include <math.h>
#include <string.h>

#include "eval/report_tables.h"

void fdml_show_point(char text[FDML_SHOWN_MAX], const fdml_operating_point *point)
{
    if (isnan(point->fmr_target))
        snprintf(text, FDML_SHOWN_MAX, "EER");
    else
        snprintf(text, FDML_SHOWN_MAX, "FMR %g", point->fmr_target);
}

static void set_value(fdml_grid *grid, size_t column, double value, const char *why)
{
    char text[FDML_SHOWN_MAX];
    fdml_show_value(text, value);
    if (isnan(value) && why)
        fdml_grid_set(grid, column, FDML_CELL_WHY, "%s", why);
    else
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "%s", text);
}

static void set_rate(fdml_grid *grid, size_t column, const fdml_estimate *e, const char *why)
{
    char text[FDML_SHOWN_MAX];
    fdml_show_estimate(text, e);
    if (isnan(e->value) && (e->why || why))
        fdml_grid_set(grid, column, FDML_CELL_WHY, "%s", e->why ? e->why : why);
    else
        fdml_grid_set(grid, column, FDML_CELL_VALUE, "%s", text);
}

bool fdml_grid_points(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    const fdml_verification_result *v = &report->result->verification;
    char name[FDML_SHOWN_MAX];
    if (!fdml_grid_init(grid, NULL, 4, 1, v->n_points, arena)) return false;
    grid->header[0] = "threshold at";
    grid->header[1] = "nearness >=";
    grid->header[2] = "FMR";
    grid->header[3] = "FNMR";
    for (size_t i = 0; i < v->n_points; i++) {
        const fdml_operating_point *point = &v->point[i];
        fdml_show_point(name, point);
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", name);
        set_value(grid, 1, point->threshold, point->why);
        set_rate(grid, 2, &point->fmr, point->why);
        set_rate(grid, 3, &point->fnmr, point->why);
    }
    return !grid->failed;
}

bool fdml_grid_rates(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    const fdml_audit_result *result = report->result;
    const fdml_verification_result *v = &result->verification;
    if (!fdml_grid_init(grid, NULL, 1 + 2 * v->n_points, 1, 2 * result->n_groups, arena))
        return false;
    grid->header[0] = "pairs within";
    grid->step = 2;
    for (size_t i = 0; i < v->n_points; i++) {
        const double target = v->point[i].fmr_target;
        char name[32] = "EER", text[FDML_SHOWN_MAX];
        if (!isnan(target)) snprintf(name, sizeof name, "%g", target);
        for (size_t j = 0; j < 2; j++) {
            const int n = snprintf(text, sizeof text, "%s @%s", j ? "FNMR" : "FMR", name);
            grid->header[1 + 2 * i + j] = fdml_arena_copy_text(arena, text, (size_t)n);
            if (!grid->header[1 + 2 * i + j]) return false;
        }
    }
    size_t grouping = 0;
    for (size_t g = 0; g < result->n_groups; g++) {
        const fdml_group_result *group = &result->groups[g];
        if (group->grouping != grouping) fdml_grid_heading(grid, group->by);
        grouping = group->grouping;
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", group->value);
        for (size_t i = 0; i < v->n_points; i++) {
            const fdml_operating_point *p = &v->point[i];
            const fdml_estimate none = { NAN, NAN, NAN, 0, p->why ? p->why : "not given" };
            set_rate(grid, 1 + 2 * i, p->group_fmr ? &p->group_fmr[g] : &none, p->why);
            set_rate(grid, 2 + 2 * i, p->group_fnmr ? &p->group_fnmr[g] : &none, p->why);
        }
    }
    return !grid->failed;
}

bool fdml_grid_differential(fdml_grid *grid, const fdml_report *report, fdml_arena *arena)
{
    static const char *const header[] = { "over groups",
                                          "FMR max/min",
                                          "FMR max/geomean",
                                          "FNMR max/min",
                                          "FNMR max/geomean",
                                          "FDR",
                                          "IR",
                                          "GARBE" };
    const fdml_audit_result *result = report->result;
    const fdml_verification_result *v = &result->verification;
    const size_t n_columns = sizeof header / sizeof *header;
    const size_t capacity = result->groupings.n * (v->n_points + 1);
    if (!fdml_grid_init(grid, NULL, n_columns, 1, capacity, arena)) return false;
    for (size_t c = 0; c < n_columns; c++) grid->header[c] = header[c];
    for (size_t i = 0; i + 1 < result->groupings.n; i++) {
        fdml_grid_heading(grid, result->groupings.grouping[i + 1].by);
        for (size_t j = 0; j < v->n_points; j++) {
            const fdml_operating_point *point = &v->point[j];
            const fdml_differential none = { .why = point->why ? point->why : "not given" };
            const fdml_differential *d = point->differential ? &point->differential[i] : &none;
            const double value[] = { d->fmr_max_over_min,
                                     d->fmr_max_over_geomean,
                                     d->fnmr_max_over_min,
                                     d->fnmr_max_over_geomean,
                                     d->fdr,
                                     d->ir,
                                     d->garbe };
            char name[FDML_SHOWN_MAX];
            fdml_show_point(name, point);
            fdml_grid_row(grid);
            fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", name);
            for (size_t c = 0; c + 1 < n_columns; c++)
                set_value(grid, 1 + c, point->differential ? value[c] : NAN, d->why);
        }
    }
    return !grid->failed;
}

/* Do all groups of a grouping have enough pairs for an FMR at this point? */
static bool is_resolved(const fdml_audit_result *result, const fdml_operating_point *p,
                        size_t grouping)
{
    for (size_t g = 0; g < result->n_groups; g++)
        if (result->groups[g].grouping == grouping &&
            (!p->group_fmr || isnan(p->group_fmr[g].value)))
            return false;
    return true;
}

const fdml_operating_point *fdml_report_cross_point(const fdml_audit_result *result,
                                                    size_t grouping)
{
    const fdml_verification_result *v = &result->verification;
    const fdml_operating_point *best = NULL, *loosest = NULL;
    for (size_t i = 0; i < v->n_points; i++) {
        const fdml_operating_point *p = &v->point[i];
        if (p->why || !p->cross_fmr || !p->cross_fmr[grouping - 1] || isnan(p->fmr_target))
            continue;
        if (!loosest || p->fmr_target > loosest->fmr_target) loosest = p;
        if (is_resolved(result, p, grouping) && (!best || p->fmr_target < best->fmr_target))
            best = p;
    }
    return best ? best : loosest;
}

bool fdml_grid_cross(fdml_grid *grid, const fdml_report *report, size_t grouping,
                     fdml_arena *arena)
{
    const fdml_grouping *groups = &report->result->groupings.grouping[grouping];
    const fdml_operating_point *point = fdml_report_cross_point(report->result, grouping);
    const size_t n = groups->n_groups;
    const bool is_too_large = n > FDML_CROSS_MOST;
    if (!fdml_grid_init(grid, NULL, is_too_large ? 1 : 1 + n, !is_too_large, point ? n : 0,
                        arena))
        return false;
    if (!point) return true;
    char name[FDML_SHOWN_MAX], by[FDML_NAME_SHOWN], text[2 * FDML_NAME_SHOWN];
    fdml_show_point(name, point);
    fdml_name_show(by, groups->by);
    snprintf(text, sizeof text, "False match rate between the groups of %s, threshold at %s",
             by, name);
    grid->title = fdml_arena_copy_text(arena, text, strlen(text));
    grid->header[0] = groups->by;
    if (is_too_large) {
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_TEXT,
                      "%zu groups are too many for a table: CSV and JSON have all pairs", n);
    }
    for (size_t i = 0; i < n && !is_too_large; i++) {
        fdml_grid_row(grid);
        fdml_grid_set(grid, 0, FDML_CELL_NAME, "%s", groups->value[i]);
        grid->header[1 + i] = grid->cell[i * (1 + n)].text;
        for (size_t j = 0; j < n; j++)
            set_value(grid, 1 + j, point->cross_fmr[grouping - 1][i * n + j], NULL);
    }
    return grid->title && !grid->failed;
}
