"""The screen: a list, what there is to know about the one under the cursor, and keys that decide.

Whatever asks the daemon does so on a thread of its own and comes back as a message, so that the screen answers at once
and a daemon that is down is a banner and nothing more. A decision is about what was shown: it carries the revision that
was read, and is refused where the draft has changed since.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from typing import Final

from rich.text import Text
from textual.app import SuspendNotSupported
from textual.containers import VerticalScroll
from textual.widgets import Input, OptionList

from forewarn.v1 import suggestion_pb2
from forewarn_cli import deciding, draft_file, suggestion_view
from forewarn_cli.faults import Fault, Refused
from forewarn_cli.review import cases, drawing, keys
from forewarn_cli.review.dialogs import Cases, CaseShown, Reason, Told, Trouble
from forewarn_cli.review.feed import Changed, Feed, Listed, Lost
from forewarn_cli.review.frame import Frame
from forewarn_cli.review.hands import Decided, Doors, Failed, Hands, Shown
from forewarn_cli.review.listing import Listing
from forewarn_cli.review.shelf import PENDING, UNDOABLE, Wanted
from forewarn_cli.wording import one_line

#: Seconds between two looks at the clock: ages are shown.
_TICK: Final = 30.0
_WAIT: Final = "wait: the daemon has not answered yet"
_DONE: Final = {"approve": "approved", "modify": "approved with your draft", "reject": "rejected",
                "dismiss": "dismissed", "undo": "taken back"}  # fmt: skip


class Review(Frame):
    """See the module. ``edit`` has a text edited."""

    def __init__(self, doors: Doors, actor: str = "", edit: Callable[[str], str] = draft_file.edit) -> None:
        super().__init__()
        self._hands = Hands(doors, actor, self.post_message)
        self._edit = edit
        self._feed = Feed(doors.inbox, self.post_message)
        self._last = ""
        #: Drafts and reasons that were written and not taken, by id.
        self._drafts: dict[str, str] = {}
        self._reasons: dict[str, str] = {}

    def on_mount(self) -> None:
        """Begin to follow the inbox."""
        self.listing.focus()
        self.redraw()
        self.set_interval(_TICK, self.redraw)
        self._feed.start()

    def on_unmount(self) -> None:
        """Follow it no longer."""
        self._feed.stop()

    def keep_drafts(self) -> list[str]:
        """Put what was written and not taken into files; their paths."""
        return [deciding.keep(text) for text in self._drafts.values()]

    # What the daemon says.

    def on_listed(self, told: Listed) -> None:
        """It answers."""
        if self.gone:
            return
        self.listed = True
        self.banner("")
        self.shelf.fill(told.suggestions, cut=told.cut)
        self.redraw()
        self._fetch()

    def on_changed(self, told: Changed) -> None:
        """One came, or was decided somewhere."""
        if self.gone:
            return
        if self.shelf.put(told.suggestion):
            current = self.listing.current
            self.redraw()
            if current is not None and current.suggestion_id == told.suggestion.suggestion_id:
                self._fetch()

    def on_lost(self, told: Lost) -> None:
        """It does not answer."""
        if self.gone:
            return
        self.banner(f"{told.fault}\nTrying again. What is shown is as it was; nothing can be decided until it answers.")

    def on_shown(self, told: Shown) -> None:
        """The detail of the one that was asked for, unless the cursor has gone on."""
        if self.gone:
            return
        current = self.listing.current
        one = told.answer.suggestion
        self.shelf.put(one)
        if current is not None and current.suggestion_id == one.suggestion_id:
            self.shown = told.answer
            self.detail(drawing.detail(told.answer))

    def on_decided(self, told: Decided) -> None:
        """Done: on to the next."""
        if self.gone:
            return
        one = told.suggestion
        self._hands.answered(one.suggestion_id)
        self._drafts.pop(one.suggestion_id, None)
        self._reasons.pop(one.suggestion_id, None)
        self._last = one.suggestion_id
        self.shelf.put(one)
        undo = "" if told.verb == "undo" else "; u takes it back"
        name = one_line(one.target_id or one.applied_id or one.draft.description, 80)
        self.say(f"{_DONE[told.verb]}: {name}{undo}")
        self.redraw(leave=one.suggestion_id)
        self._fetch()

    def on_failed(self, told: Failed) -> None:
        """Not done: say why, show what it is now, keep what was written."""
        if self.gone:
            return
        self._hands.answered(told.suggestion_id)
        refused = isinstance(told.fault, Refused)
        changed = isinstance(told.fault, Refused) and told.fault.reason == deciding.CHANGED
        if told.verb == "show":
            if told.suggestion_id == self.current_id():
                self.detail(drawing.safe(str(told.fault)))
            return
        if told.verb == "modify":
            self._drafts[told.suggestion_id] = told.text
            self._ask_what_now(told, changed)
        elif told.text:
            self._reasons[told.suggestion_id] = told.text
        again = " It has changed since you read it: look again, then decide." if changed else ""
        self.say(f"not done: {told.fault}{again}")
        if refused:
            self._fetch()

    def on_case_shown(self, told: CaseShown) -> None:
        """A case, for the dialog that asked."""
        if self.gone:
            return
        if isinstance(self.screen, Cases):
            self.screen.show(told)

    # What people do.

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """The cursor moved."""
        if isinstance(event.option_list, Listing) and not self.gone:
            if self.listing.left_over:
                self.redraw()
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
            self.redraw(leave=self.current_id())

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
            self.say("there is no decision to take back: s shows those that were decided")
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
            self.say("there are no cases to look at")
            return
        self.push_screen(Cases(found, self._hands.look))

    def action_next_state(self) -> None:
        """Show the next state."""
        self.wanted = self.wanted.next_state()
        self.redraw(leave=self.current_id())

    def action_next_type(self) -> None:
        """Show the next type."""
        self.wanted = self.wanted.next_type()
        self.redraw(leave=self.current_id())

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
            self.say(_WAIT)

    def _send_draft(self, one: suggestion_pb2.Suggestion, text: str) -> None:
        if not self._hands.send_draft(one, text):
            self._drafts[one.suggestion_id] = text
            self.say(_WAIT)

    def _edit_draft(self, one: suggestion_pb2.Suggestion, text: str) -> None:
        try:
            with nullcontext() if self.is_headless else self.suspend():
                edited = self._edit(text)
        except SuspendNotSupported:
            self.say("this terminal cannot be left to an editor: `forewarn suggestions modify` opens one")
            return
        except Fault as fault:
            self.say(str(fault))
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
            self.detail(Text())
            return
        if self.shown is None or self.shown.suggestion.suggestion_id != current.suggestion_id:
            self.shown = None
            self.detail(drawing.pairs(suggestion_view.facts(current)))
            self.screen_stack[0].query_one("#detail", VerticalScroll).scroll_home(animate=False)
        self._hands.fetch(current.suggestion_id)

    def _to_decide(self) -> suggestion_pb2.Suggestion | None:
        """The one under the cursor as it was shown; None, and a word, where nothing can be decided."""
        current = self.listing.current
        if current is None:
            self.say("there is nothing here to decide")
        elif self.shown is None or self.shown.suggestion.suggestion_id != current.suggestion_id:
            self.say("wait: it has not been shown yet")
        elif self.shown.suggestion.state != PENDING:
            self.say("it is decided already; u takes that back")
        else:
            return self.shown.suggestion
        return None
