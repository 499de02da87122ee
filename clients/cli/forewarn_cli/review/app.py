"""The screen: a list, what there is to know about the one under the cursor, and keys that decide.

Whatever asks the daemon does so on a thread of its own and comes back as a message, so that the screen answers at once
and a daemon that is down is a banner and nothing more. A decision is about what was shown: it carries the revision that
was read, and is refused where the draft has changed since.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import App, ComposeResult, SuspendNotSupported
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Footer, Input, OptionList, Static

from forewarn.v1 import suggestion_pb2
from forewarn_cli import deciding, draft_file, suggestion_view
from forewarn_cli.faults import Fault, Refused
from forewarn_cli.review import cases, drawing, keys
from forewarn_cli.review.dialogs import Cases, CaseShown, Reason, Told, Trouble
from forewarn_cli.review.feed import READ, Changed, Feed, Listed, Lost
from forewarn_cli.review.hands import Decided, Doors, Failed, Hands, Shown
from forewarn_cli.review.listing import Listing
from forewarn_cli.review.shelf import PENDING, UNDOABLE, Shelf, Wanted
from forewarn_cli.wording import clean, one_line

#: Seconds between two looks at the clock: ages are shown.
_TICK: Final = 30.0
_WAIT: Final = "wait: the daemon has not answered yet"
_DONE: Final = {"approve": "approved", "modify": "approved with your draft", "reject": "rejected",
                "dismiss": "dismissed", "undo": "taken back"}  # fmt: skip


class Review(App[None]):
    """See the module. ``edit`` has a text edited."""

    CSS_PATH = "review.tcss"
    TITLE = "forewarn review"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (Textual's)
        (0, "-narrow"),
        (100, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [*keys.BINDINGS]

    def __init__(self, doors: Doors, actor: str = "", edit: Callable[[str], str] = draft_file.edit) -> None:
        super().__init__()
        self._hands = Hands(doors, actor, self.post_message)
        self._edit = edit
        self._feed = Feed(doors.inbox, self.post_message)
        self.shelf = Shelf()
        self.wanted = Wanted()
        self.shown: suggestion_pb2.GetSuggestionResponse | None = None
        self._listed = False
        self._last = ""
        #: Drafts and reasons that were written and not taken, by id.
        self._drafts: dict[str, str] = {}
        self._reasons: dict[str, str] = {}

    def compose(self) -> ComposeResult:
        """Banner, list and detail, filter, what was said last, keys."""
        yield Static("", id="banner")
        yield Static("", id="about")
        with Horizontal(id="both"):
            yield Listing(self.wanted_has)
            yield Static("", id="none")
            with VerticalScroll(id="detail"):
                yield Static("", id="text")
        yield Input(placeholder="words that it must have", id="find", max_length=200)
        yield Static("", id="said")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Begin to follow the inbox."""
        self.listing.focus()
        self._draw()
        self.set_interval(_TICK, self._draw)
        self._feed.start()

    def on_unmount(self) -> None:
        """Follow it no longer."""
        self._feed.stop()

    @property
    def listing(self) -> Listing:
        """The list."""
        return self.screen_stack[0].query_one(Listing)

    @property
    def _gone(self) -> bool:
        """The screen is closed, and an answer came late."""
        return not self.screen_stack

    def wanted_has(self, one: suggestion_pb2.Suggestion) -> bool:
        """Whether the filter lets it through."""
        return self.wanted.has(one)

    def keep_drafts(self) -> list[str]:
        """Put what was written and not taken into files; their paths."""
        return [deciding.keep(text) for text in self._drafts.values()]

    # What the daemon says.

    def on_listed(self, told: Listed) -> None:
        """It answers."""
        if self._gone:
            return
        self._listed = True
        self._banner("")
        self.shelf.fill(told.suggestions, cut=told.cut)
        self._draw()
        self._fetch()

    def on_changed(self, told: Changed) -> None:
        """One came, or was decided somewhere."""
        if self._gone:
            return
        if self.shelf.put(told.suggestion):
            current = self.listing.current
            self._draw()
            if current is not None and current.suggestion_id == told.suggestion.suggestion_id:
                self._fetch()

    def on_lost(self, told: Lost) -> None:
        """It does not answer."""
        if self._gone:
            return
        self._banner(
            f"{told.fault}\nTrying again. What is shown is as it was; nothing can be decided until it answers."
        )

    def on_shown(self, told: Shown) -> None:
        """The detail of the one that was asked for, unless the cursor has gone on."""
        if self._gone:
            return
        current = self.listing.current
        one = told.answer.suggestion
        self.shelf.put(one)
        if current is not None and current.suggestion_id == one.suggestion_id:
            self.shown = told.answer
            self._detail(drawing.detail(told.answer))

    def on_decided(self, told: Decided) -> None:
        """Done: on to the next."""
        if self._gone:
            return
        one = told.suggestion
        self._hands.answered(one.suggestion_id)
        self._drafts.pop(one.suggestion_id, None)
        self._reasons.pop(one.suggestion_id, None)
        self._last = one.suggestion_id
        self.shelf.put(one)
        undo = "" if told.verb == "undo" else "; u takes it back"
        name = one_line(one.target_id or one.applied_id or one.draft.description, 80)
        self._say(f"{_DONE[told.verb]}: {name}{undo}")
        self._draw(leave=one.suggestion_id)
        self._fetch()

    def on_failed(self, told: Failed) -> None:
        """Not done: say why, show what it is now, keep what was written."""
        if self._gone:
            return
        self._hands.answered(told.suggestion_id)
        refused = isinstance(told.fault, Refused)
        changed = isinstance(told.fault, Refused) and told.fault.reason == deciding.CHANGED
        if told.verb == "show":
            self._detail(drawing.safe(str(told.fault)))
            return
        if told.verb == "modify":
            self._drafts[told.suggestion_id] = told.text
            self._ask_what_now(told, changed)
        elif told.text:
            self._reasons[told.suggestion_id] = told.text
        again = " It has changed since you read it: look again, then decide." if changed else ""
        self._say(f"not done: {told.fault}{again}")
        if refused:
            self._fetch()

    def on_case_shown(self, told: CaseShown) -> None:
        """A case, for the dialog that asked."""
        if self._gone:
            return
        if isinstance(self.screen, Cases):
            self.screen.show(told)

    # What people do.

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor moved."""
        if isinstance(event.option_list, Listing) and not self._gone:
            if self.listing.left_over:
                self._draw()
            self.listing.mark()
            self._fetch()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, on the list."""
        if isinstance(event.option_list, Listing):
            self.action_read()

    def on_input_changed(self, event: Input.Changed) -> None:
        """The filter, as it is typed."""
        if event.input.id == "find":
            self.wanted = Wanted(self.wanted.state, self.wanted.type, event.value.strip())
            self._draw(leave=self._current_id())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """The filter stays."""
        if event.input.id == "find":
            event.input.set_class(bool(event.value), "-shown")
            self.listing.focus()

    def action_move(self, way: str) -> None:
        """The cursor in the list, or the text where that is read."""
        if self.query_one("#detail").has_focus:
            text = self.query_one("#detail", VerticalScroll)
            {"down": text.scroll_down, "up": text.scroll_up, "first": text.scroll_home, "last": text.scroll_end}[way]()
            return
        found = self.listing
        {"down": found.action_cursor_down, "up": found.action_cursor_up, "first": found.action_first,
         "last": found.action_last}[way]()  # fmt: skip

    def action_read(self) -> None:
        """Go to the detail."""
        if self.listing.current is not None:
            self.screen.add_class("-reading")
            self.query_one("#detail").focus()

    def action_leave(self) -> None:
        """From the detail to the list; from the list, show all again."""
        find = self.query_one("#find", Input)
        if find.has_class("-shown") and not self.query_one("#detail").has_focus:
            find.value = ""
            find.remove_class("-shown")
        self.screen.remove_class("-reading")
        self.listing.focus()

    def action_approve(self) -> None:
        """Do what is suggested."""
        if (one := self._to_decide()) is not None:
            self._decide("approve", one.suggestion_id, revision=one.revision)

    def action_refuse(self, verb: deciding.Verb) -> None:
        """Ask why, then reject or dismiss."""
        if (one := self._to_decide()) is None:
            return
        key, question = one.suggestion_id, f"{verb.title()} this. Why?" + ("" if verb == "reject" else " (if you like)")

        def answered(reason: str | None) -> None:
            if reason is not None:
                self._decide(verb, key, reason=reason)

        self.push_screen(Reason(question, self._reasons.get(key, ""), required=verb == "reject"), answered)

    def action_undo(self) -> None:
        """Take back the decision under the cursor, else the last one made here."""
        current = self.listing.current
        here = current is not None and current.state in UNDOABLE
        key = current.suggestion_id if current is not None and here else self._last
        found = self.shelf.known.get(key)
        if found is None or found.state not in UNDOABLE:
            self._say("there is no decision to take back: s shows those that were decided")
            return
        self._decide("undo", key)

    def action_modify(self) -> None:
        """Change the draft in an editor, and do that."""
        if (one := self._to_decide()) is not None:
            self._edit_draft(one, self._drafts.get(one.suggestion_id) or draft_file.written(one))

    def action_cases(self) -> None:
        """The workflows and calls behind it."""
        current = self.listing.current
        found = cases.keys(current) if current is not None else []
        if not found:
            self._say("there are no cases to look at")
            return
        self.push_screen(Cases(found, self._hands.look))

    def action_next_state(self) -> None:
        """Show the next state."""
        self.wanted = self.wanted.next_state()
        self._draw(leave=self._current_id())

    def action_next_type(self) -> None:
        """Show the next type."""
        self.wanted = self.wanted.next_type()
        self._draw(leave=self._current_id())

    def action_find(self) -> None:
        """Type a filter."""
        find = self.query_one("#find", Input)
        find.add_class("-shown")
        find.focus()

    def action_help(self) -> None:
        """What the keys do."""
        self.push_screen(Told("Keys", keys.page()))

    # Asking the daemon.

    def _decide(self, verb: deciding.Verb, key: str, *, reason: str = "", revision: int = 0) -> None:
        if not self._hands.decide(verb, key, reason=reason, revision=revision):
            self._say(_WAIT)

    def _send_draft(self, one: suggestion_pb2.Suggestion, text: str) -> None:
        if not self._hands.send_draft(one, text):
            self._drafts[one.suggestion_id] = text
            self._say(_WAIT)

    def _edit_draft(self, one: suggestion_pb2.Suggestion, text: str) -> None:
        try:
            with nullcontext() if self.is_headless else self.suspend():
                edited = self._edit(text)
        except SuspendNotSupported:
            self._say("this terminal cannot be left to an editor: `forewarn suggestions modify` opens one")
            return
        except Fault as fault:
            self._say(str(fault))
            return
        self.refresh(layout=True)
        self._send_draft(one, edited)

    def _ask_what_now(self, told: Failed, changed: bool) -> None:
        def answered(what: str | None) -> None:
            one = self.shelf.known.get(told.suggestion_id)
            if one is None or what is None:
                return
            if what == "send":
                self._send_draft(one, told.text)
            else:
                self._edit_draft(one, draft_file.with_fault(told.text, str(told.fault)))

        self.push_screen(Trouble(str(told.fault), may_send=changed), answered)

    def _fetch(self) -> None:
        """The detail of the one under the cursor."""
        current = self.listing.current
        if current is None:
            self.shown = None
            self._detail(Text())
            return
        if self.shown is None or self.shown.suggestion.suggestion_id != current.suggestion_id:
            self.shown = None
            self._detail(drawing.pairs(suggestion_view.facts(current)))
            self.screen_stack[0].query_one("#detail", VerticalScroll).scroll_home(animate=False)
        self._hands.fetch(current.suggestion_id)

    # Drawing.

    def _to_decide(self) -> suggestion_pb2.Suggestion | None:
        """The one under the cursor as it was shown; None, and a word, where nothing can be decided."""
        current = self.listing.current
        if current is None:
            self._say("there is nothing here to decide")
        elif self.shown is None or self.shown.suggestion.suggestion_id != current.suggestion_id:
            self._say("wait: it has not been shown yet")
        elif self.shown.suggestion.state != PENDING:
            self._say("it is decided already; u takes that back")
        else:
            return self.shown.suggestion
        return None

    def _current_id(self) -> str:
        current = self.listing.current
        return current.suggestion_id if current is not None else ""

    def _draw(self, leave: str = "") -> None:
        """The list and what stands around it. The one under the cursor stays, unless it is to be left."""
        cursor = self._current_id()
        found = self.shelf.shown(self.wanted, "" if cursor == leave else cursor)
        self.listing.show(found, cursor)
        count = sum(map(self.wanted.has, found))
        pending = sum(one.state == PENDING for one in self.shelf.known.values())
        more = f"; only the newest {READ:,} were read" if self.shelf.cut else ""
        about = f"Suggestions: {self.wanted} ({count}); {pending} pending{more}"
        base = self.screen_stack[0]
        base.query_one("#about", Static).update(Text(clean(about), no_wrap=True, overflow="ellipsis"))
        base.query_one("#both").set_class(not found, "-empty")
        base.query_one("#none", Static).update(Text(self._why_empty()))
        if not found:
            base.remove_class("-reading")
            self.shown = None
            self._detail(Text())

    def _why_empty(self) -> str:
        if not self._listed:
            return "Asking the daemon …"
        if self.wanted != Wanted():
            return f"Nothing here: {clean(str(self.wanted))}.\n\ns shows another state, t another type, / other words."
        return (
            "Nothing waits for you.\n\nSuggestions come by themselves, from completed workflows and recorded calls, "
            "and appear here when they do. `forewarn suggestions generate` looks for some now.\n\ns shows those "
            "that were decided."
        )

    def _detail(self, what: Any) -> None:
        self.screen_stack[0].query_one("#text", Static).update(what)

    def _banner(self, text: str) -> None:
        found = self.screen_stack[0].query_one("#banner", Static)
        found.update(drawing.safe(f"! {text}") if text else "")
        found.set_class(bool(text), "-shown")

    def _say(self, text: str) -> None:
        self.screen_stack[0].query_one("#said", Static).update(Text(clean(one_line(text, 400))))
