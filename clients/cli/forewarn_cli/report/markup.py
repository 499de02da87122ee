"""HTML from Python, where nothing gets in unescaped by accident: texts are escaped, only ``Html`` is taken as it is."""

from __future__ import annotations

from html import escape
from typing import Final

from forewarn_cli.wording import clean

_VOID: Final = frozenset(("meta", "br", "link"))


class Html(str):
    """Text that is HTML already."""

    __slots__ = ()


Child = str | Html


def text(of: str) -> Html:
    """Text as HTML: markup is escaped, and so is what steers terminals and reorders text."""
    return of if isinstance(of, Html) else Html(escape(clean(of)))


def tag(name: str, /, *children: Child, **attributes: str) -> Html:
    """An element. ``class_`` is class, ``aria_label`` aria-label; an attribute that is "" is left out."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(str(value))}"' for key, value in attributes.items() if value
    )
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{join(*children)}</{name}>")


def join(*children: Child) -> Html:
    """Several, one after the other."""
    return Html("".join(text(child) for child in children))
