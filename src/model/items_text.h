/* items_text.h - numbers as text and back, as NumPy writes them.
 *
 * SPDX-License-Identifier: MIT */
#ifndef FDML_MODEL_ITEMS_TEXT_H
#define FDML_MODEL_ITEMS_TEXT_H

#include "base/arena.h"
#include "model/tensor.h"

enum { FDML_ITEM_TEXT = 40 };

/* Item `index` as text: integers in digits, True and False, floats with the fewest digits that
 * give the same item back ("0.1", "1.0", "1e-05", "nan", "-inf"). Returns its length. */
size_t fdml_items_print(char text[FDML_ITEM_TEXT], const fdml_tensor *items, size_t index);

/* Item `index` from text; false where the text is no number that the type can hold: a fraction
 * for an integer. */
bool fdml_items_parse(const fdml_tensor *items, size_t index, const char *text);

/* Moves the texts of a string tensor into the arena: an operator leaves those it has made in
 * its scratch memory, and whoever keeps the tensor keeps them. False: no memory. */
bool fdml_items_keep_text(const fdml_tensor *items, fdml_arena *arena);

#endif
