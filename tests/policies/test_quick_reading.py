"""What is read quickly is what ruamel.yaml reads: values, types, and the line of each part."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sidecar.policies.faults import PolicyError
from sidecar.policies.quick_reading import UnusualError, quick_documents
from sidecar.policies.reading import read_slowly

from .hostile_yaml import SEEDS

LINES = """
a: {b: "c d", e-f: 'g''h', i: [1, -2, .5, x y], j: {k: null}}
list:
  - name: x  # said
    when: {field: call.tool, glob: "db.*"}
  - plain text (here), and more - of it
  - [a, b]
  - 'q: #'
n: -1.5e3
url: http://x.y/z?a=b#c
same:
- 1
- two words
empty:
t: "x" # c
m: /a+b$/
z: 10:30
---
v: true
""".strip().split("\n")
CHARACTERS = " :#-,'\"{}[]?!&*|>%@`~.0aé\n\t()+$^/\\=<;_\r\u2028\ufeff"


def quickly(text: str) -> list[tuple[str, dict[tuple[str | int, ...], int]]] | None:
    """What the quick reader makes of a text, with values by what is written; None where it is unusual."""
    try:
        return [(repr(tree), lines) for tree, lines in quick_documents(text) if tree is not None]
    except UnusualError:
        return None


def slowly(text: str) -> list[tuple[str, dict[tuple[str | int, ...], int]]] | str:
    try:
        return [(repr(written.tree), written.lines) for written in read_slowly(text)]
    except PolicyError as error:
        return str(error)


def scrambled(random: Random) -> str:
    """Some lines of the above, with a few characters put in or over."""
    lines = LINES[random.randrange(8) :][: random.randint(1, 9)]
    if random.random() < 0.4:
        random.shuffle(lines)
    text = "\n".join(lines)
    for _ in range(random.choice([0, 0, 1, 1, 2, 3])):
        at = random.randrange(len(text) + 1)
        text = text[:at] + random.choice(CHARACTERS) * random.choice([1, 1, 2]) + text[at + random.randint(0, 1) :]
    return text


@pytest.mark.parametrize("text", [*SEEDS, "\n".join(LINES)], ids=lambda text: text.split("\n")[1][:30])
def test_usual_texts_are_read_quickly_and_rightly(text: str) -> None:
    assert quickly(text) == slowly(text)


def test_the_example_suites_are_read_rightly() -> None:
    texts = [path.read_text() for path in sorted((Path(__file__).parents[2] / "docs" / "policies").glob("*_test.yaml"))]
    found = [(quickly(text), text) for text in texts]
    assert sum(read is not None for read, _ in found) >= len(texts) - 1
    assert all(read == slowly(text) for read, text in found if read is not None)


@settings(max_examples=600)
@given(st.integers(0, 2**48))
def test_what_is_not_unusual_is_read_as_ruamel_reads_it(seed: int) -> None:
    text = scrambled(Random(seed))
    read = quickly(text)
    assert read is None or read == slowly(text)


@given(st.text("ab:-# ,{}[]'\"\n01.~", max_size=30))
@example("- \n")
@example("a: [b, ]")
@example("a: {b: c, }")
@example("a: 'b' c")
@example("a:\n- b\nc: d")
@example("a: b: c")
@example("- - a")
def test_short_texts_are_read_as_ruamel_reads_them(text: str) -> None:
    read = quickly(text)
    assert read is None or read == slowly(text)
