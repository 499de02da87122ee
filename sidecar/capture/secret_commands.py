"""Secrets where a program, a statement or a file expects one: no name stands before them that says so.

Short flags mean something else to each program (``-p`` is a port, a path, a password), so each stands with the programs
that mean a password by it, and with whether they take it apart (``-p word``) or only attached (``-pword``).
"""

from __future__ import annotations

import re
from typing import Final

from .secret_names import is_secret_name
from .shape import STAND_IN, Found, Shape, Span

#: What may stand between a program and its flag: the same command still.
BETWEEN: Final = r"(?:[^\n|;&]|&[^\n|;&]){0,200}?"
#: A word as a shell reads it, quoted or not; in JSON in a string its quotes are escaped.
_WORD: Final = (
    r"(?:\\+[\"'](?P<e>[^\"'\\\n]+)|\"(?P<d>[^\"\n]+)|'(?P<s>[^'\n]+)"
    r"|(?P<v>(?:[^\s\"'<>|;&\\=]|\\[^\s\"'])(?:[^\s<>|;&\\]|\\[^\s\"'])*))"
)
#: The same after a user's name and a mark. The name may be missing.
_PAIR: Final = (
    r"(?:\\+[\"'][^\s:,%\"'\\]*[:,%](?P<e>[^\"'\\\n]+)|\"[^\s:,%\"]*[:,%](?P<d>[^\"\n]+)"
    r"|'[^\s:,%']*[:,%](?P<s>[^'\n]+)|[^\s:,%\"'<>|;&\\]*[:,%](?P<v>[^\s\"'<>|;&\\][^\s\"'<>|;&]*))"
)
_QUOTED: Final = r"(?:\\+[\"'](?P<e>[^\"'\\\n]+)\\+[\"']|\"(?P<d>[^\"\n]+)\"|'(?P<s>[^'\n]+)')"
#: The only word that a program is given to read.
_ECHOED: Final = rf"\becho\s+(?:-\w+\s+)?{_WORD}[\"']?\s*"
#: Behind a host and its port, a database and a user: a password of .pgpass, with its marks escaped.
_PGPASS: Final = r"[\w.*\-]+:(?:\d+|\*):[^\s:\"']+:[^\s:\"']+:(?P<v>(?:[^\s:\"'\\<>]|\\[:\\])+)"
#: Between a flag that takes its word apart, or attached, and the word.
_APART: Final = r"[ \t=]{1,3}"
_EITHER: Final = r"[ \t=]{0,3}"

_PORTS: Final = re.compile(r"[\d.]*(?::\d+)+(?:/\w+)?")
#: In SQL, in the place of a password.
_NO_PASSWORDS: Final = frozenset("random values password externally globally".split())
_GROUPS: Final = "edsv"


def _given(found: Found) -> Span | None:
    """A word that is given, unless it is a variable, a blank, another flag, or ports that are published."""
    group = next((one for one in _GROUPS if one in found.spans and found.span(one)[0] >= 0), "v")
    start, end = found.span(group)
    value = found.group(group)
    if group == "v":
        stripped = value.rstrip("\"'`)],")
        end -= len(value) - len(stripped)  # what was stripped is ASCII
        value = stripped
    if not value or value[0] == "-" or STAND_IN.fullmatch(value) or _PORTS.fullmatch(value):
        return None
    return start, end


def _set(found: Found) -> Span | None:
    return _given(found) if is_secret_name(found.group("n")) else None


def _of_statement(found: Found) -> Span | None:
    return None if found.group("v").lower() in _NO_PASSWORDS else _given(found)


def _flagged(programs: str, flags: str, word: str = _WORD) -> Shape:
    return Shape("secret", rf"\b(?:{programs})\b{BETWEEN}\s[\"']?(?:{flags}){word}", _given)


#: The table, in the order it is applied.
COMMANDS: Final[tuple[Shape, ...]] = (
    _flagged(r"(?:mysql|mariadb)[\w\-]*", "-p"),
    # Its own flags only: the program that it runs has a -p too.
    Shape("secret", rf"\bsshpass(?:\s+-[vhV]|\s+-P\s*\S+)*\s+[\"']?-p{_EITHER}{_WORD}", _given),
    _flagged(
        r"mongo(?:sh|dump|restore|export|import|stat|top|files)?|cqlsh|rdesktop|useradd|usermod"
        r"|(?:docker|podman|nerdctl|buildah|skopeo|registry|oras|auth|az|oc|cf|ibmcloud|faas-cli)\s+login",
        f"-p{_EITHER}",
    ),
    _flagged(r"sqlcmd|bcp|osql|tsql|ipmitool|mosquitto_(?:pub|sub|rr)", f"-P{_EITHER}"),
    _flagged(r"(?:redis|valkey|keydb)-cli", f"-a{_APART}"),
    _flagged(r"ldap(?:search|modify|add|delete|passwd|whoami|compare|modrdn|exop)", f"-w{_EITHER}"),
    _flagged(r"openssl", f"(?:-[kK]|-hmac){_APART}"),
    # Those that take a name and a password in one; flags of one letter may stand together.
    _flagged(r"curl|lftp|smbclient|rpcclient", f"-[sSkLivf]{{0,2}}[uU]{_EITHER}", _PAIR),
    _flagged(r"curl|smbclient|rpcclient", f"--(?:proxy-)?user{_APART}", _PAIR),
    Shape("secret", rf"\s--(?:src-|dest-)?creds[ =]{_PAIR}", _given),
    Shape("secret", rf"\b(?:sqlplus|sqlldr|expdp|impdp)\b{BETWEEN}[ \t][\"']?[\w$#.]+/(?P<v>[^\s@/\"'<>|;&]+)", _given),
    Shape("secret", rf"freerdp\S*\b{BETWEEN}\s[\"']?/p:{_WORD}", _given),
    # By their place.
    Shape(
        "secret",
        rf"\brabbitmqctl\b{BETWEEN}\s(?:add_user|change_password|authenticate_user)\s+(?:--\s+)?\S+\s+{_WORD}",
        _given,
    ),
    Shape("secret", rf"\bhtpasswd\s+-(?:\w*n\w*b|\w*b\w*n)\w*\s+\S+\s+{_WORD}", _given),
    Shape("secret", rf"\bhtpasswd\s+-\w*b\w*\s+\S+\s+\S+\s+{_WORD}", _given),
    Shape("secret", rf"(?i)\bconfig(?:ure)? set (?P<n>[^\s=]+) {_WORD}", _set),
    Shape("secret", rf"(?i)\b(?:requirepass|masterauth)[ \t]+{_WORD}", _given),
    # What a program reads from its input.
    Shape("secret", rf"{_ECHOED}\|\s*sudo\s(?:[^\n|;&]{{0,80}}?\s)?-k?S\b", _given),
    Shape("secret", rf"{_ECHOED}\|{BETWEEN}(?:--pass(?:word)?-stdin|passwd --stdin|--with-token)\b", _given),
    Shape("secret", rf"\becho\s+(?:-\w+\s+)?{_PAIR}[\"']?\s*\|{BETWEEN}chpasswd\b", _given),
    # SQL.
    Shape(
        "secret",
        r"(?i)\b(?:identified\s+(?:(?:with|via)\s+\w+\s+)?(?:by|as|using)|password(?:\s+for\s+\S+\s*=)?)\s+"
        rf"(?:password\s+|values\s+)?[en]?{_QUOTED}",
        _given,
    ),
    Shape("secret", r"(?i)\b(?:create|alter)\s+user\s+\S+\s+identified\s+by\s+(?P<v>[^\s\"'<>;,]+)", _of_statement),
    Shape("secret", rf"(?i)\bpassword ?\(\s*[en]?{_QUOTED}\s*\)", _given),
    Shape("secret", rf"(?i)\bcrypt\s*\(\s*{_QUOTED}\s*,\s*gen_salt\b", _given),
    # Lines of .netrc and .pgpass.
    Shape(
        "secret",
        rf"\b(?:machine\s+\S+|default)(?:\s+(?:login|account)\s+\S+){{1,2}}\s+password\s+{_WORD}",
        _given,
    ),
    Shape("secret", rf"\bmachine\s+\S+\s+password\s+{_WORD}\s+(?:login|account)\b", _given),
    Shape("secret", _PGPASS.replace(r"(?:\d+|\*)", "5432"), _given),
    Shape("secret", rf"{_PGPASS}[\"']?\s*>>?\s*\S*pgpass\b", _given),
    Shape("secret", rf"pgpass\b[\w\s\"'<>./~\-]{{0,60}}?\s[\"']?{_PGPASS}", _given),
)  # fmt: skip
