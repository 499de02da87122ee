"""Documents of organisational knowledge: YAML, read strictly by ``yaml_tree.py``, or JSON.

At most ``YAML_BYTES`` may be YAML that is not JSON; JSON is read a hundred times faster, and may be as long as an
import.
"""

from __future__ import annotations

from typing import Final

import msgspec

from ..yaml_tree import DEPTH, Node, NotReadableError, read_tree

#: Bytes of YAML that is not JSON: about 40 seconds of work.
YAML_BYTES: Final = 4 << 20


def read_document(data: bytes) -> Node:
    """The tree of a document. Raises NotReadableError."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NotReadableError("not UTF-8") from None
    if text.lstrip().startswith("{"):
        try:
            return _texts(msgspec.json.decode(data), DEPTH)
        except (msgspec.DecodeError, RecursionError):
            pass  # YAML's flow style, perhaps
    if len(data) > YAML_BYTES:
        raise NotReadableError(f"YAML that is not JSON may have {YAML_BYTES >> 20} MiB")
    return read_tree(text, unquoted=str)


def _texts(value: object, depth: int) -> Node:
    if isinstance(value, list | dict) and not depth:
        raise NotReadableError("is nested too deep")
    if isinstance(value, list):
        return [_texts(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {str(key): _texts(item, depth - 1) for key, item in value.items()}
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
