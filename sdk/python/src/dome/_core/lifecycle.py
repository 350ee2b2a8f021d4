"""What is known of the agent's state. It can only deny: whatever it does not deny, the service is asked.

What was heard counts while the stream it came on is open. Afterwards only the service says what is so, and the next
stream begins with the whole state: so neither a stop that was missed nor one that is over can last here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from dome.decision import Decision, denied
from dome.events import AgentEvent

Phase = Literal["unknown", "active", "draining", "suspended", "revoked", "halted"]

_PHASES: Mapping[str, Phase] = {
    "agent.activated": "active",
    "agent.draining": "draining",
    "agent.suspended": "suspended",
    "agent.resumed": "active",
    "agent.revoked": "revoked",
    "workspace.halted": "halted",
    "workspace.resumed": "active",
}
_STOPS: tuple[Phase, ...] = ("suspended", "revoked", "halted")
_TOKENS_DIE = ("agent.suspended", "agent.resumed", "workspace.resumed", "keys.changed")


@dataclass(frozen=True, slots=True)
class Heard:
    """What follows from a message of the stream."""

    events: tuple[AgentEvent, ...] = ()
    """For the hooks, in order."""
    abort_before: float | None = None
    """Abort what began before this moment; None: abort nothing."""
    drop_tokens: bool = False
    """Tokens from before are refused from now on."""
    batch_limit: int | None = None
    """The most events of one report."""


@dataclass(slots=True)
class Lifecycle:
    """The state as far as it is known. Not safe between threads: the core holds its lock around it."""

    phase: Phase = "unknown"
    connected: bool = False
    last_event_id: str | None = None
    deadline: float | None = None
    """When a drain of the agent ends, by the monotonic clock."""
    process_deadline: float | None = None
    """When the drain of this process ends; None: it does not drain."""
    stops: int = 0
    """How often the agent was stopped or told to drain, as far as this process has heard."""
    _connected_at: float = field(default=0.0)

    def denial(self, since: int | None = None) -> Decision | None:
        """Return the denial that needs no question; None: ask the service.

        Args:
            since: `stops` as it was when the service was asked: what was heard after that counts even if the stream has
                ended since.
        """
        if self.process_deadline is not None:
            return denied("draining", "this process is draining: it takes no new work")
        if self.phase == "revoked":
            return denied("stopped", "the agent is revoked: nothing leads out of it")
        if not self.connected and since in (None, self.stops):
            return None
        if self.phase == "draining":
            return denied("draining", "the agent is draining: it takes no new work, and is stopped at a deadline")
        if self.phase == "halted":
            return denied("stopped", "the workspace of the agent is halted")
        if self.phase == "suspended":
            return denied("stopped", "the agent is suspended: an operator must resume it")
        return None

    @property
    def stopping(self) -> bool:
        """True if what runs now is the last that runs."""
        return self.process_deadline is not None or self.phase == "draining" or self.phase in _STOPS

    def ends_at(self) -> float | None:
        """Return when everything that still runs is aborted; None: no drain is under way."""
        ends = [at for at in (self.deadline, self.process_deadline) if at is not None]
        return min(ends) if ends else None

    def lost(self) -> None:
        """Trust nothing that was heard: the stream has ended."""
        self.connected = False

    def hear(self, name: str, event_id: str, data: Mapping[str, Any], now: float) -> Heard:
        """Take a message of the stream. Members and types that are not known are passed over."""
        if name == "state":
            return self._hear_state(event_id, data, now)
        self.last_event_id = event_id or self.last_event_id
        number, time = data.get("n"), data.get("time")
        event = AgentEvent(
            name,
            data,
            number if isinstance(number, int) else None,
            time if isinstance(time, str) else None,
            data.get("replayed") is True,
        )
        phase = _PHASES.get(name)
        stops = phase in _STOPS
        if event.replayed and phase != "revoked":  # older than the state: the state says what is so
            return Heard((event,), abort_before=self._connected_at if stops else None)
        if phase is not None:
            self._enter(phase, data, now)
        return Heard((event,), abort_before=float("inf") if stops else None, drop_tokens=name in _TOKENS_DIE)

    def _hear_state(self, event_id: str, data: Mapping[str, Any], now: float) -> Heard:
        before, asked = self.phase, self.last_event_id is not None
        draining = data.get("draining")
        phase: Phase = "active"
        if data.get("state") != "active":
            phase = "suspended"
        elif isinstance(draining, Mapping):
            phase = "draining"
        self.connected, self._connected_at = True, now
        self._enter(phase, draining if isinstance(draining, Mapping) else {}, now)
        if event_id:
            self.last_event_id = event_id
        events = [AgentEvent("state", data)]
        if (not asked or data.get("missed") is not False) and (missed := _change(before, phase)) is not None:
            events.append(AgentEvent(missed, draining if isinstance(draining, Mapping) else {}))
        limits = data.get("limits")
        limit = limits.get("events_per_report") if isinstance(limits, Mapping) else None
        return Heard(
            tuple(events),
            abort_before=float("inf") if phase == "suspended" else None,
            drop_tokens=before in _STOPS and phase != before,
            batch_limit=limit if isinstance(limit, int) and limit > 0 else None,
        )

    def _enter(self, phase: Phase, drain: Mapping[str, Any], now: float) -> None:
        if self.phase == "revoked":
            return
        self.phase = phase
        if phase == "draining" or phase in _STOPS:
            self.stops += 1
        left = drain.get("left_ms")  # a duration, because the clock here can be wrong by minutes
        self.deadline = None
        if phase == "draining":
            self.deadline = now + (left / 1000 if isinstance(left, (int, float)) and left > 0 else 0.0)


def _change(before: Phase, now: Phase) -> str | None:
    """Return the event that would have told of a change which was missed."""
    if now == before or (before == "unknown" and now != "draining"):
        return None
    if now == "active":
        return "agent.resumed" if before == "suspended" else "agent.activated" if before == "draining" else None
    return f"agent.{now}"
