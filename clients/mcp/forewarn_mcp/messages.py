"""Answers of the daemon as JSON with the PRD's names (camelCase), and the JSON schema that they follow.

Both come from the protobuf descriptors, so they cannot drift from the API. Unlike protobuf's own JSON form, enums are
words ("create_pattern"), numbers are numbers, a duration is seconds; numbers, booleans, lists and maps are always
there, empty texts and what is not set never.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_DURATION: Final = "google.protobuf.Duration"
_INTEGERS: Final = frozenset(
    {FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT32,
     FieldDescriptor.CPPTYPE_UINT64}
)  # fmt: skip
_FLOATS: Final = frozenset({FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT})


def word(enum: EnumDescriptor, number: int) -> str:
    """SUGGESTION_TYPE_CREATE_PATTERN is "create_pattern"; unspecified is ""; an unknown number is itself."""
    value = enum.values_by_number.get(number)
    if value is None:
        return str(number)
    unspecified = enum.values_by_number[0].name
    plain = value.name.removeprefix(unspecified.removesuffix("UNSPECIFIED")).lower()
    return "" if number == 0 else plain


def as_json(message: Message, without: Collection[str] = ()) -> dict[str, Any]:
    """The message. ``without`` names fields (by path, in the API's words: "entity.rationale") that are left out."""
    out: dict[str, Any] = {}
    field: Any  # the stubs know two kinds of descriptors
    for field in message.DESCRIPTOR.fields:
        if field.name in without:
            continue
        below = _below(field, without)
        value = getattr(message, field.name)
        if _is_map(field):
            out[field.json_name] = {str(key): value[key] for key in sorted(value)}
        elif field.is_repeated:
            out[field.json_name] = [_value(field, one, below) for one in value]
        elif field.message_type is not None:
            if message.HasField(field.name):
                out[field.json_name] = _value(field, value, below)
        elif field.enum_type is not None or isinstance(value, str | bytes):
            if value:
                out[field.json_name] = _value(field, value, below)
        else:
            out[field.json_name] = value
    return out


def schema(descriptor: Descriptor, without: Collection[str] = ()) -> dict[str, Any]:
    """The JSON schema of what ``as_json`` makes of such messages."""
    properties: dict[str, Any] = {}
    required = []
    field: Any
    for field in descriptor.fields:
        if field.name in without:
            continue
        one = _schema(field, _below(field, without))
        always = field.is_repeated
        if _is_map(field):
            one = {"type": "object", "additionalProperties": _schema(field.message_type.fields_by_name["value"], ())}
        elif field.is_repeated:
            one = {"type": "array", "items": one}
        elif field.cpp_type == FieldDescriptor.CPPTYPE_BOOL or field.cpp_type in _INTEGERS | _FLOATS:
            always = True
        properties[field.json_name] = one
        if always:
            required.append(field.json_name)
    made: dict[str, Any] = {"type": "object", "properties": properties}
    return made | {"required": required} if required else made


def _below(field: FieldDescriptor, without: Collection[str]) -> frozenset[str]:
    start = field.name + "."
    return frozenset(path.removeprefix(start) for path in without if path.startswith(start))


def _is_map(field: FieldDescriptor) -> bool:
    return bool(field.message_type is not None and field.message_type.GetOptions().map_entry)


def _value(field: FieldDescriptor, value: Any, without: Collection[str]) -> Any:
    if field.message_type is not None:
        if field.message_type.full_name == _TIMESTAMP:
            return value.ToJsonString()
        if field.message_type.full_name == _DURATION:
            return value.seconds + value.nanos / 1e9
        return as_json(value, without)
    return word(field.enum_type, value) if field.enum_type is not None else value


def _schema(field: Any, without: Collection[str]) -> dict[str, Any]:
    if field.message_type is not None:
        if field.message_type.full_name == _TIMESTAMP:
            return {"type": "string", "format": "date-time"}
        if field.message_type.full_name == _DURATION:
            return {"type": "number"}
        return schema(field.message_type, without)
    if field.enum_type is not None:
        return {"type": "string", "description": "one of " + ", ".join(_words(field.enum_type))}
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        return {"type": "boolean"}
    if field.cpp_type in _INTEGERS:
        return {"type": "integer"}
    return {"type": "number"} if field.cpp_type in _FLOATS else {"type": "string"}


def _words(enum: EnumDescriptor) -> list[str]:
    return [word(enum, value.number) for value in enum.values if value.number]
