"""Which names say that their value is a secret: of JSON keys, environment variables, headers, flags, settings.

One rule for all of them: a name is split into words (snake, kebab, camel and dotted spellings alike) and the words are
looked up. Names that only speak *of* a secret (``token_type``, ``max_tokens``, ``next_page_token``, ``secretName``)
are left alone, because their values are what failures are learned from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final

#: A word that makes the whole name a secret, wherever it stands.
WORDS: Final = frozenset(
    "password passwd passwords passphrase passcode pwd pass secret secrets credential credentials authorization cookie"
    " cookies setcookie apikey apikeys apitoken apisecret privatekey secretkey accesskey authkey accesstoken authtoken"
    " refreshtoken idtoken sessiontoken clientsecret bearer jwt cvv cvc ssn iban pgpassword mysqlpwd sshpass"
    " connectionstring dsn userpass storepass keypass srcstorepass deststorepass requirepass masterauth".split()
)

#: Two words that make it together, next to each other.
PAIRS: Final = frozenset(
    tuple(pair.split())
    for pair in (
        "api key|api keys|private key|access key|secret key|signing key|encryption key|auth key|ssh key|account key"
        "|shared key|master key|license key|service key"
        "|deploy key|subscription key|storage key|host key|connection string"
        "|session cookie|session key|pass phrase|card number|cc number|credit card|security code|social security"
        "|bearer token|access tokens|api tokens|auth tokens|refresh tokens|x auth|rediscli auth|client key|webhook url"
        "|signed url"
    ).split("|")
)

#: Before "token": it says where to go on, not who one is.
_CURSORS: Final = frozenset(
    "next page continuation continue pagination paging sync cursor start previous prev cancellation client request"
    " idempotency resume shard marker pad eos bos unk mask stop first last unexpected".split()
)

#: As the last word: the name is about the secret, and does not hold it.
_ABOUT: Final = frozenset(
    "name names type types count limit length size expiry expires expiration ttl url uri path file files field fields"
    " policy version enabled required arn ref scope scopes format hint status style method mode manager rotation"
    " budget usage index id ids kind class min max domain samesite reset changed location position source"
    " prefix".split()
)
#: Except after these, whose identifiers are part of the credential, or whose address carries it.
_ABOUT_BUT: Final = frozenset({("secret", "id"), ("key", "id"), ("token", "id"), ("webhook", "url"), ("signed", "url")})

_SPLIT: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")

#: RE2: a text without this has no name that ``is_secret_name`` knows. Cheap, and wider than the rule.
HINT: Final = (
    r"(?i)pass|pwd|secret|credential|authori|cookie|token|bearer|jwt|cv[vc]|ssn|iban|dsn"
    r"|(?:api|private|access|signing|encryption|auth|ssh|account|shared|master|license|service|deploy|subscription"
    r"|storage|host|session|client)[^a-z0-9]*key|connection[^a-z0-9]*string|(?:card|cc)[^a-z0-9]*number"
    r"|credit[^a-z0-9]*card"
    r"|security[^a-z0-9]*code|social[^a-z0-9]*security|x[^a-z0-9]*auth|rediscli[^a-z0-9]*auth|masterauth|webhook[^a-z0-9]*url|signed[^a-z0-9]*url"
)


def words_of(name: str) -> tuple[str, ...]:
    """The words of a name in lower case: ``dbPassword``, ``DB_PASSWORD`` and ``db-password`` give the same."""
    return tuple(word.lower() for word in _SPLIT.findall(name))


@lru_cache(maxsize=4_096)
def is_secret_name(name: str) -> bool:
    """Whether a value under this name is to be hidden whatever it looks like. Names over 128 characters are cut."""
    words = words_of(name[-128:])
    if not words:
        return False
    pairs = set(pairwise(words))
    if len(words) > 1 and words[-1] in _ABOUT:
        return bool(pairs & _ABOUT_BUT)
    if not WORDS.isdisjoint(words) or pairs & PAIRS:
        return True
    if "token" in words:
        at = words.index("token")
        return not (at and words[at - 1] in _CURSORS)
    return False


def normalised(names: Iterable[str]) -> frozenset[tuple[str, ...]]:
    """Names an administrator added, as words, to compare with ``words_of``."""
    return frozenset(words_of(name) for name in names)
