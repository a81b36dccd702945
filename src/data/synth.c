/* synth.c - the generator of synth.h.
 * SPDX-License-Identifier: MIT */
#include "data/synth.h"

#include <math.h>

#include "base/rng.h"

enum { STREAM_CENTRE = 1, STREAM_ROW = 2 };

fdml_status fdml_synth_check(const fdml_synth *s, fdml_error *err)
{
    if (s->n_classes < 2 || s->n_classes > 10000000)
        return fdml_fail(err, FDML_E_ARG, "classes is %u, expected 2 to 10000000",
                         s->n_classes);
    if (s->per_class < 1 || s->per_class > 100000)
        return fdml_fail(err, FDML_E_ARG, "per-class is %u, expected 1 to 100000",
                         s->per_class);
    if (s->dim < 1 || s->dim > 65536)
        return fdml_fail(err, FDML_E_ARG, "dim is %u, expected 1 to 65536", s->dim);
    if ((uint64_t)s->n_classes * s->per_class > UINT32_MAX / 2)
        return fdml_fail(err, FDML_E_ARG, "%u classes of %u rows are more than %u rows",
                         s->n_classes, s->per_class, UINT32_MAX / 2);
    if (!(s->minority_share > 0 && s->minority_share < 1))
        return fdml_fail(err, FDML_E_ARG, "minority-share is %g, expected between 0 and 1",
                         s->minority_share);
    if (!(s->noise >= 0 && s->noise <= 1000 && s->minority_noise >= 0 &&
          s->minority_noise <= 1000))
        return fdml_fail(err, FDML_E_ARG, "noise is %g times %g, expected 0 to 1000 each",
                         s->noise, s->minority_noise);
    return FDML_OK;
}

int fdml_synth_is_minority(const fdml_synth *s, uint32_t c)
{
    return floor((c + 1.) * s->minority_share) > floor(c * s->minority_share);
}

void fdml_synth_embeddings(float *x, const fdml_synth *s)
{
    const double scale = 1 / sqrt(s->dim);
    for (uint32_t c = 0; c < s->n_classes; c++) {
        const double sigma = s->noise * (fdml_synth_is_minority(s, c) ? s->minority_noise : 1);
        for (uint32_t i = 0; i < s->per_class; i++) {
            const uint32_t row = c * s->per_class + i;
            fdml_rng centre, noise; /* the centre is drawn again: no memory beside the rows */
            fdml_rng_init(&centre, s->seed, STREAM_CENTRE, c);
            fdml_rng_init(&noise, s->seed, STREAM_ROW, row);
            float *out = x + (size_t)row * s->dim;
            for (uint32_t d = 0; d < s->dim; d++) {
                const double mean = fdml_rng_normal(&centre);
                out[d] = (float)(scale * (mean + sigma * fdml_rng_normal(&noise)));
            }
        }
    }
}
