#!/bin/sh
# Prints the CPython interpreters, 3.11 or newer, that this project can be installed with.
#
#   find_python.sh          the newest one on PATH, else the newest of pyenv's; an explanation and exit 1 if there is none
#   find_python.sh --all    one for each minor version, from PATH and from pyenv, oldest first
#   find_python.sh PYTHON   PYTHON's own path if it will do, else an explanation and exit 1
set -u

# Says "MINOR PATH" for an interpreter that will do and why for one that will not. A pyenv shim on PATH can be there and
# still not run, and Debian packages the headers and venv apart from the interpreter: so we run each and look.
examine() {
    "$1" - 2>/dev/null <<'PYTHON' || echo "no it does not run"
import importlib.util, os, sys, sysconfig
name = f"it is {sys.implementation.name} {sys.version.split()[0]}"
if sys.implementation.name != "cpython" or sys.version_info < (3, 11):
    print(f"no {name}")
elif sys.prefix != sys.base_prefix:
    print("no it belongs to a virtual environment")
elif importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
    print(f"no {name} without venv and ensurepip (Debian: python3-venv)")
elif not os.path.exists(os.path.join(sysconfig.get_path("include"), "Python.h")):
    print(f"no {name} without C headers (Debian: python3-dev)")
else:
    print(sys.version_info[1], sys.executable)
PYTHON
}

on_path() {
    for minor in 11 12 13 14 15 16; do command -v "python3.$minor"; done
    command -v python3
    command -v python
}

of_pyenv() {
    for python in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.*/bin/python3; do
        [ -x "$python" ] && echo "$python"
    done
}

# Reads paths, writes "MINOR PATH" of those that will do, the first of each minor version.
suitable() {
    while read -r python; do examine "$python"; done | grep -v '^no ' | sort -s -n -k1,1 | awk '!seen[$1]++'
}

case "${1:-}" in
--all)
    { on_path; of_pyenv; } | suitable | cut -d' ' -f2-
    ;;
"")
    found=$(on_path | suitable | tail -n 1)
    [ -n "$found" ] || found=$(of_pyenv | suitable | tail -n 1)
    if [ -z "$found" ]; then
        {
            echo "Forewarn needs CPython 3.11 or newer with venv and the C headers. Found:"
            { on_path; of_pyenv; } | sort -u | while read -r python; do echo "  $python: $(examine "$python" | cut -d' ' -f2-)"; done
            echo "Install one, or name it: make install PYTHON=/path/to/python3"
        } >&2
        exit 1
    fi
    echo "$found" | cut -d' ' -f2-
    ;;
*)
    verdict=$(examine "$1")
    case "$verdict" in
    no\ *)
        echo "$1 will not do: ${verdict#no }. Forewarn needs CPython 3.11 or newer with venv and the C headers." >&2
        exit 1
        ;;
    esac
    echo "$verdict" | cut -d' ' -f2-
    ;;
esac
