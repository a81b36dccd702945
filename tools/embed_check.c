/* embed_check.c - --check-against: the largest difference, and where it is.
 *
 * The difference is judged against the largest expected value of all: rows of one network share
 * a scale, and a value near zero has no digits of its own to compare. SPDX-License-Identifier:
 * MIT */
#include <math.h>
#include <string.h>

#include "embed_check.h"

void embed_check_open(embed_check *c, const char *path, const embed_net *net,
                      const embed_images *images, fdml_arena *arena)
{
    fdml_error err;
    memset(c, 0, sizeof *c);
    c->path = path;
    CLI_TRY(fdml_file_map(&c->map, path, &err), &err);
    CLI_TRY(fdml_npy_parse(&c->npy, c->map.data, c->map.size, path, &err), &err);
    if (!strchr("fiu", c->npy.kind) || c->npy.is_fortran || c->npy.n_dims < 1)
        cli_die(CLI_EXIT_DATA, "%s: type %s%s, expected an array of numbers in C order", path,
                c->npy.descr, c->npy.is_fortran ? " in Fortran order" : "");
    CLI_TRY(fdml_npy_check_size(&c->npy, c->map.size, path, &err), &err);
    const size_t n = c->npy.shape[0];
    if (n != images->n_rows)
        cli_die(CLI_EXIT_DATA, "%s has %zu rows, %s has %zu; they must be the same rows", path,
                n, images->shown, images->n_rows);
    c->dim = c->npy.n_items / n;
    if (c->dim != net->dim)
        cli_die(CLI_EXIT_DATA, "%s: rows of %zu numbers, '%s' is %s, which has %zu", path,
                c->dim, net->value, net->output_text, net->dim);
    c->want = fdml_arena_push(arena, c->dim, sizeof *c->want);
    if (!c->want) cli_die(CLI_EXIT_DATA, "out of memory");
}

void embed_check_row(embed_check *c, const float *values)
{
    const fdml_npy *npy = &c->npy;
    const size_t row = c->n_rows++;
    fdml_dtype_to_float(c->want, c->map.data + npy->data_offset + row * c->dim * npy->item_size,
                        c->dim, fdml_npy_dtype(npy), npy->is_big_endian);
    for (size_t i = 0; i < c->dim; i++) {
        const double here = values[i], expected = c->want[i];
        const bool is_same = here == expected || (isnan(here) && isnan(expected));
        double difference = is_same ? 0 : fabs(here - expected);
        if (isnan(difference)) difference = INFINITY;
        if (isfinite(expected) && fabs(expected) > c->largest) c->largest = fabs(expected);
        const bool is_first = !row && !i;
        if (!is_first && difference <= c->difference) continue;
        c->difference = difference;
        c->row = row;
        c->item = i;
        c->here = here;
        c->expected = expected;
    }
}

bool embed_check_print(embed_check *c, const embed_net *net, double tolerance)
{
    const bool is_fine = c->difference <= tolerance * c->largest;
    const double relative = c->difference == 0 ? 0 : c->difference / c->largest;
    printf("checked     '%s' %s against %s: %zu rows of %zu numbers, the largest %.6g\n",
           net->value, net->output_text, c->path, c->n_rows, c->dim, c->largest);
    printf("difference  at most %.3g at row %zu, number %zu (%.9g here, %.9g expected)\n",
           c->difference, c->row, c->item, c->here, c->expected);
    printf("relative    %.3g of the largest number, tolerance %g: %s\n", relative, tolerance,
           is_fine ? "equal" : "DIFFERENT");
    fdml_file_unmap(&c->map);
    return is_fine;
}
