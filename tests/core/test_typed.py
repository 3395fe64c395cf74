"""The types that definitions are made of."""

from __future__ import annotations

import copy
import pickle
from datetime import timedelta

import pytest
from pydantic import ValidationError

from lifecycle.core.frozen import FrozenDict
from lifecycle.core.typed import Definition, Length, Quiet, RuleField, Text, in_language


class Part(Definition):
    """A definition with one of each kind of key."""

    count: int = 0
    length: Length = timedelta()
    quiet: Quiet = None
    rule: RuleField | None = None
    text: Text | None = None


@pytest.mark.parametrize(
    "said",
    [{"count": "1"}, {"count": True}, {"count": 1.0}, {"text": 5}, {"length": 5}, {"other": 1}],
)
def test_a_definition_takes_nothing_for_something_else(said: dict[str, object]):
    with pytest.raises(ValidationError):
        Part.model_validate(said)


def test_a_definition_cannot_be_changed():
    with pytest.raises(ValidationError):
        Part().count = 1  # type: ignore[misc]


def test_a_word_that_is_wrong_carries_its_problem_and_its_hint():
    with pytest.raises(ValidationError) as caught:
        Part.model_validate({"length": "1 month"})
    (found,) = caught.value.errors()
    assert found["type"] == "word"
    assert "months and years" in found["ctx"]["problem"]
    assert "30 days" in found["ctx"]["hint"]


def test_a_rule_that_is_wrong_carries_all_its_problems():
    with pytest.raises(ValidationError) as caught:
        Part.model_validate({"rule": {"all": [{"did": "x", "atleast": 1}, {"customer": "y"}]}})
    (found,) = caught.value.errors()
    places = [one.place for one in found["ctx"]["rule_problems"]]
    assert places == [("all", 0, "atleast"), ("all", 1)]


def test_quiet_hours_are_a_span_or_off():
    assert Part.model_validate({"quiet": "off"}).quiet is None
    assert Part.model_validate({"quiet": "21:00-08:00"}).quiet is not None
    with pytest.raises(ValidationError):
        Part.model_validate({"quiet": False})


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("de-AT", "Servus"), ("de", "Hallo"), ("de_CH", "Hallo"), ("fr", "Hello"), (None, "Hello")],
)
def test_a_text_comes_in_the_locale_then_its_language_then_the_shops(
    locale: str | None, expected: str
):
    text = {"en": "Hello", "de": "Hallo", "de-AT": "Servus"}
    assert in_language(text, locale, "en") == expected


def test_a_text_in_one_language_is_for_all():
    assert in_language("Hello", "de", "en") == "Hello"
    assert in_language(None, "de", "en") is None
    assert in_language({"nl": "Hoi"}, "de", "en") == "Hoi"


@pytest.mark.parametrize("said", [{}, {"en": 5}, ["x"], None])
def test_a_text_is_said_in_quotes(said: object):
    with pytest.raises(ValidationError):
        Part.model_validate({"text": said} if said is not None else {"text": 1})


def test_a_frozen_dict_copies_and_pickles_but_never_changes():
    frozen = FrozenDict({"a": 1})
    again = (copy.copy(frozen), copy.deepcopy(frozen), pickle.loads(pickle.dumps(frozen)))
    assert all(one == frozen and isinstance(one, FrozenDict) for one in again)
    for change in (
        lambda: frozen.update(a=2),
        lambda: frozen.pop("a"),
        lambda: frozen.setdefault("b", 1),
        lambda: frozen.__setitem__("a", 2),
        lambda: frozen.__delitem__("a"),
        lambda: frozen.clear(),
    ):
        with pytest.raises(TypeError, match="frozen"):
            change()


@pytest.mark.parametrize(
    ("locale", "expected"),
    [("de-AT", "oida"), ("de_at", "oida"), ("de-CH", "de"), ("en-GB", "en"), ("fr", "en")],
)
def test_a_text_is_chosen_by_locale_then_language_then_the_shops_own(locale: str, expected: str):
    assert in_language({"de": "de", "de-AT": "oida", "en": "en"}, locale, "en") == expected


def test_where_no_language_fits_the_first_one_is_taken():
    assert in_language({"fr": "fr", "it": "it"}, "es", "en") == "fr"
    assert in_language({"fr": "fr", "en": "en"}, "es", "en-GB") == "en"
