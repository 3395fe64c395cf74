"""What differs between two catalogs."""

from __future__ import annotations

from lifecycle.catalog.plan import Change, compare
from tests.catalog.shop import CART, CART_FILE, FILES, SETTINGS, STAFF, catalog_of

LAST = 'name     = "last_call"'


def changed(files: dict[str, str]) -> list[Change]:
    """What these files change in the whole shop."""
    return compare(catalog_of({}), catalog_of(files))


def test_the_same_catalog_twice_has_no_changes():
    assert changed({}) == []


def test_a_comment_or_another_order_of_keys_is_no_change():
    lines = CART.replace('status   = "live"\ntopic    = "offers"', 'topic="offers"\nstatus="live"')
    assert changed({CART_FILE: "# new comment\n" + lines}) == []


def test_without_an_old_catalog_all_is_added():
    changes = compare(None, catalog_of({}))
    assert {(one.kind, one.name) for one in changes if one.kind != "settings"} == {
        ("campaign", "abandoned_cart"),
        ("campaign", "spring_sale"),
        ("segment", "staff"),
        ("segment", "vip"),
        *(("template", path.removeprefix("templates/")) for path in FILES if "mjml" in path),
    }
    assert {one.what for one in changes} == {"added"}
    cart = next(one for one in changes if one.name == "abandoned_cart")
    assert cart.status == (None, "live")
    assert cart.steps_added == ("reminder", "last_call")


def test_steps_are_told_apart_as_added_removed_renamed_and_changed():
    text = CART.replace(LAST, 'name     = "final"\nwas      = "last_call"')
    text = text.replace('"47 hours"', '"46 hours"').replace('"live"', '"paused"')
    text += '\n[[step]]\nname = "more"\ntemplate = "cart/offer"\nsubject = "x"\n'
    (change,) = changed({CART_FILE: text})
    assert change == Change(
        "campaign",
        "abandoned_cart",
        "changed",
        status=("live", "paused"),
        steps_added=("more",),
        steps_changed=("final",),
        steps_renamed=(("last_call", "final"),),
    )


def test_a_step_renamed_without_saying_so_is_one_gone_and_one_new():
    (change,) = changed({CART_FILE: CART.replace(LAST, 'name = "final"')})
    assert (change.steps_added, change.steps_removed) == (("final",), ("last_call",))


def test_steps_in_another_order_are_a_change_though_none_of_them_differs():
    head, first, second = CART.split("[[step]]\n")
    text = f"{head}[[step]]\n{second}\n[[step]]\n{first}"
    (change,) = changed({CART_FILE: text})
    assert (change.steps_changed, change.parts) == ((), ("step",))


def test_other_keys_are_named():
    (change,) = changed({CART_FILE: CART.replace("percent = 10\n\n", "percent = 20\n\n")})
    assert change.parts == ("holdout",)


def test_segments_settings_and_templates_are_compared_too():
    changes = changed(
        {
            "segments/staff.toml": STAFF.replace("true", "false"),
            "settings.toml": SETTINGS.replace("Shop Example", "Another Shop"),
            "templates/cart/offer.mjml": FILES["templates/cart/offer.mjml"] + "\n",
        }
    )
    assert [(one.kind, one.name, one.what, one.parts) for one in changes] == [
        ("settings", "shop", "changed", ()),
        ("segment", "staff", "changed", ("match",)),
        ("template", "cart/offer.mjml", "changed", ()),
    ]


def test_what_is_gone_is_removed():
    changes = compare(catalog_of({"segments/new.toml": STAFF}), catalog_of({}))
    assert changes == [Change("segment", "new", "removed")]


BRANCHES = """
[[step]]
name = "way"

  [[step.branch]]
  if       = { event = "total", at_least = 80 }
  template = "cart/offer"
  subject  = "Large"

  [[step.branch]]
  else = true

    [[step.branch.step]]
    name     = "small"
    template = "cart/offer"
    subject  = "Small"
"""


def test_steps_inside_branches_are_told_on_their_own():
    old = catalog_of({CART_FILE: CART + BRANCHES})
    (added,) = compare(catalog_of({}), old)
    assert added.steps_added == ("way", "small", "way#1")
    (change,) = compare(old, catalog_of({CART_FILE: CART + BRANCHES.replace('"Small"', '"Tiny"')}))
    assert change.steps_changed == ("small",)
    (change,) = compare(old, catalog_of({CART_FILE: CART + BRANCHES.replace('"Large"', '"Big"')}))
    assert change.steps_changed == ("way#1",)
    (change,) = compare(old, catalog_of({CART_FILE: CART + BRANCHES.replace("80", "90")}))
    assert change.steps_changed == ("way",)
