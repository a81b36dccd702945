#!/usr/bin/env bash
# deps.sh - finds what is missing for a job and installs it through the system's package manager.
#
#   scripts/deps.sh core|check|arm|fuzz|golden|peers
#
# Each need is probed by using it: a library by compiling and linking against it, a program by
# its name. So a library built by hand counts, and where nothing is missing no package manager
# is called (about 0.2 s). What is about to be installed is said first. FDML_NO_INSTALL=1 only
# reports. Knows apt (Debian, Ubuntu), dnf (Fedora) and Homebrew (macOS).
#
# SPDX-License-Identifier: MIT
set -euo pipefail

job=${1:-core}
system=$(uname -s)
machine=$(uname -m)
python=/usr/bin/python3 # the one whose modules the package manager installs

case $job in
core) needs="compiler make sleef cjson zip sodium stb inih protobuf-c protoc-c openmp" ;;
check)
    needs="compiler make sleef cjson zip sodium stb inih protobuf-c protoc-c openmp criterion python"
    # The tests of other x86 processors run under an emulator, which macOS does not have.
    if [ "$system" = Linux ] && [ "$machine" = x86_64 ]; then needs="$needs qemu"; fi
    ;;
arm)
    if [ "$machine" = aarch64 ]; then
        echo "deps: this machine is AArch64 itself: make check tests it, without an emulator" >&2
        exit 1
    fi
    needs="make arm-compiler qemu-arm arm-sleef arm-cjson arm-zip arm-sodium arm-stb arm-inih arm-protobuf-c protoc-c
        arm-openmp"
    ;;
fuzz) needs="make clang sleef cjson zip sodium stb inih protobuf-c protoc-c clang-fuzzer clang-openmp" ;;
golden)
    needs="compiler make sleef cjson zip sodium stb inih protobuf-c protoc-c openmp numpy torch torchvision
        onnx" # which newer versions of torch.onnx.export import
    ;;
peers)
    needs="compiler make sleef cjson zip sodium stb inih protobuf-c protoc-c openmp faiss numpy sklearn
        openblas torch torchvision PIL dnnl node npm" # and ONNX Runtime: fetch_onnxruntime
    ;;
*)
    echo "usage: scripts/deps.sh core|check|arm|fuzz|golden|peers" >&2
    exit 1
    ;;
esac

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# links COMPILER SOURCE FLAGS...: does this one-line program build?
links()
{
    local compiler=$1 source=$2
    shift 2
    printf '%s\nint main(void) { return 0; }\n' "$source" >"$scratch/probe.c"
    # shellcheck disable=SC2086 # CC may hold flags or a launcher: "ccache gcc"
    $compiler $probe_flags -o "$scratch/probe" "$scratch/probe.c" "$@" >/dev/null 2>&1
}

have()
{
    command -v "$1" >/dev/null 2>&1
}

module()
{
    "$python" -c "import $1" >/dev/null 2>&1
}

if [ "$system" = Darwin ]; then cc=${CC:-cc}; else cc=${CC:-gcc}; fi
case $cc in *aarch64*) cc=gcc ;; esac
arm_cc=aarch64-linux-gnu-gcc
# a header alone, in a folder of its own or not
stb_probe='#if __has_include(<stb/stb_image.h>)
#include <stb/stb_image.h>
#else
#include <stb_image.h>
#endif'
probe_flags=
omp_flags=(-fopenmp)
if [ "$system" = Darwin ] && have brew; then
    brew_prefix=$(brew --prefix)
    probe_flags="-I$brew_prefix/include -L$brew_prefix/lib"
    omp_flags=(-Xpreprocessor -fopenmp "-I$brew_prefix/opt/libomp/include"
        "-L$brew_prefix/opt/libomp/lib" -lomp)
fi

# is_met NEED
is_met()
{
    case $1 in
    compiler) links "$cc" '' ;;
    make) have make ;;
    sleef) links "$cc" '#include <sleef.h>' -lsleef ;;
    cjson) links "$cc" '#include <cjson/cJSON.h>' -lcjson ;;
    zip) links "$cc" '#include <zip.h>' -lzip ;;
    sodium) links "$cc" '#include <sodium.h>' -lsodium ;;
    inih) links "$cc" '#include <ini.h>' -linih ;;
    protobuf-c) links "$cc" '#include <protobuf-c/protobuf-c.h>' -lprotobuf-c ;;
    protoc-c) have "${PROTOC_C:-protoc-c}" ;;
    stb) links "$cc" "$stb_probe" ;;
    openmp) links "$cc" '#include <omp.h>' "${omp_flags[@]}" ;;
    criterion) links "$cc" '#include <criterion/criterion.h>
Test(probe, links) { cr_assert(1); }
#define main unused_main' -lcriterion ;;
    python) have python3 ;;
    qemu) have qemu-x86_64-static || have qemu-x86_64 ;;
    qemu-arm) have qemu-aarch64-static || have qemu-aarch64 ;;
    arm-compiler) have "$arm_cc" && links "$arm_cc" '' ;;
    arm-sleef) links "$arm_cc" '#include <sleef.h>' -lsleef ;;
    arm-cjson) links "$arm_cc" '#include <cjson/cJSON.h>' -lcjson ;;
    arm-zip) links "$arm_cc" '#include <zip.h>' -lzip ;;
    arm-sodium) links "$arm_cc" '#include <sodium.h>' -lsodium ;;
    arm-inih) links "$arm_cc" '#include <ini.h>' -linih ;;
    arm-protobuf-c) links "$arm_cc" '#include <protobuf-c/protobuf-c.h>' -lprotobuf-c ;;
    arm-stb) links "$arm_cc" "$stb_probe" ;;
    # The cross compiler links with a libgomp of its own; running needs multiarch's.
    arm-openmp)
        links "$arm_cc" '#include <omp.h>' -fopenmp &&
            [ -e /usr/lib/aarch64-linux-gnu/libgomp.so.1 ] && [ -e /lib/ld-linux-aarch64.so.1 ]
        ;;
    clang) have clang ;;
    clang-fuzzer) links clang '#include <stddef.h>
int LLVMFuzzerTestOneInput(const unsigned char *p, size_t n) { return p && n > 9; }
#define main unused_main' -fsanitize=fuzzer,address,undefined ;;
    clang-openmp) links clang '#include <omp.h>' -fopenmp ;;
    faiss) module faiss ;;
    numpy) module numpy ;;
    sklearn) module sklearn ;;
    # not through a pipe: grep -q would leave ldconfig to die of it, which pipefail reports
    openblas) [[ $(ldconfig -p 2>/dev/null) == *libopenblas* ]] ;;
    torch | torchvision | onnx | PIL) module "$1" ;;
    dnnl) links "$cc" '#include <oneapi/dnnl/dnnl.h>' -ldnnl ;;
    node | npm) have "$1" ;;
    *) return 1 ;;
    esac
}

# package NEED: its name here, empty where the manager has none
package()
{
    case $manager:$1 in
    apt:compiler) echo "gcc libc6-dev" ;;
    dnf:compiler) echo gcc ;;
    apt:sleef) echo libsleef-dev ;;
    apt:cjson) echo libcjson-dev ;;
    apt:zip) echo libzip-dev ;;
    apt:sodium) echo libsodium-dev ;;
    apt:inih) echo libinih-dev ;;
    apt:protobuf-c) echo libprotobuf-c-dev ;;
    apt:protoc-c | dnf:protoc-c) echo protobuf-c-compiler ;;
    apt:stb | apt:arm-stb) echo libstb-dev ;; # a header: the host's serves the cross compiler
    apt:openmp) echo libgomp1 ;;
    apt:criterion) echo libcriterion-dev ;;
    apt:qemu | apt:qemu-arm | dnf:qemu) echo qemu-user-static ;;
    apt:arm-compiler) echo gcc-aarch64-linux-gnu ;;
    apt:arm-openmp) echo "libc6:arm64 libgomp1:arm64" ;;
    apt:arm-*) echo "lib${1#arm-}-dev:arm64" ;;
    apt:clang-fuzzer) echo libclang-rt-dev ;;
    apt:clang-openmp) echo libomp-dev ;;
    apt:faiss | apt:numpy | apt:sklearn) echo "python3-$1" ;;
    apt:openblas) echo libopenblas-dev ;;
    apt:torch | apt:torchvision | apt:onnx) echo "python3-$1" ;;
    apt:PIL) echo python3-pil ;;
    apt:dnnl) echo libdnnl-dev ;;
    apt:node) echo nodejs ;;
    apt:npm) echo npm ;;
    dnf:sleef | dnf:cjson | dnf:inih) echo "$1-devel" ;;
    dnf:zip | dnf:sodium) echo "lib$1-devel" ;;
    dnf:protobuf-c) echo protobuf-c-devel ;;
    dnf:stb) echo stb_image-devel ;;
    dnf:PIL) echo python3-pillow ;;
    dnf:openmp) echo libgomp ;;
    dnf:clang-fuzzer) echo compiler-rt ;;
    dnf:clang-openmp) echo libomp-devel ;;
    brew:sleef | brew:cjson | brew:inih | brew:criterion) echo "$1" ;;
    brew:zip | brew:sodium) echo "lib$1" ;;
    brew:protobuf-c | brew:protoc-c) echo protobuf-c ;;
    brew:openmp) echo libomp ;;
    brew:PIL) echo pillow ;;
    apt:python | dnf:python | brew:python) echo python3 ;;
    apt:make | dnf:make | brew:make | apt:clang | dnf:clang) echo "$1" ;;
    esac
}

is_available()
{
    case $manager in
    apt) apt-cache show --no-all-versions "$1" >/dev/null 2>&1 ;;
    dnf) dnf -q info "$1" >/dev/null 2>&1 ;;
    brew) brew info "$1" >/dev/null 2>&1 ;;
    esac
}

# ONNX Runtime is in no distribution. Its package for Node.js holds the CPU library; --ignore-scripts
# because the script it would run on install fetches libraries for GPUs.
onnxruntime=1.30.0
fetch_onnxruntime()
{
    [ "$job" = peers ] || return 0
    node -e 'require("./build/peers/node_modules/onnxruntime-node")' >/dev/null 2>&1 && return 0
    if [ -n "${FDML_NO_INSTALL:-}" ]; then
        echo "deps: missing: onnxruntime-node (FDML_NO_INSTALL is set)" >&2
        exit 1
    fi
    echo "deps: npm install onnxruntime-node@$onnxruntime, into build/peers"
    mkdir -p build/peers
    npm install --prefix build/peers --ignore-scripts --no-save --no-audit --no-fund --silent \
        "onnxruntime-node@$onnxruntime"
}

missing=
for need in $needs; do
    is_met "$need" || missing="$missing $need"
done
if [ -z "$missing" ]; then
    fetch_onnxruntime
    exit 0
fi

if have apt-get; then
    manager=apt
elif have dnf; then
    manager=dnf
elif have brew; then
    manager=brew
else
    echo "deps: missing:$missing; no apt-get, dnf or brew here to install them with" >&2
    exit 1
fi

# Fedora has never packaged Criterion; the unit tests are built against tests/plain there.
if [ "$manager" = dnf ]; then
    missing=${missing/ criterion/}
    [ -n "$missing" ] || exit 0
fi

sudo=
if [ "$manager" != brew ] && [ "$(id -u)" -ne 0 ]; then
    if have sudo; then
        sudo=sudo
    else
        echo "deps: missing:$missing; installing them needs root or sudo" >&2
        exit 1
    fi
fi

if [ -n "${FDML_NO_INSTALL:-}" ]; then
    echo "deps: missing:$missing (FDML_NO_INSTALL is set)" >&2
    exit 1
fi

echo "deps: missing:$missing"
if [ "$manager" = apt ]; then
    if [ "$job" = arm ] && ! dpkg --print-foreign-architectures | grep -qx arm64 &&
        [ "$(dpkg --print-architecture)" != arm64 ]; then
        echo "deps: dpkg --add-architecture arm64"
        $sudo dpkg --add-architecture arm64
    fi
    echo "deps: apt-get update"
    $sudo apt-get update -qq || echo "deps: apt-get update failed; going on with the lists at hand" >&2
fi

packages=
for need in $missing; do
    names=$(package "$need")
    if [ -z "$names" ]; then
        echo "deps: $need has no known package for $manager; install it by hand" >&2
        exit 1
    fi
    for name in $names; do
        if ! is_available "$name"; then
            echo "deps: $need: this system's $manager has no package '$name'; install it by hand, or use a newer release" >&2
            exit 1
        fi
        packages="$packages $name"
    done
done

# shellcheck disable=SC2086 # a list of names
case $manager in
apt)
    echo "deps: apt-get install$packages"
    # --no-remove: a cross library is never worth a native one
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-remove \
        --no-install-recommends -o Dpkg::Use-Pty=0 $packages >"$scratch/log" 2>&1 || {
        cat "$scratch/log" >&2
        exit 1
    }
    ;;
dnf)
    echo "deps: dnf install$packages"
    $sudo dnf install -y -q $packages
    ;;
brew)
    echo "deps: brew install$packages"
    brew install -q $packages
    ;;
esac

still=
for need in $missing; do
    is_met "$need" || still="$still $need"
done
if [ -n "$still" ]; then
    echo "deps: installed, but still not usable:$still" >&2
    exit 1
fi
fetch_onnxruntime
