/* plumage_paint.c - a bird from distances to its parts, pixel by pixel.
 *
 * A part is a distance function: negative within, zero at its edge, in half canvases. A pixel
 * that an edge crosses is covered in part, by how far its middle is within (half a pixel to
 * each side), which is what makes edges smooth at any size. Parts that grow together (body,
 * head, tail) are joined by a smooth minimum. Everything is +, -, *, / and sqrt; sines of
 * angles are taken once a picture, and waves are made of parabolas. SPDX-License-Identifier:
 * MIT */
#include <math.h>

#include "base/dmath.h"
#include "data/plumage_bird.h"

typedef struct point {
    double x, y;
} point;

/* A rounded cone: radius `from_r` at `from` to `to_r` at `to`. */
typedef struct cone {
    point from, to;
    double from_r, to_r;
} cone;

enum { TAIL_FEATHERS = 2, LEGS = 2, CREST_FEATHERS = 3, TOES = 2 };

/* The bird laid out in its own axes. */
typedef struct figure {
    const fdml_species *species;
    double body, height, tilt_sin, tilt_cos; /* half axes of the body */
    point head, eye, look;                   /* look: unit vector to where the beak points */
    cone neck, beak, tail[TAIL_FEATHERS], leg[LEGS], toe[LEGS], crest[CREST_FEATHERS];
    point wing;
    double wing_length, wing_height;
    fdml_rgb plumage, shade, mark; /* shade: of the wing */
    double pixel;                  /* its width */
    /* from the canvas to the bird */
    point middle;
    double turn_sin, turn_cos, scale_x, scale_y;
} figure;

static double clamp(double x)
{
    return x < 0 ? 0 : x > 1 ? 1 : x;
}

static double min(double a, double b)
{
    return a < b ? a : b;
}

static double max(double a, double b)
{
    return a > b ? a : b;
}

static fdml_rgb mix(fdml_rgb a, fdml_rgb b, double share_of_b)
{
    return (fdml_rgb){ a.r + (b.r - a.r) * share_of_b, a.g + (b.g - a.g) * share_of_b,
                       a.b + (b.b - a.b) * share_of_b };
}

static fdml_rgb times(fdml_rgb c, double f)
{
    return (fdml_rgb){ clamp(c.r * f), clamp(c.g * f), clamp(c.b * f) };
}

/* --- distances --- */

static double to_cone(point p, const cone *c)
{
    const double x = p.x - c->from.x, y = p.y - c->from.y;
    const double dx = c->to.x - c->from.x, dy = c->to.y - c->from.y;
    const double h = clamp((x * dx + y * dy) / (dx * dx + dy * dy + 1e-12));
    const double ex = x - h * dx, ey = y - h * dy;
    return sqrt(ex * ex + ey * ey) - (c->from_r + (c->to_r - c->from_r) * h);
}

/* The same, cut off square at `to`: the end of a tail. */
static double to_feather(point p, const cone *c)
{
    const double dx = c->to.x - c->from.x, dy = c->to.y - c->from.y;
    const double beyond =
        ((p.x - c->to.x) * dx + (p.y - c->to.y) * dy) / sqrt(dx * dx + dy * dy);
    return max(to_cone(p, c), beyond);
}

static double to_disc(point p, point middle, double radius)
{
    const double x = p.x - middle.x, y = p.y - middle.y;
    return sqrt(x * x + y * y) - radius;
}

/* To first order: the implicit function over the length of its gradient. */
static double to_ellipse(point p, double rx, double ry)
{
    const double x = p.x / rx, y = p.y / ry;
    const double f = sqrt(x * x + y * y), gx = x / rx, gy = y / ry;
    const double gradient = sqrt(gx * gx + gy * gy);
    return gradient > 0 ? f * (f - 1) / gradient : -min(rx, ry);
}

/* The smaller of two, rounded where they are closer than k: a joint without a corner. */
static double join(double a, double b, double k)
{
    const double h = max(k - fabs(a - b), 0);
    return min(a, b) - h * h / (4 * k);
}

static double covered(double distance, double pixel)
{
    return clamp(0.5 - distance / pixel);
}

/* A sine of turns made of parabolas: -1 to 1, period 1. */
static double wave(double turns)
{
    const double t = turns - floor(turns);
    return t < 0.5 ? 16 * t * (0.5 - t) : -16 * (t - 0.5) * (1 - t);
}

/* 0 below -width, 1 above it, smooth between. */
static double step(double x, double width)
{
    const double t = clamp(x / (2 * width) + 0.5);
    return t * t * (3 - 2 * t);
}

/* --- layout --- */

static point polar(point from, double angle, double length)
{
    double sine, cosine;
    fdml_sincos(angle, &sine, &cosine);
    return (point){ from.x + length * cosine, from.y - length * sine };
}

/* From the body's axes (along, down) to the bird's. */
static point on_body(const figure *f, double along, double down)
{
    return (point){ along * f->tilt_cos + down * f->tilt_sin,
                    down * f->tilt_cos - along * f->tilt_sin };
}

static void lay_head(figure *f)
{
    const fdml_species *s = f->species;
    f->head = on_body(f, s->reach * s->body, -0.25 * s->head);
    f->head.y -= 0.35 * s->head;
    f->neck = (cone){ on_body(f, 0.45 * s->body, 0), f->head, 0.6 * f->height, 0.7 * s->head };
    f->look = polar((point){ 0, 0 }, -s->droop, 1);
    f->eye = (point){ f->head.x + 0.3 * s->head, f->head.y - 0.22 * s->head };
    const point root = { f->head.x + 0.8 * s->head * f->look.x,
                         f->head.y + 0.8 * s->head * f->look.y };
    const point tip = { root.x + (s->beak + 0.2 * s->head) * f->look.x,
                        root.y + (s->beak + 0.2 * s->head) * f->look.y };
    f->beak = (cone){ root, tip, min(s->beak_width, 0.75 * s->head), 0.008 };
    for (int i = 0; i < CREST_FEATHERS; i++) {
        const double angle = 1.7 + 0.42 * i; /* from upright backwards */
        const point foot = polar(f->head, angle, 0.75 * s->head);
        f->crest[i] = (cone){ foot, polar(foot, angle + 0.25, s->crest * (1 - 0.22 * i)),
                              0.24 * s->head, 0.012 };
    }
}

static void lay_rest(figure *f)
{
    const fdml_species *s = f->species;
    const point root = on_body(f, -0.8 * f->body, -0.05 * f->height);
    const double back = 3.14159265358979324 + 0.5 * s->tilt + s->tail_angle;
    const double length = s->tail + 0.2 * f->body, spread = s->is_forked ? 0.24 : 0;
    for (int i = 0; i < TAIL_FEATHERS; i++) {
        const double width = s->tail_width * (s->is_forked ? 0.6 : 1);
        f->tail[i] = (cone){ root, polar(root, back + (i ? spread : -spread), length),
                             0.7 * width, (s->is_forked ? 0.7 : 1.1) * width };
    }
    for (int i = 0; i < LEGS; i++) {
        const point hip = on_body(f, (i ? 0.16 : -0.1) * f->body, 0.8 * f->height);
        const point foot = { hip.x + 0.03, hip.y + 0.2 * f->height + s->legs };
        f->leg[i] = (cone){ hip, foot, 0.024, 0.018 };
        f->toe[i] = (cone){
            { foot.x - 0.035, foot.y + 0.01 }, { foot.x + 0.075, foot.y + 0.01 }, 0.015, 0.012
        };
    }
    f->wing = on_body(f, s->wing_place * f->body, -0.12 * f->height);
    f->wing_length = s->wing_size * f->body;
    f->wing_height = 0.55 * f->height;
}

/* Marks are dark on light birds and light on dark ones. */
static void choose_colours(figure *f, const fdml_scene *scene)
{
    const fdml_rgb dark = { 0.07, 0.06, 0.06 }, light = { 0.96, 0.95, 0.90 };
    const fdml_rgb c = scene->plumage;
    const double luma = 0.299 * c.r + 0.587 * c.g + 0.114 * c.b;
    f->plumage = c;
    f->mark = mix(c, luma > 0.45 ? dark : light, f->species->contrast);
    /* A tone of black is none: what a dark bird's wing lacks in tone it has in grey. */
    const fdml_rgb tone = times(c, f->species->wing_tone);
    f->shade = luma > 0.2 ? tone : mix(c, light, 0.35 * (1.05 - f->species->wing_tone));
}

/* The bird is put so that its middle, not its body's, is the canvas', and made smaller where
 * long parts would reach beyond. */
static void place(figure *f, const fdml_scene *scene, uint32_t size)
{
    const fdml_species *s = f->species;
    const double right = max(f->beak.to.x, f->head.x + s->head);
    const double left = min(min(f->tail[0].to.x, f->tail[1].to.x) - s->tail_width, -f->body);
    const double top = min(f->head.y - s->head - 0.7 * s->crest, -f->height);
    const double bottom = max(f->leg[0].to.y, f->leg[1].to.y);
    const double extent = max(right - left, bottom - top),
                 fit = extent > 1.7 ? 1.7 / extent : 1;
    fdml_sincos(scene->turn, &f->turn_sin, &f->turn_cos);
    f->middle = (point){ (left + right) / 2, (top + bottom) / 2 };
    f->scale_y = fit * scene->size;
    f->scale_x = f->scale_y * scene->stretch;
    f->pixel = 2 / ((double)size * f->scale_y);
}

static void lay_out(figure *f, const fdml_species *s, const fdml_scene *scene, uint32_t size)
{
    f->species = s;
    f->body = s->body;
    f->height = s->body * min(s->aspect, 1);
    fdml_sincos(s->tilt, &f->tilt_sin, &f->tilt_cos);
    lay_head(f);
    lay_rest(f);
    choose_colours(f, scene);
    place(f, scene, size);
}

/* --- paint --- */

/* How much of the body's marking is at (along, down), which are its axes. */
static double marking(const figure *f, double along, double down)
{
    const double turns = f->species->frequency / 6.283185307179586;
    const double soft = max(0.2, 3 * turns * f->pixel);
    switch (f->species->pattern) {
    case FDML_BODY_BARS:
        return step(wave(turns * along) + 0.1, soft);
    case FDML_BODY_STREAKS:
        return step(wave(1.3 * turns * down + 0.25) + 0.1, soft);
    case FDML_BODY_SPOTS:
        return step(wave(turns * along) * wave(turns * down + 0.25) - 0.25, soft);
    case FDML_BODY_BREAST:
        return step(along - 0.3 * f->body, 0.04 + f->pixel);
    case FDML_BODY_BELLY:
        return step(down - 0.15 * f->height, 0.03 + f->pixel);
    default:
        return 0;
    }
}

static double head_marking(const figure *f, point p)
{
    const double r = f->species->head, soft = 0.5 * f->pixel + 0.01;
    const double x = (p.x - f->head.x) / r, y = (p.y - f->head.y) / r;
    const double is_head = covered(to_disc(p, f->head, 1.08 * r), f->pixel);
    switch (f->species->mark) {
    case FDML_HEAD_CAP:
        return is_head * step(-0.3 - y + 0.25 * x, soft / r);
    case FDML_HEAD_STRIPE:
        return is_head * step(0.24 - fabs(y + 0.2), soft / r);
    case FDML_HEAD_BIB:
        return is_head * step(y - 0.25 + 0.3 * (0.4 - x), soft / r);
    default:
        return 0;
    }
}

static fdml_rgb over(fdml_rgb under, fdml_rgb colour, double share)
{
    return share > 0 ? mix(under, colour, share) : under;
}

static const fdml_rgb horn = { 0.93, 0.56, 0.13 }, outline = { 0.10, 0.09, 0.09 };

static fdml_rgb paint_wing(const figure *f, fdml_rgb c, point p, double body_share)
{
    const double x = p.x - f->wing.x, y = p.y - f->wing.y;
    /* Along the wing, which hangs a little more than the body; pointed at the back. */
    const double along = x * f->tilt_cos - y * f->tilt_sin;
    const double down = y * f->tilt_cos + x * f->tilt_sin;
    const double t = along / f->wing_length, taper = 0.72 + 0.28 * clamp(t + 0.6);
    const point q = { along, down / taper - 0.1 * f->wing_height * t };
    const double d = to_ellipse(q, f->wing_length, f->wing_height);
    const double share = covered(d, f->pixel) * body_share;
    if (share <= 0) return c;
    /* Feathers show where a pixel is fine enough. */
    const double fine = clamp(0.05 / f->pixel - 0.8);
    const double feather = 0.16 * fine * clamp(0.2 - t) * 2 *
                           step(wave(6.5 * (q.y + 0.25 * along) / f->wing_height * 0.4), 0.3);
    const double rim = 0.45 * covered(fabs(d) - 0.012, max(f->pixel, 0.02));
    const fdml_rgb wing = mix(f->shade, outline, feather);
    return over(over(c, wing, share), outline, rim * body_share);
}

static fdml_rgb paint_body(const figure *f, fdml_rgb c, point p)
{
    const fdml_species *s = f->species;
    const double along = p.x * f->tilt_cos - p.y * f->tilt_sin;
    const double down = p.y * f->tilt_cos + p.x * f->tilt_sin;
    /* An egg: fuller in front. */
    const double full = 1 + 0.12 * clamp(along / f->body + 0.5) - 0.06;
    const double body = to_ellipse((point){ along, down / full }, f->body, f->height);
    const double head = to_disc(p, f->head, s->head);
    const double trunk = join(join(body, to_cone(p, &f->neck), 0.08), head, 0.06);
    const double tail = min(to_feather(p, &f->tail[0]), to_feather(p, &f->tail[1]));
    const double d = join(trunk, tail, 0.05);
    const double share = covered(d, f->pixel);
    if (share <= 0) return c;
    const double light = 1.1 - 0.22 * clamp(0.5 + 0.5 * down / f->height);
    const double is_body = covered(max(body, 0.02 - head), f->pixel);
    fdml_rgb feather = mix(f->plumage, f->shade, 0.6 * covered(0.03 - trunk, f->pixel + 0.04));
    feather = mix(feather, f->mark, is_body * marking(f, along, down));
    feather = mix(feather, f->mark, head_marking(f, p));
    const double rim = 0.5 * covered(fabs(d) - 0.014, max(f->pixel, 0.024));
    c = over(c, times(feather, light), share);
    c = over(c, outline, rim);
    return paint_wing(f, c, p, is_body);
}

static fdml_rgb paint_bird(const figure *f, fdml_rgb c, point p)
{
    const fdml_species *s = f->species;
    for (int i = 0; i < LEGS; i++) {
        const double d = min(to_cone(p, &f->leg[i]), to_cone(p, &f->toe[i]));
        c = over(c, times(horn, i ? 0.85 : 0.7), covered(d, f->pixel));
    }
    for (int i = 0; s->crest > 0 && i < CREST_FEATHERS; i++) {
        const double d = to_cone(p, &f->crest[i]);
        c = over(c, f->plumage, covered(d, f->pixel));
        c = over(c, outline, 0.45 * covered(fabs(d) - 0.01, max(f->pixel, 0.02)));
    }
    const double beak = to_cone(p, &f->beak);
    c = over(c, horn, covered(beak, f->pixel));
    c = over(c, outline, 0.4 * covered(fabs(beak) - 0.008, max(f->pixel, 0.02)));
    c = paint_body(f, c, p);
    const double eye = to_disc(p, f->eye, max(0.17 * s->head, 0.028));
    const point glint = { f->eye.x + 0.05 * s->head, f->eye.y - 0.06 * s->head };
    c = over(c, (fdml_rgb){ 0.96, 0.95, 0.9 }, 0.8 * covered(eye - 0.05 * s->head, f->pixel));
    c = over(c, (fdml_rgb){ 0.03, 0.03, 0.03 }, covered(eye, f->pixel));
    return over(c, (fdml_rgb){ 1, 1, 1 }, 0.9 * covered(to_disc(p, glint, 0.01), f->pixel));
}

static fdml_rgb paint_ground(const fdml_scene *s, double x, double y)
{
    const double bend = s->bend * wave(0.5 * (x - y) + s->bend_phase);
    const double a = wave(s->wave[0] * x + s->wave[1] * y + s->phase[0] + bend);
    const double b = wave(0.7 * (s->wave[1] * x - s->wave[0] * y) + s->phase[1] - bend);
    return mix(s->ground[0], s->ground[1], 0.5 + 0.35 * a + 0.15 * b);
}

/* The sum of four bytes, which is as near to a normal distribution as a sensor's noise: its
 * variance is 4 (256^2 - 1) / 12 = 21845, so a standard deviation of 0.03 is this factor. */
static double draw_noise(fdml_rng *rng)
{
    const uint32_t u = fdml_rng_u32(rng);
    const int sum = (int)((u & 255) + (u >> 8 & 255) + (u >> 16 & 255) + (u >> 24));
    return (sum - 510) * (0.03 / 147.80054);
}

static unsigned char to_byte(double x)
{
    return (unsigned char)floor(clamp(x) * 255 + 0.5);
}

void fdml_scene_paint(unsigned char *rgb, uint32_t size, const fdml_species *species,
                      const fdml_scene *scene, fdml_rng *noise)
{
    figure f;
    lay_out(&f, species, scene, size);
    for (uint32_t i = 0; i < size; i++) {
        for (uint32_t j = 0; j < size; j++, rgb += 3) {
            const double x = (2. * j + 1) / size - 1, y = (2. * i + 1) / size - 1;
            const double u = x - scene->x, v = y - scene->y;
            const double across = (u * f.turn_cos + v * f.turn_sin) / f.scale_x;
            const double down = (v * f.turn_cos - u * f.turn_sin) / f.scale_y;
            const point p = { (scene->flip ? -across : across) + f.middle.x,
                              down + f.middle.y };
            const fdml_rgb c = paint_bird(&f, paint_ground(scene, x, y), p);
            rgb[0] = to_byte(c.r * scene->gain.r + scene->offset + draw_noise(noise));
            rgb[1] = to_byte(c.g * scene->gain.g + scene->offset + draw_noise(noise));
            rgb[2] = to_byte(c.b * scene->gain.b + scene->offset + draw_noise(noise));
        }
    }
}
