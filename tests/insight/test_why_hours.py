"""`why` tells the hour that was chosen for a letter, and by what."""

from __future__ import annotations

from lifecycle.core.words import zone_of
from lifecycle.insight.why import decisions
from tests.known_hours import NO_CONTROL, evenings, in_force
from tests.simulation.readers_of_hours import FIRST_DAY, Readers, daily

UTC = zone_of("UTC")


def sentences(readers: Readers) -> str:
    with readers.world.database.read() as connection:
        told = decisions(connection, "c1", "f", readers.world.catalog)
    return "\n".join(one.sentence(UTC) for one in told)


def lived(more: str, *, known: bool = True) -> Readers:
    readers = Readers(daily(more=more), lambda _customer, _hour: 1.0)
    if known:
        in_force(readers.world.database, evenings(), FIRST_DAY)
    readers.world.engine = readers.world.new_engine()
    readers.live(4)
    return readers


def test_why_tells_the_lists_best_hour_and_the_letters_that_were_answered() -> None:
    told = sentences(lived(NO_CONTROL))
    assert "the letter “hello” goes at 19:00: the list's best hour on Mondays" in told


def test_why_tells_the_control() -> None:
    told = sentences(lived("best_hour_control_percent = 50"))
    assert "goes at 19:00: control, the list's best hour" in told


def test_why_tells_that_too_little_is_known() -> None:
    told = sentences(lived("", known=False))
    assert "goes at 10:00: the shop's hour, as too little is known of hours yet" in told


def test_why_tells_the_minute_of_a_span_that_holds_no_full_hour() -> None:
    readers = Readers(daily("best hour between 20:15 and 20:45"), lambda _customer, _hour: 1.0)
    readers.live(1)
    assert "goes at 20:15: the first hour there is, as too little" in sentences(readers)
