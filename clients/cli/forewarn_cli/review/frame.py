"""What the screen is made of, and how it is drawn; what happens on it is in app.py."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Footer, Input, Static

from forewarn.v1 import suggestion_pb2
from forewarn_cli.review import drawing, keys
from forewarn_cli.review.feed import READ
from forewarn_cli.review.listing import Listing
from forewarn_cli.review.shelf import PENDING, Shelf, Wanted
from forewarn_cli.wording import clean, one_line

#: Rows of the list; as many as may be pending. Each takes its time whenever the list is drawn.
LISTED: Final = 200


class Frame(App[None]):
    """Banner, list, detail, filter, what was said last, keys. Below 100 columns list and detail take turns."""

    CSS_PATH = "review.tcss"
    TITLE = "forewarn review"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 (Textual's)
        (0, "-narrow"),
        (100, "-wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [*keys.BINDINGS]

    def __init__(self) -> None:
        super().__init__()
        self.shelf = Shelf()
        self.wanted = Wanted()
        #: What there is to know about the one under the cursor; None until the daemon told it.
        self.shown: suggestion_pb2.GetSuggestionResponse | None = None
        #: Whether the daemon ever answered.
        self.listed = False

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

    @property
    def listing(self) -> Listing:
        """The list."""
        return self.screen_stack[0].query_one(Listing)

    @property
    def gone(self) -> bool:
        """The screen is closed, or is losing its parts one by one, and an answer came late."""
        if not self.screen_stack:
            return True
        base = self.screen_stack[0]
        return not (base.query(Listing) and base.query("#about") and base.query("#text") and base.query("#said"))

    def wanted_has(self, one: suggestion_pb2.Suggestion) -> bool:
        """Whether the filter lets it through."""
        return self.wanted.has(one)

    def current_id(self) -> str:
        """The id of the one under the cursor; "" without any."""
        current = self.listing.current
        return current.suggestion_id if current is not None else ""

    def redraw(self, leave: str = "") -> None:
        """The list and what stands around it. The one under the cursor stays, unless it is to be left."""
        cursor = self.current_id()
        found = self.shelf.shown(self.wanted, "" if cursor == leave else cursor)
        self.listing.show(found[:LISTED], cursor)
        count = sum(map(self.wanted.has, found))
        pending = sum(one.state == PENDING for one in self.shelf.known.values())
        more = f"; the newest {LISTED} are listed, / finds others" if len(found) > LISTED else ""
        more += f"; only the newest {READ:,} were read" if self.shelf.cut else ""
        about = f"Suggestions: {self.wanted} ({count}); {pending} pending{more}"
        base = self.screen_stack[0]
        base.query_one("#about", Static).update(Text(clean(about), no_wrap=True, overflow="ellipsis"))
        base.query_one("#both").set_class(not found, "-empty")
        base.query_one("#none", Static).update(Text(self._why_empty()))
        if not found:
            base.remove_class("-reading")
            self.shown = None
            self.detail(Text())

    def _why_empty(self) -> str:
        if not self.listed:
            return "Asking the daemon …"
        if self.wanted != Wanted():
            return f"Nothing here: {clean(str(self.wanted))}.\n\ns shows another state, t another type, / other words."
        return (
            "Nothing waits for you.\n\nSuggestions come by themselves, from completed workflows and recorded calls, "
            "and appear here when they do. `forewarn suggestions generate` looks for some now.\n\ns shows those "
            "that were decided."
        )

    def detail(self, what: Any) -> None:
        """Show this in the detail."""
        self.screen_stack[0].query_one("#text", Static).update(what)

    def banner(self, text: str) -> None:
        """Say something that holds until it is taken back with ""."""
        found = self.screen_stack[0].query_one("#banner", Static)
        found.update(drawing.safe(f"! {text}") if text else "")
        found.set_class(bool(text), "-shown")

    def say(self, text: str) -> None:
        """Say what came of a key."""
        self.screen_stack[0].query_one("#said", Static).update(Text(clean(one_line(text, 400))))
