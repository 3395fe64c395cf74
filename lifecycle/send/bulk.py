"""Sending through SES in bulk: up to 50 letters a call, each with an outcome of its own."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import partial
from threading import Lock, Semaphore
from typing import Any

from lifecycle.core.message import Letter, Outcome, OutcomeKind
from lifecycle.failpoints import reach
from lifecycle.send.bulk_call import Call, Entry, calls_of, entry_of
from lifecycle.send.bulk_errors import may_go_alone, outcomes_of
from lifecycle.send.envelope import LetterRefused
from lifecycle.send.handing import NOT_BEGUN
from lifecycle.send.ses import Ses
from lifecycle.send.ses_client import SEND_MANY
from lifecycle.send.ses_errors import no_client, outcome_of
from lifecycle.send.transport import Gate

THREADS = 8
"""Calls under way at once: an answer takes SES tens of milliseconds, in which others go."""
SHARE_FROM = 2
"""Letters of one shape in a hand-over that are worth a call of their own."""

Told = list[tuple[int, Outcome]]


class BulkSes(Ses):
    """SES by `SendBulkEmail`, with whatever it cannot carry sent alone, as `Ses` does.

    Letters of one shape and sender share a call: our own text goes once, and each letter's values,
    headers and tags with it. Letters without a shape, or alone with theirs, travel whole, some 24 a
    call. A lost answer leaves the entries of its own call uncertain, and no others.
    """

    def __init__(
        self, *told: Any, threads: int = THREADS, share_from: int = SHARE_FROM, **more: Any
    ) -> None:
        super().__init__(*told, **more)
        self._threads = threads
        self._share_from = share_from
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def send_many(self, letters: Sequence[Letter], gate: Gate) -> list[Outcome]:
        """Hand letters over as the gate lets them through; the outcomes are in their order.

        The gate is asked for as many as a call holds, just before the call begins; a call goes with
        as many as it gives. A second letter to one address waits for the first one's answer.
        """
        outcomes: list[Outcome] = [NOT_BEGUN] * len(letters)
        for places in _rounds(letters):
            for place, outcome in self._round(letters, places, gate):
                outcomes[place] = outcome
        return outcomes

    def close(self) -> None:
        """Close the connections and end the threads."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        super().close()

    def _round(self, letters: Sequence[Letter], places: Sequence[int], gate: Gate) -> Told:
        shapes = Counter(_shape(letters[place]) for place in places)
        told: Told = []
        entries, alone = [], []
        for place in places:
            letter = letters[place]
            try:
                entry = entry_of(place, letter, by_shape=shapes[_shape(letter)] >= self._share_from)
            except LetterRefused as refused:
                told.append((place, Outcome(OutcomeKind.REFUSED, detail=refused.reason)))
                continue
            if entry is None:
                alone.append((place, letter))
            else:
                entries.append(entry)
        try:
            self._client.opened()
        except Exception as error:
            outcome = no_client(error)
            left = [*((one.place, one.letter) for one in entries), *alone]
            for _, letter in left[:1]:
                gate.heard(letter.sender, (outcome,))
            return [*told, *((place, outcome) for place, _ in left)]
        calls, large = calls_of(entries, self._configuration_set)
        alone += [(one.place, one.letter) for one in large]
        return told + self._all(calls, alone, gate)

    def _all(self, calls: Sequence[Call], alone: Sequence[tuple[int, Letter]], gate: Gate) -> Told:
        """Make all calls, each in a thread as soon as one is free and the gate lets it begin."""
        free = Semaphore(self._threads)
        under_way: list[Future[Told]] = []
        not_begun: Told = []

        def begin(deed: Callable[[], Told]) -> None:
            future = self._opened_pool().submit(deed)
            future.add_done_callback(lambda _: free.release())
            under_way.append(future)

        waiting = deque(calls)
        try:
            while waiting:
                call = waiting.popleft()
                free.acquire()
                gate.starts([one.letter.attempt_id for one in call.entries])
                now, later = call.cut(gate.begin(len(call.entries)))
                if now.entries:
                    begin(partial(self._call, now, gate))
                    if later.entries:
                        waiting.appendleft(later)
                else:
                    free.release()
                    not_begun += [(one.place, NOT_BEGUN) for one in later.entries]
            for place, letter in alone:
                free.acquire()
                gate.starts((letter.attempt_id,))
                if gate.begin(1):
                    begin(partial(self._alone, place, letter, gate))
                else:
                    free.release()
                    not_begun.append((place, NOT_BEGUN))
        finally:
            wait(under_way)
        return not_begun + [pair for future in under_way for pair in future.result()]

    def _call(self, call: Call, gate: Gate) -> Told:
        reach("bulk_begun")
        try:
            answer = self._client.post(SEND_MANY, call.body())
        except Exception as error:
            whole = outcome_of(error, call.entries[0].letter.sender)
            found = [whole] * len(call.entries)
            alone = whole.kind is OutcomeKind.REFUSED
        else:
            reach("bulk_answered")
            found = outcomes_of(answer, len(call.entries))
            alone = False
        gate.heard(call.entries[0].letter.sender, found)
        told = []
        for entry, outcome in zip(call.entries, found, strict=True):
            again = alone or may_go_alone(outcome)
            told.append((entry.place, self._sent_alone(entry, gate) if again else outcome))
        return told

    def _sent_alone(self, entry: Entry, gate: Gate) -> Outcome:
        """Send a letter that bulk surely refused by itself: what it was refused with may be why."""
        if not gate.begin(1):
            return NOT_BEGUN
        return self._alone(entry.place, entry.letter, gate)[0][1]

    def _alone(self, place: int, letter: Letter, gate: Gate) -> Told:
        outcome = self.send(letter)
        gate.heard(letter.sender, (outcome,))
        return [(place, outcome)]

    def _opened_pool(self) -> ThreadPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="bulk")
            return self._pool


def _shape(letter: Letter) -> int | None:
    return id(letter.pieces.shape) if letter.pieces else None


def _rounds(letters: Sequence[Letter]) -> Iterator[list[int]]:
    """Places of letters such that no two of a round go to one address; earlier letters first."""
    times: Counter[str] = Counter()
    rounds: list[list[int]] = []
    for place, letter in enumerate(letters):
        turn = times[letter.to]
        times[letter.to] += 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(place)
    yield from rounds
