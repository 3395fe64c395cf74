"""Campaigns with everything in them: steps in branches in waits, a series, a monthly letter."""

from __future__ import annotations

BIG = """\
name = "Big"
kind = "flow"
status = "live"
topic = "offers"
[enter]
when = "order_placed"
per = ["order_id", "item.sku"]
each = "items"
at_most = 3
repeat = "queue"
too_late = "2 days"
only_if = { event = "total", at_least = 5 }
[exit]
when = "order_cancelled"
[migrate]
old_one = "ask"
older = { stay = true }
[sending]
caps = false
[[step]]
name = "ask"
was = "asked"
after = "1.5 x orders.usual_gap"
at = "best day and hour inside 3 days"
not_on = ["holidays", 2026-12-24]
template = "cart/offer"
subject = { en = "a", de = "b" }
[[step]]
name = "wait"
wait_for = ["message_clicked", "order_*"]
up_to = "2 days"
  [[step.then]]
  name = "thanks"
  emit = "asked_well"
  [[step.otherwise]]
  name = "choose"
    [[step.otherwise.branch]]
    if = { customer = "vip", is = true }
      [[step.otherwise.branch.step]]
      name = "give"
      issue = { kind = "points", points = 10, given_if = { in_segment = "vip" } }
      [[step.otherwise.branch.step]]
      name = "say"
      template = "cart/offer"
      subject = "Hi"
        [[step.otherwise.branch.step.variant]]
        name = "x"
        sender = "shop"
        incentive = { kind = "percent_off", percent = 5, given_if = { did = "asked_well" } }
        [[step.otherwise.branch.step.variant]]
        name = "y"
    [[step.otherwise.branch]]
    else = true
    award = 5
[[step]]
name = "part"
  [[step.split]]
  percent = 50
  set = { "a.b" = 1, c = { d = "x" } }
  [[step.split]]
  percent = 20
  call = { url = "env:HOOK" }
[[step]]
name = "tell"
until = { customer = "ends_at", offset = "-30 minutes" }
notify = { to = "crm@shop.example", text = "hey" }
[[step]]
name = "hush"
suppress = { until = ["message_clicked", "order_placed"] }
[[step]]
name = "over"
wait_for = { did = "asked_well", since_entry = true }
up_to = "3 days"
[[step]]
name = "go"
join = "abandoned_cart"
[[step]]
name = "end"
leave = true
"""
SERIES = """\
name = "Friday"
kind = "series"
topic = "offers"
anchor = 2026-11-27
audience = { did = "order_placed", between = ["T-365 days", "T-30 days"] }
[[step]]
name = "before"
at = "T-7 days 09:00"
template = "cart/offer"
subject = "x"
incentive = { kind = "percent_off", percent = 5, valid_until = "T+3 days 22:00" }
[[step]]
name = "day"
at = "T 09:00"
template = "cart/offer"
subject = "x"
not_after = "T+3 days 22:00"
only_if = { did = "order_placed", until = "T-1 days" }
"""
MONTHLY = """\
name = "Monthly"
kind = "broadcast"
topic = "newsletter"
every = "month on the first monday at 09:00"
template = "news/{yyyy-mm}"
subject = "x"
audience = { everyone = true }
"""
