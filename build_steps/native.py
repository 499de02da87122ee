"""Compiles the kernels of sidecar/native/, in place: by Cython to C, by the C compiler of this Python to modules.

    python build_steps/native.py      compiles all, for the Python that runs it; make install does when one has changed

As hatchling's build hook (``pyproject.toml``) it does the same when the package is built or installed, and puts the
modules into the wheel. What is generated on the way lies in build/native.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[1]
#: Doubles are rounded after each step on every machine: results are the same to the last bit. Indexes are checked where
#: the tables come in, not at each step.
FLAGS = ["-O2", "-ffp-contract=off"]
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": False,
    "wraparound": False,
    "cdivision": True,
    "initializedcheck": False,
}


def compile_all(root: Path = ROOT) -> list[Path]:
    """Compile all kernels anew; the modules, as paths from ``root``.

    Anew, since neither Cython nor setuptools looks at what a file includes, or at the flags that it was compiled with.
    """
    # Here, since whoever only asks for the version needs no compiler.
    from Cython.Build import cythonize
    from setuptools import Distribution, Extension
    from setuptools.command.build_ext import build_ext

    work = root / "build" / "native"
    sources = sorted(path.relative_to(root) for path in (root / "sidecar" / "native").glob("*.pyx"))
    modules = [
        Extension(".".join(path.with_suffix("").parts), [str(path)], extra_compile_args=FLAGS) for path in sources
    ]
    generated = cythonize(modules, compiler_directives=DIRECTIVES, build_dir=str(work), quiet=True, force=True)  # type: ignore[no-untyped-call]
    command = build_ext(Distribution({"ext_modules": generated}))
    command.inplace = command.force = True
    command.build_temp = str(work / "objects")
    command.ensure_finalized()
    command.build_temp = str(Path(command.build_temp) / Path(command.get_ext_filename("python")).stem)
    command.parallel = 2
    command.run()
    return [Path(command.get_ext_fullpath(module.name)).relative_to(root) for module in generated]


class NativeBuildHook(BuildHookInterface[Any]):
    """See the module."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say what belongs into the wheel. ``version`` is "editable" or "standard"."""
        root = Path(self.root)
        for path in compile_all(root):
            if version != "editable":
                build_data["force_include"][str(root / path)] = str(path)
        build_data["pure_python"] = False
        build_data["infer_tag"] = True


if __name__ == "__main__":
    compile_all()
