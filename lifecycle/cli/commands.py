"""All commands: importing this hangs each on the command tree, in the order that help shows."""

# ruff: noqa: I001 - the order is that of the help
from lifecycle.cli.app import app
from lifecycle.cli import starter, check, applying, run, import_file, replaying, simulating
from lifecycle.cli import asking, preview, reports, report_holdout, operating, customers, upgrading
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
    "report_holdout",
    "reports",
    "rotating",
    "run",
    "simulating",
    "starter",
    "upgrading",
    "webhook",
]
