"""Generates code from proto/ into the clients, or checks that what is there is current.

    python -m build_steps.generate              writes clients/{python,go,typescript}
    python -m build_steps.generate --check      changes nothing; exits 1 and shows the difference if one is stale
    python -m build_steps.generate --baseline   makes proto/ as it is what `buf breaking` compares with

Python is always generated. Go and TypeScript are left out, with a message, on a machine without go or npm;
--require-all makes that an error.
"""

from __future__ import annotations

import argparse
import difflib
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from build_steps import descriptors

WORK = Path("build/proto")
FULL_IMAGE = WORK / "full.binpb"
CLIENT_IMAGE = WORK / "client.binpb"
VALIDATE_SET = WORK / "validate.binpb"
BASELINE = Path("proto/baseline.binpb")

# Where each generated folder lies in the repository. Everything in them is generated.
PYTHON_API = Path("clients/python/forewarn/v1")
PYTHON_RULES = Path("clients/python/forewarn/_buf")
GO = Path("clients/go/v1")
TYPESCRIPT = Path("clients/typescript/src/gen")


def python(out: Path) -> None:
    """Messages, their types, services and their types; and the validation rules that they carry, as our own package."""
    api, rules = out / "python", out / "rules"
    for folder in (api, rules):
        folder.mkdir(parents=True)
    inputs = descriptors.inputs(VALIDATE_SET)
    plugins = [f"--plugin={Path(sys.executable).parent / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    descriptors.protoc(*inputs, *plugins, f"--python_out={api}", f"--mypy_out=quiet:{api}", *descriptors.sources())
    services = [name for name in descriptors.sources() if "\nservice " in (descriptors.PROTO / name).read_text()]
    descriptors.protoc(*inputs, *plugins, f"--grpc_python_out={api}", f"--mypy_grpc_out=quiet:{api}", *services)
    descriptors.protoc(*inputs, *plugins, f"--python_out={rules}", f"--mypy_out=quiet:{rules}", descriptors.VALIDATE)

    # We ship no top-level package `buf`: it would shadow, or be shadowed by, another distribution's.
    for path in (api / "forewarn/v1").iterdir():
        text = path.read_text()
        path.write_text(text.replace("from buf.validate import", "from forewarn._buf.validate import"))
    _write_package(api / "forewarn/v1", "The messages and services of the API, generated from proto/forewarn/v1.")
    _write_package(rules / "buf", "The validation rules that messages carry, generated. Not part of the public API.")
    _write_package(rules / "buf/validate", "protovalidate's rules, generated.")
    _place(api / "forewarn/v1", out / PYTHON_API)
    _place(rules / "buf", out / PYTHON_RULES)


def go(out: Path) -> None:
    """Messages and services as the module forewarn.dev/forewarn, by the plugins that clients/go/tools pins."""
    tools = (WORK / "go-tools").resolve()
    tools.mkdir(exist_ok=True)
    for package in ("google.golang.org/protobuf/cmd/protoc-gen-go", "google.golang.org/grpc/cmd/protoc-gen-go-grpc"):
        _run("go", "build", "-C", "clients/go/tools", "-mod=readonly", "-buildvcs=false", "-o", str(tools), package)
    target = out / "go"
    target.mkdir()
    descriptors.protoc(
        f"--descriptor_set_in={CLIENT_IMAGE}",
        *(f"--plugin={tools / name}" for name in ("protoc-gen-go", "protoc-gen-go-grpc")),
        *(f"--{name}_out={target}" for name in ("go", "go-grpc")),
        *(f"--{name}_opt=module=forewarn.dev/forewarn" for name in ("go", "go-grpc")),
        *descriptors.sources(),
    )
    _place(target / "v1", out / GO)


def typescript(out: Path) -> None:
    """Messages and services, by the plugin that clients/typescript/package-lock.json pins."""
    install_node_modules()
    target = out / TYPESCRIPT
    target.mkdir(parents=True)
    descriptors.protoc(
        f"--descriptor_set_in={CLIENT_IMAGE}",
        "--plugin=clients/typescript/node_modules/.bin/protoc-gen-es",
        f"--es_out={target}",
        "--es_opt=target=ts,import_extension=js",
        *descriptors.sources(),
        "google/rpc/status.proto",
    )


def install_node_modules() -> None:
    """Runs npm ci, unless what is installed came from this package-lock.json."""
    folder = Path("clients/typescript")
    lock = (folder / "package-lock.json").read_text()
    stamp = folder / "node_modules/.installed"
    if not stamp.exists() or stamp.read_text() != lock:
        _run("npm", "ci", "--prefix", str(folder), "--silent", "--no-audit", "--no-fund")
        stamp.write_text(lock)


LANGUAGES: dict[str, tuple[Callable[[Path], None], str | None, tuple[Path, ...]]] = {
    "Python": (python, None, (PYTHON_API, PYTHON_RULES)),
    "Go": (go, "go", (GO,)),
    "TypeScript": (typescript, "npm", (TYPESCRIPT,)),
}


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, exit 1 if anything is stale")
    parser.add_argument("--baseline", action="store_true", help="accept proto/ as what later changes are compared with")
    parser.add_argument("--require-all", action="store_true", help="fail where go or npm is missing")
    options = parser.parse_args()

    WORK.mkdir(parents=True, exist_ok=True)
    descriptors.write_validate_set(VALIDATE_SET)
    descriptors.write_full_image(FULL_IMAGE, VALIDATE_SET)
    descriptors.write_client_image(CLIENT_IMAGE, FULL_IMAGE)
    if options.baseline:
        descriptors.write_baseline(BASELINE, CLIENT_IMAGE)
        print(f"{BASELINE}: written")
        return 0

    out = WORK / "out"
    shutil.rmtree(out, ignore_errors=True)
    stale = False
    for name, (generate, tool, folders) in LANGUAGES.items():
        if tool and not shutil.which(tool):
            print(f"{name}: left out, {tool} is not installed")
            stale = stale or options.require_all
            continue
        generate(out)
        for folder in folders:
            difference = list(compare(folder, out / folder))
            if options.check and difference:
                stale = True
                print(*difference[:60], sep="\n")
                print(f"{folder}: stale; run make proto")
            elif difference:
                _update(folder, out / folder)
                print(f"{folder}: written")
            else:
                print(f"{folder}: current")
    return int(stale)


def compare(old: Path, new: Path) -> list[str]:
    """The differences between two folders' files as a unified diff."""
    names = sorted(_files(old) | _files(new))
    lines: list[str] = []
    for name in names:
        before, after = (_lines(folder / name) for folder in (old, new))
        lines += difflib.unified_diff(before, after, str(old / name), str(new / name), lineterm="", n=1)
    return lines


def _update(old: Path, new: Path) -> None:
    """Makes ``old`` equal to ``new``, touching only files that differ: others may be importing the rest."""
    for name in _files(old) - _files(new):
        (old / name).unlink()
    for name in _files(new):
        if _lines(old / name) != _lines(new / name):
            (old / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new / name, old / name)


def _files(folder: Path) -> set[Path]:
    return {
        path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts
    }


def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def _write_package(folder: Path, docstring: str) -> None:
    (folder / "__init__.py").write_text(f'"""{docstring}"""\n')


def _place(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copytree(source, target)


def _run(*command: str) -> None:
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit(f"{' '.join(command)}: failed")


if __name__ == "__main__":
    raise SystemExit(main())
