#!/usr/bin/env bash
# Make .venv and install everything at the versions of constraints.txt. Run through make; safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${PYTHON:=python3}"
begun=$SECONDS

say() { printf '\033[1m▸ %s\033[0m (%d s)\n' "$1" "$((SECONDS - begun))"; }
stop() { printf 'Cannot set up: %s\nFix: %s\n' "$1" "$2" >&2; exit 3; }

"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' 2>/dev/null ||
    stop "no Python 3.11 to 3.13 behind '$PYTHON'." "apt-get install python3 python3-venv, or make PYTHON=/path/to/python3.11 demo"
"$PYTHON" -c 'import ensurepip, venv' 2>/dev/null ||
    stop "this Python cannot make environments." "apt-get install python3-venv"
rest="installing what is missing"
if ! .venv/bin/python -c 'import llama_cpp' 2>/dev/null; then
    rest="building llama.cpp and installing the rest (about 6 minutes on 2 cores, once)"
    [ -n "${CXX:-}" ] || command -v c++ g++ clang++ >/dev/null 2>&1 ||
        stop "no C++ compiler, which llama.cpp is built with." "apt-get install g++, or set CXX"
fi

.venv/bin/pip --version >/dev/null 2>&1 || { say "making .venv"; "$PYTHON" -m venv --clear .venv; }

# uv installs in seconds what pip takes minutes for. It does not read pip's settings, so they are passed on; where that
# is not enough, pip does the work.
of_pip() { .venv/bin/pip config get "global.$1" 2>/dev/null || true; }
.venv/bin/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1' 2>/dev/null || say "no uv to be had, pip takes longer"
with_uv() {
    local pair name
    for pair in UV_FIND_LINKS=find-links UV_DEFAULT_INDEX=index-url SSL_CERT_FILE=cert; do
        name="${pair%%=*}"
        [ -n "${!name:-}" ] || printf -v "$name" %s "$(of_pip "${pair#*=}")"
        [ -z "${!name}" ] || local -x "$name=${!name}"  # an empty one is an error to uv
    done
    VIRTUAL_ENV="$PWD/.venv" .venv/bin/uv pip install --quiet "$@"
}
install() { with_uv "$@" || .venv/bin/pip install --quiet --disable-pip-version-check "$@"; }

torch="$(grep '^torch==' constraints.txt)"
say "installing $torch"
install "$torch"  # first, so that nothing below draws another build of it
say "$rest"
install --constraint constraints.txt --editable '.[dev]'
say "unpacking llama.cpp's converter"
.venv/bin/python -m infra.llama_cpp_sources
say "ready"
