"""The report's page in headless Chromium: it opens without complaint, shows its charts and runs nothing of others."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from forewarn.v1 import admin_pb2
from forewarn_cli.report import page
from forewarn_cli.report.palette import INKS
from tests.cli import browser
from tests.cli.browser import Browser
from tests.cli.reported import full_report

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def chromium(folder: Path) -> Browser:
    return Browser(browser.find(), folder)


@pytest.fixture(scope="module")
def written(folder: Path) -> Path:
    """The page of a report with hostile texts everywhere."""
    file = folder / "report.html"
    file.write_text(page.render(full_report()))
    return file


@pytest.fixture(scope="module")
def empty(folder: Path) -> Path:
    file = folder / "empty.html"
    file.write_text(page.render(admin_pb2.GetReportResponse()))
    return file


def probed(written: Path, script: str) -> Path:
    """The page without its policy, and with a script of the test at its end."""
    text, count = re.subn(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", written.read_text())
    assert count == 1
    file = written.with_name(f"probed-{abs(hash(script))}.html")
    file.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
    return file


def colour(name: str, side: str) -> tuple[int, ...]:
    return tuple(bytes.fromhex(getattr(INKS[name], side)[1:]))


def test_it_opens_without_complaint_and_shows_its_charts(chromium: Browser, written: Path) -> None:
    looked = chromium.open(written)
    assert looked.complaints == []
    assert 'data-ready="yes"' in looked.document, "its own script ran"
    charts = re.findall(r"<svg .*?</svg>", looked.document, re.DOTALL)
    assert len(charts) == 7
    assert all(chart.count("<path") + chart.count("<text") > 10 for chart in charts)
    assert "data-owned" not in looked.document.partition("<head>")[0], "a text from the store ran"


def test_an_empty_report_opens_without_complaint(chromium: Browser, empty: Path) -> None:
    looked = chromium.open(empty)
    assert looked.complaints == []
    assert "Nothing to show yet" in looked.document


def test_the_browser_would_complain(chromium: Browser, written: Path) -> None:
    """What the tests above look for is seen when it is there."""
    assert chromium.open(probed(written, "console.error('seen')")).complaints
    file = written.with_name("refused.html")
    file.write_text(written.read_text().replace("</body>", "<script>1</script></body>"))
    refused = chromium.open(file)
    assert any("Content Security Policy" in line for line in refused.complaints)
    run = probed(written, "document.documentElement.dataset.owned=1")
    assert "data-owned" in chromium.open(run).document.partition("<head>")[0]


@pytest.mark.parametrize("dark", [False, True])
def test_it_is_drawn_in_light_and_in_dark(chromium: Browser, written: Path, dark: bool) -> None:
    side = "dark" if dark else "light"
    colours = chromium.screenshot(written, 1280, 1500, dark=dark).colours()
    assert len(colours) > 200
    assert sum(colours.values()) == 1280 * 1500
    assert colours[colour("ground", side)] > 200_000
    for ink in ("accent", "failed", "right", "worked", "text"):
        assert colours.get(colour(ink, side), 0) > 100, f"{ink} is missing"
    other = "light" if dark else "dark"
    assert colours.get(colour("ground", other), 0) < 20_000


def test_an_empty_report_is_not_blank(chromium: Browser, empty: Path) -> None:
    assert len(chromium.screenshot(empty, 900, 600).colours()) > 50


@pytest.mark.parametrize("width", [320, 400, 1280])
def test_it_fits_the_window(chromium: Browser, written: Path, width: int) -> None:
    """In a frame: a window is never narrower than 500."""
    told = "const d = document.documentElement; parent.postMessage(`${d.clientWidth} ${d.scrollWidth}`, '*')"
    frame = written.with_name(f"frame-{width}.html")
    frame.write_text(
        "<script>onmessage = (told) => { document.documentElement.dataset.fits = told.data }</script>"
        f'<iframe src="{probed(written, told).name}" width="{width}" height="900" style="border: 0"></iframe>'
    )
    looked = chromium.open(frame, "--window-size=1400,1000", "--hide-scrollbars")
    assert f'data-fits="{width} {width}"' in looked.document


def test_tables_are_sorted_by_their_heads(chromium: Browser, written: Path) -> None:
    script = """
        const region = document.querySelector('[aria-label="What was prevented, by tool"]');
        const heads = [...region.querySelectorAll("th")];
        const failed = heads.find((head) => head.textContent === "calls");
        const column = (place) => [...region.querySelectorAll("tbody tr")].map((row) => row.cells[place].textContent);
        const place = heads.indexOf(failed);
        const asked = () => { failed.firstElementChild.click(); return failed.ariaSort + column(place).slice(0, 2); };
        document.documentElement.dataset.sorted = `${asked()} ${asked()}`;
    """
    document = chromium.open(probed(written, script)).document
    assert 'data-sorted="descending1,000,999 ascending991,992"' in document


def test_marks_say_what_they_stand_for(chromium: Browser, written: Path) -> None:
    script = """
        const marks = [...document.querySelectorAll(".chart [aria-label]")];
        const mark = marks.find((one) => one.ariaLabel.includes("said"));
        mark.dispatchEvent(new PointerEvent("pointermove", {bubbles: true}));
        const hint = document.getElementById("hint");
        document.documentElement.dataset.hint = `${hint.hidden} ${hint.textContent}`;
    """
    document = chromium.open(probed(written, script)).document
    assert re.search(r'data-hint="false 100 calls: said 5\.0 %, failed 4\.0 %', document)
