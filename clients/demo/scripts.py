"""What the agent does in a session: everyday work, with the mistakes that agents make. Drawn from a seed.

The scripts do not know the mode. An agent that is not stopped repeats what failed, as models do; one that is told why
a call was prevented takes the alternative that it was given, waits as long as it was advised to, or corrects itself.
"""

# ruff: noqa: S608 - the queries are put together from our own words

from __future__ import annotations

import random
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Final

from .agent import Appeal, Attempt, Call, Script, Wait
from .tools import HttpGet, Shell, SqliteQuery
from .world import CITIES, ORDERS, World

OUTAGE_SECONDS: Final = 1.0
LONGEST_WAIT: Final = 5.0
"""An agent does not wait longer than this, whatever it is advised."""

#: What agents believe the columns and tables to be called, and the query that they come to in the end.
WRONG_QUERIES: Final = (
    (
        "SELECT id, total FROM orders WHERE status = 'open'",
        "SELECT order_id, total_cents FROM orders WHERE status = 'open'",
    ),
    (
        "SELECT name, city FROM customers ORDER BY name LIMIT 5",
        "SELECT full_name, city FROM customers ORDER BY full_name LIMIT 5",
    ),
    ("SELECT count(*) FROM users", "SELECT count(*) FROM customers"),
)
REFUNDS: Final = "SELECT sum(total_cents) FROM refunds"

Steps = Generator[Call | Wait | Appeal, Attempt | None, Attempt]


def session(rng: random.Random, world: World, *, outage: bool, migration: bool) -> Script:
    """One session: six to eight pieces of work in some order. ``outage``: the API is down for a while in it.

    ``migration``: a colleague adds the table that this agent misses, as soon as it is told that it misses.
    """
    work: list[Callable[[], Generator[Call | Wait | Appeal, Attempt | None, Any]]] = [
        lambda: wrong_query(rng, *rng.choice(WRONG_QUERIES)),
        lambda: wrong_query(rng, *rng.choice(WRONG_QUERIES)),
        lambda: wrong_arguments(rng),
        lambda: missing_file(rng),
        lambda: failing_check(rng),
        lambda: orders(rng),
        lambda: reports(rng),
        lambda: refunds(world, migration=migration),
    ]
    if outage:
        work.append(lambda: orders_in_outage(rng, world))
    rng.shuffle(work)
    for piece in work:
        yield from piece()


def ask(tool: str, **arguments: object) -> Steps:
    """One call, once."""
    attempt = yield Call(tool, arguments)
    assert attempt is not None  # noqa: S101 - a call is answered
    return attempt


def insist(tool: str, arguments: Mapping[str, object], times: int, wanted: Mapping[str, object] | None = None) -> Steps:
    """The same call up to ``times`` times, unless it works, or is prevented: then what the decision advises."""
    attempt = yield from ask(tool, **arguments)
    for _ in range(times - 1):
        if attempt.worked or attempt.prevented:
            break
        attempt = yield from ask(tool, **arguments)
    return (yield from take_advice(attempt, wanted)) if attempt.prevented else attempt


def take_advice(attempt: Attempt, wanted: Mapping[str, object] | None) -> Steps:
    """The alternative, if the agent finds what it ``wanted`` among them; else the wait, and the call again."""
    decision = attempt.decision
    for other in decision.alternatives:
        if other.arguments is not None and other.arguments == wanted:
            answer = yield Call(other.tool, other.arguments, advised=True)
            assert answer is not None  # noqa: S101 - a call is answered
            return answer
    if decision.retry_after is not None:
        yield Wait(min(decision.retry_after, LONGEST_WAIT))
        return (yield from ask(attempt.call.tool, **attempt.call.arguments))
    return attempt


def wrong_query(rng: random.Random, wrong: str, right: str) -> Steps:
    """A name that the database does not know; asked again with nothing changed; then the right one."""
    attempt = yield from insist(SqliteQuery.name, {"query": wrong}, rng.choice((2, 2, 3)), {"query": right})
    return attempt if attempt.worked else (yield from ask(SqliteQuery.name, query=right))


def wrong_arguments(rng: random.Random) -> Steps:
    """Arguments that break the tool's schema: a name or a type that the agent made up."""
    query = f"SELECT count(*) FROM orders WHERE customer_id = {rng.randint(1, 20)}"
    wrong = rng.choice(({"sql": query}, {"query": query, "max_rows": "all"}, {"statement": query, "max_rows": 5}))
    attempt = yield from insist(SqliteQuery.name, wrong, rng.choice((1, 2)), {"query": query})
    return attempt if attempt.worked else (yield from ask(SqliteQuery.name, query=query))


def missing_file(rng: random.Random) -> Steps:
    """A file that is not there, read again with nothing changed; then a command makes it, and the same call works."""
    name = f"notes/{rng.choice(('plan', 'todo', 'log'))}-{rng.randint(1, 99)}.txt"
    attempt = yield from insist(Shell.name, {"command": f"cat {name}"}, rng.choice((2, 3)))
    if not attempt.worked:
        yield from ask(Shell.name, command=f"mkdir -p notes && echo 'buy milk' > {name}")
    return (yield from ask(Shell.name, command=f"cat {name}"))


def failing_check(rng: random.Random) -> Steps:
    """A check that fails, an edit, the same check again: what coding agents do all day; it must not be stopped."""
    number = rng.randint(1, 99)
    check = f"grep -q 'version {number}' settings.ini"
    yield from ask(Shell.name, command="echo 'version 0' > settings.ini")
    yield from ask(Shell.name, command=check)
    yield from ask(Shell.name, command=f"sed 's/version 0/version {number}/' settings.ini > s && mv s settings.ini")
    return (yield from ask(Shell.name, command=check))


def orders(rng: random.Random) -> Steps:
    """Orders by number, some of which do not exist: three 404s do not make an outage."""
    numbers = rng.sample(range(1, ORDERS + 1), 3) + rng.sample(range(900, 999), 3)
    rng.shuffle(numbers)
    for number in numbers:
        yield from ask(HttpGet.name, path=f"/orders/{number}")
    return (yield from ask(HttpGet.name, path=f"/orders/{rng.randint(1, ORDERS)}"))


def orders_in_outage(rng: random.Random, world: World) -> Steps:
    """The same while the API is down. An agent that is not told to wait tries other orders before it comes back."""
    world.api.plan_outage(OUTAGE_SECONDS)
    wait: float = OUTAGE_SECONDS
    numbers = rng.sample(range(1, ORDERS + 1), 6)
    for number in numbers:
        attempt = yield from insist(HttpGet.name, {"path": f"/orders/{number}"}, 1)
        if attempt.worked:
            break
        wait = attempt.retry_after or wait
    else:
        yield Wait(wait)
    for number in numbers[:3]:
        attempt = yield from ask(HttpGet.name, path=f"/orders/{number}")
    return attempt


def reports(rng: random.Random) -> Steps:
    """Everyday queries that work."""
    for query in rng.sample(good_queries(rng), rng.randint(5, 7)):
        attempt = yield from ask(SqliteQuery.name, query=query)
    yield from ask(Shell.name, command="cat README.md")
    return attempt


def good_queries(rng: random.Random) -> Sequence[str]:
    """Queries that the database answers."""
    return [
        f"SELECT full_name FROM customers WHERE city = '{rng.choice(CITIES)}'",
        "SELECT status, count(*) FROM orders GROUP BY status",
        f"SELECT total_cents FROM orders WHERE order_id = {rng.randint(1, ORDERS)}",
        "SELECT city, count(*) FROM customers GROUP BY city",
        f"SELECT product, quantity FROM order_items WHERE order_id = {rng.randint(1, ORDERS - 1)}",
        "SELECT max(total_cents) FROM orders",
        f"SELECT order_id FROM orders WHERE customer_id = {rng.randint(1, 20)}",
    ]


def refunds(world: World, *, migration: bool) -> Steps:
    """A table that does not exist yet. Told so, the agent gets it made, appeals, and tries once more."""
    attempt = yield from ask(SqliteQuery.name, query=REFUNDS)
    if attempt.prevented and migration:
        world.add_refunds()
        yield Appeal(attempt, "the table was created a moment ago")
        attempt = yield from ask(SqliteQuery.name, query=REFUNDS)
    return attempt
