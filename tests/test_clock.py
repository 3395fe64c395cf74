"""The clock: the one edge at which wall time enters."""

from datetime import UTC, datetime, timedelta

from freezegun import freeze_time

from lifecycle.clock import Clock, SystemClock


def test_the_clock_tells_the_wall_time_aware_and_in_utc() -> None:
    with freeze_time("2026-03-29T01:30:00.123456+01:00"):
        now = SystemClock().now()
    assert now == datetime(2026, 3, 29, 0, 30, 0, 123456, tzinfo=UTC)
    assert now.utcoffset() == timedelta(0)


def test_the_clock_goes_on_when_the_wall_time_does() -> None:
    clock: Clock = SystemClock()
    with freeze_time("2026-12-31T23:59:59Z") as wall:
        before = clock.now()
        wall.tick(timedelta(seconds=1))
        assert clock.now() - before == timedelta(seconds=1)
        assert clock.now().year == 2027
