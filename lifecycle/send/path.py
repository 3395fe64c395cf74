"""The path of feedback: by what transport letters go, and which configuration set tells of them."""

from __future__ import annotations

from lifecycle.core.settings import Settings


def feedback_path(settings: Settings) -> str:
    """The path's name, as attempts keep it: `ses:` and the configuration set, `smtp:` and so on.

    A set named by an environment variable goes by that variable's name.
    """
    kind = settings.transport.kind
    said = settings.ses.configuration_set if kind == "ses" else None
    return f"{kind}:{(said or '').removeprefix('env:').strip()}"
