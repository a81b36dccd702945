/* plane.h - the nearest neighbours of points of the plane by the larger of the two distances.
 *
 * A k-d tree (Bentley, "Multidimensional binary search trees used for associative searching",
 * CACM 18, 1975) of halves: a cell is split at the median of the coordinate in which it is
 * wider. Cells are heap-ordered and know the box of their own points, so that clusters, even of
 * a width of 1e-10, cost no more than other points. Distances are exact: |a - b| as computed in
 * double, whatever the order of the search.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_EXPLAIN_PLANE_H
#define FDML_EXPLAIN_PLANE_H

#include <stddef.h>

enum { FDML_PLANE_NEAREST = 8 }; /* largest k */

typedef struct fdml_point {
    double at[2];
} fdml_point;

typedef struct fdml_plane {
    fdml_point *point; /* [n] */
    double *box;       /* [fdml_plane_cells(n), 4] least and largest of either coordinate */
    size_t n;
} fdml_plane;

size_t fdml_plane_cells(size_t n);

/* plane->point, box and n are set, the box to be filled; points are put into another order,
 * finite. */
void fdml_plane_build(fdml_plane *plane);

/* Distance from point i to its k-th nearest other; k below n. */
double fdml_plane_distance(const fdml_plane *plane, size_t i, size_t k);

#endif
