#!/bin/sh
# Runs the fast tests on every CPython 3.11+ that find_python.sh finds, each in an environment of its own under build/.
# The arguments go to pytest. Ends with one line for each interpreter, and exit 1 if one failed. SKIP_PYTHON names a
# version (3.11) that is left out.
set -u
results=$(mktemp)
trap 'rm -f "$results"' EXIT
failed=0
for python in $(build_steps/find_python.sh --all); do
    version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
    [ "${version%.*}" != "${SKIP_PYTHON:-}" ] || continue
    venv="build/pythons/${version%.*}"
    mkdir -p build/pythons
    echo "== CPython $version"
    if build_steps/install.sh "$venv" "$python" && "$venv/bin/python" -m pytest -p no:cacheprovider "$@"; then
        echo "CPython $version: passed" >>"$results"
    else
        echo "CPython $version: FAILED" >>"$results"
        failed=1
    fi
done
if [ ! -s "$results" ]; then
    [ -z "${SKIP_PYTHON:-}" ] || { echo "there is no CPython beside $SKIP_PYTHON"; exit 0; }
    build_steps/find_python.sh
    exit 1
fi
cat "$results"
exit $failed
