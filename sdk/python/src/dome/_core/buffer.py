"""Audit events on their way: bounded, in order, and nothing lost without being counted and reported."""

from __future__ import annotations

import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

from dome._core.wire import json_body
from dome.errors import InvalidRequestError

MOST_EVENTS = 100
"""Of one report."""
MOST_BYTES = 8_192
"""Of one event."""
MOST_BODY_BYTES = 128 * 1024
"""Of one report, unless it is of one event."""

_NEEDS: Mapping[str, tuple[str, ...]] = {
    "sdk.decision": ("decision", "reason"),
    "sdk.error": ("error",),
    "sdk.signal": ("signal",),
}
_CUSTOM = re.compile(r"sdk\.custom(?:\.[a-z_]+)+", re.ASCII)


def checked_event(event: Mapping[str, Any]) -> bytes:
    """Return an event as JSON.

    Raises:
        InvalidRequestError: the service would refuse it. It is said here, to the code that made it.
    """
    kind = event.get("kind")
    needed = _NEEDS.get(kind) if isinstance(kind, str) else None
    if needed is None and not (isinstance(kind, str) and len(kind) <= 64 and _CUSTOM.fullmatch(kind)):
        raise InvalidRequestError(
            "kind must be sdk.decision, sdk.error, sdk.signal, or sdk.custom. and words of a to z and _"
        )
    for member in ("decision", "reason", "error", "signal"):
        if (member in event) != (member in (needed or ())):
            raise InvalidRequestError(f"an event of kind {kind} {'needs' if needed else 'has no'} {member}")
    body = json_body(event)
    if len(body) > MOST_BYTES:
        raise InvalidRequestError(f"the event has {len(body)} bytes of JSON, and may have {MOST_BYTES}")
    return body


class EventBuffer:
    """A queue with a bound. It drops what comes when it is full, and keeps what waits: the oldest is the cause."""

    def __init__(self, capacity: int) -> None:
        self._lock = threading.Lock()
        self._capacity = capacity
        self._waiting: OrderedDict[str, bytes] = OrderedDict()
        self._prefix = uuid.uuid4().hex
        self._made = 0
        self._unreported = 0
        self._telling: str | None = None
        """The event that tells of a loss and waits. There is one at most: an outage does not fill memory with them."""
        self.lost = 0
        """How many events were lost since the process began."""

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, event: Mapping[str, Any], time: str, *, closed: bool = False) -> str | None:
        """Take an event. Returns its id, or None: the buffer is full or closed, and the event is counted as lost.

        Raises:
            InvalidRequestError: the service would refuse it.
        """
        with self._lock:
            event_id = self._new_id()
            body = checked_event({**event, "event_id": event_id, "time": time})
            if closed or len(self._waiting) >= self._capacity:
                self._lose(1)
                return None
            self._waiting[event_id] = body
            return event_id

    def take(self, most: int, time: str) -> dict[str, bytes]:
        """Return the oldest events.

        They stay here until `settle` says that they have arrived: a report that is sent again has the same ids, so
        that the service records none twice.
        """
        with self._lock:
            self._report_loss(time)
            batch: dict[str, bytes] = {}
            size = 0
            for event_id, body in self._waiting.items():
                size += len(body) + 1
                if batch and (len(batch) >= most or size > MOST_BODY_BYTES):
                    break
                batch[event_id] = body
            return batch

    def settle(self, done: Iterable[str], *, unrecorded: Iterable[str] = ()) -> None:
        """Forget events whose fate is final, also those that have no record and are lost."""
        with self._lock:
            for event_id in done:
                self._forget(event_id, lost=False)
            for event_id in unrecorded:
                self._forget(event_id, lost=True)

    def give_up(self) -> int:
        """Forget everything, counted as lost, and return how much that is."""
        with self._lock:
            before = self.lost
            for event_id in list(self._waiting):
                self._forget(event_id, lost=True)
            return self.lost - before

    def _forget(self, event_id: str, *, lost: bool) -> None:
        known = self._waiting.pop(event_id, None) is not None
        if event_id == self._telling:  # the loss of it is not told again, or that would never end
            self._telling = None
        elif lost and known:
            self._lose(1)

    def _lose(self, count: int) -> None:
        self.lost += count
        self._unreported += count

    def _report_loss(self, time: str) -> None:
        if self._unreported == 0 or self._telling is not None:
            return
        self._telling = event_id = self._new_id()
        event = {"event_id": event_id, "kind": "sdk.signal", "time": time, "signal": "events_lost"}
        self._waiting[event_id] = json_body({**event, "data": {"count": self._unreported}})
        self._waiting.move_to_end(event_id, last=False)
        self._unreported = 0

    def _new_id(self) -> str:
        self._made += 1
        return f"{self._prefix}-{self._made}"


def reported(kind: str, data: Mapping[str, Any] | None, members: Mapping[str, Any]) -> dict[str, Any]:
    """Return an event of this kind; what a kind must have is in `data`. Own kinds may leave out `sdk.custom.`."""
    if not kind.startswith("sdk."):
        kind = f"sdk.custom.{kind}"
    data = dict(data or {})
    needed = {name: data.pop(name) for name in _NEEDS.get(kind, ()) if name in data}
    linked = {name: value for name, value in members.items() if value is not None}
    return {"kind": kind, **needed, **linked, **({"data": data} if data else {})}


def report_body(batch: Mapping[str, bytes]) -> bytes:
    """Return the body of a report."""
    return b'{"events":[' + b",".join(batch.values()) + b"]}"


def outcomes(body: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Return what became of each event of a report: its outcome, and why."""
    items = body.get("items")
    return {
        item["event_id"]: (item["outcome"], str(item.get("detail")))
        for item in (items if isinstance(items, list) else [])
        if isinstance(item, dict)
        and isinstance(item.get("event_id"), str)
        and item.get("outcome") in ("recorded", "merged", "conflict", "refused")
    }
