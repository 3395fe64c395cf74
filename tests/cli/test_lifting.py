"""`lifecycle customer suppress --lift`: an address may be written to again, by SES's list too."""

from __future__ import annotations

from pathlib import Path

from lifecycle.clock import SystemClock
from lifecycle.send.suppression_list import SuppressionList
from lifecycle.sim.fake_ses import FakeSes
from tests.cli.conftest import Call

LINE = '{"id": "c1", "email": "anna@x.example", "agreed_to": []}\n'


def suppressed(call: Call) -> str | None:
    found: str | None = call("customer", "show", "c1", "--json").data["suppressed"]
    return found


def known(shop: Path, call: Call, more: str = "") -> None:
    file = shop / "settings.toml"
    file.write_text(file.read_text() + more)
    (shop / "c.jsonl").write_text(LINE)
    assert call("import", "customers", shop / "c.jsonl").code == 0
    assert call("customer", "suppress", "c1", "--reason", "bounced").code == 0
    assert suppressed(call) == "bounced"


def test_a_suppression_is_lifted_by_hand(any_shop: Path, call: Call):
    known(any_shop, call)
    assert "it was bounced" in call("customer", "suppress", "c1", "--lift").out
    assert suppressed(call) is None
    assert "it was not" in call("customer", "suppress", "c1", "--lift").out
    assert "no such customer" in call("customer", "suppress", "c9", "--lift").err


def test_it_goes_from_the_list_of_ses_first(shop: Path, call: Call, tmp_path: Path):
    fake = FakeSes(tmp_path / "truth.jsonl", SystemClock())
    address = fake.start()
    known(shop, call, f'\n[transport]\nkind = "ses"\n[ses]\nendpoint = "{address}"\n')
    listing = SuppressionList("eu-central-1", address, lambda _: None)
    listing.put("anna@x.example", "bounced")
    assert call("customer", "suppress", "c1", "--lift").code == 0
    assert list(listing.pages(None)) == [[]]
    assert suppressed(call) is None
    listing.close()
    fake.stop()


def test_without_an_answer_of_ses_nothing_is_changed(shop: Path, call: Call):
    known(shop, call, '\n[transport]\nkind = "ses"\n[ses]\nendpoint = "http://127.0.0.1:1"\n')
    answered = call("customer", "suppress", "c1", "--lift")
    assert answered.code == 1 and "nothing was changed" in answered.err
    assert suppressed(call) == "bounced"
