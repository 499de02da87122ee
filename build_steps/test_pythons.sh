#!/bin/sh
# Runs the fast tests on every CPython 3.11+ that find_python.sh finds, each in an environment of its own under build/.
# The arguments go to pytest. Ends with one line for each interpreter, and exit 1 if one failed.
set -u
results=$(mktemp)
trap 'rm -f "$results"' EXIT
failed=0
for python in $(build_steps/find_python.sh --all); do
    version=$("$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])')
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
[ -s "$results" ] || { build_steps/find_python.sh; exit 1; }
cat "$results"
exit $failed
