"""What is the same call, mended, and what is another one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sidecar.learning.known_names import is_misspelling
from sidecar.learning.mending import is_mended

word = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=9)


@pytest.mark.parametrize(
    ("error", "before", "after"),
    [
        ("no such column: nme", {"q": "SELECT nme FROM users"}, {"q": "SELECT name FROM users"}),
        ("no such table: users", {"q": "SELECT a FROM users u"}, {"q": "SELECT a FROM main.users u"}),
        ("unknown table 'flight'", {"q": "SELECT a FROM flight"}, {"q": "SELECT a FROM flights"}),
        ("order not found", {"id": "W123"}, {"id": "#W123"}),
        ("No such file", {"path": "/srv/2025.csvv"}, {"path": "/srv/2025.csv"}),
        ("task 'complie' not found, did you mean 'compile'?", {"task": "complie"}, {"task": "compile"}),
        ("unknown mode 'fsat'; one of 'quick', 'slow'", {"mode": "fsat", "n": 1}, {"mode": "quick", "n": 1}),
        (
            "Could not find [Ian Hunter]. Similar: ['Ian Hunter (singer)']",
            {"e": "Ian Hunter"},
            {"e": "Ian Hunter (singer)"},
        ),
        ("limit must be <= 100", {"limit": 500}, {"limit": 100}),
        ("minutes: expected integer", {"minutes": "30"}, {"minutes": 30}),
        ("'depth' is a required property", {"path": "/a"}, {"path": "/a", "depth": 3}),
        ("unexpected property 'name'; 'title' is required", {"name": "x", "n": 1}, {"title": "x", "n": 1}),
    ],
)
def test_what_the_error_objected_to_may_differ(error: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert is_mended([error], before, after, proven=False)


@pytest.mark.parametrize(
    ("error", "before", "after"),
    [
        ("ls: cannot access '/data/raw/2024'", {"c": "ls -la /data/raw/2024"}, {"c": "rm -rf /data/tmp/2024"}),
        ("404 Not Found: no order 17", {"m": "GET", "p": "/orders/17"}, {"m": "DELETE", "p": "/orders/17"}),
        ("404: GET /order/list", {"m": "GET", "p": "/order/list"}, {"m": "DELETE", "p": "/orders/list"}),
        ('relation "invoice" does not exist', {"q": "select * from invoice"}, {"q": "delete from invoices"}),
        ("syntax error near 'select * from'", {"q": "select * from a where b"}, {"q": "delete from a where b"}),
        ('namespaces "qa" not found', {"c": "kubectl get pods -n qa"}, {"c": "kubectl delete pods -n qa"}),
        ("recipient unknown", {"to": "Ann Lee", "amount": 50}, {"to": "Ann Leeds", "amount": 900}),
        ("recipient unknown", {"to": "Ann Lee", "amount": 50}, {"to": "Ann Lee", "amount": 900}),
        ("order 4711 not found", {"id": "4711"}, {"id": "4712"}),
        ("order 4711 not found", {"id": 4711}, {"id": 4712}),
        ("nothing done: dry_run is set", {"dry_run": True}, {"dry_run": False}),
        ("no such file build", {"c": "rm build"}, {"c": "rm build *"}),
        ("the command failed", {"command": "ls /srv"}, {"command": "rm /srv"}),
        ('namespaces "auth" not found', {"c": "kubectl logs web -n auth"}, {"c": "kubectl logs web -n play"}),
        ('pods "web-0" in "billing" is forbidden', {"c": "get web-0 -n billing"}, {"c": "get web-0 -n web"}),
        ("failed: get web -n billing", {"c": "get web -n billing"}, {"c": "get web -n web"}),
        ("no rows", {"table": "t", "where": "a=1"}, {"table": "t"}),
        ("no rows", {"q": "archive get now"}, {"q": "archive gets now"}),
        ("no rows", {"q": "a"}, {"q": "a"}),
    ],
)
def test_anything_else_is_another_call(error: str, before: dict[str, Any], after: dict[str, Any]) -> None:
    assert not is_mended([error], before, after, proven=True)


def test_of_what_several_sessions_did_an_argument_may_come_but_not_go() -> None:
    one, two = {"kind": "type"}, {"kind": "type", "text": "x"}
    assert is_mended(["expected string, got undefined"], one, two, proven=True)
    assert not is_mended(["expected string, got undefined"], one, two, proven=False)
    assert not is_mended(["expected string, got undefined"], two, one, proven=True)


@given(first=word, other=word, rest=st.lists(word, max_size=5), error=st.lists(word, max_size=6))
def test_the_first_word_changes_only_where_the_error_named_it(
    first: str, other: str, rest: list[str], error: list[str]
) -> None:
    assume(first != other and first not in error)
    before, after = {"q": " ".join([first, *rest])}, {"q": " ".join([other, *rest])}
    assert not is_mended([" ".join(error)], before, after, proven=True)


@given(first=word, other=word, rest=st.lists(word, max_size=5), error=st.lists(word, max_size=6))
def test_the_first_word_that_was_named_is_respelled_or_gives_way_to_what_the_error_speaks_of(
    first: str, other: str, rest: list[str], error: list[str]
) -> None:
    assume(first != other and not is_misspelling(first, other) and other not in error)
    before, after = {"q": " ".join([first, *rest])}, {"q": " ".join([other, *rest])}
    assert not is_mended([" ".join([*error, first])], before, after, proven=True)


@given(value=word, other=word, key=word, error=st.lists(word, max_size=6), more=st.dictionaries(word, word, max_size=3))
def test_a_whole_word_is_replaced_only_where_it_was_named(
    value: str, other: str, key: str, error: list[str], more: dict[str, str]
) -> None:
    assume(value != other and value not in error)
    before, after = {**more, key: value}, {**more, key: other}
    assert not is_mended([" ".join(error)], before, after, proven=True)
