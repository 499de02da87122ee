"""Exporting over a file that a person has edited keeps what they wrote."""

from __future__ import annotations

from pathlib import Path

import pytest

from forewarn_cli.patterns_merge import NotPatternsError, merge
from tests.cli.conftest import Forewarn
from tests.cli.double import Double

A, B, C = ("".join([letter] * 40) for letter in "abc")
HEAD = "# What Forewarn learned.\nforewarn: patterns\nversion: 1\npatterns:\n"


def item(key: str, failures: int = 3, more: str = "") -> str:
    return (
        f'- id: "{key}"\n  level: call\n  tool: sql\n  description: \'{{"q":"a # b"}}\'\n  covers: "{key[:16]}"\n'
        f"  failures: {failures}\n  evidence: {{failures: {failures}.5, successes: 0.0}}\n{more}"
    )


def test_nothing_changed_nothing_changes() -> None:
    text = HEAD + item(A) + item(B)
    assert merge(text, text) == text
    edited = (
        "# mine\n" + HEAD + "\n# the important one\n" + item(B).replace("sql\n", "sql  # ours\n") + item(A) + "# end\n"
    )
    assert merge(edited, text) == edited, "order and comments"


def test_changed_fields_change_in_place() -> None:
    old = HEAD + "# first\n" + item(A).replace("failures: 3\n", "# why so many?\n  failures: 3   # ask Ann\n")
    assert merge(old, HEAD + item(A, 4)) == old.replace("failures: 3 ", "failures: 4 ").replace("3.5", "4.5")


def test_what_is_gone_goes_with_its_comments_and_new_comes_last() -> None:
    old = HEAD + "# about a\n" + item(A) + "# about b\n" + item(B) + "# the end\n"
    assert merge(old, HEAD + item(B) + item(C)) == HEAD + "# about b\n" + item(B) + item(C) + "# the end\n"
    assert merge(old, HEAD[:-1] + " []\n") == HEAD[:-1] + " []\n# the end\n"
    assert merge(HEAD[:-1] + " []\n# the end\n", HEAD + item(A)) == HEAD + item(A) + "# the end\n"


def test_fields_come_and_go() -> None:
    old = HEAD + item(A, more="  prevented: 1\n  # right, I think\n  right: 1\n")
    new = HEAD + item(A, more="  right: 1\n  wrong: 2\n").replace("  tool", "  cause: not_found\n  tool")
    made = merge(old, new)
    assert made == new.replace("  right", "  # right, I think\n  right")


def test_their_way_of_writing_stays_while_it_means_the_same() -> None:
    mine = item(A).replace("tool: sql", "'tool': 'sql'").replace(
        "evidence: {failures: 3.5, successes: 0.0}", "evidence:\n    failures: 3.5 # c\n    # d\n    successes: 0.0"
    )  # fmt: skip
    assert merge(HEAD + mine, HEAD + item(A)) == HEAD + mine
    changed = merge(HEAD + mine, HEAD + item(A, 4))
    assert "  # d\n  evidence: {failures: 4.5, successes: 0.0}\n" in changed.replace("    # d", "  # d")
    assert "'tool': 'sql'" in changed


def test_another_indentation_stays() -> None:
    old = HEAD + "".join("  " + line for line in item(A).splitlines(keepends=True))
    assert merge(old, HEAD + item(A)) == old
    assert merge(old, HEAD + item(A) + item(B)).count("\n  - id") == 2


def test_items_without_an_id_are_known_again() -> None:
    old = HEAD + "# mine\n" + item(A).replace(f'id: "{A}"\n  level', "level")
    made = merge(old, HEAD + item(A, 9))
    assert "# mine\n- " in made
    assert made.count("level: call") == 1
    assert f'id: "{A}"' in made


def test_block_texts_may_hold_what_looks_like_comments() -> None:
    old = HEAD + item(A, more="  template: |-\n    # x\n    - y\n")
    assert merge(old, HEAD + item(A, more='  template: "# x\\n- y"\n')) == old
    assert merge(old, HEAD + item(A, more="  template: z\n")) == HEAD + item(A, more="  template: z\n")


def test_windows_line_ends_are_read() -> None:
    text = HEAD + item(A)
    assert merge(text.replace("\n", "\r\n"), text) == text


@pytest.mark.parametrize("text", ["", "name: ci\n", "forewarn: patterns\n", HEAD + item(A) + "more: 1\n"])
def test_other_files_are_left_alone(text: str) -> None:
    with pytest.raises(NotPatternsError):
        merge(text, HEAD + item(A))


def test_the_command_keeps_file_and_mode(forewarn_double: Forewarn, double: Double, tmp_path: Path) -> None:
    file = tmp_path / "patterns.yaml"
    file.write_text("to: keep\n")
    assert forewarn_double("export", str(file)).code == 2
    assert file.read_text() == "to: keep\n"
    double.state.document = HEAD + item(A)
    file.write_text(HEAD + "# mine\n" + item(A, 1))
    file.chmod(0o640)
    assert forewarn_double("export", str(file)).code == 0
    assert file.read_text() == HEAD + "# mine\n" + item(A)
    assert file.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["patterns.yaml"]
    assert forewarn_double("export", "-").out == HEAD + item(A)
