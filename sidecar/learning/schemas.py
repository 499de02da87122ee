"""Calls that break their tool's registered JSON Schema: known to fail before anyone tried.

Schemas are compiled once per text and kept in a bounded cache; nothing is ever fetched, regular expressions have a
backtracking limit, and messages name properties and types but no values.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import jsonschema_rs
import msgspec

from ..model.call import JSON
from ..model.errors import InvalidArgumentError
from .schema_cost import looks, most_looks

_CACHE: Final = 2_000
#: Looks of subschemas at values that one question may take, and those that telling what is wrong may: each some
#: hundredths of a second, during which nobody else is answered.
MOST_LOOKS: Final = 1_000_000
MOST_TOLD: Final = 200_000
_LITERAL: Final = frozenset(("pattern", "$ref", "$id", "$schema", "$anchor", "$dynamicRef", "$dynamicAnchor", "type"))
_PATTERNS: Final = jsonschema_rs.FancyRegexOptions(backtrack_limit=50_000)


class _Compiled(NamedTuple):
    """A schema, and how often it looks at a value on each level: plainly, and to tell what is wrong."""

    validator: jsonschema_rs.Validator
    looks: list[int]
    looks_told: list[int]


class Schemas:
    """Compiled schemas by their text. Thread-safe.

    What could take a schema more than ``MOST_LOOKS`` looks is not asked of it: nothing is said then. See
    ``schema_cost.py``.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._compiled: OrderedDict[bytes, _Compiled] = OrderedDict()

    def violation(self, schema_json: str, arguments: Mapping[str, JSON], text: str) -> str:
        """What of the schema the arguments break first, in words without values; empty when they meet it.

        ``text`` is the arguments as JSON.
        """
        compiled = self._get(schema_json)
        if not _affordable(compiled.looks, MOST_LOOKS, arguments, text) or compiled.validator.is_valid(arguments):
            return ""
        if not _affordable(compiled.looks_told, MOST_TOLD, arguments, text):
            return "they do not match it"
        for error in compiled.validator.iter_errors(arguments):
            where = "/".join(str(part)[:64] for part in error.instance_path)
            return f"{where}: {error.message}"[:300] if where else error.message[:300]
        return ""

    def missing(self, schema_json: str, arguments: Mapping[str, JSON], text: str) -> list[str]:
        """Top-level properties that the schema requires and the arguments lack, at most 8."""
        found: list[str] = []
        compiled = self._get(schema_json)
        if not _affordable(compiled.looks_told, MOST_TOLD, arguments, text):
            return found
        for error in compiled.validator.iter_errors(arguments):
            if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required) and not error.instance_path:
                found.append(str(error.kind.property))
                if len(found) == 8:
                    break
        return found

    def _get(self, schema_json: str) -> _Compiled:
        key = hashlib.blake2b(schema_json.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        with self._lock:
            found = self._compiled.get(key)
            if found is not None:
                self._compiled.move_to_end(key)
                return found
        schema = msgspec.json.decode(schema_json)
        compiled = _Compiled(
            compile_schema(schema_json, "input_schema_json"), looks(schema, told=False), looks(schema, told=True)
        )
        with self._lock:
            self._compiled[key] = compiled
            while len(self._compiled) > _CACHE:
                self._compiled.popitem(last=False)
        return compiled


def _affordable(found: list[int], most: int, arguments: Mapping[str, JSON], text: str) -> bool:
    """Whether these arguments cannot take more than ``most`` looks. ``text`` is the same as JSON."""
    # Nearly all schemas look a few times at each value, and a text has fewer values than characters.
    return not found or max(found) * (len(text) + 1) <= most or most_looks(found, dict(arguments), most) <= most


def without_secrets(schema_json: str, redact: Callable[[str], str]) -> str:
    """A usable schema with secrets hidden in its texts (descriptions, defaults, examples): it is kept as it is.

    Names of properties stay, a property may well be called "password"; so do regular expressions.
    """
    return msgspec.json.encode(_redacted(msgspec.json.decode(schema_json), redact)).decode() if schema_json else ""


def _redacted(value: JSON, redact: Callable[[str], str]) -> JSON:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, list):
        return [_redacted(item, redact) for item in value]
    if isinstance(value, dict):
        kept: dict[str, JSON] = {}
        for key, inner in value.items():
            if key in _LITERAL and isinstance(inner, str):
                kept[key] = inner
                continue
            if key == "required" and isinstance(inner, list):
                kept[key] = _without_hidden(inner, value.get("properties"), redact)
                continue
            redacted = _redacted(inner, redact)
            # A list of allowed values from which one is hidden would forbid that value: it says nothing any more.
            if redacted == inner or key not in ("enum", "const"):
                kept[key] = redacted
        return kept
    return value


def _without_hidden(names: list[JSON], properties: JSON, redact: Callable[[str], str]) -> list[JSON]:
    """The names that are required, without what is a secret and no property's name: nothing could have it."""
    known = properties if isinstance(properties, dict) else {}
    return [one for one in names if not isinstance(one, str) or one in known or redact(one) == one]


def compile_schema(schema_json: str, field: str) -> jsonschema_rs.Validator:
    """Compile a JSON Schema. Raises InvalidArgumentError for ``field`` when it is none or refers to other documents."""
    try:
        schema = msgspec.json.decode(schema_json)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise InvalidArgumentError(field, f"not JSON: {error}") from None
    if not isinstance(schema, dict | bool):
        raise InvalidArgumentError(field, "a JSON Schema is an object or a boolean")
    try:
        return jsonschema_rs.validator_for(schema, offline=True, mask="the value", pattern_options=_PATTERNS)
    except (ValueError, RecursionError) as error:
        raise InvalidArgumentError(field, f"not a usable JSON Schema: {str(error).splitlines()[0][:300]}") from None
