"""`forewarn review` under Textual's pilot, against a real daemon."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from forewarn.v1 import (
    admin_pb2_grpc,
    knowledge_pb2,
    suggestion_pb2,
    suggestion_pb2_grpc,
    workflow_pb2,
    workflow_pb2_grpc,
)
from forewarn_cli.connection import Door, open_channel
from forewarn_cli.review.app import Review
from forewarn_cli.review.dialogs import Cases, Reason, Trouble
from forewarn_cli.review.drawing import LINES, change, row, safe
from forewarn_cli.review.feed import Listed
from forewarn_cli.review.frame import LISTED
from forewarn_cli.review.hands import Doors
from forewarn_cli.review.shelf import PENDING
from forewarn_cli.wording import clean
from tests.cli.conftest import Forewarn
from tests.server.running import RunningDaemon

HOSTILE = "[bold red]grafana[/] \x1b[31mboards\x1b[0m \u202egnp.exe [@click=app.quit]x[/] \x07"
States = suggestion_pb2.SuggestionState


def work(daemon: RunningDaemon, intent: str = "kafka topics for streaming", resource: str = "KafkaTopic") -> None:
    """A recurring intent that nothing matches: it becomes a suggestion."""
    for _ in range(6):
        begun = daemon.workflow.Recommend(workflow_pb2.RecommendRequest(intent=intent))
        request = workflow_pb2.CompleteWorkflowRequest(
            workflow_id=begun.workflow_id, generated_resources=[resource],
            outcome=knowledge_pb2.WORKFLOW_OUTCOME_SUCCESS,
        )  # fmt: skip
        daemon.workflow.CompleteWorkflow(request)
    daemon.suggestion.GenerateSuggestions(suggestion_pb2.GenerateSuggestionsRequest())


def state_of(daemon: RunningDaemon, key: str) -> str:
    found = daemon.suggestion.GetSuggestion(suggestion_pb2.GetSuggestionRequest(suggestion_id=key))
    return str(States.Name(found.suggestion.state)).removeprefix("SUGGESTION_STATE_").lower()


@contextlib.asynccontextmanager
async def screen(
    daemon: RunningDaemon, size: tuple[int, int] = (120, 40), edit: Callable[[str], str] = str
) -> AsyncIterator[Pilot[None]]:
    """The screen, as large as that, talking to the daemon."""
    with open_channel(daemon.admin_address) as admin, open_channel(daemon.guard_address) as guard:
        doors = Doors(
            Door(daemon.admin_address, suggestion_pb2_grpc.SuggestionServiceStub(admin), None, None),
            Door(daemon.guard_address, workflow_pb2_grpc.WorkflowServiceStub(guard), None, None),
            Door(daemon.admin_address, admin_pb2_grpc.AdminServiceStub(admin), None, None),
        )
        async with Review(doors, "ann", edit).run_test(size=size) as pilot:
            yield pilot


def app_of(pilot: Pilot[None]) -> Review:
    assert isinstance(pilot.app, Review)
    return pilot.app


def text(pilot: Pilot[None], name: str = "") -> str:
    """What a part of the screen says; all of it without a name."""
    if name:
        return str(app_of(pilot).screen_stack[0].query_one(f"#{name}", Static).render())
    return "\n".join("".join(part.text for part in line) for line in pilot.app.screen._compositor.render_strips())


async def until(pilot: Pilot[None], done: Callable[[], object]) -> None:
    """Let the screen work until it came to that."""
    for _ in range(600):
        await pilot.pause(0.02)
        if done():
            return
    raise AssertionError(f"it did not come to that:\n{text(pilot)}")


async def ready(pilot: Pilot[None], count: int = 1) -> None:
    """So many are listed, and the one under the cursor is shown."""
    app = app_of(pilot)
    await until(pilot, lambda: len(app.listing.ids) == count and (app.shown is not None or not count))


async def test_an_empty_inbox_says_what_to_do_and_fills_by_itself(daemon: RunningDaemon) -> None:
    async with screen(daemon) as pilot:
        await until(pilot, lambda: "Nothing waits for you" in text(pilot))
        assert "forewarn suggestions generate" in text(pilot)
        await pilot.press("a", "m", "r", "u", "c", "enter")
        assert "nothing" in text(pilot, "said") or "no " in text(pilot, "said")
        work(daemon)
        await ready(pilot)
        assert "KafkaTopic" in text(pilot)
        assert "6 of 6: 100 %, 61–100 % (95 %)" in text(pilot)
        assert "+resource: KafkaTopic" in text(pilot)


async def test_approve_and_take_back(daemon: RunningDaemon) -> None:
    work(daemon)
    async with screen(daemon) as pilot:
        await ready(pilot)
        (key,) = app_of(pilot).listing.ids
        await pilot.press("a")
        await until(pilot, lambda: "approved" in text(pilot, "said"))
        assert state_of(daemon, key) == "approved"
        assert app_of(pilot).listing.ids == []
        await pilot.press("u")
        await until(pilot, lambda: "taken back" in text(pilot, "said"))
        assert state_of(daemon, key) == "reverted"
        history = daemon.suggestion.ListSuggestionHistory(suggestion_pb2.ListSuggestionHistoryRequest())
        assert [one.actor for one in history.entries[:2]] == ["ann", "ann"]


async def test_rejecting_wants_a_reason_and_dismissing_does_not(daemon: RunningDaemon) -> None:
    work(daemon)
    async with screen(daemon) as pilot:
        await ready(pilot)
        (key,) = app_of(pilot).listing.ids
        await pilot.press("r", "enter")
        assert isinstance(pilot.app.screen, Reason)
        assert "Say why" in text(pilot)
        await pilot.press("escape")
        assert state_of(daemon, key) == "pending"
        await pilot.press("r", *"no, q", "enter")  # letters are letters there
        await until(pilot, lambda: "rejected" in text(pilot, "said"))
        assert state_of(daemon, key) == "rejected"
        await pilot.press("u")
        await ready(pilot)
        await pilot.press("d", "enter")
        await until(pilot, lambda: "dismissed" in text(pilot, "said"))
        assert state_of(daemon, key) == "dismissed"
        await pilot.press("s")
        await ready(pilot)
        assert "dismissed" in text(pilot)


async def test_modify_edits_checks_and_keeps_what_was_written(daemon: RunningDaemon) -> None:
    work(daemon)
    written: list[str] = []

    def edit(draft: str) -> str:
        written.append(draft)
        return draft.replace("KafkaTopic", "Topic" if len(written) > 2 else "[")

    async with screen(daemon, edit=edit) as pilot:
        await ready(pilot)
        (key,) = app_of(pilot).listing.ids
        await pilot.press("m")
        await until(pilot, lambda: isinstance(pilot.app.screen, Trouble))
        assert "not YAML" in text(pilot)
        await pilot.press("escape", "m")
        await until(pilot, lambda: isinstance(pilot.app.screen, Trouble))
        assert "- [" in written[1], "the second time begins with what was written"
        assert state_of(daemon, key) == "pending"
        written[:] = ["", ""]
        app_of(pilot)._drafts.clear()
        await pilot.press("escape", "m")
        await until(pilot, lambda: "your draft" in text(pilot, "said"))
        assert state_of(daemon, key) == "modified"


async def test_a_draft_that_changed_meanwhile_is_shown_again(daemon: RunningDaemon) -> None:
    work(daemon)
    async with screen(daemon) as pilot:
        await ready(pilot)
        app = app_of(pilot)
        (key,) = app.listing.ids
        assert app.shown is not None
        stale = suggestion_pb2.GetSuggestionResponse()
        stale.CopyFrom(app.shown)
        stale.suggestion.revision += 7  # what was read is not what is there
        app.shown = stale
        app.action_approve()  # and not by its key: an answer that is under way would show it anew
        await until(pilot, lambda: "It has changed since you read it" in text(pilot, "said"))
        assert state_of(daemon, key) == "pending"
        await until(pilot, lambda: app.shown is not None and app.shown.suggestion.revision < 7)
        await pilot.press("a")
        await until(pilot, lambda: state_of(daemon, key) == "approved")


async def test_what_somebody_else_decides_does_not_slip_another_under_the_cursor(daemon: RunningDaemon) -> None:
    work(daemon)
    work(daemon, "grafana boards of teams", "Dashboard")
    async with screen(daemon) as pilot:
        await ready(pilot, 2)
        first, second = app_of(pilot).listing.ids
        daemon.suggestion.DismissSuggestion(suggestion_pb2.DismissSuggestionRequest(suggestion_id=first))
        await until(pilot, lambda: "(was just" in text(pilot))
        await until(pilot, lambda: "state       dismissed" in text(pilot))
        await pilot.press("a")
        assert "decided already" in text(pilot, "said")
        assert state_of(daemon, second) == "pending"
        await pilot.press("j")
        await ready(pilot, 1)
        assert app_of(pilot).listing.ids == [second]


async def test_a_daemon_that_is_gone_is_a_banner_and_nothing_is_lost(daemon: RunningDaemon) -> None:
    work(daemon)
    async with screen(daemon) as pilot:
        await ready(pilot)
        (key,) = app_of(pilot).listing.ids
        daemon.kill()
        await until(pilot, lambda: "no daemon answers" in text(pilot, "banner"))
        await pilot.press("r", *"we buy that", "enter")
        await until(pilot, lambda: "not done" in text(pilot, "said"))
        assert app_of(pilot).listing.ids == [key]
        daemon.start()
        await until(pilot, lambda: not text(pilot, "banner"))
        await ready(pilot)
        await pilot.press("r")
        assert pilot.app.screen.query_one(Input).value == "we buy that"
        await pilot.press("enter")
        await until(pilot, lambda: "rejected" in text(pilot, "said"))
        assert state_of(daemon, key) == "rejected"


async def test_it_starts_without_a_daemon(daemon: RunningDaemon) -> None:
    work(daemon)
    daemon.stop()
    async with screen(daemon) as pilot:
        await until(pilot, lambda: "no daemon answers" in text(pilot, "banner"))
        daemon.start()
        await ready(pilot)
        assert not text(pilot, "banner")


@pytest.mark.parametrize("size", [(60, 20), (200, 50)])
async def test_hostile_text_is_shown_and_does_nothing(daemon: RunningDaemon, size: tuple[int, int]) -> None:
    work(daemon, HOSTILE, "[/]\x1b[2JKind")
    work(daemon, "vault " + "W" * 900, "X" * 250)
    async with screen(daemon, size) as pilot:
        await ready(pilot, 2)
        for _ in range(2):
            await pilot.press("enter", "G", "g", "c", "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, Cases) and "intent  " in text(pilot))
            seen = text(pilot)
            assert clean(seen) == seen
            await pilot.press("escape", "escape", "j")
            await ready(pilot, 2)
        await pilot.press("g")
        await ready(pilot, 2)
        await pilot.press("j", "enter")
        await until(pilot, lambda: "red]grafana[/]" in text(pilot) and "Evidence" in text(pilot))
        assert r"\x1b[31m" in text(pilot)
        assert "\x1b" not in text(pilot)
        assert "\u202e" not in text(pilot)
        await pilot.press("a")
        await until(pilot, lambda: "approved" in text(pilot, "said"))
        assert pilot.app.is_running


async def test_a_narrow_terminal_shows_one_thing_at_a_time(daemon: RunningDaemon) -> None:
    work(daemon)
    async with screen(daemon, (60, 20)) as pilot:
        await ready(pilot)
        assert "▶ create pattern" in text(pilot)
        assert "Evidence" not in text(pilot)
        await pilot.press("enter")
        assert "▶" not in text(pilot)
        assert "suggests" in text(pilot)
        await pilot.press("escape")
        assert "▶ create pattern" in text(pilot)
        await pilot.resize_terminal(120, 30)
        await pilot.pause()
        assert "▶ create pattern" in text(pilot)
        assert "Evidence" in text(pilot)


async def test_filters_and_keys(daemon: RunningDaemon) -> None:
    work(daemon)
    work(daemon, "grafana boards of teams", "Dashboard")
    async with screen(daemon) as pilot:
        await ready(pilot, 2)
        app = app_of(pilot)
        newest, oldest = app.listing.ids
        await pilot.press("j", "j", "k", "G")
        assert app.listing.current is not None
        assert app.listing.current.suggestion_id == oldest
        await pilot.press("slash", *"DASHboard", "enter")
        await until(pilot, lambda: app.listing.ids == [newest])
        await pilot.press("escape")
        await until(pilot, lambda: len(app.listing.ids) == 2)
        await pilot.press("t", "t")
        await until(pilot, lambda: not app.listing.ids)
        assert "pending, update pattern" in text(pilot)
        await pilot.press("t", "t", "t", "s", "s")
        await until(pilot, lambda: "approved" in text(pilot, "about"))
        await pilot.press("question_mark")
        assert "take back" in text(pilot)
        await pilot.press("escape", "q")
        await until(pilot, lambda: not pilot.app.is_running)


async def test_a_long_list_is_cut_and_says_so(daemon: RunningDaemon) -> None:
    async with screen(daemon) as pilot:
        await until(pilot, lambda: "Nothing waits" in text(pilot))
        made = [
            suggestion_pb2.Suggestion(suggestion_id=f"{n:032x}", state=PENDING, reason=f"n{n}")
            for n in range(LISTED + 9)
        ]
        pilot.app.post_message(Listed(made, cut=True))
        await until(pilot, lambda: len(app_of(pilot).listing.ids) == LISTED)
        assert f"({LISTED + 9}); {LISTED + 9} pending; the newest {LISTED} are listed" in text(pilot)
        await pilot.press("slash", *"n7", "enter")
        await until(pilot, lambda: 0 < len(app_of(pilot).listing.ids) < 20)


def test_what_is_too_long_is_cut_and_says_so() -> None:
    assert str(safe("x" * 10_000)).endswith("x … 8,000 characters more")
    shown = change(["+" + "y" * 10_000] * (LINES + 5))
    assert str(shown[-1]) == "… 5 lines more"
    assert len(str(shown[0])) < 2_100
    one = suggestion_pb2.Suggestion(reason="z" * 10_000 + "\n\x1b[2J", target_id="\u2066[b]t" * 3_000)
    assert str(row(one, 0.0, marked=True, elsewhere=False)).count("\n") == 1


def test_it_needs_a_terminal(command: Forewarn) -> None:
    run = command("review")
    assert run.code == 2
    assert "needs a terminal" in run.err


def test_it_says_which_extra_is_missing(command: Forewarn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "textual", None)
    run = command("review")
    assert run.code == 2
    assert "pip install 'forewarn[review]'" in run.err
