# train_images.sh - fdml-train on pictures: the same bits however it runs, and pictures that
# cannot be read.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/train.bash"

# 80 pictures of 8 species to train on, 40 of 4 to validate
birds()
{
    fdml-synth plumage --quiet --out birds --classes 8 --validation-classes 4 --test-classes 2 \
        --per-class 10 --per-test 10 --per-color 1
    cat >exp.ini <<'END'
[data]
images = birds/labels.csv
attributes = share
split = split
[model]
backbone = cnn4
dim = 16
[objective]
name = multisimilarity
[sampler]
per_class = 4
[optimizer]
lr = 0.002
[train]
steps = 6
batch = 16
validate_every = 3
checkpoint_every = 2
min_group = 2
[augment]
crop = false
shift = 2
brightness = 0.2
hue = 0.1
resize = 32
mean = 0.5,0.5,0.5
std = 0.5,0.5,0.5
[log]
every = 1
END
}

test_pictures_train_to_the_same_bits()
{
    birds
    train --out a --threads 1
    assert_exit 0
    assert_json a/summary.json 'r["train"] == {"rows": 80, "classes": 8}'
    assert_json a/summary.json 'r["validated"] == {"rows": 40, "classes": 4}'
    train --out b --threads 2 --set data.cache=10K # what is kept decoded decides nothing
    assert_eq "$(weights b)" "$(weights a)"
    train --out c --isa scalar
    assert_eq "$(weights c)" "$(weights a)"
    train --out d --set train.steps=4
    sed -i 's/^steps = 4$/steps = 6/' d/config.ini
    run fdml-train --quiet --out d --resume
    assert_exit 0
    assert_same a/model.onnx b/model.onnx
    local last='import json,sys; print(json.loads(open(sys.argv[1]).readlines()[-2])["loss"])'
    assert_eq "$(python3 -c "$last" d/log.jsonl)" "$(python3 -c "$last" a/log.jsonl)"
}

# the store of decoded pictures gets what is left, and decides nothing
test_pictures_within_a_limit()
{
    birds
    train --out free
    run fdml-train exp.ini --dry-run
    assert_out 'decoded pictures beside it: up to 1.0 GiB'
    bad_input 'and room for pictures that are large' fdml-train exp.ini --quiet --out runs \
        --max-memory 2M
    assert_no_file runs
    local need
    need=$(sed 's/.* needs \([0-9.]*\) MiB.*/\1/' err)
    need=$(awk "BEGIN { printf \"%d\", ($need + 0.06) * 1048576 }")
    run fdml-train exp.ini --dry-run --max-memory "$need"
    assert_exit 0
    grep -q 'decoded pictures beside it: up to [0-9.]* [KM]iB' out || fail "no store"
    train --out runs --max-memory "$need"
    assert_exit 0
    assert_eq "$(weights runs)" "$(weights free)"
}

test_exported_models_embed_as_validated()
{
    birds
    train --out runs
    assert_exit 0
    awk -F, 'NR == 1 || $3 == "validation"' birds/labels.csv >birds/kept.csv
    local how=(--scale 1/255 --mean 0.5 --std 0.5 --quiet)
    run fdml-embed --model runs/model.safetensors birds/kept.csv -o a.npy "${how[@]}" --meta meta.csv
    assert_exit 0
    run fdml-embed --model runs/model.onnx birds/kept.csv -o b.npy "${how[@]}"
    assert_exit 0
    assert_same a.npy b.npy
    run fdml-inspect runs/model.safetensors --json
    assert_json out 'r[0]["kind"] == "model"'
    # the checkpoint says itself what happens to a picture
    run fdml-embed --model runs/model.safetensors birds/kept.csv -o c.npy
    assert_exit 0
    assert_same a.npy c.npy
    run fdml-eval a.npy meta.csv --format json --bootstrap 20 --permutations 20
    assert_eq "$(json out 'round(r["overall"]["map_at_r"]["value"], 12)')" \
        "$(json runs/summary.json 'round(r["validation"]["map_at_r"], 12)')"
}

test_training_goes_on_from_a_model()
{
    birds
    train --out first
    train --out second --set model.weights=first/model.safetensors --set model.freeze_trunk=true
    assert_exit 0
    head_alone_differs first/model.safetensors second/model.safetensors
    bad_input "first/model.safetensors: is a cnn4, but model.backbone is 'resnet18'" \
        fdml-train exp.ini --quiet --out third --set model.weights=first/model.safetensors \
        --set model.backbone=resnet18 --set model.size=32
}

# a picture that is found to be bad while the run is under way: what is done is kept
test_picture_that_breaks_in_the_middle()
{
    birds
    local picture=birds/species00002/00007.png
    head -c 60 $picture >x
    mv x $picture
    run fdml-train exp.ini --quiet --out runs --set train.checkpoint_every=100
    assert_exit 2
    assert_stderr_line "$picture: "
    assert_stderr_line '(runs/state.safetensors holds step '
    # the same again, from there
    run fdml-train --quiet --out runs --resume
    assert_exit 2
    assert_stderr_line "$picture: "
}

# other bytes of the same size, under the same name and date
test_pictures_that_have_changed()
{
    birds
    train --out runs --set train.steps=3
    sed -i 's/^steps = 3$/steps = 6/' runs/config.ini
    cp -r birds kept
    for picture in birds/species00001/00003.png birds/species00009/00003.png; do # trains, validates
        printf '\377' | dd of=$picture bs=1 seek=60 conv=notrunc status=none
        touch -r kept/species00001/00003.png $picture
        bad_input 'the run was begun with other data: birds/labels.csv or a picture has changed' \
            fdml-train --quiet --out runs --resume
        cp -p kept/"${picture#birds/}" $picture
    done
    rm -r birds
    cp -r kept birds # another date is no change
    run fdml-train --quiet --out runs --resume
    assert_exit 0
}

test_bad_pictures_are_left_out()
{
    birds
    head -c 100 birds/species00000/00003.png >x
    mv x birds/species00000/00003.png
    rm birds/species00001/00001.png
    bad_input 'birds/species0000' fdml-train exp.ini --quiet --out runs --set train.steps=40
    assert_no_file runs/summary.json
    run fdml-train exp.ini --out again --set data.skip_bad=true
    assert_exit 0
    grep -q 'left out: birds/species00000/00003.png: ' err || fail "$(cat err)"
    grep -q 'left out: birds/species00001/00001.png: No such file' err || fail "$(cat err)"
    assert_json again/summary.json 'r["pictures_left_out"] == 2 and r["train"]["rows"] == 78'
    assert_eq "$(grep -c ',bad$' again/rows.csv)" 2
}

test_networks_and_pictures_that_do_not_fit()
{
    birds
    bad_input "model.backbone is 'features', which takes data.embeddings" \
        fdml-train exp.ini --quiet --out runs --set model.backbone=features
    bad_input "no backbone 'resnet19'" fdml-train exp.ini --quiet --out runs \
        --set model.backbone=resnet19
    bad_input 'model.hidden is for backbone = features' fdml-train exp.ini --quiet --out runs \
        --set model.hidden=4
    bad_input 'augment.mean: 2 numbers, expected 3' fdml-train exp.ini --quiet --out runs \
        --set augment.mean=1,2
    bad_input 'birds/nosuch: ' fdml-train exp.ini --quiet --out runs --set data.images=birds/nosuch
    assert_no_file runs
}
