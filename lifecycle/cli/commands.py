"""All commands: importing this hangs each on the command tree, in the order that help shows."""

from lifecycle.cli.app import app
from lifecycle.cli import check

__all__ = ["app", "check"]
