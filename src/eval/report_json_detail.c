/* report_json_detail.c - the detail behind charts in the JSON report, where there is one.
 *
 * SPDX-License-Identifier: MIT */
#include "eval/report_json.h"

typedef fdml_json_writer writer;

static void put_numbers(writer *w, const char *key, const double *x, size_t n)
{
    fdml_json_key(w, key);
    if (!x) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_array(w);
    for (size_t i = 0; i < n; i++) fdml_json_number(w, x[i]);
    fdml_json_end_array(w);
}

static void put_pairs(writer *w, const char *key, const uint32_t *count, size_t n,
                      bool is_sampled)
{
    fdml_json_key(w, key);
    if (!count) {
        fdml_json_null(w);
        return;
    }
    fdml_json_begin_object(w);
    fdml_json_put_count(w, "pairs", n);
    fdml_json_key(w, "sampled");
    fdml_json_bool(w, is_sampled);
    fdml_json_key(w, "counts");
    fdml_json_begin_array(w);
    for (size_t b = 0; b < FDML_DETAIL_BINS; b++) fdml_json_integer(w, (int64_t)count[b]);
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

static void put_worst(writer *w, const fdml_detail_group *group)
{
    fdml_json_key(w, "worst");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < group->n_worst; i++) {
        const fdml_detail_query *query = &group->worst[i];
        fdml_json_begin_object(w);
        fdml_json_put_count(w, "row", query->row);
        fdml_json_put_count(w, "first_rank", query->first_rank);
        fdml_json_put_count(w, "nearest", query->nearest);
        fdml_json_key(w, "distance");
        fdml_json_number(w, query->distance);
        fdml_json_end_object(w);
    }
    fdml_json_end_array(w);
}

static void put_group(writer *w, const char *by, const fdml_detail_group *group,
                      const fdml_audit_detail *detail, size_t dim)
{
    fdml_json_begin_object(w);
    fdml_json_key(w, "by");
    fdml_json_string(w, by);
    fdml_json_key(w, "value");
    fdml_json_string(w, group->value);
    fdml_json_put_count(w, "rows", group->n_rows);
    fdml_json_put_count(w, "classes", group->n_classes);
    fdml_json_put_count(w, "queries", group->n_queries);
    fdml_json_put_count(w, "missed", group->n_missed);
    put_numbers(w, "hit_rate", group->hit_rate, detail->n_ks);
    put_pairs(w, "same", group->same, group->n_same, group->is_sampled[0]);
    put_pairs(w, "other", group->other, group->n_other, group->is_sampled[1]);
    put_numbers(w, "spectrum", group->spectrum, dim);
    put_worst(w, group);
    fdml_json_end_object(w);
}

static void put_map(writer *w, const fdml_detail_map *map)
{
    fdml_json_key(w, "map");
    fdml_json_begin_object(w);
    put_numbers(w, "explained", map->explained, 2);
    fdml_json_key(w, "rows");
    fdml_json_begin_array(w);
    for (size_t i = 0; i < map->n; i++) fdml_json_integer(w, (int64_t)map->row[i]);
    fdml_json_end_array(w);
    put_numbers(w, "at", map->at, 2 * map->n);
    fdml_json_end_object(w);
}

static void put_classes(writer *w, const fdml_audit_detail *detail)
{
    fdml_json_key(w, "class_rows");
    fdml_json_begin_object(w);
    fdml_json_put_count(w, "least", detail->smallest_class);
    fdml_json_key(w, "median");
    fdml_json_number(w, detail->median_class);
    fdml_json_put_count(w, "most", detail->largest_class);
    fdml_json_key(w, "classes");
    fdml_json_begin_array(w);
    for (size_t b = 0; b < FDML_DETAIL_SIZES; b++)
        fdml_json_integer(w, (int64_t)detail->class_sizes[b]);
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}

void fdml_report_json_detail(writer *w, const fdml_audit_result *result, size_t dim)
{
    const fdml_audit_detail *detail = result->detail;
    if (!detail) return;
    fdml_json_key(w, "detail");
    fdml_json_begin_object(w);
    put_classes(w, detail);
    fdml_json_key(w, "distance_width");
    fdml_json_number(w, detail->distance_width);
    put_map(w, &detail->map);
    fdml_json_key(w, "groups");
    fdml_json_begin_array(w);
    put_group(w, "overall", &detail->overall, detail, dim);
    for (size_t b = 0; b < detail->n_by; b++)
        for (size_t g = 0; g < detail->by[b].n; g++)
            put_group(w, result->groupings.grouping[detail->by[b].grouping].by,
                      &detail->by[b].group[g], detail, dim);
    fdml_json_end_array(w);
    fdml_json_end_object(w);
}
