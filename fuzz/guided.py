"""One target under atheris, guided by coverage, in a process of its own: it ends with the process.

`python -m fuzz.guided TARGET SECONDS SEED`, from `python -m fuzz` where atheris is installed.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["lifecycle"]):
    from fuzz.targets import MOST_BYTES, SEEDS, run


def main(name: str, seconds: str, seed: str) -> None:
    """Fuzz one target; does not come back."""
    found = Path(".fuzz")
    corpus = found / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, one in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(one)
    options = [f"-max_total_time={int(float(seconds))}", f"-seed={seed}", f"-max_len={MOST_BYTES}"]
    kept = [f"-artifact_prefix={found}/{name}-", "-timeout=20", "-rss_limit_mb=2048", str(corpus)]
    atheris.Setup([name, *options, *kept], lambda data: run(name, data))
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
