"""Feedback of SES: one payload a shape, and what no payload, however odd, may do."""

from __future__ import annotations

import copy
import json
import os
import random
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.send.feedback import (
    BODY_CHARACTERS,
    BounceKind,
    Feedback,
    FeedbackKind,
    FeedbackRefused,
    feedback_of,
)

NOW = datetime(2026, 6, 1, tzinfo=UTC)
PAYLOADS = {
    path.stem: json.loads(path.read_text())
    for path in sorted((Path(__file__).parent / "payloads").glob("*.json"))
}
SAMPLE = Path(os.environ.get("LIFECYCLE_SAMPLES", "no-samples")) / "ses_events_sample.json"

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=10,
)


def seen(feedback: Feedback, name: str) -> Any:
    value = getattr(feedback, name)
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return list(value) if isinstance(value, tuple) else value


@pytest.mark.parametrize("name", PAYLOADS)
def test_each_payload_says_what_it_should(name: str) -> None:
    payload = PAYLOADS[name]
    feedback = feedback_of(payload["body"], NOW)
    expected = payload["expect"]
    assert {key: seen(feedback, key) for key in expected} == expected, payload["about"]


@pytest.mark.parametrize("name", PAYLOADS)
def test_a_payload_as_text_or_bytes_or_twice_wrapped_is_the_same_event(name: str) -> None:
    body = PAYLOADS[name]["body"]
    plain = feedback_of(body, NOW)
    text = json.dumps(body)
    envelope = {"Type": "Notification", "MessageId": "another", "Message": text}
    assert feedback_of(text, NOW) == plain
    assert feedback_of(text.encode(), NOW) == plain
    assert feedback_of(envelope, NOW) == plain


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same JSON with the members of its objects, and its recipients, in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(inner, dice)) for key, inner in value.items()]
        dice.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        again = [shuffled(inner, dice) for inner in value]
        dice.shuffle(again)
        return again
    return value


@given(name=st.sampled_from(sorted(PAYLOADS)), dice=st.randoms(use_true_random=False))
def test_order_within_an_event_means_nothing(name: str, dice: random.Random) -> None:
    body = PAYLOADS[name]["body"]
    assert feedback_of(shuffled(body, dice), NOW) == feedback_of(body, NOW)


@given(dice=st.randoms(use_true_random=False), copies=st.integers(1, 5))
def test_copies_in_any_order_leave_the_same_events(dice: random.Random, copies: int) -> None:
    bodies = [payload["body"] for payload in PAYLOADS.values()] * copies
    dice.shuffle(bodies)
    once = {feedback_of(payload["body"], NOW).dedupe_key for payload in PAYLOADS.values()}
    later = NOW.replace(year=2027)
    assert {feedback_of(body, later).dedupe_key for body in bodies} == once


def test_events_that_differ_have_keys_that_differ() -> None:
    click, other = (copy.deepcopy(PAYLOADS["click"]["body"]) for _ in range(2))
    other["click"]["link"] = "shop.example/other"
    bounce, again = (copy.deepcopy(PAYLOADS["bounce_soft"]["body"]) for _ in range(2))
    again["bounce"]["feedbackId"] = "fb-99"
    send, resend = (copy.deepcopy(PAYLOADS["send"]["body"]) for _ in range(2))
    resend["mail"]["messageId"] = "another"
    new, newer = (copy.deepcopy(PAYLOADS["of_a_new_type"]["body"]) for _ in range(2))
    newer["eventType"] = "Beam"
    bodies = (click, other, bounce, again, send, resend, new, newer)
    assert len({feedback_of(body, NOW).dedupe_key for body in bodies}) == len(bodies)


def test_one_event_told_twice_in_other_words_of_time_and_case_has_one_key() -> None:
    body = copy.deepcopy(PAYLOADS["bounce_soft"]["body"])
    del body["bounce"]["feedbackId"]
    again = copy.deepcopy(body)
    again["bounce"]["timestamp"] = "2026-05-11T10:16:02.500+02:00"
    again["bounce"]["bouncedRecipients"][0]["emailAddress"] = "Ann@customer.example"
    assert feedback_of(body, NOW).dedupe_key == feedback_of(again, NOW).dedupe_key


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, ...]] = [path] if path else []
    if isinstance(value, dict):
        for key, child in value.items():
            inner += _paths(child, (*path, key))
    elif isinstance(value, list):
        for index, child in enumerate(value):
            inner += _paths(child, (*path, index))
    return inner


@given(name=st.sampled_from(sorted(PAYLOADS)), dice=st.data(), junk=JSON_VALUES)
def test_a_payload_with_any_part_spoilt_is_read_or_refused(
    name: str, dice: st.DataObject, junk: Any
) -> None:
    body = copy.deepcopy(PAYLOADS[name]["body"])
    *way, last = dice.draw(st.sampled_from(_paths(body)))
    inner = body
    for key in way:
        inner = inner[key]
    inner[last] = junk
    try:
        feedback = feedback_of(body, NOW)
    except FeedbackRefused:
        return
    assert feedback.at.tzinfo is UTC
    hard = feedback.kind is FeedbackKind.BOUNCED and feedback.bounce is BounceKind.HARD
    assert feedback.suppresses == (hard or feedback.kind is FeedbackKind.COMPLAINED)
    for name in ("ses_message_id", "attempt_id", "url", "detail", "subtype"):
        getattr(feedback, name).encode()


@given(JSON_VALUES)
def test_any_json_is_read_or_refused(value: Any) -> None:
    for body in (value, json.dumps(value)):
        with suppress(FeedbackRefused):
            assert isinstance(feedback_of(body, NOW), Feedback)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(FeedbackRefused):
        assert isinstance(feedback_of(raw, NOW), Feedback)


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("nothing", ""),
        ("a list", "[]"),
        ("no event", "{}"),
        ("two telling objects and no type", {"bounce": {}, "complaint": {}}),
        ("a bottomless pit", "[" * 100_000),
        ("a mountain", '{"eventType": "' + "x" * BODY_CHARACTERS + '"}'),
        ("half an event", '{"eventType": "Bou'),
        ("a Russian doll", {"Type": "N", "Message": json.dumps({"Type": "N", "Message": json.dumps(
            {"Type": "N", "Message": json.dumps({"Type": "N", "Message": "{}"})})})}),
    ],
)  # fmt: skip
def test_what_is_no_event_is_refused(what: str, body: object) -> None:
    with pytest.raises(FeedbackRefused):
        feedback_of(body, NOW)


def test_the_greeting_of_a_new_topic_is_no_error() -> None:
    text = "Successfully validated SNS topic for Amazon SES event publishing."
    feedback = feedback_of(text, NOW)
    assert (feedback.kind, feedback.at, feedback.suppresses) == (FeedbackKind.OTHER, NOW, False)


def test_an_instant_before_all_calendars_is_no_instant() -> None:
    body = {"eventType": "Open", "open": {"timestamp": "0001-01-01T00:00:00+14:00"}}
    assert feedback_of(body, NOW).at == NOW


def test_without_any_time_the_arrival_stands_in() -> None:
    body = {"eventType": "Bounce", "bounce": {"bounceType": "Permanent", "timestamp": "soon"}}
    assert feedback_of(body, NOW).at == NOW
    assert feedback_of(body, NOW).dedupe_key == feedback_of(body, NOW.replace(day=2)).dedupe_key


@pytest.mark.skipif(not SAMPLE.exists(), reason="LIFECYCLE_SAMPLES names no sample of SES events")
def test_the_public_sample_is_understood_whole() -> None:
    kinds = {}
    for event in json.loads(SAMPLE.read_text())["events"]:
        feedback = feedback_of(event["body"], NOW)
        kinds[event["title"]] = feedback.kind
        assert feedback.ses_message_id
        assert feedback.recipients
        assert feedback.at < NOW
    assert FeedbackKind.OTHER not in kinds.values()
    assert kinds["Rendering Failure record"] is FeedbackKind.UNRENDERED
    assert kinds["Bounce record"] is FeedbackKind.BOUNCED
