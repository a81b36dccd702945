# train_bad.sh - fdml-train and what can be wrong with its input: one line that names file,
# place, value and limit, and nothing lost.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"
# shellcheck source=/dev/null
. "$REPO/tests/cli/train.bash"

bad_train()
{
    local message=$1
    shift
    bad_input "$message" fdml-train exp.ini --quiet --out runs "$@"
}

test_bad_usage()
{
    train_set
    bad_usage 'CONFIG.ini is missing' fdml-train --out runs
    bad_usage '--out RUN is missing' fdml-train exp.ini
    bad_usage "one argument too many: 'b.ini'" fdml-train exp.ini b.ini --out runs
    bad_usage 'did you mean --resume?' fdml-train exp.ini --out runs --resum
    assert_no_file runs
}

test_bad_config()
{
    train_set
    bad_input 'nosuch.ini: No such file or directory' fdml-train nosuch.ini --out runs
    echo 'evrey = 3' >>exp.ini
    bad_train "exp.ini:18: unknown key 'evrey' in [log]; did you mean 'every'?"
    sed -i '$d' exp.ini
    bad_train "--set: unknown section [modle]; did you mean [model]?" --set modle.dim=3
    bad_train "--set: unknown key 'pateince' in [train]; did you mean 'patience'?" \
        --set train.pateince=3
    bad_train "--set: objective margin has no setting 'gama'; did you mean 'gamma'?" \
        --set objective.gama=3
    bad_train 'objective.name: ' --set objective.name=margn
    bad_train 'miner.name: ' --set miner.name=semihrd
    bad_train 'sampler.name: ' --set sampler.name=clas
    bad_train "exp.ini: parade.settings: 'gamma' is no setting such as gamma=0.3" \
        --set parade.settings=gamma
    bad_train "exp.ini: parade.settings.gamma: -1 is not from 0 to" --set parade.settings=gamma=-1
    bad_train "objective triplet has no setting 'margn'; did you mean 'margin'?" \
        --set parade.objective=triplet --set parade.settings=margn=1
    bad_train 'exp.ini: parade.miner: ' --set parade.miner=semihrd
    bad_train 'exp.ini: parade.objective: ' --set parade.objective=margn
    bad_train "model.backbone is 'resnet18', but data.embeddings are no pictures" \
        --set model.backbone=resnet18
    bad_train 'data.images and data.embeddings are both set' --set data.images=x
    bad_train 'data.images or data.embeddings must be set' --set data.embeddings=
    bad_train 'one of train.steps and train.epochs must be above 0' --set train.steps=0
    bad_train 'one of train.steps and train.epochs must be above 0' --set train.epochs=3
    bad_train 'train.patience needs validation rows' --set train.patience=3 --set data.validation=0
    bad_train 'train.best_by is worst_map_at_r, which needs data.attributes' \
        --set train.best_by=worst_map_at_r --set data.attributes=
    bad_train 'miner.same_attribute_negatives needs data.attributes' --set data.attributes= \
        --set miner.same_attribute_negatives=0.5
    assert_no_file runs
    bad_train 'no group of the first attribute has 1000 validation rows' \
        --set train.best_by=worst_map_at_r --set train.min_group=1000
}

test_bad_data()
{
    train_set
    bad_train "meta.csv: no column 'gruop'" --set data.attributes=gruop
    bad_train "meta.csv: no column 'lable'" --set data.label=lable
    bad_train "meta.csv: column 'group' has no row of 'train'" --set data.split=group
    bad_train 'nosuch.npy: No such file' --set data.embeddings=nosuch.npy
    head -100 meta.csv >short.csv
    bad_train 'short.csv: 99 rows, but emb.npy has 192' --set data.labels=short.csv
    npy nan.npy '<f4' '(192, 3)' 1 2 3 4 5 nan 7
    bad_train 'nan.npy: row 1, column 2 is not finite' --set data.embeddings=nan.npy \
        --set data.validation=0
    assert_no_file runs
}

test_names_of_the_induced_group()
{
    train_set
    bad_train "data.attributes: 'induced' is the group that data.minority_classes makes, which is 0" \
        --set data.attributes=induced
    sed '1s/fold/induced/' meta.csv >named.csv
    bad_train "named.csv: has a column 'induced', which is the name of the group" \
        --set data.attributes=induced --set data.labels=named.csv --set data.minority_classes=0.5
    assert_no_file runs
    run fdml-train exp.ini --quiet --out runs --set data.attributes=induced \
        --set data.labels=named.csv # a column like others
    assert_exit 0
}

test_missing_attribute()
{
    train_set
    sed '3s/,[a-z]*,train/,,train/; 9s/,[a-z]*,train/,,train/' meta.csv >some.csv
    bad_train 'some.csv:3: group is empty (data.missing_attribute = group' \
        --set data.labels=some.csv --set data.validation=0
    run fdml-train exp.ini --quiet --out runs --set data.labels=some.csv --set data.validation=0 \
        --set data.missing_attribute=group
    assert_exit 0
    head -1 runs/log.csv | grep -q 'share/group/missing' || fail "no group 'missing'"
}

test_class_with_one_row()
{
    train_set
    sed '2s/synthetic00000/alone/' meta.csv >one.csv
    run fdml-train exp.ini --out runs --set data.labels=one.csv --set data.validation=0
    assert_exit 0
    grep -q 'one.csv: 1 of 25 classes have one row' err || fail "$(cat err)"
}

test_class_that_imbalance_would_empty()
{
    train_set
    run fdml-train exp.ini --out runs --set data.minority_classes=1 --set data.minority_keep=0 \
        --set train.steps=5
    assert_exit 0
    grep -q '18 classes would have been empty with data.minority_keep = 0' err || fail "$(cat err)"
}

# the loss of a rate that is far too high: the run stops, says where, and keeps what was good
test_loss_that_is_not_finite()
{
    train_set
    run fdml-train exp.ini --quiet --out runs --set optimizer.lr=1000 --set objective.name=npair \
        --set optimizer.name=sgd --set data.validation=0 --set train.checkpoint_every=1 \
        --set train.steps=5000
    assert_exit 2
    assert_stderr_line 'runs/state.safetensors holds step'
    assert_no_file runs/summary.json
    local held
    held=$(sed 's/.*holds step \([0-9]*\);.*/\1/' err)
    assert_stderr_line "step $held"
    cp err first
    run fdml-train --quiet --out runs --resume
    assert_exit 2
    assert_same err first
}

test_bad_checkpoint()
{
    train_set
    fdml-train exp.ini --quiet --out good
    cp -r good runs
    head -c 1000 good/state.safetensors >runs/state.safetensors
    bad_train 'runs/state.safetensors: ' --resume
    python3 - <<'PYTHON'
data = bytearray(open("good/state.safetensors", "rb").read())
data[-5] ^= 4
open("runs/state.safetensors", "wb").write(data)
PYTHON
    bad_train 'runs/state.safetensors: is damaged: the sha256 of its content is' --resume
    cp emb.npy runs/state.safetensors
    bad_train 'runs/state.safetensors: ' --resume
    # another network's, with this one's configuration
    fdml-train exp.ini --quiet --out other --set model.dim=9
    cp other/state.safetensors runs/state.safetensors
    bad_train "runs/state.safetensors: is of another network: 'head.weight' has 108 items, expected 96" \
        --resume
    cp good/state.safetensors runs/state.safetensors
    : >runs/log.csv
    bad_train 'runs/log.csv: has 0 bytes, but the checkpoint knows of' --resume
}

test_changed_since_the_beginning()
{
    train_set
    fdml-train exp.ini --quiet --out runs
    bad_train "optimizer.lr: is '0.5', but the run was begun with '0.01'" --resume \
        --set optimizer.lr=0.5
    bad_train "objective.gamma: is '0.5', but the run was begun with '0.2'" --resume \
        --set objective.gamma=0.5
    run fdml-train exp.ini --quiet --out runs --resume --set log.every=1 --threads 1
    assert_exit 0
    sed '5s/minority/new/; 5s/majority/minority/' meta.csv >meta.new
    mv meta.new meta.csv
    bad_train 'the run was begun with other data: emb.npy or meta.csv has changed' --resume
}

# a limit on the size of files stands for a full disk: the write fails, the old file stays
test_full_disk_at_a_checkpoint()
{
    train_set
    fdml-train exp.ini --quiet --out runs --set train.steps=20 --set log.tensorboard=false \
        --set log.every=1000000
    cp runs/state.safetensors old
    sed -i 's/^steps = 20$/steps = 60/' runs/config.ini
    status=0
    (
        trap '' XFSZ
        ulimit -f 2 # blocks of 1024 bytes in bash
        fdml-train --quiet --out runs --resume >out 2>err
    ) || status=$?
    assert_exit 2
    assert_stderr_line 'runs/state.safetensors: '
    assert_same runs/state.safetensors old
    if ls runs | grep tmp; then fail "a temporary file was left"; fi
    run fdml-train --quiet --out runs --resume
    assert_exit 0
}

test_folder_that_cannot_be_made()
{
    train_set
    bad_input 'no/such/folder: cannot make the folder' fdml-train exp.ini --quiet --out no/such/folder
}

# one process at a time; one that is killed leaves no lock
test_two_runs_in_one_folder()
{
    train_set
    fdml-train exp.ini --quiet --out runs --set train.steps=100000000 >/dev/null 2>&1 &
    local pid=$!
    while ! [ -e runs/state.safetensors ]; do sleep 0.05; done
    bad_train "runs: another fdml-train is writing there, process $pid" --resume
    bad_train "runs: another fdml-train is writing there, process $pid"
    kill -9 "$pid"
    wait "$pid" || true
    sed -i 's/^steps = 100000000$/steps = 60/' runs/config.ini
    bad_train "runs: holds a run already; --resume goes on with it"
    run fdml-train --quiet --out runs --resume
    assert_exit 0
}
