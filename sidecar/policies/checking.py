"""What the form alone does not say: fields that do not exist, conditions that could never hold, chains in a circle."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Final, NamedTuple

import re2
from msgspec import UNSET

from .chaining import MAX_FROM_FIELDS, ChainError, derivations, rule_levels
from .document import (
    ACTIONS,
    COMPARISONS,
    MAX_CONDITIONS,
    MAX_DEPTH,
    OPERATORS,
    Condition,
    FromField,
    Policy,
    Rule,
    Window,
)
from .expressions import expression
from .facts import ANYWHERE
from .fields import KNOWN, derived_name, kind_of, objection
from .quick_reading import Place
from .texts import places
from .usage import paths_said
from .windows import number_range, period, time_window

#: The memory of one regular expression, bytes.
_PATTERN_MEMORY: Final = 1 << 20
_KINDS: Final = ("all", "any", "not_", "cel", "field")


class Found(NamedTuple):
    """A fault and the part of the document that it is in."""

    place: Place
    message: str
    fix: str = ""


def faults_of(policy: Policy) -> Iterator[Found]:
    """All that is wrong with a policy that has the right form."""
    try:
        period(policy.valid)
    except ValueError as error:
        yield Found(("valid",), str(error), "write “from” and “until” as dates")
    seen: set[str] = set()
    for index, rule in enumerate(policy.rules):
        if rule.name in seen:
            yield Found(("rules", index, "name"), f"“{rule.name}” stands twice", "give each rule a name of its own")
        seen.add(rule.name)
        whole = True
        for found in (*_of_action(rule), *_of_conditions(rule)):
            whole = False
            yield Found(("rules", index, *found.place), found.message, found.fix)
        if whole:
            for found in _of_fields_said(rule):
                yield Found(("rules", index, *found.place), found.message, found.fix)
    yield from _of_chains(policy)


def _of_action(rule: Rule) -> Iterator[Found]:
    actions = [name for name in ACTIONS if getattr(rule.then, name) is not UNSET]
    if len(actions) != 1:
        what = "gives nothing" if not actions else f"gives {' and '.join(actions)}"
        yield Found(("then",), what, f"write exactly one of {', '.join(ACTIONS)}")
        return
    rewrite = rule.then.rewrite_argument
    if rewrite is not UNSET:
        if not rewrite.set and not rewrite.remove:
            yield Found(("then", actions[0]), "changes nothing", "say what to “set” or to “remove”")
        for part, paths in (("set", rewrite.set), ("remove", rewrite.remove)):
            for path in paths:
                if not path or any(step in ("", "*") for step in path.split(".")) or path.startswith("call."):
                    place = ("then", actions[0], part)
                    yield Found(
                        place, f"“{path}” is no argument", "write a path below call.arguments, like options.dry_run"
                    )


def _of_fields_said(rule: Rule) -> Iterator[Found]:
    action = next(name for name in ACTIONS if getattr(rule.then, name) is not UNSET)
    for path in paths_said(rule):
        wrong = objection(path)
        if wrong is not None:
            yield Found(("then", action), *wrong)
    for text in (getattr(getattr(rule.then, action), part, "") for part in ("message", "remedy")):
        bare = text.replace("{{", "").replace("}}", "")
        if bare.count("{") != bare.count("}") or bare.count("{") != len(list(places(bare))):
            yield Found(("then", action), "has a brace without its partner", "write {{ for a brace, or {field}")


def _of_conditions(rule: Rule) -> Iterator[Found]:
    if rule.when is UNSET:
        return
    count = 0
    waiting: list[tuple[Condition, Place]] = [(rule.when, ("when",))]
    while waiting:
        condition, place = waiting.pop()
        count += 1
        if count > MAX_CONDITIONS:
            yield Found(("when",), f"has more than {MAX_CONDITIONS} conditions", "split the rule, or use “in”")
            return
        if sum(isinstance(step, str) for step in place) > MAX_DEPTH + 1:
            yield Found(place, f"conditions are nested more than {MAX_DEPTH} deep", "derive a fact and ask for it")
            return
        kinds = [name for name in _KINDS if getattr(condition, name) is not UNSET]
        operators = [name for name, attribute in OPERATORS.items() if getattr(condition, attribute) is not UNSET]
        if len(kinds) != 1:
            what = "says nothing" if not kinds else f"has {' and '.join(name.rstrip('_') for name in kinds)}"
            yield Found(place, what, "write one of all, any, not, cel, or a field with an operator")
        elif condition.field is UNSET and operators:
            yield Found(place, f"has “{operators[0]}” without a field", "write the field that it is about")
        elif condition.all is not UNSET or condition.any is not UNSET:
            inner = condition.all if condition.all is not UNSET else condition.any
            waiting.extend((one, (*place, kinds[0], at)) for at, one in reversed(list(enumerate(inner or ()))))
        elif condition.not_ is not UNSET:
            waiting.append((condition.not_, (*place, "not")))
        elif condition.cel is not UNSET:
            try:
                expression(condition.cel)
            except ValueError as error:
                yield Found((*place, "cel"), str(error), "see docs/policies.md for what CEL may use")
        elif len(operators) != 1:
            what = "has no operator" if not operators else f"has {' and '.join(operators)}"
            yield Found(place, what, f"write exactly one of {', '.join(OPERATORS)}; join several with “all”")
        else:
            yield from _of_operator(condition, operators[0], place)


def _of_operator(condition: Condition, operator: str, place: Place) -> Iterator[Found]:
    path = str(condition.field)
    wrong = objection(path)
    if wrong is not None:
        yield Found((*place, "field"), *wrong)
        return
    operand = getattr(condition, OPERATORS[operator])
    at = (*place, operator)
    kind = kind_of(path)
    if operator == "equal_field":
        wrong = objection(operand)
        other = kind_of(operand) if wrong is None else None
        if wrong is not None:
            yield Found(at, *wrong)
        elif kind is not None and other is not None and kind != other:
            yield Found(
                at, f"{path} is a {kind} and {operand} a {other}: they are never equal", "compare like with like"
            )
    elif operator == "within":
        yield from _of_window(operand, path, kind, at)
    elif operator in ("glob", "matches"):
        if kind not in (None, "text"):
            yield Found(at, f"{path} is a {kind}, not a text", "use equal, or a comparison")
        elif operator == "matches":
            yield from _of_pattern(operand, at)
    elif operator != "exists":
        yield from _of_operands(operator, operand, path, kind, at)


def _of_operands(operator: str, operand: object, path: str, kind: str | None, at: Place) -> Iterator[Found]:
    for one in operand if isinstance(operand, tuple) else (operand,):
        given = "truth" if isinstance(one, bool) else "text" if isinstance(one, str) else "number"
        if kind is not None and given != kind:
            yield Found(at, f"{path} is a {kind}, this is a {given}", f"write a {kind}")
            return
    if operator in COMPARISONS and kind == "truth":
        yield Found(at, f"{path} is true or false", "use equal")
    if operator in COMPARISONS and path == "call.tool":
        yield Found(at, "tools have no order", "use equal, in or glob")


def _of_window(window: Window, path: str, kind: str | None, at: Place) -> Iterator[Found]:
    try:
        if path == "time":
            time_window(window)
        elif kind in (None, "number"):
            number_range(window)
        else:
            yield Found(at, f"{path} is a {kind}, it has no range", "use it on numbers, or on the field “time”")
    except ValueError as error:
        yield Found(at, str(error), 'write {from: 1, to: 10}, or on “time” {from: "09:00", to: "17:00", days: [mon]}')


def _of_pattern(pattern: str, at: Place) -> Iterator[Found]:
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    try:
        re2.compile(pattern, options=options)
    except re2.error as error:
        reason = error.args[0] if error.args else error
        text = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        yield Found(
            at, f"is no regular expression of RE2: {text}", "see github.com/google/re2/wiki/Syntax; no look-around"
        )


def _of_chains(policy: Policy) -> Iterator[Found]:
    made = {name for rule in policy.rules for name in derivations(rule)}
    for index, rule in enumerate(policy.rules):
        for place, path in _named(rule):
            name = derived_name(path)
            if name is not None and name not in made:
                near = difflib.get_close_matches(name, made, 1)
                fix = f"did you mean derived.{near[0]}?" if near else "add a rule to this policy that derives it"
                yield Found(("rules", index, *place), f"no rule of this policy derives “{name}”", fix)
    sources = sum(isinstance(one, FromField) for rule in policy.rules for one in derivations(rule).values())
    if sources > MAX_FROM_FIELDS:
        yield Found(("rules",), f"derives from fields more than {MAX_FROM_FIELDS} times", "split the policy")
    try:
        rule_levels(policy)
    except ChainError as error:
        yield Found(("rules", error.rule), str(error), "derive each fact from facts that do not come from it")


def _named(rule: Rule) -> Iterator[tuple[Place, str]]:
    """The fields that a rule names, with their places."""
    waiting: list[tuple[Condition, Place]] = [] if rule.when is UNSET else [(rule.when, ("when",))]
    while waiting:
        condition, place = waiting.pop()
        if condition.field is not UNSET:
            yield (*place, "field"), condition.field
        if condition.equal_field is not UNSET:
            yield (*place, "equal_field"), condition.equal_field
        for name, inner in (("all", condition.all), ("any", condition.any)):
            waiting.extend((one, (*place, name, at)) for at, one in enumerate(inner or ()))
        if condition.not_ is not UNSET:
            waiting.append((condition.not_, (*place, "not")))
    if sum(getattr(rule.then, name) is not UNSET for name in ACTIONS) == 1:
        yield from ((("then",), path) for path in paths_said(rule))


def known_paths() -> tuple[str, ...]:
    """Every closed field, for completion and documents."""
    return tuple(sorted(KNOWN)) + tuple(f"{root}.{ANYWHERE}" for root in ("call.arguments", "call.context"))
