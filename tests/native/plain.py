"""What the kernels of ``sidecar/native/`` do, in plain Python: their oracle."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice, pairwise
from math import log, sqrt
from struct import unpack
from typing import Any
from zlib import crc32

from sidecar.model.counted import Counted
from sidecar.native.conditions import MAX_CONDITIONS
from sidecar.native.counts import EVIDENCE_CAP
from sidecar.native.phrases import (
    FORM_WEIGHT,
    KNOWN_WORDS,
    PAIRS_WEIGHT,
    PLACED_WEIGHT,
    QUOTED_WEIGHT,
    WEIGHED_WORDS,
    WORDS_WEIGHT,
)
from sidecar.native.quotes import DOUBLE, IN_DOUBLE, IN_SINGLE, QUOTED_CHARS, SINGLE
from sidecar.native.weights import LEAST_ERROR, LEAST_NEWS, OFFSET_DECAY, STEP_OVERALL, STEP_TOOL
from sidecar.native.words import FORM_ARGUMENTS, FORM_CHARS, LAST_WORDS, MAX_WORDS, PUNCTUATION, WORD_CHARS

Scopes = tuple[tuple[str, bytes], ...]

DOUBLE_MARK, SINGLE_MARK = '"', "'"
_RUN = re.compile(r"[^\s'\"`(),;=\[\]{}<>|:]{2,120}")
_PART = re.compile(r"\w{3,}")
_NAME = re.compile(r"[^\s'\"`‘’“”()\[\]{}<>,;=|]{3,64}")
_STEP = re.compile(r"[\n|;]|&&")
_SETTING = re.compile(r"[^\W\d]\w*=")
_STEM = re.compile(r"\W*\w*")
_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_MARK = re.compile(r"[^\w ]|_")


def unpacked(marks: bytes) -> tuple[int, ...]:
    return unpack(f">{len(marks) // 4}I", marks)


# What a call is written with.


def quoting_of(text: str) -> int:
    text = text[:QUOTED_CHARS]
    spaces = [any(any(map(str.isspace, part)) for part in _closed(text, mark)) for mark in (DOUBLE_MARK, SINGLE_MARK)]
    inside = 0
    for at, one in enumerate(text):
        before = text[:at]
        if one.isspace() and before.count(DOUBLE_MARK) % 2 and before.count(SINGLE_MARK) % 2:
            # Of two that are open, the one that was opened last stands inside of the other.
            inside |= IN_SINGLE if before.rindex(SINGLE_MARK) < before.rindex(DOUBLE_MARK) else IN_DOUBLE
    return DOUBLE * spaces[0] + SINGLE * spaces[1] + inside


def _closed(text: str, mark: str) -> list[str]:
    parts = text.split(mark)
    return parts[1:-1:2]


def longest_of(arguments: Mapping[str, Any]) -> str:
    longest = ""
    words: set[int] = set()
    for name, text in leaves_of(arguments):
        if len(text) > len(longest):
            longest = text
        words.add(_hash(f"^{name}\0{_first(text)}"))
        if len(words) >= MAX_WORDS:
            break
        words.update(_hash(run.rstrip(".!?")) for run in _RUN.findall(text[:WORD_CHARS].lower()))
    return longest


def words_of(arguments: Mapping[str, Any]) -> tuple[int, ...]:
    words: dict[int, None] = {}
    parts: dict[int, None] = {}
    for name, text in leaves_of(arguments):
        words[_hash(f"^{name}\0{_first(text)}")] = None
        if len(words) >= MAX_WORDS:
            break
        for run in _RUN.findall(text[:WORD_CHARS].lower()):
            word = run.rstrip(".!?")
            words[_hash(word)] = None
            if not word.isidentifier():
                parts.update((_hash(part), None) for part in _PART.findall(word))
    return tuple({**words, **parts})[:MAX_WORDS]


def spellings_of(words: Collection[int], arguments: Mapping[str, Any]) -> dict[int, str]:
    found: dict[int, str] = {}
    for _, text in leaves_of(arguments):
        for run in _RUN.findall(text[:WORD_CHARS].lower()):
            whole = run.rstrip(".!?")
            for candidate in (whole, *(() if whole.isidentifier() else _PART.findall(whole))):
                if _hash(candidate) in words:
                    found.setdefault(_hash(candidate), candidate)
    return found


def forms_of(arguments: Mapping[str, Any]) -> tuple[int, ...]:
    marks: list[str] = []
    for number, (name, text) in enumerate(leaves_of(arguments)):
        if number == FORM_ARGUMENTS:
            break
        last = text[-1:]
        ends = "a" if last.islower() else "A" if last.isupper() else "0" if last.isdigit() else last
        punctuation = sorted(set(_MARK.findall(text, 0, FORM_CHARS)))[:PUNCTUATION]
        said = [f"length {min(len(text).bit_length(), 20)}", ends, *[f"has {one}" for one in punctuation]]
        marks += [f"{one}\0{name}" for one in said]
    return tuple(map(_hash, marks))


def ends_of(longest: str) -> tuple[str, str, str, str]:
    opening = longest[:256].split(None, 2)
    ending = _last_step(longest)
    return (*_first_and_stem(opening), *_first_and_stem(ending))


def _first_and_stem(words: list[str]) -> tuple[str, str]:
    stem = _STEM.match(words[1]) if len(words) > 1 else None
    return words[0] if words else "", stem[0] if stem is not None else ""


def _last_step(text: str) -> list[str]:
    for step in reversed(_STEP.split(text[-WORD_CHARS:])):
        words = step.split(None, 6)
        while words and _SETTING.match(words[0]):
            del words[0]
        if words:
            return words
    return []


def last_words(arguments: Mapping[str, Any]) -> bytes:
    found = [
        _hash(word).to_bytes(4, "big")[2:]
        for _, text in leaves_of(arguments)
        for word in re.findall(r"\w{4,}", text[:WORD_CHARS].lower())
    ]
    return b"".join([*dict.fromkeys(found)][:LAST_WORDS])


def leaves_of(arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, item in arguments.items():
        yield from _leaves(name, item)


def _leaves(name: str, item: Any) -> Iterator[tuple[str, str]]:
    if isinstance(item, dict):
        for key, value in item.items():
            yield from _leaves(f"{name}.{key}", value)
    elif isinstance(item, list):
        for value in item:
            yield from _leaves(name, value)
    elif item is not None:
        yield name, item if isinstance(item, str) else str(item)


def _first(text: str) -> str:
    first = text[:1]
    return ("A" if first.isupper() else "a") if first.isalpha() else "0" if first.isdigit() else first


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "replace"))


# Conditions on the form of arguments.


def conditions_of(
    arguments: Mapping[str, Any], names: Sequence[str], cuts: Mapping[int, float] | None = None, now: float = 0.0
) -> dict[int, tuple[str, str]]:
    """Each with the argument's name and the form."""
    found = {
        _condition(name, "absent"): (name, "absent")
        for name in names
        if name not in arguments and ("." not in name or _lacks(arguments, name))
    }
    numbers: list[tuple[str, float]] = []
    dates: list[tuple[str, float]] = []
    for name, value in islice(_values(arguments), 16):
        for form in _forms_of(value, now):
            if form[0] != "?":
                found[_condition(name, form)] = (name, form)
                continue
            sort, up, text = form[1:].split("?")  # above or below a cut
            cut, number = (cuts or {}).get(_condition(name, sort)), float(text)
            if cut is not None and (number > cut if up == "up" else number < cut):
                found[_condition(name, sort)] = (name, f"{sort}{cut:.12g}")
        if not name.endswith("]"):
            if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15:
                numbers.append((name, float(value)))
            elif isinstance(value, str) and (days := _days(value[:400])) is not None:
                dates.append((name, days))
        if len(found) >= MAX_CONDITIONS:
            break
    for sort, several in (("over:", numbers[:4]), ("after:", dates[:4])):
        for i, (name, one) in enumerate(several):
            for other, another in several[:i]:
                if one != another:
                    pair = (name, sort + other) if one > another else (other, sort + name)
                    found[_condition(*pair)] = pair
    return found


def measured_of(arguments: Mapping[str, Any]) -> list[tuple[int, int, float]]:
    found: list[tuple[int, int, float]] = []
    met: set[int] = set()
    for name, value in islice(_values(arguments), 16):
        forms = _forms_of(value, 0.0)
        numbers = [form[1:].split("?") for form in forms if form[0] == "?"]
        if numbers:
            found.append((_condition(name, numbers[0][0]), _condition(name, numbers[1][0]), float(numbers[0][2])))
        met.update([_condition(name, form) for form in forms if form[0] != "?"])
        if len(met) >= MAX_CONDITIONS:
            break
    return found


def _lacks(arguments: Any, name: str) -> bool:
    *parents, last = name.split(".")
    at = arguments
    for part in parents:
        if not isinstance(at, dict):
            return False
        at = at.get(part)
    return isinstance(at, dict) and last not in at


def _days(text: str) -> float | None:
    """Days since 1970, by the library."""
    if len(text) > 40 or not text.isascii() or not _DATE.match(text):
        return None
    year, month, day = int(text[:4]), int(text[5:7]), int(text[8:10])
    # The calendar comes again after 400 years, and the library's begins with year 1; days past a month's end run on.
    days = date(year % 400 + 400, month, 1).toordinal() - date(1970, 1, 1).toordinal() + day - 1
    days += (year // 400 - 1) * 146_097
    time = re.match(r"[T ]([01]\d|2[0-3]):([0-5]\d)", text[10:], re.ASCII)
    return days + ((int(time[1]) * 60 + int(time[2])) / 1440.0 if time else 0.0)


def _condition(name: str, form: str) -> int:
    return _hash(f"{name}\0{form}") or 1


def _values(arguments: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in arguments.items():
        yield name, value
        if isinstance(value, dict):
            yield from _values({f"{name}.{key}": inner for key, inner in islice(value.items(), 16)})
        elif isinstance(value, list):
            for inner in value[:2]:
                yield from _values({f"{name}[]": inner})


def _measured(up: str, down: str, number: float) -> list[str]:
    return [f"?{up}?up?{number!r}", f"?{down}?down?{number!r}"]


def _forms_of(value: Any, now: float) -> list[str]:
    if isinstance(value, str):
        return _forms_of_text(value[:400], value, now)
    if isinstance(value, bool):
        return ["value:true" if value else "value:false"]
    if isinstance(value, (int, float)):
        found = ["negative"] if value < 0 else [] if value else ["value:0"]
        if abs(value) < 1e15:
            time = float(value) if value < 4e9 else value / 1000.0
            if now > 0.0 and 1e9 <= time < 4e9:
                found.append("past" if time < now else "future")
            found += _measured("above:", "below:", float(value))
        return [*found, "whole" if value == int(value) else "fraction"]
    if isinstance(value, list):
        return [*_measured("more:", "fewer:", float(len(value))), f"items:{_bucket(len(value))}"]
    if value is None:
        return ["null"]
    return ["object" if value else "empty"]


def _forms_of_text(text: str, whole: str, now: float) -> list[str]:
    if not whole:
        return ["empty"]
    last = text[-1]
    found = []
    if len(whole) <= 24 and " " not in whole and whole.replace("-", "").replace(".", "").isalpha():
        found.append(f"value:{whole.lower()}")
    days = _days(text)
    if days is not None and now > 0.0:
        today = now / 86_400.0 if days % 1.0 else float(now // 86_400.0)
        found += ["past"] if days < today else ["future"] if days > today else []
    found.append(f"first:{_first(text)}")
    if not last.isalnum() and len(whole) <= 400:
        found.append(f"last:{last}")
    for what, marks in (("quotes", "'\""), ("brackets", "([<"), ("lines", "\n")):
        if any(mark in text for mark in marks):
            found.append(f"has:{what}")
    if not text.isascii():
        found.append("has:letters beyond ASCII")
    if text != text.lower():
        found.append("has:capitals")
    if any(char.isdigit() for char in text[:64]):
        found.append("has:digits")
    found += _measured("longer:", "shorter:", float(len(whole)))
    found += [f"words:{_bucket(text.count(' ') + 1)}", f"length:{_bucket(len(whole))}"]
    return found


def _bucket(number: int) -> str:
    low = 1 << (number.bit_length() - 1) if number else 0
    return str(number) if number < 4 else f"{low} to {2 * low - 1}"


# Phrases.


def groups_of(words: bytes, scopes: Scopes, forms: bytes, quoting: int = 0) -> list[tuple[float, list[int]]]:
    """What each sort of marks counts for, and the marks."""
    weighed = unpacked(words)[:WEIGHED_WORDS]
    groups = [
        (WORDS_WEIGHT, [*weighed]),
        (PAIRS_WEIGHT, pairs_of(weighed)),
        (PLACED_WEIGHT, [place * word >> 16 for place in places_of(scopes) for word in weighed]),
        (FORM_WEIGHT, [*unpacked(forms)]),
        (QUOTED_WEIGHT, [beside(quoting) * word >> 16 for word in weighed if quoting]),
    ]
    return [(scale / len(marks) ** 0.5, marks) for scale, marks in groups if marks]


def pairs_of(words: Sequence[int]) -> list[int]:
    return [one * 31 + other * 17 for one, other in pairwise(words)]


def places_of(scopes: Scopes) -> list[int]:
    return [int.from_bytes(value[:4], "big") | 1 for _, value in scopes]


def beside(quoting: int) -> int:
    return quoting * 0x9E3779B1 % 2**32 | 1


def weigh(weights: bytearray, words: bytes, scopes: Scopes, forms: bytes, quoting: int = 0) -> float:
    if not weights:
        return 0.0
    at = memoryview(weights).cast("f")
    total = 0.0
    for scale, marks in groups_of(words, scopes, forms, quoting):
        part = 0.0
        for mark in marks:
            part += at[mark % len(at)]
        total += scale * part
    return total


def weigh_each(weights: bytearray, words: bytes, scopes: Scopes, quoting: int = 0) -> list[float]:
    """By the definition: the weight of a call with this word alone, without pairs and forms, times the place's root."""
    said = []
    for word in unpacked(words)[:WEIGHED_WORDS]:
        one = word.to_bytes(4, "big")
        alone = weigh(weights, one, (), b"")
        here = weigh(weights, one, scopes, b"") - alone
        quoted = weigh(weights, one, (), b"", quoting) - alone
        said.append(alone + here + quoted)
    return said


def descend(
    weights: bytearray,
    squares: bytearray,
    words: bytes,
    scopes: Scopes,
    forms: bytes,
    error: float,
    quoting: int = 0,
) -> None:
    at, seen = memoryview(weights).cast("f"), memoryview(squares).cast("f")
    for scale, marks in groups_of(words, scopes, forms, quoting):
        gradient = error * scale
        for mark in marks:
            slot = mark % len(at)
            square = seen[slot] = seen[slot] + gradient * gradient
            at[slot] -= 0.5 * gradient / sqrt(square + 0.1)


def count(failures: bytearray, successes: bytearray, words: bytes, failed: bool) -> None:
    counts = failures if failed else successes
    for slot in {word % len(counts) for word in unpacked(words)[:WEIGHED_WORDS]}:
        if counts[slot] == 255:
            failures[slot] = (failures[slot] + 1) // 2
            successes[slot] = (successes[slot] + 1) // 2
        counts[slot] += 1


def rate(failures: bytearray, successes: bytearray, words: bytes, prior: float, rest: float) -> float | None:
    found = [(failures[word % len(failures)], successes[word % len(successes)]) for word in unpacked(words)]
    seen = [one for one in found[:WEIGHED_WORDS] if one != (0, 0)]
    return sum(log((bad + prior) / (good + rest)) for bad, good in seen) / len(seen) if seen else None


def unseen(bits: bytes | bytearray, marks: Sequence[int]) -> list[int]:
    return [mark for mark in marks if not bits[mark // 8 % len(bits)] >> mark % 8 & 1]


def new(word_bits: bytearray, pair_bits: bytearray, words: bytes, note: bool = False) -> tuple[int, int]:
    known = unpacked(words)[:KNOWN_WORDS]
    found = []
    for bits, marks in ((word_bits, [*known]), (pair_bits, pairs_of(known))):
        fresh = unseen(bits, marks)
        found.append(len(fresh))
        for mark in fresh if note else ():
            bits[mark // 8 % len(bits)] |= 1 << mark % 8
    return found[0], found[1]


# Counts and scopes.


def add(record: Counted, failed: bool, now: float, half_life: float, weight: float = 1.0) -> None:
    if now > record.time:
        if record.time:
            keep = 0.5 ** ((now - record.time) / half_life)
            record.successes *= keep
            record.failures *= keep
        record.time = now
    elif record.time:
        weight *= 0.5 ** ((record.time - now) / half_life)
    total = record.successes + record.failures
    if total > EVIDENCE_CAP:
        record.successes *= EVIDENCE_CAP / total
        record.failures *= EVIDENCE_CAP / total
    if failed:
        record.failures += weight
    else:
        record.successes += weight


def inside(everywhere: Counted, scope: Counted, prior: float) -> float:
    successes = max(everywhere.successes - scope.successes, 0.0)
    failures = max(everywhere.failures - scope.failures, 0.0)
    outside = (failures + prior) / (successes + failures + 1.0)
    return (scope.failures + outside) / (scope.successes + scope.failures + 1.0)


def here(
    everywhere: Counted, prior: float, strength: float, records: Mapping[bytes, Counted], scopes: Scopes
) -> float | None:
    found = [records[value] for _, value in scopes if value in records]
    p, wider = everywhere.mean(prior, strength), everywhere.total
    for record in sorted(found, key=lambda one: (-one.total, one.failures)):
        if record.total < 0.98 * wider:
            wider = record.total
            p = (record.failures + 2.0 * p) / (record.total + 2.0)
    return p if found else None


def judge_scopes(
    merits: dict[str, list[float]], most: int, rate: Counted, records: Mapping[bytes, Counted], scopes: Scopes,
    failed: bool,
) -> None:  # fmt: skip
    p_all = rate.mean(0.5, 1.0)
    loss_all = -log(p_all if failed else 1.0 - p_all)
    for key, value in scopes:
        if value not in records or (key not in merits and len(merits) >= most):
            continue
        p = inside(rate, records[value], 0.5)
        merit = merits.setdefault(key, [0.0, 0.0])
        merit[0] = merit[0] * 0.995 + (loss_all + log(p if failed else 1.0 - p))
        merit[1] = merit[1] * 0.995 + 1.0


def two_most_telling(
    first: Mapping[str, Sequence[float]], second: Mapping[str, Sequence[float]], scopes: Scopes
) -> list[bytes]:
    ranked = sorted(scopes, key=lambda scope: -(first.get(scope[0]) or second.get(scope[0]) or (0.0,))[0])
    return [value for _, value in ranked[:2]]


# Weights.


def combine(
    overall: Sequence[float], own: Sequence[float] | None, x: Sequence[float], ends: Sequence[int]
) -> tuple[float, bool, int, list[float]]:
    score, parts, start = 0.0, [], 0
    for end in ends:
        before = score
        for i in range(start, end):
            score += overall[i] * x[i] + (own[i] * x[i] if own is not None else 0.0)
        parts.append(score - before)
        start = end
    known = any(x[ends[0] :])
    most = max(parts[1:], default=0.0)
    return score, known, parts.index(most, 1) if known and most > 0.0 else -1, parts if known else []


def descend_weights(
    values: list[float], squares: list[float], offsets: list[float], own_squares: list[float], x: Sequence[float],
    error: float, together: int,
) -> None:  # fmt: skip
    for i, feature in enumerate(x):
        gradient = error * feature
        if i >= together:
            squares[i] += gradient * gradient
            values[i] -= STEP_OVERALL * gradient / squares[i] ** 0.5
        if feature:
            own_squares[i] += gradient * gradient
            offsets[i] -= STEP_TOOL * gradient / own_squares[i] ** 0.5 + OFFSET_DECAY * STEP_TOOL * offsets[i]


def descend_together(
    rows: list[list[float]], values: list[float], x: Sequence[float], error: float, information: float
) -> bool:
    size = len(rows)
    if abs(error) < LEAST_ERROR:
        return False
    along = [sum(one * other for one, other in zip(row, x, strict=False)) for row in rows]
    news = information * sum(one * other for one, other in zip(along, x, strict=False))
    for i in range(size):
        values[i] -= error / (1.0 + news) * along[i]
    if news < LEAST_NEWS:
        return False
    for i in range(size):
        for j in range(size):
            rows[i][j] -= information / (1.0 + news) * along[i] * along[j]
    return True


# Names.


def names_in(text: str) -> Iterator[str]:
    for run in _NAME.findall(text):
        word = run.strip(".:!?*")
        if len(word) >= 3:
            yield word
        if not word.isidentifier():
            yield from re.findall(r"\w{3,64}", word)


def words_in(values: Sequence[Any], hidden: re.Pattern[str], most: int) -> list[str]:
    found: list[str] = []
    for value in values:
        if len(found) >= most:
            break
        if isinstance(value, str):
            if 3 <= len(value) <= 64 and "\n" not in value and not hidden.search(value):
                found.append(value)
            found += islice(names_in(hidden.sub(" ", value[:1_024])), most)
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) > 99:
            found.append(str(value))
    return found[:most]


def unknown(known: str, names: Sequence[str]) -> list[str]:
    return [one for one in dict.fromkeys(names) if f"\n{one}\n" not in known]


def count_values(
    counted: dict[str, dict[str, int]], values: Sequence[tuple[str, str]], most_arguments: int, most_values: int
) -> bool:
    changed = False
    for name, value in values:
        if name not in counted and len(counted) >= most_arguments:
            continue
        counts = counted.setdefault(name, {})
        if value not in counts and len(counts) >= most_values:
            del counts[min(counts, key=counts.__getitem__)]
        counts[value] = counts.get(value, 0) + 1
        changed = True
    return changed
