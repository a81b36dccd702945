# explain.sh - fdml-explain as it is used: reports, black boxes from outside, the same bits.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/explain.bash"

test_an_audit()
{
    credit_table
    audit --json r.json --per-row rows.csv --local local.csv --plot row.svg
    assert_exit 0
    assert_stderr_empty
    assert_out 'lime'
    assert_json r.json 'r["schema"] == "fdml-explain/1" and len(r["result_sha256"]) == 64'
    assert_json r.json '[b["name"] for b in r["black_boxes"]] == ["logistic", "mlp"]'
    assert_json r.json '[m["name"] for m in r["black_boxes"][0]["methods"]] == ["lime", "shap:k5", "gam", "tree"]'
    # what the report says of accuracy is what the rows say
    python3 - <<'END'
import csv, json
r = json.load(open("r.json"))
rows = list(csv.DictReader(open("rows.csv")))
for box in r["black_boxes"]:
    for method in box["methods"]:
        own = [x for x in rows if x["black_box"] == box["name"] and x["method"] == method["name"]]
        assert len(own) == 60, len(own)
        right = [(float(x["p"]) >= .5) == (float(x["e"]) >= .5) for x in own]
        value = method["overall"]["accuracy"]["value"]
        assert abs(sum(right) / len(right) - value) < 1e-12, (box["name"], method["name"], value)
# Holm's correction is over all gaps of explanations, and over all of black boxes themselves
methods = [m for box in r["black_boxes"] for m in box["methods"]]
for family in [m["gaps"] for m in methods], [box["quality"]["gaps"] for box in r["black_boxes"]]:
    tested = sorted((g["p"], g["p_holm"]) for gaps in family for g in gaps if g["p"] is not None)
    assert len(tested) > 6, family # of one black box and method there are six
    least = 0
    for i, (p, p_holm) in enumerate(tested):
        least = max(least, min(1, p * (len(tested) - i)))
        assert abs(least - p_holm) < 1e-12, (i, p, p_holm, least)
END
    # a prediction is its base and what its columns add
    python3 - <<'END'
import csv, collections
total, seen = collections.defaultdict(float), {}
for x in csv.DictReader(open("local.csv")):
    if x["method"] == "gam": continue # in log-odds
    key = x["row"], x["black_box"], x["method"]
    total[key] += float(x["contribution"])
    seen[key] = float(x["base"]), float(x["prediction"])
assert len(seen) == 240
for key, (base, prediction) in seen.items():
    assert abs(base + total[key] - prediction) < 1e-5, (key, base + total[key], prediction)
END
    python3 -c 'import xml.dom.minidom; xml.dom.minidom.parse("row.svg")'
}

test_the_same_bits()
{
    credit_table
    local want='' isa threads
    for isa in $(fdml-explain --version | sed -n 's/.*runs here: *//p'); do
        for threads in 1 3; do
            audit --isa "$isa" --threads "$threads" --black-box mlp --candidates 20 \
                -m lime:n300,lime:k2:n300:jtt5,shap:k2,shap:encoded:k3,gam,tree --information --format json
            assert_exit 0
            [ -n "$want" ] || want=$(json out 'r["result_sha256"]')
            assert_eq "$(json out 'r["result_sha256"]')" "$want"
        done
    done
}

test_forms()
{
    credit_table
    local form
    for form in table md latex csv json; do
        audit --black-box logistic -m lime:n500,tree --format "$form"
        assert_exit 0
        assert_file out
        cp out "first.$form"
        audit --black-box logistic -m lime:n500,tree --format "$form" -o "r.$form"
        assert_exit 0
        assert_no_out
        [ "$form" = json ] || assert_same "first.$form" "r.$form"
    done
}

# A command that is the logistic regression of the program, by its own description.
test_command()
{
    credit_table
    cat >score.py <<'END'
import sys, math
sys.stdin.readline()
batch = []
for line in sys.stdin:
    line = line.rstrip("\n")
    if line:
        income, debt, age, job, sex = line.split(",")
        z = (float(income) - 50) / 12 - (float(debt) - 10) / 4 + (job == "tech") / 2
        batch.append(1 / (1 + math.exp(-z)))
        continue
    print("\n".join(map(repr, batch)), flush=True)
    batch = []
END
    audit --command 'python3 score.py' -m lime:n300,shap:k2,gam,tree --format json
    assert_exit 0
    assert_json out '[b["name"] for b in r["black_boxes"]] == ["command"]'
    assert_json out 'r["black_boxes"][0]["methods"][0]["overall"]["auroc"]["value"] > 0.95'
}

# A threshold at a value of the table is met by the rows that have it: what is sent is what stands
# there, and not the float next to it, widened.
test_command_with_a_threshold()
{
    awk 'BEGIN { print "x,sex,good"
        for (i = 0; i < 600; i++) print "0." i % 7 "," (i % 2 ? "M" : "F") "," (i % 5 ? "yes" : "no") }' >steps.csv
    cat >score.py <<'END'
import sys
sys.stdin.readline()
for line in sys.stdin:
    if line == "\n": sys.stdout.flush()
    else: print(.25 if float(line) <= 0.1 else .75)
END
    run fdml-explain steps.csv --target good --group sex --seeds 1 --bootstrap 20 --permutations 20 --quiet -m tree \
        --command 'python3 score.py' --per-row rows.csv
    assert_exit 0
    assert_stderr_empty
    python3 - <<'END'
import csv
table = list(csv.DictReader(open("steps.csv")))
rows = list(csv.DictReader(open("rows.csv")))
assert len(rows) == 60 and any(table[int(row["row"]) - 1]["x"] == "0.1" for row in rows)
for row in rows:
    x = table[int(row["row"]) - 1]["x"]
    assert float(row["p"]) == (.25 if float(x) <= 0.1 else .75), (row, x)
END
}

# The program of docs/explain.md, with a model of its own, on cells that are hard to read.
test_command_of_the_docs()
{
    awk '/^```python/ { inside = 1; next } /^```/ { inside = 0 } inside' "$REPO/docs/explain.md" >shown.py
    grep -q 'csv.reader' shown.py || fail 'docs/explain.md shows no program'
    cat >model.py <<'END'
base = {"plain": .1, 'a, "b"\nc': .3, "d\r\ne,": .5, "": .2, " f ": .05}
def score(row): return min(max(base[row['odd, "name"']] + float(row["x"] or .25), 0), 1)
END
    cat model.py shown.py >score.py
    /usr/bin/python3 - <<'END'
import csv, random
r = random.Random(3)
with open("odd.csv", "w", newline="") as file:
    rows = csv.writer(file)
    rows.writerow(["x", 'odd, "name"', "sex", "good"])
    for i in range(600):
        word = r.choice(["plain", 'a, "b"\nc', "d\r\ne,", "", " f "])
        rows.writerow([r.choice(["", "0", "0.125", "0.375"]), word, r.choice("MF"), r.choice(["yes", "no"])])
END
    run fdml-explain odd.csv --target good --group sex --seeds 1 --bootstrap 20 --permutations 20 --quiet \
        --command '/usr/bin/python3 score.py' -m lime:n300,tree --per-row rows.csv
    assert_exit 0
    assert_stderr_empty
    /usr/bin/python3 - <<'END'
import csv
exec(open("model.py").read())
table, rows = [list(csv.DictReader(open(name, newline=""))) for name in ["odd.csv", "rows.csv"]]
assert len(rows) == 120 and len({table[int(row["row"]) - 1]['odd, "name"'] for row in rows}) == 5
for row in rows:
    own = table[int(row["row"]) - 1]
    assert abs(float(row["p"]) - score(own)) < 1e-7, (row, own)
END
    # a row of one unknown number is not the empty line
    { echo 'def score(row): return float(row["x"] or .25)' && cat shown.py; } >one.py
    awk 'BEGIN { print "x,sex,good"
        for (i = 0; i < 600; i++) print (i % 3 ? "0." i % 7 : "") "," (i % 2 ? "M" : "F") "," (i % 5 ? "yes" : "no") }' >one.csv
    run fdml-explain one.csv --target good --group sex --seeds 1 --bootstrap 20 --permutations 20 --quiet \
        --command '/usr/bin/python3 one.py' -m tree --per-row rows.csv
    assert_exit 0
    assert_stderr_empty
    /usr/bin/python3 - <<'END'
import csv
table = list(csv.DictReader(open("one.csv")))
for row in csv.DictReader(open("rows.csv")):
    assert abs(float(row["p"]) - float(table[int(row["row"]) - 1]["x"] or .25)) < 1e-7, row
END
}

# A model has learnt from the table and not from our words: what is unknown is empty, in a row of
# one cell too. Where nothing is unknown, "(missing)" is a word of the table.
test_command_and_unknown_categories()
{
    cat >score.py <<'END'
import csv, sys
rows = csv.reader(sys.stdin)
base, width = eval(sys.argv[1]), len(next(rows))
batch = []
for row in rows:
    if row:
        assert len(row) == width, row
        batch.append(base[row[0]])
    else:
        print(*batch, sep="\n", flush=True)
        batch = []
END
    local columns words command
    for columns in job,sex,good job,age,sex,good; do
        for words in '"?", "a", "b"' '"", "a", "b"' '"(missing)", "a", "b"' '"(missing)", "?", "a"'; do
            python3 - "$columns" "$words" <<'END'
import random, sys
r = random.Random(5)
with open("jobs.csv", "w") as file:
    print(sys.argv[1], file=file)
    for i in range(600):
        cell = {"job": r.choice(eval(sys.argv[2])), "age": i % 9, "sex": r.choice("MF"), "good": r.choice("yn")}
        print(*[cell[name] for name in sys.argv[1].split(",")], sep=",", file=file)
END
            command='{"": .125, "a": .25, "b": .75}'
            [ "$words" != '"(missing)", "a", "b"' ] || command='{"(missing)": .125, "a": .25, "b": .75}'
            run fdml-explain jobs.csv --target good --group sex --missing '?' --seeds 1 --bootstrap 20 \
                --permutations 20 -m tree --command "python3 score.py '$command'" --per-row rows.csv -o report.txt
            assert_exit 0
            case $words in
            *missing*'?'*) grep -qF "column job: $(grep -c '^(missing)' jobs.csv) cells '(missing)' and" err || fail 'not told' ;;
            *) ! grep -qF "'(missing)'" err || fail 'a warning of nothing' ;;
            esac
            python3 - "$command" <<'END'
import csv, sys
base = eval(sys.argv[1])
table = list(csv.DictReader(open("jobs.csv")))
rows = list(csv.DictReader(open("rows.csv")))
assert len(rows) == 60
for row in rows:
    job = table[int(row["row"]) - 1]["job"]
    assert float(row["p"]) == base.get(job, .125), (row, job)
END
        done
    done
}

# A list of predict_proba's second column is what a file of one column is.
test_probabilities_as_numpy_has_them()
{
    credit_table
    /usr/bin/python3 - <<'END'
import csv, struct, zipfile
p = [int(float(x["income"])) % 16 / 16 for x in csv.DictReader(open("credit.csv"))]
def npy(letter, shape, p=p):
    text = "{'descr': '<%s', 'fortran_order': False, 'shape': %s, }" % ({"f": "f4", "d": "f8"}[letter], shape)
    text += " " * (63 - (10 + len(text)) % 64) + "\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(text)) + text.encode() + struct.pack("<%d%s" % (len(p), letter), *p)
def write(name, data):
    with open(name, "wb") as file: file.write(data)
write("column.npy", npy("f", "(600, 1)"))
write("single.npy", npy("f", "(600,)"))
write("double.npy", npy("d", "(600,)"))
write("short.npy", npy("d", "(599,)", p[1:]))
write("cube.npy", npy("d", "(600, 1, 1)"))
with zipfile.ZipFile("set.npz", "w", zipfile.ZIP_DEFLATED) as z: z.writestr("p.npy", npy("d", "(600,)"))
END
    local want='' file
    for file in column.npy single.npy double.npy set.npz:p; do
        audit --probabilities "$file" -m tree --format json
        assert_exit 0
        [ -n "$want" ] || want=$(json out 'r["black_boxes"][0]["methods"]')
        assert_eq "$(json out 'r["black_boxes"][0]["methods"]')" "$want"
    done
    bad_input 'short.npy: 599 probabilities, expected 600' fdml-explain credit.csv --target good --group race -m tree \
        --probabilities short.npy
    bad_input 'cube.npy: 3-D array (600,1,1), expected rows x dim' fdml-explain credit.csv --target good --group race \
        -m tree --probabilities cube.npy
}

test_probabilities()
{
    credit_table
    awk -F, 'NR == 1 { print "p"; next } { print 1 / (1 + exp(-($1 - 50) / 12 + ($2 - 10) / 4)) }' credit.csv >p.csv
    audit --probabilities p.csv -m gam,tree --format json
    assert_exit 0
    assert_json out 'r["black_boxes"][0]["methods"][0]["overall"]["accuracy"]["value"] > 0.9'
}

test_splits()
{
    credit_table
    awk -F, -v OFS=, '{ print $0, NR == 1 ? "part" : substr("TTEVS", 1 + NR % 5, 1) }' credit.csv >parts.csv
    awk 'NR > 1 { printf "%s", substr("TTEVS", 1 + NR % 5, 1) }' credit.csv >credit.split
    audit --split credit.split --black-box logistic -m tree --format json
    assert_exit 0
    local want
    want=$(json out 'r["result_sha256"]')
    run fdml-explain parts.csv --target good --group race --seeds 1 --bootstrap 100 --permutations 100 --quiet \
        --split-column part --black-box logistic -m tree --format json
    assert_exit 0
    assert_eq "$(json out 'r["result_sha256"]')" "$want"
    assert_json out 'r["counts"]["test"] == 120'
}

# Every setting that help or an error names, the functions of gates, and a method with settings.
test_define()
{
    local name
    for name in k n around sigma alpha jtt mass b encoded depth balanced gap max_gap versus simulate decisions information; do
        run fdml-explain --define "$name"
        assert_exit 0
        grep -q '\[paper\|ours\]' out || fail "$name does not say whose it is"
    done
    run fdml-explain --define lime:jtt10:k5
    assert_exit 0
    assert_eq "$(grep -v '^ ' out | tr '\n' ' ')" 'lime:jtt10:k5 lime k jtt '
    bad_input "--define: method 'lime:deph3': there is no setting 'deph3'" fdml-explain --define lime:deph3
    # a report defines the settings that its methods have
    credit_table
    audit --black-box logistic -m lime:n300,tree:depth2 -o r.txt
    assert_exit 0
    grep -q '^  depth  *setting of tree' r.txt || fail 'depth is not defined'
    ! grep -q '^  jtt ' r.txt || fail 'jtt is defined, and nobody has it'
}

test_gates()
{
    credit_table
    local net
    net=(--black-box mlp --candidates 20 -m lime:n300)
    audit "${net[@]}" --fail-if 'lime:n300.accuracy < 0.2'
    assert_exit 0
    audit "${net[@]}" --fail-if 'lime:n300.accuracy > 0.2' -o r.txt
    assert_exit 3
    assert_file r.txt
    grep -q 'gate failed: lime:n300.accuracy > 0.2' err || fail 'not told'
    audit "${net[@]}" --fail-if 'gap(lime:n300.accuracy, race) > 0.9'
    assert_exit 0
    audit "${net[@]}" --min-group 1000 --fail-if 'max_gap(mlp/lime:n300.accuracy, race) > 0.9' -o r.txt
    assert_exit 3
    grep -q 'cannot be decided' err || fail 'undecided is not told'
}

# What stops nothing, but should be known.
test_doubts()
{
    credit_table
    awk -F, -v OFS=, 'NR == 1 { print "number,copy," $0; next }
        NR % 9 == 0 { $6 = $6 " " } { print NR, ($7 == "yes" ? "0" : "1"), $0 }' credit.csv >doubts.csv
    run fdml-explain doubts.csv --target good --group race --seeds 1 --black-box logistic -m tree --permutations 20 \
        --bootstrap 1000 --confidence 0.999999 -o r.txt --report r.html
    assert_exit 0
    grep -q "warning: column race: 'A' and 'A ' differ in blanks at their ends alone, and are two groups" err ||
        fail 'blanks are not told of'
    grep -q 'warning: column number counts up by one from row to row' err || fail 'the number of the row is not told of'
    grep -q 'warning: column copy is the target good, or its opposite, in every row' err || fail 'the copy is not told of'
    grep -q 'warning: the ends of a 99.9999% interval are the smallest and largest of 1000' err || fail 'too few draws'
    grep -q 'Read the 3 warnings of <a href="#data">' r.html || fail 'not in data and split'
    grep -q 'Read the 1 warning of <a href="#groups">' r.html || fail 'not where intervals are'
    audit --black-box logistic -m tree -o r.txt
    ! grep -q Warnings r.txt || fail 'a warning of nothing'
}

test_interventions()
{
    credit_table
    audit --black-box mlp --candidates 20 -m lime:n500,lime:n500:jtt5 --compare lime:n500 --format json
    assert_exit 0
    assert_json out '"changes" in str(r["black_boxes"][0]["methods"][1])'
    audit --black-box logistic --balance-groups both --compare logistic -m lime:n500,tree:balanced --format json
    assert_exit 0
    assert_json out '[b["name"] for b in r["black_boxes"]] == ["logistic", "logistic+groups"]'
}

# A new model beside the old one: the same numbers as in one run, and none where nothing changed.
test_compare_with_another_run()
{
    credit_table
    audit --black-box logistic -m lime:n300,tree --per-row old.csv -o r.txt
    assert_exit 0
    audit --black-box logistic -m lime:n300,gam --compare old.csv --json same.json -o r.txt
    assert_exit 0
    grep -q 'lime:n300 less lime:n300 of old.csv' r.txt || fail 'not said'
    assert_json same.json '[bool(m.get("changes")) for m in r["black_boxes"][0]["methods"]] == [True, False]'
    assert_json same.json '[i["role"] for i in r["inputs"]] == ["table", "compare"]'
    audit --black-box mlp --candidates 20 -m lime:n300 --compare old.csv --json new.json -o r.txt \
        --fail-if 'change(lime:n300.accuracy) > 0.99'
    assert_exit 0
    python3 - <<'END'
import json
same, new = json.load(open("same.json")), json.load(open("new.json"))
def overall(r): return r["black_boxes"][0]["methods"][0]["overall"]["accuracy"]["value"]
def change(r): return r["black_boxes"][0]["methods"][0]["changes"]["overall"]["accuracy"]["value"]
def before(r): return r["black_boxes"][0]["methods"][0]["changes"]["overall"]["accuracy"]["before"]
assert change(same) == 0, change(same)
assert before(same) == before(new) == overall(same)
assert any("old.csv has no answers of gam on logistic" in w for w in same["warnings"]), same["warnings"]
assert abs(change(new) - (overall(new) - overall(same))) < 1e-12, (change(new), overall(new), overall(same))
END
    grep -q "was $(printf %.4f "$(json new.json 'r["black_boxes"][0]["methods"][0]["changes"]["overall"]["accuracy"]["before"]')")" \
        r.txt || fail 'what it was before is not said'
    # a black box of this run by that name comes first
    awk -F, 'NR == 1 { print "p" } NR > 1 { print ($1 > 50) * 0.5 + 0.25 }' credit.csv >p.csv
    audit --probabilities p.csv --black-box logistic -m tree --compare p.csv -o r.txt
    assert_exit 0
    grep -q 'tree less tree on p.csv' r.txt || fail 'p.csv is a black box here'
    sed 2d old.csv >short.csv
    bad_input "short.csv: 59 answers of lime:n300, expected 60: 60 test rows by 1 seeds" fdml-explain credit.csv \
        --target good --group race --seeds 1 --black-box logistic -m lime:n300 --compare short.csv
    # the rows of another table, which has as many
    awk -F, -v OFS=, 'NR > 1 { $2 = $2 == "A" ? "B" : "A" } 1' old.csv >swapped.csv
    bad_input "swapped.csv:2: row 10 has race 'B', and 'A' in the table: this is not the same table" fdml-explain credit.csv \
        --target good --group race --seeds 1 --black-box logistic -m lime:n300 --compare swapped.csv
    { head -1 credit.csv; tail -n +2 credit.csv | sort; } >sorted.csv
    bad_input "in the table: this is not the same table" fdml-explain sorted.csv \
        --target good --group race --seeds 1 --black-box logistic -m lime:n300 --compare old.csv
}

# 100% of what a linear model does is seen by a linear explanation; SHAP with all features is
# exact by construction.
test_shap_of_all_features_is_exact()
{
    credit_table
    audit --black-box mlp --candidates 20 -m shap --format json
    assert_exit 0
    assert_json out 'all(m["overall"]["accuracy"]["value"] == 1 for b in r["black_boxes"] for m in b["methods"])'
    assert_json out 'all(abs(m["overall"]["residual"]["value"]) < 1e-6 for b in r["black_boxes"] for m in b["methods"])'
}

test_dry_run()
{
    credit_table
    audit --dry-run
    assert_exit 0
    assert_out 'test 60'
    assert_out 'memory'
    # 144 gaps are tested, 4 x 144 x 20 - 1; a number that is given is taken, also the usual one
    run fdml-explain credit.csv --target good --group race,sex --dry-run
    assert_out '11519 permutations'
    run fdml-explain credit.csv --target good --group race,sex --dry-run --permutations 1000
    assert_out ' 1000 permutations'
    audit --write-encoding enc.csv
    assert_exit 0
    assert_eq "$(wc -l <enc.csv)" 9 # three numbers, three jobs, two sexes
}

# What --dry-run says is enough, its last digit less one is refused, and no more is used: beside the
# arenas 10 MiB for the program itself, and the 2 MiB pages in which large arrays come.
test_memory()
{
    local -a options=(credit.csv --target good --group race,sex --split credit.split --black-box logistic
        --candidates 1 -m lime:n50,tree,tree:depth1 --simulate --seeds 1,2 --bootstrap 50 --permutations 50
        --compare tree --threads 2 --quiet)
    local said less peak
    credit_table 20000
    awk 'NR > 1 { printf "%s", substr("TESSSS", 1 + (NR - 2) % 6, 1) }' credit.csv >credit.split
    run fdml-explain "${options[@]}" --dry-run
    assert_exit 0
    said=$(sed -n 's/^memory *up to \([0-9.]*\) MiB$/\1/p' out)
    [ -n "$said" ] || fail 'no memory in MiB'
    less=$(awk "BEGIN { printf \"%.1f\", $said - .1 }")
    bad_input '--max-memory' fdml-explain "${options[@]}" --max-memory "${less}M"
    if [ ! -x /usr/bin/time ]; then
        run fdml-explain "${options[@]}" --max-memory "${said}M"
        assert_exit 0
        return
    fi
    run /usr/bin/time -f %M -o peak fdml-explain "${options[@]}" --max-memory "${said}M"
    assert_exit 0
    peak=$(tail -1 peak)
    awk "BEGIN { exit !($peak <= ($said + 10) * 1024 && $peak >= $said * 512) }" ||
        fail "peak of $peak KiB, $said MiB were said"
}

# What the paper's authors had, with their split: EXPLAIN of recidivism by LIME.
test_recidivism()
{
    need_shared tabular/compas_two_groups.csv
    local set=$SHARED/tabular
    run fdml-explain "$set/compas_two_groups.csv" --target low_risk --group race --drop sex \
        --split "$set/splits/compas_two_groups.split" --black-box logistic -m lime --format json --quiet
    assert_exit 0
    assert_json out 'r["counts"]["test"] == 615 and r["counts"]["train"] == 3075'
    assert_json out 'r["black_boxes"][0]["methods"][0]["overall"]["auroc"]["value"] > 0.9999'
}
