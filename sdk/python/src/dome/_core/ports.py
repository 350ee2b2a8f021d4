"""Time and chance, which are arguments, so that tests own them."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timezone


def _utc_now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class Ports:
    """What the rules take from outside."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds since an unknown moment. Nothing here depends on the clock on the wall, which may be wrong."""
    jitter: Callable[[], float] = random.random
    """0 ≤ jitter < 1: spreads what clients would do together. No secret is made of it."""
    wait: Callable[[threading.Event, float], bool] = threading.Event.wait
    """Waits until an event is set, so many seconds at most. Pauses between attempts are waits that can be ended."""
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    """The same pause where nothing may block."""
    timestamp: Callable[[], str] = _utc_now
    """The clock on the wall, RFC 3339: says when an audit event happened, and decides nothing."""


class Deadline:
    """When an operation must be over, by the monotonic clock."""

    __slots__ = ("_at", "_now")

    def __init__(self, ports: Ports, seconds: float) -> None:
        self._now = ports.monotonic
        self._at = ports.monotonic() + seconds

    def remaining(self) -> float:
        """Return the seconds that are left, never less than none."""
        return max(0.0, self._at - self._now())
