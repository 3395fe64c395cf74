"""`lifecycle check` and `plan` tell what a test can show before it is launched."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Call

VARIANTS = """
[[step.variant]]
name = "a"
subject = "A"

[[step.variant]]
name = "b"
subject = "B"

[step.winner]
by = "click_rate"
"""


def with_variants(shop: Path) -> None:
    with (shop / "campaigns" / "hello.toml").open("a") as file:
        file.write(VARIANTS)


def test_check_tells_people_and_lists_no_problem_for_it(shop: Path, call: Call) -> None:
    before = call("check", "--json").data
    assert "variants by clicks" not in call("check").out
    with_variants(shop)
    assert "hello/hello: 2 variants by clicks" in call("check").out
    assert call("check", "--json").data == before


def test_plan_tells_it_under_a_key_of_its_own(shop: Path, call: Call) -> None:
    assert call("plan", "--json").data["tests"] == []
    with_variants(shop)
    (one,) = call("plan", "--json").data["tests"]
    assert (one["campaign"], one["step"], one["counted"]) == ("hello", "hello", False)
    assert one["detectable"] > 0 and one["told"][0].startswith("hello/hello")
    call("apply")
    (one,) = call("plan", "--json").data["tests"]
    assert (one["counted"], one["readers"], one["detectable"]) == (True, 0, None)
    assert "nothing can be said of it" in call("plan").out
