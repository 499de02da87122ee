"""The list of suggestions: two lines each, and a mark where the cursor is, which needs no colour."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from forewarn.v1 import suggestion_pb2
from forewarn_cli.review import drawing


class Listing(OptionList):
    """Shows suggestions, and keeps the cursor on the one it is on, whatever comes or goes."""

    def __init__(self, fits: Callable[[suggestion_pb2.Suggestion], bool]) -> None:
        super().__init__(id="list", markup=False)
        self._fits = fits
        self._shown: list[suggestion_pb2.Suggestion] = []
        self._marked: int | None = None

    @property
    def current(self) -> suggestion_pb2.Suggestion | None:
        """Where the cursor is."""
        place = self.highlighted
        return self._shown[place] if place is not None and place < len(self._shown) else None

    @property
    def ids(self) -> list[str]:
        """Those that are shown, in order."""
        return [one.suggestion_id for one in self._shown]

    @property
    def left_over(self) -> bool:
        """Whether one is shown that is not wanted any more, and that nobody looks at."""
        current = self.current
        return any(one is not current and not self._fits(one) for one in self._shown)

    def show(self, found: Sequence[suggestion_pb2.Suggestion], cursor: str) -> None:
        """These now; the cursor on ``cursor`` if it is among them, else where it was, as near as can be."""
        place = self.highlighted or 0
        same = self.ids == [one.suggestion_id for one in found]
        self._shown = list(found)
        ids = self.ids
        place = ids.index(cursor) if cursor in ids else min(place, max(0, len(ids) - 1))
        if same:
            for number in range(len(ids)):
                self.replace_option_prompt_at_index(number, self._row(number, place))
        else:
            self.clear_options()
            self.add_options([Option(self._row(number, place), id=ids[number]) for number in range(len(ids))])
        self._marked = place if ids else None
        if ids and self.highlighted != place:
            self.highlighted = place

    def mark(self) -> None:
        """Draw the mark where the cursor is now; only the two rows that this is about, whatever their number."""
        for number in {self._marked, self.highlighted}:
            if number is not None and number < len(self._shown):
                self.replace_option_prompt_at_index(number, self._row(number, self.highlighted))
        self._marked = self.highlighted

    def _row(self, number: int, place: int | None) -> Text:
        one = self._shown[number]
        return drawing.row(one, drawing.now(), marked=number == place, elsewhere=not self._fits(one))
