"""Errors say what happened, why, and what to do."""

import pytest

from lifecycle.errors import EnvironmentFailed, LifecycleError, UsageError


def test_an_error_reads_as_what_why_state_and_remedy() -> None:
    error = LifecycleError(
        "The database is older than this program",
        "it stands at migration 3 and 5 is needed",
        "Run `lifecycle upgrade`",
        state={"database": "shop.db"},
    )
    assert str(error) == (
        "The database is older than this program: it stands at migration 3 and 5 is needed"
        " (database=shop.db). Run `lifecycle upgrade`"
    )


def test_an_error_with_only_a_happening_says_just_that() -> None:
    assert str(LifecycleError("The shop is closed")) == "The shop is closed"


@pytest.mark.parametrize(
    ("kind", "exit_code"), [(LifecycleError, 1), (UsageError, 2), (EnvironmentFailed, 3)]
)
def test_each_kind_of_error_ends_a_command_with_its_own_code(
    kind: type[LifecycleError], exit_code: int
) -> None:
    assert kind("x").exit_code == exit_code
