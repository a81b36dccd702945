# findml.sh - fdml-findml: grids small enough for seconds, their tables, and that they can be
# stopped at any moment.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/train.bash"

# two methods, two seeds, on embeddings: a run takes about 0.1 s
findml_set()
{
    train_set
    cat >grid.ini <<'END'
[grid]
data = small
objectives = margin
methods = plain, same
baseline = plain
seeds = 0-1
min_group = 5

[common]
model.dim = 8
optimizer.lr = 0.01
train.steps = 30
train.batch = 16
train.checkpoint_every = 10
train.min_group = 5

[data.small]
data.embeddings = emb.npy
data.labels = meta.csv
data.attributes = group
data.split = fold

[objective.margin]
gamma = 0.3

[method.same]
miner.same_attribute_negatives = 1
END
}

test_a_grid_leaves_its_files()
{
    findml_set
    run fdml-findml grid.ini --out runs
    assert_exit 0
    assert_stderr_empty
    assert_out 'small, margin: minus plain'
    assert_out 'same against plain, 2 seeds:'
    assert_out 'What the numbers are'
    local cell=runs/small/margin/same/seed1
    for file in train.ini result.json test.csv test.json run/model.onnx; do
        assert_file "$cell/$file"
    done
    assert_no_file "$cell/test.npy"
    grep -q '^gamma = 0.3$' $cell/train.ini || fail "the objective's setting is lost"
    grep -q '^seed = 1$' $cell/train.ini || fail "the seed is lost"
    grep -q '^same_attribute_negatives = 0$' runs/small/margin/plain/seed1/train.ini
    # rows of the fold `test` alone, and the numbers of the audit
    assert_eq "$(wc -l <$cell/test.csv)" "$(($(grep -c ',test$' meta.csv) + 1))"
    assert_eq "$(json $cell/result.json 'r["measures"]["recall_at_1"]')" \
        "$(json $cell/test.json 'r["overall"]["recall_at_1"]["value"]')"
    assert_eq "$(json $cell/result.json 'r["measures"]["leakage_logistic"]')" \
        "$(json $cell/test.json 'r["leakage"][0]["leakage_logistic"]["value"]')"
    assert_eq "$(json $cell/result.json 'round(r["measures"]["gap_recall_at_1"], 12)')" \
        "$(json $cell/test.json \
            'round([g for g in r["gaps"] if g["metric"] == "recall_at_1"][0]["difference"]["value"], 12)')"
    assert_eq "$(json $cell/result.json 'r["measures"]["balanced_recall_at_1"]')" None
}

# the table is what Python makes of the runs
test_numbers_over_seeds()
{
    findml_set
    run fdml-findml grid.ini --out runs --set grid.seeds=0,1,2 --format json
    assert_exit 0
    cp out a.json
    assert_json a.json 'r["schema"] == "fdml-findml/1" and len(r["runs"]) == 6'
    python3 - <<'END'
import csv, io, json, math, statistics, subprocess
r = json.load(open("a.json"))
def runs(method, measure):
    found = {x["seed"]: x[measure] for x in r["runs"] if x["method"] == method}
    return [found[seed] for seed in sorted(found)]
t = 4.302652729749464  # .95, 2 degrees of freedom
checked = 0
for m in r["methods"]:
    for measure in r["definitions"]:
        x, base = runs(m["method"], measure), runs("plain", measure)
        if None in x:
            assert m[measure]["n"] == 0 and m[measure]["mean"] is None
            continue
        got = m[measure]
        assert math.isclose(got["mean"], statistics.mean(x), rel_tol=1e-12)
        assert math.isclose(got["sd"], statistics.stdev(x), rel_tol=1e-9, abs_tol=1e-15)
        assert math.isclose(got["half_interval"], t * got["sd"] / 3 ** .5, rel_tol=1e-9)
        if m["method"] == "plain":
            assert "difference" not in got
            continue
        d = [a - b for a, b in zip(x, base)]
        assert math.isclose(got["difference"], statistics.mean(d), rel_tol=1e-9, abs_tol=1e-15)
        assert math.isclose(got["standard_error"], statistics.stdev(d) / 3 ** .5, rel_tol=1e-9, abs_tol=1e-15)
        assert got["beyond"] == (abs(got["difference"]) > got["difference_half_interval"])
        checked += 1
assert checked >= 8, checked
END
    run fdml-findml grid.ini --out runs --set grid.seeds=0,1,2 --format csv --resume
    assert_exit 0
    assert_eq "$(head -1 out | cut -d, -f1-6)" data,objective,method,measure,n,mean
    assert_eq "$(grep -c '^small,margin,same,' out)" 13
    assert_eq "$(grep '^small,margin,same,recall_at_1' out | cut -d, -f6)" \
        "$(json a.json '[m for m in r["methods"] if m["method"] == "same"][0]["recall_at_1"]["mean"]')"
}

test_formats_and_plot()
{
    findml_set
    run fdml-findml grid.ini --out runs --quiet --format md --plot front.svg
    assert_exit 0
    assert_out '| method | seeds |'
    assert_out '**In words**'
    python3 -c 'import xml.dom.minidom as x; d = x.parse("front.svg"); assert sum("point" in e.getAttribute("class") for e in d.getElementsByTagName("path")) == 4'
    run fdml-findml grid.ini --out runs --resume --format latex --output t.tex
    assert_exit 0
    assert_no_out
    grep -q 'begin{tabular}' t.tex || fail "no table"
}

# what is done is not done again, jobs and threads do not show, and a new method is added
test_resume_adds_what_is_missing()
{
    findml_set
    run fdml-findml grid.ini --out one --quiet --only '*/seed0'
    assert_exit 0
    assert_out '2 of 4 runs are not done'
    bad_input 'one: holds runs already; --resume goes on with them' fdml-findml grid.ini --out one
    local before
    before=$(stat -c %Y.%i one/small/margin/plain/seed0/result.json)
    run fdml-findml grid.ini --out one --resume --jobs 2
    assert_exit 0
    cp out a
    assert_eq "$(stat -c %Y.%i one/small/margin/plain/seed0/result.json)" "$before"
    run fdml-findml grid.ini --out two --threads 1 --isa scalar
    assert_same a out
    run fdml-findml grid.ini --out one --dry-run
    assert_out '0 of 4 runs to do'
    sed -i 's/^methods = .*/methods = plain, same, half/' grid.ini
    printf '[method.half]\nminer.same_attribute_negatives = 0.5\n' >>grid.ini
    run fdml-findml grid.ini --out one --dry-run
    assert_out '2 of 6 runs to do'
    assert_out 'done    small/margin/same/seed1'
    assert_out 'to do   small/margin/half/seed1'
}

# killed with -9 at any moment: the table in the end is that of a grid that was not
test_kill_and_resume()
{
    findml_set
    run fdml-findml grid.ini --out whole
    cp out whole.txt
    local moment pid
    for moment in 0.05 0.15 0.3 0.4; do
        fdml-findml grid.ini --out parts --resume --quiet >/dev/null 2>&1 &
        pid=$!
        sleep "$moment"
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    run fdml-findml grid.ini --out parts --resume --quiet
    assert_exit 0
    assert_same whole.txt out
}

# a signal reaches the runs, which leave a checkpoint
test_interrupted()
{
    findml_set
    command -v timeout >/dev/null || skip 'there is no timeout'
    status=0
    timeout -s TERM 1 fdml-findml grid.ini --out runs --set train.steps=1000000 --quiet || status=$?
    assert_eq "$status" 124
    assert_file runs/small/margin/plain/seed0/run/state.safetensors
    [ -z "$(pgrep -f "$PWD/runs" || true)" ] || fail "a run was left behind"
}

test_changed_settings_are_refused()
{
    findml_set
    run fdml-findml grid.ini --out runs --quiet
    assert_exit 0
    bad_input "plain/seed0: train.batch: is '32', but the run was begun with '16'; remove that folder" \
        fdml-findml grid.ini --out runs --resume --set train.batch=32
    # an audit alone is done again
    run fdml-findml grid.ini --out runs --resume --set grid.min_group=1000 --format json
    assert_exit 0
    assert_json out 'r["methods"][0]["gap_recall_at_1"]["mean"] is None'
    assert_json out 'r["methods"][0]["recall_at_1"]["n"] == 2'
}

# done runs are known again, however the path of their folder is spelled, and where it was moved to
test_the_folder_of_runs_by_another_name()
{
    findml_set
    run fdml-findml grid.ini --out runs --quiet --format csv
    assert_exit 0
    mv out first
    run fdml-findml grid.ini --out "$PWD/./runs/" --resume --format csv
    assert_exit 0
    assert_same out first
    mv runs elsewhere
    run fdml-findml grid.ini --out elsewhere --dry-run
    assert_out '0 of 4 runs to do'
}

# a run that fails is told and counted; the others are done
test_a_failing_run()
{
    findml_set
    printf '[method.bad]\nminer.name = nosuch\n' >>grid.ini
    run fdml-findml grid.ini --out runs --set grid.methods=plain,bad
    assert_exit 2
    grep -q '^fdml-findml: small/margin/bad/seed1: exit status 2: fdml-train: ' err || fail "not told"
    assert_out '2 of 4 runs are not done'
    assert_file runs/small/margin/plain/seed1/result.json
}

test_plumage_is_made_for_each_seed()
{
    cat >grid.ini <<'END'
[grid]
data = birds
objectives = margin
methods = plain
baseline = plain
seeds = 3,5
min_group = 2
[common]
model.backbone = cnn4
model.size = 32
model.dim = 8
augment.crop = false
augment.resize = 32
sampler.per_class = 2
train.steps = 3
train.batch = 8
[data.birds]
make = plumage
synth.classes = 8
synth.validation_classes = 0
synth.test_classes = 8
synth.per_class = 6
synth.per_test = 10
synth.per_color = 1
data.attributes = color
data.split = split
balanced = balanced
groups = share
leakage = color
END
    run fdml-findml grid.ini --out runs --jobs 2 --format json
    assert_exit 0
    assert_json out 'r["methods"][0]["balanced_recall_at_1"]["n"] == 2'
    assert_json out 'r["methods"][0]["minority_recall_at_1"]["n"] == 2'
    assert_json out '0 <= r["methods"][0]["leakage_logistic"]["mean"] <= 1'
    assert_eq "$(find runs/birds/made -name labels.csv | wc -l)" 2
    assert_eq "$(wc -l <runs/birds/margin/plain/seed3/balanced.csv)" 65
    cmp -s runs/birds/made/*-seed3/labels.csv runs/birds/made/*-seed5/labels.csv && fail "the same birds"
    assert_json runs/birds/margin/plain/seed3/balanced.json 'r["settings"]["groups"] == ["color"]'
    # another set is not the same folder
    run fdml-findml grid.ini --out runs --resume --set data.birds.synth.per_class=8
    assert_exit 2
    grep -q "plain/seed3: data.images: is '.*/runs/birds/made/" err || fail "the change is not named"
}

bad_grid()
{
    findml_set
    sed -i "$2" grid.ini
    bad_input "$1" fdml-findml grid.ini --out runs
    assert_no_file runs/small
}

test_bad_grids()
{
    bad_grid "grid.ini:15: unknown key 'stepz' in [train]; did you mean 'steps'?" 's/train.min_group/train.stepz/'
    bad_grid "grid.ini:4: unknown key 'metods' in [grid]; did you mean 'methods'?" 's/^methods/metods/'
    bad_grid 'grid.ini: grid.baseline is missing' '/^baseline/d'
    bad_grid "grid.ini: grid.baseline: 'plan' is none of grid.methods; did you mean 'plain'?" \
        's/^baseline = plain/baseline = plan/'
    bad_grid 'grid.ini: grid.methods: there is no section [method.sam]; did you mean '"'same'?" \
        's/^methods = plain, same/methods = plain, sam/'
    bad_grid 'grid.ini: grid.data: there is no section [data.big]' 's/^data = small/data = big/'
    bad_grid "grid.seeds: '4-1' is no list such as 0-4 or 0,2,5" 's/^seeds = .*/seeds = 4-1/'
    bad_grid "grid.ini:10: unknown section [comon]; did you mean [common]?" 's/^.common./[comon]/'
    bad_grid 'keys of fdml-train go into [common] as train.x' 's/^.objective.margin./[train]\nx = 1/'
    bad_grid "unknown key 'lr' in [method.same]; keys of fdml-train have a section" \
        's/^miner.same/lr = 3\nminer.same/'
    bad_grid "objective margin has no setting 'gama'; did you mean 'gamma'?" 's/^gamma/gama/'
    bad_grid 'synth.per_class is for sets with make = plumage' 's/^data.split/synth.per_class = 3\ndata.split/'
    bad_grid "unknown key 'synth.per_clas' in [data.small]; did you mean 'per_class'?" \
        's/^data.split/synth.per_clas = 3\ndata.split/'
    bad_grid "'a/b' cannot be the name of a folder" 's/^methods = plain, same/methods = plain, a\/b/'
    bad_grid '[data.small]: data.images or data.embeddings is missing' '/^data.embeddings/d'
    findml_set
    bad_input "--only: 'x*' is like no run of the grid" fdml-findml grid.ini --out runs --only 'x*'
    bad_input 'nosuch.ini: No such file' fdml-findml nosuch.ini --out runs
    bad_usage '--out RUNS is missing' fdml-findml grid.ini
    bad_usage 'GRID.ini is missing' fdml-findml --out runs
}

test_examples_are_grids()
{
    local grid
    for grid in "$REPO"/examples/*.ini; do
        run fdml-findml "$grid" --out runs --dry-run
        assert_exit 0
        assert_out 'runs to do'
        assert_out '/seed4'
    done
    assert_no_file runs
}

test_demo()
{
    BIN=$BIN run "$REPO/scripts/demo.sh" demo --set grid.seeds=0-1 --set train.steps=3 --quiet \
        --set data.plumage.synth.per_class=8 --set data.plumage.synth.per_test=10 --set grid.min_group=5
    assert_exit 0
    assert_out 'parade against baseline, 2 seeds:'
    assert_out 'same_colour against baseline, 2 seeds:'
    assert_file demo/front.svg
}
