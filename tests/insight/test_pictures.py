"""Pictures of reports: whole files, the same bytes each time, and words for who cannot see them."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import combinations
from xml.etree import ElementTree

import pytest
from PIL import Image

from lifecycle.insight.bandit import BanditReport, BanditVariant
from lifecycle.insight.pictures import saving, style
from lifecycle.insight.pictures.campaign import campaign_picture
from lifecycle.insight.pictures.experiment import experiment_picture
from lifecycle.insight.pictures.holdout import holdout_picture
from lifecycle.insight.pictures.line_names import apart
from lifecycle.insight.pictures.page import Panel, Picture, one_line
from lifecycle.insight.pictures.saving import as_png, as_svg
from lifecycle.insight.tested import StepReport
from lifecycle.store.allocation import Period
from tests.insight.made_lifts import made_campaign, made_holdout, made_measured
from tests.insight.made_reports import BEGINS, made_step

SVG = "{http://www.w3.org/2000/svg}"
TWO = {"plain": 0.05, "with a question": 0.08}
LONG = {"Ein sehr langer Name für eine Variante, $5 & <mehr>": 0.05, "日本語の名前" * 9: 0.04}
ODD = {"two\nlines\tand \x07": 0.05, "\u202eturned": 0.04, "$5 & <b>\u2028": 0.06}
SHARES = (0.05, 0.04)


def of_tests(*found: StepReport) -> Picture:
    return experiment_picture(found, "Hello", "Europe/Berlin", "EUR")


def decided() -> StepReport:
    return made_step(
        TWO,
        days=25,
        sentence="Decided: “with a question”.",
        verdict="with a question",
        verdict_proven=True,
        verdict_at=BEGINS + timedelta(days=18),
        decides_from=BEGINS + timedelta(days=7),
    )


def bandit() -> StepReport:
    variants = tuple(BanditVariant(name, 0.5, 900, 90, None, 0.6) for name in TWO)
    shares = tuple((name, 0.5) for name in TWO)
    periods = (Period(BEGINS + timedelta(days=3), None, shares),)
    said = "The bandit favours “plain”."
    found = BanditReport("hello", "again", "click_rate", variants, "plain", periods, "", None, said)
    return made_step(TWO, days=9, bandit=found, sentence=said)


EACH: dict[str, Callable[[], Picture]] = {
    "two variants": lambda: of_tests(made_step(TWO)),
    "decided": lambda: of_tests(decided()),
    "a bandit": lambda: of_tests(bandit()),
    "revenue": lambda: of_tests(made_step(TWO, days=12, revenue=True)),
    "one variant": lambda: of_tests(made_step({"only": 0.05}, days=9)),
    "seven variants": lambda: of_tests(made_step({str(n): n / 50 for n in range(7)}, days=9)),
    "long names": lambda: of_tests(made_step(LONG, days=9, step="reminder_" * 12)),
    "odd names": lambda: of_tests(made_step(ODD, days=9, step="one\nor \x1btwo")),
    "twelve variants": lambda: of_tests(made_step({str(n): n / 99 for n in range(12)}, days=400)),
    "300 days": lambda: of_tests(made_step(TWO, days=300, a_day=3)),
    "right after launch": lambda: of_tests(made_step(TWO, days=1, a_day=1)),
    "nobody counts yet": lambda: of_tests(made_step(TWO, days=1, a_day=0)),
    "no letter yet": lambda: of_tests(made_step(TWO, days=0)),
    "many tests": lambda: of_tests(*[made_step(TWO, days=2) for _ in range(6)]),
    "no tests": lambda: of_tests(),
    "a campaign": lambda: campaign_picture(
        made_campaign({"first": 900, "second": 500}, made_measured(40, 100, 10, SHARES)), "ordered"
    ),
    "no holdout": lambda: campaign_picture(made_campaign({"first": 9}, None), "ordered"),
    "nothing sent": lambda: campaign_picture(made_campaign({}, None), "ordered"),
    "many steps": lambda: campaign_picture(
        made_campaign({f"step {n}": 90 for n in range(14)}, None, currency="JPY"), "ordered"
    ),
    "few people": lambda: campaign_picture(
        made_campaign({"first": 9}, made_measured(2, 10, 20, (0.2, 0.1))), "ordered"
    ),
    "the shop's holdout": lambda: holdout_picture(made_holdout(30, 100, SHARES), ""),
    "a holdout of two days": lambda: holdout_picture(made_holdout(2, 10, (0.1, 0.0)), ""),
    "no holdout of the shop": lambda: holdout_picture(None, "Nobody is held out."),
}


@pytest.mark.parametrize("case", EACH)
def test_each_is_a_whole_png_and_svg_and_says_what_it_shows(case: str) -> None:
    picture = EACH[case]()
    png = Image.open(io.BytesIO(as_png(picture)))
    png.load()
    assert png.width == 1400
    title, told = one_line(picture.title), one_line(picture.told)
    assert png.info["Title"] == title
    assert png.info["Description"] == told
    corners = {png.convert("RGB").getpixel((x, y)) for x in (0, 1399) for y in (0, png.height - 1)}
    assert corners == {(255, 255, 255)}
    root = ElementTree.fromstring(as_svg(picture))
    assert root.tag == f"{SVG}svg"
    assert (root.get("role"), root.get("aria-labelledby")) == ("img", "title told")
    assert [(one.tag, one.get("id"), one.text) for one in root[:2]] == [
        (f"{SVG}title", "title", title),
        (f"{SVG}desc", "told", told),
    ]


@pytest.mark.parametrize("write", [as_png, as_svg])
def test_the_same_figures_make_the_same_bytes(write: Callable[[Picture], bytes]) -> None:
    once = write(of_tests(decided()))
    assert write(of_tests(decided())) == once
    assert write(of_tests(made_step(TWO, days=24))) != once


WORDY = ("decided", "long names", "odd names", "seven variants", "twelve variants", "a campaign")


@pytest.mark.filterwarnings("ignore:Glyph .* missing from")
@pytest.mark.parametrize("case", WORDY)
def test_no_word_leaves_the_page_or_lies_on_another(case: str) -> None:
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with rc_context(style.SETTINGS):  # type: ignore[arg-type]
        figure = saving._figure(EACH[case]())
        FigureCanvasAgg(figure).draw()
        texts = [*figure.texts]
        for axes in figure.axes:
            texts += [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]
        boxes = [text.get_window_extent() for text in texts if text.get_text().strip()]
    assert min(box.x0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= figure.bbox.width
    assert min(box.y0 for box in boxes) >= 0
    assert not [
        (one, other)
        for one, other in combinations(boxes, 2)
        if min(one.x1, other.x1) - max(one.x0, other.x0) > 1
        and min(one.y1, other.y1) - max(one.y0, other.y0) > 1
    ]


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("plain", "plain"),
        ("exactly so", "exactly so"),
        ("a name too long", "a name to…"),
        ("ten wide ones", "ten wide…"),
        ("日本語の名", "日本語の名"),
        ("日本語の名前", "日本語の…"),
        ("a\nb", "a b"),
        ("", ""),
    ],
)
def test_names_are_cut_by_their_width(text: str, short: str) -> None:
    assert style.shortened(text, 10) == short


def test_no_name_breaks_a_line_or_turns_what_stands_beside_it() -> None:
    assert one_line("a\nb\tc\x00d\u2029e\u202ef\u2066g") == "a b c d efg"
    assert one_line("עברית 5 %") == "עברית 5 %"


def test_no_two_lines_of_a_picture_look_alike() -> None:
    looks = {(style.colour_of(place), str(style.dash_of(place))) for place in range(28)}
    assert len(looks) == 28


def test_the_verdict_is_the_answer() -> None:
    found = decided()
    picture = of_tests(found)
    assert picture.title == "Which variant of “Hello: again” is clicked in most?"
    assert found.sentence in picture.told
    assert found.sentence in [getattr(part, "text", "") for part in picture.parts]


def test_a_campaign_without_a_holdout_says_so_in_place_of_a_figure() -> None:
    picture = campaign_picture(made_campaign({"first": 9}, None), "ordered")
    assert picture.told.startswith("No holdout: it cannot be told what the campaign brings.")


def test_a_wrong_sample_ratio_is_the_answer_before_all_else() -> None:
    measured = made_measured(40, 100, 10, SHARES)
    alarm = "Beware: the two sides cannot be compared."
    wrong = replace(
        measured, ratio=replace(measured.ratio, alarm=True), told=(*measured.told, alarm)
    )
    assert campaign_picture(made_campaign({"a": 9}, wrong), "ordered").told.startswith(alarm)


def test_a_bandit_is_drawn_with_its_shares_and_never_with_a_difference() -> None:
    panels = [part for part in of_tests(bandit()).parts if isinstance(part, Panel)]
    said = [getattr(part, "text", "") for part in of_tests(bandit()).parts]
    assert len(panels) == 2
    assert not any("once a band leaves 0" in text for text in said)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ([], []),
        ([5.0], [5.0]),
        ([5.0, 50.0], [5.0, 50.0]),
        ([50.0, 50.0], [45.0, 55.0]),
        ([0.0, 0.0, 0.0], [0.0, 10.0, 20.0]),
        ([100.0, 100.0], [90.0, 100.0]),
        ([20.0, 28.0, 29.0], [15.67, 25.67, 35.67]),
    ],
)
def test_names_are_moved_apart_and_stay_on_the_page(
    wanted: list[float], found: list[float]
) -> None:
    assert apart(wanted, 10, 100) == pytest.approx(found, abs=0.01)


def test_neither_the_daemon_nor_the_commands_load_what_draws() -> None:
    asks = "import sys, scheduler, lifecycle.cli.commands; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", asks], check=False).returncode == 0
