"""Reading policies: plain values, faults with file, line, field and fix, folders, and whatever else YAML may be."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.policies.document import MAX_TOTAL_RULES, Policy
from sidecar.policies.faults import Fault, PolicyError
from sidecar.policies.loading import check, load, load_folder, load_texts
from sidecar.policies.quick_reading import MAX_NODES
from sidecar.policies.reading import MAX_CHARS, read

from .hostile_yaml import SEEDS, damaged

CASES: list[Any] = read((Path(__file__).parent / "cases" / "faults.yaml").read_text())[0].tree  # type: ignore[assignment]
GOOD = "policy: {}\nrules: [{{name: x, then: {{warn: {{message: m}}}}}}]\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["name"]))
def test_a_fault_names_line_field_and_fix(case: dict[str, Any]) -> None:
    with pytest.raises(PolicyError) as caught:
        load(case["text"], "guard.yaml")
    (fault,) = caught.value.faults
    wanted = case["fault"]
    assert fault.file == "guard.yaml"
    assert fault.line == wanted["line"]
    assert fault.field == wanted.get("field", fault.field)
    assert wanted["message"] in fault.message
    assert wanted["fix"] in fault.fix
    assert str(fault).startswith(f"guard.yaml:{fault.line}: ")


def test_all_faults_of_all_files_are_told_at_once() -> None:
    bad = "policy: a\nrules:\n  - {name: x, then: {}}\n  - {name: y, when: {}, then: {warn: {message: m}}}\n"
    with pytest.raises(PolicyError) as caught:
        load_texts({"one.yaml": bad, "two.yaml": "[", "three.yaml": GOOD.format("b")})
    assert [(fault.file, fault.line) for fault in caught.value.faults] == [
        ("one.yaml", 3), ("one.yaml", 4), ("two.yaml", 1),
    ]  # fmt: skip


def test_values_are_those_of_the_core_schema() -> None:
    (written,) = read("a: [1, -1.5, 0x10, 1e3, true, no, on, ~, 2026-01-01, '1', 09:30, .5, 0o17, 1_000]")
    assert written.tree == {
        "a": [1, -1.5, 16, 1000.0, True, "no", "on", None, "2026-01-01", "1", "09:30", 0.5, 15, "1_000"]
    }


def test_a_folder_is_read_whole_without_suites_and_hidden_files(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.yaml").write_text(GOOD.format("a"))
    (tmp_path / "deep" / "b.yml").write_text(GOOD.format("b") + "---\n" + GOOD.format("c"))
    (tmp_path / "a_test.yaml").write_text("[")
    (tmp_path / ".hidden.yaml").write_text("[")
    (tmp_path / "notes.txt").write_text("[")
    assert [policy.name for policy in load_folder(tmp_path)] == ["a", "b", "c"]
    (tmp_path / "bad.yaml").write_bytes(b"policy: \xff")
    with pytest.raises(PolicyError, match=r"bad\.yaml: is not UTF-8"):
        load_folder(tmp_path)


def test_two_policies_of_a_name_in_two_files_are_refused() -> None:
    with pytest.raises(PolicyError, match=r"b\.yaml:1: policy: “p” is already the name of a policy in a\.yaml, line 1"):
        load_texts({"a.yaml": GOOD.format("p"), "b.yaml": GOOD.format("p")})


def test_checks_hold_for_policies_that_come_without_a_text() -> None:
    (policy,) = load(GOOD.format("p"))
    check([policy])
    with pytest.raises(PolicyError, match="two policies of this name"):
        check([policy, policy])


def test_too_many_rules_in_all_are_refused() -> None:
    (policy,) = load(
        "policy: p\nrules:\n" + "".join(f"  - {{name: r{at}, then: {{warn: {{message: m}}}}}}\n" for at in range(500))
    )
    renamed = [Policy(**{**_fields(policy), "policy": f"p{at}"}) for at in range(MAX_TOTAL_RULES // 500 + 1)]
    with pytest.raises(PolicyError, match=f"more than the {MAX_TOTAL_RULES} that may be"):
        check(renamed)


def _fields(policy: Policy) -> dict[str, Any]:
    return {name: getattr(policy, name) for name in policy.__struct_fields__}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: " * 40, "is not YAML"),
        ("[" * 10_000, "nested more than"),
        ("{a: " * 1_000 + "}" * 1_000, "nested more than"),
        ("- \n" * (MAX_NODES + 2), "more than"),
        ("a" * (MAX_CHARS + 1), "longer than"),
        ("a: \0", "character that YAML does not have"),
        ("a: 99999999999999999999", "number too large"),
        ("a: 1e999", "number too large"),
        ("? [a]\n: b", "a name is expected before the colon"),
        ("a: *b", "anchors and aliases"),
        ("%YAML 9.9\n---\na: 1", ""),
        ("a: !!binary x", "tags"),
        ("\ufeff\ud800", ""),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_hostile_texts_are_refused_with_a_fault(text: str, message: str) -> None:
    with pytest.raises(PolicyError) as caught:
        load(text, "f.yaml")
    assert message in str(caught.value)


def test_a_billion_laughs_are_not_laughed() -> None:
    laughs = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + at)}: &{chr(98 + at)} [*{chr(97 + at)}, *{chr(97 + at)}]\n" for at in range(20)
    )
    with pytest.raises(PolicyError, match="anchors"):
        load(laughs)


@given(st.text(max_size=400))
@example("a: !")
@example("- ?\t:")
def test_any_text_is_policies_or_a_policy_error(text: str) -> None:
    _load_or_refuse(text)


@settings(max_examples=150)
@given(st.integers(0, 2**32))
def test_a_damaged_policy_is_policies_or_a_policy_error(seed: int) -> None:
    random = Random(seed)
    _load_or_refuse(damaged(random, random.choice(SEEDS)))


def _load_or_refuse(text: str) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        check(load(text, "f.yaml"))
    except PolicyError as error:
        faults = error.faults
        assert faults, text  # either way is right
    assert all(fault.message and fault.file == "f.yaml" for fault in faults)
