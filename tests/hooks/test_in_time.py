"""Hooks are asked in a thread beside, one after the other; whoever is late has it to himself."""

from __future__ import annotations

import threading
import time

import pytest

from lifecycle.hooks.in_time import Stalled, in_time


def test_hooks_that_answer_share_a_thread_that_is_not_the_askers() -> None:
    threads = {in_time(threading.get_ident) for _ in range(5)}
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_a_hook_that_is_late_answers_nobody_who_asks_after_it() -> None:
    def late() -> str:
        time.sleep(0.3)
        return "late"

    with pytest.raises(Stalled):
        in_time(late, seconds=0.05)
    answers = [in_time(str, number) for number in range(3)]
    time.sleep(0.4)
    answers += [in_time(str, number) for number in range(3)]
    assert answers == ["0", "1", "2"] * 2


def test_a_hook_may_be_asked_from_within_another() -> None:
    assert in_time(lambda: 1 + in_time(lambda: 2)) == 3


def test_what_a_hook_raises_is_raised_and_the_next_is_asked_as_ever() -> None:
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 // 0)
    assert in_time(lambda: None) is None
