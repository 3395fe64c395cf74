"""The shop's settings as written in settings.toml."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainValidator,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from lifecycle.core.bounces import Bounces
from lifecycle.core.double_opt_in import DoubleOptIn
from lifecycle.core.frozen import FrozenDict
from lifecycle.core.ledger import Tiers
from lifecycle.core.mailbox import Kind, domain_of
from lifecycle.core.one_line import Name, OneLine
from lifecycle.core.typed import (
    ControlPercent,
    Definition,
    EventNames,
    HourGroups,
    Length,
    Percent,
    Quiet,
    RuleField,
    SomeLength,
    TimeOfDay,
    refused,
)
from lifecycle.core.warm_up import WarmUp
from lifecycle.core.words import Span, WordProblem, length, shown, span, time_of_day, zone_of

MAX_NAMED = 100
"""Senders, and topics, of one shop."""
TOPIC_ARN = (
    r"^arn:(aws|aws-cn|aws-us-gov):sns:[a-z]{2}(-[a-z]+)+-[0-9]{1,2}"
    r":[0-9]{12}:[A-Za-z0-9_-]{1,256}$"
)
"""What names a topic of Amazon SNS."""


def _per(raw: object) -> timedelta | str:
    if raw in ("calendar day", "calendar week"):
        return str(raw)
    try:
        return length(raw, zero=False)
    except WordProblem as found:
        context = {"problem": found.problem, "hint": '"7 days", "calendar day", "calendar week"'}
        raise PydanticCustomError("word", "{problem}", context) from found


def _zone(raw: object) -> object:
    if not isinstance(raw, str) or (zone_of(raw).key != raw):
        context = {"problem": f"{shown(raw)} is not a time zone", "hint": 'write "Europe/Berlin"'}
        raise PydanticCustomError("word", "{problem}", context)
    return raw


Rate = Annotated[float, Field(gt=0, le=100)]
"""In percent of the letters that went."""


class Shop(Definition):
    """Who writes: name, address, zone, language, currency; `seed` feeds the keyed hash."""

    name: Name
    address: str = Field(min_length=1)
    website: str = ""
    timezone: Annotated[str, BeforeValidator(_zone)] = "UTC"
    language: str = "en"
    currency: str = "EUR"
    seed: str = Field(min_length=1)


class Sender(Definition):
    """A mailbox to write from."""

    from_: str = Field(alias="from", pattern=r"^[^\r\n]*@[^\r\n]*$")
    reply_to: str | None = Field(default=None, pattern=r"^[^\r\n]*@[^\r\n]*$")


class Topic(Definition):
    """A kind of mail one can agree to."""

    about: OneLine = ""
    double_opt_in: bool = False
    tracking: Literal["by consent"] | None = None
    """Whether opens and clicks are kept by name only of those who agreed to the topic tracking."""


class Cap(Definition):
    """At most so many letters of a class in so long."""

    class_: Literal["campaign", "triggered", "survey"] = Field(alias="class")
    at_most: Annotated[int, Field(ge=0)]
    per: Annotated[Any, PlainValidator(_per), WithJsonSchema({"type": "string"})]


class Breaker(Definition):
    """When marketing letters wait, since too many of the latest bounced or were complained of.

    The limits, in percent, are those of the mailbox providers: Amazon SES reviews an account from
    5 % of hard bounces on (and may stop it at 10 %); 0.3 % of complaints is what Gmail and Yahoo
    never want to see, and SES stops accounts at 0.5 %. With 100 a limit is never reached.
    """

    bounce_rate: Rate = 5.0
    complaint_rate: Rate = 0.3
    within: SomeLength = timedelta(hours=24)
    at_least: Annotated[int, Field(ge=1)] = 200
    """Letters that must have gone before a rate says anything."""


class SendingPolicy(Definition):
    """The policy over all campaigns."""

    quiet_hours: Quiet = span("21:00-08:00")
    best_hour: TimeOfDay = time_of_day("10:00")
    best_hour_control_percent: ControlPercent = 10.0
    """The share of letters that keep the shop's hour, or the list's best, to measure by."""
    best_hour_groups: HourGroups = Field(default=("acquired", "device"), strict=False)
    """The attributes by whose values people may differ in their hours, besides their zone."""
    minimum_gap: Length = timedelta()
    no_marketing_to: tuple[Kind, ...] = Field(default=("technical", "disposable"), strict=False)
    """Kinds of addresses that marketing keeps away from."""
    disposable_domains: tuple[str, ...] = Field(default=(), strict=False)
    """Domains of disposable addresses besides those that are known."""
    hold_if: RuleField | None = None
    global_holdout_percent: Percent = 0.0
    cap: tuple[Cap, ...] = Field(default=(), strict=False)
    breaker: Breaker = Breaker()


class TransportChoice(Definition):
    """Which way letters go."""

    kind: Literal["outbox", "ses", "smtp"] = "outbox"
    folder: str = "outbox"


class SesSettings(Definition):
    """Amazon SES."""

    region: str = "eu-central-1"
    configuration_set: str | None = None
    feedback_queue: str | None = None
    feedback_topics: tuple[Annotated[str, Field(pattern=TOPIC_ARN)], ...] = Field(
        default=(), strict=False
    )
    accept_signature_version_1: bool = False
    """Whether SNS may sign its deliveries by SHA-1, as a topic does that nobody told better."""
    mode: Literal["single", "bulk"] = "single"
    endpoint: str | None = None
    suppressions_in_step: bool = True
    """Whether the account's suppression list and ours are kept alike, at night."""


class SmtpSettings(Definition):
    """An SMTP server."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1025
    user: str | None = None
    password: str | None = None


_PORT = r"(0|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])"
"""0 to 65535; with 0 the machine chooses."""


class Http(Definition):
    """Where the daemon listens, and what links in letters begin with."""

    listen: str = Field(default="127.0.0.1:8000", pattern=rf"^[^:\s]+:{_PORT}$")
    public_url: str = Field(
        default="http://127.0.0.1:8000", pattern=r"^https?://[^\s/?#]+[^\s?#]*$"
    )


class Secrets(Definition):
    """Secrets are named, never written."""

    key: str | None = None


class Utm(Definition):
    """What links to the shop's own site say of where a reader comes from."""

    source: str = "lifecycle"
    medium: str = "email"
    campaign: str = "{campaign}"
    content: str = "{step}-{variant}"


class Tracking(Definition):
    """Whether opens and clicks are followed, and what links say to web statistics."""

    mode: Literal["off", "aggregate", "individual"] = "individual"
    utm: Utm | None = None


class Attribution(Definition):
    """How long before an order a click, or a letter that went, is credited with it.

    A transactional letter is credited with what was clicked in it, and by touch where that is said.
    """

    click: SomeLength = timedelta(days=5)
    touch: SomeLength = timedelta(days=5)
    transactional: bool = False


class Earn(Definition):
    """One way to earn points: a fixed number, or so many for each unit of the event's total."""

    when: EventNames
    per_amount: Annotated[float, Field(gt=0)] | None = None
    points: Annotated[int, Field(gt=0)] = 1
    pending: Length = timedelta()


class Tier(Definition):
    """A step of loyalty, reached from so many lifetime points on."""

    name: OneLine
    from_: Annotated[int, Field(ge=0)] = Field(alias="from")


class Points(Definition):
    """The points programme."""

    earn: tuple[Earn, ...] = Field(default=(), strict=False)
    expire: Length | None = None
    tiers: tuple[Tier, ...] = Field(default=(), strict=False)
    worth: Annotated[float, Field(ge=0)] = 0.01

    @property
    def ladder(self) -> Tiers:
        """The tiers: from how many lifetime points on, and the name."""
        return tuple((tier.from_, tier.name) for tier in self.tiers)


class ReferralReward(Definition):
    """What one side of a referral gets."""

    kind: Literal["percent_off", "amount_off", "free_shipping", "points"]
    percent: Annotated[float, Field(gt=0, le=100)] | None = None
    amount: Annotated[float, Field(gt=0)] | None = None
    points: Annotated[int, Field(gt=0)] | None = None
    valid_for: Length | None = None
    """How long a code holds that is given for it, where its step says nothing; or its points."""


class Referral(Definition):
    """The referral programme."""

    gives: ReferralReward
    gets: ReferralReward
    qualifies: str = "order_placed"
    hold: Length = timedelta(days=14)
    at_most: Annotated[int, Field(ge=1)] = 20


class Database(Definition):
    """Where the facts are kept."""

    url: str = "sqlite:///shop.db"


class CatalogChoice(Definition):
    """Whether the files go live when the daemon starts."""

    apply_on_start: bool = True


class Retention(Definition):
    """How long is kept what; unsaid: for ever."""

    events: Length | None = None
    messages: Length | None = None


class Settings(Definition):
    """All of settings.toml."""

    shop: Shop
    senders: Annotated[dict[OneLine, Sender], AfterValidator(FrozenDict)] = Field(min_length=1)
    topics: Annotated[dict[OneLine, Topic], AfterValidator(FrozenDict)] = FrozenDict()
    sending: SendingPolicy = SendingPolicy()
    warm_up: WarmUp | None = None
    bounces: Bounces = Bounces()
    double_opt_in: DoubleOptIn = DoubleOptIn()
    transport: TransportChoice = TransportChoice()
    ses: SesSettings = SesSettings()
    smtp: SmtpSettings = SmtpSettings()
    http: Http = Http()
    secrets: Secrets = Secrets()
    tracking: Tracking = Tracking()
    attribution: Attribution = Attribution()
    points: Points = Points()
    referral: Referral | None = None
    database: Database = Database()
    catalog: CatalogChoice = CatalogChoice()
    retention: Retention = Retention()

    @model_validator(mode="after")
    def _sizes(self) -> Settings:
        if max(len(self.senders), len(self.topics)) > MAX_NAMED:
            raise refused(f"more than {MAX_NAMED} senders or topics")
        if any(one.tracking for one in self.topics.values()) and "tracking" not in self.topics:
            hint = 'write under [topics]: tracking = { about = "What I open and click" }'
            raise refused("a topic is followed by consent, and nobody can give it", hint)
        return self

    @model_validator(mode="after")
    def _of_tracking(self) -> Settings:
        if self.tracking.utm is not None and not self.shop.website:
            hint = 'write under [shop]: website = "https://shop.example"'
            raise refused("`utm` names links to the shop's own site, and none is known", hint)
        return self

    @property
    def first_sender(self) -> str:
        """The name of the sender that writes if a campaign says none."""
        return next(iter(self.senders))

    @property
    def warming_domain(self) -> str:
        """The domain that the plan of `[warm_up]` is about."""
        named = self.warm_up.domain if self.warm_up is not None else None
        return (named or domain_of(self.senders[self.first_sender].from_)).lower()

    @property
    def confirmed_topics(self) -> frozenset[str]:
        """The topics to which a yes counts once it is confirmed."""
        return frozenset(name for name, topic in self.topics.items() if topic.double_opt_in)

    def quiet(self, said: bool, span_: Span | None) -> Span | None:
        """A campaign's quiet hours where it says some, else the shop's."""
        return span_ if said else self.sending.quiet_hours
