"""What a program hears of its own agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class AgentEvent:
    """Something that happened to the agent. The documentation of the service lists the types and their members."""

    type: str
    """For instance `agent.draining`. `process.draining` is this process's own: it was asked to drain."""
    data: Mapping[str, Any] = field(default_factory=dict)
    """What else the service says of it, for instance `left_ms`, the milliseconds until a deadline."""
    n: int | None = None
    """Its number; None for an event that was made from the state at the beginning of a connection."""
    time: str | None = None
    """When it happened, by the clock of the service."""
    replayed: bool = False
    """True: it is older than the connection that it came on."""
