"""Where warming up stands is told by plan, doctor and the report; what cannot be is warned of."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import Call


@pytest.fixture
def warming(any_shop: Path) -> Path:
    file = any_shop / "settings.toml"
    start = datetime.now(UTC).date() - timedelta(days=2)
    file.write_text(file.read_text() + f"\n[warm_up]\nstart = {start}\nfirst_day = 100\n")
    return any_shop


def test_plan_doctor_and_report_tell_the_day_and_the_limit(warming: Path, call: Call):
    assert call("apply").code == 0
    told = call("report", "deliverability", "--json").data["warming"]
    assert (told["day"], told["days"], told["held"], told["gone"]) == (3, 28, 0, {})
    assert told["limit"] == 225
    assert call("plan", "--json").data["warming_up"] == told
    assert "day 3 of 28: at most 225 letters" in call("plan").out
    words = {one["about"]: one["told"] for one in call("doctor", "--json").data}
    assert "day 3 of 28" in words["warm-up"]


def test_a_plan_for_a_domain_that_nobody_writes_from_is_warned_of(warming: Path, call: Call):
    file = warming / "settings.toml"
    file.write_text(file.read_text() + 'domain = "elsewhere.example"\n')
    (problem,) = [one for one in call("check", "--json").data if one["key"] == "warm_up.domain"]
    assert problem["severity"] == "warning"
    assert "no sender writes from elsewhere.example" in problem["problem"]


def test_a_yes_that_is_not_confirmed_is_not_imported(warming: Path, call: Call):
    file = warming / "c.csv"
    file.write_text("customer,topic,agreed,confirmed\nc1,offers,yes,yes\nc2,offers,yes,no\n")
    assert call("import", "consents", file).code == 1
    assert "c2" in (warming / "c.csv.rejected").read_text()
    assert call("customer", "show", "c1", "--json").data["consents"][0]["agreed"] is True
    assert call("customer", "show", "c2").code == 2
