"""Reports as people read and keep them: words, pictures and rows over a kept replay."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from PIL import Image
from rich.console import Console

from lifecycle.cli import report_experiment
from lifecycle.core.chance import fraction
from lifecycle.insight.tested import SampleRatio, StepReport
from tests.cli.conftest import Call
from tests.cli.shop import FILES, make_shop, write_lines
from tests.insight.made_lifts import hello
from tests.insight.made_reports import made_step

BEGINS = datetime(2026, 3, 2, tzinfo=UTC)
PEOPLE = 200
TESTED = """\
  [step.winner]
  by = "click_rate"
  within = "60 days"
  [[step.variant]]
  name = "plain"
  [[step.variant]]
  name = "=question"

[[step]]
name = "again"
after = "1 day"
template = "hello"
subject = "Again"
  [step.winner]
  by = "goal_rate"
  policy = "bandit"
  within = "60 days"
  [[step.variant]]
  name = "one"
  [[step.variant]]
  name = "two"

[holdout]
percent = 20
"""
DRAFT = FILES["campaigns/hello.toml"].replace('"live"', '"draft"')
SHOP = {
    **FILES,
    "settings.toml": FILES["settings.toml"].replace(
        "[sending]\n", "[sending]\nglobal_holdout_percent = 10\n"
    ),
    "campaigns/hello.toml": FILES["campaigns/hello.toml"] + TESTED,
    "campaigns/draft.toml": DRAFT,
}


def happened(number: int, name: str, at: datetime, **properties: Any) -> dict[str, Any]:
    said = {"id": f"{name}{number}", "at": at.isoformat(), "event": name}
    return {**said, "customer": f"c{number}", "properties": properties}


def events() -> list[dict[str, Any]]:
    """All are greeted over three weeks; some click within hours, some buy within two days."""
    found = []
    for number in range(PEOPLE):
        at = BEGINS + timedelta(hours=2.5 * number)
        found.append(happened(number, "greeting_asked", at, greeting_id=str(number)))
        if fraction("clicks", str(number)) < 0.3:
            click = {"campaign": "hello", "step": "hello", "url": "https://shop.example"}
            found.append(happened(number, "message_clicked", at + timedelta(hours=3), **click))
        if fraction("buys", str(number)) < 0.3:
            later = at + timedelta(hours=20 + 30 * fraction("when", str(number)))
            found.append(happened(number, "order_placed", later, total=49.5, order_id=str(number)))
    return sorted(found, key=lambda one: one["at"])


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop's folder with the database that a replay left in it."""
    from lifecycle.cli import main

    root = make_shop(tmp_path_factory.mktemp("reports"), SHOP)
    people = [
        {"id": f"c{number}", "email": f"c{number}@shop.example", "agreed_to": ["offers"]}
        for number in range(PEOPLE)
    ]
    files = ["--events", write_lines(root / "e.jsonl", events())]
    files += ["--customers", write_lines(root / "c.jsonl", people), "--keep", root / "kept.db"]
    said = ["replay", "--project", root, "--until", "2026-04-10", *files]
    assert main([str(one) for one in said]) == 0
    return root


@pytest.fixture
def of(kept: Path, call: Call) -> Call:
    """Calls `lifecycle report` on the kept database."""
    on = ("--project", kept, "--database", f"sqlite:///{kept / 'kept.db'}")
    return lambda *said: call("report", *said, *on)


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.mark.parametrize(
    ("report", "asks"),
    [
        (("experiment", "hello"), "Which variant of “Hello: hello” is clicked in most?"),
        (("campaign", "hello"), "What does “Hello” bring?"),
        (("campaign", "draft"), "What does “Hello” bring?"),
        (("holdout",), "What does all marketing bring?"),
    ],
)
def test_each_is_drawn_as_png_and_svg_beside_what_the_screen_says(
    of: Call, tmp_path: Path, report: tuple[str, ...], asks: str
) -> None:
    png, svg, again = (tmp_path / name for name in ("it.png", "it.SVG", "again.svg"))
    drawn = of(*report, "--picture", png, "--picture", svg, "--picture", again)
    assert drawn.code == 0, drawn.err
    assert drawn.out == of(*report).out != ""
    image = Image.open(png)
    image.load()
    assert image.info["Title"] == asks
    title, told = ElementTree.parse(svg).getroot()[:2]
    assert (title.text, told.text) == (asks, image.info["Description"])
    assert svg.read_bytes() == again.read_bytes()


def test_the_verdict_on_the_screen_is_the_one_in_the_picture_and_in_json(
    of: Call, tmp_path: Path
) -> None:
    said = of("experiment", "hello", "--json", "--picture", tmp_path / "it.svg")
    drawn = "".join(ElementTree.parse(tmp_path / "it.svg").getroot()[1].itertext())
    screen = of("experiment", "hello").out
    for step in said.data:
        assert step["sentence"] in drawn
        assert step["sentence"] in screen


def test_a_bandit_favours_and_proves_nothing(of: Call) -> None:
    told = of("experiment", "hello", "--step", "again")
    assert "The bandit favours" in told.out
    assert "share now" in told.out
    assert "proven at" not in told.out
    (step,) = of("experiment", "hello", "--step", "again", "--json").data
    assert step["proven"] is False
    assert sum(one["share"] for one in step["bandit"]["variants"]) == pytest.approx(1)


def test_too_few_people_are_told_with_how_many_more_it_needs(of: Call) -> None:
    told = of("experiment", "hello", "--step", "hello").out
    (step,) = of("experiment", "hello", "--step", "hello", "--json").data
    assert "Nobody can tell yet" in told
    assert step["needs"] is None or "Not enough people to tell: it needs about" in told


def test_the_three_figures_stand_together_each_with_what_it_counts(of: Call) -> None:
    lines = of("campaign", "hello").out.splitlines()
    heads = ("  After a click: ", "  After a letter: ", "  Above those held out: ")
    places = [next(n for n, line in enumerate(lines) if line.startswith(head)) for head in heads]
    assert places == [places[0], places[0] + 2, places[0] + 4]
    for place in places:
        assert "EUR" in lines[place]
        assert lines[place + 1].startswith("    Counts ")


def test_a_campaign_is_a_csv_of_a_row_a_step_and_variant(of: Call, tmp_path: Path) -> None:
    assert of("campaign", "hello", "--csv", tmp_path / "it.csv").code == 0
    rows = rows_of((tmp_path / "it.csv").read_text("utf-8"))
    told = of("campaign", "hello", "--json").data["letters"]
    assert {row["variant"] for row in rows} == {"plain", "'=question", "one", "two"}
    assert [int(row["sent"]) for row in rows] == [one["sent"] for one in told]
    assert [row["goal_revenue"] for row in rows] == [one["revenue"] for one in told]


@pytest.mark.parametrize("report", [("experiment", "hello"), ("campaign", "hello"), ("holdout",)])
@pytest.mark.parametrize("option", ["--csv", "--csv-by-day"])
def test_rows_to_standard_output_stand_there_alone(
    of: Call, report: tuple[str, ...], option: str
) -> None:
    answered = of(*report, option, "-")
    rows = rows_of(answered.out)
    assert rows
    assert answered.out.endswith("\r\n")
    assert all(None not in row and None not in row.values() for row in rows)


@pytest.mark.parametrize(
    ("said", "code", "told"),
    [
        (("experiment", "helo"), 2, "did you mean “hello”"),
        (("experiment", "hello", "--step", "agian"), 2, "did you mean “again”"),
        (("campaign", "hello", "--picture", "it.gif"), 2, "a picture is a .png or a .svg"),
        (("campaign", "hello", "--csv", "-", "--json"), 2, "only one thing"),
        (("holdout", "--csv", "-", "--csv-by-day", "-"), 2, "only one thing"),
        (("campaign", "hello", "--csv", "nowhere/it.csv"), 3, "cannot be written"),
        (("campaign", "hello", "--picture", "nowhere/it.png"), 3, "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(of: Call, said: tuple[str, ...], code: int, told: str) -> None:
    answered = of(*said)
    assert (answered.code, answered.out) == (code, "")
    assert told in answered.err


def test_nothing_to_tell_is_told_in_words(of: Call) -> None:
    assert "No step of “draft” has variants" in of("experiment", "draft").out
    assert "It is a draft" in of("campaign", "draft").out


def test_no_number_that_is_none_comes_into_json(of: Call) -> None:
    for report in (("experiment", "hello"), ("campaign", "hello"), ("holdout",)):
        out = of(*report, "--json").out
        assert "NaN" not in out
        assert "Infinity" not in out
        json.loads(out)


def screen(width: int, *found: StepReport) -> list[str]:
    """What a terminal of so many columns shows of tests."""
    out = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    report_experiment._told(out, hello(), found, "EUR")
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue().splitlines()


def test_a_wrong_sample_ratio_is_the_first_thing_that_is_told() -> None:
    wrong = SampleRatio((0.5, 0.5), (900, 100), 0.0, wrong=True)
    lines = screen(400, made_step({"a": 0.05, "b": 0.2}, days=5, ratio=wrong))
    heading = next(place for place, line in enumerate(lines) if line.startswith("hello again"))
    assert lines[heading + 1].startswith("No verdict: variants were not given out as")
    assert "“a” 900 = 90.0% instead of 50.0%" in lines[heading + 2]


@pytest.mark.parametrize("width", [80, 120])
def test_nothing_is_wider_than_the_screen_and_no_word_is_cut(width: int) -> None:
    name = "a name that nobody should have made so long, but somebody did"
    lines = screen(width, made_step({name: 0.05, "b": 0.07}, days=9, revenue=True))
    assert max(map(len, lines)) <= width
    assert "".join(lines).count("…") == 0


def test_few_letters_say_how_many_more_it_needs() -> None:
    found = made_step({"a": 0.05, "b": 0.07}, days=9)
    assert found.needs is not None
    (told,) = [line for line in screen(200, found) if line.startswith("Not enough people")]
    more = int(told.split("about ")[1].split(" more")[0].replace(",", ""))
    assert more == pytest.approx(found.needs - 900, rel=0.05)
    assert not any(
        line.startswith("Not enough")
        for line in screen(200, made_step({"a": 0.02, "b": 0.3}, days=9))
    )
