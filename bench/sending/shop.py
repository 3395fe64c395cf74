"""The shop whose letters are sent: one flow, a letter of 14 tracked links and ten products."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import load
from lifecycle.core.event import Event
from lifecycle.engine.advance import advance
from lifecycle.engine.apply import apply
from lifecycle.engine.engine import Engine
from lifecycle.engine.ingest import ingest
from lifecycle.engine.live import Live
from lifecycle.engine.parts import Parts
from lifecycle.hooks import Registry
from lifecycle.render.links import Signer
from lifecycle.sim.world import AcceptsAll
from lifecycle.sources.customer_line import CustomerIn
from lifecycle.store import customers, events
from lifecycle.store.claims import BATCH
from lifecycle.store.database import Database
from lifecycle.store.events import NewEvent
from lifecycle.store.migrate import create

KEY = b"the key of measurements: no secret"
WARMING = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
NOW = WARMING + timedelta(minutes=1)
FLOW, STEP = "left_cart", "reminder"
SUBJECT = "{{ customer.first_name }}, your cart is waiting"
PORTION = 1_000
PRODUCTS = 10
GONE_EVERY = 50
"""Each so many-th address is suppressed: policy is asked in earnest."""
SETTINGS = """\
[shop]
name = "Shop Example"
address = "1 Example Street, 10115 Berlin"
website = "https://shop.example"
timezone = "Europe/Berlin"
language = "en"
currency = "EUR"
seed = "bench"
[senders]
shop = {{ from = "Shop Example <news@mail.shop.example>", reply_to = "help@shop.example" }}
[topics]
offers = {{ about = "Reminders and offers" }}
[sending]
quiet_hours = "21:00-08:00"
minimum_gap = "1 hour"
[[sending.cap]]
class = "triggered"
at_most = 3
per = "7 days"
[transport]
kind = "ses"
[ses]
region = "eu-central-1"
configuration_set = "main"
endpoint = "{endpoint}"
mode = "{mode}"
[http]
listen = "127.0.0.1:0"
public_url = "https://t.shop.example"
[tracking]
mode = "individual"
[database]
url = "sqlite:///shop.db"
"""
CAMPAIGN = f"""\
name = "Left cart"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "cart_left"
per = "cart_id"
[exit]
when = "order_placed"
[[step]]
name = "{STEP}"
template = "cart/left"
subject = "{SUBJECT}"
"""
TEXT = """\
Hi {{ customer.first_name }}, you left something behind

{% for item in items %}- {{ item.name }} x{{ item.quantity }}: {{ item.price | money }}
{% endfor %}Total: {{ event.total | money }}

We keep it for you until Sunday. Whatever you choose can come back to us within thirty days.
Check out: https://shop.example/checkout

{{ shop.name }}, {{ shop.address }}
Unsubscribe: {{ unsubscribe_url }}
"""


def _column(number: int) -> str:
    page = f"https://shop.example/p/{number}"
    return (
        '<mj-column width="33%">'
        f'<mj-image src="https://cdn.shop.example/{number}.jpg" alt="Product {number}" '
        f'href="{page}" /><mj-text font-size="14px">Featured {number}</mj-text>'
        f'<mj-button href="{page}?buy=1" background-color="#111111">Shop</mj-button></mj-column>'
    )


def _block(number: int) -> str:
    return (
        '<mj-section padding="8px"><mj-column width="60%"><mj-text>'
        f"Block {number}: what others put beside it, why it lasts, and how long we take it back "
        "without asking for a reason.</mj-text>"
        '<mj-divider border-color="#eeeeee" /></mj-column><mj-column width="40%">'
        f'<mj-text align="right">Side {number}</mj-text><mj-spacer height="10px" />'
        "</mj-column></mj-section>"
    )


LETTER = f"""\
<mjml><mj-head><mj-title>Your cart</mj-title><mj-preview>You left something behind</mj-preview>
<mj-attributes><mj-all font-family="Helvetica, Arial, sans-serif" />
<mj-text font-size="16px" color="#222222" line-height="1.5" />
<mj-button background-color="#0a7cff" color="#ffffff" border-radius="4px" /></mj-attributes>
<mj-style>.footer a {{ color:#888888 }} @media (max-width:480px) {{ .hide {{ display:none }} }}\
</mj-style></mj-head>
<mj-body background-color="#f4f4f4">
<mj-section background-color="#ffffff"><mj-column>
<mj-image width="120px" src="https://cdn.shop.example/logo.png" alt="Shop" \
href="https://shop.example/" />
<mj-text font-size="22px">Hi {{{{ customer.first_name }}}}, you left something behind</mj-text>
</mj-column></mj-section>
<mj-section background-color="#222222"><mj-column><mj-text color="#ffffff">Still thinking?</mj-text>
<mj-button href="https://shop.example/cart">Back to cart</mj-button></mj-column></mj-section>
<mj-section background-color="#ffffff"><mj-column><mj-table>
<tr><th align="left">Item</th><th>Qty</th><th align="right">Price</th></tr>
{{% for item in items %}}<tr><td>{{{{ item.name }}}}</td><td>{{{{ item.quantity }}}}</td>\
<td align="right">{{{{ item.price | money }}}}</td></tr>{{% endfor %}}
<tr><td colspan="2">Total</td><td align="right">{{{{ event.total | money }}}}</td></tr></mj-table>
<mj-button href="https://shop.example/checkout">Check out</mj-button></mj-column></mj-section>
<mj-section background-color="#ffffff">{"".join(map(_column, range(3)))}</mj-section>
{"".join(map(_block, range(5)))}
<mj-section background-color="#ffffff"><mj-column><mj-text align="center">
<a href="https://shop.example/one">One</a> <a href="https://shop.example/two">Two</a>
<a href="https://shop.example/three">Three</a></mj-text></mj-column></mj-section>
<mj-section css-class="footer"><mj-column><mj-text font-size="12px" align="center">
{{{{ shop.name }}}}, {{{{ shop.address }}}}
{{% if customer.country == "DE" %}}<a href="https://shop.example/imprint">Impressum</a>{{% endif %}}
<a href="{{{{ unsubscribe_url }}}}">Unsubscribe</a>
<a href="https://shop.example/help">Help</a></mj-text></mj-column></mj-section></mj-body></mjml>
"""


def project(folder: Path, endpoint: str, mode: str) -> Path:
    """Write the project's files for one way of sending."""
    shutil.rmtree(folder, ignore_errors=True)
    files = {
        "settings.toml": SETTINGS.format(endpoint=endpoint, mode=mode),
        f"campaigns/{FLOW}.toml": CAMPAIGN,
        "templates/cart/left.mjml": LETTER,
        "templates/cart/left.txt": TEXT,
    }
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    (folder / "segments").mkdir()
    return folder


def catalog_of(root: Path) -> Catalog:
    """The project's definitions."""
    loaded = load(root)
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def people_wait(database: Database, catalog: Catalog, people: int) -> None:
    """Fill a new database: so many customers are each owed one letter, due at NOW.

    Before them a batch of others are owed theirs, due at WARMING.
    """
    create(database)
    apply(database, catalog, Registry(), "bench", WARMING)
    parts = Parts(database, Live(catalog, Registry()), AcceptsAll(), KEY, Signer([KEY]))
    engine = Engine(parts)
    engine.start(WARMING, alone=True)
    for first in range(0, BATCH + people, PORTION):
        _carts_left(database, range(first, min(first + PORTION, BATCH + people)))
    policy = engine.policy()
    for now in (WARMING, NOW):
        while ingest(parts, policy, now) or advance(parts, policy, now):
            pass


def name(number: int) -> str:
    """The id of a customer."""
    return f"c{number:07d}"


def cart(number: int) -> dict[str, Any]:
    """What a customer left behind."""
    products: list[dict[str, Any]] = [
        {
            "name": f'Shirt & Co "{(number * 7 + place) % 997}" <M>',
            "quantity": 1 + (number + place) % 3,
            "price": 5 + (number * 13 + place * 101) % 9_400 / 100,
        }
        for place in range(PRODUCTS)
    ]
    total = sum(one["price"] * one["quantity"] for one in products)
    return {"cart_id": f"k{number}", "items": products, "total": round(total, 2)}


def attributes(number: int) -> dict[str, Any]:
    """What is known of a customer."""
    return {"first_name": f"Anna{number}", "country": "DE" if number % 3 else "FR"}


def _carts_left(database: Database, numbers: Sequence[int]) -> None:
    at = WARMING - timedelta(hours=1)
    people = [
        CustomerIn(
            id=name(one),
            at=at,
            email=f"{name(one)}@buyers.example",
            timezone="Europe/Berlin",
            locale="en",
            attributes=attributes(one),
            agreed_to=("offers",),
            gone=frozenset(),
        )
        for one in numbers
    ]
    left = []
    for one in numbers:
        moment = WARMING if one < BATCH else NOW
        event = Event(moment, f"e{one}", "cart_left", cart(one), moment)
        left.append(NewEvent(name(one), event, moment, one))
    with database.write() as connection:
        customers.say(connection, people, now=at, address_key=KEY)
        gone = [(f"{name(one)}@buyers.example", "complaint", at) for one in numbers[::GONE_EVERY]]
        customers.suppress(connection, gone, now=at, address_key=KEY)
        events.append(connection, left)
