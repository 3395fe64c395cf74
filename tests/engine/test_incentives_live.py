"""Live, on both databases: the code that a letter shows is the one that is kept, and one alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from lifecycle.catalog.catalog import Catalog
from lifecycle.core.message import OutcomeKind
from lifecycle.engine.engine import Engine
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import IncentiveAsked, Registry
from lifecycle.hooks.declare import Incentive, Place
from lifecycle.render.links import Signer
from lifecycle.store import pools
from lifecycle.store.hook_codes import MOST_TRIES
from tests.databases import Prepare
from tests.faults.running import KEY, Post, Running
from tests.simulation.shop import event, flow, instant, person, settings, shop
from tests.store.prepared import with_tables

START = "2026-05-04T09:00:00"
POOL = 'kind = "pool", pool = "spring", percent = 15'
LOTTERY = 'kind = "lottery", percent = 20, valid_for = "2 days"'


@dataclass
class Lottery:
    """A hook that gives a new code whenever it is asked, and fails or has none as told."""

    script: list[object] = field(default_factory=list)
    asked: list[IncentiveAsked] = field(default_factory=list)

    def __call__(self, asked: IncentiveAsked) -> object:
        """Give a code that tells how often one was asked for."""
        self.asked.append(asked)
        said = self.script.pop(0) if self.script else f"WIN-{len(self.asked)}"
        if isinstance(said, Exception):
            raise said
        return said

    @property
    def registry(self) -> Registry:
        """The hooks of a shop that has this one."""
        return Registry(incentives={"lottery": Incentive("lottery", self, Place("x.py", 1))})


class Shop(Running):
    """A running shop whose lottery is at hand."""

    def __init__(self, url: str, catalog: Catalog, post: Post, lottery: Lottery) -> None:
        self.lottery, self.post = lottery, post
        super().__init__(url, catalog, post)

    def new_engine(self, catalog: Catalog | None = None) -> Engine:
        """An engine with the shop's hook."""
        live = Live(catalog or self.catalog, self.lottery.registry)
        parts = Parts(self.database, live, self.transport, KEY, Signer([KEY]))
        return Engine(parts, batch=self.batch)

    def bring(self, *codes: str) -> None:
        """Import codes into the pool."""
        with self.database.write() as connection:
            pools.bring(connection, "spring", codes, instant(START))

    def shown(self) -> list[str]:
        """The codes in the subjects of letters that were accepted, by address."""
        return sorted(f"{one.to[:2]} {one.subject}" for one in self.post.accepted)

    def kept(self) -> list[str]:
        """The codes that are kept, by customer."""
        return sorted(f"{row.customer_id} {row.code}" for row in self.rows("incentive"))

    def free(self) -> int:
        """How many codes of the pool are free."""
        with self.database.read() as connection:
            return sum(one.free for one in pools.stocks(connection))


@pytest.fixture
def database_prepare() -> Prepare:
    return with_tables


Open = Callable[..., Shop]


@pytest.fixture
def opened(database_url: str) -> Iterator[Open]:
    """Open a shop to which c1, c2, … belong, who see something at 10:00."""
    shops: list[Shop] = []

    def opening(
        *steps: str, people: int = 1, said: str = "", script: Any = (), posts: Any = ()
    ) -> Shop:
        catalog = shop({"f": flow('when = "seen"', *steps)}, {}, said)
        one = Shop(database_url, catalog, Post(list(posts)), Lottery(list(script)))
        shops.append(one)
        one.start(START)
        names = [f"c{number}" for number in range(1, people + 1)]
        one.say(*(person(name) for name in names), at=START)
        one.hear(*(event("2026-05-04T10:00:00", "seen", name) for name in names))
        return one

    yield opening
    for one in shops:
        one.close()


def letter(name: str = "offer", incentive: str = "", more: str = "") -> str:
    """A step whose letter's subject is the code of its incentive."""
    table = f"incentive = {{ {incentive} }}\n" if incentive else ""
    subject = "{{ incentive.code if incentive else 'none' }}"
    return f'[[step]]\nname = "{name}"\ntemplate = "hello"\nsubject = "{subject}"\n{table}{more}\n'


def issue(offer: str) -> str:
    return f'[[step]]\nname = "give"\nissue = {{ {offer} }}\n'


def test_a_pool_gives_each_letter_a_code_until_it_is_empty(opened: Open) -> None:
    here = opened(letter(incentive=POOL), people=3)
    here.bring("A", "B")
    here.run("2026-05-04T12:00:00")
    assert here.shown() == ["c1 A", "c2 B"] and here.kept() == ["c1 A", "c2 B"]
    assert "05-04 10:00 dropped offer out_of_stock" in here.told("c3")
    here.bring("C")
    here.run("2026-05-05T12:00:00")
    assert here.free() == 1


@pytest.mark.parametrize("gives", ["letter", "issue"])
def test_the_log_tells_once_when_a_pool_becomes_low(
    opened: Open, gives: str, caplog: pytest.LogCaptureFixture
) -> None:
    here = opened(letter(incentive=POOL) if gives == "letter" else issue(POOL), people=3)
    here.bring(*(f"A{number:03}" for number in range(101)))
    here.engine.batch = 1
    with caplog.at_level("WARNING", "lifecycle"):
        here.run("2026-05-04T12:00:00")
    low = [one for one in caplog.records if one.getMessage() == "pool_low"]
    assert [one.__dict__["lifecycle_ids"]["free"] for one in low] == [99]


def test_a_letter_that_is_tried_again_keeps_its_code(opened: Open) -> None:
    here = opened(letter(incentive=POOL), posts=[OutcomeKind.NEVER_LEFT, OutcomeKind.SLOW_DOWN])
    here.bring("A", "B")
    here.run("2026-05-04T12:00:00")
    assert here.shown() == here.kept() == ["c1 A"] and here.free() == 1


def test_a_letter_that_is_held_takes_no_code_before_it_goes(opened: Open) -> None:
    quiet = (
        settings(quiet="off") + '[[sending.cap]]\nclass = "triggered"\nat_most = 1\nper = "1 day"\n'
    )
    here = opened(letter("first"), letter(incentive=POOL, more='after = "1 hour"'), said=quiet)
    here.bring("A")
    here.run("2026-05-04T12:00:00")
    assert here.free() == 1
    here.run("2026-05-05T12:00:00")
    assert here.shown() == ["c1 A", "c1 none"] and here.free() == 0


def test_a_refused_letter_leaves_no_code_free_that_somebody_may_have_seen(opened: Open) -> None:
    here = opened(letter(incentive=POOL), posts=[OutcomeKind.REFUSED])
    here.bring("A")
    here.run("2026-05-04T12:00:00")
    assert here.shown() == [] and here.free() == 0


def test_a_code_is_open_only_where_its_letter_went(opened: Open) -> None:
    given = "given_if = { everyone = true }"
    here = opened(letter(incentive=f"{POOL}, {given}"), people=2)
    here.bring("A")
    here.run("2026-05-04T12:00:00")
    assert here.kept() == ["c1 A"]


def test_a_hook_is_told_what_the_step_says_and_asked_once(opened: Open) -> None:
    here = opened(letter(incentive=LOTTERY), people=2, posts=[OutcomeKind.NEVER_LEFT])
    here.run("2026-05-04T12:00:00")
    assert len(here.lottery.asked) == 2 and len({one.key for one in here.lottery.asked}) == 2
    assert here.shown() == here.kept() and len(here.shown()) == 2
    first = here.lottery.asked[0]
    assert (first.kind, first.campaign, first.step, first.percent) == ("lottery", "f", "offer", 20)
    assert first.expires_at == instant("2026-05-06T10:00:00")


def test_a_hook_that_fails_holds_the_letter_and_is_asked_again(opened: Open) -> None:
    here = opened(letter(incentive=LOTTERY), script=[ValueError("down"), OSError("still")])
    here.run("2026-05-04T12:00:00")
    assert here.shown() == here.kept() == ["c1 WIN-3"]
    assert len({one.key for one in here.lottery.asked}) == 1
    assert [one for one in here.told("c1") if "offer" in one] == [
        "05-04 10:00 held offer quarantined",
        "05-04 10:06 sent offer",
    ]


def test_a_hook_that_keeps_failing_costs_the_letter(opened: Open) -> None:
    here = opened(letter(incentive=LOTTERY), script=[ValueError("down")] * 20)
    here.run("2026-05-05T12:00:00")
    assert len(here.lottery.asked) == MOST_TRIES and here.kept() == []
    assert here.states() == {"dropped quarantined": 1}


@pytest.mark.parametrize("code", [None, 7, "", "two\nlines", "x" * 999])
def test_a_hook_that_has_no_code_drops_and_one_that_gives_nonsense_has_failed(
    opened: Open, code: object
) -> None:
    here = opened(letter(incentive=LOTTERY), script=[code])
    here.run("2026-05-04T12:00:00")
    assert here.shown() == ([] if code is None else ["c1 WIN-2"])
    assert bool(here.states()["dropped out_of_stock"]) is (code is None)


@pytest.mark.parametrize(
    ("offer", "code"),
    [(POOL, "A"), (LOTTERY, "WIN-1"), ('kind = "shared_code", code = "ALL"', "ALL")],
)
def test_later_letters_show_what_a_step_issued(opened: Open, offer: str, code: str) -> None:
    own = 'kind = "shared_code", code = "OWN"'
    never = f"{own}, given_if = {{ event = 'total', at_least = 9 }}"
    here = opened(
        letter("before"), issue(offer), letter("one"), letter("two", own), letter("three", never)
    )
    here.bring("A")
    here.run("2026-05-04T12:00:00")
    shown = {one.step: one.subject for one in here.post.accepted}
    assert shown == {"before": "none", "one": code, "two": "OWN", "three": "none"}
    told = [row for row in here.rows("event") if row.name == "incentive_issued"]
    assert sorted(row.properties["step"] for row in told) == ["give", "two"]


def test_the_latest_of_several_issues_is_shown(opened: Open) -> None:
    early, late = (f'kind = "shared_code", code = "{one}"' for one in ("EARLY", "LATE"))
    second = issue(late).replace('"give"', '"more"')
    here = opened(issue(early), second, letter())
    here.run("2026-05-04T12:00:00")
    assert here.shown() == ["c1 LATE"]


def test_an_issue_of_an_empty_pool_is_skipped_and_the_flow_goes_on(opened: Open) -> None:
    here = opened(issue(POOL), letter())
    here.run("2026-05-04T12:00:00")
    assert "05-04 10:00 skipped give out_of_stock" in here.told("c1")
    assert here.shown() == ["c1 none"] and here.kept() == []


def test_an_issue_whose_hook_fails_is_tried_again_then_given_up(opened: Open) -> None:
    here = opened(issue(LOTTERY), letter(), script=[ValueError("down")])
    here.run("2026-05-04T12:00:00")
    assert [one for one in here.told("c1") if "give" in one] == [
        "05-04 10:00 held give quarantined",
        "05-04 10:01 issued give",
    ]
    assert here.shown() == ["c1 WIN-2"]


def test_an_issue_whose_hook_keeps_failing_is_skipped(opened: Open) -> None:
    here = opened(issue(LOTTERY), letter(), people=2, script=[ValueError("down")] * 99)
    here.run("2026-05-05T12:00:00")
    skipped = [one for one in here.told() if "skipped give quarantined" in one]
    assert len(skipped) == 2 and here.shown() == ["c1 none", "c2 none"]


def test_an_end_is_the_customers_own_clock(opened: Open) -> None:
    offer = 'kind = "shared_code", code = "ALL", valid_until = 2026-05-10T20:00:00'
    here = opened(letter(incentive=offer))
    here.say({"id": "c1", "timezone": "America/New_York"}, at="2026-05-04T09:30:00")
    here.run("2026-05-04T12:00:00")
    (row,) = here.rows("incentive")
    assert row.expires_at == instant("2026-05-11T00:00:00")


def test_doing_an_award_and_a_setting_twice_writes_them_once(opened: Open) -> None:
    deeds = '[[step]]\nname = "a"\naward = 50\n[[step]]\nname = "s"\nset = { level = "vip" }\n'
    here = opened(deeds, letter())
    here.run("2026-05-04T12:00:00")
    here.start("2026-05-04T13:00:00")
    here.run("2026-05-04T14:00:00")
    (entry,) = here.rows("points_entry")
    assert (entry.points, entry.source) == (50, "f/a")
    (row,) = here.rows("customer")
    assert row.attributes == {"level": "vip"}
