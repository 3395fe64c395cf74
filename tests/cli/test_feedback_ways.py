"""By which ways feedback comes to a daemon, as its settings say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.cli.runner import Runner
from lifecycle.cli.web import door_of
from lifecycle.cli.wiring import queue_of
from lifecycle.clock import SystemClock
from lifecycle.hooks import Registry
from lifecycle.send.sqs import SqsFeedback
from lifecycle.sim.world import World
from tests.simulation.shop import settings, shop

QUEUE = '[ses]\nfeedback_queue = "env:TEST_FEEDBACK_QUEUE"\n'
TOPIC = '[ses]\nfeedback_topics = ["arn:aws:sns:eu-central-1:123456789012:ses-feedback"]\n'


def said(more: str) -> Catalog:
    return shop(said=settings(more))


@pytest.fixture
def world() -> Iterator[World]:
    opened = World(said(TOPIC), Registry())
    yield opened
    opened.close()


def test_a_queue_is_read_where_letters_go_by_ses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_FEEDBACK_QUEUE", "https://sqs.eu-central-1.amazonaws.com/1/feedback")
    by_ses = said(QUEUE + '[transport]\nkind = "ses"\n').settings
    assert isinstance(queue_of(by_ses), SqsFeedback)
    assert queue_of(said(QUEUE).settings) is None
    assert queue_of(said('[transport]\nkind = "ses"\n').settings) is None


def test_a_queue_whose_variable_is_not_set_keeps_nobody_from_sending(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("TEST_FEEDBACK_QUEUE", raising=False)
    assert queue_of(said(QUEUE + '[transport]\nkind = "ses"\n').settings) is None
    assert "feedback_queue_unknown" in caplog.text


def test_deliveries_over_https_are_believed_only_where_topics_are_listed(
    world: World, tmp_path: Path
) -> None:
    runner = Runner(world.engine, SystemClock(), lambda: None, alone=True)
    listed = door_of(tmp_path, said(TOPIC).settings, runner)
    assert listed.sns is not None and listed.confirm is not None
    assert listed.sns._versions == {"2"}
    older = door_of(tmp_path, said(TOPIC + "accept_signature_version_1 = true\n").settings, runner)
    assert older.sns is not None and older.sns._versions == {"1", "2"}
    unlisted = door_of(tmp_path, said("").settings, runner)
    assert unlisted.sns is None and unlisted.confirm is None
