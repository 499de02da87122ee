"""Redaction: secrets and personal data never reach the store.

A hidden value becomes ``<kind:XXXXXXXX>``, eight hex digits of blake2b keyed with the store's own key. Equal values
keep equal stand-ins, so what depends on the value can still be learned; without the key nothing can be looked up.

Most texts hold nothing to hide. A quick look at them says so (``secret_hints.py``); where it is not sure, one RE2
``Set`` does in a single linear pass, and only the shapes that it names are then searched for. Stand-ins are never
looked into again, and a text is redacted until nothing changes, so redacting twice is redacting once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import accumulate, pairwise
from typing import Final

import msgspec
import re2

from ..model.call import JSON
from ..model.errors import InvalidArgumentError
from ..native.hints import CLEAN, UNKNOWN_NAME
from .arguments import FIELD, MAX_DEPTH, well_formed
from .secret_commands import BETWEEN, COMMANDS
from .secret_hints import HINTS
from .secret_names import HINT, is_secret_name, normalised, words_of
from .secret_shapes import FLAG, SHAPES
from .shape import Found, Shape

#: Context: how many keys are kept, and the characters of a key and of a value.
CONTEXT_KEYS: Final = 32
CONTEXT_KEY_CHARS: Final = 64
CONTEXT_VALUE_CHARS: Final = 256

# A text's redaction settles in two rounds; this only bounds a pattern of an administrator that never settles.
_ROUNDS: Final = 8
# The automaton is built as texts come; with too little room RE2 would give up, and "gave up" reads as "no match".
_SET_MEMORY: Final = 64 << 20

# Repetitions are counted so far by the prefilter.
_COUNTED: Final = 4
_COUNT: Final = re.compile(r"\{(\d+)(,(\d*))?\}")
#: Short texts that are remembered as clean, and how long they may be (characters).
_CLEAN_TEXTS: Final = 8_192
_CLEAN_CHARS: Final = 512
#: Names of arguments that are remembered as plain, and how long they may be (characters).
_PLAIN_NAMES: Final = 4_096
_PLAIN_CHARS: Final = 64
# From a run's first backslash only, and never giving one back: else a long run costs the square of its length.
_LINE_BREAK: Final = re.compile(rb"(?<!\\)\\++[nrt]")
#: A whole number with more digits than this one may be a card's.
_LONG_NUMBER: Final = 10**12
#: What shells and patterns read in a word, as a letter that they do not.
_MASK: Final = bytes(1 if chr(one) in " \t\n\v\f\r\"'`\\|;&<>" else one for one in range(256))
_encode: Final = msgspec.json.Encoder(order="deterministic").encode


class Redactor:
    """Hides secrets. Safe to share between threads: all that changes is a bounded memory of clean texts.

    ``key`` is the store's key, 16 to 64 bytes. ``extra_patterns`` are (kind, RE2 pattern) pairs, applied after the
    built-in ones; a group named ``v`` limits what is hidden. ``extra_keys`` are names whose values are always hidden,
    in any spelling. Raises :class:`InvalidArgumentError` for a key or a pattern that cannot be used.
    """

    def __init__(
        self, key: bytes, extra_patterns: Sequence[tuple[str, str]] = (), extra_keys: Iterable[str] = ()
    ) -> None:
        if not 16 <= len(key) <= 64:
            raise InvalidArgumentError("redaction.key", "must be 16 to 64 bytes")
        self._key = key
        #: Texts that were found to hold no secret: only such, so that no secret is held in memory for long.
        self._clean: set[str] = set()
        #: Names that neither hold a secret nor say that their value is one.
        self._plain: set[str] = set()
        self._extra_keys = normalised(extra_keys)
        shapes = (*SHAPES, *(_checked(kind, pattern) for kind, pattern in extra_patterns))
        self._shapes = [_Search(shape) for shape in shapes]
        self._of_commands = [search for search in self._shapes if search.shape in (*COMMANDS, FLAG)]
        self._foreign = bool(extra_patterns)
        kinds = "|".join(sorted({shape.kind for shape in shapes}))
        self._stand_in = re.compile(rf"(<(?:{kinds}):[0-9a-f]{{8}}>)".encode())
        options = re2.Options()
        options.max_mem = _SET_MEMORY
        self._set = re2.Set.SearchSet(options)
        for shape in shapes:
            # Ours only: in a pattern of somebody else, braces may be meant literally.
            self._set.Add(_wider(shape.pattern) if shape in SHAPES else shape.pattern)
        # Last, and no shape: names of keys. It only keeps ``is_clean`` from saying yes.
        self._set.Add("|".join([HINT, *("[^a-z0-9]*".join(words) for words in self._extra_keys if words)]))
        self._set.Compile()

    def redact_text(self, text: str) -> str:
        """The text with every secret replaced by its stand-in. Lone surrogates become U+FFFD."""
        if not self._foreign and HINTS.absent(text):
            return text
        if text in self._clean:
            return text
        text = well_formed(text)
        for again in range(_ROUNDS):
            if again and not self._foreign and HINTS.absent(text):
                return text
            hits = self._set.Match(text if "\\" not in text else _unescaped(text.encode()))
            if not hits:
                return self._note_clean(text)
            redacted = self._redact_once(text, sorted(hits))
            if redacted == text:
                return text
            text = redacted
        return text

    def _note_clean(self, text: str) -> str:
        """Remember a short text that holds no secret: ids and context values come again with every call."""
        if len(text) <= _CLEAN_CHARS:
            if len(self._clean) >= _CLEAN_TEXTS:
                self._clean = set()  # replaced, not cleared: other threads read it
            self._clean.add(text)
        return text

    def is_certainly_clean(self, arguments: dict[str, JSON]) -> bool:
        """Whether ``redact_arguments`` would hide nothing, as a quick look at them says; False where it is not sure."""
        found = HINTS.absent_in(arguments, self._plain)
        if found == UNKNOWN_NAME and self._note_names(arguments):
            found = HINTS.absent_in(arguments, self._plain)
        # A pattern of somebody else may find what no hint is of.
        return found == CLEAN and not self._foreign

    def _note_names(self, arguments: dict[str, JSON]) -> bool:
        """Remember the names in the arguments that are plain; whether all are."""
        names: list[str] = []
        if not _collect(arguments, [], names, MAX_DEPTH):
            return False
        for name in names:
            if len(name) > _PLAIN_CHARS or self._is_secret(name) or self.redact_text(name) != name:
                return False
            if len(self._plain) >= _PLAIN_NAMES:
                self._plain = set()  # replaced, not cleared: other threads read it
            self._plain.add(name)
        return True

    def is_clean(self, arguments: dict[str, JSON], canonical: bytes) -> bool:
        """Whether ``redact_arguments`` would hide nothing; ``canonical`` is their JSON.

        One pass over the JSON says so for many. Its escapes may hide the edge of a secret, and what the pass is wary of
        (a flag, four digits) is seldom one: then the texts themselves are searched, for those shapes only.
        """
        # A pattern of somebody else may ask for the edge of a text, and a flag may speak of the text after it: the JSON
        # shows neither.
        if self._foreign or (b'"-' in canonical and self._hides_words(arguments)):
            return False
        escaped = b"\\" in canonical
        hits = None if escaped else self._set.Match(canonical)
        if not (escaped or hits):
            return True
        texts: list[str] = []
        names: list[str] = []
        if not _collect(arguments, texts, names, MAX_DEPTH):
            return False  # too deep: redaction says so
        joined = _searched(well_formed("\n".join(texts)).encode())
        if escaped:
            hits = self._set.Match(joined)
        last = len(self._shapes)
        # With escapes names are judged as they stand: what is searched takes the "t" of "\\token" for that of a tab.
        if (escaped or last in (hits or ())) and any(map(self._is_secret, names)):
            return False
        if not hits:
            return True
        # What is in none of the texts one after the other is in none of them: see ``_Search.absent``.
        searches = [self._shapes[hit] for hit in sorted(hits) if hit < last and not self._shapes[hit].absent(joined)]
        if not searches and b"<" not in joined:
            return True
        for text in texts:
            piece = well_formed(text).encode()
            if b"<" in piece and self._stand_in.search(piece):
                return False
            for search in searches:
                if search.finds(piece):
                    return False
        return True

    def _hides_words(self, arguments: dict[str, JSON]) -> bool:
        return any(self._redact_words(words) != words for words in _command_lines(arguments, MAX_DEPTH))

    def redact_arguments(self, arguments: Mapping[str, JSON]) -> tuple[dict[str, JSON], bool]:
        """The arguments with secrets hidden in values, in keys, and below keys whose name says secret.

        Tells also whether anything was hidden. Raises :class:`InvalidArgumentError` beyond ``MAX_DEPTH``.
        """
        redacted = self._redact_object(arguments, MAX_DEPTH)
        return redacted, redacted != arguments

    def redact_context(self, context: Mapping[str, str]) -> dict[str, str]:
        """The context, redacted: the first ``CONTEXT_KEYS`` keys in order, values cut after redaction."""
        kept: dict[str, str] = {}
        # One pass over all of it says for most that nothing is to be hidden.
        joined = well_formed("\n".join([*context, *context.values()]))
        short = len(context) <= CONTEXT_KEYS and len(joined) <= CONTEXT_KEY_CHARS and joined.isascii()
        if short and (joined in self._clean or not self._set.Match(joined)):
            self._note_clean(joined)
            return {key: context[key] for key in sorted(context)}
        for key in sorted(context)[:CONTEXT_KEYS]:
            value = context[key]
            hidden = self._hidden(value) if self._is_secret(key) else self.redact_text(value)
            kept[self.redact_text(key)[:CONTEXT_KEY_CHARS]] = str(hidden)[:CONTEXT_VALUE_CHARS]
        return kept

    def _redact_words(self, words: list[str]) -> list[str]:
        """Words of a command line, of which one says what the next one is."""
        for _ in range(_ROUNDS):
            data = " ".join(map(well_formed, words)).encode()
            # Of the same length, so that each word is one word, and has no marks of a shell's.
            masked = b" ".join(map(self._masked, words))
            before = masked
            for search in self._of_commands:
                data, masked = search.hide_in(data, masked, self.hide)
            if masked == before:
                break
            ends = accumulate(len(word) + 1 for word in masked.split(b" "))
            words = [data[start : end - 1].decode() for start, end in pairwise([0, *ends])]
        return words

    def _masked(self, word: str) -> bytes:
        pieces = self._stand_in.split(well_formed(word).encode())
        return b"".join(piece if at % 2 else piece.translate(_MASK) for at, piece in enumerate(pieces))

    def hide(self, kind: str, value: str) -> str:
        """The stand-in of a value: the same for the same value under the same key."""
        digest = blake2b(well_formed(value).encode(), digest_size=4, key=self._key).hexdigest()
        return f"<{kind}:{digest}>"

    def _redact_once(self, text: str, hits: Sequence[int]) -> str:
        pieces = self._stand_in.split(text.encode())  # odd ones are stand-ins, and stay
        for hit in hits:
            if hit < len(self._shapes):
                pieces = self._shapes[hit].split(pieces, self.hide)
        return b"".join(pieces).decode()

    def _is_secret(self, name: str) -> bool:
        return is_secret_name(name) or bool(self._extra_keys and words_of(name) in self._extra_keys)

    def _redact_object(self, value: Mapping[str, JSON], depth: int) -> dict[str, JSON]:
        if not depth:
            raise InvalidArgumentError(FIELD, f"nested more than {MAX_DEPTH} deep", limit=str(MAX_DEPTH))
        redacted: dict[str, JSON] = {}
        for key, inner in value.items():
            redacted[self.redact_text(key)] = (
                self._hidden(inner) if self._is_secret(key) else self._redact_value(inner, depth)
            )
        return redacted

    def _redact_value(self, value: JSON, depth: int) -> JSON:
        kind = type(value)
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, dict):
            return self._redact_object(value, depth - 1)
        if isinstance(value, list):
            if depth <= 1:
                raise InvalidArgumentError(FIELD, f"nested more than {MAX_DEPTH} deep", limit=str(MAX_DEPTH))
            words = _words_of(value)
            return [self._redact_value(item, depth - 1) for item in (self._redact_words(words) if words else value)]
        if kind is int and len(text := str(value)) > 13:
            hidden = self.redact_text(text)  # a card number may come as a number
            return value if hidden == text else hidden
        return value

    def _hidden(self, value: JSON) -> JSON:
        """What a secret name's value becomes. That there is none, or only a yes or no, is no secret."""
        if value is None or value is True or value is False or value == "":
            return value
        if isinstance(value, str):
            return value if self._stand_in.fullmatch(value.encode()) else self.hide("secret", value)
        return self.hide("secret", _encode(value).decode())


def _searched(data: bytes) -> bytes:
    """What is searched in place of a text."""
    return _unescaped(data) if b"\\" in data else data


def _collect(value: JSON, texts: list[str], names: list[str], depth: int) -> bool:
    """Gather what redaction looks at: texts, names of keys (texts too), long numbers. False where nested too deep."""
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, dict | list):
        if not depth:
            return False
        if isinstance(value, dict):
            names += value
            texts += value
        for inner in value.values() if isinstance(value, dict) else value:
            if not _collect(inner, texts, names, depth - 1):
                return False
    elif type(value) is int and not -_LONG_NUMBER < value < _LONG_NUMBER:
        texts.append(str(value))
    return True


def _words_of(items: list[JSON]) -> list[str] | None:
    """The items, where they may be a command line: texts, one behind a flag."""
    words = [item for item in items if isinstance(item, str)]
    return words if len(words) == len(items) and any(word.startswith("-") for word in words[:-1]) else None


def _command_lines(value: JSON, depth: int) -> Iterator[list[str]]:
    """All lists in a value that may be command lines."""
    if not depth or not isinstance(value, dict | list):
        return
    if isinstance(value, list) and (words := _words_of(value)):
        yield words
    for inner in value.values() if isinstance(value, dict) else value:
        yield from _command_lines(inner, depth - 1)


def _wider(pattern: str) -> str:
    """A pattern that matches wherever this one does, with short counts only.

    The automaton keeps apart how far every count has come; exact long counts made it grow with every new text (55 µs
    a text of 100 bytes in the first ten thousand, and 50 MB), for nothing: the search that follows counts exactly. As
    little does it have to keep apart which programs were named before a flag.
    """
    return _COUNT.sub(_shorter, pattern.partition(BETWEEN)[0])


def _shorter(match: re.Match[str]) -> str:
    low = int(match[1])
    if match[2] is None and low <= _COUNTED:
        return match[0]
    high = match[3] or ""
    return f"{{{min(low, _COUNTED)},{high if high and int(high) <= _COUNTED else ''}}}"


def _unescaped(data: bytes) -> bytes:
    r"""Text to search in instead of text that holds JSON in a string: of the same length, with "\n" as white space.

    Otherwise the "n" of an escaped line break would be taken for the first letter of the name or word after it.
    """
    return _LINE_BREAK.sub(lambda match: b" " * (len(match[0]) - 1) + b"\n", data)


class _Search:
    """A shape ready to search. Works on bytes, so that going on from the middle of a long text costs nothing."""

    __slots__ = ("_groups", "_pattern", "shape")

    def __init__(self, shape: Shape) -> None:
        self.shape = shape
        self._pattern = re2.compile(shape.pattern.encode())
        self._groups = {"": 0} | {name.decode(): index for name, index in self._pattern.groupindex.items()}

    def split(self, pieces: Sequence[bytes], hide: Callable[[str, str], str]) -> list[bytes]:
        """Pieces with the secrets of this shape hidden: stand-ins stay at odd indexes."""
        split: list[bytes] = []
        for index, piece in enumerate(pieces):
            if index % 2 or not piece:
                split.append(piece)
                continue
            kept = at = 0
            seen = _searched(piece)
            while match := self._pattern.search(seen, at):
                found = Found(seen, {name: match.span(group) for name, group in self._groups.items()})
                span = self._hides(found)
                if span is None:
                    at = self._resume(found)
                    continue
                split += (piece[kept : span[0]], hide(self.shape.kind, piece[slice(*span)].decode()).encode())
                kept = at = span[1]
            split.append(piece[kept:])
        return split

    def hide_in(self, data: bytes, seen: bytes, hide: Callable[[str, str], str]) -> tuple[bytes, bytes]:
        """Data with what is found in ``seen`` hidden, which is as long; and ``seen`` with the same done to it."""
        at = 0
        while match := self._pattern.search(seen, at):
            found = Found(seen, {name: match.span(group) for name, group in self._groups.items()})
            span = self._hides(found)
            if span is None:
                at = self._resume(found)
                continue
            hidden = hide(self.shape.kind, data[slice(*span)].decode()).encode()
            data, seen = (text[: span[0]] + hidden + text[span[1] :] for text in (data, seen))
            at = found.span()[0]  # the program may have been told another one
        return data, seen

    def finds(self, piece: bytes) -> bool:
        """Whether there is a secret of this shape in a text without stand-ins."""
        at = 0
        seen = _searched(piece)
        while match := self._pattern.search(seen, at):
            found = Found(seen, {name: match.span(group) for name, group in self._groups.items()})
            if self._hides(found) is not None:
                return True
            at = self._resume(found)
        return False

    def absent(self, joined: bytes) -> bool:
        """Whether no text has a match of this shape, by one search in all of them with a line break after each.

        For shapes of ours only: nothing in them asks for the beginning or the end of a text, and where a word may
        end a line break is as good. Whether a match is accepted does not matter: there is none.
        """
        return self._pattern.search(joined) is None

    def _hides(self, found: Found) -> tuple[int, int] | None:
        if self.shape.accept:
            return self.shape.accept(found)
        return found.span("v" if "v" in self._groups else "")

    def _resume(self, found: Found) -> int:
        """Where to go on after a match that is none: from its value on, which may be the name of the next one."""
        start, end = found.span()
        inner = [found.span(name)[0] for name in "edsv" if name in self._groups]
        return max(start + 1, min((at for at in inner if at > start), default=end))


def _checked(kind: str, pattern: str) -> Shape:
    if not re.fullmatch(r"[a-z][a-z_]{1,15}", kind):
        raise InvalidArgumentError("redaction.patterns", f"{kind!r} must be 2 to 16 lower-case letters or underscores")
    options = re2.Options()
    options.log_errors = False  # the caller is told
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise InvalidArgumentError("redaction.patterns", f"{kind}: not an RE2 pattern: {error}") from None
    if compiled.search(""):
        raise InvalidArgumentError("redaction.patterns", f"{kind}: the pattern matches the empty text")
    return Shape(kind, pattern)
