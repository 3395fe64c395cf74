"""The log: one JSON line a happening, with ids and never an address."""

import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from freezegun import freeze_time

from lifecycle import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root, own = logging.getLogger(), logging.getLogger(log.LOGGER_NAME)
    before = (root.handlers[:], root.level, own.level)
    stream = io.StringIO()
    log.start(stream)
    yield stream
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    own.setLevel(before[2])


def test_a_happening_is_one_json_line_with_its_ids(stream: io.StringIO) -> None:
    with freeze_time("2026-11-21T09:00:00Z"):
        log.happened("message_accepted", message="m1", customer="c7", attempt=2)
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue()) == {
        "at": "2026-11-21T09:00:00.000000Z",
        "level": "info",
        "event": "message_accepted",
        "message": "m1",
        "customer": "c7",
        "attempt": 2,
    }


@pytest.mark.parametrize(
    "address",
    [
        "anna@shop.example",
        "Anna.O'Brien+sale@mail.shop.example",
        "anna%40shop.example",
        '"anna secret"@shop.example',
        "anna@[192.0.2.1]",
        "änna@größe.example",
        "anna=shop.example@bounces.example",
        "anna/secret?x&y@shop.example",
        "anna\uff20shop.example",
    ],
)
def test_an_address_never_reaches_the_log(stream: io.StringIO, address: str) -> None:
    log.happened("said_at_top", text=f"to <{address}>")
    log.happened("said_deep_down", found=[{"to": (address,)}])
    log.happened("said_as_a_name", found={address: 1})
    logging.getLogger("another.package").warning("could not reach %s\nat all", address)
    try:
        raise ValueError(f"refused: {address}")
    except ValueError:
        log.failed("said_in_a_traceback")
    written = stream.getvalue()
    said = "".join(str(json.loads(line)) for line in written.splitlines())
    for part in ("anna", "Anna", "änna", "secret", "shop.example"):
        assert part not in said
    assert written.count(log.REDACTED) >= 5


def test_ids_that_hold_no_address_are_left_alone(stream: io.StringIO) -> None:
    log.happened("synced", customer="shop:42", path="campaigns/welcome.toml", share="40%")
    line = json.loads(stream.getvalue())
    assert (line["customer"], line["path"], line["share"]) == (
        "shop:42",
        "campaigns/welcome.toml",
        "40%",
    )


def test_whatever_a_value_is_the_line_stays_json(stream: io.StringIO) -> None:
    log.happened(
        "odd_values",
        nan=float("nan"),
        surrogate="\ud800",
        quoted='x "anna@shop.example" y\\',
        instant=datetime(2026, 1, 1, tzinfo=UTC),
        thing=object(),
        level="mine",
    )
    line = json.loads(stream.getvalue())
    assert line["nan"] == "nan"
    assert line["surrogate"] == "\ud800"
    assert line["quoted"] == f'x "{log.REDACTED}" y\\'
    assert line["instant"] == "2026-01-01T00:00:00Z"
    assert (line["level"], line["its_level"]) == ("info", "mine")


def test_starting_the_log_twice_writes_nothing_twice(stream: io.StringIO) -> None:
    log.start(stream)
    log.warned("breaker_opened", campaign="welcome")
    assert stream.getvalue().count("\n") == 1
    assert json.loads(stream.getvalue())["level"] == "warning"


def test_a_long_token_without_an_address_is_searched_in_one_pass() -> None:
    token = "x" * 200_000
    assert log.redacted(token + " a%40b") == token + " " + log.REDACTED


def test_many_happenings_of_one_kind_are_as_many_lines(stream: io.StringIO) -> None:
    log.happened_each("message_accepted", [{"message": "m1"}, {"message": "m2", "step": "ünder"}])
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [line["message"] for line in lines] == ["m1", "m2"]
    assert [list(line)[:3] for line in lines] == [["at", "level", "event"]] * 2
    assert {line["event"] for line in lines} == {"message_accepted"}
    assert lines[1]["step"] == "ünder"


def test_a_lone_surrogate_stops_no_line_of_many(stream: io.StringIO) -> None:
    log.happened_each("message_refused", [{"detail": "a \ud800 b"}])
    assert json.loads(stream.getvalue())["detail"] == "a \ud800 b"


@pytest.mark.parametrize("said", ["ada@example.com", "ada\uff20example.com", "ada%40example.com"])
def test_no_address_stands_in_a_line_of_many(stream: io.StringIO, said: str) -> None:
    log.happened_each("message_refused", [{"message": "m1"}, {"detail": f"no {said} here"}])
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[0]["message"] == "m1"
    assert lines[1]["detail"] == f"no {log.REDACTED} here"


def test_many_happenings_of_which_there_are_none_are_no_line(stream: io.StringIO) -> None:
    log.happened_each("message_accepted", [])
    assert stream.getvalue() == ""
