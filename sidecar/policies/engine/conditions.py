"""Conditions as closures with three-valued truth: True, False, None where they fail (see ``reference.py``)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from msgspec import UNSET

from ..document import OPERATORS, Condition, Window, operator_of
from ..expressions import Given, expression
from ..facts import ANYWHERE, Facts, FieldReader, Scalar, Values
from ..faults import EvaluationError
from ..fields import derived_name
from ..globs import as_re2
from ..resolving import keyed
from ..windows import number_range, time_window
from .pattern_set import pattern_set

Truth: TypeAlias = "bool | None"
#: The derived facts of one policy: the values of each name, and the names that are uncertain.
Known: TypeAlias = "tuple[dict[str, list[Scalar]], set[str]]"


class Question:
    """One call that is judged: its fields, and what was derived of it so far, for each policy by its number."""

    __slots__ = ("derived", "facts", "given", "reader", "uncertain", "values")

    def __init__(self, facts: Facts, now: float) -> None:
        self.facts = facts
        self.reader = FieldReader(facts, now)
        self.values = self.reader.values
        self.given = Given(facts, now)
        self.derived: dict[tuple[int, str], list[Scalar]] = {}
        self.uncertain: set[tuple[int, str]] = set()

    def values_for(self, policy: int) -> Callable[[str], Values]:
        """Fields of the call, and derived fields of a policy."""

        def values(path: str) -> Values:
            name = derived_name(path)
            return self.values(path) if name is None else tuple(self.derived.get((policy, name), ()))

        return values


Test: TypeAlias = Callable[[Question], Truth]
_Values: TypeAlias = Callable[[Question], Values]


def compiled(condition: Condition, policy: int) -> Test:
    """The condition of a rule of a policy, as a closure."""
    if condition.all is not UNSET:
        return _all([compiled(one, policy) for one in condition.all])
    if condition.any is not UNSET:
        return _any([compiled(one, policy) for one in condition.any])
    if condition.not_ is not UNSET:
        return _not(compiled(condition.not_, policy))
    if condition.cel is not UNSET:
        return _cel(condition.cel)
    return _of_field(condition, policy)


def every(tests: Sequence[Test]) -> Test:
    """Whether all hold."""
    return _all(tests)


def why(question: Question, condition: Condition, policy: int) -> str:
    """The first reason why a condition that fails fails."""
    if condition.not_ is not UNSET:
        return why(question, condition.not_, policy)
    for one in (*(condition.all or ()), *(condition.any or ())):
        if compiled(one, policy)(question) is None:
            return why(question, one, policy)
    if condition.cel is not UNSET:
        try:
            expression(condition.cel).holds(question.given)
        except EvaluationError as error:
            return str(error)
    path = str(condition.field)
    others = [path, *([] if condition.equal_field is UNSET else [condition.equal_field])]
    cut = next((one for one in others if one in question.reader.cut), None)
    unsure = next((one for one in others if (policy, derived_name(one)) in question.uncertain), None)
    values = question.values_for(policy)(path)
    exact = operator_of(condition) not in _UNTYPED and path.rpartition(".")[2] != ANYWHERE
    if exact and any(_matcher(condition)(one) is None for one in values):
        operand = getattr(condition, OPERATORS[operator_of(condition)])
        return f"{path} is no {'text' if isinstance(operand, str) else 'number'}"
    if cut is not None:
        return question.reader.cut[cut]
    return f"a rule that derives {unsure} failed"


#: Operators that take values of any type.
_UNTYPED: Final = frozenset({"exists", "equal_field"})


def _all(tests: Sequence[Test]) -> Test:
    def test(question: Question) -> Truth:
        truth: Truth = True
        for one in tests:
            found = one(question)
            if found is False:
                return False
            if found is None:
                truth = None
        return truth

    return tests[0] if len(tests) == 1 else test


def _any(tests: Sequence[Test]) -> Test:
    def test(question: Question) -> Truth:
        truth: Truth = False
        for one in tests:
            found = one(question)
            if found is True:
                return True
            if found is None:
                truth = None
        return truth

    return tests[0] if len(tests) == 1 else test


def _not(inner: Test) -> Test:
    def test(question: Question) -> Truth:
        found = inner(question)
        return None if found is None else not found

    return test


def _cel(source: str) -> Test:
    holds = expression(source).holds

    def test(question: Question) -> Truth:
        try:
            return holds(question.given)
        except EvaluationError:
            return None

    return test


def _of_field(condition: Condition, policy: int) -> Test:
    path = str(condition.field)
    operator = operator_of(condition)
    read = _reader(path, policy)
    if condition.equal_field is not UNSET:
        return _equal_field(path, condition.equal_field, policy)
    if operator == "exists":
        plain = _exists(path, read)
    else:
        plain = _for_any(read, _matcher(condition), lenient=path.rpartition(".")[2] == ANYWHERE)
    if path.partition(".")[0] != "time":
        plain = _with_doubt(plain, _doubt(path, policy))
    return _not(plain) if condition.exists is False else plain


def _reader(path: str, policy: int) -> _Values:
    name = derived_name(path)
    if name is None:
        return lambda question: question.values(path)
    at = policy, name
    return lambda question: tuple(question.derived.get(at, ()))


def _exists(path: str, read: _Values) -> Test:
    if derived_name(path) is not None:
        return lambda question: bool(read(question))
    return lambda question: question.reader.exists(path)


def _equal_field(path: str, other: str, policy: int) -> Test:
    read, read_other = _reader(path, policy), _reader(other, policy)
    doubted, other_doubted = _doubt(path, policy), _doubt(other, policy)

    def test(question: Question) -> Truth:
        values, others = read(question), read_other(question)
        if not {keyed(one) for one in values}.isdisjoint({keyed(one) for one in others}):
            return True
        doubts = doubted(question), other_doubted(question)
        if not (values or doubts[0]) or not (others or doubts[1]):
            return False  # one side is empty, whatever the other may be
        return None if any(doubts) else False

    return test


def _doubt(path: str, policy: int) -> Callable[[Question], bool]:
    """Whether a field may have more values than are known: not all were read, or a rule that derives it failed."""
    name = derived_name(path)
    if name is None:
        return lambda question: path in question.reader.cut
    at = policy, name
    return lambda question: at in question.uncertain


def _with_doubt(plain: Test, doubted: Callable[[Question], bool]) -> Test:
    def test(question: Question) -> Truth:
        found = plain(question)
        return None if found is False and doubted(question) else found

    return test


def _for_any(read: _Values, matches: Callable[[Scalar], Truth], *, lenient: bool) -> Test:
    def test(question: Question) -> Truth:
        truth: Truth = False
        for value in read(question):
            found = matches(value)
            if found is True:
                return True
            if found is None and not lenient:
                truth = None
        return truth

    return test


def _matcher(condition: Condition) -> Callable[[Scalar], Truth]:
    """Whether one value is as the operator says; None where it cannot be compared."""
    operator = operator_of(condition)
    operand = getattr(condition, OPERATORS[operator])
    if operator in ("equal", "in"):
        wanted = frozenset(keyed(one) for one in (operand if operator == "in" else (operand,)))
        return lambda value: keyed(value) in wanted
    if operator in ("glob", "matches"):
        return _text_matcher(operand) if operator == "matches" else _glob_matcher(operand)
    if isinstance(operand, Window):
        if condition.field == "time":
            holds = time_window(operand).holds
            return lambda value: holds(float(value))
        low, high = number_range(operand)
        return lambda value: low <= value <= high if _is_number(value) else None  # type: ignore[operator]
    fits = _is_text if isinstance(operand, str) else _is_number
    return {
        "less": lambda value: value < operand if fits(value) else None,
        "at_most": lambda value: value <= operand if fits(value) else None,
        "more": lambda value: value > operand if fits(value) else None,
        "at_least": lambda value: value >= operand if fits(value) else None,
    }[operator]


def _text_matcher(pattern: str) -> Callable[[Scalar], Truth]:
    found = pattern_set((pattern,)).found
    return lambda value: isinstance(value, str) and bool(found(value))


def _glob_matcher(glob: str) -> Callable[[Scalar], Truth]:
    """The usual globs need no pattern: ``x``, ``x*``, ``*x``, ``*x*``."""
    bare = glob.strip("*")
    if "*" in bare or "?" in bare or not bare:
        return _text_matcher(as_re2(glob))
    before, after = glob.startswith("*"), glob.endswith("*")
    if before and after:
        return lambda value: isinstance(value, str) and bare in value
    if before:
        return lambda value: isinstance(value, str) and value.endswith(bare)
    if after:
        return lambda value: isinstance(value, str) and value.startswith(bare)
    return lambda value: value == bare


def _is_text(value: Scalar) -> bool:
    return isinstance(value, str)


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
