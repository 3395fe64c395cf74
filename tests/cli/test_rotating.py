"""A new key of the shop signs; links of before open for ever, and suppressions hold."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from lifecycle.catalog.load import load, load_settings
from lifecycle.cli import place
from lifecycle.cli.wiring import parts_of
from lifecycle.core.settings import Settings
from lifecycle.errors import EnvironmentFailed
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.store.addresses import address_hash
from lifecycle.store.database import Database
from lifecycle.store.migrate import create
from tests.cli.conftest import Call

MESSAGE = "ab" * 16
NAMED = '\n[secrets]\nkey = "env:THE_KEY_OF_A_TEST"\n'


def settings_of(shop: Path, more: str = "") -> Settings:
    file = shop / "settings.toml"
    file.write_text(file.read_text() + more)
    settings, problems = load_settings(shop)
    assert settings is not None, problems
    return settings


def signer_of(shop: Path) -> Signer:
    """What a daemon of the shop makes links with."""
    catalog = load(shop).catalog
    assert catalog is not None
    database = Database("sqlite://")
    create(database)
    key = place.shop_key(shop, catalog.settings)
    signer = parts_of(shop, catalog, Registry(), database, key).signer
    database.close()
    return signer


def test_links_of_before_work_and_new_ones_are_signed_anew(shop: Path, call: Call):
    settings = settings_of(shop)
    first, old = place.shop_key(shop, settings), signer_of(shop).token("unsubscribe", MESSAGE)
    for keys in (2, 3):
        assert call("key", "rotate", "--json").data["keys"] == keys
    rotated = signer_of(shop)
    assert rotated.open(old, "unsubscribe") is not None
    fresh = rotated.token("unsubscribe", MESSAGE)
    assert fresh != old
    assert Signer([first]).open(fresh, "unsubscribe") is None
    assert stat.S_IMODE((shop / ".lifecycle" / "key").stat().st_mode) == 0o600


def test_addresses_are_hashed_by_the_first_key_for_ever(shop: Path, call: Call):
    settings = settings_of(shop)
    before = address_hash("anna@x.example", place.shop_key(shop, settings))
    call("key", "rotate")
    assert address_hash("anna@x.example", place.shop_key(shop, settings)) == before


def test_a_key_of_the_environment_is_added_by_hand(
    shop: Path, call: Call, monkeypatch: pytest.MonkeyPatch
):
    settings = settings_of(shop, NAMED)
    monkeypatch.setenv("THE_KEY_OF_A_TEST", "long enough to be a key")
    old = signer_of(shop).token("view", MESSAGE)
    told = call("key", "rotate", "--json").data
    assert (told["variable"], told["keys"]) == ("THE_KEY_OF_A_TEST", 1)
    assert not (shop / ".lifecycle" / "key").exists()
    monkeypatch.setenv("THE_KEY_OF_A_TEST", f"long enough to be a key, {told['add']}")
    assert signer_of(shop).open(old, "view") is not None
    assert signer_of(shop).token("view", MESSAGE) != old
    assert place.shop_key(shop, settings) == b"long enough to be a key"


@pytest.mark.parametrize("kept", ["", "\n", "no key\n", "ab" * 4, "ab" * 32 + "\nabab\n"])
def test_a_file_without_a_whole_key_is_refused(shop: Path, kept: str):
    settings = settings_of(shop)
    (shop / ".lifecycle").mkdir(exist_ok=True)
    (shop / ".lifecycle" / "key").write_text(kept)
    with pytest.raises(EnvironmentFailed):
        place.shop_keys(shop, settings)


@pytest.mark.parametrize("said", [",", "long enough to be a key,short"])
def test_every_key_of_the_environment_is_long_enough(
    shop: Path, said: str, monkeypatch: pytest.MonkeyPatch
):
    settings = settings_of(shop, NAMED)
    monkeypatch.setenv("THE_KEY_OF_A_TEST", said)
    with pytest.raises(EnvironmentFailed):
        place.shop_keys(shop, settings)
