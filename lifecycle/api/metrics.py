"""Figures for Prometheus, in a registry of our own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from lifecycle.api.door import Health


class Metrics:
    """What the HTTP side counts, and what the engine says of its health when asked."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.events = self._counter("events_accepted", "Events taken in over HTTP")
        self.refused = self._counter("requests_refused", "Requests with events that were refused")
        self.clicks = self._counter("clicks", "Clicks on links in letters, by machines too")
        self.opens = self._counter("opens", "Opens of letters, by machines too")
        self.counted = Counter(
            "lifecycle_counted",
            "Opens and clicks of letters that are counted without knowing whose they are",
            ("what", "campaign", "step", "variant"),
            registry=self.registry,
        )
        self.unsubscribes = self._counter("unsubscribes", "Unsubscribes carried out")
        self.spooled = self._counter("unsubscribes_spooled", "Unsubscribes kept in the spool")
        self.feedback = self._counter("feedback", "Feedback messages taken in over HTTP")
        self._gauges: dict[str, Gauge] = {}

    def text(self, health: Health) -> bytes:
        """All figures, in the format that collectors read."""
        for name, value in {"ready": float(health.ready), **health.figures}.items():
            if name not in self._gauges:
                told = f"lifecycle_{name}"
                self._gauges[name] = Gauge(told, name.replace("_", " "), registry=self.registry)
            self._gauges[name].set(value)
        return generate_latest(self.registry)

    def _counter(self, name: str, told: str) -> Counter:
        return Counter(f"lifecycle_{name}", told, registry=self.registry)
