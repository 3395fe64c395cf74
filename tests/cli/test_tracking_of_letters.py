"""Letters of a topic that is followed by consent, and links named for web statistics."""

from __future__ import annotations

import json
import re
from email import message_from_bytes, policy
from pathlib import Path

from tests.cli.conftest import Call

FLOW = """
name = "Hello"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "joined"
[[step]]
name = "hello"
text = "[Lamps](https://shop.example/lamps?x=1) and [others](https://other.example/)"
subject = "Hello"
"""


def letters(shop: Path, call: Call, tracking: str) -> dict[str, str]:
    """What the letter of each customer holds, by customer."""
    (shop / "campaigns" / "hello.toml").write_text(FLOW)
    said = (shop / "settings.toml").read_text()
    said = re.sub(r"(?m)^offers( *)=.*$", 'offers = { about = "x", tracking = "by consent" }', said)
    said = said.replace("[topics]\n", '[topics]\ntracking = { about = "What I open" }\n')
    said = said.replace("[shop]\n", '[shop]\nwebsite = "https://shop.example"\n')
    (shop / "settings.toml").write_text(said + tracking)
    people = [("a1", ["offers", "tracking"]), ("b1", ["offers"])]
    lines = [
        {"id": one, "email": f"{one}@buyers.example", "agreed_to": topics} for one, topics in people
    ]
    events = [
        {"id": f"e-{one}", "at": "2026-03-02T10:00:00Z", "event": "joined", "customer": one}
        for one, _ in people
    ]
    (shop / "c.jsonl").write_text("".join(json.dumps(one) + "\n" for one in lines))
    (shop / "e.jsonl").write_text("".join(json.dumps(one) + "\n" for one in events))
    done = call(
        *("replay", "--events", "e.jsonl", "--customers", "c.jsonl"),
        *("--until", "2026-03-03T00:00:00Z", "--outbox", "letters"),
    )
    assert done.code == 0, done
    found = {}
    for file in (shop / "letters").glob("*.eml"):
        read = message_from_bytes(file.read_bytes(), policy=policy.default)
        html = read.get_body(("html",))
        assert html is not None
        found[str(read["To"]).partition("@")[0]] = html.get_content()
    return found


def clicks(html: str) -> set[str]:
    return set(re.findall(r"/c/([\w-]+)\.", html))


def test_who_agreed_is_followed_by_name_and_who_did_not_among_all(shop: Path, call: Call) -> None:
    found = letters(shop, call, "")
    assert len(found) == 2
    assert clicks(found["a1"]) and clicks(found["b1"])
    assert clicks(found["a1"]) != clicks(found["b1"])
    assert "/o/" in found["b1"], "the picture of those counted among all names nobody"


def test_untracked_links_to_the_shops_site_are_named(shop: Path, call: Call) -> None:
    found = letters(shop, call, '\n[tracking]\nmode = "off"\nutm = { source = "mail" }\n')
    assert "lamps?x=1&amp;utm_source=mail&amp;utm_medium=email" in found["a1"]
    assert '"https://other.example/"' in found["a1"]
    assert "/c/" not in found["a1"]
