/* vecs.h - .fvecs and .bvecs of the TEXMEX corpus (Jegou et al. 2011): each row is its
 * dimension as int32, little-endian, then that many floats or bytes.
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_VECS_H
#define FDML_DATA_VECS_H

#include "data/reader.h"

/* Every row's dimension is checked: "base.fvecs: row 17 has dimension 127, expected 128". */
fdml_matrix_reader fdml_fvecs_read;
fdml_matrix_reader fdml_bvecs_read;

#endif
