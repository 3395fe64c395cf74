"""The experiments, one file each, in the order in which they are run and told of."""

from __future__ import annotations

from faults.experiment import Experiment
from faults.experiments import (
    disk_full,
    kills,
    locked,
    lost_answers,
    lost_feedback,
    points,
    poison,
    postgres,
    refusals,
    restored,
    ses_down,
    stopped,
    two_daemons,
)

EXPERIMENTS: tuple[Experiment, ...] = (
    points.EXPERIMENT,
    kills.EXPERIMENT,
    lost_answers.EXPERIMENT,
    lost_feedback.EXPERIMENT,
    refusals.EXPERIMENT,
    ses_down.EXPERIMENT,
    stopped.EXPERIMENT,
    restored.EXPERIMENT,
    two_daemons.EXPERIMENT,
    locked.EXPERIMENT,
    disk_full.EXPERIMENT,
    postgres.EXPERIMENT,
    poison.EXPERIMENT,
)
