"""The demo from beginning to end: shadow, what was learned, enforced, three decisions, what it came to."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from .agent import Agent, Attempt
from .daemon import Daemon, own_daemon
from .interrupts import Interrupts
from .phases import Phase, play
from .tools import HttpGet
from .view import View, in_words, reasons_counted, summary_rows
from .world import World, made_world

PATTERNS_SHOWN: Final = 8

INTRODUCTION: Final = """\
An agent works on a small shop: SQL on a SQLite file, shell commands in a folder, an HTTP API on this machine that \
goes down now and then. Every call is real. Before each one it asks a Forewarn daemon of its own; afterwards it tells \
how it went. It makes the mistakes that agents make."""


@dataclass(frozen=True, slots=True)
class Ending:
    """What it came to; ``agreed``: the daemon, the API and the agent counted the same."""

    shadow: Phase
    enforced: Phase
    agreed: bool


def tell(view: View, interrupts: Interrupts, seed: int, sessions: int) -> Ending:
    """Runs it, with so many sessions in each mode."""
    began = time.monotonic()
    view.say("Forewarn: what would have failed, before it does", "bold")
    view.say(INTRODUCTION)
    with own_daemon(interrupts) as daemon, made_world() as world:
        daemon.client.register_tools(world.descriptors())
        agent = Agent(daemon.client, world)
        view.title("In shadow: every call is made, the daemon only says what it would prevent")
        view.legend(".xX?")
        shadow = play("shadow", agent, world, seed, sessions, time.monotonic, view.strip)
        _learned(view, daemon)
        daemon.enforce()
        view.title("Enforced: the same kinds of sessions; what it prevents is not made; a copy shows who was right")
        view.legend(".xP!o0")
        enforced = play("enforced", agent, world, seed, sessions, time.monotonic, view.strip)
        _decisions(view, [*enforced.attempts, *shadow.attempts])
        view.title("What it came to")
        view.table(("", ">shadow", ">enforced"), summary_rows(shadow, enforced))
        right = _books(view, daemon, world, shadow, enforced)
    _last_word(view, enforced)
    seconds = time.monotonic() - began
    view.say(f"The daemon is stopped and its folder removed. {seconds:.1f} s in all, seed {seed}.", "dim")
    return Ending(shadow, enforced, right)


def _learned(view: View, daemon: Daemon) -> None:
    confirmed = daemon.confirmed()
    stats = daemon.counts()
    view.title(f"What was learned: {stats.usage_patterns} usage patterns, {len(confirmed)} of them confirmed")
    if confirmed:
        view.patterns(confirmed, PATTERNS_SHOWN)
        if len(confirmed) > PATTERNS_SHOWN:
            view.say(f"  and {len(confirmed) - PATTERNS_SHOWN} more", "dim")


#: A decision to show: its heading, what it must be, and what makes it the better example.
_Wanted = tuple[str, Callable[[Attempt], bool], Callable[[Attempt], bool]]
_WANTED: Final[tuple[_Wanted, ...]] = (
    (
        "A repeat with nothing changed in between",
        lambda a: a.reason == "exact_repeat" and a.retry_after is None,
        lambda a: a.call.tool == "shell",
    ),
    (
        "Known from earlier sessions, or from the tool's schema",
        lambda a: a.reason in ("known_call", "schema_violation"),
        lambda a: a.next is not None and a.next.call.advised and a.next.worked,
    ),
    (
        "An outage: wait",
        lambda a: a.decision.retry_after is not None and a.reason == "outage",
        lambda a: a.waited > 0 and a.next is not None and a.next.worked,
    ),
)


def _decisions(view: View, attempts: Sequence[Attempt]) -> None:
    view.title("Three decisions, as the agent got them")
    view.say("The numbers before the reasons are what they add to the log-odds of failure.", "dim")
    judged = [attempt for attempt in attempts if attempt.called_off and attempt.decision.probe is None]
    for number, (heading, fits, better) in enumerate(_WANTED, 1):
        found = sorted(filter(fits, judged), key=lambda a: (not a.prevented, not better(a)))
        if found:
            view.decision(number, heading, found[0])
        else:
            view.say(f"\n{number}  {heading}: there was none in this run")
    _appealed(view, attempts)


def _appealed(view: View, attempts: Sequence[Attempt]) -> None:
    """What became of the appeal, in the same call's later attempts."""
    for appealed in attempts:
        if not appealed.appealed:
            continue
        later = [
            a for a in attempts if a.call == appealed.call and a.decision.decision_id > appealed.decision.decision_id
        ]
        probes = [a for a in later if a.decision.probe is not None]
        others = [a for a in later if a.decision.probe is None]
        made = [a for a in others if not a.prevented]
        place = f"{appealed.session}, call {appealed.number}"
        view.say(
            f"\nBeside these: “{in_words(appealed.call)}” was prevented ({place}). A colleague made the table, and "
            f"the agent appealed. This call since then: let through as a probe {len(probes)} ({_worked(probes)}), made "
            f"without one {len(made)} ({_worked(made)}), prevented {len(others) - len(made)}."
        )


def _worked(attempts: Sequence[Attempt]) -> str:
    return f"{sum(attempt.worked for attempt in attempts)} worked"


def _books(view: View, daemon: Daemon, world: World, shadow: Phase, enforced: Phase) -> bool:
    """Whether the daemon, the API and the agent counted the same."""
    total = daemon.counts().total
    asked, made = (len(shadow.attempts) + len(enforced.attempts)), shadow.made + enforced.made
    requests = sum(p.count(lambda a: a.call.tool == HttpGet.name and not a.prevented) for p in (shadow, enforced))
    pairs = {
        "calls made": (made, total.success + total.retry + total.failure + total.timeout),
        "calls that failed": (shadow.failed + enforced.failed, total.failure + total.timeout),
        "calls prevented": (asked - made, total.prevented),
        "decisions": (asked, total.decisions),
        "requests to the API": (requests, world.api.requests),
    }
    wrong = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
    for name, (ours, theirs) in wrong.items():
        view.say(f"  {name}: the agent counted {ours}, the other side {theirs}", "bold red")
    if not wrong:
        view.say(
            f"  The daemon's journal says the same: {total.decisions} decisions, {pairs['calls made'][1]} calls made, "
            f"{total.prevented} prevented; the API saw {world.api.requests} requests, none of a prevented call.",
            "dim",
        )
    return not wrong


def _last_word(view: View, enforced: Phase) -> None:
    would_fail = enforced.failed + enforced.saved
    would_work = enforced.succeeded + enforced.wrongly_prevented
    view.console.print()
    view.say(
        f"Enforced, {enforced.saved} of {would_fail} failures were saved and {enforced.succeeded} of {would_work} "
        f"successes were untouched.",
        "bold green" if not enforced.wrongly_prevented else "bold yellow",
    )
    if said := reasons_counted(enforced):
        view.say(f"Saved by: {said}.")
