"""Each house check is shown a breach, so that we know it can fail, and its like that is right."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Sequence

import pytest

from tests.house import grain, layers, time_and_chance, words
from tests.house.sources import Finding, Source

Check = Callable[[Sequence[Source]], Iterable[Finding]]

LEVELS, CYCLES, HOMES = layers.breaches_of_the_levels, layers.cycles, layers.breaches_of_the_homes
PURE = layers.impurities_of_the_core
CLOCK, DICE = time_and_chance.readings_of_the_wall_clock, time_and_chance.throws_of_dice
NOW, SQL = time_and_chance.defaults_for_now, time_and_chance.clocks_inside_sql
WORDS, NAMES, SIGNS = words.banned_words, words.empty_module_names, words.signs_of_one_machine
DOCS, LINES = grain.missing_docstrings, grain.long_lines


def _sizes(sources: Sequence[Source]) -> Iterable[Finding]:
    return grain.sizes(sources, {})


WRONG: list[tuple[Check, str, str, str]] = [
    (LEVELS, "lifecycle/core/flow.py", "from lifecycle.store import facts", "`lifecycle.store"),
    (LEVELS, "lifecycle/core/flow.py", "from ..store.facts import load", "not below"),
    (LEVELS, "lifecycle/core/flow.py", "from lifecycle import engine", "not below"),
    (LEVELS, "lifecycle/store/facts.py", "import lifecycle.render.links", "not below"),
    (LEVELS, "lifecycle/log.py", "from lifecycle.errors import LifecycleError", "nothing of ours"),
    (LEVELS, "lifecycle/api/app.py", "def f():\n    import scheduler", "`scheduler`"),
    (LEVELS, "lifecycle/cli/run.py", "import scheduler", "`scheduler`"),
    (LEVELS, "lifecycle/core/a.py", "x = import_module('lifecycle.send')", "`lifecycle.send`"),
    (LEVELS, "lifecycle/attic/old.py", "import json", "`attic` has no level"),
    (HOMES, "lifecycle/engine/deliver.py", "import boto3", "lifecycle/send/"),
    (HOMES, "lifecycle/engine/tick.py", "from apscheduler.job import Job", "scheduler.py"),
    (PURE, "lifecycle/core/flow.py", "import sqlalchemy", "`sqlalchemy`"),
    (PURE, "lifecycle/core/flow.py", "import socket", "`socket`"),
    (PURE, "lifecycle/core/flow.py", "from urllib.request import urlopen", "urlopen"),
    (PURE, "lifecycle/core/flow.py", "from lifecycle import log", "`lifecycle.log`"),
    (PURE, "lifecycle/core/flow.py", "from pathlib import Path\np = Path('.')", "pathlib.Path"),
    (PURE, "lifecycle/core/flow.py", "text = open('x').read()", "`open`"),
    (
        CLOCK,
        "lifecycle/engine/tick.py",
        "from datetime import datetime as d\nd.now()",
        "wall clock",
    ),
    (CLOCK, "lifecycle/engine/tick.py", "import time\nat = time.time", "`time.time`"),
    (CLOCK, "lifecycle/engine/tick.py", "from time import time\ntime()", "`time.time`"),
    (CLOCK, "scheduler.py", "import datetime\ndatetime.date.today()", "date.today"),
    (DICE, "lifecycle/core/experiment.py", "import random\nrandom.random()", "`random.random`"),
    (DICE, "lifecycle/store/ids.py", "from uuid import uuid4\nuuid4()", "`uuid.uuid4`"),
    (DICE, "lifecycle/send/ses.py", "import numpy as np\nnp.random.rand()", "numpy.random"),
    (DICE, "lifecycle/send/ses.py", "import secrets\nsecrets.token_hex()", "make keys"),
    (NOW, "lifecycle/engine/tick.py", "def tick(now=None): ...", "has a default"),
    (NOW, "lifecycle/engine/tick.py", "def tick(*, x, now=1): ...", "has a default"),
    (SQL, "lifecycle/store/apply.py", "q = 'UPDATE t SET at = now()'", "`now()`"),
    (SQL, "lifecycle/store/apply.py", "c = text('CURRENT_TIMESTAMP')", "CURRENT_TIMESTAMP"),
    (SQL, "lifecycle/store/apply.py", "q = \"SELECT datetime('now')\"", "datetime('now'"),
    (SQL, "lifecycle/store/apply.py", "c = sa.func.now()", "`func.now`"),
    (WORDS, "lifecycle/core/people.py", "class SubscriberList: ...", "`subscriber`"),
    (WORDS, "lifecycle/core/people.py", "class A:\n    lead_score: int", "`lead`"),
    (WORDS, "lifecycle/core/people.py", "def find_nodes(): ...", "`nodes`"),
    (WORDS, "lifecycle/store/a.py", "class A:\n    __tablename__ = 'contacts'", "`contacts`"),
    (WORDS, "lifecycle/store/a.py", "t = sa.Table('journeys', m, sa.Column('x'))", "`journeys`"),
    (WORDS, "lifecycle/store/a.py", "op.add_column('t', sa.Column('arm', x))", "`arm`"),
    (WORDS, "lifecycle/core/a.py", "class A:\n    x: int = Field(alias='cohort')", "`cohort`"),
    (WORDS, "campaigns/welcome.toml", "[[step]]\ncanvas = 1", "`canvas`"),
    (NAMES, "lifecycle/store/utils.py", "", "`utils`"),
    (NAMES, "lifecycle/common/words.py", "", "`common`"),
    (SIGNS, "README.md", "cd /" + "work/main && make", "one machine"),
    (SIGNS, "docs/a.md", "see /" + "home/anna/shop", "one machine"),
    (SIGNS, "requirements.txt", "--index" + "-url https://x", "registry"),
    (SIGNS, "a.txt", "https://files.python" + "hosted.org/x", "registry"),
    (DOCS, "lifecycle/store/a.py", "import json", "module has no docstring"),
    (DOCS, "tests/store/test_a.py", "import json", "module has no docstring"),
    (DOCS, "lifecycle/store/a.py", '"""A."""\ndef load(): ...', "`load`"),
    (DOCS, "lifecycle/store/a.py", '"""A."""\nclass A:\n    x = 1', "`A`"),
    (DOCS, "lifecycle/a.py", '"""A."""\nclass A:\n    """A."""\n    def b(self): ...', "`A.b`"),
    (LINES, "lifecycle/store/a.py", "x = 1  # " + "y" * 100, "characters"),
    (_sizes, "lifecycle/store/a.py", "x = 1\n" * 351, "351 lines, over 350"),
    (_sizes, "lifecycle/a.py", "class A:\n  def f():\n" + "    x = 1\n" * 50, "A.f has 51"),
]

RIGHT: list[tuple[Check, str, str]] = [
    (LEVELS, "lifecycle/engine/tick.py", "from lifecycle.store import facts\nimport json"),
    (LEVELS, "lifecycle/store/facts.py", "from .tables import Customer\nfrom lifecycle import log"),
    (LEVELS, "lifecycle/cli/run.py", "def run():\n    import scheduler"),
    (LEVELS, "tests/core/test_flow.py", "from lifecycle.sim import people"),
    (LEVELS, "lifecycle/py.typed", "neither code nor a room"),
    (PURE, "lifecycle/core/schema.json", "{} not Python"),
    (HOMES, "lifecycle/send/ses.py", "import boto3"),
    (PURE, "lifecycle/core/flow.py", "import hashlib\nfrom pydantic import BaseModel"),
    (PURE, "lifecycle/core/flow.py", "from lifecycle.core.facts import Facts"),
    (PURE, "lifecycle/core/flow.py", "from urllib.parse import urlsplit"),
    (CLOCK, "lifecycle/clock.py", "from datetime import datetime\ndatetime.now()"),
    (CLOCK, "lifecycle/engine/tick.py", "import time\ntime.monotonic()\nfacts.now"),
    (DICE, "lifecycle/store/ids.py", "import uuid\nuuid.uuid5(a, b)\nself.random = 1"),
    (NOW, "lifecycle/engine/tick.py", "def tick(now, *, size=1): ..."),
    (SQL, "lifecycle/store/claims.py", "q = 'UPDATE t SET until = now()'"),
    (SQL, "lifecycle/store/apply.py", "'''SELECT now() is what we never say.'''\nclock.now()"),
    (SQL, "lifecycle/store/apply.py", "raise ValueError('take it from clock.now() instead')"),
    (WORDS, "lifecycle/core/a.py", "class Alarm:\n    leading: int\n    charm: int"),
    (WORDS, "tests/store/test_a.py", "def test_a_journey_is_refused(): ..."),
    (NAMES, "lifecycle/store/baseline.py", ""),
    (SIGNS, "README.md", "see https://example.org/work/ and docs/work/a.md, ./root/x"),
    (DOCS, "lifecycle/store/a.py", '"""A."""\ndef _load(): ...'),
    (DOCS, "lifecycle/a.py", '"""A."""\nclass A(Leaf):\n    """A."""\n    def b(self): ...'),
    (_sizes, "lifecycle/a.py", "x = 1\n" * 350 + ""),
]


@pytest.mark.parametrize(("check", "path", "text", "said"), WRONG)
def test_a_breach_is_found_with_its_place_and_a_remedy(
    check: Check, path: str, text: str, said: str
) -> None:
    found = [str(finding) for finding in check([Source(path, text)])]
    assert any(said in finding for finding in found), found
    assert all(finding.startswith(f"{path}:") for finding in found)


@pytest.mark.parametrize(("check", "path", "text"), RIGHT)
def test_what_is_right_is_left_alone(check: Check, path: str, text: str) -> None:
    assert list(check([Source(path, text)])) == []


def test_a_ring_of_imports_is_found_wherever_it_starts() -> None:
    ring = [
        Source("lifecycle/core/a.py", "from lifecycle.core.b import B"),
        Source("lifecycle/core/b.py", "from lifecycle.core import c"),
        Source("lifecycle/core/c.py", "def f():\n    from .a import A"),
    ]
    found = [str(finding) for finding in CYCLES(ring)]
    assert len(found) == 1
    assert (
        "lifecycle.core.a -> lifecycle.core.b -> lifecycle.core.c -> lifecycle.core.a" in found[0]
    )
    assert list(CYCLES(ring[:2])) == []


def test_a_listed_size_is_excused_only_while_it_is_over() -> None:
    long = Source("lifecycle/store/a.py", "x = 1\n" * 400)
    excuse = {"lifecycle/store/a.py": "a table of cases"}
    assert list(grain.sizes([long], excuse)) == []
    short = Source("lifecycle/store/a.py", "x = 1\n")
    assert "no longer needed" in str(next(iter(grain.sizes([short], excuse))))


def test_a_finding_names_its_line() -> None:
    text = textwrap.dedent(
        """
        import time


        def pause():
            return time.time()
        """
    )
    (found,) = CLOCK([Source("lifecycle/engine/pause.py", text)])
    assert found.line == 6
