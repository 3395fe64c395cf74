"""All commands: importing this hangs each on the command tree, in the order that help shows."""

# ruff: noqa: I001 - the order is that of the help
from lifecycle.cli.app import app
from lifecycle.cli import starter, check, applying, run, import_file, replaying, simulating
from lifecycle.cli import asking, preview, report_campaign, report_experiment, report_holdout
from lifecycle.cli import report_send_time, report_deliverability, report_rewards
from lifecycle.cli import report_past_tests
from lifecycle.cli import operating, customers, upgrading
from lifecycle.cli import backup, doctor, webhook
from lifecycle.cli import fake_ses, rotating

__all__ = [
    "app",
    "applying",
    "asking",
    "backup",
    "check",
    "customers",
    "doctor",
    "fake_ses",
    "import_file",
    "operating",
    "preview",
    "replaying",
    "report_campaign",
    "report_deliverability",
    "report_experiment",
    "report_holdout",
    "report_past_tests",
    "report_rewards",
    "report_send_time",
    "rotating",
    "run",
    "simulating",
    "starter",
    "upgrading",
    "webhook",
]
