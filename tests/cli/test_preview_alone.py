"""A template that no campaign names can be looked at: it is how one begins."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.cli.shop import SETTINGS, TEMPLATE, make_shop

GERMAN = TEMPLATE.replace("Hello", "Hallo")
BROKEN = TEMPLATE.replace("{{ shop.address }}", "{{ shop.address")


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shop with templates and no campaign at all."""
    templates = {"new/letter": TEMPLATE, "new/letter.de": GERMAN, "broken": BROKEN}
    files = {f"templates/{name}.mjml": text for name, text in templates.items()}
    root = make_shop(tmp_path / "bare", {"settings.toml": SETTINGS, **files})
    monkeypatch.chdir(root)
    return root


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize(
    ("said", "greets"),
    [
        (["new/letter"], "Hello Alex"),
        (["new/letter.mjml", "--lint"], "Hello Alex"),
        (["new/letter", "--locale", "de"], "Hallo Alex"),
        (["new/letter", "--locale", "fr"], "Hello Alex"),
    ],
)
def test_a_template_that_no_campaign_names_is_shown(
    call: Call, said: list[str], greets: str
) -> None:
    told = call("preview", *said, "--json").data
    assert greets in told["text"]
    assert (told["campaign"], told["template"]) == (None, "new/letter")


@pytest.mark.usefixtures("bare")
def test_one_that_cannot_be_read_is_told_with_its_line(call: Call) -> None:
    answered = call("preview", "broken")
    assert answered.code == 1
    assert "templates/broken.mjml:4: error: {{ is never closed" in answered.err


def test_one_whose_mailbox_is_answered_elsewhere_is_no_doubt(bare: Path, call: Call) -> None:
    settings = bare / "settings.toml"
    quiet = SETTINGS.replace("news@", "no-reply@")
    answered = quiet.replace('example>" }', 'example>", reply_to = "help@shop.example" }')
    for text, doubts in ((quiet, 1), (answered, 0)):
        settings.write_text(text, "utf-8")
        told = call("preview", "new/letter", "--lint", "--json").data["problems"]
        assert sum("Nobody can answer" in one["problem"] for one in told) == doubts
