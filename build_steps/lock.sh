#!/bin/sh
# Writes requirements/*.lock: exact versions with hashes for CPython 3.11 and newer. Extra arguments go to uv, for
# example --upgrade or --upgrade-package grpcio.
set -eu
tool=build/lock
[ -x "$tool/bin/uv" ] || { "$(build_steps/find_python.sh)" -m venv "$tool" && "$tool/bin/python" -m pip install --quiet 'uv>=0.13,<0.14'; }

# The lock files name no index: whoever installs from them uses their own.
compile() {
    "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --custom-compile-command "make lock" "$@"
}
compile pyproject.toml --extra dev --output-file requirements/dev.lock "$@"
compile --group pyproject.toml:build --constraint requirements/dev.lock --output-file requirements/build.lock "$@"
