"""What asks or tells something above the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, Generic, TypeVar

from rich.console import RenderableType
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from forewarn_cli.review.drawing import safe

Answer = TypeVar("Answer")
#: Characters of a reason that can be typed; the daemon keeps the first 1,024 bytes.
LONGEST_REASON: Final = 1_000


class Dialog(ModalScreen[Answer], Generic[Answer]):
    """Something above the list, until Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [("escape", "leave", "Back")]

    def action_leave(self) -> None:
        """Answer nothing."""
        self.dismiss(None)


class Reason(Dialog[str]):
    """Asks why. ``None`` where somebody thought better of it."""

    def __init__(self, question: str, before: str, *, required: bool) -> None:
        super().__init__()
        self._question = question
        self._before = before
        self._required = required

    def compose(self) -> ComposeResult:
        """The question, a line to write in, what the keys do."""
        with VerticalScroll():
            yield Static(Text(self._question, style="bold"))
            yield Input(self._before, max_length=LONGEST_REASON, id="reason", select_on_focus=False)
            yield Static(Text("Enter does it, Esc does not."), id="hint")

    def on_mount(self) -> None:
        """Write at once."""
        self.query_one(Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Answer, unless a reason is wanted and there is none."""
        if self._required and not event.value.strip():
            self.query_one("#hint", Static).update(Text("Say why, for those who read the history. Esc does not do it."))
            return
        self.dismiss(event.value.strip())


class Trouble(Dialog[str]):
    """A draft was not taken: what now? ``edit``, ``send`` or nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [("e", "answer('edit')", "Edit"), ("s", "answer('send')", "Send")]

    def __init__(self, fault: str, *, may_send: bool) -> None:
        super().__init__()
        self._fault = fault
        self._may_send = may_send

    def compose(self) -> ComposeResult:
        """What is wrong, and what the keys do."""
        with VerticalScroll():
            yield Static(Text("The draft was not taken", style="bold"))
            yield Static(safe(self._fault))
            again = " s sends it all the same." if self._may_send else ""
            yield Static(Text(f"\ne edits it again.{again} Esc leaves it: what you wrote is there when you press m."))

    def action_answer(self, answer: str) -> None:
        """One of the keys."""
        if answer == "edit" or self._may_send:
            self.dismiss(answer)


class Told(Dialog[None]):
    """Something to read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("question_mark,enter,q", "leave", "Back"),
        ("j", "move('down')", "Down"),
        ("k", "move('up')", "Up"),
    ]

    def __init__(self, title: str, what: RenderableType) -> None:
        super().__init__()
        self._title = title
        self._what = what

    def compose(self) -> ComposeResult:
        """The text."""
        with VerticalScroll():
            yield Static(Text(self._title, style="bold"))
            yield Static(self._what)
            yield Static(Text("\nEsc goes back."))

    def on_mount(self) -> None:
        """Arrows scroll."""
        self.query_one(VerticalScroll).focus()

    def action_move(self, way: str) -> None:
        """As arrows do."""
        found = self.query_one(VerticalScroll)
        (found.scroll_down if way == "down" else found.scroll_up)()


@dataclass
class CaseShown(Message):
    """A workflow or call that somebody asked for."""

    key: str
    what: RenderableType


class Cases(Dialog[None]):
    """The workflows and calls behind a suggestion; Enter shows one. ``look`` fetches it, and tells ``CaseShown``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("j", "move('down')", "Down"),
        ("k", "move('up')", "Up"),
        ("c,q", "leave", "Back"),
    ]

    def __init__(self, keys: Sequence[tuple[str, str]], look: Callable[[str, str], None]) -> None:
        super().__init__()
        self._keys = keys
        self._look = look

    def compose(self) -> ComposeResult:
        """The ids, and the one that is looked at."""
        with VerticalScroll():
            yield Static(Text("Cases behind it", style="bold"))
            yield OptionList(*(Option(self._row(number, 0)) for number in range(len(self._keys))))
            yield Static("", id="case")
            yield Static(Text("\nEnter shows one, Esc goes back."))

    def on_mount(self) -> None:
        """Arrows go through them."""
        self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Mark the one that is meant."""
        for number in range(len(self._keys)):
            event.option_list.replace_option_prompt_at_index(number, self._row(number, event.option_index))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Fetch the one that is meant."""
        kind, key = self._keys[event.option_index]
        self.query_one("#case", Static).update(Text(f"\nAsking for {kind} …"))
        self._look(kind, key)

    def show(self, told: CaseShown) -> None:
        """What was fetched."""
        self.query_one("#case", Static).update(told.what)

    def _row(self, number: int, place: int) -> Text:
        kind, key = self._keys[number]
        return Text(f"{'▶' if number == place else ' '} {kind} ").append_text(safe(key, most=80))

    def action_move(self, way: str) -> None:
        """As arrows do."""
        found = self.query_one(OptionList)
        (found.action_cursor_down if way == "down" else found.action_cursor_up)()
