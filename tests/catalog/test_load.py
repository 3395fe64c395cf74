"""Loading: a folder becomes one frozen catalog."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from lifecycle.catalog import load as loading
from lifecycle.catalog.folder import MAX_FILE, Gathered, gather
from lifecycle.catalog.load import from_files, load, load_settings
from lifecycle.core.campaign import Broadcast, Flow
from tests.catalog.shop import CART, FILES, SETTINGS, catalog_of, write


def test_a_whole_shop_loads_without_a_word(tmp_path: Path):
    loaded = load(write(tmp_path, FILES))
    assert loaded.problems == ()
    assert loaded.catalog is not None
    assert set(loaded.catalog.campaigns) == {"abandoned_cart", "spring_sale"}
    assert set(loaded.catalog.rules) == {"vip", "staff"}
    assert set(loaded.catalog.cases) == {"abandoned_cart"}


def test_the_projects_own_shop_loads_without_a_word():
    loaded = load(Path(__file__).parents[2])
    assert loaded.problems == ()
    assert loaded.catalog is not None
    assert loaded.catalog.campaigns


def test_a_campaign_is_known_by_its_file_and_versioned_by_its_content():
    catalog = catalog_of({})
    cart = catalog.campaigns["abandoned_cart"]
    assert (cart.id, type(cart)) == ("abandoned_cart", Flow)
    assert isinstance(catalog.campaigns["spring_sale"], Broadcast)
    later = catalog_of({"campaigns/abandoned_cart.toml": CART.replace("80", "81")})
    assert later.campaigns["abandoned_cart"].version != cart.version
    assert later.campaigns["spring_sale"].version == catalog.campaigns["spring_sale"].version
    assert later.segments["vip"].version == catalog.segments["vip"].version


def test_the_fingerprint_follows_what_is_put_live_and_nothing_else():
    first = catalog_of({})
    assert catalog_of({"tests/campaigns/abandoned_cart.toml": 'campaign = "abandoned_cart"\n'
                       '[[case]]\nname = "x"\n'}).fingerprint == first.fingerprint  # fmt: skip
    template = FILES["templates/cart/offer.mjml"].replace("Hi", "Ho")
    assert catalog_of({"templates/cart/offer.mjml": template}).fingerprint != first.fingerprint


def test_a_catalog_loads_again_from_the_texts_it_holds(tmp_path: Path):
    loaded = load(write(tmp_path, FILES))
    assert loaded.catalog is not None
    again = from_files(loaded.catalog.files, tmp_path).catalog
    assert again is not None
    assert again.fingerprint == loaded.catalog.fingerprint
    assert again.campaigns == loaded.catalog.campaigns
    assert again.rules == loaded.catalog.rules
    versions = {name: one.version for name, one in loaded.catalog.templates.items()}
    assert {name: one.version for name, one in again.templates.items()} == versions


def test_nothing_in_a_catalog_can_be_changed():
    catalog = catalog_of({})
    for mapping in (catalog.campaigns, catalog.segments, catalog.templates, catalog.files):
        with pytest.raises(TypeError):
            mapping["x"] = None  # type: ignore[index]
    with pytest.raises(TypeError):
        catalog.settings.senders["x"] = None  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        catalog.root = Path()  # type: ignore[misc]
    cart = catalog.campaigns["abandoned_cart"]
    assert isinstance(cart, Flow)
    subject = cart.step[0].variant[1].subject
    assert isinstance(subject, dict)
    with pytest.raises(TypeError):
        subject["en"] = "x"


def test_the_catalog_names_every_event_that_anything_in_it_reads():
    flow = CART.replace('"cart_updated"', '["cart_updated", "cart_*"]').replace(
        'event = "total", at_least = 80', 'did = "survey_answered"'
    )
    settings = SETTINGS.replace('qualifies = "order_placed"', 'qualifies = "order_fulfilled"')
    settings += '\n[sending]\nhold_if = { did = "ticket_opened", within = "3 days" }\n'
    settings = settings.replace("[[sending.cap]]", "#").replace("class   =", "#")
    settings = settings.replace("at_most = 4", "").replace("per     =", "#")
    assert catalog_of(
        {"campaigns/abandoned_cart.toml": flow, "settings.toml": settings}
    ).event_names() == {
        *("cart_updated", "cart_*", "cart_emptied", "order_placed", "survey_answered"),
        *("order_fulfilled", "ticket_opened", "product_viewed", "message_complained"),
    }


@pytest.mark.parametrize(
    ("locale", "greeting"),
    [("de-AT", "Hallo"), ("de", "Hallo"), ("fr", "Hello"), (None, "Hello"), ("en_GB", "Hello")],
)
def test_a_template_comes_in_the_readers_language(locale: str | None, greeting: str):
    template = catalog_of({}).template("cart/reminder", locale)
    assert template is not None
    assert greeting in template.html


def test_settings_load_alone_whatever_campaigns_say(tmp_path: Path):
    write(tmp_path, {"settings.toml": SETTINGS, "campaigns/broken.toml": "x ="})
    settings, problems = load_settings(tmp_path)
    assert settings is not None
    assert settings.first_sender == "shop"
    assert problems == ()


@pytest.mark.parametrize("missing", ["campaigns", "segments", "tests", "templates"])
def test_a_folder_that_is_not_there_is_an_empty_one(missing: str):
    needs_it = ("campaigns", "tests") if missing != "tests" else ()
    files = {
        path: text for path, text in FILES.items() if not path.startswith((missing, *needs_it))
    }
    loaded = from_files(files)
    assert loaded.catalog is not None, loaded.problems


def test_missing_settings_are_told_with_what_is_wrong_elsewhere(tmp_path: Path):
    write(tmp_path, {"campaigns/a.toml": "kind ="})
    loaded = load(tmp_path)
    assert loaded.catalog is None
    assert [one.file for one in loaded.problems] == ["campaigns/a.toml", "settings.toml"]


def test_files_that_cannot_be_read_are_told_one_by_one(tmp_path: Path):
    root = write(tmp_path / "shop", FILES)
    write(tmp_path, {"outside.toml": SETTINGS})
    folder = root / "segments"
    (folder / "folder.toml").mkdir()
    (folder / "out.toml").symlink_to(tmp_path / "outside.toml")
    (folder / "dangling.toml").symlink_to(tmp_path / "nowhere.toml")
    (folder / "circle.toml").symlink_to(folder / "circle.toml")
    (folder / "utf16.toml").write_text("name = 'x'", encoding="utf-16")
    (folder / "latin.toml").write_bytes("# ok\nname = 'Überraschung'".encode("latin-1"))
    (folder / "large.toml").write_bytes(b"#" * (MAX_FILE + 1))
    os.mkfifo(folder / "pipe.toml")
    with socket.socket(socket.AF_UNIX) as here:
        here.bind(str(tmp_path / "s"))
        (tmp_path / "s").rename(folder / "socket.toml")
    loaded = load(root)
    assert loaded.catalog is None
    told = {one.file.removeprefix("segments/"): (one.line, one.problem) for one in loaded.problems}
    assert told == {
        "folder.toml": (0, "this is a folder, not a file"),
        "out.toml": (0, "this link leads out of the project"),
        "dangling.toml": (0, "this link leads nowhere"),
        "circle.toml": (0, "this link leads nowhere"),
        "utf16.toml": (0, "this file is UTF-16 text, not UTF-8"),
        "latin.toml": (2, "this file is not UTF-8 text"),
        "large.toml": (0, "this file is larger than 256 KB"),
        "pipe.toml": (0, "this is not an ordinary file"),
        "socket.toml": (0, "this is not an ordinary file"),
    }


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path: Path):
    root = write(tmp_path, FILES)
    text = FILES["segments/staff.toml"].replace("\n", "\r\n")
    (root / "segments/staff.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert load(root).problems == ()


def test_a_file_with_another_ending_is_not_silently_passed_over(tmp_path: Path):
    root = write(tmp_path, {**FILES, "campaigns/sale.tml": "", "campaigns/README.md": "hello"})
    assert [(one.file, one.severity) for one in load(root).problems] == [
        ("campaigns/sale.tml", "warning")
    ]


def test_a_project_that_is_no_folder_is_a_problem_not_a_crash(tmp_path: Path):
    assert load(tmp_path / "nowhere").problems
    (tmp_path / "file").write_text("x")
    assert load(tmp_path / "file").problems


def test_a_folder_of_definitions_outside_the_project_is_not_read(tmp_path: Path):
    write(tmp_path / "other", {"a.toml": "x"})
    root = write(tmp_path / "shop", {"settings.toml": SETTINGS})
    (root / "segments").symlink_to(tmp_path / "other")
    assert [one.problem for one in load(root).problems] == ["this is no folder inside the project"]


def test_naming_a_file_that_cannot_be_read_is_no_second_problem(tmp_path: Path):
    root = write(tmp_path, FILES)
    for path in ("segments/staff.toml", "templates/cart/offer.mjml"):
        (root / path).write_bytes(b"\xff\xff")
    assert sorted((one.file, one.problem) for one in load(root).problems) == [
        ("segments/staff.toml", "this file is not UTF-8 text"),
        ("templates/cart/offer.mjml", "this file is not UTF-8 text"),
    ]


def test_a_folder_that_is_saved_while_it_is_read_is_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    write(tmp_path, FILES)
    cart = tmp_path / "campaigns" / "abandoned_cart.toml"
    whole = cart.read_text()
    cart.write_text(whole[: len(whole) // 2])

    def saved_meanwhile(root: Path) -> Gathered:
        found = gather(root)
        cart.write_text(whole)
        return found

    monkeypatch.setattr(loading, "gather", saved_meanwhile)
    catalog = load(tmp_path).catalog
    assert catalog is not None
    assert catalog.files["campaigns/abandoned_cart.toml"] == whole
