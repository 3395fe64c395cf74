"""The filters of letters: day, time, money and default, in the customer's language and zone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from jinja2 import Undefined, pass_context
from jinja2.exceptions import TemplateRuntimeError
from jinja2.runtime import Context

from lifecycle.render.amounts import written_amount

DEFAULT_LANGUAGE = "en"
MAX_DIGITS = 40
"""Signs of a number as written, and places before or behind its point: no amount has more."""
_DAY_STYLES = ("short", "medium", "long", "full")


def own_filters() -> dict[str, Callable[..., Any]]:
    """Return the filters that every template has beside Jinja's own."""
    return {"day": day, "time": time, "money": money, "default": default, "d": default}


def default(value: Any, fallback: Any = "", also_false: bool = False) -> Any:
    """Return `fallback` for what is missing, none or empty text; also for false things if asked."""
    if isinstance(value, Undefined) or value is None or value == "":
        return fallback
    return fallback if also_false and not value else value


@pass_context
def day(context: Context, value: Any, style: str = "") -> str:
    """Return the day of an instant, in the customer's zone and language: "24 November".

    `style` is one of Babel's: short, medium, long, full; unsaid, day and month alone.
    """
    at = _instant(value, "day")
    if isinstance(at, datetime):
        at = at.astimezone(_zone(context)).date()
    if style and style not in _DAY_STYLES:
        raise TemplateRuntimeError(f"day knows the styles {', '.join(_DAY_STYLES)}")
    return _day(at, _locale(context), style)


@pass_context
def time(context: Context, value: Any) -> str:
    """Return the time of day of an instant, in the customer's zone and language: "18:30"."""
    at = _instant(value, "time")
    if not isinstance(at, datetime):
        raise TemplateRuntimeError("time needs an instant, not a date")
    return _time(at.astimezone(_zone(context)), _locale(context))


@pass_context
def money(context: Context, value: Any, currency: str | None = None) -> str:
    """Return an amount (in the currency's major unit) with its currency: "€19.90"."""
    if isinstance(value, Undefined):
        return str(value)
    code = _currency(context) if currency is None else currency
    try:
        # Nothing with a minus is the same key as without, and is written otherwise.
        return _money(value or str(value), str(code or ""), _locale(context))
    except TypeError:  # a list, which nobody can remember either
        raise _no_number(value) from None


def _no_number(value: Any) -> TemplateRuntimeError:
    return TemplateRuntimeError(f"money needs a number, not {str(value)[:40]!r}")


def _instant(value: Any, name: str) -> datetime | date:
    if isinstance(value, Undefined):
        str(value)
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return value
    if isinstance(value, str):
        try:
            if len(value) == len("2026-01-31"):
                return date.fromisoformat(value)
            at = datetime.fromisoformat(value)
            return at if at.tzinfo else at.replace(tzinfo=UTC)
        except ValueError:
            pass
    raise TemplateRuntimeError(f"{name} needs an instant or a date, not {str(value)[:40]!r}")


def _said(context: Context, owner: str, key: str) -> Any:
    holder = context.parent.get(owner)
    return holder.get(key) if isinstance(holder, Mapping) else None


def _currency(context: Context) -> str:
    """The currency of the event, else of the shop; looked for once a letter."""
    known = context.parent.get("_currency")
    if known is None:
        known = str(_said(context, "event", "currency") or _said(context, "shop", "currency") or "")
        context.parent["_currency"] = known
    return str(known)


def _locale(context: Context) -> str:
    """The customer's locale, else the shop's language; looked for once a letter."""
    known = context.parent.get("_locale")
    if known is None:
        tags = (_said(context, "customer", "locale"), _said(context, "shop", "language"))
        known = _known_locale(*(str(tag) if tag else "" for tag in tags))
        context.parent["_locale"] = known
    return str(known)


def _zone(context: Context) -> tzinfo:
    names = (_said(context, "customer", "timezone"), _said(context, "shop", "timezone"))
    return _known_zone(*(str(name) if name else "" for name in names))


@lru_cache(maxsize=1024)
def _known_locale(*tags: str) -> str:
    for tag in tags:
        try:
            if tag:
                return str(Locale.parse(tag.replace("-", "_")))
        except (UnknownLocaleError, ValueError):
            language = tag.replace("_", "-").split("-")[0]
            if language != tag:
                return _known_locale(language)
    return DEFAULT_LANGUAGE


@lru_cache(maxsize=1024)
def _known_zone(*names: str) -> tzinfo:
    for name in names:
        try:
            if name:
                return ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            continue
    return UTC


@lru_cache(maxsize=4096)
def _day(on: date, locale: str, style: str) -> str:
    if style:
        return format_date(on, format=style, locale=locale)
    return str(format_skeleton("MMMMd", on, locale=locale))


@lru_cache(maxsize=4096)
def _time(at: datetime, locale: str) -> str:
    return format_time(at.time(), format="short", locale=locale)


@lru_cache(maxsize=16384, typed=True)
def _money(value: Any, currency: str, locale: str) -> str:
    written = str(value)
    try:
        amount = Decimal(written) if len(written) <= MAX_DIGITS else Decimal("nan")
    except InvalidOperation:
        raise _no_number(value) from None
    if isinstance(value, bool) or not amount.is_finite() or abs(amount.adjusted()) > MAX_DIGITS:
        raise _no_number(value)
    if not currency:
        raise TemplateRuntimeError("money knows no currency; the shop's settings should name one")
    try:
        return written_amount(amount, currency, locale)
    except (ValueError, KeyError, InvalidOperation):
        raise TemplateRuntimeError(f"money cannot write {amount} {currency[:10]!r}") from None
