# explain_bad.sh - what fdml-explain refuses: one line, exit 2 or 1, and no output behind.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/explain.bash"

# refuses MESSAGE ARGUMENTS...: as bad_input, and no output file in any form appears
refuses()
{
    local message=$1
    shift
    bad_input "$message" fdml-explain "$@" -o report.txt --json report.json --report report.html \
        --per-row report.csv --local report-local.csv --plot report.svg
    assert_eq "$(find . -name 'report*' | wc -l)" 0
}

credit='credit.csv --target good --group race --seeds 1'

test_files()
{
    refuses 'nosuch.csv: No such file or directory' nosuch.csv --target a --group b
    credit_table
    # shellcheck disable=SC2086 # words
    refuses 'nosuch.split: No such file or directory' $credit --split nosuch.split
    printf 'TEVS' >short.split
    # shellcheck disable=SC2086
    refuses 'short.split' $credit --split short.split
    : >empty.csv
    refuses 'empty.csv' empty.csv --target a --group b
}

test_columns()
{
    credit_table
    refuses "credit.csv: no column 'god'; columns are income, debt, age, job, sex, race, good" \
        credit.csv --target god --group race
    refuses "credit.csv: no column 'rase'" credit.csv --target good --group rase
    refuses 'target age has' credit.csv --target age --group race
    refuses "target good has no value 'maybe'" credit.csv --target good --positive maybe --group race
    refuses 'cannot be the target and protected' credit.csv --target good --group good
}

# A kind that is asked of a column that is no feature.
test_kinds_of_no_feature()
{
    credit_table
    # shellcheck disable=SC2086 # words
    {
        refuses "column 'good' cannot be categorical: it is the target, and no feature" $credit --categorical good
        refuses "column 'race' cannot be numeric: it is protected, and no feature" $credit --numeric race
        refuses "column 'age' cannot be numeric: it is dropped, and no feature" $credit --numeric age --drop age
        refuses "(row 1), expected a number; none of its cells is one" $credit --numeric job
    }
}

test_huge_numbers()
{
    credit_table
    awk -F, -v OFS=, 'NR == 9 { $2 = "1e39" } 1' credit.csv >huge.csv
    refuses "huge.csv:9: debt is '1e39' (row 8), beyond the range of a 32-bit float, 3.4e38" \
        huge.csv --target good --group race
    awk -F, -v OFS=, 'NR == 9 { $2 = "inf" } 1' credit.csv >infinite.csv
    refuses "infinite.csv:9: debt is 'inf' (row 8), expected a finite number" infinite.csv --target good --group race
    run fdml-explain --split-seed 18446744073709551616
    assert_stderr_line 'is not a whole number from 0 to 18446744073709551615'
}

test_unknown_groups()
{
    credit_table
    awk -F, -v OFS=, 'NR > 1 && NR % 4 == 0 { $6 = "NA" } 1' credit.csv >unknown.csv
    refuses "unknown.csv:4: race is 'NA', an unknown cell (--missing-attribute group would make such rows a group)" \
        unknown.csv --target good --group race --missing NA
    awk -F, -v OFS=, 'NR == 4 { $6 = "" } 1' credit.csv >empty_cell.csv
    refuses "empty_cell.csv:4: race is empty (--missing-attribute group" empty_cell.csv --target good --group race
    run fdml-explain unknown.csv --target good --group race --missing NA --missing-attribute group --dry-run
    assert_exit 0
    grep -q 'race=(missing): [0-9]* test rows' out || fail 'no group of unknown rows'
    ! grep -q 'race=NA' out || fail 'NA is a group'
}

test_constant_column()
{
    credit_table
    awk -F, -v OFS=, '{ print $0, NR == 1 ? "bank" : "main" }' credit.csv >constant.csv
    refuses "constant.csv: column bank is 'main' in all rows where it is known" \
        constant.csv --target good --group race
}

test_target_of_one_value()
{
    credit_table
    awk -F, -v OFS=, 'NR > 1 { $7 = "yes" } 1' credit.csv >one.csv
    refuses "one.csv: target good has one value only, 'yes'" one.csv --target good --group race
    # two values, of which the rows that train have one
    credit_table 400
    awk -F, 'NR > 1 { printf "%s", $7 == "yes" ? "T" : NR % 3 ? "E" : "S" }' credit.csv >yes.split
    # shellcheck disable=SC2086
    refuses "good is 'yes' in all" $credit --split yes.split
}

test_word_in_a_numeric_column()
{
    credit_table
    awk -F, -v OFS=, 'NR == 118 { $2 = "lots" } 1' credit.csv >word.csv
    refuses "word.csv:118: debt is 'lots' (row 117)" word.csv --target good --group race
}

test_group_absent_from_test()
{
    credit_table
    awk -F, 'NR > 1 { printf "%s", $6 == "B" ? substr("TE", 1 + NR % 2, 1) : substr("TESV", 1 + NR % 4, 1) }' \
        credit.csv >absent.split
    # shellcheck disable=SC2086
    refuses "race" $credit --split absent.split
    grep -q "'B'" err || fail 'the group is not named'
}

test_unseen_category()
{
    credit_table
    awk -F, -v OFS=, 'NR == 300 { $4 = "arts" } 1' credit.csv >unseen.csv
    awk 'NR > 1 { printf "%s", NR == 300 ? "S" : substr("TTES", 1 + NR % 4, 1) }' unseen.csv >unseen.split
    refuses "unseen.csv:300: job is 'arts', a category that none of the rows that train the black box has" \
        unseen.csv --target good --group race --split unseen.split
    run fdml-explain unseen.csv --target good --group race --split unseen.split --unseen zero --seeds 1 \
        --black-box logistic -m lime:n200 --bootstrap 20 --permutations 20 --quiet
    assert_exit 0
}

test_commands()
{
    credit_table
    local base='credit.csv --target good --group race --seeds 1 -m lime:n100'
    # shellcheck disable=SC2086
    refuses 'exit status 3' $base --command 'read line; exit 3'
    # shellcheck disable=SC2086
    refuses 'signal 9' $base --command 'read line; kill -9 $$'
    # shellcheck disable=SC2086
    refuses 'fewer answers than rows, and nothing for 2 seconds' $base --command-timeout 2 \
        --command 'while read -r line; do [ -n "$line" ] || echo .5; done'
    # shellcheck disable=SC2086
    refuses "answer 1 is '2', expected a number from 0 to 1" $base \
        --command 'while read -r line; do [ -n "$line" ] || echo 2; done'
    # shellcheck disable=SC2086
    refuses 'exit status 127' $base --command './nosuch_program 2>/dev/null'
}

# The first failure ends all asking: that of a command that is gone is told at once, however many
# rows and threads would still ask it.
test_commands_that_end_at_once()
{
    credit_table 8000 # of which 2400 explain
    local threads
    for threads in 1 4; do
        SECONDS=0
        refuses ' ended (exit status 3) after 0 answers, 512 rows were asked' credit.csv --target good --group race \
            --seeds 1 -m gam --threads $threads --command-timeout 5 --command 'exit 3'
        [ "$SECONDS" -lt 3 ] || fail "took $SECONDS s"
        SECONDS=0
        refuses ' and nothing for 2 seconds' credit.csv --target good --group race \
            --seeds 1 -m gam --threads $threads --command-timeout 2 --command 'cat >/dev/null'
        [ "$SECONDS" -le 4 ] || fail "took $SECONDS s"
    done
}

# One line more than was asked shifts all answers behind it: at a batch's end, at the start, at
# the very end, and without end.
test_commands_that_say_too_much()
{
    credit_table
    local base='credit.csv --target good --group race --seeds 1 -m lime:n100'
    local loop='read -r names; while read -r line; do if [ "$line" ]; then echo .5; else'
    # shellcheck disable=SC2086
    refuses ' answers that were asked for; all that is no answer belongs on standard error' $base \
        --command "$loop echo .25; fi; done"
    # shellcheck disable=SC2086
    refuses "answer 1 is 'ready', expected a number from 0 to 1" $base \
        --command "read -r names; echo ready; $loop :; fi; done"
    # shellcheck disable=SC2086
    refuses ": wrote '.5' beyond the " $base --command "echo .5; $loop :; fi; done"
    # shellcheck disable=SC2086
    refuses ": wrote 'bye, all told' beyond the " $base \
        --command "$loop :; fi; done; echo; sleep .2; echo bye, all told"
    # shellcheck disable=SC2086
    refuses ": wrote '0.75' beyond the " $base --command "$loop :; fi; done; yes 0.75"
}

# no_sleep SECONDS: nobody sleeps for so long, a moment from now
no_sleep()
{
    local try
    for ((try = 0; try < 30; try++)); do
        ps -A -o args= | grep -qx "sleep $1" || return 0
        sleep 0.1
    done
    fail "sleep $1 is left behind"
}

# What a command has started ends with the audit, however that ends.
test_commands_leave_nothing_behind()
{
    credit_table
    local base='credit.csv --target good --group race --seeds 1 --bootstrap 100 --permutations 100 -m lime:n100'
    local loop='read -r names; while read -r line; do if [ "$line" ]; then echo .${#line}; fi; done'
    local t=26.0$RANDOM$$
    # shellcheck disable=SC2086 # words
    {
        refuses 'nothing for 1 seconds' $base --command-timeout 1 --command "sleep $t; true"
        no_sleep "$t"
        refuses "answer 1 is '2'" $base --command "sleep $t & read -r names; echo 2; wait"
        no_sleep "$t"
        refuses 'exit status 3' $base --command "sleep $t >/dev/null & exit 3"
        no_sleep "$t"
        bad_input 'nope/x' fdml-explain $base --command "sleep $t; true" -o nope/x
        no_sleep "$t"
        run fdml-explain $base --quiet --command "sleep $t >/dev/null & $loop"
        assert_exit 0
        assert_stderr_empty
        no_sleep "$t"
        # one that holds the output may still have something to say
        run fdml-explain $base --command "sleep $t & $loop" --command-timeout 1 -o report.txt
        assert_exit 0
        grep -q 'still ran 1 seconds after its input was closed, and was killed' err || fail 'not told'
        no_sleep "$t"
    }
}

# A signal to the program alone, as Ctrl-C is to the terminal's foreground group.
test_commands_end_with_a_signal()
{
    credit_table
    local t=26.0$RANDOM$$ name
    for name in TERM HUP INT; do
        python3 - "$t" $name <<'END'
import os, signal, subprocess, sys, time
number = getattr(signal, "SIG" + sys.argv[2])
for usual in signal.SIGINT, signal.SIGHUP, signal.SIGTERM: signal.signal(usual, signal.SIG_DFL)
command = "trap '' HUP; echo >started; sleep %s; true" % sys.argv[1]
p = subprocess.Popen(["fdml-explain", "credit.csv", "--target", "good", "--group", "race", "-m", "tree",
                      "--command", command, "--json", "r.json"], start_new_session=True)
for i in range(100):
    if os.path.exists("started"): break
    time.sleep(.1)
time.sleep(.1)
os.killpg(p.pid, number)
assert p.wait(10) == -number, p.returncode
os.remove("started")
END
        no_sleep "$t"
        assert_eq "$(find . -name '*r.json*' | wc -l)" 0
    done
}

# A closed standard stream is no pipe to a command, and no file of the audit gets its report.
test_closed_standard_streams()
{
    credit_table
    cp credit.csv kept.csv
    local base='fdml-explain credit.csv --target good --group race --seeds 1 --bootstrap 100 --permutations 100 -m tree --quiet'
    local loop='read -r names; while read -r line; do if [ "$line" ]; then echo .${#line}; fi; done' box
    # shellcheck disable=SC2086 # words
    {
        $base --command "$loop" --per-row want.csv >want
        $base --command "$loop" --per-row rows.csv >out <&-
        assert_same out want
        assert_same rows.csv want.csv
        for box in "command=$loop" black-box=logistic; do
            ! $base "--$box" --per-row never.csv --json never.json >&- 2>err || fail 'a report that went nowhere'
            assert_stderr_line 'standard output: cannot write: '
            assert_eq "$(find . -name '*never*' | wc -l)" 0
        done
        $base --command "$loop" --per-row rows.csv -o report.txt >&- <&- 2>&-
        assert_same report.txt want
        assert_same rows.csv want.csv
    }
    assert_same credit.csv kept.csv
    ! fdml-explain - --target good --group race <&- 2>err || fail 'read from nowhere'
    assert_stderr_line 'standard input'
}

# What is written is complete; that a command does not end, or ends with blank lines, harms no one.
test_commands_that_do_not_end()
{
    credit_table
    local loop='read -r names; while read -r line; do if [ "$line" ]; then echo .${#line}; else echo; fi; done'
    audit -m tree --command "$loop" --format json
    assert_exit 0
    assert_stderr_empty
    local want last
    want=$(json out 'r["black_boxes"][0]["methods"]')
    for last in 'sleep 20' 'yes ""' 'exec >/dev/null; sleep 20'; do
        SECONDS=0
        run fdml-explain credit.csv --target good --group race --seeds 1 --bootstrap 100 --permutations 100 \
            -m tree --command "$loop; $last" --command-timeout 1 --format json
        assert_exit 0
        grep -q 'still ran 1 seconds after its input was closed, and was killed' err || fail 'not told'
        assert_eq "$(json out 'r["black_boxes"][0]["methods"]')" "$want"
        [ "$SECONDS" -lt 15 ] || fail "took $SECONDS s"
    done
}

# The plan is that of the real run, and so are its mistakes; nothing is started or left behind.
test_dry_run()
{
    credit_table
    audit --dry-run --command 'echo started >started; exit 1' -m lime --json r.json --report r.html
    assert_exit 0
    assert_stderr_empty
    assert_out 'work        1 black boxes x 1 methods'
    sleep 0.3
    assert_no_file started
    assert_eq "$(find . -name '*r.*' | wc -l)" 0
    echo old >r.json
    audit --dry-run --json r.json
    assert_exit 0
    assert_eq "$(cat r.json)" old
    local output
    for output in -o --json --report --per-row --local --plot; do
        bad_input 'nope/x' fdml-explain credit.csv --target good --group race --dry-run $output nope/x
    done
    # shellcheck disable=SC2086
    bad_input 'r.json: named for two outputs' fdml-explain $credit --dry-run --json r.json --report r.json
}

test_singular_design()
{
    credit_table
    # shellcheck disable=SC2086
    refuses 'depends on' $credit --black-box logistic -m lime:n4:alpha0
}

test_methods()
{
    credit_table
    # shellcheck disable=SC2086
    refuses "there is no method 'lmie'; did you mean lime?" $credit -m lmie
    # shellcheck disable=SC2086
    refuses "method 'lime:depth3': there is no setting 'depth3'" $credit -m lime:depth3
    # shellcheck disable=SC2086
    refuses "'lime' is named twice" $credit -m lime,lime
    # shellcheck disable=SC2086
    refuses "method 'lime:k5:n300:k6': setting 'k' is given twice" $credit -m lime:k5:n300:k6
    # shellcheck disable=SC2086
    refuses "method 'tree:balanced:balanced': setting 'balanced' is given twice" $credit -m tree:balanced:balanced
    # shellcheck disable=SC2086
    refuses "method 'tree:depth9'" $credit -m tree:depth9
    # shellcheck disable=SC2086
    refuses "--compare: 'lme' is no method or black box of this run, nor a .csv file of another; did you mean lime?" \
        $credit -m lime,gam --compare lme
    python3 -c 'print("\n".join(["p"] + ["0.5"] * 600))' >p.csv
    # shellcheck disable=SC2086
    refuses 'asks the black box for rows that no table has' $credit --probabilities p.csv -m lime
    # shellcheck disable=SC2086
    refuses 'asks the black box for rows that no table has' $credit --probabilities p.csv -m lime --dry-run
    # a network of the user's has encoded columns, a command has none: said before anything is asked or trained
    local plan
    for plan in '' --dry-run; do
        SECONDS=0
        # shellcheck disable=SC2086
        refuses "method 'shap:encoded:k2' has encoded columns for players, and command takes none" $credit \
            --command 'cat >/dev/null' --command-timeout 5 --black-box mlp -m tree,shap:encoded:k2 $plan
        [ "$SECONDS" -lt 3 ] || fail "took $SECONDS s"
    done
    python3 -c 'print("\n".join(["p"] + ["0.5"] * 599 + ["1.5"]))' >p.csv
    # shellcheck disable=SC2086
    refuses '1.5' $credit --probabilities p.csv -m tree
    awk 'NR > 1 { printf "%s", substr("TES", 1 + (NR - 2) % 3, 1) }' credit.csv >credit.split
    # shellcheck disable=SC2086
    refuses 'row 1 (line 2) is no test row' $credit --split credit.split --row 1
    # shellcheck disable=SC2086
    refuses '--max-memory' $credit --max-memory 1K
}

test_usage()
{
    credit_table
    bad_usage 'TABLE is missing' fdml-explain --target good --group race
    bad_usage '--target COL is missing' fdml-explain credit.csv --group race
    bad_usage '--group COL is missing' fdml-explain credit.csv --target good
    bad_usage '--split and --split-column exclude each other' fdml-explain credit.csv --target good --group race \
        --split x --split-column y
    bad_usage 'exclude each other' fdml-explain credit.csv --target good --group race --command x --model y
    bad_usage '--candidates needs --black-box with one name' fdml-explain credit.csv --target good --group race \
        --candidates 1,2
    bad_input '--candidates: 2.7 hidden units, expected a whole number from 1' fdml-explain credit.csv \
        --target good --group race --black-box mlp --candidates 20,2.7
    bad_input '--candidates: 0.5 hidden units' fdml-explain credit.csv --target good --group race \
        --black-box mlp --candidates 0.5
    bad_usage '--row needs --plot' fdml-explain credit.csv --target good --group race --row 3
    bad_usage 'two outputs want standard output' fdml-explain credit.csv --target good --group race --json -
}

test_gates()
{
    credit_table
    local gate="credit.csv --target good --group race --seeds 1 --black-box mlp -m lime --fail-if"
    # shellcheck disable=SC2086 # words
    {
        refuses "column 17: '90%' is no number here; write 0.9" $gate 'lime.accuracy < 90%'
        refuses "column 17: 'nan' is no finite number" $gate 'lime.accuracy < nan'
        refuses "column 17: '1e400' is no finite number" $gate 'lime.accuracy < 1e400'
        refuses 'column 1: accuracy of which method? Write lime.accuracy' $gate 'accuracy < .9'
        refuses 'so is never > 5; write 0.05 for 5%' $gate 'gap(lime.accuracy, race) > 5'
        refuses 'there are numbers alone' $gate '1 < 2'
        bad_usage "column 15: '=' is no relation; write ==" fdml-explain $gate 'lime.accuracy = .9'
        bad_usage "column 15: '=>' is no relation; write >=" fdml-explain $gate 'lime.accuracy => .9'
        bad_usage 'a value such as gap(METRIC, COLUMN), found the end' fdml-explain $gate 'lime.accuracy <'
    }
}

# keeps MESSAGE OPTIONS...: refused, and the files here are what they were
keeps()
{
    local message=$1 before
    shift
    before=$(find . -type f ! -name out ! -name err -exec sha256sum {} + | sort)
    bad_input "$message" fdml-explain credit.csv --target good --group race "$@"
    assert_eq "$(find . -type f ! -name out ! -name err -exec sha256sum {} + | sort)" "$before"
}

test_no_output_replaces_an_input()
{
    credit_table
    mkdir folder
    ln credit.csv hard.csv
    ln -s ../credit.csv folder/soft.csv
    for path in credit.csv ./credit.csv "$PWD/credit.csv" folder/../credit.csv hard.csv folder/soft.csv; do
        for option in -o --json --report --per-row --local --plot --write-encoding; do
            keeps "$path: this output would replace the input credit.csv" $option "$path"
        done
    done
    audit -m tree --per-row old.csv
    assert_exit 0
    keeps './old.csv: this output would replace the input old.csv' -m tree --compare old.csv --per-row ./old.csv
    awk 'NR > 1 { printf "%s", substr("TEVS", 1 + (NR - 2) % 4, 1) }' credit.csv >credit.split
    keeps './credit.split: this output would replace' --split credit.split -o ./credit.split
    python3 -c 'print("\n".join(["p"] + ["0.5"] * 600))' >p.csv
    keeps './p.csv: this output would replace' --probabilities p.csv -m tree --json ./p.csv
    cp credit.csv same.csv
    status=0
    fdml-explain - --target good --group race -o credit.csv <credit.csv >out 2>err || status=$?
    assert_exit 2
    assert_stderr_line 'credit.csv: this output would replace the input of standard input'
    assert_same credit.csv same.csv
}

test_no_two_outputs_are_one()
{
    credit_table
    mkdir folder
    ln -s ../new.json folder/soft.json # what it leads to is not there yet
    keeps './x.json: named for two outputs, it is the same file as x.json' --json x.json --report ./x.json
    keeps 'x: named for two outputs' --json x --plot x
    keeps 'folder/soft.json' --json folder/soft.json --per-row new.json
    keeps 'new.json: named for two outputs' --json folder/../new.json --per-row "$PWD/new.json"
    printf old >a
    ln a b
    keeps 'named for two outputs' --json a --local b
    # devices hold nothing that could be lost
    audit -m tree --json /dev/null --report /dev/null --per-row /dev/null
    assert_exit 0
}

test_a_reader_that_is_gone_leaves_nothing()
{
    credit_table
    local options=(credit.csv --target good --group race --seeds 1 --bootstrap 0 --permutations 0 --quiet -m tree
        --black-box logistic --candidates 1 --report r.html --json r.json)
    printf 'import sys\nsys.stdin.readline()\nfor line in sys.stdin:\n    if line.strip(): print(len(line) %% 2, flush=True)\n' >score.py
    # the reader has ended before anything is written
    mkfifo pipe
    writes()
    {
        : <pipe &
        status=0
        "$@" >pipe 2>err || status=$?
        wait
        assert_eq "$(find . -name 'r.*' | wc -l)" 0
    }
    writes fdml-explain "${options[@]}"
    assert_eq "$status" 141
    assert_stderr_empty
    # where a command is asked, the signal is ignored
    writes fdml-explain credit.csv --target good --group race --seeds 1 --quiet -m tree --bootstrap 0 --permutations 0 \
        --command 'python3 score.py' --report r.html --json r.json
    assert_eq "$status" 2
    assert_stderr_line 'standard output: cannot write: Broken pipe'
    # and so it is where the parent ignores it
    trap '' PIPE
    writes fdml-explain "${options[@]}"
    assert_eq "$status" 2
    assert_stderr_line 'standard output: cannot write: Broken pipe'
}

test_rows_are_explained_by_some_methods_only()
{
    credit_table
    keeps "--local: method 'tree' explains no single rows; lime, shap and gam do" -m tree --local l.csv
    keeps "--plot: method 'tree' and the others explain no single rows" -m tree,tree:balanced --plot l.svg
    audit -m gam,tree --black-box logistic --candidates 1 --local l.csv --plot l.svg
    assert_exit 0
    assert_eq "$(tail -n +2 l.csv | cut -d, -f3 | sort -u)" gam
    grep -q 'gam on logistic' l.svg
    ! grep -q 'tree on logistic' l.svg || fail 'a tree in the plot'
}

test_memory_that_is_almost_enough()
{
    credit_table
    local need low=1024 high=$((1 << 30)) middle
    while [ $((high - low)) -gt 1 ]; do
        middle=$(((low + high) / 2))
        audit --dry-run --max-memory $middle
        if [ "$status" -eq 0 ]; then high=$middle; else low=$middle; fi
    done
    audit --max-memory $low
    assert_exit 2
    need=$(sed 's/.*: \([0-9.]* [A-Za-z]*\) is not enough, this audit needs up to \(.*\)/\1|\2/' err)
    [ "${need%|*}" != "${need#*|}" ] || fail "twice $need"
}
