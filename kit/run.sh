#!/bin/sh
# Checks and measures wgpu-relu on this machine's GPU: ./run.sh [SECONDS] [--out FOLDER]
# Needs x86-64 Linux with glibc 2.36 or newer and a Vulkan driver with its loader; no Rust, no network.
# Writes results/<adapter>.json and results/<adapter>.md. Ends with 1 if a part failed or no adapter was found.
set -eu

case "${1-}" in
-h | --help)
    sed -n '2,4s/^# //p' "$0"
    exit 0
    ;;
esac

here=$(cd "$(dirname "$0")" && pwd)

# The programs are packed, so that the folder is quick to copy.
if [ -x "$here/bin/kit" ]; then
    programs=$here
elif [ -w "$here" ]; then
    programs=$here
    tar -xzf "$here/kit.tar.gz" -C "$programs"
else
    programs=$(mktemp -d)
    trap 'rm -rf "$programs"' EXIT
    tar -xzf "$here/kit.tar.gz" -C "$programs"
    # Results cannot go beside the programs then.
    case " $* " in
    *" --out"*) ;;
    *) set -- "$@" --out "$PWD/results" ;;
    esac
fi

if ! why=$("$programs/bin/kit" --version 2>&1); then
    echo "The programs of the kit do not run here: $why" >&2
    echo "They need x86-64 Linux with glibc 2.36 or newer (this is $(uname -sm), $(getconf GNU_LIBC_VERSION 2>/dev/null || echo 'no glibc'))." >&2
    exit 1
fi

# Files of the repository that the tests read, and a folder that OpenGL drivers ask for.
export WGPU_RELU_REPOSITORY="$programs/repository"
export XDG_RUNTIME_DIR="${XDG_RUNTIME_DIR:-${TMPDIR:-/tmp}}"

code=0
"$programs/bin/kit" run "$@" || code=$?
exit "$code"
