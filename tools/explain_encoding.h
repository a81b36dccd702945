/* explain_encoding.h - what the columns are that models see: a list for training one elsewhere.
 *
 * A CSV with a line for each column of encode.h, in their order:
 *
 *   column     its place in a row, from 0
 *   feature    the table's column
 *   kind       numeric or categorical
 *   level      of a category: the cells that make this column 1 and others 0; "(missing)" are
 *              empty cells and words that stand for one. A level that has no line makes all of
 *              its feature's columns 0.
 *   mean, deviation
 *              of a number: the column is (cell - mean) / deviation, and 0 where the cell is
 *              empty. With 9 digits, from which single precision finds the very numbers
 *              that are used here: the mean as a float, and 1 / deviation as one.
 *
 * examples/explain_onnx.py reads it.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_TOOLS_EXPLAIN_ENCODING_H
#define FDML_TOOLS_EXPLAIN_ENCODING_H

#include <stdio.h>

#include "explain/encode.h"

/* Errors of writing stay in the FILE. */
void explain_encoding_write(FILE *file, const fdml_encoder *encoder);

#endif
