"""What secrets cannot be without: a quick look that says of most texts that they certainly hold none.

Each shape of ``secret_shapes.py`` and ``secret_commands.py`` needs one of the literals here, in any case, with what is
said beside it; numbers of people (``card``, ``iban``, ``ssn``, ``phone``) are known by the kernel. A literal may be the
end of what is meant: the shorter, the smaller the table. Whoever adds a shape adds what it needs:
``test_hint_table.py`` and ``test_secret_hints.py`` hold the table to the patterns. Only "nothing here" is believed; all
else is searched as before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

from ..native.hints import (
    ADDRESS,
    ALONE,
    ASSIGNED,
    ENCODED,
    FIRST,
    FIRSTS_OTHER,
    KEYED,
    LONG,
    SECOND,
    SECONDS_OTHER,
    SPACED,
    TAILED,
    Hints,
)

_KEYS: Final = (
    "api private access signing encryption auth ssh account shared master license service deploy subscription storage"
    " host session client"
).split()

_HIDDEN: Final = "password passphrase passcode secret token".split()


def _joined(firsts: Iterable[str], second: str) -> Iterator[str]:
    """Two words as names and texts join them."""
    for first in firsts:
        for mark in ("", " ", "_", ".", "-"):
            yield f"{first}{mark}{second}"


def _flags_together(others: str, flag: str) -> Iterator[str]:
    """A flag of one letter, alone and behind one or two others."""
    for many in range(3):
        for before in product(others, repeat=many):
            yield f"-{''.join(before)}{flag}"


_TABLE: Final[tuple[tuple[int, Iterable[str]], ...]] = (
    # private_key, whole and its end; element; url_password and email where "@" is written as "%40"; two services.
    (ALONE, ("private key", "</", "%40", "hooks.slack.com/", "/api/webhooks/")),
    # "password is …"
    (ALONE, (f"{word} {verb}" for verb in ("is", "was") for word in _HIDDEN)),
    # url_password, email: never after a space, a slash or a quote.
    (ADDRESS, ("@",)),
    # encoded
    (ENCODED, ("=",)),
    (LONG, ("ls0tls1crudjti",)),
    # jwt, encoded, tokens
    (TAILED, "eyj xoxa- xoxb- xoxe- xoxo- xoxp- xoxr- xoxs- xapp-".split()),
    (TAILED, (f"{first}k_{second}_" for first in "srp" for second in ("live", "test"))),
    (LONG, "akia asia abia acca aroa aida sk- whsec_ aiza ya29. gocspx- 1//0 npm_ pypi- hf_ sg. dop_v1_ dapi".split()),
    (LONG, "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_ hvs. hvb. hvr. shpat_ shpss_ shpca_ shppa_ lin_api_ glsa_".split()),
    (LONG, (f"gl{kind}-" for kind in "pat dt rt ft ptt cbt soat".split())),
    (LONG, "atatt3 atctt3 dckr_pat_ dckr_oat_ .atlasv1. pul- sntrys_ sntryu_ ntn_ secret_ figd_ sbp_".split()),
    (LONG, "pscale_tkn_ pscale_pw_ pscale_oauth_ r8_ pplx- hrku-".split()),
    (LONG, "sq0atp- sq0csp- eaaa key- age-secret-key-1 rubygems_ pmak- :aa nrak- xai- gsk_".split()),
    # Commands, statements and files: see ``secret_commands.py``.
    (ALONE, "sqlplus sqlldr expdp impdp freerdp rabbitmqctl htpasswd chpasswd requirepass masterauth".split()),
    (ALONE, ("config set ", "configure set ", "password-stdin", "pass-stdin", "passwd --stdin", "--with-token")),
    (ALONE, ("gen_salt", ":5432:", "pgpass")),
    # "Bearer …", "Basic …", "identified by '…'", "password '…'"
    (SPACED, ("bearer", "basic", "identified", "password")),
    # Names and flags, headers (authorization, cookie).
    (ASSIGNED, "pass pwd secret credential authori cookie token bearer jwt cvv cvc ssn iban dsn".split()),
    # The last letter of each says enough: "n" of "encryption", "session" and "subscription".
    (ASSIGNED, sorted({*_joined((key[-1:] for key in _KEYS), "key")})),
    (ASSIGNED, (*_joined(("n",), "string"), *_joined(("d", "c"), "number"))),
    (ASSIGNED, (*_joined(("rity",), "code"), *_joined(("t",), "card"), *_joined(("l",), "security"))),
    (ASSIGNED, ("creds", "masterauth", *_joined(("i",), "auth"))),
    (ASSIGNED, (*_joined(("x",), "auth"), *_joined(("k", "d"), "url"))),
    # A long word after a name that only hints.
    (KEYED, "key auth sig signature credential session".split()),
    # A name and a password after flags that hold a "u"; a password after flags of other programs.
    (FIRST, ("curl", "lftp", "smbclient", "rpcclient")),
    (FIRSTS_OTHER, ("-user", *_flags_together("sklivf", "u"))),
    (SECOND, "mysql mariadb sshpass mongo cqlsh rdesktop useradd usermod login sqlcmd bcp osql tsql ipmitool".split()),
    (SECOND, "mosquitto_ redis-cli valkey-cli keydb-cli ldap openssl sudo".split()),
    (SECONDS_OTHER, "-p -a -w -k -hmac -s".split()),
)

#: In lower case, each with when it speaks.
LITERALS: Final = [(word.encode(), when) for when, words in _TABLE for word in words]
#: Safe to share: nothing in it changes.
HINTS: Final = Hints(LITERALS)
