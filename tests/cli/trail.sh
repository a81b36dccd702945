# trail.sh - --verify: a report's audit done again; --sign and --public-key: who vouches for it.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"

made_report()
{
    small_set
    quick --group group,cam -m all -k 1,3 --fmr 1e-1,1e-2 --seed 7 --no-intersections \
        --query is_query --gallery is_gallery --exclude-same cam --json r.json "$@"
    assert_exit 0
}

# changed FROM TO: the report with one text exchanged, which must be in it
changed()
{
    grep -q -- "$1" r.json || fail "the report does not hold $1"
    sed "0,/$1/s//$2/" r.json >changed.json
}

test_the_same_again()
{
    made_report
    for isa in scalar best; do
        [ $isa = best ] && isa=$(json r.json 'r["tool"]["isa"]')
        run fdml-eval --verify r.json --isa "$isa" --threads 3
        assert_exit 0
        assert_out "the same: all "
        assert_out "$(json r.json 'r["result_sha256"]')"
    done
    assert_json r.json 'r["command"]["arguments"] == ["emb.npy", "meta.csv"]'
    assert_json r.json '{"name": "seed", "value": "7"} in r["command"]["options"]'
    assert_json r.json '"distance" not in {o["name"] for o in r["command"]["options"]}'
    mkdir moved && mv emb.npy meta.csv moved
    bad_input 'emb.npy: No such file' fdml-eval --verify r.json
    run fdml-eval --verify r.json moved/emb.npy moved/meta.csv
    assert_exit 0
}

test_what_is_not_the_same()
{
    made_report
    changed '"rows": 180' '"rows": 181'
    run fdml-eval --verify changed.json
    assert_exit 3
    changed '"p_holm": 1' '"p_holm": 0.01'
    run fdml-eval --verify changed.json
    assert_exit 3
    assert_out 'p_holm: 0.01 in the report, 1 now'
    assert_out 'NOT the same: 1 of '
    changed '"name": "seed", "value": "7"' '"name": "seed", "value": "8"'
    run fdml-eval --verify changed.json
    assert_exit 3
    assert_out 'settings.seed: 7 in the report, 8 now'
    python3 -c 'import json; r = json.load(open("r.json")); del r["gaps"][1:]; json.dump(r, open("changed.json", "w"))'
    run fdml-eval --verify changed.json
    assert_exit 3
    assert_out 'gaps: fewer items in the report, more items now'
    sed '$d' meta.csv >short.csv
    tail -n 1 meta.csv | sed 's/,[^,]*$/,other/' >>short.csv
    run fdml-eval --verify r.json emb.npy short.csv
    assert_exit 3
    assert_out 'short.csv is not the file of the report'
}

test_bad_reports()
{
    small_set
    printf '{"schema": "fdml-embed/1"}' >x.json
    bad_input 'x.json: is no report of fdml-eval' fdml-eval --verify x.json
    printf '{"schema": "fdml-eval/1"' >x.json
    bad_input 'x.json: invalid JSON at byte' fdml-eval --verify x.json
    printf '{"schema": "fdml-eval/1"}' >x.json
    bad_input 'x.json: does not hold the command that made it' fdml-eval --verify x.json
    # what writes files or is of another version is no option of a report
    printf '{"schema": "fdml-eval/1", "command": {"arguments": ["emb.npy"], "options": [{"name": "json", "value": "z"}]}}' >x.json
    bad_input 'command.options: json: is no option of this version' fdml-eval --verify x.json
    printf '{"schema": "fdml-eval/1", "command": {"arguments": ["emb.npy"], "options": [{"name": "seed", "value": "-"}]}}' >x.json
    bad_input "command.options: seed: '-' is not a whole number" fdml-eval --verify x.json
    printf '{"schema": "fdml-eval/1", "command": {"arguments": 3, "options": []}}' >x.json
    bad_input 'command.arguments is missing' fdml-eval --verify x.json
    printf '{"schema": "fdml-eval/1", "command": {"arguments": ["-"], "options": []}}' >x.json
    bad_input 'was made from standard input' fdml-eval --verify x.json
    bad_usage '--public-key needs --verify' fdml-eval emb.npy meta.csv --public-key k
    bad_usage '--sign needs --json FILE' fdml-eval emb.npy meta.csv --sign k
}

test_signed()
{
    command -v minisign >/dev/null || skip 'there is no minisign'
    minisign -G -W -p k.pub -s k.key <<<'' >/dev/null
    minisign -G -W -p other.pub -s other.key <<<'' >/dev/null
    made_report --sign k.key
    minisign -V -q -p k.pub -m r.json
    run fdml-eval --verify r.json --public-key k.pub
    assert_exit 0
    assert_out 'r.json: signed by the key of k.pub'
    run fdml-eval --verify r.json --public-key other.pub
    assert_exit 3
    assert_out 'r.json.minisig: the signature is by another key'
    echo >>r.json
    run fdml-eval --verify r.json --public-key k.pub
    assert_exit 3
    assert_out 'the signature is not of this file'
    minisign -S -s k.key -m r.json
    run fdml-eval --verify r.json --public-key k.pub
    assert_exit 0
    bad_input 'meta.csv: 6970 bytes, the limit is 4096' fdml-eval --verify r.json --public-key meta.csv
    bad_input 'k.key: is no public key of minisign' fdml-eval --verify r.json --public-key k.key
    bad_input 'k.pub: is no secret key of minisign' fdml-eval emb.npy meta.csv --json x.json --sign k.pub
    assert_no_file x.json
    rm r.json.minisig
    bad_input 'r.json.minisig: No such file' fdml-eval --verify r.json --public-key k.pub
}

test_model_card()
{
    made_report --model-card card.md
    python3 - card.md r.json <<'END'
import json, re, sys
text = open(sys.argv[1]).read()
r = json.load(open(sys.argv[2]))
head = text.split("---\n")[1]
assert text.startswith("---\nmodel-index:\n- name: ") and "\n    dataset:\n      type: \"meta.csv\"\n" in head
got = {}
for line in re.findall(r"^    - (\{.*\})$", head, re.M):
    metric = json.loads(line)
    got[metric["name"]] = metric["value"]
for key, cell in r["overall"].items():
    assert got.get(f"{key}, overall") == cell["value"], key
for group in r["groups"]:
    for key, cell in group["metrics"].items():
        assert got.get(f"{key}, {group['by']} = {group['value']}") == cell["value"], key
for gap in r["gaps"]:
    assert got.get(f"{gap['metric']}, gap between groups of {gap['by']}") == gap["difference"]["value"]
assert "| **group** |" in text.split("---\n", 2)[2]
try:
    import yaml
    metrics = yaml.safe_load(head)["model-index"][0]["results"][0]["metrics"]
    assert {m["name"]: m["value"] for m in metrics} == got
except ImportError:
    pass
END
}
