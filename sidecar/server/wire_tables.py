"""Which messages are read and written without protobuf's Python objects, and what their plain form is.

Field numbers and limits are those of the .proto files: they are taken from the descriptors, here, once. A message with
a rule that is not known here has no plain form, and whoever asks for one is told when the daemon starts.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any, Final, TypeAlias

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from forewarn._buf.validate import validate_pb2

from ..native.wire import (
    FLAG,
    INNER,
    INNERS,
    MOMENT,
    NUMBER,
    PAIRS,
    SPAN,
    TEXT,
    TEXTS,
    WHOLE,
    Reading,
    Writing,
)

#: The last second of a Timestamp.
MAX_SECONDS: Final = 253_402_300_799
#: Seconds of a duration up to which it is plain.
_PLAIN_SECONDS: Final = 1_000_000_000
_NANOS: Final = 999_999_999

#: A FieldDescriptor. There are two kinds, and the stubs say of both that they may lack what they have.
Field: TypeAlias = Any

_TIMESTAMP: Final = Timestamp.DESCRIPTOR.full_name
_DURATION: Final = Duration.DESCRIPTOR.full_name


def _seconds(most: int) -> Reading:
    return Reading([(1, WHOLE, 0, most, None), (2, WHOLE, 0, _NANOS, None)])


def reading(message: type[Message], leave_out: Collection[str] = ()) -> Reading:
    """The plain form of a message: what keeps all rules of its fields, and has none of those that are left out.

    Raises ValueError for a field whose type or rules cannot be told from the bytes.
    """
    return Reading([_field(field, _rules(field)) for field in message.DESCRIPTOR.fields if field.name not in leave_out])


def _rules(field: Field) -> Any:
    return field.GetOptions().Extensions[validate_pb2.field]


def _field(field: Field, rules: Any) -> tuple[int, int, float, float, Reading | None]:
    number = field.number
    if field.is_repeated:
        if not (field.message_type and field.message_type.GetOptions().map_entry):
            raise ValueError(f"{field.full_name}: repeated fields have no plain form")
        _only(field, rules, {"map": {"keys", "values", "max_pairs"}})
        entry = field.message_type.fields_by_name
        key, value = _text(entry["key"], rules.map.keys), _text(entry["value"], rules.map.values)
        return number, PAIRS, 0, rules.map.max_pairs, Reading([key, value])
    if field.type == FieldDescriptor.TYPE_STRING:
        return _text(field, rules)
    if field.type == FieldDescriptor.TYPE_UINT32:
        _only(field, rules, {"uint32": {"lte"}})
        return number, WHOLE, 0, rules.uint32.lte, None
    if field.type == FieldDescriptor.TYPE_DOUBLE:
        _only(field, rules, {"double": {"gte", "finite"}})
        return number, NUMBER, rules.double.gte, sys.float_info.max, None
    if field.type == FieldDescriptor.TYPE_ENUM:
        _only(field, rules, {"enum": {"defined_only", "not_in"}})
        known = sorted(set(field.enum_type.values_by_number) - set(rules.enum.not_in))
        if known != list(range(known[0], known[-1] + 1)):
            raise ValueError(f"{field.full_name}: values with gaps have no plain form")
        return number, WHOLE, known[0], known[-1], None
    if field.type != FieldDescriptor.TYPE_MESSAGE:
        raise ValueError(f"{field.full_name}: its type has no plain form")
    if field.message_type.full_name == _TIMESTAMP:
        _only(field, rules, {})
        return number, MOMENT, 0, MAX_SECONDS, _seconds(MAX_SECONDS)
    if field.message_type.full_name == _DURATION:
        _only(field, rules, {"duration": {"gte"}})
        return number, SPAN, 0, 0, _seconds(_PLAIN_SECONDS)
    raise ValueError(f"{field.full_name}: its message has no plain form of its own")


def _text(field: Field, rules: Any) -> tuple[int, int, float, float, None]:
    _only(field, rules, {"string": {"min_len", "max_bytes"}})
    if rules.string.min_len > 1 or not rules.string.max_bytes:
        raise ValueError(f"{field.full_name}: its length cannot be told from its bytes")
    return field.number, TEXT, rules.string.min_len, rules.string.max_bytes, None


def _only(field: Field, rules: Any, known: dict[str, set[str]]) -> None:
    """Raise ValueError for rules that are not among those that are known."""
    for kind, value in rules.ListFields():
        if kind.name not in known or {one.name for one, _ in value.ListFields()} - known[kind.name]:
            raise ValueError(f"{field.full_name}: a rule that has no plain form")


def request(message: type[Message], **inner: Reading) -> Reading:
    """The plain form of a request: messages that have to be there, each with its form, and texts, in their order."""
    fields: list[tuple[int, int, float, float, Reading | None]] = []
    for field in message.DESCRIPTOR.fields:
        rules = _rules(field)
        if field.name in inner:
            if rules.ListFields() and not rules.required:
                raise ValueError(f"{field.full_name}: a rule that has no plain form")
            fields.append((field.number, INNER, int(rules.required), 0, inner[field.name]))
        else:
            fields.append(_field(field, rules))
    return Reading(fields)


def writing(message: type[Message], *same: str, **other: str | Writing | tuple[str, Writing]) -> Writing:
    """How a record is written as a message.

    ``same`` are fields that the record has attributes of the same name for; of ``other`` fields it is said which
    attribute, or which form a message has, or both.
    """
    fields = message.DESCRIPTOR.fields_by_name
    made = []
    for name, said in [*((name, name) for name in same), *other.items()]:
        attribute, form = (said, None) if isinstance(said, str) else (name, said) if isinstance(said, Writing) else said
        made.append((fields[name].number, _kind(fields[name]), attribute, form))
    return Writing(made)


_KINDS: Final = {
    FieldDescriptor.TYPE_STRING: TEXT,
    FieldDescriptor.TYPE_UINT32: WHOLE,
    FieldDescriptor.TYPE_UINT64: WHOLE,
    FieldDescriptor.TYPE_ENUM: WHOLE,
    FieldDescriptor.TYPE_BOOL: FLAG,
    FieldDescriptor.TYPE_DOUBLE: NUMBER,
}


def _kind(field: Field) -> int:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        if field.is_repeated:
            return INNERS
        return {_TIMESTAMP: MOMENT, _DURATION: SPAN}.get(field.message_type.full_name, INNER)
    kind = _KINDS[field.type]
    if field.is_repeated and kind != TEXT:
        raise ValueError(f"{field.full_name}: it cannot be written")
    return TEXTS if field.is_repeated else kind
