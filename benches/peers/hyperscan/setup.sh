#!/bin/sh
# Builds the peers `hyperscan` and `vectorscan` into a folder: setup.sh TARGETDIR
#
# Debian's packages of the two conflict, so they are unpacked side by side instead of installed; each program finds its own
# library beside it. What cannot be had (Hyperscan exists for x86-64 only) is left out: run.sh then says so.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
target=$(cd "$1" && pwd)

if ! printf '#define PCRE2_CODE_UNIT_WIDTH 8\n#include <pcre2.h>\n' | ${CC:-cc} -E - >/dev/null 2>&1; then
    echo "PCRE2's headers are missing: apt-get install libpcre2-dev" >&2
    exit 1
fi

build() { # ENGINE NAME
    root=$target/$1-root
    if ! ls "$root"/usr/lib/*/libhs.so.5 >/dev/null 2>&1; then
        mkdir -p "$target/packages"
        if ! (cd "$target/packages" && apt-get download "lib$1-dev" "lib${1}5"); then
            echo "$2: its packages lib$1-dev and lib${1}5 cannot be downloaded; left out" >&2
            return 0
        fi
        for package in "$target/packages/lib$1"-dev_*.deb "$target/packages/lib${1}5"_*.deb; do
            dpkg -x "$package" "$root"
        done
    fi
    libraries=$(cd "$(dirname "$(ls "$root"/usr/lib/*/libhs.so.5)")" && pwd)
    # shellcheck disable=SC2016 # $ORIGIN is for the dynamic linker
    library='-Wl,-rpath,$ORIGIN'"${libraries#"$target"} -L $libraries -lhs"
    # hyperscan.c says why. The functions for one kind of processor can be named in the static library only.
    if [ "$1" = vectorscan ] && nm "$libraries/libhs.a" 2>/dev/null | grep -q ' T corei7_hs_scan$'; then
        library="-DAVOID_AVX $libraries/libhs.a -lstdc++ -lm"
    fi
    # shellcheck disable=SC2086 # the library is several words
    ${CC:-cc} -O2 -std=gnu11 -Wall -Wextra -DENGINE="\"$2\"" -I "$root/usr/include/hs" -o "$target/$1" \
        "$here/hyperscan.c" "$here/task.c" $library -lpcre2-8
    echo "built $target/$1"
}

build hyperscan Hyperscan
build vectorscan Vectorscan
