"""Secrets are hidden whatever field, depth or spelling they come in; what failures are learned from stays."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sidecar.capture.arguments import MAX_DEPTH, parse
from sidecar.capture.extractor import Extractor
from sidecar.capture.fingerprint import canonical
from sidecar.capture.redaction import CONTEXT_KEYS, CONTEXT_VALUE_CHARS, Redactor
from sidecar.capture.secret_names import is_secret_name
from sidecar.capture.secret_shapes import SHAPES
from sidecar.capture.templates import template
from sidecar.model.call import Call, Result
from sidecar.model.errors import InvalidArgumentError
from sidecar.model.vocabulary import Outcome

STAND_IN = re.compile(r"<([a-z_]+):[0-9a-f]{8}>")

#: A text with a secret of each kind in it, and the secret.
PLANTED = [
    ("key AKIAIOSFODNN7EXAMPLE", "IOSFODNN7EXAMPLE"),
    ("t=ghp_16C7e42F292c6912E7710c838347Ae178B4a", "16C7e42F292c6912E7710c838347Ae178B4a"),
    ("xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy", "pdFZKVeTuE8sk7oOcHrzqqgy"),
    ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyjWDarjtT1zdp7dc"),
    ("use sk-ant-api03-AbCd1234EfGh5678IjKl", "AbCd1234EfGh5678IjKl"),
    ("AIzaSyDaGmWKa4JsXZ-HjGw7ISLn_3namBGewQe", "DaGmWKa4JsXZ"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N", "dozjgNryP4J3jVmNHl0w5N"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA7\nq8Zz\n-----END RSA PRIVATE KEY-----", "MIIEpAIBAAKCAQEA7"),
    ("Authorization: Bearer zzTop99secretvalue", "zzTop99secretvalue"),
    ("Authorization: Basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy"),
    ("https://bob:hunter2pw@example.org/x", "hunter2pw"),
    ("export DB_PASSWORD=hunter2pw", "hunter2pw"),
    ('{"api_key": "hunter2pw"}', "hunter2pw"),
    ("Server=db;Pwd=hunter2pw;", "hunter2pw"),
    ("token: hunter2pw", "hunter2pw"),
    ("4111 1111 1111 1111", "4111 1111 1111 1111"),
    ("4111111111111111", "4111111111111111"),
    ("GB82 WEST 1234 5698 7654 32", "1234 5698 7654"),
    ("123-45-6789", "123-45-6789"),
    ("bob.smith@example.com", "bob.smith"),
    ("+1 415 555 2671", "415 555 2671"),
]
TEXTS = st.text(alphabet="ab1 \n\"'\\:;=/.,-é{}[]<>", max_size=12)


def test_case(redactor: Redactor, redaction_case: dict[str, Any]) -> None:
    expected = redaction_case.get("out", redaction_case["in"])
    redacted = redactor.redact_text(redaction_case["in"])
    assert STAND_IN.sub(r"<\1:*>", redacted) == expected
    assert redactor.redact_text(redacted) == redacted


@given(st.text(alphabet=st.characters(exclude_categories=())))
@example("password=<secret:12345678>x")
@example("password=\ud800")
def test_any_text_is_redacted_once(redactor: Redactor, text: str) -> None:
    once = redactor.redact_text(text)
    assert redactor.redact_text(once) == once


FRAGMENTS = st.lists(
    st.sampled_from(
        [text for text, _ in PLANTED]
        + ["password=", "token: ", "<email:12345678>", "@", "+", '"', "'", "\\", " ", "=", "a", "9", "://x:"]
    ),
    max_size=8,
)


@given(FRAGMENTS)
@settings(max_examples=400)
def test_fragments_of_secrets_are_redacted_once(redactor: Redactor, parts: list[str]) -> None:
    once = redactor.redact_text("".join(parts))
    assert redactor.redact_text(once) == once


@given(
    st.sampled_from(PLANTED),
    TEXTS,
    TEXTS,
    st.lists(st.sampled_from(["list", "dict", "json"]), max_size=5),
    st.booleans(),
)
@settings(max_examples=500, suppress_health_check=[HealthCheck.too_slow])
def test_a_planted_secret_is_gone(
    extractor: Extractor, planted: tuple[str, str], before: str, after: str, path: list[str], as_key: bool
) -> None:
    text, secret = planted
    text = f"{before}\n{text}\n{after}"
    value: Any = {text: 1} if as_key else text
    for step in path:
        value = [1, value] if step == "list" else {"note": value} if step == "dict" else json.dumps(value)
    arguments_json = json.dumps({"x": value}, ensure_ascii=as_key)
    call = Call("t", parse(arguments_json), arguments_json, {"db": text, "user": "u"}, "s", "c", "i", "", "", 1.0)
    captured = extractor.extract_pattern(call, Result(Outcome.FAILURE, f"Error: {text}", error_code=text))
    kept = f"{captured!r} {extractor.label(text)} {template(captured.error)}"
    assert secret not in kept
    assert secret not in kept.replace("\\\\", "\\").replace("\\\\", "\\")
    assert captured.features.redacted


PIECES = st.lists(
    st.sampled_from(
        [text for text, _ in PLANTED]
        + ["--token ", "--api-key=", "-p ", "--service key", "--x --token", "password", "4111", " 1111", "x@y"]
        + ["<secret:12345678>"]
        + ["=", ": ", '"', "'", "\\", "\n", " ", "a", "Zq9", "1", "+49", "%3A"]
    ),
    max_size=6,
).map("".join)  # fmt: skip
VALUES = st.recursive(
    PIECES | st.none() | st.booleans() | st.integers() | st.just(4111111111111111),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PIECES, inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(PIECES | st.sampled_from(["password", "api_key", "api -- key", "q"]), VALUES, max_size=4))
@settings(max_examples=1500)
@example({"q": "Unexpected token: identifier, --max-tokens 5, 2024 items, a=b="})
@example({"password": None, "q": 17000000000000})
@example({"\\token: hunter2pw": []})
@example({"a": [{"\\n": 1, "\\token": "hunter2pw"}]})
def test_clean_is_what_redaction_leaves_alone(redactor: Redactor, arguments: dict[str, Any]) -> None:
    """The short way says clean exactly where the long way finds nothing; but for names of secrets that hold none."""
    _, redacted = redactor.redact_arguments(arguments)
    clean = redactor.is_clean(arguments, canonical(arguments))
    assert not (clean and redacted)
    if not clean and not redacted:
        text = str(arguments)
        assert is_secret_name_in(arguments) or "<secret:" in text


def test_no_shape_asks_for_the_edge_of_a_text() -> None:
    """Texts are searched one after the other, with line breaks between; an edge there would be none."""
    for shape in SHAPES:
        plain = re.sub(r"\[\^?\]?(?:\\.|[^\]\\])*\]", "[]", shape.pattern)  # classes, where ^ says not
        assert not re.search(r"(?<!\\)[$^]|\\[AzZB]|\(\?[a-z]*m", plain), shape


def test_what_an_administrator_adds_may_ask_for_the_edge_of_a_text() -> None:
    extractor = Extractor(Redactor(b"k" * 32, [("badge", r"B-\d+$"), ("start", r"^seven")]))
    for arguments in ({"a": "B-12", "b": "x"}, {"a": 'it"s "B-7'}, {"a": "x", "b": "seven"}):
        shown = extractor.features("t", json.dumps(arguments), {})
        assert shown.redacted
        assert not re.search("B-[0-9]|seven", shown.preview)


def is_secret_name_in(value: Any) -> bool:
    if isinstance(value, dict):
        return any(is_secret_name(key) or is_secret_name_in(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(is_secret_name_in, value))


@pytest.mark.parametrize(
    "name",
    "password PASSWORD dbPassword db-password DB_PASSWORD user.password passwd pwd secret clientSecret"
    " client_secret token"
    " accessToken access-token api_key apiKey API-KEY apikey"
    " x-api-key privateKey private_key Authorization Cookie"
    " Set-Cookie sessionCookie session_cookie connection_string credentials refreshToken SecretAccessKey cvv".split(),
)
def test_names_that_say_secret(redactor: Redactor, name: str) -> None:
    assert is_secret_name(name)
    for value in ("x", 17, ["a"], {"user": "a"}, {"deep": {"er": [1]}}):
        hidden, redacted = redactor.redact_arguments({"a": [{name: value}]})  # type: ignore[dict-item]
        assert redacted
        assert STAND_IN.fullmatch(hidden["a"][0][name])  # type: ignore[index,call-overload,arg-type]
        assert redactor.redact_arguments(hidden) == (hidden, False)


@pytest.mark.parametrize(
    "name",
    "max_tokens maxTokens next_token nextPageToken page_token continuationToken token_type tokenCount"
    " secretName secret_ref"
    ""
    " password_policy key keys name author passenger compass bypass monkey keyboard path file session_id"
    " cancellation_token".split(),
)
def test_names_that_do_not(redactor: Redactor, name: str) -> None:
    assert not is_secret_name(name)
    assert redactor.redact_arguments({name: "x1"}) == ({name: "x1"}, False)


def test_nothing_is_no_secret(redactor: Redactor) -> None:
    arguments: Any = {"password": "", "token": None, "secret": True}
    assert redactor.redact_arguments(arguments) == (arguments, False)


def test_equal_values_have_equal_stand_ins_that_depend_on_the_key(redactor: Redactor) -> None:
    one, two = redactor.redact_text("password=a1"), redactor.redact_text("--password a1")
    assert STAND_IN.search(one)[0] == STAND_IN.search(two)[0]  # type: ignore[index]
    assert Redactor(b"z" * 32).redact_text("password=a1") != one


def test_card_numbers_that_come_as_numbers(redactor: Redactor) -> None:
    hidden, redacted = redactor.redact_arguments({"n": [4111111111111111, 1700000000000, 4111111111111112]})
    assert redacted
    assert hidden["n"][1:] == [1700000000000, 4111111111111112]  # type: ignore[index]


def test_too_deep_is_the_typed_error(redactor: Redactor) -> None:
    value: Any = 1
    for _ in range(MAX_DEPTH + 50_000):
        value = [value]
    with pytest.raises(InvalidArgumentError):
        redactor.redact_arguments({"a": value})
    while isinstance(value, list):  # taken apart by hand, or Python recurses when it frees it
        value = value[0]


def test_context_is_bounded_and_redacted(redactor: Redactor) -> None:
    context = redactor.redact_context(
        {f"k{n:03}": "v" * 1000 for n in range(100)} | {"a_token": "abc", "b": "bob@x.com"}
    )
    assert len(context) == CONTEXT_KEYS
    assert max(map(len, context.values())) == CONTEXT_VALUE_CHARS
    assert context["a_token"].startswith("<secret:")
    assert context["b"].startswith("<email:")
    assert redactor.redact_context({"z": "1", "db": "car_1"}) == {"db": "car_1", "z": "1"}


def test_what_an_administrator_adds() -> None:
    redactor = Redactor(b"k" * 32, [("badge", r"\bB-(?P<v>\d{6})\b")], ["employeeNumber"])
    assert re.fullmatch(r"B-<badge:[0-9a-f]{8}> ok", redactor.redact_text("B-123456 ok"))
    hidden, _ = redactor.redact_arguments({"employee_number": "77", "employee": "x"})
    assert str(hidden["employee_number"]).startswith("<secret:")
    assert hidden["employee"] == "x"
    assert Extractor(redactor).features("t", '{"employee-number":"77"}', {}).redacted


@pytest.mark.parametrize("pattern", ["(", r"(?=x)", "x*", ""])
def test_patterns_that_cannot_be_used(pattern: str) -> None:
    with pytest.raises(InvalidArgumentError):
        Redactor(b"k" * 32, [("mine", pattern)])


@pytest.mark.parametrize("where", [0, 4_000, 8_150, 60_000, 131_060, 199_000])
def test_a_secret_at_a_cut_is_not_half_kept(extractor: Extractor, where: int) -> None:
    secret = "AKIAIOSFODNN7EXAMPLE"
    for shift in range(0, 60, 3):
        at = where + shift
        kept = extractor.observation_text("x " * (at // 2) + secret + " y" * ((200_000 - at) // 2))
        assert len(kept.encode()) <= 8_192
        assert "AKIA" not in kept
        assert "7EXAMPLE" not in kept


@pytest.mark.parametrize(
    ("words", "hidden"),
    [
        (["--password", "hunter2"], [1]),
        (["mysql", "-u", "root", "-phunter2", "app"], [3]),
        (["docker", "login", "-u", "bob", "-p", "a 'b\" | c", "r.io"], [5]),
        (["curl", "-u", "bob:a b", "https://x.io"], [2]),
        (["redis-cli", "-a", "-h", "db"], []),
        (["sshpass", "-p", "<secret:12345678>", "ssh", "-p", "22"], []),
        (["docker", "run", "-p", "8080:80", "nginx"], []),
        (["-n", "password", "x"], []),
    ],
)
def test_words_of_a_command_line_are_read_together(redactor: Redactor, words: list[str], hidden: list[int]) -> None:
    arguments: dict[str, Any] = {"run": [{"args": words}]}
    redacted, found = redactor.redact_arguments(arguments)
    after: Any = redacted["run"][0]["args"]  # type: ignore[index, call-overload]
    assert [at for at, (old, new) in enumerate(zip(words, after, strict=True)) if old != new] == hidden
    assert found is bool(hidden)
    assert redactor.is_clean(arguments, canonical(arguments)) is (not hidden and "<" not in "".join(words))
    assert not (hidden and redactor.is_certainly_clean(arguments))
    assert redactor.redact_arguments(redacted) == (redacted, False)


_WORDS = st.lists(
    st.sampled_from(["mysql", "docker", "login", "curl", "-p", "-u", "--token", "--password=x", "bob:hunter2", "<", "é",
                     "-pé x", "", " ", "<secret:12345678>", "\ud800", "a\nb", "$X", "-"]),
    max_size=8,
)  # fmt: skip


@given(_WORDS)
@settings(max_examples=500)
def test_words_stay_as_many_and_are_redacted_once(redactor: Redactor, words: list[str]) -> None:
    arguments: dict[str, Any] = {"args": words}
    once, hidden = redactor.redact_arguments(arguments)
    assert len(once["args"]) == len(words)  # type: ignore[arg-type]
    assert redactor.redact_arguments(once) == (once, False)
    assert not (hidden and redactor.is_certainly_clean(arguments))
    if hidden and "\ud800" not in words:
        assert not redactor.is_clean(arguments, canonical(arguments))
