"""``patterns.yaml``: usage patterns as a file that people read, edit, review and carry to another Forewarn.

What export writes, import takes back to the same byte. The format is in docs/patterns-file.md, its fields in
``interchange_fields.py``. Patterns from before their tool's last reset are history and are not exported.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from typing import Final, NamedTuple

from ..capture.extractor import Extractor
from ..model.errors import InvalidArgumentError, TooManyToolsError
from ..model.pattern import UsagePattern, pattern_id, subject_key
from ..model.tool import Tool, ToolDescriptor
from ..model.vocabulary import Level
from ..store.reader import Reader
from ..store.store import Store
from ..store.tables import PATTERNS, TOOLS, tool_key
from ..store.transaction import WriteTransaction
from ..yaml_tree import NotReadableError
from .events import add_event
from .interchange_fields import lines_of, pattern_of
from .interchange_values import RefusedError
from .totals import count_asked
from .yaml_reading import Document, Item

VERSION: Final = 1
MAX_DOCUMENT_BYTES: Final = 64 << 20
MAX_PATTERNS: Final = 200_000
#: Patterns that one read transaction of an export sees.
_PAGE: Final = 512
_HEADER: Final = (
    f"# What Forewarn learned of tool calls. The fields are explained in docs/patterns-file.md.\n"
    f"forewarn: patterns\nversion: {VERSION}\npatterns:"
)


def export_patterns(store: Store, tool: str = "") -> Iterator[str]:
    """The YAML of all usage patterns, or of a tool's, by id, in pieces.

    Every piece is one moment's; what is learned between two pieces is in the later one only.
    """
    yield _HEADER
    start = prefix = subject_key(tool) if tool else b""
    empty = True
    while start is not None:
        with store.read() as reader:
            rows, following = _page(reader, start, prefix, tool)
        if rows:
            yield ("\n" if empty else "") + "".join(lines_of(key, pattern) for key, pattern in rows)
            empty = False
        if following is None:
            break
        start = following
    if empty:
        yield " []\n"


def import_patterns(store: Store, extractor: Extractor, document: bytes, max_tools: int) -> Future[tuple[int, int]]:
    """Take in a document, all or nothing; the future gives how many patterns were created and replaced.

    Raises InvalidArgumentError for ``chunk``, naming the item, the field, what is allowed and the line; the future may
    raise TooManyToolsError and the store's errors.
    """
    rows = _rows(document, extractor)
    return store.submit(lambda txn: _apply(txn, rows, max_tools))


class _Row(NamedTuple):
    """A pattern ready to be written: what makes its id, and its record, encoded, in the exporter's epoch."""

    subject: bytes
    level: Level
    covers: bytes
    tool: str
    epoch: int
    first_time: float
    raw: bytes


def _page(
    reader: Reader, start: bytes, prefix: bytes, tool: str
) -> tuple[list[tuple[bytes, UsagePattern]], bytes | None]:
    """The next patterns of their tools' current epochs, and where to go on; None at the end."""
    rows: list[tuple[bytes, UsagePattern]] = []
    epochs: dict[str, int] = {}
    seen = 0
    for key, pattern in reader.scan(PATTERNS, start, limit=_PAGE):
        if not key.startswith(prefix):
            return rows, None
        seen += 1
        start = key
        if (tool and pattern.tool != tool) or pattern.level is Level.GROUND:
            continue  # what a ground stands on is not in the file
        if pattern.level in (Level.TOOL, Level.SERVER):
            pattern.epoch = 0  # it outlives resets, so that there is nothing to say
        else:
            if pattern.tool not in epochs:
                known = reader.get(TOOLS, tool_key(pattern.tool))
                epochs[pattern.tool] = known.epoch if known is not None else 0
            if pattern.epoch < epochs[pattern.tool]:
                continue
        rows.append((key, pattern))
    return rows, start + b"\0" if seen == _PAGE else None


def _rows(document: bytes, extractor: Extractor) -> list[_Row]:
    if len(document) > MAX_DOCUMENT_BYTES:
        raise InvalidArgumentError("chunk", f"together at most {MAX_DOCUMENT_BYTES >> 20} MiB")
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidArgumentError("chunk", f"not UTF-8 at byte {error.start}") from None
    rows: list[_Row] = []
    places: dict[bytes, int] = {}
    try:
        read = Document(text.replace("\r\n", "\n"))
        _check_head(read)
        for index, item in enumerate(read.items()):
            if index == MAX_PATTERNS:
                raise InvalidArgumentError("chunk", f"patterns: at most {MAX_PATTERNS} are taken at a time")
            try:
                key, row = _row(item, extractor)
                if places.setdefault(key, index) != index:
                    raise RefusedError("", f"is the same usage pattern as patterns[{places[key]}]")
            except RefusedError as error:
                where = f"patterns[{index}].{error.path}".rstrip(".")
                raise InvalidArgumentError(
                    "chunk", f"{where}: {error} (line {read.line_of(item, error.path)})"
                ) from None
            rows.append(row)
    except NotReadableError as error:
        raise InvalidArgumentError("chunk", f"{error} (line {error.line})" if error.line else str(error)) from None
    return rows


def _check_head(document: Document) -> None:
    head = document.head
    if head.get("forewarn") != "patterns":
        raise NotReadableError("must begin with “forewarn: patterns”", 1)
    if head.get("version") != str(VERSION):
        raise NotReadableError(f"version: must be {VERSION}; another Forewarn wrote this file")
    unknown = next((name for name in head if name not in ("forewarn", "version")), None)
    if unknown is not None:
        raise NotReadableError(f"{unknown[:40]!r} is unknown; there are forewarn, version, patterns")


def _row(item: Item, extractor: Extractor) -> tuple[bytes, _Row]:
    given, pattern = pattern_of(item.fields, extractor)
    level, covers = pattern.level, pattern.covers
    subject = subject_key("server:" + pattern.server if level is Level.SERVER else pattern.tool)
    if given and given != _key(subject, level, covers, pattern.epoch):
        raise RefusedError("id", "is not that of this tool or server, level, covers and epoch; leave it out")
    row = _Row(subject, level, covers, pattern.tool, pattern.epoch, pattern.first_time, PATTERNS.encode(pattern))
    return pattern_id(subject, level, covers), row


def _key(subject: bytes, level: Level, covers: bytes, epoch: int) -> bytes:
    """The pattern's id in an epoch of its tool; see ``View.id_of``."""
    if epoch and level in (Level.CALL, Level.ERROR):
        covers += epoch.to_bytes(4, "big")
    return pattern_id(subject, level, covers)


def _apply(txn: WriteTransaction, rows: list[_Row], max_tools: int) -> tuple[int, int]:
    tools = _tools(txn, rows, max_tools)
    added: dict[str, int] = {}
    created = 0
    for row in rows:
        epoch = tools[row.tool].epoch if row.tool else 0
        key = _key(row.subject, row.level, row.covers, epoch)
        raw = row.raw
        if epoch != row.epoch:
            pattern = PATTERNS.decode(key, raw)
            pattern.epoch = epoch
            raw = PATTERNS.encode(pattern)
        before = txn.get_raw(PATTERNS, key)
        if before is None:
            created += 1
            added[row.tool] = added.get(row.tool, 0) + 1
        if before != raw:
            txn.put_raw(PATTERNS, key, raw)
    for name, count in added.items():
        if name:
            tools[name].patterns += count
            txn.put(TOOLS, tool_key(name), tools[name])
    if rows:
        add_event(txn, "patterns_imported", f"{created} created, {len(rows) - created} replaced")
    return created, len(rows) - created


def _tools(txn: WriteTransaction, rows: list[_Row], max_tools: int) -> dict[str, Tool]:
    """The patterns' tools; those that are not known yet start in the epoch that they had where the file comes from."""
    tools: dict[str, Tool] = {}
    new: set[str] = set()
    for row in rows:
        if not row.tool:
            continue
        tool = tools.get(row.tool)
        if tool is None:
            tool = txn.get(TOOLS, tool_key(row.tool))
            if tool is None:
                new.add(row.tool)
                tool = Tool(ToolDescriptor(row.tool), first_time=row.first_time or txn.commit_time)
            tools[row.tool] = tool
        if row.tool in new:
            tool.epoch = max(tool.epoch, row.epoch)
            tool.first_time = min(tool.first_time, row.first_time or tool.first_time)
    if new and txn.count(TOOLS) + len(new) > max_tools:
        raise TooManyToolsError(f"{max_tools} tools are known, which is the limit", limit=str(max_tools))
    count_asked(txn, {name: tools[name] for name in new})
    return tools
