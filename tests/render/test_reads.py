"""Which kept attributes a template reads, as its source tells."""

from __future__ import annotations

import pytest

from lifecycle.render.compile import environment
from lifecycle.render.reads import attributes_in_source

NAMED = ("orders", "points")
COUNT, BALANCE = ("orders", "count"), ("points", "balance")


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("Hello {{ customer.first_name }}", set()),
        ("Dear customer", set()),
        ("Your orders and points", set()),
        ("{{ customer.orders.count }}", {COUNT}),
        ("{{ customer['orders'].count | default(0) }}", {COUNT}),
        ("{{ customer.orders }}", {("orders",)}),
        ("{{ points.balance }}", {BALANCE}),
        ("{{ points }}", {("points",)}),
        ("{% if customer.points.balance > 5 %}a{% endif %}", {BALANCE}),
        ("{{ '}}' ~ customer.orders.count }}", {COUNT}),
        ("{% set c = customer %}{{ c.orders.count }}", {("orders",), ("points",)}),
        ("{{ customer[name] }}", {("orders",), ("points",)}),
        ("{{ money(customer.orders.total) }}", {("orders", "total")}),
        ("{{ item.orders }} {{ event.points }}", set()),
        ("{% for points in items %}{{ x }}{% endfor %}", set()),
        ("{{ customer.orders.count", set()),
    ],
)
def test_a_source_tells_what_it_reads(source: str, paths: set[tuple[str, ...]]) -> None:
    env = environment({}, {}, autoescape=False)
    assert attributes_in_source(env, source, NAMED) == paths
