"""What a program hears of its own agent."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Hook = Callable[["AgentEvent"], object]


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """Something that happened to the agent. The documentation of the service lists the types and their members."""

    type: str
    """For instance `agent.draining`, also where this process alone drains, because it was asked to."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What else the service says of it, for instance `left_ms`, the milliseconds until a deadline."""
    n: int | None = None
    """Its number; None for one that the service did not send: made of a state, or of what this process was asked."""
    time: str | None = None
    """When it happened, by the clock of the service."""
    replayed: bool = False
    """True: it is older than the connection that it came on."""


class Events:
    """The hooks of a program. They run one after the other, in the order of the events and of their registration."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: list[tuple[str, Hook]] = []

    def on(self, event_type: str, hook: Hook) -> Callable[[], None]:
        """Call a function with each event of a type; `"*"`: of every type, `"state"`: the state of each connection.

        What it raises is logged, and the next one runs all the same.

        Returns:
            What takes the hook away again.
        """
        entry = (event_type, hook)
        with self._lock:
            self._hooks.append(entry)

        def off() -> None:
            with self._lock:
                if entry in self._hooks:
                    self._hooks.remove(entry)

        return off

    def hooks_of(self, event: AgentEvent) -> list[Hook]:
        """Return the functions to call with an event, in order."""
        with self._lock:
            return [hook for wanted, hook in self._hooks if wanted in (event.type, "*")]

    def after_fork(self) -> None:
        """Begin anew in a child process, where a lock that a thread of the parent held would never be released."""
        self._lock = threading.Lock()
