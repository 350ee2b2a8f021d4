"""Whether a failed request is sent again, and after how long. Pure: the error in, seconds or None out."""

from __future__ import annotations

from collections.abc import Callable

from dome.errors import ApiError, DomeError, UnreachableError

FIRST_BACK_OFF = 0.25
LONGEST_BACK_OFF = 4.0
LONGEST_PAUSE = 30.0
"""Of what goes on for ever beside the calls, the stream and the delivery of events, in seconds."""


def is_transient(error: DomeError) -> bool:
    """Return True where asking again can bring another answer.

    A draining agent takes no new work any more: asking again changes nothing.
    """
    if isinstance(error, ApiError):
        return error.code != "draining" and (error.status == 429 or error.status >= 500)
    return isinstance(error, UnreachableError)


def wait_before_retry(error: DomeError, made: int, allowed: int, jitter: float) -> float | None:
    """Return how long to wait before the next attempt, in seconds; None: give up and report the error."""
    if made >= allowed or not is_transient(error):
        return None
    if isinstance(error, ApiError) and error.retry_after is not None:
        return error.retry_after
    return back_off(made, jitter)


def back_off(made: int, jitter: float, longest: float = LONGEST_BACK_OFF, first: float = FIRST_BACK_OFF) -> float:
    """Return an exponential pause with jitter: between half of it and all of it, in seconds."""
    return min(longest, first * 2.0 ** min(made, 20)) * (0.5 + jitter / 2)


class Failures:
    """How often something that goes on for ever has failed in a row."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self.made = 0
        """How often, since it last worked."""

    def count(self, *, failed: bool) -> None:
        """Count one attempt."""
        self.made = self.made + 1 if failed else 0

    def pause(self) -> float:
        """Return how long to wait before the next attempt, in seconds."""
        return back_off(self.made, self._jitter(), LONGEST_PAUSE)
