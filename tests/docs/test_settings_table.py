"""docs/operations.md has each setting with its flag, its default and its description, as ``sidecar/config.py`` has it.

    python -m tests.docs.test_settings_table

prints the table.
"""

from __future__ import annotations

from sidecar.config import Settings

from .pages import ROOT

_DEFAULTS = {"data_dir": "`~/.local/state/forewarn`", "guard_address": "", "admin_address": ""}


def lines() -> list[str]:
    """The rows of the table."""
    found = []
    for name, field in Settings.model_fields.items():
        shown = _DEFAULTS.get(name, "" if field.default is None else f"`{field.default}`")
        found.append(f"| `--{name.replace('_', '-')}` | {shown} | {field.description} |")
    return found


def test_every_setting_is_in_the_table() -> None:
    page = (ROOT / "docs/operations.md").read_text().splitlines()
    assert [line for line in lines() if line not in page] == []
    flags = {line.split("`")[1] for line in lines()}
    assert {line.split("`")[1] for line in page if line.startswith("| `--")} == flags


if __name__ == "__main__":
    print("\n".join(lines()))
