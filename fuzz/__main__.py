"""`python -m fuzz [TARGET …] [--seconds N]`: guided by coverage where atheris is, else by dice."""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

from fuzz.targets import MOST_BYTES, SEEDS, TARGETS, run

FOUND = Path(".fuzz")
"""Where inputs are kept that made a target fail, and those that reached new code."""


def main() -> int:
    """Fuzz each target for its share of the time; exit 1 when one failed."""
    said = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    said.add_argument("targets", nargs="*", choices=[[], *TARGETS], metavar="TARGET")
    said.add_argument("--seconds", type=float, default=30.0, help="for each target")
    said.add_argument("--seed", type=int, default=1)
    asked = said.parse_args()
    names = asked.targets or list(TARGETS)
    failed = [name for name in names if not _fuzz(name, asked.seconds, asked.seed)]
    print(f"{len(names) - len(failed)} of {len(names)} targets held.")
    return 1 if failed else 0


def _fuzz(name: str, seconds: float, seed: int) -> bool:
    if find_spec("atheris") is None:
        return _by_dice(name, seconds, seed)
    guided = [sys.executable, "-m", "fuzz.guided", name, str(seconds), str(seed)]
    return subprocess.run(guided, check=False).returncode == 0


def _by_dice(name: str, seconds: float, seed: int) -> bool:
    dice = random.Random(f"{name}:{seed}")
    kept = list(SEEDS[name])
    tried = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        data = changed(dice, dice.choice(kept))
        tried += 1
        try:
            run(name, data)
        except Exception as error:
            FOUND.mkdir(exist_ok=True)
            (FOUND / f"{name}-failed").write_bytes(data)
            print(f"{name}: {type(error).__name__}: {error}; the input is {FOUND}/{name}-failed")
            return False
        if dice.random() < 0.02 and len(kept) < 1_000:
            kept.append(data)
    print(f"{name}: {tried} inputs, by dice")
    return True


def changed(dice: random.Random, data: bytes) -> bytes:
    """An input near a sound one: bytes turned, taken out, doubled, or put in."""
    many = bytearray(data)
    for _ in range(dice.randint(1, 6)):
        at = dice.randrange(len(many) + 1)
        match dice.randrange(5):
            case 0:
                many[at : at + 1] = bytes([dice.randrange(256)])
            case 1:
                del many[at : at + dice.randint(1, 20)]
            case 2:
                many[at:at] = many[at : at + dice.randint(1, 40)] * dice.randint(1, 3)
            case 3:
                many[at:at] = dice.choice(ODD)
            case _:
                many[at:at] = dice.randbytes(dice.randint(1, 4))
    return bytes(many[:MOST_BYTES])


ODD = (
    *(b"\x00", b"\xff", b"\r\n", b"\xed\xa0\x80", b"\xe2\x80\xa8", b"{{", b"}}", b"{%", b"%}"),
    *(b"{" * 50, b"[" * 50, b"9" * 40, b"1e999", b"NaN", b"-0", b'"', b"\\", b"'" * 3, b"<!--"),
    *(b"\xef\xbb\xbf", "\u202e".encode(), b"{{ ''.__class__ }}", b"{% for a in range(9) %}"),
)
"""What parsers stumble over."""


if __name__ == "__main__":
    sys.exit(main())
