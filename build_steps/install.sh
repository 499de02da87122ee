#!/bin/sh
# Installs Forewarn and everything that develops it into a virtual environment, at the locked versions.
#
#   install.sh VENV [PYTHON]
#
# Does nothing when VENV was made from these lock files by this PYTHON (without PYTHON: by any).
set -eu
venv=$1
python=${2:-}

export PIP_DISABLE_PIP_VERSION_CHECK=1

# Our own version is in the installed metadata, hence __init__.py.
key=$(cat pyproject.toml requirements/build.lock requirements/dev.lock sidecar/__init__.py build_steps/install.sh | cksum)
# Kernels in C are compiled anew, without the rest, when one has changed.
kernels=$(cat sidecar/native/*.pyx sidecar/native/*.pxd build_steps/native.py | cksum)
base=$(sed -n 's/^executable = //p' "$venv/pyvenv.cfg" 2>/dev/null || true)
if [ -n "$python" ]; then
    python=$(build_steps/find_python.sh "$python")
    wanted=$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')
else
    wanted=$base
fi
stamp="$venv/.installed"
compiled="$venv/.compiled"
if [ -n "$base" ] && [ "$base" = "$wanted" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$key" ] && "$venv/bin/python" -c ''; then
    [ "$(cat "$compiled" 2>/dev/null)" = "$kernels" ] && exit 0
    "$venv/bin/python" build_steps/native.py
    echo "$kernels" >"$compiled"
    exit 0
fi

[ -n "$python" ] || python=$(build_steps/find_python.sh)
if [ "$base" != "$("$python" -c 'import os, sys; print(os.path.realpath(sys.executable))')" ] || [ ! -f "$stamp" ]; then
    echo "Making $venv with $("$python" --version) ($python)"
    "$python" -m venv --clear "$venv"
fi
rm -f "$stamp"
# Compiling all of it to bytecode would take as long as the rest; what a start uses is compiled below, by importing it.
pip="$venv/bin/python -m pip install --quiet --no-compile --require-hashes --no-deps"
$pip --only-binary :all: -r requirements/build.lock
# durable-rules is source only, calls a function that CPython 3.13 no longer has, and lets CPPFLAGS through but not
# CFLAGS. See docs/decisions/0001-tools.md.
CPPFLAGS="${CPPFLAGS:-} -DPyEval_CallObject=PyObject_CallObject" $pip --no-build-isolation -r requirements/dev.lock
"$venv/bin/python" -m pip install --quiet --no-deps --no-build-isolation --editable .
PYTHONDONTWRITEBYTECODE='' "$venv/bin/python" -c 'import anthropic, durable.engine, lmdb, grpc, sidecar.daemon, forewarn_cli.main, forewarn_mcp.serving'
echo "$kernels" >"$compiled"
echo "$key" >"$stamp"
echo "Installed into $venv"
