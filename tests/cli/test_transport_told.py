"""Doctor, health, figures and why tell what stops the transport, since when, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.cli.doctor_transport import transport_standing
from lifecycle.core.settings import TransportChoice
from lifecycle.core.words import zone_of
from lifecycle.insight.coming import coming
from lifecycle.insight.transport import standing, told_of
from lifecycle.insight.why import decisions
from tests.engine.paced_shop import PacedShop, catalog, stand_in
from tests.store.prepared import with_tables


@pytest.fixture
def database_prepare() -> Any:
    """Each database has its tables already."""
    return with_tables


@pytest.fixture
def shop(sqlite_url: str, tmp_path: Path) -> Iterator[PacedShop]:
    """A shop with two customers to write to; a hundred letters a day."""
    ses = stand_in(tmp_path, per_second=100.0, per_day=100.0)
    made = PacedShop(sqlite_url, catalog(), ses, ses.start())
    made.people(2)
    yield made
    made.transport.close()
    made.close()
    ses.stop()


def by_ses(shop: PacedShop) -> Catalog:
    """The shop's definitions, with SES chosen in the settings."""
    settings = shop.catalog.settings
    chosen = settings.model_copy(update={"transport": TransportChoice(kind="ses")})
    return replace(shop.catalog, settings=chosen)


def doctor(shop: PacedShop) -> list[tuple[str, str, str]]:
    with shop.database.read() as connection:
        return list(transport_standing(connection, by_ses(shop).settings))


def test_doctor_tells_pace_and_quota(shop: PacedShop) -> None:
    shop.happens("go", "c000")
    shop.go_on()
    ((about, state, told),) = doctor(shop)
    assert (about, state) == ("pace", "ok")
    assert told.startswith("100 a second, 99 of 100 letters left today, 2 of them kept for")


def test_a_stoppage_is_told_everywhere_until_it_is_over(shop: PacedShop) -> None:
    shop.ses.control({"suspended": True})
    shop.happens("go", "c000")
    shop.go_on()
    about, state, told = doctor(shop)[-1]
    assert (about, state) == ("stopped", "error")
    assert "suspended" in told
    with shop.database.read() as connection:
        found = standing(connection, "ses")
        (machine,) = told_of(found)
        letter = next(
            one
            for one in coming(connection, by_ses(shop), "c000", zone_of("UTC"), shop.now)
            if one.what == "letter_held"
        )
        held = next(one for one in decisions(connection, "c000") if one.what == "held")
    assert (machine["kind"], machine["scope"]) == ("account_suspended", "account")
    assert found.figures()["transport_stopped"] == 1.0
    assert found.figures()["quota_left"] == 100.0
    assert "the account is suspended, since Mon 4 May 2026 10:00" in letter.sentence
    assert "goes on by itself" in letter.sentence
    assert "the account is suspended" in held.sentence(zone_of("UTC"))
    shop.ses.control({"suspended": False})
    shop.go_on(minutes=6)
    assert [one[0] for one in doctor(shop)] == ["pace"]


def test_a_quota_that_is_used_up_is_told_with_what_is_kept(shop: PacedShop) -> None:
    shop.ses.control({"quota": 1})
    shop.happens("go", "c000", "c001")
    shop.go_on()
    assert [state for _, state, _ in doctor(shop)] == ["warning", "error"]
    assert "quota of the account is used up" in doctor(shop)[-1][2]
