"""The command line: `lifecycle …`."""

from lifecycle.cli.entry import main

__all__ = ["main"]
