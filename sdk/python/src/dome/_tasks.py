"""What asyncio lacks, or has only since a later Python than 3.10."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Coroutine, Generator
from typing import Any, NoReturn, TypeVar

from dome.decision import Decision

T = TypeVar("T")


class Asking(Coroutine[Any, Any, Decision]):
    """A check that is to be awaited. It has no truth value, so that a forgotten `await` opens nothing."""

    def __init__(self, inner: Coroutine[Any, Any, Decision]) -> None:
        self._inner = inner

    def __bool__(self) -> NoReturn:
        raise TypeError("a check of an AsyncDomeClient must be awaited: it is no decision yet")

    def __await__(self) -> Generator[Any, Any, Decision]:
        return self._inner.__await__()

    def send(self, value: object) -> Any:
        """Go on, as a coroutine does."""
        return self._inner.send(value)

    def throw(self, *fault: Any) -> Any:
        """Go on with an exception, as a coroutine does."""
        return self._inner.throw(*fault)

    def close(self) -> None:
        """End, as a coroutine does."""
        self._inner.close()


async def within(wanted: Coroutine[Any, Any, T], seconds: float | None) -> T | None:
    """Return what something brings; None: not in time, and it is cancelled.

    Unlike `asyncio.wait_for` before 3.12 it never swallows a cancellation.
    """
    task = asyncio.ensure_future(wanted)
    try:
        await asyncio.wait({task}, timeout=seconds)
        return task.result() if task.done() else None
    finally:
        task.cancel()


async def awaited(result: object) -> None:
    """Wait for what a callback has returned, if it is to be waited for."""
    if inspect.isawaitable(result):
        await result


def cancelling(task: asyncio.Task[Any] | None) -> int:
    """Return how many cancellations of a task are under way; before Python 3.11 they are not counted."""
    count = getattr(task, "cancelling", None)
    return count() if count is not None else 0


def uncancel(task: asyncio.Task[Any] | None) -> int:
    """Take one cancellation back, and return how many are left."""
    take_back = getattr(task, "uncancel", None)
    return take_back() if take_back is not None else 0
