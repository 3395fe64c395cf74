"""All commands: importing this hangs each on the command tree, in the order that help shows."""

from lifecycle.cli import applying, check, import_file, run
from lifecycle.cli.app import app

__all__ = ["app", "applying", "check", "import_file", "run"]
