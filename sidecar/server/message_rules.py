"""What a message rule says of the field that breaks it: where, what is wrong, and the limit.

All of it is read from the violation and from the rules as they stand in the .proto files; no field is named here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, NamedTuple

import protovalidate
from google.protobuf.message import Message

from forewarn._buf.validate import validate_pb2

#: What the rules' own words are for those who read them: a person at a terminal, a model.
_PLAINLY: Final = {
    "must be at least 1 bytes": "must not be empty",
    "must be at least 1 characters": "must not be empty",
    "must contain at least 1 item(s)": "must not be empty",
    "must not be in list [0]": "must be given",
    "does not match regex pattern `^[0-9a-f]{32}$`": "must be 32 hexadecimal digits",
}
#: Of a rule with two, in the order in which they are told.
_BOUNDS: Final = ("gt", "gte", "lt", "lte")


class BrokenRule(NamedTuple):
    """A rule of a message that a request breaks.

    ``field`` is the field's path in dotted form, ``text`` what is wrong with it, in words. ``limit`` is what the rule
    sets: a number, a length, a pattern, the names of the values that may be, ``lowest..highest`` where it has both;
    empty for rules that set none (required, unique, finite).
    """

    field: str
    text: str
    limit: str


def explain(request: Message, violations: Iterable[protovalidate.Violation]) -> list[BrokenRule]:
    """What the violations of ``request``'s rules say, in their order."""
    kind = request.DESCRIPTOR
    return [BrokenRule(_path(one), _words(one), _limit(kind, one)) for one in violations]


def _words(violation: protovalidate.Violation) -> str:
    text = violation.proto.message or violation.proto.rule_id
    return _PLAINLY.get(text, text)


def _path(violation: protovalidate.Violation) -> str:
    """``call.context["db"]`` from the elements of a violation's field path."""
    parts: list[str] = []
    path = violation.proto.field
    for element in path.elements if path is not None else ():
        text = element.field_name
        subscript = element.subscript
        if subscript is not None:
            value = subscript.value
            text += f'["{value[:64]}"]' if isinstance(value, str) else f"[{value}]"
        parts.append(text)
    return ".".join(parts) or "request"


# Descriptors come in two kinds, of Python and of C, with no type above both: they are not typed here.
def _limit(kind: Any, violation: protovalidate.Violation) -> str:
    rule = violation.proto.rule
    names = [element.field_name for element in rule.elements] if rule is not None else []
    field = _field(kind, violation)
    if not names or field is None:
        return ""
    # The rules that the broken one stands among: `string` of `string.max_bytes`, `map.keys.string` of a key's.
    among: Any = field.GetOptions().Extensions[validate_pb2.field]
    for name in names[:-1]:
        among = getattr(among, name, None)
    if isinstance(among, validate_pb2.EnumRules):
        return ", ".join(_allowed(field, among))
    # `double.gte_lte` is a rule with two bounds, of which the violation's path names one.
    both = violation.proto.rule_id.rpartition(".")[2].split("_")
    bounds = [
        _text(getattr(among, one)) for one in _BOUNDS if one in both and among is not None and among.HasField(one)
    ]
    return "..".join(bounds) if bounds else _text(violation.rule_value)


def _field(kind: Any, violation: protovalidate.Violation) -> Any:
    """The descriptor of the field that breaks the rule."""
    path = violation.proto.field
    message = kind
    found = None
    for element in path.elements if path is not None else ():
        found = message.fields_by_name.get(element.field_name) if message is not None else None
        if found is None:
            return None
        message = found.message_type
        if message is not None and message.GetOptions().map_entry:
            message = message.fields_by_name["value"].message_type
    return found


def _allowed(field: Any, rules: validate_pb2.EnumRules) -> list[str]:
    """The names of the values that rules leave of an enum."""
    chosen = set(getattr(rules, "in"))
    return [
        value.name
        for value in field.enum_type.values
        if value.number not in rules.not_in and (not chosen or value.number in chosen)
    ]


def _text(value: Any) -> str:
    """A rule's value as text. Flags set no limit."""
    if isinstance(value, bool) or value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.15g}"
    if isinstance(value, list):
        return ", ".join(map(str, value))
    if isinstance(value, (int, str)):
        return str(value)
    # A Duration, of protobuf's own or of the validating library's.
    return f"{value.seconds + value.nanos / 1e9:g}s" if hasattr(value, "nanos") else str(value)
