"""Matching texts with entities: the interface, and BM25.

One tantivy index in memory for each kind, of one field: triggers three times, description and resources twice,
rationale once. Weighting term frequencies before they saturate is BM25F (Robertson, Zaragoza and Taylor, CIKM 2004).
English words are stemmed, stop words left out; "StatefulSet" is a word, and so are "stateful" and "set".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import Final, Protocol

import msgspec
import tantivy

from ..model.knowledge import Entity, EntityKind

#: BM25's constants, which are tantivy's and Lucene's.
K1: Final = 1.2
B: Final = 0.75
#: Different words of a text that are looked for; the first ones.
WORDS: Final = 64
#: How often each part of an entity counts.
WEIGHTS: Final = {"triggers": 3, "description": 2, "resources": 2, "rationale": 1}
_WORD_BYTES: Final = 64
_WRITER_BYTES: Final = 15_000_000
#: Words that intents are asked with, beside tantivy's own short list of stop words.
_ASKING: Final = (
    "am can could do does from get give had has have how i it me my need our please should so some that us want we "
    "what when where which who will would you your"
).split()
_PLURAL: Final = re.compile(r"\b([A-Z]{2,})s\b")
_EDGE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")


class Match(msgspec.Struct, frozen=True):
    """An entity that a text matches. ``score`` is BM25's; ``lexical`` its share of the best possible, 0 to 1.

    ``relevance`` is that too where words alone matched, else the probability that words and meaning give together;
    ``semantic`` is then the cosine of the vectors.
    """

    id: str
    kind: EntityKind
    score: float
    relevance: float
    lexical: float = 0.0
    semantic: float | None = None


class Matcher(Protocol):
    """Finds entities for a text. Thread-safe."""

    @property
    def complete(self) -> bool:
        """Whether all entities can be found."""
        ...

    def search(self, text: str, kind: EntityKind, limit: int) -> list[Match]:
        """At most ``limit`` entities, best first, weak ones too; by words alone, none that share no word with it."""
        ...


def split_names(text: str) -> str:
    """The text with compound names also in parts: "StatefulSet" becomes "StatefulSet Stateful Set"; "PVCs" is "PVC"."""
    text = _PLURAL.sub(r"\1", text)
    parts = [_EDGE.sub(" ", word) for word in text.split() if _EDGE.search(word)]
    return " ".join((text, *parts)) if parts else text


def indexed_text(entity: Entity) -> str:
    """What BM25 sees of an entity."""
    parts = {
        "triggers": " ".join(entity.triggers),
        "description": entity.description,
        "resources": " ".join(entity.suggested_resources),
        "rationale": entity.rationale,
    }
    return " ".join(split_names(parts[name]) for name, weight in WEIGHTS.items() for _ in range(weight) if parts[name])


class TextIndex:
    """An index of entities of one kind. One thread changes it; any may search what was committed."""

    def __init__(self, kind: EntityKind) -> None:
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("text", stored=False, tokenizer_name="words", index_option="freq")
        self._kind = kind
        self._schema = builder.build()
        self._analyzer = _analyzer()
        self._index = tantivy.Index(self._schema)
        self._index.register_tokenizer("words", _analyzer())
        self._writer = self._index.writer(_WRITER_BYTES, 1)
        self._searcher = self._index.searcher()

    def add(self, entity: Entity) -> None:
        """Take an entity in that is not there; seen after ``commit``."""
        document = tantivy.Document()
        document.add_text("id", entity.id)
        document.add_text("text", indexed_text(entity))
        self._writer.add_document(document)

    def remove(self, entity_id: str) -> None:
        """Take an entity out, if it is there; seen after ``commit``."""
        self._writer.delete_documents_by_term("id", entity_id)

    def commit(self) -> None:
        """Make changes seen."""
        self._writer.commit()
        self._index.reload()
        self._searcher = self._index.searcher()

    def words(self, text: str) -> list[str]:
        """The different words of a text, as they are indexed; at most ``WORDS``."""
        return list(dict.fromkeys(self._analyzer.analyze(split_names(text))))[:WORDS]

    @property
    def size(self) -> int:
        """Entities that can be found."""
        return int(self._searcher.num_docs)

    def search(self, text: str, limit: int) -> list[Match]:
        """See ``Matcher``."""
        return self._search(text, limit, None)

    def score(self, text: str, entity_ids: Sequence[str]) -> list[Match]:
        """Those of some entities that share a word with a text."""
        return self._search(text, len(entity_ids), entity_ids) if entity_ids else []

    def _search(self, text: str, limit: int, among: Sequence[str] | None) -> list[Match]:
        searcher = self._searcher
        words = self.words(text)
        size = searcher.num_docs
        if not words or not size:
            return []
        counts = {word: searcher.doc_freq("text", word) for word in words}
        known = [word for word in words if counts[word]]
        if not known:
            return []
        best = best_score(size, list(counts.values()))
        query = tantivy.Query.boolean_query(
            [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "text", word, "freq")) for word in known]
        )
        if among is not None:
            named = tantivy.Query.term_set_query(self._schema, "id", list(among))
            only = tantivy.Query.const_score_query(named, 0.0)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, only), (tantivy.Occur.Must, query)])
        found = searcher.search(query, limit, count=False).hits
        matches = []
        for score, address in found:
            share = min(1.0, float(score) / best)
            matches.append(Match(str(searcher.doc(address)["id"][0]), self._kind, float(score), share, share))
        return sorted(matches, key=lambda match: (-match.score, match.id))


def best_score(size: int, counts: Sequence[int]) -> float:
    """The score that no entity can exceed for words that so many of ``size`` entities have.

    A word that none has counts as much as those that some have do on average: in a small store nearly all words of an
    intent are unknown, and its idf would say that only they matter.
    """
    known = [idf(size, count) for count in counts if count]
    return sum(known) * len(counts) / len(known) * (K1 + 1.0)


def idf(size: int, count: int) -> float:
    """How much a word tells that ``count`` of ``size`` entities have: ln(1 + (N − n + ½) / (n + ½))."""
    count = min(count, size)
    return math.log(1.0 + (size - count + 0.5) / (count + 0.5))


def _analyzer() -> tantivy.TextAnalyzer:
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    filters: Iterable[tantivy.Filter] = (
        tantivy.Filter.remove_long(_WORD_BYTES),
        tantivy.Filter.lowercase(),
        tantivy.Filter.stopword("english"),
        tantivy.Filter.custom_stopword(_ASKING),
        tantivy.Filter.stemmer("english"),
    )
    for one in filters:
        builder = builder.filter(one)
    return builder.build()
