/* test_tools_config.c - configurations: what they say, what they may not, and back to text.
 * SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "../../tools/config.h"
#include "scratch.h"

static fdml_arena arena;

static fdml_status parse(config *c, const char *text, const char *const *set, size_t n_set,
                         fdml_error *err)
{
    const config_source source = { .path = "x.ini", .set = set, .n_set = n_set };
    return config_parse(c, &source, text, &arena, err);
}

static void expect_error(const char *text, const char *sentence)
{
    config c;
    fdml_error err = { 0 };
    const fdml_status status = parse(&c, text, NULL, 0, &err);
    cr_assert_neq(status, FDML_OK, "taken: %s", text);
    cr_assert_str_eq(err.text, sentence);
}

static void expect_set_error(const char *set, const char *sentence)
{
    config c;
    fdml_error err = { 0 };
    cr_assert_neq(parse(&c, "", &set, 1, &err), FDML_OK, "taken: %s", set);
    cr_assert_str_eq(err.text, sentence);
}

static void read_good(config *c, const char *text)
{
    fdml_error err = { 0 };
    cr_assert_eq(parse(c, text, NULL, 0, &err), FDML_OK, "%s", err.text);
}

Test(tools_config, defaults_are_the_lines)
{
    config c;
    read_good(&c, "");
    /* FINDML 5 */
    cr_assert_eq(c.optimizer.lr, 1e-5);
    cr_assert_eq(c.optimizer.weight_decay, 4e-4);
    cr_assert_eq(c.train.batch, 112);
    cr_assert_eq(c.sampler.per_class, 2);
    cr_assert_str_eq(c.objective.name, "margin");
    cr_assert_eq(c.model.dim, 128);
    cr_assert_eq(c.augment.scale.item[0], 0.08);
    cr_assert_null(c.data.images);
    cr_assert_eq(c.data.cache, (size_t)1 << 30);
    cr_assert(c.parade.detach);
    cr_assert_eq(c.parade.alpha, 0);
}

Test(tools_config, values)
{
    config c;
    read_good(&c, "; a comment\n[data]\nimages = a b.csv\nattributes = color , size of bird\n"
                  "[train]\nsteps: 10\nseed=18446744073709551615\n"
                  "[objective]\nname = triplet\nmargin = 0.3 ; inline\n"
                  "[model]\nfreeze_norm = true\n[schedule]\nmilestones = 0.5, 80\n");
    cr_assert_str_eq(c.data.images, "a b.csv");
    cr_assert_eq(c.data.attributes.n, 2);
    cr_assert_str_eq(c.data.attributes.item[0], "color");
    cr_assert_str_eq(c.data.attributes.item[1], "size of bird");
    cr_assert_eq(c.train.steps, 10);
    cr_assert_eq(c.train.seed, UINT64_MAX);
    cr_assert_eq(c.n_settings, 1);
    cr_assert_str_eq(c.setting[0].name, "margin");
    cr_assert_eq(c.setting[0].value, 0.3);
    cr_assert_str_eq(c.setting[0].place, "x.ini:10");
    cr_assert_eq(c.model.freeze_norm, 1);
    cr_assert_eq(c.schedule.milestones.item[0], 0.5);
    cr_assert_eq(c.schedule.milestones.item[1], 80);
}

Test(tools_config, set_goes_before_the_file)
{
    config c;
    fdml_error err = { 0 };
    const char *const set[] = { "train.steps=7", "data.attributes=a,b",
                                "data.label=", "objective.gamma=0.5", "parade.b.alpha=0.25" };
    cr_assert_eq(parse(&c,
                       "[train]\nsteps = 3\n[objective]\ngamma = 0.1\n[parade]\nalpha = 1\n",
                       set, 5, &err),
                 FDML_OK, "%s", err.text);
    cr_assert_eq(c.train.steps, 7);
    cr_assert_eq(c.data.attributes.n, 2);
    cr_assert_null(c.data.label);
    cr_assert_eq(c.n_settings, 1);
    cr_assert_eq(c.setting[0].value, 0.5);
    cr_assert_eq(c.attribute[0].alpha, 1);
    cr_assert_eq(c.attribute[1].alpha, 0.25);
}

Test(tools_config, an_attribute_overrides_parade)
{
    config c;
    read_good(&c, "[parade.size.x]\nrho = 0.2\nseparation = covariance\n"
                  "[data]\nattributes = color,size.x\n[parade]\nrho = 0.1\nalpha = 0.3\n");
    cr_assert_eq(c.attribute[0].rho, 0.1);
    cr_assert_eq(c.attribute[0].separation, 1);
    cr_assert_eq(c.attribute[1].rho, 0.2);
    cr_assert_eq(c.attribute[1].separation, 2);
    cr_assert_eq(c.attribute[1].alpha, 0.3);
}

Test(tools_config, mistakes_are_named_with_their_place)
{
    expect_error("[train]\n\nstepz = 3\n",
                 "x.ini:3: unknown key 'stepz' in [train]; did you mean 'steps'?");
    expect_error("[trian]\nsteps = 3\n",
                 "x.ini:2: unknown section [trian]; did you mean [train]?");
    expect_error("[zebra]\na = 3\n", "x.ini:2: unknown section [zebra] (see --print-config)");
    expect_error("[model]\nmomentum = 3\n",
                 "x.ini:2: unknown key 'momentum' in [model]; it belongs to [optimizer]");
    expect_error("steps = 3\n", "x.ini:1: 'steps' stands before any [section]");
    expect_error("[train]\nsteps = 3.5\n",
                 "x.ini:2: train.steps: '3.5' is not a whole number from 0 to 1000000000000");
    expect_error("[optimizer]\nlr = -1\n",
                 "x.ini:2: optimizer.lr: '-1' is not a number from 0 to 1000");
    expect_error("[model]\nfreeze_norm = yes\n",
                 "x.ini:2: model.freeze_norm: 'yes' is none of false|true");
    expect_error("[train]\nsteps = 3\nseed = 1\nsteps = 4\n",
                 "x.ini:4: train.steps stands twice, first in line 2");
    expect_error("[train]\nwhat\n",
                 "x.ini:2: expected '[section]' or 'key = value' (or a comment after #)");
    expect_error("[train\n",
                 "x.ini:1: expected '[section]' or 'key = value' (or a comment after #)");
    expect_error("[parade.colour]\nrho = 1\n",
                 "x.ini:2: [parade.colour]: 'colour' is none of data.attributes");
    expect_error("[data]\nattributes = a\n[parade.a]\nroh = 1\n",
                 "x.ini:4: unknown key 'roh' in [parade.a]; did you mean 'rho'?");
    expect_error("[objective]\ngamma = x\n", "x.ini:2: objective.gamma: 'x' is not a number");
    expect_error("[data]\nattributes = a,b,c,d,e,f,g\n",
                 "x.ini: data.attributes has 7 columns, the limit is 6");
}

Test(tools_config, comments_behind_values)
{
    config c;
    read_good(&c, "[data]\nattributes = color ; what must not matter\nimages = a#b;c.csv\n");
    cr_assert_str_eq(c.data.attributes.item[0], "color");
    cr_assert_str_eq(c.data.images, "a#b;c.csv");
    expect_error(
        "[data]\n\nimages = a.csv  # of my birds\n",
        "x.ini:3: 'a.csv  # of my birds' has a blank and # in it; a comment behind a value "
        "begins with ;, and neither can be part of a value");
}

Test(tools_config, set_mistakes)
{
    expect_set_error("train.steps", "--set: 'train.steps' is not section.key=value");
    expect_set_error("steps=3", "--set: 'steps=3' is not section.key=value");
    expect_set_error("train.=3", "--set: 'train.=3' is not section.key=value");
    expect_set_error("train.stps=3",
                     "--set: unknown key 'stps' in [train]; did you mean 'steps'?");
    expect_set_error("train.steps=",
                     "--set: train.steps: '' is not a whole number from 0 to 1000000000000");
}

/* A line that inih would silently cut in two. */
Test(tools_config, long_line)
{
    char text[600] = "[data]\nlabel = ";
    memset(text + strlen(text), 'a', 300);
    expect_error(text, "x.ini:2: 308 bytes, a line has at most 190");
}

static char *written(const config *c, bool with_help)
{
    static char text[1 << 16];
    memset(text, 0, sizeof text);
    FILE *file = fmemopen(text, sizeof text - 1, "w");
    config_write(file, c, with_help);
    fclose(file);
    return text;
}

/* What is written reads back as the same configuration, with comments or without. */
Test(tools_config, writes_what_it_reads)
{
    static const char *const texts[] = {
        "",
        "[data]\nimages = x\nattributes = a,b\nlabel =\n[parade]\nrho = 0.125\n"
        "[parade.b]\nrho = 0.1\ndetach = false\n[objective]\ngamma = 0.3\nname = margin\n"
        "[optimizer]\nlr = 0.000123456789\nname = sgd\n[data]\ncache = 5M\n",
    };
    for (size_t i = 0; i < 2; i++)
        for (int with_help = 0; with_help < 2; with_help++) {
            config a, b;
            char first[1 << 16];
            fdml_error err = { 0 };
            read_good(&a, texts[i]);
            snprintf(first, sizeof first, "%s", written(&a, with_help));
            read_good(&b, first);
            cr_assert_str_eq(written(&b, with_help), first);
            cr_assert_eq(config_compare(&a, &b, &err), FDML_OK, "%s", err.text);
            cr_assert_eq(b.optimizer.lr, a.optimizer.lr);
            cr_assert_eq(b.attribute[1].detach, a.attribute[1].detach);
        }
}

static void expect_changed(const char *a, const char *b, const char *sentence)
{
    config now, then;
    fdml_error err = { 0 };
    read_good(&now, a);
    read_good(&then, b);
    cr_assert_eq(config_compare(&now, &then, &err), FDML_E_ARG);
    cr_assert_str_eq(err.text, sentence);
}

Test(tools_config, a_continued_run_may_not_change_what_matters)
{
    config now, then;
    fdml_error err = { 0 };
    expect_changed("[train]\nseed = 2\n", "",
                   "train.seed: is '2', but the run was begun with '0'");
    expect_changed("[objective]\ngamma = 2\n", "[objective]\ngamma = 1\n",
                   "objective.gamma: is '2', but the run was begun with '1'");
    expect_changed("[data]\nattributes = a\n[parade.a]\nrho = 2\n", "[data]\nattributes = a\n",
                   "parade.a.rho: is '2', but the run was begun with '0'");
    read_good(&now, "[log]\nevery = 7\n[data]\ncache = 1K\n[train]\ncheckpoint_every = 3\n");
    read_good(&then, "");
    cr_assert_eq(config_compare(&now, &then, &err), FDML_OK, "%s", err.text);
}
