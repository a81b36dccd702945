# bad_input.sh - every bad input gets its one line, exit 2, and leaves no output behind.
#
# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# shellcheck source=/dev/null
. "$REPO/tests/cli/data.bash"
# shellcheck source=/dev/null
. "$REPO/tests/cli/images.bash"

# refuses MESSAGE ARGUMENTS...: as bad_input, and no output file in any form appears
refuses()
{
    local message=$1
    shift
    bad_input "$message" fdml-eval "$@" -o report.txt --json report.json --per-query q.csv
    assert_eq "$(find . -name 'report*' -o -name 'q.csv*' | wc -l)" 0
}

test_missing_file()
{
    small_set
    refuses 'nosuch.npy: No such file or directory' nosuch.npy meta.csv
    refuses 'nosuch.csv: No such file or directory' emb.npy nosuch.csv
    refuses 'nosuch.npy: No such file or directory' emb.npy --label nosuch.npy
}

test_directory_instead_of_file()
{
    small_set
    mkdir dir.npy dir.csv
    refuses 'dir.npy: is a directory' dir.npy meta.csv
    refuses 'dir.csv: is a directory' emb.npy dir.csv
}

test_unknown_suffix()
{
    small_set
    cp emb.npy emb.dat
    refuses 'emb.dat: unknown suffix' emb.dat meta.csv
}

# Files that users have, written by what writes them; of formats without a writer in Python's
# standard library the first bytes, as their specifications give them.
test_files_of_other_programs()
{
    local name
    small_set
    python3 - <<'END'
import bz2, gzip, lzma, pickle, zipfile
meta = open("meta.csv", "rb").read()
gzip.open("meta.csv.gz", "wb").write(meta)
bz2.open("meta.csv.bz2", "wb").write(meta)
lzma.open("meta.csv.xz", "wb").write(meta)
gzip.open("emb.npy.gz", "wb").write(open("emb.npy", "rb").read())
for protocol in 2, 3, 4, 5:
    pickle.dump([1.5], open(f"emb{protocol}.dump", "wb"), protocol)
with zipfile.ZipFile("emb.pt", "w") as z:
    z.writestr("archive/data.pkl", pickle.dumps([1.5]))
with zipfile.ZipFile("meta.xlsx", "w") as z:
    z.writestr("xl/workbook.xml", "<workbook/>")
open("meta.parquet", "wb").write(b"PAR1\0\0\0\0PAR1")
open("emb.arrays", "wb").write(b"\x89HDF\r\n\x1a\n\0")
open("emb.json", "w").write("[[1, 2]]")
open("utf16.csv", "wb").write(meta.decode().encode("utf-16"))
END
    for name in gz:gzip bz2:bzip2 xz:xz; do
        refuses "meta.csv.${name%:*}: is compressed by ${name#*:}: unpack it first" emb.npy "meta.csv.${name%:*}"
    done
    refuses "or .bvecs; it is compressed by gzip: unpack it first" emb.npy.gz meta.csv
    for name in emb2.dump emb3.dump emb4.dump emb5.dump emb.pt; do
        refuses "$name: unknown suffix, expected .npy .npz .safetensors .csv .tsv .fvecs or .bvecs; it is a file of Python's objects: save an array by numpy.save" \
            $name meta.csv
    done
    refuses 'meta.xlsx: is a zip archive, as .npz, .xlsx' emb.npy meta.xlsx
    refuses 'meta.parquet: is a table of columns: read it by pandas' emb.npy meta.parquet
    refuses 'it is a table of columns: read it by pandas' meta.parquet meta.csv
    refuses 'it is HDF5: save the array by numpy.save' emb.arrays meta.csv
    refuses 'it is JSON: save an array by numpy.save' emb.json meta.csv
    refuses 'utf16.csv: is UTF-16, save it as UTF-8' emb.npy utf16.csv
    mkdir folder
    refuses 'folder: is a directory' folder meta.csv
    refuses 'emb.pt: is no model: its name ends in neither .onnx (which torch.onnx.export writes)' --model emb.pt folder
}

# What one types in the first minutes.
test_mistakes_of_a_beginner()
{
    small_set
    npy labels.npy '<i8' '(180,)' 1 2
    bad_usage "METADATA 'emb.npy' is no table: EMBEDDINGS come first" fdml-eval meta.csv emb.npy
    bad_usage "METADATA 'labels.npy' is no table: EMBEDDINGS come first, labels of their own are --label FILE.npy" \
        fdml-eval emb.npy labels.npy
    bad_usage "one argument too many: 'cam'; in a list there is a comma and no blank" fdml-eval emb.npy meta.csv --group group cam
    refuses "--group: 'group,' has an empty item (no blanks around commas)" emb.npy meta.csv --group group, cam
    sed 1d meta.csv >bare.csv
    refuses "bare.csv has 179 rows, emb.npy has 180; they must be the same rows (the first line, which begins with 'synthetic00000', is taken as the header)" \
        emb.npy bare.csv
    sed '1s/label/identity/' meta.csv >people.csv
    refuses "people.csv: no column 'label'; columns are identity, group, cam, is_query, is_gallery, one (--label names that of the class)" \
        emb.npy people.csv
    tr , '|' <meta.csv >pipe.csv
    cp meta.csv commas.tsv
    refuses "pipe.csv: no column 'label'; the only one is 'label|group|cam|is_query|is_gallery|one' (what separates columns is , ; or tab, in a .tsv tab)" \
        emb.npy pipe.csv
    refuses "commas.tsv: no column 'label'; the only one is 'label,group," emb.npy commas.tsv
    sed '6s/,[a-z]*ority,/,,/' meta.csv >missing.csv
    refuses 'missing.csv:6: group is empty (--missing-attribute group would make such rows a group)' \
        emb.npy missing.csv --group group
}

# Separators, byte order marks and line ends of spreadsheets change no number.
test_tables_as_spreadsheets_write_them()
{
    local name
    small_set
    quick --group group --format csv -o want
    assert_exit 0
    tr , ';' <meta.csv >semicolon.csv
    tr , '\t' <meta.csv >tab.csv
    tr , '\t' <meta.csv >tab.tsv
    { printf '\xef\xbb\xbf'; sed 's/$/\r/' meta.csv; } >excel.csv
    awk -F, '{ printf "%s%s\n", NR == 1 ? "" : NR - 2, "," $0 }' meta.csv >pandas.csv
    for name in semicolon.csv tab.csv tab.tsv excel.csv pandas.csv; do
        run fdml-eval emb.npy $name --bootstrap 50 --permutations 50 --group group --format csv -o got
        assert_exit 0
        assert_same got want
    done
}

test_empty_file()
{
    small_set
    : >empty.npy
    : >empty.csv
    refuses 'empty.npy: ' empty.npy meta.csv
    refuses 'empty.csv: file is empty' emb.npy empty.csv
}

test_truncated_npy()
{
    small_set
    head -c 60 emb.npy >header.npy
    head -c 5000 emb.npy >data.npy
    refuses 'header.npy: ' header.npy meta.csv
    refuses 'data.npy: 4872 bytes of data, expected 11520' data.npy meta.csv
}

test_npy_of_objects_or_three_dimensions()
{
    small_set
    npy object.npy '|O8' '(180, 2)'
    npy cube.npy '<f4' '(2, 3, 4)'
    npy line.npy '<f4' '(180,)'
    refuses 'object.npy: type' object.npy meta.csv
    refuses 'cube.npy: 3-D array (2,3,4), expected rows x dim' cube.npy meta.csv
    refuses 'line.npy: 1-D array' line.npy meta.csv
}

test_no_rows()
{
    small_set
    npy none.npy '<f4' '(0, 16)'
    head -n 1 meta.csv >none.csv
    refuses 'none.npy: ' none.npy meta.csv
    refuses 'none.csv: has a header but no rows' emb.npy none.csv
}

test_row_that_is_not_finite()
{
    small_set
    for value in nan inf; do
        python3 - emb.npy bad.npy $value <<'END'
import struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
struct.pack_into("<f", data, 128 + 4 * (16 * 7 + 3), float(sys.argv[3]))
open(sys.argv[2], "wb").write(data)
END
        refuses 'bad.npy: row 7' bad.npy meta.csv
    done
}

test_row_of_zero_length()
{
    small_set
    python3 - emb.npy zero.npy <<'END'
import sys
data = bytearray(open(sys.argv[1], "rb").read())
data[128 + 4 * 16 * 9:128 + 4 * 16 * 10] = bytes(64)
open(sys.argv[2], "wb").write(data)
END
    refuses 'zero.npy: row 9' zero.npy meta.csv
    run fdml-eval zero.npy meta.csv --distance l2 --bootstrap 0 --permutations 0
    assert_exit 0
}

test_number_of_rows_differs()
{
    small_set
    sed '$d' meta.csv >fewer.csv
    { cat meta.csv && tail -n 1 meta.csv; } >more.csv
    npy labels.npy '<i8' '(179,)' 1 2
    refuses 'fewer.csv has 179 rows, emb.npy has 180' emb.npy fewer.csv
    refuses 'more.csv has 181 rows, emb.npy has 180' emb.npy more.csv
    refuses 'labels.npy has 179 rows, emb.npy has 180' emb.npy --label labels.npy
}

test_broken_csv()
{
    small_set
    sed '5s/$/,extra/' meta.csv >ragged.csv
    sed '7s/^/"/' meta.csv >quote.csv
    refuses 'ragged.csv:5: 7 fields, header has 6' emb.npy ragged.csv
    refuses 'quote.csv:7: quote is never closed' emb.npy quote.csv
}

test_unknown_column()
{
    small_set
    refuses "meta.csv: no column 'gruop'; columns are label, group," emb.npy meta.csv --group gruop
    refuses "meta.csv: no column 'x'" emb.npy meta.csv --label x
    refuses "meta.csv: no column 'x'" emb.npy meta.csv --query x
    refuses "meta.csv: no column 'x'" emb.npy meta.csv --exclude-same x
    npy labels.npy '<i8' '(180,)' 1 2
    refuses "--group: column 'group' needs METADATA" emb.npy --label labels.npy --group group
}

test_empty_label()
{
    small_set
    sed '4s/^[^,]*,/,/' meta.csv >empty.csv
    sed '6s/,[a-z]*ority,/,,/' meta.csv >group.csv
    refuses 'empty.csv:4: label is empty' emb.npy empty.csv
    refuses 'group.csv:6: group is empty' emb.npy group.csv --group group
}

test_labels_that_are_floats()
{
    small_set
    npy labels.npy '<f8' '(180,)' 1 2
    refuses 'labels.npy: labels are floats' emb.npy --label labels.npy
}

test_single_class()
{
    small_set
    refuses "column one has one value 'same' in all rows: nothing to retrieve" emb.npy meta.csv --label one
}

test_every_query_is_lone()
{
    small_set
    awk -F, -v OFS=, 'NR > 1 { $1 = "c" NR } { print }' meta.csv >lone.csv
    refuses 'none of the 180 queries has another row of its class (column label)' emb.npy lone.csv
}

test_attribute_with_one_value()
{
    small_set
    refuses "column one has one value 'same' in all rows: nothing to compare" emb.npy meta.csv --group one
}

test_k_larger_than_the_gallery()
{
    small_set
    refuses 'recall_at_180: 180 is more than the 179 rows a query can find in emb.npy' emb.npy meta.csv -k 180
    run fdml-eval emb.npy meta.csv -k 179 --bootstrap 0 --permutations 0
    assert_exit 0
}

test_memory_that_is_too_little()
{
    small_set
    refuses '--max-memory: 1.0 KiB is too little; this audit needs' emb.npy meta.csv \
        --max-memory 1K
    refuses "--max-memory: 'lots' is no size" emb.npy meta.csv --max-memory lots
    tail -c +129 emb.npy | od -An -v -w64 -t f4 | tr -s ' ' | sed 's/^ //; s/ /,/g' >emb.csv
    refuses '--max-memory: 1.0 KiB is too little; emb.csv must be converted' emb.csv meta.csv \
        --max-memory 1K
}

test_values_out_of_range()
{
    small_set
    local set=(emb.npy meta.csv)
    refuses "-k: '0' is not a whole number from 1" "${set[@]}" -k 0
    refuses "-k: '1,,2' has an empty item" "${set[@]}" -k 1,,2
    refuses "-k: 'x' is not a whole number" "${set[@]}" -k 1,x
    refuses "--confidence: '1.5' is not a number greater than 0 and less than 1" "${set[@]}" \
        --confidence 1.5
    refuses "--confidence: 'nan' is not" "${set[@]}" --confidence nan
    refuses "--bootstrap: '-1' is not" "${set[@]}" --bootstrap -1
    refuses "--min-group: '0' is not" "${set[@]}" --min-group 0
    refuses "--distance: 'cos' is none of cosine|l2|ip" "${set[@]}" --distance cos
    refuses "--format: 'xml' is none of" "${set[@]}" --format xml
    refuses "--threads: '0' is not" "${set[@]}" --threads 0
    refuses "--isa: 'sse' does not run here; this machine has" "${set[@]}" --isa sse
    refuses "--fmr: '2' is not" "${set[@]}" --fmr 1e-1,2
    refuses "unknown metric 'recal'" "${set[@]}" -m recal
    refuses "reference: no group is called 'nobody'" "${set[@]}" --group group --reference nobody
    refuses "--group: 'group' is named twice" "${set[@]}" --group group,group
    refuses "--group: 7 columns, the limit is 6" "${set[@]}" --group a,b,c,d,e,f,g
}

test_flags_that_are_no_flags()
{
    small_set
    refuses "meta.csv:2: cam is '2', expected true or false" emb.npy meta.csv --query cam
    awk -F, -v OFS=, 'NR > 1 { $4 = 0 } { print }' meta.csv >none.csv
    refuses '--query: is_query is false in every row' emb.npy none.csv --query is_query
}

test_output_that_cannot_be_written()
{
    small_set
    mkdir folder
    for option in -o --json --per-query; do
        bad_input 'nosuch/x: cannot write: No such file or directory' \
            fdml-eval emb.npy meta.csv $option nosuch/x
        bad_input 'folder: is a directory' fdml-eval emb.npy meta.csv $option folder
    done
    bad_input 'same.json: named for two outputs' \
        fdml-eval emb.npy meta.csv -o same.json --json same.json
    assert_no_file same.json
}

# keeps PATH MESSAGE COMMAND...: refused, and the file is what it was
keeps()
{
    local path=$1 message=$2 before
    shift 2
    before=$(sha256sum <"$path")
    bad_input "$message" "$@"
    assert_eq "$(sha256sum <"$path")" "$before"
    assert_eq "$(find . -name '*.tmp*' -o -name '*.part*' | wc -l)" 0
}

test_no_output_replaces_an_input()
{
    small_set
    ln -s meta.csv soft.csv
    ln emb.npy hard.npy
    for option in -o --json --report --model-card --per-query; do
        keeps meta.csv './meta.csv: this output would replace the input meta.csv' \
            fdml-eval emb.npy meta.csv $option ./meta.csv
        keeps emb.npy 'hard.npy: this output would replace the input emb.npy' \
            fdml-eval emb.npy meta.csv $option hard.npy
    done
    keeps meta.csv 'soft.csv: this output would replace' fdml-eval emb.npy meta.csv --json soft.csv
    npy labels.npy '<i4' '(180,)' 0 1
    keeps labels.npy './labels.npy: this output would replace the input labels.npy' \
        fdml-eval emb.npy --label labels.npy --json ./labels.npy
    keeps hard.npy 'hard.npy: this output would replace the input' \
        fdml-eval emb.npy meta.csv --compare hard.npy --per-query hard.npy
    keeps emb.npy './emb.npy: this output would replace' fdml-inspect emb.npy --onnx ./emb.npy
    echo '[grid]' >grid.ini
    keeps grid.ini './grid.ini: this output would replace' fdml-findml grid.ini --out runs --plot ./grid.ini
    assert_no_file runs
}

test_no_output_of_a_model_replaces_an_input()
{
    photos
    keeps mean.onnx './mean.onnx: this output would replace the input mean.onnx' \
        fdml-embed --quiet --model mean.onnx photos --size 4 --scale 1 -o ./mean.onnx
    keeps photos/ann/1.png 'photos/ann/1.png: this output would replace the input' \
        fdml-embed --quiet --model mean.onnx photos --size 4 --scale 1 -o e.npy --meta photos/ann/1.png
    keeps photos/ann/1.png 'photos/ann/1.png: this output would replace the input' \
        fdml-embed --quiet --model mean.onnx photos --size 4 --scale 1 -o photos/ann/1.png
    keeps mean.onnx 'e.npy.json' fdml-embed --quiet --model mean.onnx photos --size 4 --scale 1 -o e.npy --meta ./e.npy.json
    keeps mean.onnx './e.npy: named for two outputs, it is the same file as e.npy' \
        fdml-embed --quiet --model mean.onnx photos --size 4 --scale 1 -o e.npy --meta ./e.npy
    assert_no_file e.npy
}

# Run folders have names of their own; only a file that the run reads may not be one of them.
test_no_run_replaces_its_data()
{
    fdml-synth embeddings --quiet --out runs --classes 12 --per-class 6 --dim 8
    mv runs/labels.csv runs/rows.csv
    printf '[data]\nembeddings = runs/embeddings.npy\nlabels = runs/rows.csv\n[model]\nbackbone = features\n' >exp.ini
    keeps runs/rows.csv 'runs/rows.csv: this output would replace the input runs/rows.csv' \
        fdml-train exp.ini --quiet --out runs -s train.steps=10
}

test_full_disk()
{
    [ -w /dev/full ] || skip 'no /dev/full'
    small_set
    bad_input '/dev/full: cannot write' fdml-eval emb.npy meta.csv --bootstrap 0 \
        --permutations 0 -o /dev/full
    status=0
    fdml-eval emb.npy meta.csv --bootstrap 0 --permutations 0 >/dev/full 2>err || status=$?
    assert_eq "$status" 2
    grep -q 'standard output: cannot write' err
    # of several outputs one fails, and none appears
    status=0
    fdml-eval emb.npy meta.csv --bootstrap 0 --permutations 0 --json r.json >/dev/full 2>err || status=$?
    assert_eq "$status" 2
    assert_stderr_line 'standard output: cannot write'
    bad_input '/dev/full: cannot write' fdml-eval emb.npy meta.csv --bootstrap 0 --permutations 0 \
        --format csv -o r.csv --json r.json --per-query /dev/full
    assert_eq "$(find . -name 'r.*' | wc -l)" 0
}

test_old_report_survives_a_failed_run()
{
    small_set
    echo old >report.txt
    run fdml-eval emb.npy meta.csv --label nosuch -o report.txt
    assert_exit 2
    assert_eq "$(cat report.txt)" old
}

test_interrupt_leaves_nothing()
{
    fdml-synth embeddings --quiet --out set --classes 3000 --per-class 10 --dim 64
    fdml-eval set/embeddings.npy set/labels.csv --group group -o report.txt --json r.json \
        >out 2>err &
    local pid=$! tries=0
    until ls r.json.tmp* >/dev/null 2>&1; do
        sleep 0.02
        tries=$((tries + 1))
        [ $tries -lt 500 ] || fail 'no temporary file appeared'
    done
    kill -TERM $pid
    status=0
    wait $pid || status=$?
    assert_eq $status 143
    assert_eq "$(find . -name 'report*' -o -name 'r.json*' | wc -l)" 0
}
