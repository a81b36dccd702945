/* npz.h - one .npy out of a zip archive, as numpy.savez and savez_compressed write it.
 * Only owner of libzip. SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_NPZ_H
#define FDML_DATA_NPZ_H

#include "data/reader.h"

/* The member is named with or without ".npy". Without a name the archive must hold one array.
 * Members are stored or deflated; the values always go to the arena. */
fdml_matrix_reader fdml_npz_read;
fdml_matrix_reader fdml_npz_read_list; /* one dimension is taken for a column */

#endif
