"""What the settings choose: the transport, secrets by name, the database, the key."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle.catalog.load import load_settings
from lifecycle.cli import place
from lifecycle.cli.asked import Asked
from lifecycle.cli.wiring import kept_catalog, transport_of
from lifecycle.clock import SystemClock
from lifecycle.core.settings import Settings
from lifecycle.errors import EnvironmentFailed, LifecycleError
from lifecycle.hooks import Registry
from lifecycle.send.bulk import BulkSes
from lifecycle.send.ses import Ses
from lifecycle.sim.fake_ses import FakeSes
from tests.cli.conftest import Call


def settings_with(shop: Path, more: str) -> Settings:
    with (shop / "settings.toml").open("a") as file:
        file.write(more)
    settings, problems = load_settings(shop)
    assert settings is not None, problems
    return settings


@pytest.fixture
def ses(tmp_path: Path) -> Iterator[str]:
    """The address of a stand-in for SES."""
    standing = FakeSes(tmp_path / "truth.jsonl", SystemClock())
    yield standing.start()
    standing.stop()


@pytest.mark.parametrize("kind", ["outbox", "ses", "smtp"])
def test_the_settings_choose_the_transport(shop: Path, kind: str) -> None:
    transport = transport_of(shop, settings_with(shop, f'\n[transport]\nkind = "{kind}"\n'))
    assert transport.name == kind
    transport.close()


@pytest.mark.parametrize(("mode", "kind"), [("single", Ses), ("bulk", BulkSes)])
def test_the_settings_choose_whether_ses_is_sent_to_in_bulk(
    shop: Path, mode: str, kind: type
) -> None:
    more = f'\n[transport]\nkind = "ses"\n[ses]\nmode = "{mode}"\n'
    transport = transport_of(shop, settings_with(shop, more))
    assert type(transport) is kind
    transport.close()


def test_doctor_asks_ses_for_the_account(shop: Path, call: Call, ses: str) -> None:
    settings_with(shop, f'\n[transport]\nkind = "ses"\n[ses]\nendpoint = "{ses}"\n')
    answered = call("doctor", "--json")
    told = {one["about"]: one for one in answered.data}
    assert "a second" in told["transport"]["told"]
    assert told["feedback"]["state"] == "error"
    assert answered.code == 1


def test_doctor_says_that_ses_does_not_answer(shop: Path, call: Call) -> None:
    settings_with(shop, '\n[transport]\nkind = "ses"\n[ses]\nendpoint = "http://127.0.0.1:1"\n')
    told = {one["about"]: one for one in call("doctor", "--json").data}
    assert told["transport"]["state"] == "error"
    assert "SES does not answer" in told["transport"]["told"]


def test_the_key_is_made_once_and_is_its_owners_alone(shop: Path) -> None:
    settings, _ = load_settings(shop)
    assert settings is not None
    made = place.shop_key(shop, settings)
    assert place.shop_key(shop, settings) == made
    assert len(made) == place.KEY_BYTES
    assert stat.S_IMODE((shop / ".lifecycle" / "key").stat().st_mode) == 0o600


def test_a_named_key_comes_from_the_environment(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_with(shop, '\n[secrets]\nkey = "env:THE_KEY_OF_A_TEST"\n')
    with pytest.raises(EnvironmentFailed, match="THE_KEY_OF_A_TEST"):
        place.shop_key(shop, settings)
    monkeypatch.setenv("THE_KEY_OF_A_TEST", "short")
    with pytest.raises(EnvironmentFailed, match="too short"):
        place.shop_key(shop, settings)
    monkeypatch.setenv("THE_KEY_OF_A_TEST", "long enough to be a key")
    assert place.shop_key(shop, settings) == b"long enough to be a key"
    assert not (shop / ".lifecycle").exists()


def test_a_file_of_the_settings_lies_in_the_project_and_a_named_one_here(
    shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, _ = load_settings(shop)
    assert settings is not None
    monkeypatch.chdir(tmp_path)
    here = place.database_url(Asked(shop, database="sqlite:///mine.db"), settings)
    assert here == f"sqlite:///{tmp_path / 'mine.db'}"
    assert place.database_url(Asked(shop), settings) == f"sqlite:///{shop / 'shop.db'}"


def test_a_damaged_copy_of_the_live_files_is_noticed(shop: Path) -> None:
    from lifecycle.catalog.load import load

    catalog = load(shop).catalog
    assert catalog is not None
    kept = kept_catalog(shop, catalog, Registry())
    assert (kept.root / "templates" / "hello.mjml").is_file()
    (kept.root / "campaigns" / "hello.toml").write_text("nonsense")
    with pytest.raises(LifecycleError, match="damaged"):
        kept_catalog(shop, catalog, Registry())
