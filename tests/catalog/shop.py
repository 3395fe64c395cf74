"""A small whole shop as texts, for tests that load it, break it or compare it."""

from __future__ import annotations

from pathlib import Path

from lifecycle.catalog.catalog import Catalog
from lifecycle.catalog.load import from_files
from lifecycle.catalog.problem import Problem

SETTINGS = """\
[shop]
name     = "Shop Example"
address  = "1 Example Street, 10115 Berlin"
timezone = "Europe/Berlin"
language = "en"
seed     = "change-me-once"

[senders]
shop = { from = "Shop <news@mail.shop.example>", reply_to = "help@shop.example" }

[topics]
offers     = { about = "Sales and reminders" }
newsletter = { about = "Stories and news" }

[[sending.cap]]
class   = "campaign"
at_most = 4
per     = "7 days"

[points]
earn  = [ { when = "order_placed", per_amount = 1, points = 1, pending = "14 days" } ]
tiers = [ { name = "silver", from = 500 }, { name = "gold", from = 2000 } ]

[referral]
gives     = { kind = "amount_off", amount = 10 }
gets      = { kind = "percent_off", percent = 10 }
qualifies = "order_placed"
"""

CART = """\
#:schema ../.lifecycle/campaign.schema.json
name     = "Abandoned cart"
kind     = "flow"
status   = "live"
topic    = "offers"
priority = 80

[enter]
when    = "cart_updated"
per     = "cart_id"
repeat  = "start over"
again   = "after 7 days"
only_if = { all = [ { event = "total", at_least = 30 }, { not = { in_segment = "staff" } } ] }

[exit]
when = ["order_placed", "cart_emptied"]
if   = { did = "order_placed", since_entry = true }

[goal]
when   = "order_placed"
within = "5 days"
value  = "total"

[holdout]
percent = 10

[sending]
sender      = "shop"
quiet_hours = "21:00-08:00"
stale_after = "12 hours"

[[step]]
name     = "reminder"
after    = "1 hour"
template = "cart/reminder"

  [[step.variant]]
  name    = "named"
  subject = "You left {{ event.items[0].name }} behind"

  [[step.variant]]
  name    = "question"
  subject = { en = "Still thinking it over?", de = "Noch am Überlegen?" }

  [step.winner]
  by         = "click_rate"
  confidence = 95
  within     = "30 days"

[[step]]
name     = "last_call"
after    = "47 hours"
at       = "10:00"
on       = ["mon", "tuesday"]
not_on   = [2026-12-24]
template = "cart/offer"
subject  = "{% if incentive %}{{ incentive.percent }} % off{% else %}Yours{% endif %}"

  [step.incentive]
  given_if  = { event = "total", at_least = 80 }
  kind      = "percent_off"
  percent   = 10
  valid_for = "48 hours"
"""

SALE = """\
name     = "Spring sale"
kind     = "broadcast"
status   = "draft"
topic    = "offers"
at       = 2027-04-14T09:00:00
template = "cart/offer"

[audience]
all  = [ { in_segment = "vip" }, { did = "order_placed" } ]
none = [ { in_segment = "staff" } ]

[[variant]]
name    = "plain"
subject = "The spring sale has begun"

[[variant]]
name    = "count"
subject = "The sale ends on Sunday"

[winner]
by           = "click_rate"
test_percent = 20
decide_after = "4 hours"
"""

VIP = """\
name = "Good customers"

[match]
all = [
  { did = "order_placed", at_least = 3, within = "365 days" },
  { total_of = "order_placed.total", at_least = 400, within = "365 days" },
  { any = [
    { customer = "country", is_one_of = ["DE", "AT", "CH"] },
    { customer = "language", is = "de" },
  ] },
  { did = "product_viewed", where = { category = "shoes", price = { at_least = 50 } } },
]
none = [
  { in_segment = "staff" },
  { did = "message_complained", since = 2025-01-01 },
]
"""

STAFF = """\
name  = "Staff"
match = { customer = "staff", is = true }
"""

CASES = """\
campaign = "abandoned_cart"

[[case]]
name     = "someone who buys after the reminder is never offered money"
customer = { timezone = "Europe/Berlin", agreed_to = ["offers"] }
happens = [
  { at = 2026-03-02T14:00:00, event = "cart_updated", cart_id = "c1", total = 90 },
  { at = 2026-03-02T18:30:00, event = "order_placed", cart_id = "c1", total = 90 },
]
expect = [
  { at = 2026-03-02T15:00:00, sent = "reminder" },
  { at = 2026-03-02T18:30:00, left = "order_placed" },
]
"""

LETTER = """\
<mjml>
<mj-head><mj-attributes><mj-all font-family="Helvetica" /></mj-attributes></mj-head>
<mj-body><mj-section><mj-column>
<mj-text>Hello {{ customer.name }}, {{ shop.name }}</mj-text>
<mj-text><a href="{{ unsubscribe_url }}">Unsubscribe</a>, {{ shop.address }}</mj-text>
</mj-column></mj-section></mj-body>
</mjml>
"""

FILES = {
    "settings.toml": SETTINGS,
    "campaigns/abandoned_cart.toml": CART,
    "campaigns/spring_sale.toml": SALE,
    "segments/vip.toml": VIP,
    "segments/staff.toml": STAFF,
    "templates/cart/reminder.mjml": LETTER,
    "templates/cart/reminder.de.mjml": LETTER.replace("Hello", "Hallo"),
    "templates/cart/offer.mjml": LETTER.replace("Hello", "Hi"),
    "tests/campaigns/abandoned_cart.toml": CASES,
}

CART_FILE = "campaigns/abandoned_cart.toml"


def problems_of(files: dict[str, str]) -> tuple[Problem, ...]:
    """What is wrong with a shop in which these files stand in place of, or beside, the whole."""
    return from_files({**FILES, **files}, incentives=()).problems


def catalog_of(files: dict[str, str]) -> Catalog:
    """The catalog of a shop with these files in place of, or beside, the whole."""
    loaded = from_files({**FILES, **files})
    assert loaded.catalog is not None, loaded.problems
    return loaded.catalog


def said(problem: Problem) -> str:
    """A problem on one line."""
    place = f"{problem.file}:{problem.line}:{problem.column}"
    return f"{place} {problem.severity}: {problem.problem} | {problem.hint}"


def write(root: Path, files: dict[str, str]) -> Path:
    """Write the texts below a folder, and return it."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root
