"""How secrets and personal data look in text: an ordered table of RE2 patterns.

In a pattern the group ``v`` is what is hidden, or the whole match where there is none. RE2 runs in linear time whatever
the pattern and has no lookaround, so what a pattern cannot say about its surroundings, or about check digits, is said
by ``accept``: it gets the match and answers which span to hide, or None. Order counts: what an earlier pattern hid, a
later one does not see; wide ones (a whole key block, a whole header) come before the narrow.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Final

from .checksums import iban_end, is_card_number
from .secret_commands import COMMANDS
from .secret_names import HINT, is_secret_name
from .shape import STAND_IN, Found, Shape, Span

_PLAIN: Final = frozenset(
    "none null nil true false str string bytes int bool any optional required missing invalid incorrect expired is was"
    " not has undefined must cannot wrong".split()
)
_ASSIGNS: Final = re.compile(
    rb"(?i)(?:passw|secret|token|api.?key|credential)[\w-]*[\"']?\s*[:=]"
    rb"|PRIVATE KEY|https?://[^/\s]*:[^/\s]*@"
)
#: What may stand before a quoted text, in SQL and in programs.
_PREFIXES: Final = frozenset("befnru")
_PROSE: Final = re.compile(r"[a-z]{1,11}")
_FILES: Final = frozenset("png jpg jpeg gif svg webp ico css js ts jsx tsx py md json html yml yaml txt csv".split())


def _inside_word(char: str) -> bool:
    return bool(char) and (char == "_" or char.isalnum() or char > "\x7f")


def _alone(found: Found) -> Span | None:
    span = found.span()
    before, after = found.neighbours(span)
    if _inside_word(before) or _inside_word(after) or before in ("-", ".", "+", "#") or after == "-":
        return None
    # "123-45-6789.5" is a number; "123-45-6789." ends a sentence.
    return None if after == "." and found.data[span[1] + 1 : span[1] + 2].isdigit() else span


def _assigned(found: Found) -> Span | None:
    """A value after a name: hidden when the name says secret, however the value looks, unless it is a stand-in."""
    name = found.group("n").lstrip("-")
    group = next((group for group in ("e", "d", "s", "v") if found.span(group)[0] >= 0), "v")
    start, end = found.span(group)
    value = found.group(group)
    if group == "v":
        stripped = value.rstrip(",.)]}:!?|\\")
        end -= len(value) - len(stripped)  # what was stripped is ASCII
        value = stripped
    if not value or value.lower() in _PLAIN or STAND_IN.fullmatch(value) or not is_secret_name(name):
        return None
    if group == "v" and value.lower() in _PREFIXES and found.neighbours((start, end))[1] in ("'", '"'):
        return None  # N'…', whose text was hidden before
    if name in ("PWD", "OLDPWD") and value[0] in "/~.":
        return None
    before = found.data[found.span("n")[1] : start]
    if group == "v" and before.endswith(b": ") and "token" in name.lower() and _PROSE.fullmatch(value):
        return None  # "Unexpected token: identifier"
    return start, end


def _assigned_key(found: Found) -> Span | None:
    """A value after a name that only hints ("key", "auth", "sig"): hidden when it looks random."""
    value = found.group("v")
    kinds = sum(bool(re.search(kind, value)) for kind in (r"\d", r"[a-z]", r"[A-Z]"))
    return found.span("v") if kinds >= 2 and len(set(value)) >= 10 else None


def _flag(found: Found) -> Span | None:
    value = found.group("v")
    named = is_secret_name(found.group("n").lstrip("-"))
    return found.span("v") if named and value[0] != "-" and not STAND_IN.fullmatch(value) else None


def _basic(found: Found) -> Span | None:
    return found.span("v") if b":" in _decoded(found.group("v")) else None


def _random(found: Found) -> Span | None:
    value = found.group("v")
    return found.span("v") if re.search(r"\d", value) or len(value) >= 32 else None


def _bounded(found: Found) -> Span | None:
    """Not the tail of a longer word: "task-…" holds no "sk-…"."""
    return None if _inside_word(found.neighbours(found.span("v"))[0]) else _random(found)


def _encoded(found: Found) -> Span | None:
    """Base64 of a text that assigns a secret: configuration, a key file, a container's environment."""
    return found.span("v") if _ASSIGNS.search(_decoded(found.group("v"))) else None


def _element(found: Found) -> Span | None:
    return found.span("v") if is_secret_name(found.group("n")) and found.group("v").strip() else None


def _decoded(value: str) -> bytes:
    value = value.rstrip("=")
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), altchars=b"-_")
    except (binascii.Error, ValueError):
        return b""


def _card(found: Found) -> Span | None:
    digits = found.group().replace(" ", "").replace("-", "")
    return _alone(found) if len(digits) <= 19 and is_card_number(digits) else None


def _iban(found: Found) -> Span | None:
    start, _ = found.span()
    if _inside_word(found.neighbours(found.span())[0]):
        return None
    length = iban_end(found.group())
    return (start, start + length) if length else None


def _ssn(found: Found) -> Span | None:
    area, group, serial = found.group().split("-")
    return None if area in ("000", "666") or area[0] == "9" or group == "00" or serial == "0000" else _alone(found)


def _email(found: Found) -> Span | None:
    address = found.group()
    file = address.rsplit(".", 1)[1].lower() in _FILES  # "icon@2x.png"
    return None if file or address.startswith("git@") else found.span()


def _phone(found: Found) -> Span | None:
    span = found.span()
    before, after = found.neighbours(span)
    value = found.group()
    digits = sum(char.isdigit() for char in value)
    least = 10 if value[1:].isdigit() else 8
    outside = _inside_word(before) or before in ("+", ".") or _inside_word(after)
    return None if outside or not least <= digits <= 15 else span


_TOKEN: Final = "|".join(  # noqa: FLY002  (a table)
    (
        r"gh[pousr]_[A-Za-z0-9]{16,}|github_pat_\w{20,}|gl(?:pat|dt|rt|ft|ptt|cbt|soat)-[\w-]{16,}",
        r"xox[abeoprs]-[\w-]{8,}|xapp-[\w-]{10,}|hooks\.slack\.com/(?:services|workflows)/[\w/+-]{10,}",
        r"(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{8,}|whsec_[\w+/=-]{16,}",
        r"AIza[\w-]{30,}|ya29\.[\w-]{16,}|GOCSPX-[\w-]{16,}|1//0[\w-]{30,}",
        r"npm_[A-Za-z0-9]{30,}|pypi-[\w-]{32,}|hf_[A-Za-z0-9]{24,}|SG\.[\w-]{16,}\.[\w-]{16,}",
        r"dop_v1_[0-9a-f]{32,}|dapi[0-9a-f]{32}|hv[sbr]\.[\w-]{20,}|shp(?:at|ss|ca|pa)_[0-9a-fA-F]{32}",
        r"lin_api_\w{20,}|glsa_\w{20,}|sq0(?:atp|csp)-[\w-]{20,}|EAAA[\w-]{50,}|key-[0-9a-f]{32}",
        r"AGE-SECRET-KEY-1[0-9A-Z]{40,}|rubygems_[0-9a-f]{32,}|PMAK-[\w-]{40,}|\d{8,10}:AA[\w-]{30,}",
        r"discord(?:app)?\.com/api/webhooks/\d+/[\w-]{20,}|NRAK-[A-Z0-9]{20,}|xai-\w{40,}|gsk_\w{30,}",
        r"AT[AC]TT3[\w=-]{20,}|dckr_(?:pat|oat)_[\w-]{20,}|\w{14}\.atlasv1\.[\w-]{40,}|pul-[0-9a-f]{40}",
        r"sntry[su]_[\w+/=-]{24,}|ntn_\w{30,}|secret_[A-Za-z0-9]{40,}|figd_[\w-]{24,}|sbp_[0-9a-f]{40}",
        r"pscale_(?:tkn|pw|oauth)_[\w-]{24,}|r8_[A-Za-z0-9]{30,}|pplx-[A-Za-z0-9]{32,}|HRKU-[\w-]{30,}",
    )
)

_FLAG: Final = HINT.removeprefix("(?i)").replace("[^a-z0-9]*", "[-_]?")
_NAME: Final = (
    r"(?P<n>[A-Za-z0-9_.\-]*(?i:passw|passphrase|passcode|pwd|pass|secret|credential|token|bearer|jwt|cv[vc]|ssn|iban"
    r"|dsn|cookie|user_?pass|(?:api|private|access|signing|encryption|auth|ssh|account|shared|master|license|service"
    r"|deploy"
    r"|subscription|storage|session|client|host)[ _.\-]?keys?|connection[ _.\-]?string|card[ _.\-]?number"
    r"|security[ _.\-]?code|x-auth|rediscli[ _.\-]?auth|masterauth)[A-Za-z0-9_.\-]{0,32})"
)
_VALUE: Final = (
    r"(?:\\+[\"'](?P<e>[^\"'\\]+)|[bBeEfFnNrRuU]?\"(?P<d>(?:[^\"\\]|\\.)+)\"|[bBeEfFnNrRuU]?'(?P<s>(?:[^'\\]|\\.)+)'"
    r"|[\"'`]?(?P<v>[^\s\"'`&;<>]+))"
)

#: Every command line has flags: only those are looked at whose name may say secret.
FLAG: Final = Shape(
    "secret", rf"(?i)(?P<n>--?[a-z0-9\-_]*(?:{_FLAG})[a-z0-9\-_]*)[ =]+[\"']?(?P<v>[^\s\"'`<>|;&]+)", _flag
)

#: The table, in the order it is applied.
SHAPES: Final[tuple[Shape, ...]] = (
    # First, because what another shape hides would part a program from its flags.
    *COMMANDS,
    Shape(
        "private_key",
        r"-----BEGIN [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----(?:(?s:.*?)-----END [A-Z0-9 ]{0,32}PRIVATE"
        r" KEY(?: BLOCK)?-----|(?s:.*))",
    ),
    # The end of a key whose beginning was cut away.
    Shape("private_key", r"(?:[A-Za-z0-9+/=\s]|\\[nr]){16,}-----END [A-Z0-9 ]{0,32}PRIVATE KEY(?: BLOCK)?-----"),
    # Base64 of "-----BEGIN " and of '{"auths":' (a registry's configuration).
    Shape("encoded", r"(?:LS0tLS1CRUdJTi|eyJhdXRocyI6)[A-Za-z0-9+/=]{16,}"),
    Shape("encoded", r"(?P<v>[A-Za-z0-9+/]{16,}={1,2})", _encoded),
    Shape("jwt", r"eyJ[A-Za-z0-9_-]{5,}\.(?:eyJ)?[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*){0,3}"),
    Shape(
        "secret",
        r"(?i)\b(?:proxy-)?authorization\\*[\"']?(?:\s*[:=]\s*|%3A(?:%20|\+)?)\\*[\"']?"
        r"(?P<v>[^\s\"'\\,;<>{}]+(?: +[^\s\"'\\<>{}]+)*)",
    ),
    Shape(
        "cookie", r"(?i)\b(?:set-)?cookie\\*[\"']?\s*:\s*\\*[\"']?(?P<v>[\w.%-]+=[^\s;\"'\\<>]*(?:; ?[^\s;\"'\\<>]+)*)"
    ),
    Shape("token", r"(?i)\bbearer(?:\s+|%20|\+|\s*[:=]\s*)(?P<v>[A-Za-z0-9._~+/=\-]{8,})", _random),
    Shape("token", r"(?i)\bbasic(?:\s+|%20|\+)(?P<v>[A-Za-z0-9+/_\-]{6,}={0,2})", _basic),
    Shape("url_password", r"(?i)\b[a-z][a-z0-9+.\-]{1,24}://[^\s/:@\"'<>]*:(?P<v>[^\s/\"'<>]+)@"),
    Shape("url_password", r"(?i)\b[a-z][a-z0-9+.\-]{1,24}://(?P<v>[^\s/:@\"'<>]{16,})@", _random),
    Shape("url_password", r"(?i)%3A%2F%2F[^%\s\"'<>]*%3A(?P<v>[^\s&\"'<>]+?)%40"),
    Shape("aws_key", r"(?P<v>(?:AKIA|ASIA|ABIA|ACCA|AROA|AIDA)[A-Z0-9]{16,})"),
    Shape("api_key", rf"(?P<v>{_TOKEN})"),
    Shape("api_key", r"(?P<v>\bsk-[A-Za-z0-9_\-]{16,})", _bounded),
    Shape("secret", rf"{_NAME}\\*[\"'`\]]*(?:\s*(?:==?=?|!=|:=?|=>|~=)\s*|%3[DdAa]){_VALUE}", _assigned),
    FLAG,
    Shape(
        "secret",
        r"(?i)\b(?:[a-z0-9_]{0,24}key|auth|sig|signature|credential|session)\\*[\"']?\s*[:=]\s*\\*[\"']?"
        r"(?P<v>[A-Za-z0-9+/_.\-]{20,}={0,2})",
        _assigned_key,
    ),
    Shape("secret", r"<(?P<n>[A-Za-z][\w:.\-]*)>(?P<v>[^<>]+)</", _element),
    Shape(
        "secret",
        r"(?i)\b(?:password|passphrase|passcode|secret|token) (?:is|was) [\"']?(?P<v>[^\s\"'<>]*\d[^\s\"'<>]*)",
    ),
    Shape("email", r"(?i)[a-z0-9][a-z0-9._%+\-]*@(?:[a-z0-9](?:[a-z0-9\-]*[a-z0-9])?\.)+[a-z]{2,24}\b", _email),
    Shape("email", r"(?i)[a-z0-9][a-z0-9._+\-]*%40(?:[a-z0-9\-]{1,}\.)+[a-z]{2,24}\b"),
    Shape("iban", r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?", _iban),
    # Fourteen digits or more, spelled in counts that the prefilter keeps: as one count it would hit on any four.
    Shape(
        "card",
        r"\d{4}[ \-]\d{4}[ \-]\d{4}[ \-]\d{4}(?:[ \-]\d{3})?|\d{4}[ \-]\d{6}[ \-]\d{4,5}|\d{4}\d{4}\d{4}\d{2,}",
        _card,
    ),
    Shape("ssn", r"\d{3}-\d{2}-\d{4}", _ssn),
    Shape("phone", r"\+[1-9]\d{0,3}(?:[ .\-/]?\(?\d{1,5}\)?){1,7}", _phone),
    Shape("phone", r"\(\d{3}\) ?\d{3}-\d{4}\b"),
)
