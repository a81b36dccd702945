/* pnm.h - PBM, PGM and PPM pictures, as text (P1 P2 P3) or bytes (P4 P5 P6).
 *
 * Values are brought from 0..maxval to 0..255 as PIL does: round(value / maxval * 255), half to
 * even. The one exception is grey of more than eight bits, which PIL cuts at 255: here it is
 * scaled like colour.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_DATA_PNM_H
#define FDML_DATA_PNM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/status.h"

typedef struct fdml_pnm {
    const char *name;
    const unsigned char *bytes; /* the whole file */
    size_t size;
    size_t data; /* where the pixels start */
    size_t width, height;
    unsigned max_value, n_bands; /* max_value 1, n_bands 1 for PBM */
    bool is_text, is_bitmap;
} fdml_pnm;

/* The header, and whether the file is long enough for what it announces. */
fdml_status fdml_pnm_open(fdml_pnm *pnm, const unsigned char *bytes, size_t size,
                          const char *name, fdml_error *err);

/* rgb: [height, width, 3] */
fdml_status fdml_pnm_read(unsigned char *rgb, const fdml_pnm *pnm, fdml_error *err);

#endif
