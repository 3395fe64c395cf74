"""Keeps what freed memory glibc holds back small: by itself it does so for each thread apart."""

from __future__ import annotations

import ctypes

M_ARENA_MAX = -8
"""The number of the option in glibc's malloc.h."""
ARENAS = 2
"""Python lets one thread at a time work: they seldom wait for each other."""


def few_arenas() -> None:
    """Have threads share their memory; to be called before there are any. Else than glibc: no."""
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        option(M_ARENA_MAX, ARENAS)
