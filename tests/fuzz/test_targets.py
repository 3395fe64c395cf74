"""Every parser is tried with what no one would write; `make fuzz` does so for longer."""

from __future__ import annotations

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fuzz.__main__ import changed
from fuzz.targets import SEEDS, TARGETS, run

SLOW = {"template", "markdown", "settings", "campaign", "segment", "case"}


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_of_a_target_are_sound(name: str) -> None:
    for seed in SEEDS[name]:
        run(name, seed)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 2**32))
def test_what_is_near_a_sound_input_is_taken_or_refused(name: str, seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(2 if name in SLOW else 20):
        run(name, changed(dice, dice.choice(SEEDS[name])))


@pytest.mark.parametrize("name", sorted(set(TARGETS) - SLOW))
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.binary(max_size=300))
def test_any_bytes_are_taken_or_refused(name: str, data: bytes) -> None:
    run(name, data)
