"""A small shop that leaves nothing out, and customers who are there every day: for simulations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from lifecycle.catalog.catalog import Catalog
from lifecycle.sim.draws import Choice, Share
from lifecycle.sim.habits import USUAL
from tests.simulation.shop import flow, segment, settings, shop, step

DAILY = replace(
    USUAL,
    time_between_visits=Choice({timedelta(days=1): 60, timedelta(days=3): 40}),
    fills_a_cart=Share(60),
    what_changes=Choice({"consent": 60, "zone": 40}),
    is_erased=Share(30),
    address_is_dead=Share(10),
    opens=Share(60),
    unsubscribes=Share(5),
    complains=Share(4),
)
"""Customers to whom in three weeks happens what others meet in a year."""
SETTINGS = """\
minimum_gap = "2 hours"
[[sending.cap]]
class = "triggered"
at_most = 5
per = "7 days"
[[sending.cap]]
class = "survey"
at_most = 1
per = "calendar week"
"""
VARIANTS = """
  [[step.variant]]
  name = "one"
  subject = "One"
  [[step.variant]]
  name = "two"
  subject = "Two"
"""
CART = flow(
    'when = "cart_updated"\nper = "cart_id"\nrepeat = "start over"\nagain = "always"',
    '[exit]\nwhen = ["order_placed", "cart_emptied"]',
    "[holdout]\npercent = 50",
    step("soon", f'after = "20 minutes"{VARIANTS}'),
    step("later", 'after = "23 hours"\nat = "10:00"'),
    top="priority = 80",
)
LOOKED = flow(
    'when = "product_viewed"\nagain = "always"\nonly_if = { in_segment = "lookers" }',
    step("now", 'after = "10 minutes"'),
    '[sending]\nstale_after = "3 days"',
)
WELCOME = flow(
    'when = "newsletter_joined"',
    step("hello"),
    '[[step]]\nname = "bought"\nwait_for = "order_placed"\nup_to = "4 days"\n'
    '[[step.otherwise]]\nname = "come"\ntemplate = "hello"\nsubject = "Come"\n'
    '[[step.then]]\nname = "thanks"\ntemplate = "hello"\nsubject = "Thanks"',
    top="priority = 60",
)
SURVEY = flow(
    'when = "order_delivered"\nper = "order_id"',
    step("ask", 'at = "09:00"\non = ["mon", "wed", "fri"]'),
    '[sending]\nclass = "survey"',
    topic="newsletter",
)


def busy_shop(*, quiet: str = "21:00-08:00") -> Catalog:
    """Carts, looks, a welcome with a wait, a survey; caps, gap, holdout, variants, segments."""
    return shop(
        {"cart": CART, "looked": LOOKED, "welcome": WELCOME, "survey": SURVEY},
        {
            "lookers": segment('{ did = "product_viewed", at_least = 2, within = "2 days" }'),
            "quiet_ones": segment('{ none = [ { did = "site_visited", within = "1 day" } ] }'),
        },
        settings(SETTINGS, zone="Europe/Berlin", quiet=quiet),
    )
