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
from lifecycle.send.handing import LOOK_SECONDS, NOT_BEGUN, Later, Patience, Told
from lifecycle.send.ses import Ses
from lifecycle.send.ses_client import SEND_MANY
from lifecycle.send.ses_errors import no_client, outcome_of
from lifecycle.send.transport import Gate

THREADS = 8
"""Calls under way at once: an answer takes SES tens of milliseconds, in which others go."""
SHARE_FROM = 2
"""Letters of one shape in a hand-over that are worth a call of their own."""


Answers = list[tuple[int, Outcome | Later]]


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
        self._free = Semaphore(threads)
        """How many threads wait for no answer."""
        self._share_from = share_from
        self._pool: ThreadPoolExecutor | None = None
        self._lock = Lock()

    def send_many(self, letters: Sequence[Letter], gate: Gate) -> list[Outcome]:
        """Hand letters over as the gate lets them through; the outcomes are in their order.

        The gate is asked for as many as a call holds, just before the call begins; a call goes with
        as many as it gives. A second letter to one address waits for the first one's answer.
        """
        found = self.send_patiently(letters, gate, Patience())
        return [one.outcome() if isinstance(one, Later) else one for one in found]

    def send_patiently(
        self, letters: Sequence[Letter], gate: Gate, patience: Patience
    ) -> list[Outcome | Later]:
        """As `send_many`, and what is not answered once patience is over is told later."""
        found: list[Outcome | Later] = [NOT_BEGUN] * len(letters)
        for places in _rounds(letters):
            for place, outcome in self._round(letters, places, gate, patience):
                found[place] = outcome
            if any(isinstance(found[place], Later) for place in places):
                break  # Second letters wait for the answers of the first.
        return found

    def close(self) -> None:
        """Close the connections and end the threads."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown()
        super().close()

    def _round(
        self, letters: Sequence[Letter], places: Sequence[int], gate: Gate, patience: Patience
    ) -> Answers:
        shapes = Counter(_shape(letters[place]) for place in places)
        told: Answers = []
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
        return told + self._all(calls, alone, gate, patience)

    def _all(
        self,
        calls: Sequence[Call],
        alone: Sequence[tuple[int, Letter]],
        gate: Gate,
        patience: Patience,
    ) -> Answers:
        """Make all calls, each in a thread as soon as one is free and the gate lets it begin."""
        under_way: list[tuple[Future[Told], list[int]]] = []
        not_begun: list[int] = []

        def begin(deed: Callable[[], Told], places: list[int]) -> None:
            future = self._opened_pool().submit(deed)
            future.add_done_callback(self._freed)
            future.add_done_callback(patience.went_on)
            patience.went_on()
            under_way.append((future, places))

        waiting = deque(calls)
        try:
            while waiting:
                call = waiting.popleft()
                now, later = call.cut(self._let_in(call.attempt_ids, gate, patience))
                if not now.entries:
                    not_begun += later.places
                    continue
                begin(partial(self._call, now, gate), now.places)
                if later.entries:
                    waiting.appendleft(later)
            for place, letter in alone:
                if self._let_in([letter.attempt_id], gate, patience):
                    begin(partial(self._alone, place, letter, gate), [place])
                else:
                    not_begun.append(place)
        except BaseException:
            wait([future for future, _ in under_way])
            raise
        patience.wait([future for future, _ in under_way])
        found: Answers = [(place, NOT_BEGUN) for place in not_begun]
        for future, places in under_way:
            if future.done():
                found += future.result()
            else:
                found += [(place, Later(future, place)) for place in places]
        return found

    def _let_in(self, attempt_ids: Sequence[str], gate: Gate, patience: Patience) -> int:
        """How many of these letters may begin now, in a thread that is kept for them."""
        while not self._free.acquire(timeout=LOOK_SECONDS):
            if patience.over:
                return 0
        given = 0
        try:
            gate.starts(attempt_ids)
            given = gate.begin(len(attempt_ids))
        finally:
            if not given:
                self._free.release()
        return given

    def _freed(self, _: object) -> None:
        self._free.release()

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
