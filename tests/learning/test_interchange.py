"""``patterns.yaml``: what export writes, import takes back; what cannot be taken is refused, by field and line."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from sidecar.capture.extractor import Extractor
from sidecar.capture.redaction import Redactor
from sidecar.learning import interchange_fields, yaml_lines, yaml_reading
from sidecar.learning.edits import KINDS
from sidecar.learning.events import EVENTS
from sidecar.learning.interchange import export_patterns, import_patterns
from sidecar.learning.interchange_fields import lines_of, pattern_of
from sidecar.learning.repeats import EDGES
from sidecar.learning.yaml_reading import Document
from sidecar.learning.yaml_writing import moment, number, text
from sidecar.model.counted import Counted
from sidecar.model.errors import ForewarnError, InvalidArgumentError, TooManyToolsError
from sidecar.model.pattern import Edit, Fix, UsagePattern, pattern_id, subject_key
from sidecar.model.tool import Tool, ToolDescriptor
from sidecar.model.vocabulary import Cause, Level, State
from sidecar.store.store import Store
from sidecar.store.tables import PATTERNS, TOOLS, tool_key
from sidecar.yaml_tree import Node, NotReadableError

EXTRACTOR = Extractor(Redactor(b"k" * 16))
HEAD = "forewarn: patterns\nversion: 1\npatterns:\n"
CASES = Path(__file__).parent / "interchange"
HOSTILE = [
    "no", "1e3", "- x", "a: b #c", "~", "null", "0x1F", "1_000", "12:30:45", "2001-12-14", "<<", "=", "*", "&a", "!t",
    "'", '"', "''", "\\", "a\\nb", "#", " x", "x ", "x:", "? x", "| x", "> x", "%TAG", "---", "...", "[", "{", "]", "}",
    "a, b", "@", "`", "\t", "a\n\nb\n", "\r\n", "\x00", "\x7f", "\x85", "\u2028", "\ufeff", "\uffff", "😀",
    "\U0001fffe",
    '{"a":"it\'s"}', "{{x}}", "y", "On", ".inf", "-", "--- a", "é", "0", "00", "1.", ".5", "+1", "a b", "x #y",
]  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "data") as opened:
        yield opened


def load(store: Store, document: str | bytes, max_tools: int = 100) -> tuple[int, int]:
    raw = document if isinstance(document, bytes) else document.encode()
    return import_patterns(store, EXTRACTOR, raw, max_tools).result(10)


def dump(store: Store, tool: str = "") -> str:
    return "".join(export_patterns(store, tool))


def refusal(document: str | bytes) -> str:
    with pytest.raises(InvalidArgumentError) as caught:
        import_patterns(None, EXTRACTOR, document.encode() if isinstance(document, str) else document, 9)  # type: ignore[arg-type]
    assert caught.value.field == "chunk"
    return caught.value.description


# Records as the daemon makes them.

moments = st.one_of(st.just(0.0), st.floats(0.0, 4e9), st.integers(0, 4 * 10**9).map(float))
amounts = st.one_of(st.floats(0.0, 200.0), st.just(1e-7), st.just(0.0))
counts = st.integers(0, 2**53)
records = st.builds(Counted, amounts, amounts, moments)
hostile = st.one_of(st.sampled_from(HOSTILE), st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
long_texts = st.builds(lambda part, times: (part * times)[:3000], hostile, st.integers(1, 500))


def kept(strategy: st.SearchStrategy[str], limit: int, characters: int | None = None) -> st.SearchStrategy[str]:
    """Texts as capture lets them through."""

    def settle(value: str) -> str:
        for _ in range(5):
            after = EXTRACTOR.observation_text(value, limit)[:characters]
            if after == value:
                break
            value = after
        return value

    return strategy.map(settle).filter(lambda value: EXTRACTOR.observation_text(value, limit)[:characters] == value)


labels = kept(hostile, 4096).filter(lambda value: EXTRACTOR.label(value) == value)
names = hostile.filter(lambda value: 0 < len(value.encode()) <= 256)
fixes = st.builds(Fix, names, kept(hostile, 2048), st.binary(min_size=16, max_size=16), counts, moments, counts)
parts = kept(hostile, 320, 80)
edits = st.builds(Edit, st.sampled_from(sorted(KINDS)), parts, parts, parts, counts, counts, moments)
pauses = st.dictionaries(st.integers(0, len(EDGES)), st.lists(amounts, min_size=3, max_size=3))


@st.composite
def patterns(draw: st.DrawFn, names: st.SearchStrategy[str] = names) -> UsagePattern:
    level = draw(st.sampled_from([one for one in Level if one is not Level.GROUND]))
    return UsagePattern(
        level=level,
        tool="" if level is Level.SERVER else draw(names),
        server=draw(names) if level is Level.SERVER else draw(st.one_of(st.just(""), names)),
        covers=draw(st.binary(min_size=8, max_size=8)) if level in (Level.CALL, Level.ERROR) else b"",
        description=draw(kept(long_texts, 2048)),
        state=draw(st.sampled_from(State)),
        cause=draw(st.sampled_from(Cause)),
        transient=draw(st.booleans()),
        template=draw(kept(hostile, 1200, 300)),
        last_error=draw(kept(long_texts, 2000, 500)),
        rate=draw(records),
        failures=draw(counts),
        successes=draw(counts),
        ratio=draw(st.floats(-5.9, 5.9)),
        scopes=draw(st.dictionaries(st.binary(min_size=8, max_size=8), records, max_size=16)),
        call_ids=draw(st.lists(labels, max_size=3)),
        failing=draw(st.lists(labels, max_size=2)),
        first_time=draw(moments),
        last_time=draw(moments),
        last_failed=draw(st.booleans()),
        backoff=draw(st.integers(0, 16)),
        probe_due=draw(moments),
        prevented=draw(counts),
        right=draw(counts),
        wrong=draw(counts),
        appeals=draw(counts),
        suspended_reason=draw(kept(hostile, 1024)),
        plain=draw(records),
        changed=draw(records),
        kin=draw(records),
        fixes=draw(st.lists(fixes, max_size=3)),
        edits=draw(st.lists(edits, max_size=6)),
        delays=draw(pauses),
        scope=draw(st.one_of(st.just("*"), labels)),
        retry_until=draw(moments),
    )


def key_of(pattern: UsagePattern) -> bytes:
    subject = subject_key(pattern.tool or "server:" + pattern.server)
    covers = pattern.covers + (pattern.epoch.to_bytes(4, "big") if pattern.covers and pattern.epoch else b"")
    return pattern_id(subject, pattern.level, covers)


def fill(store: Store, learned: list[UsagePattern], epochs: dict[str, int]) -> None:
    def job(txn: Any) -> None:
        for pattern in learned:
            pattern.epoch = epochs.get(pattern.tool, 0)
            txn.put(PATTERNS, key_of(pattern), pattern)
            if pattern.tool:
                tool = Tool(ToolDescriptor(pattern.tool), epoch=pattern.epoch)
                txn.put(TOOLS, tool_key(pattern.tool), tool)

    store.submit(job).result(10)


@given(patterns())
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_pattern_reads_back_as_it_was(pattern: UsagePattern) -> None:
    written = HEAD + lines_of(key_of(pattern), pattern)
    (item,) = Document(written).items()
    assert item.fields == slow(written)[0]
    assert pattern_of(item.fields, EXTRACTOR) == (key_of(pattern), pattern)
    plain = YAML(typ="safe", pure=True).load(written)["patterns"][0]
    for name in ("description", "last_error", "template", "tool", "server"):
        assert plain.get(name, "") == getattr(pattern, name), "for every reader of YAML"


def slow(document: str) -> list[Node]:
    root = Document("{forewarn: patterns, patterns: []}")._parse(document, 0)
    assert isinstance(root, dict)
    found = root["patterns"]
    assert isinstance(found, list)
    return found


@given(st.lists(patterns(st.sampled_from(["sql", "no", "git é"])), max_size=6), st.integers(0, 3))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
def test_export_import_export_is_byte_identical(learned: list[UsagePattern], epoch: int) -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        Store(Path(folder, "a")) as one,
        Store(Path(folder, "b")) as other,
    ):
        fill(one, learned, {"no": epoch})
        written = dump(one)
        number_of = written.count("\n- id: ")
        assert load(other, written) == (number_of, 0)
        assert dump(other) == written
        assert load(other, written) == (0, number_of)
        assert dump(other) == written
        assert load(one, written) == (0, number_of)
        assert dump(one) == written


@pytest.mark.parametrize("value", HOSTILE)
def test_hostile_texts_stay_texts(value: str) -> None:
    assert YAML(typ="safe", pure=True).load(f"a: {text(value)}\n") == {"a": value}
    for form in (f"a: {text(value)}", f"a: {text(value)} # c", f"a: [{text(value)}, x]"):
        assert yaml_lines.item_of(form, -2) == {"a": value if form[3] != "[" else [value, "x"]}


@pytest.mark.parametrize("value", [1e-7, 1e16, 0.1, 5e-324, 1.5e300, 3.0])
def test_numbers_are_numbers_to_every_reader(value: float) -> None:
    assert YAML(typ="safe", pure=True).load(number(value)) == value
    assert "." in number(value)


def test_every_field_of_a_pattern_travels() -> None:
    assert set(interchange_fields._DEFAULTS) == set(UsagePattern.__struct_fields__)
    assert {field.attribute for field in interchange_fields._FIELDS} == set(UsagePattern.__struct_fields__)
    made = UsagePattern(Level.TOOL, "", "", b"", "")
    assert {name: getattr(made, name) for name in UsagePattern.__struct_fields__[5:]} == {
        name: value
        for name, value in interchange_fields._DEFAULTS.items()
        if name in UsagePattern.__struct_fields__[5:]
    }


def test_times_lose_nothing() -> None:
    assert moment(1763725182.0) == "2025-11-21T11:39:42Z"
    assert moment(1763725182.1234567) == "2025-11-21T11:39:42.1234567Z"
    assert moment(1e-7) == "1.0e-07"


ONE = "- level: call\n  tool: sql\n  covers: 0011223344556677\n"


def test_people_write_otherwise_than_we_do(store: Store) -> None:
    forms = [
        HEAD + ONE,
        "# mine\n---\n" + HEAD.replace("\n", " # c\n") + "\n  # c\n" + ONE.replace("\n", "   # c: d\n"),
        HEAD.replace("\n", "\r\n") + ONE.replace("\n", "\r\n"),
        "\ufeff" + HEAD + "".join("  " + line + "\n" for line in ONE.splitlines()),
        "version: 1\npatterns:\n" + ONE + "forewarn: patterns\n",
        HEAD + '-\n  "level": call\n  "tool": "s\\x71l"\n  covers: >-\n    0011223344556677\n',
        '{"forewarn":"patterns","version":1,"patterns":[{"level":"call","tool":"sql","covers":"0011223344556677"}]}',
        HEAD + ONE + "  description: ~\n  server:\n  state: null\n  scopes: {}\n  fixes: []\n",
    ]
    assert load(store, forms[0]) == (1, 0)
    first = dump(store)
    for form in forms[1:]:
        assert load(store, form) == (0, 1), form
        assert dump(store) == first, form
    with store.read() as reader:
        assert reader.count(PATTERNS) == 1


def test_names_need_no_quotes(store: Store) -> None:
    load(store, HEAD + "- {level: tool, tool: no}\n- {level: tool, tool: 1e3}\n- {level: server, server: 0x10}\n")
    with store.read() as reader:
        assert {(p.tool, p.server) for _, p in reader.scan(PATTERNS)} == {("no", ""), ("1e3", ""), ("", "0x10")}


def test_secrets_do_not_come_in_by_file(tmp_path: Path) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6" * 3
    fields = ("description", "template", "last_error", "suspended_reason", "scope")
    document = HEAD + ONE + "".join(f"  {name}: token {secret} x\n" for name in fields)
    document += f'  call_ids: ["{secret}"]\n  fixes:\n  - tool: sql\n    arguments: \'{{"auth":"{secret}"}}\'\n'
    document += f"    fingerprint: '{'0' * 32}'\n"
    with Store(tmp_path / "data") as store:
        assert load(store, document) == (1, 0)
        written = dump(store)
        assert secret not in written
        assert written.count("<") >= 7
    for file in (tmp_path / "data").rglob("*"):
        if file.is_file():
            assert secret.encode() not in file.read_bytes()


def test_an_import_is_told_of(store: Store) -> None:
    load(store, HEAD + ONE)
    with store.read() as reader:
        events = [event for _, event in reader.scan(EVENTS)]
    assert [(event.kind, event.summary) for event in events] == [("patterns_imported", "1 created, 0 replaced")]


def test_tools_are_made_and_counted(store: Store) -> None:
    document = HEAD + ONE + "- {level: tool, tool: sql}\n- {level: tool, tool: git}\n- {level: server, server: s}\n"
    with pytest.raises(TooManyToolsError):
        load(store, document, max_tools=1)
    assert dump(store) == HEAD_OF_EXPORT + " []\n", "all or nothing"
    assert load(store, document, max_tools=2) == (4, 0)
    assert load(store, document, max_tools=2) == (0, 4)
    with store.read() as reader:
        tools = {key: tool.patterns for key, tool in reader.scan(TOOLS)}
    assert tools == {b"sql": 2, b"git": 1}


HEAD_OF_EXPORT = (
    "# What Forewarn learned of tool calls. The fields are explained in docs/patterns-file.md.\n" + HEAD[:-1]
)


def test_what_comes_in_belongs_to_the_tools_current_epoch(store: Store) -> None:
    def reset(txn: Any) -> None:
        txn.put(TOOLS, b"sql", Tool(ToolDescriptor("sql"), epoch=7))

    store.submit(reset).result(10)
    load(store, HEAD + ONE + "- {level: tool, tool: sql}\n")
    with store.read() as reader:
        assert all(
            key == key_of(pattern) and pattern.epoch == 7 for key, pattern in reader.scan(PATTERNS) if pattern.covers
        )
        assert reader.count(PATTERNS) == 2
    assert "  epoch: 7\n" in dump(store)
    assert dump(store).count("epoch") == 1, "a tool's own record outlives resets"


def test_history_stays_at_home(store: Store) -> None:
    load(store, HEAD + ONE + "- {level: tool, tool: sql}\n- {level: tool, tool: git}\n")

    def reset(txn: Any) -> None:
        tool = txn.get(TOOLS, b"sql")
        tool.epoch += 1
        txn.put(TOOLS, b"sql", tool)

    store.submit(reset).result(10)
    assert "level: call" not in dump(store)
    assert dump(store, "sql").count("- id") == 1
    assert dump(store).count("- id") == 2
    assert dump(store, "none") == HEAD_OF_EXPORT + " []\n"


def test_pages_are_seamless(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    load(store, HEAD + "".join(f"- {{level: tool, tool: t{n}}}\n" for n in range(20)), max_tools=20)
    whole = dump(store)
    for page in (1, 3, 20):
        monkeypatch.setattr("sidecar.learning.interchange._PAGE", page)
        assert dump(store) == whole


@pytest.mark.parametrize("file", sorted(CASES.glob("*.yaml")), ids=lambda file: file.stem)
def test_refused(file: Path) -> None:
    document = file.read_bytes()
    expected = document.decode().splitlines()[0].removeprefix("# refused: ")
    assert refusal(document) == expected


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "64 MiB" in refusal(b" " * (64 * 1024 * 1024 + 1))
    assert refusal(b"\xff\xfe") == "not UTF-8 at byte 0"
    monkeypatch.setattr("sidecar.learning.interchange.MAX_PATTERNS", 2)
    assert refusal(HEAD + "".join(f"- {{level: tool, tool: t{n}}}\n" for n in range(3))).startswith(
        "patterns: at most 2"
    )
    monkeypatch.setattr(yaml_reading, "SLOW_CHARS", 100)
    assert "otherwise than" in refusal(HEAD + (ONE + "  template: |\n    x\n") * 3)


@pytest.mark.parametrize("brackets", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000, "&a [" * 9])
def test_depth_costs_nothing(brackets: str) -> None:
    refusal(HEAD + "- level: " + brackets)


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_damaged_documents_are_refused_or_read_alike(data: st.DataObject) -> None:
    written = HEAD + EXAMPLE
    at = data.draw(st.integers(0, len(written)))
    upto = data.draw(st.integers(at, min(len(written), at + 8)))
    middle = data.draw(
        st.one_of(st.sampled_from(HOSTILE), st.sampled_from(["\n", " ", "\n\n  ", ": ", " #", "'", "- "]))
    )
    document = written[:at] + middle + written[upto:]
    try:
        fast = [item.fields for item in Document(document).items()]
    except NotReadableError:
        return
    assert fast == slow(document)


EXAMPLE = """- id: "00112233"
  level: call # as it was
  description: '{"a":"it''s"}'
  evidence: {failures: 3.5, successes: 1.0, time: 2026-11-21T11:39:42.5Z}
  scopes:
    "0011223344556677": {failures: 1.0, successes: 0.0}
  call_ids: [a, "b c"]
  fixes:
  - tool: sql
    arguments: "a\\nb"
  edits:
  - kind: lead
    argument: id
    after: "#"
  delays:
  - bin: 2
    worked: 1.0
    seconds: 3.5
  backoff: 3
# between
- level: tool
  tool: x y
"""


def test_errors_are_typed() -> None:
    make: Callable[[], object] = lambda: refusal(HEAD + "- {}\n")  # noqa: E731
    assert make() == "patterns[0].level: is missing: one of call, error, tool, server (line 4)"
    assert issubclass(InvalidArgumentError, ForewarnError)
