/* jitter.c - torchvision's ColorJitter on planes of red, green and blue, in float. See
 * augment.h.
 *
 * Brightness, contrast and saturation mix the picture with black, with its mean grey and with
 * its own grey, factor f of the one and 1 - f of the other, clamped to 0..1; factors above 1
 * lead away. Hue turns the colour's angle in the HSV hexcone (A. R. Smith, "Color gamut
 * transform pairs", 1978). Grey is ITU-R 601-2 luma with torchvision's digits.
 * SPDX-License-Identifier: MIT */
#include <math.h>

#include "train/augment.h"

static float clamp(float x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static float mix(float f, float x, float other)
{
    return clamp(f * x + (1 - f) * other);
}

typedef struct planes {
    float *red, *green, *blue; /* the same where there is one channel */
    size_t n;
    int n_channels;
} planes;

static float grey_of(const planes *p, size_t i)
{
    if (p->n_channels == 1) return p->red[i];
    return 0.2989f * p->red[i] + 0.587f * p->green[i] + 0.114f * p->blue[i];
}

/* Every channel of every pixel with the same other value. */
static void mix_all(const planes *p, float f, float other)
{
    for (size_t i = 0; i < p->n * (size_t)p->n_channels; i++)
        p->red[i] = mix(f, p->red[i], other);
}

static float mean_grey(const planes *p)
{
    double sum = 0;
    for (size_t i = 0; i < p->n; i++) sum += (double)grey_of(p, i);
    return (float)(sum / (double)p->n);
}

static void saturate(const planes *p, float f)
{
    for (size_t i = 0; i < p->n; i++) {
        const float grey = grey_of(p, i);
        p->red[i] = mix(f, p->red[i], grey);
        p->green[i] = mix(f, p->green[i], grey);
        p->blue[i] = mix(f, p->blue[i], grey);
    }
}

/* The hue of a colour that is not grey, in circles from 0: red 0, green 1/3, blue 2/3. */
static float hue_of(float r, float g, float b, float max, float span)
{
    const float rc = (max - r) / span, gc = (max - g) / span, bc = (max - b) / span;
    const float sixths = max == r ? bc - gc : max == g ? 2 + rc - bc : 4 + gc - rc;
    return sixths < 0 ? sixths / 6 + 1 : sixths / 6;
}

static void turn(float *red, float *green, float *blue, float by)
{
    const float r = *red, g = *green, b = *blue;
    const float max = r > g ? (r > b ? r : b) : (g > b ? g : b);
    const float min = r < g ? (r < b ? r : b) : (g < b ? g : b);
    if (max == min) return; /* grey has no hue */
    const float s = (max - min) / max;
    float h = hue_of(r, g, b, max, max - min) + by;
    h -= floorf(h); /* can round up to 1, which is sector 6: red again */
    const int sector = (int)(h * 6);
    const float f = h * 6 - (float)sector;
    const float low = clamp(max * (1 - s)), falling = clamp(max * (1 - s * f));
    const float rising = clamp(max * (1 - s * (1 - f)));
    switch (sector % 6) {
    case 0:
        *red = max, *green = rising, *blue = low;
        break;
    case 1:
        *red = falling, *green = max, *blue = low;
        break;
    case 2:
        *red = low, *green = max, *blue = rising;
        break;
    case 3:
        *red = low, *green = falling, *blue = max;
        break;
    case 4:
        *red = rising, *green = low, *blue = max;
        break;
    default:
        *red = max, *green = low, *blue = falling;
    }
}

void fdml_augment_jitter(float *first, size_t n, int n_channels, const fdml_augment_draw *d)
{
    const bool is_grey = n_channels == 1;
    const planes p = { first, is_grey ? first : first + n, is_grey ? first : first + 2 * n, n,
                       n_channels };
    for (int i = 0; i < 4; i++) {
        const float f = (float)d->factor[d->order[i]];
        if (f == (d->order[i] == FDML_JITTER_HUE ? 0.f : 1.f)) continue;
        if (d->order[i] == FDML_JITTER_BRIGHTNESS) mix_all(&p, f, 0);
        if (d->order[i] == FDML_JITTER_CONTRAST) mix_all(&p, f, mean_grey(&p));
        if (d->order[i] == FDML_JITTER_SATURATION && !is_grey) saturate(&p, f);
        if (d->order[i] == FDML_JITTER_HUE && !is_grey)
            for (size_t k = 0; k < n; k++) turn(&p.red[k], &p.green[k], &p.blue[k], f);
    }
}
