"""What runs now: calls that were allowed and have not ended."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import ContextVar

from dome.decision import Decision


class Call:
    """A call that was allowed and has begun."""

    __slots__ = ("_on_abort", "_stopped", "began", "decision")

    def __init__(self, decision: Decision, began: float, on_abort: Callable[[], object] | None = None) -> None:
        self.decision = decision
        """What allowed it."""
        self.began = began
        """When, by the monotonic clock."""
        self._stopped = threading.Event()
        self._on_abort = on_abort

    @property
    def cancelled(self) -> threading.Event:
        """Is set when the agent is stopped, or the drain's deadline passes: end what you do as soon as you can."""
        return self._stopped

    def abort(self) -> None:
        """Tell the call to end."""
        if not self._stopped.is_set():
            self._stopped.set()
            if self._on_abort is not None:
                self._on_abort()


_current: ContextVar[Call | None] = ContextVar("dome_current_call", default=None)


def current_call() -> Call | None:
    """Return the guarded call, or the call of `on_allow`, in which this code runs; None: it runs in none."""
    return _current.get()


set_current = _current.set
reset_current = _current.reset


class Work:
    """The calls that run. Not safe between threads: the core holds its lock around it."""

    def __init__(self) -> None:
        self._running: dict[int, Call] = {}

    @property
    def idle(self) -> bool:
        """True if nothing runs."""
        return not self._running

    def begin(self, call: Call) -> None:
        """Count a call."""
        self._running[id(call)] = call

    def end(self, call: Call) -> None:
        """Count it no more. A call that was aborted is not counted any more already."""
        self._running.pop(id(call), None)

    def take(self, before: float) -> list[Call]:
        """Return the calls that began before a moment, and count them no more: the caller aborts them."""
        taken = [call for call in self._running.values() if call.began < before]
        for call in taken:
            self.end(call)
        return taken
