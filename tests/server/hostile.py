"""Any message of any RPC, from its descriptor: mostly plausible, now and then hostile in one or many places."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

BIG: Final = "x" * 1_048_576

_TEXTS: Final = [
    "", " ", "\x00", "\r\n\t\x1b[31m", "\x7f\x80\x9f", "a" * 255, "a" * 256, "a" * 257, "é" * 128, "é" * 129, "日本語",
    "\u202e\u200b", "\ufffe\uffff", "\U0010ffff", "%s%n{0}${x}", "../../etc/passwd", "'; drop table calls; --",
    "<script>", "\\ud800", "None", "nan", "-1", BIG, BIG + "x", "y" * 70_000,
]  # fmt: skip

_JSON: Final = [
    "", "{}", " {} ", "null", "[]", "1", '"x"', "{", "}", "{}{}", '{"a":NaN}', '{"a":Infinity}', '{"a":-Infinity}',
    '{"a":1e400}', '{"a":' + "9" * 5000 + "}", '{"a":0.1e-400}', '{"a":1,"a":2}', '{"a":1,"a":{"a":{"a":3}}}',
    '{"a":"\\ud800"}', '{"\\udfff":1}', '{"a":"\\ud83d\\ude00"}', '{"a":"\\u0000"}', '{"":""}', '{"a":"\x00"}',
    "[" * 1000 + "]" * 1000, '{"a":' * 1000 + "1" + "}" * 1000, '{"a":' * 64 + "1" + "}" * 64,
    '{"a":' * 65 + "1" + "}" * 65, '{"a":' + "[" * 100_000 + "]" * 100_000 + "}",
    json.dumps({f"k{n}": n for n in range(10_000)}), json.dumps({f"k{n}": n for n in range(10_001)}),
    json.dumps({"a": "x" * 1_048_000}), '{"a":"' + "\\u00e9" * 100_000 + '"}', '{"a":"' + "\\\\" * 200_000 + '"}',
    '{"__proto__":{"a":1}}', "\ufeff{}", "{'a':1}", '{"a":1,}', '{"a":tru}', "{\"a\":'x'}",
]  # fmt: skip

_SCHEMAS: Final = [
    "", "{}", "true", "false", "null", "[]", "{", '{"type":"object"}', '{"type":7}', '{"$ref":"#"}',
    '{"$ref":"http://127.0.0.1:1/x"}', '{"$ref":"file:///etc/passwd"}', '{"properties":{"a":{"pattern":"(a+)+$"}}}',
    '{"properties":{"a":{"pattern":"("}}}', '{"required":["a"]}', '{"minimum":"x"}', '{"$schema":"http://nowhere/x"}',
    '{"not":' * 300 + "{}" + "}" * 300, '{"not":' * 5000 + "{}" + "}" * 5000,
    '{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}', BIG,
    '{"allOf":[{"$ref":"#"}]}', '{"properties":{"a":{"$dynamicRef":"#x"}}}', '{"maxLength":1e30}', '{"multipleOf":0}',
]  # fmt: skip

_TIMES: Final = [0, 1, -1, 253_402_300_799, 253_402_300_800, -62_135_596_800, 2**63 - 1, -(2**63), 1_767_225_600]
_NANOS: Final = [0, 1, 999_999_999, 1_000_000_000, -1, 2**31 - 1, -(2**31)]
_DOUBLES: Final = [0.0, -0.0, 0.5, 1.0, 1.0000001, -1.0, 1e308, 5e-324, float("nan"), float("inf"), float("-inf")]
_WHOLE: Final = [0, 1, 2, 63, 64, 65, 1000, 1001, 100_000, 2**31 - 1, 2**32 - 1]


_KNOWLEDGE: Final = [
    b"forewarn: knowledge\npatterns: [{id: e1, description: a}]\n", b'{"forewarn": "knowledge", "policies": [[]]}',
    b"forewarn: knowledge\npolicies: [{id: e1, description: a}]\n", b'{"forewarn": "knowledge"}',
    b'{"forewarn": "knowledge", "patterns": [{"id": "x", "description": "\\ud800", "triggers": [1, null, {}]}]}',
]  # fmt: skip


class Hostile:
    """Strategies for messages. `ids` are real ids of things in the store; `folder` is where backups may go."""

    def __init__(
        self, ids: list[str], tools: list[str], folder: str, entities: Sequence[str] = (), workflows: Sequence[str] = ()
    ) -> None:
        self._ids = ids
        self._tools = tools
        self._folder = folder
        self._entities = [*entities, "e3"]
        #: Ids of workflows; those that begin meanwhile may be added.
        self.workflows = [*workflows, "0" * 32]

    def message(self, descriptor: Descriptor, depth: int = 0) -> st.SearchStrategy[Message]:
        """A message; each field is there more often than not."""

        @st.composite
        def build(draw: st.DrawFn) -> Message:
            made: Message = GetMessageClass(descriptor)()
            if depth > 4:
                return made
            for field in descriptor.fields:
                if draw(st.integers(0, 9)) < (3 if field.has_presence and depth else 1):
                    continue
                self._fill(draw, made, field, depth)
            return made

        return build()

    def _fill(self, draw: st.DrawFn, made: Any, field: FieldDescriptor, depth: int) -> None:
        kind = field.message_type
        if kind is not None and kind.GetOptions().map_entry:
            for _ in range(draw(st.sampled_from([0, 1, 1, 2, 33]))):
                getattr(made, field.name)[draw(self.text("key"))] = draw(self.scalar(kind.fields_by_name["value"]))
        elif field.is_repeated:
            count = draw(st.sampled_from([0, 1, 1, 1, 2, 3, 40]))
            into = getattr(made, field.name)
            for _ in range(count):
                if kind is not None:
                    into.add().CopyFrom(draw(self.message(kind, depth + 1)))
                else:
                    into.append(draw(self.scalar(field)))
        elif kind is not None and kind.full_name in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
            inner = getattr(made, field.name)
            inner.seconds = draw(st.one_of(st.integers(0, 2_000_000_000), st.sampled_from(_TIMES)))
            inner.nanos = draw(st.one_of(st.just(0), st.sampled_from(_NANOS)))
        elif kind is not None:
            getattr(made, field.name).CopyFrom(draw(self.message(kind, depth + 1)))
        else:
            setattr(made, field.name, draw(self.scalar(field)))

    def scalar(self, field: FieldDescriptor) -> st.SearchStrategy[Any]:
        """A value of a field that holds no message."""
        if field.type == field.TYPE_STRING:
            return self.text(field.name)
        if field.type == field.TYPE_BYTES:
            return st.one_of(
                st.binary(max_size=200),
                st.sampled_from([b"", b"- a: 1\n", b"\xff" * 100, b"&a [*a, *a]", *_KNOWLEDGE]),
            )
        if field.type == field.TYPE_BOOL:
            return st.booleans()
        if field.type == field.TYPE_ENUM:
            assert field.enum_type is not None
            known = [one.number for one in field.enum_type.values]
            return st.one_of(st.sampled_from(known), st.sampled_from([99, -1, 2**31 - 1, -(2**31)]))
        if field.type in (field.TYPE_DOUBLE, field.TYPE_FLOAT):
            return st.one_of(st.sampled_from(_DOUBLES), st.floats())
        if field.type == field.TYPE_UINT64:
            return st.one_of(st.sampled_from(_WHOLE), st.just(2**64 - 1))
        return st.one_of(st.integers(0, 100), st.sampled_from(_WHOLE))

    def text(self, name: str) -> st.SearchStrategy[str]:
        """A text that stands in a field of this name: what belongs there, or what does not."""
        any_text = st.one_of(st.text(max_size=40), st.sampled_from(_TEXTS))
        if name == "arguments_json":
            objects = st.dictionaries(st.text(max_size=8), _values, max_size=5).map(json.dumps)
            return st.one_of(objects, st.sampled_from(_JSON), st.text(max_size=20))
        if name == "input_schema_json":
            return st.sampled_from(_SCHEMAS)
        if name in ("tool", "tools", "candidates", "alternatives"):
            return st.one_of(st.sampled_from(self._tools), st.text(min_size=1, max_size=8), any_text)
        if name in ("decision_id", "usage_pattern_id", "suggestion_id", "rollout_id"):
            return st.one_of(st.sampled_from(self._ids), st.binary(max_size=33).map(bytes.hex), any_text)
        if name in ("id", "used"):
            return st.one_of(st.sampled_from(self._entities), any_text)
        if name == "workflow_id":
            return st.one_of(st.sampled_from(self.workflows), st.binary(max_size=17).map(bytes.hex), any_text)
        if name in ("scope", "description", "triggers", "intent", "suggested_resources", "generated_resources"):
            return st.one_of(st.sampled_from(["s", "web application", "StatefulSet", "a\x00b"]), any_text)
        if name == "page_token":
            import base64

            tokens = st.binary(max_size=80).map(lambda raw: base64.urlsafe_b64encode(raw).decode())
            long = base64.urlsafe_b64encode(b"\xff" * 700).decode()
            return st.one_of(st.just(""), tokens, any_text, st.sampled_from([long, "====", "A", "AA=", "é"]))
        if name == "path":  # the daemon may run as root: it must not be led outside of the test's folder
            inside = ["", "/", "/new", "/\x00", "/a/b/c/d", "/" + "n" * 300, "/" + "d/" * 1900, "/é\n", "/../here"]
            bad = ["", "relative", "/proc/1/nothing", "/dev/null", "/dev/null/x", "/sys/x"]
            return st.one_of(st.sampled_from(inside).map(lambda one: self._folder + one), st.sampled_from(bad))
        return any_text


_values: Final = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)
