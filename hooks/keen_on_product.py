"""Tells when somebody keeps coming back to one product in a day and does not put it in the cart."""

from lifecycle.hooks import Event, Facts, trigger

VIEWS = 3


@trigger(
    "keen_on_product",
    listens_to="product_viewed",
    looks_back="24 hours",
    also_reads=["cart_updated", "order_placed"],
)
def keen_on_product(event: Event, facts: Facts) -> Event | None:
    """The third look at one product within a day, if it went into no cart and no order."""
    sku = event["sku"]
    if sku is None or facts.count("product_viewed", sku=sku) != VIEWS:
        return None
    if facts.count("cart_updated", **{"items.sku": sku}):
        return None
    if facts.count("order_placed", **{"items.sku": sku}):
        return None
    return event.becomes(
        "keen_on_product",
        sku=sku,
        name=event["name"],
        url=event["url"],
        image=event["image"],
        price=event["price"],
    )
