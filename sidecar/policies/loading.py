"""From texts and folders to policies, with every fault that was found, or to a ``PolicyError``: all or nothing."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from .checking import faults_of
from .document import MAX_RULES, MAX_TOTAL_RULES, Condition, Policy, Rule, Scope, Then, Valid, Window
from .faults import Fault, PolicyError
from .quick_reading import Place, Tree
from .reading import Written, dotted, read

T = TypeVar("T")
#: Names that begin policy files are looked for under, and what a test suite's file ends with.
SUFFIXES: Final = (".yaml", ".yml")
SUITE_ENDINGS: Final = ("_test.yaml", "_test.yml")
_STEP: Final = re.compile(r"\.([^.\[\]`]+)|\[(\d+)\]|\[(\.\.\.)\]")
_PLACEHOLDER: Final[Tree] = {"name": "x", "then": {"warn": {"message": ""}}}
_TEXTS: Final = {
    "Expected `str`, got `int`": "put it in quotes",
    "Expected `str`, got `float`": "put it in quotes",
    "Expected `str`, got `bool`": "put it in quotes",
    "Expected `bool | int | float | str`, got `object`": "write a single value",
    "Expected `bool | int | float | str`, got `array`": "write a single value, or use “in” for several",
}
_CHOICES: Final = {
    "mode": "write off, shadow, warn or enforce",
    "failure_mode": "write open or closed",
    "days": "write mon, tue, wed, thu, fri, sat or sun",
    "expect": "write none, allow, warn, suggest_alternative, rewrite_argument, require_approval or prevent",
    "verdict": "write none, allow, warn, suggest_alternative, rewrite_argument, require_approval or prevent",
    "name": "use lower-case letters, digits, - and _",
    "policy": "use lower-case letters, digits, - and _",
}


class Loaded(NamedTuple):
    """A policy and the document that it was read from."""

    policy: Policy
    written: Written


def load(text: str, file: str = "") -> tuple[Policy, ...]:
    """The policies of a text, in order. Raises PolicyError."""
    return load_texts({file: text})


def load_folder(folder: Path) -> tuple[Policy, ...]:
    """The policies of all YAML files in a folder and below, test suites aside; hidden files are left out.

    Raises PolicyError, with the faults of all files.
    """
    return load_texts(texts_in(folder))


def texts_in(folder: Path) -> dict[str, str]:
    """The policy files of a folder: their text by their path in it. Raises PolicyError where one cannot be read."""
    texts = {}
    faults = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or path.suffix not in SUFFIXES or path.name.endswith(SUITE_ENDINGS) or not path.is_file():
            continue
        try:
            texts[name] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            faults.append(Fault("is not UTF-8", "save it as UTF-8", name))
        except OSError as error:
            faults.append(Fault(f"cannot be read: {error.strerror}", "check that it may be read", name))
    if faults:
        raise PolicyError(faults)
    return texts


def load_texts(texts: Mapping[str, str]) -> tuple[Policy, ...]:
    """The policies of several files, by name. Raises PolicyError, with the faults of all."""
    faults: list[Fault] = []
    loaded: list[Loaded] = []
    for file, text in texts.items():
        try:
            documents = read(text, file)
        except PolicyError as error:
            faults.extend(error.faults)
            continue
        if not documents:
            faults.append(Fault("has no policy in it", "begin with “policy: name”", file))
        for written in documents:
            found: list[Fault] = []
            policy = policy_of(written, found)
            faults.extend(found)
            if policy is not None:
                faults.extend(written.fault(*one) for one in faults_of(policy))
                loaded.append(Loaded(policy, written))
    faults.extend(_clashes(loaded))
    if faults:
        raise PolicyError(faults)
    return tuple(one.policy for one in loaded)


def check(policies: Iterable[Policy]) -> None:
    """Whether policies that have the right form can be used together. Raises PolicyError."""
    faults: list[Fault] = []
    names: set[str] = set()
    total = 0
    for policy in policies:
        faults.extend(Fault(message, fix, policy.name, 0, dotted(place)) for place, message, fix in faults_of(policy))
        if policy.name in names:
            faults.append(Fault("there are two policies of this name", "rename one", policy.name))
        names.add(policy.name)
        total += len(policy.rules)
    if total > MAX_TOTAL_RULES:
        faults.append(Fault(f"{total} rules are more than the {MAX_TOTAL_RULES} that may be", "remove some"))
    if faults:
        raise PolicyError(faults)


def policy_of(written: Written, faults: list[Fault]) -> Policy | None:
    """The policy of a document; None, and faults, where it has not the right form."""
    tree = written.tree
    if not isinstance(tree, dict):
        faults.append(written.fault((), "a policy is expected", "begin with “policy: name”"))
        return None
    rules = tree.get("rules")
    before = len(faults)
    found: list[Rule] = []
    if isinstance(rules, list) and 0 < len(rules) <= MAX_RULES:
        for index, item in enumerate(rules):
            rule = converted(item, Rule, written, ("rules", index), faults)
            if rule is not None:
                found.append(rule)
        tree = {**tree, "rules": [_PLACEHOLDER]}
    policy = converted(tree, Policy, written, (), faults)
    if policy is None or len(faults) > before:
        return None
    return msgspec.structs.replace(policy, rules=tuple(found))


def converted(tree: Tree, into: type[T], written: Written, place: Place, faults: list[Fault]) -> T | None:
    """A part of a document as a record; None, and a fault, where it has not the form."""
    try:
        return msgspec.convert(tree, into)
    except msgspec.ValidationError as error:
        text = str(error)
    message, _, path = text.partition(" - at `")
    at = (*place, *_steps(path.removesuffix("`"), tree))
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", message, re.DOTALL)
    if unknown is not None:
        near = difflib.get_close_matches(unknown[1], _names(into, at[len(place) :]), 1)
        fix = f"did you mean “{near[0]}”?" if near else "remove it, or see docs/policies.md for what there is"
        faults.append(written.fault((*at, unknown[1]), f"there is no field “{unknown[1][:64]}” here", fix))
    elif message.startswith("Object missing required field"):
        faults.append(written.fault(at, f"lacks “{message.split('`')[1]}”", "add it"))
    else:
        last = next((step for step in reversed(at) if isinstance(step, str)), "")
        fix = _TEXTS.get(message) or _CHOICES.get(last) or "see docs/policies.md for the form"
        faults.append(written.fault(at, _lower(message), fix))
    return None


def _clashes(loaded: Sequence[Loaded]) -> Iterator[Fault]:
    seen: dict[str, Written] = {}
    for policy, written in loaded:
        other = seen.setdefault(policy.name, written)
        if other is not written:
            where = f"{other.file or 'the same text'}, line {other.line(('policy',))}"
            yield written.fault(
                ("policy",), f"“{policy.name}” is already the name of a policy in {where}", "rename one"
            )
    total = sum(len(one.policy.rules) for one in loaded)
    if total > MAX_TOTAL_RULES:
        yield Fault(f"{total} rules are more than the {MAX_TOTAL_RULES} that may be", "remove some")


def _steps(path: str, tree: Tree) -> Iterator[str | int]:
    """The steps of a path as msgspec writes it; it stops where msgspec does not name a key."""
    for name, index, dots in _STEP.findall(path):
        if dots:
            return
        step: str | int = int(index) if index else name
        if isinstance(tree, dict) and isinstance(step, str):
            tree = tree.get(step)
        elif isinstance(tree, list) and isinstance(step, int) and step < len(tree):
            tree = tree[step]
        yield step


def _names(into: type, place: Place) -> tuple[str, ...]:
    """The field names that may stand at a place: those of the record there, as well as can be told from its name."""
    last = next((step for step in reversed(place) if isinstance(step, str)), "")
    record: type | None = {
        "then": Then, "when": Condition, "all": Condition, "any": Condition, "not": Condition, "within": Window,
        "scope": Scope, "valid": Valid,
    }.get(last)  # fmt: skip
    if record is None and last in Then.__struct_fields__:
        hint = msgspec.structs.fields(Then)[Then.__struct_fields__.index(last)].type
        record = next(
            (one for one in getattr(hint, "__args__", ()) if isinstance(one, type) and one is not type(None)), None
        )
    fields = msgspec.structs.fields(record or into) if hasattr(record or into, "__struct_fields__") else ()
    return tuple(field.encode_name for field in fields)


def _lower(message: str) -> str:
    return message[:1].lower() + message[1:]
