# train.sh - fdml-train: what a run leaves, that nothing but its inputs shows in it, and that it
# can be stopped at any moment.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/train.bash"

test_a_run_leaves_its_files()
{
    train_set
    run fdml-train exp.ini --out runs
    assert_exit 0
    assert_out 'runs: 60 steps, best at'
    assert_json runs/summary.json 'r["schema"] == "fdml-train/1" and r["steps"] == 60'
    assert_json runs/summary.json 'r["train"] == {"rows": 144, "classes": 18}'
    assert_json runs/summary.json 'r["validated"] == {"rows": 48, "classes": 6}'
    assert_json runs/summary.json \
        'all(0 <= r["validation"][k] <= 1 for k in ("map_at_r", "recall_at_1", "worst_map_at_r"))'
    assert_json runs/summary.json 'r["validation"]["worst_map_at_r"] <= r["validation"]["map_at_r"]'
    for file in config.ini rows.csv state.safetensors model.safetensors model.onnx; do
        assert_file "runs/$file"
    done
    assert_eq "$(cut -d, -f2 runs/rows.csv | sort | uniq -c | tr -s ' \n' ' ')" \
        ' 1 part 144 train 48 validation '
}

# what fdml-eval says of the exported model's rows is what the run said
test_the_model_embeds_as_it_was_validated()
{
    train_set
    train --out runs
    assert_exit 0
    run fdml-embed --model runs/model.onnx emb.npy -o out.npy --quiet
    assert_exit 0
    { head -1 meta.csv; paste -d, runs/rows.csv meta.csv | awk -F, '$2 == "validation"' |
        cut -d, -f3-; } >kept.csv
    python3 - <<'PYTHON'
import csv, struct
data = open("out.npy", "rb").read()[128:]
rows = [r["part"] == "validation" for r in csv.DictReader(open("runs/rows.csv"))]
width = len(data) // len(rows)
kept = b"".join(data[i * width:(i + 1) * width] for i, keep in enumerate(rows) if keep)
head = "{'descr': '<f4', 'fortran_order': False, 'shape': (%d, %d), }" % (sum(rows), width // 4)
head += " " * (117 - len(head)) + "\n"
open("kept.npy", "wb").write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head.encode() + kept)
PYTHON
    run fdml-eval kept.npy kept.csv --group group --format json --bootstrap 20 --permutations 20 \
        --min-group 5
    assert_exit 0
    assert_eq "$(json out 'round(r["overall"]["map_at_r"]["value"], 12)')" \
        "$(json runs/summary.json 'round(r["validation"]["map_at_r"], 12)')"
}

# of features, too, the checkpoint is a model like others
test_a_checkpoint_of_features()
{
    train_set
    local hidden
    for hidden in 0 24; do
        train --out "h$hidden" --set model.hidden=$hidden
        assert_exit 0
        run fdml-embed --model "h$hidden/model.onnx" emb.npy -o onnx.npy --quiet
        assert_exit 0
        run fdml-embed --model "h$hidden/model.safetensors" emb.npy -o ours.npy --quiet
        assert_exit 0
        assert_same ours.npy onnx.npy
        run fdml-inspect "h$hidden/model.safetensors" --json
        assert_exit 0
        assert_json out 'r[0]["kind"] == "model"'
        rm -f ./*.npy.json onnx.npy ours.npy
    done
    # the trunk goes on from it and stays, the head is new
    train --out again --set model.hidden=24 --set model.weights=h24/model.safetensors \
        --set model.freeze_trunk=true
    assert_exit 0
    assert_eq "$(head_alone_differs h24/model.safetensors again/model.safetensors)" 8
    bad_input "tensor 'hidden.weight' is [24,12], expected [16,12]" fdml-train exp.ini --quiet \
        --out third --set model.hidden=16 --set model.weights=h24/model.safetensors
    bad_input 'emb.npy: header of' fdml-train exp.ini --quiet \
        --out third --set model.hidden=16 --set model.weights=emb.npy
}

test_threads_and_instruction_sets_do_not_show()
{
    train_set
    local set=(--set parade.alpha=0.3 --set parade.rho=0.1 --set sampler.name=group_balanced
        --set model.hidden=24)
    train --out a --threads 1 "${set[@]}"
    assert_exit 0
    train --out b --threads 2 "${set[@]}"
    train --out c --isa scalar "${set[@]}"
    assert_eq "$(weights b)" "$(weights a)"
    assert_eq "$(weights c)" "$(weights a)"
    assert_same a/model.onnx b/model.onnx
    assert_same a/model.safetensors c/model.safetensors
    train --out d --set train.seed=1 "${set[@]}"
    [ "$(weights d)" != "$(weights a)" ] || fail "the seed does not show"
}

# FINDML 4: both 0 is the baseline in the same bits
test_parade_of_nothing_is_the_baseline()
{
    train_set
    train --out a
    train --out b --set parade.alpha=0 --set parade.rho=0 --set parade.separation=adversarial
    assert_exit 0
    assert_eq "$(weights b)" "$(weights a)"
    train --out c --set data.attributes=
    assert_eq "$(weights c)" "$(weights a)"
    train --out d --set model.hidden=8
    assert_exit 0
    train --out e --set parade.alpha=0.3 --set parade.detach=false --set model.hidden=8
    [ "$(weights d)" != "$(weights e)" ] || fail "alpha does not show"
    train --out f --set parade.alpha=0.3 --set model.hidden=8
    assert_eq "$(weights f)" "$(weights d)" # detached: the trunk learns nothing of it
}

# a run that is killed with -9, however often, ends in the bits of one that is not
test_kill_and_resume()
{
    train_set
    local long=(--set train.steps=1500 --set train.checkpoint_every=25 --set log.every=1)
    train --out whole "${long[@]}"
    assert_exit 0
    local moment pid file
    mkdir parts
    for file in state.safetensors config.ini rows.csv; do # of processes killed while they wrote
        echo half >"parts/$file.tmp123.0"
    done
    for moment in 0.02 0.1 0.2 0.3; do
        fdml-train exp.ini --quiet --out parts --resume "${long[@]}" >/dev/null 2>&1 &
        pid=$!
        sleep "$moment"
        kill -9 "$pid" 2>/dev/null || true
        wait "$pid" 2>/dev/null || true
    done
    train --out parts --resume "${long[@]}"
    assert_exit 0
    assert_eq "$(weights parts)" "$(weights whole)"
    assert_eq "$(ls parts)" "$(ls whole)"
    # no step stands twice or is missing, and all numbers are equal but the speed
    assert_eq "$(cut -d, -f1-8,10- parts/log.csv | sha256sum)" \
        "$(cut -d, -f1-8,10- whole/log.csv | sha256sum)"
    assert_eq "$(read_events parts/events.out.tfevents.0000000000.fdml | grep -v rows_per | sha256sum)" \
        "$(read_events whole/events.out.tfevents.0000000000.fdml | grep -v rows_per | sha256sum)"
}

# goes on from a checkpoint of a given step, with a log that is ahead of it
test_resume_cuts_the_log()
{
    train_set
    train --out whole
    local steps
    for steps in 10 20 50; do
        train --out "cut$steps" --set train.steps=$steps
        sed -i "s/^steps = $steps\$/steps = 60/" "cut$steps/config.ini"
        echo '55,1,1,1,1,1' >>"cut$steps/log.csv"
        run fdml-train --quiet --out "cut$steps" --resume
        assert_exit 0
        grep -q '^55,1,' "cut$steps/log.csv" && fail "the log was not cut"
        assert_eq "$(grep -c '^55,' "cut$steps/log.csv")" 1
    done
    # 20 and 60 are validated in both
    assert_eq "$(weights cut20)" "$(weights whole)"
}

test_a_signal_keeps_what_is_done()
{
    train_set
    fdml-train exp.ini --out runs --set train.steps=100000000 2>err >/dev/null &
    local pid=$!
    while ! [ -e runs/state.safetensors ]; do sleep 0.05; done
    kill -TERM "$pid"
    status=0
    wait "$pid" || status=$?
    assert_eq "$status" 143
    grep -q 'interrupted: runs/state.safetensors holds step' err || fail "$(cat err)"
    if ls runs | grep tmp; then fail "a temporary file was left"; fi
}

test_resume_of_a_finished_run_says_the_same()
{
    train_set
    run fdml-train exp.ini --out runs
    cp out first
    rm runs/model.onnx
    run fdml-train --out runs --resume
    assert_exit 0
    assert_same out first
    assert_file runs/model.onnx
    bad_input 'runs: holds a run already; --resume goes on with it' fdml-train exp.ini --quiet --out runs
}

# what a run will be, without one
test_dry_run()
{
    train_set
    run fdml-train exp.ini --dry-run
    assert_exit 0
    assert_stderr_empty
    assert_out 'train       144 rows of 18 classes; values of group 2'
    assert_out 'validation  48 rows of 6 classes; values of group 2'
    assert_out 'network     features to 8, 122 weights; margin' # 12 * 8 + 8, and 18 margins
    assert_out 'steps       60 of 16 rows, 9 an epoch; validated every 20; a checkpoint of '
    grep -q '^memory      [0-9.]* MiB: data ' out || fail "no memory"
    grep -q '^time        about [0-9]* s, .*: [0-9]* rows/s with' out || fail "no time"
    assert_eq "$(ls | tr '\n' ' ')" 'emb.npy err exp.ini meta.csv out set '
    run fdml-train exp.ini --dry-run --set model.hidden=2048 # so much that it shows
    python3 - <<'PYTHON'
import re
text = open("out").read()
unit = {"KiB": 1, "MiB": 1024}
size = lambda what: [float(a) * unit[b] for a, b in re.findall(what + r"([0-9.]+) ([KM]iB)", text)][0]
most, data, network, batch, step, validation, checkpoint = map(size, (
    "memory +", "data ", "network ", "batch ", "a step's ", "a validation's ", "a checkpoint of "))
weights = int(re.search("([0-9]+) weights", text)[1]) * 4 / 1024
assert abs(data + network + batch + max(step, validation) - most) < 0.02 * most
assert network > checkpoint + weights # with their gradients; and what the network was made of
assert batch > 16 * 12 * 4 / 1024 + 48 * 8 * 4 / 1024
assert validation > weights # of a plan
PYTHON
    run fdml-train exp.ini --dry-run --set data.attributes= --set data.validation=0
    assert_out 'validation  0 rows of 0 classes'
    train --out runs
    run fdml-train --dry-run --out runs --resume # a run that is there is not touched
    assert_exit 0
    assert_out 'steps       60 of 16 rows'
}

test_max_memory()
{
    train_set
    local set=(--set model.hidden=256 --set train.steps=20)
    bad_input '--max-memory: 1.0 MiB is too little; this run needs ' fdml-train exp.ini --out runs \
        --max-memory 1M "${set[@]}"
    assert_no_file runs
    local need
    need=$(sed 's/.* needs \([0-9.]*\) MiB.*/\1/' err)
    # what is said is rounded to a tenth of a MiB
    local enough low
    enough=$(awk "BEGIN { printf \"%d\", ($need + 0.06) * 1048576 }")
    low=$(awk "BEGIN { printf \"%d\", ($need - 0.06) * 1048576 }")
    bad_input 'is too little; this run needs' fdml-train exp.ini --dry-run --max-memory "$low" "${set[@]}"
    train --out limited --max-memory "$enough" "${set[@]}"
    assert_exit 0
    train --out free "${set[@]}"
    assert_eq "$(weights limited)" "$(weights free)"
    assert_same limited/rows.csv free/rows.csv
    assert_same limited/config.ini free/config.ini
}

test_early_stopping()
{
    train_set
    train --out runs --set optimizer.lr=0.3 --set train.patience=2 --set train.steps=3000 \
        --set train.best_by=worst_map_at_r
    assert_exit 0
    assert_json runs/summary.json 'r["steps"] < 3000'
    assert_json runs/summary.json 'r["steps"] == r["best_step"] + 40'
    assert_json runs/summary.json 'r["best_by"] == "worst_map_at_r"'
    # what is left is the best there was, not the last
    assert_eq "$(json runs/summary.json 'r["validation"]["worst_map_at_r"]')" \
        "$(python3 -c 'import json
lines = map(json.loads, open("runs/log.jsonl"))
print(max(line.get("validation/worst_map_at_r", 0) for line in lines))')"
}

test_logs_agree()
{
    train_set
    train --out runs --set parade.alpha=0.3
    python3 - <<'PYTHON'
import csv, json
lines = [json.loads(line) for line in open("runs/log.jsonl")]
rows = list(csv.DictReader(open("runs/log.csv")))
assert len(lines) == len(rows)
for line, row in zip(lines, rows):
    assert line == {k: float(v) for k, v in row.items() if v}, (line, row)
steps = [line for line in lines if "loss" in line]
assert [line["step"] for line in steps] == list(range(5, 61, 5))
for line in steps:
    shares = [v for k, v in line.items() if k.startswith("share/group/")]
    assert len(shares) == 2 and abs(sum(shares) - 1) < 1e-12
    assert line["active"] <= line["tuples"]
    assert abs(line["parade/group/alpha"] - 0.3) < 1e-6
assert [line["step"] for line in lines if "validation/map_at_r" in line] == [0, 20, 40, 60]
PYTHON
    read_events runs/events.out.tfevents.0000000000.fdml >events
    assert_eq "$(grep -c ' loss ' events)" 12
    assert_eq "$(grep ' validation/map_at_r ' events | cut -d' ' -f1 | tr '\n' ' ')" '0 20 40 60 '
    train --out quiet --set log.tensorboard=false
    assert_no_file quiet/events.out.tfevents.0000000000.fdml
}

test_print_config_is_a_config()
{
    train_set
    run fdml-train --print-config
    assert_exit 0
    cp out default.ini
    run fdml-train --print-config default.ini
    assert_exit 0
    assert_same out default.ini
    run fdml-train --print-config exp.ini --set train.seed=9 --set objective.gamma=0.25
    assert_out 'seed = 9'
    assert_out 'gamma = 0.25'
    run fdml-train --list-objectives
    assert_exit 0
    assert_out 'margin'
    assert_out 'multisimilarity'
}

test_every_objective_trains()
{
    train_set
    local name n=0
    for name in $(fdml-train --list-objectives | grep '^[a-z]'); do
        train --out "$name" --set objective.name="$name" --set train.steps=4
        assert_exit 0
        assert_file "$name/summary.json"
        n=$((n + 1))
    done
    [ "$n" -ge 16 ] || fail "only $n objectives"
}

test_splits()
{
    train_set
    train --out column --set data.split=fold --set data.validation=0
    assert_exit 0
    assert_eq "$(sed 1d column/rows.csv | cut -d, -f2 | uniq -c | tr -s ' \n' ' ')" \
        ' 118 train 40 validation 34 test '
    train --out halves --set data.zero_shot=true
    assert_exit 0
    assert_json halves/summary.json 'r["train"]["classes"] + r["validated"]["classes"] == 12'
    assert_eq "$(grep -c test halves/rows.csv)" 96
    train --out cut --set data.minority_classes=0.5 --set data.minority_keep=0.25
    assert_exit 0
    assert_eq "$(grep -c ',minority,minority$' cut/rows.csv) $(grep -c ',removed,' cut/rows.csv)" '18 54'
    assert_json cut/summary.json 'r["train"]["rows"] == 144 - 54'
}

# FINDML 7: the group that an induced imbalance makes is an attribute like others
test_the_induced_group()
{
    train_set
    awk -F, 'NR == 1 { print; next } # of each class six rows train and two validate
        { sub(/,[a-z]*$/, NR % 8 < 2 ? ",val" : ",train"); print }' meta.csv >within.csv
    local set=(--set data.labels=within.csv --set data.split=fold --set data.validation=0
        --set data.minority_classes=0.25 --set data.minority_keep=0.5
        --set data.attributes=induced,group)
    train --out runs "${set[@]}" --set parade.induced.alpha=0.3 --set train.best_by=worst_recall_at_1
    assert_exit 0
    # 24 classes, 6 of which keep 3 of 6 rows
    assert_eq "$(sed 1d runs/rows.csv | cut -d, -f2,3 | sort | uniq -c | tr -s ' \n' ' ')" \
        ' 18 minority,minority 18 removed,minority 108 train,majority 36 validation,majority 12 validation,minority '
    assert_eq "$(head -1 runs/rows.csv)" row,part,induced
    assert_json runs/summary.json 'r["validation"]["worst_group_by_recall_at_1"] in ("minority", "majority")'
    python3 - <<'PYTHON'
import csv, json
lines = [json.loads(line) for line in open("runs/log.jsonl")]
lines = [line for line in lines if "loss" in line]
shares = [line["share/induced/minority"] for line in lines]
assert all(a + line["share/induced/majority"] == 1 for a, line in zip(shares, lines))
assert 0 < sum(shares) / len(shares) < 0.5 # of the classes that are drawn a quarter
assert all("parade/induced/loss" in line for line in lines)
label = [row["label"] for row in csv.DictReader(open("within.csv"))]
groups = {}
for name, row in zip(label, csv.DictReader(open("runs/rows.csv"))):
    groups.setdefault(name, set()).add(row["induced"])
assert len(groups) == 24 and all(len(group) == 1 for group in groups.values())
PYTHON
    # batches that balance it
    train --out even "${set[@]}" --set sampler.name=group_balanced --set sampler.balance=classes
    assert_exit 0
    assert_eq "$(python3 -c 'import json
lines = map(json.loads, open("even/log.jsonl"))
print({line["share/induced/minority"] for line in lines if "loss" in line})')" '{0.5}'
    # classes of their own validate: nobody drew among them
    run fdml-train exp.ini --out unseen --set data.minority_classes=0.5 --set data.attributes=induced
    assert_exit 0
    grep -q "all of validation is 'unseen' in 'induced'" err || fail "$(cat err)"
    assert_eq "$(grep -c '^[0-9]*,validation,unseen$' unseen/rows.csv)" 48
}

test_the_control_shuffles()
{
    train_set
    local set=(--set miner.same_attribute_negatives=1)
    train --out real "${set[@]}"
    train --out control "${set[@]}" --set parade.shuffle_attribute=true
    assert_exit 0
    [ "$(weights real)" != "$(weights control)" ] || fail "the control is the real thing"
    train --out again "${set[@]}" --set parade.shuffle_attribute=true
    assert_eq "$(weights again)" "$(weights control)"
}

# an attribute head's own objective, with its own settings and miner
test_keys_of_attribute_objectives()
{
    train_set
    local alpha=(--set parade.alpha=0.3 --set parade.detach=false --set model.hidden=16)
    train --out base "${alpha[@]}"
    local seen name
    seen=$(weights base)
    for name in settings=gamma=0.3 miner=random objective_lr=0.1 objective=triplet \
        'objective=triplet --set parade.settings=margin=0.4' \
        'objective=triplet --set parade.miner=batch_hard'; do
        rm -rf runs
        # shellcheck disable=SC2086 # words
        train --out runs "${alpha[@]}" --set parade.$name
        assert_exit 0
        case " $seen " in *" $(weights runs) "*) fail "parade.$name changes nothing" ;; esac
        seen="$seen $(weights runs)"
    done
    # what is said twice, and what is the default
    train --out same "${alpha[@]}" --set parade.objective=margin --set objective.gamma=0.2 \
        --set parade.settings=gamma=0.2,beta=1.2 --set parade.miner=distance
    assert_exit 0
    assert_eq "$(weights same)" "$(weights base)"
    # of one attribute, and so in what is kept
    train --out runs2 "${alpha[@]}" --set parade.group.settings=gamma=0.3,beta=1.1
    assert_exit 0
    grep -A1 '^\[parade.group\]$' runs2/config.ini | grep -q '^settings = gamma=0.3,beta=1.1$' ||
        fail "$(cat runs2/config.ini)"
}

# every key of a separation reaches it: each changes the weights of a run
test_keys_of_separations()
{
    train_set
    local seen='' setting now
    for setting in direction=from_attribute direction=from_class reverse=class hidden=8 \
        separation=adversarial separation=covariance; do
        rm -rf runs
        train --out runs --set parade.alpha=0.3 --set parade.rho=0.1 --set "parade.$setting"
        assert_exit 0
        now=$(weights runs)
        case " $seen " in *" $now "*) fail "parade.$setting changes nothing" ;; esac
        seen="$seen $now"
    done
    rm -rf runs
    train --out runs --set parade.alpha=0.3 --set parade.rho=0.1 \
        --set parade.separation=covariance --set parade.over=rows
    assert_exit 0
    case " $seen " in *" $(weights runs) "*) fail "parade.over changes nothing" ;; esac
}
