"""What pages of reports are made of: one HTML file that loads nothing, sections, figures, tables.

Style, script and drawings are in the file, and its policy forbids more.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files

from forewarn_cli.report import blocks, palette
from forewarn_cli.report.markup import Html, tag


def document(title: str, *body: Html) -> str:
    """The whole document."""
    style, script = _style(), Html(_asset("page.js"))
    policy = "; ".join(
        [
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{policy}">'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="referrer", content="no-referrer"),
        tag("title", title),
        Html(f"<style>{style}</style>"),
    )
    whole = tag("body", *body, Html('<div id="hint" role="status" hidden></div>'), Html(f"<script>{script}</script>"))
    return f'<!doctype html>\n<html lang="en">{head}\n{whole}</html>\n'


def tiles(shown: list[tuple[str, str, str]]) -> Html:
    """Numbers to be seen first: name, value, and what it is of."""
    made = (
        tag("div", tag("dt", name), tag("dd", tag("strong", value), tag("span", unbroken(more))))
        for name, value, more in shown
    )
    return tag("dl", *made, class_="tiles")


def unbroken(said: str) -> str:
    """A range and its unit stay on one line."""
    return said.replace(" %", "\N{NO-BREAK SPACE}%").replace("–", "\N{WORD JOINER}–\N{WORD JOINER}")


def section(name: str, title: str, key: str, drawn: Html, read: str, table: blocks.Table) -> Html:
    """A section with a title, a sentence, a drawing, how to read it, and its table."""
    return tag(
        "section",
        tag("h2", title, id=name),
        tag("p", key, class_="key"),
        drawn,
        tag("p", read, class_="read") if read else "",
        tag("details", tag("summary", "As a table"), numbers(table, title), class_="numbers"),
        aria_labelledby=name,
    )


def key(kinds: Mapping[str, str]) -> Html:
    """What the colours of a chart stand for."""
    return tag("ul", *(tag("li", tag("i", class_=f"ink {ink}"), said) for ink, said in kinds.items()), class_="legend")


def figure(drawn: bool, draw: Callable[[], str], kind: str = "chart") -> Html:
    """A drawing, or that there is nothing to draw."""
    if not drawn:
        return tag("p", "Nothing to draw yet.", class_=f"{kind} none")
    return tag("div", Html(draw()), class_=kind)


def numbers(table: blocks.Table, about: str) -> Html:
    """A table, or what is said without rows."""
    if not table.rows:
        return tag("p", f"{table.none[:1].upper()}{table.none[1:]}.", class_="muted")
    numeric = [name.startswith(">") for name in table.columns]
    heads = (
        tag("th", tag("button", name.lstrip(">"), type="button"), scope="col", class_="n" if right else "")
        for name, right in zip(table.columns, numeric, strict=True)
    )
    rows = (
        tag(
            "tr",
            *(
                tag("td", tag("code", cell, class_="id") if name == "id" else cell, class_="n" if right else "")
                for name, cell, right in zip(table.columns, row, numeric, strict=True)
            ),
        )
        for row in table.rows
    )
    inside = tag("table", tag("thead", tag("tr", *heads)), tag("tbody", *rows))
    return tag("div", inside, class_="scroll", role="region", aria_label=about, tabindex="0")


def _style() -> Html:
    dark = f":root {{ {palette.variables('dark')} }}\n{palette.dark_rules()}"
    light = f":root {{ {palette.variables('light')} }}"
    return Html(f"{light}\n{_asset('page.css')}\n@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}\n")


def _asset(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _hash(of: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(of.encode()).digest()).decode()}"
