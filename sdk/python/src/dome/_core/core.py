"""What a client knows: its tokens, the state of its agent, what runs, and which audit events wait."""

from __future__ import annotations

import itertools
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, cast

from dome._core.buffer import MOST_EVENTS, EventBuffer, reported
from dome._core.endpoint import checked_url
from dome._core.lifecycle import Lifecycle
from dome._core.ports import Deadline, Ports
from dome._core.retry import LONGEST_PAUSE, back_off
from dome._core.scope import Scope, current
from dome._core.secret import Secret
from dome._core.tokens import TokenSlot, exchange_wish, own_wish
from dome._core.wire import check_body
from dome._core.work import Call, Work
from dome.config import DomeConfig
from dome.decision import CheckRequest, Decision, Reason, denied
from dome.errors import DomeError, InvalidRequestError
from dome.events import AgentEvent, Events

log = logging.getLogger("dome")
PATIENCE = 5.0
"""How long `start()` and `close()` take at most, in seconds."""
_FIRST_STREAM_PAUSE = 1.0
QUIET = 60.0
"""For how long the same denial of the same subject is only counted, in seconds."""
MOST_TOLD = 100
"""The most subjects of denials that are told apart."""
_MOST_SLOTS = 256
_LONGEST_WATCH = 3600.0
"""What waits so long looks again, in seconds: a timer has a bound."""
_numbers = itertools.count(1)
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is sent, and what had been heard when it was asked."""

    question: CheckRequest
    body: bytes | InvalidRequestError
    stops: int
    """`Lifecycle.stops` at that time: a later stop overtakes the allow."""


class Core:
    """The state of one client. `lock` is held around every change, and never during I/O."""

    def __init__(self, config: DomeConfig, ports: Ports) -> None:
        self.config = config
        self.ports = ports
        self.number = next(_numbers)
        self.base_url = str(config.base_url)
        self.attempt_timeout = config.timeout / 2
        """Of one attempt, in seconds: an attempt that hangs leaves time for another."""
        self.phase: Literal["new", "open", "closed"] = "new"
        self.listening = False
        self.events = Events()
        self.on_change: Callable[[], None] = lambda: None
        """Called when what `drained()` waits for may have come about."""
        self.on_emit: Callable[[], None] = lambda: None
        """Called when an audit event waits to be delivered."""
        self.buffer = EventBuffer(config.event_buffer)
        self.reset()

    def reset(self) -> None:
        """Forget what belongs to this process alone: begin anew, for instance in a child process."""
        self.lock = threading.RLock()
        self.own = TokenSlot(own_wish())
        self.for_others: OrderedDict[Scope, TokenSlot] = OrderedDict()
        self.lifecycle = Lifecycle()
        self.work = Work()
        self.batch_limit = MOST_EVENTS
        self.pending_hooks = 0
        self._told: dict[tuple[object, ...], list[float]] = {}

    def after_fork(self) -> None:
        """Begin anew in a child process: what waits to be delivered is the parent's to deliver."""
        self.buffer = EventBuffer(self.config.event_buffer)
        self.reset()

    def open(self) -> str:
        """Return the URL of the service, to which requests may be sent from now on.

        Raises:
            ConfigurationError: it is no URL to which a key may go.
        """
        self.base_url = checked_url(self.config.base_url, insecure_http=self.config.insecure_http)
        with self.lock:
            if self.phase == "new":
                self.phase = "open"
        return self.base_url

    def close(self) -> bool | None:
        """Take nothing any more. Returns True if there is something to deliver; None: it was closed already."""
        with self.lock:
            if self.phase == "closed":
                return None
            opened, self.phase = self.phase == "open", "closed"
        self.abort_all()
        return opened and len(self.buffer) > 0

    def give_up(self) -> None:
        """Count what was not delivered as lost."""
        left = self.buffer.give_up()
        if left:
            log.warning("closed with %d audit events that were not delivered", left)

    def read_key(self) -> Secret | DomeError:
        """Return the key, or why there is none: the function that reads it is the program's, and may fail."""
        try:
            return self.config.read_key()
        except DomeError as error:
            return error
        except Exception as fault:
            return DomeError("key_unavailable", f"the key could not be read ({type(fault).__name__})")

    def deadline(self, most: float = float("inf")) -> Deadline:
        """Return when an operation that begins now must be over."""
        return Deadline(self.ports, min(most, self.config.timeout))

    def scope(self) -> Scope | None:
        """Return for whom this code acts."""
        return current(self.number)

    def slot(self, scope: Scope | None) -> TokenSlot:
        """Return where the token of a wish is kept."""
        if scope is None:
            return self.own
        with self.lock:
            slot = self.for_others.pop(scope, None) or TokenSlot(exchange_wish(scope.subject, scope.kind))
            self.for_others[scope] = slot
            if len(self.for_others) > _MOST_SLOTS:
                self.for_others.popitem(last=False)
            return slot

    def asked(self, question: CheckRequest) -> Asked:
        """Return a question as it is asked now."""
        return Asked(question, check_body(question), self.lifecycle.stops)

    def claim(self, slot: TokenSlot, make: Callable[[], F]) -> tuple[Secret | None, F | None, bool]:
        """Return the token that can be used now, the request for one that is under way, and whether to send that now.

        There is a token or a request. Only one caller is told to send it: it stands in `slot.flight` until it is over.
        """
        with self.lock:
            now = self.ports.monotonic()
            held, flight = slot.usable(now), cast("F | None", slot.flight)
            if flight is not None or (held is not None and not slot.due(now)):
                return held, flight, False
            slot.flight = flight = make()
            return held, flight, True

    def denial(self, since: int | None = None) -> Decision | None:
        """Return the denial that needs no question; None: ask the service. `since` is that of `Lifecycle.denial`."""
        if self.phase == "closed":
            return denied("closed", "the client was closed")
        with self.lock:
            return self.lifecycle.denial(since)

    def settle(self, decision: Decision, asked: Asked) -> Decision:
        """Return the decision as it may be released: an allow that a stop has overtaken is none."""
        late = self.denial(asked.stops) if decision.allowed else None
        return decision if late is None else _overruled(decision, late)

    def begin(self, asked: Asked, decision: Decision, on_abort: Callable[[], object] | None = None) -> Call | Decision:
        """Count a call that was allowed as running. Returns it, or the denial.

        It is none if a stop has overtaken it, or if the program has changed the arguments that were allowed.
        """
        if decision.allowed and check_body(asked.question) != asked.body:
            return _overruled(decision, denied("invalid_request", "the arguments have changed since they were allowed"))
        with self.lock:
            settled = self.settle(decision, asked)
            if settled.allowed:
                call = Call(decision, self.ports.monotonic(), on_abort)
                self.work.begin(call)
                return call
        if decision.allowed:
            self.report_denial(asked.question, settled)
        return settled

    def end(self, call: Call) -> None:
        """Count a call no more."""
        with self.lock:
            self.work.end(call)
        self.on_change()

    def jobs(self) -> set[str]:
        """Return the names of what must go on beside the calls now."""
        if self.phase == "closed":
            return set()
        needed = {"dome-audit"} if self.phase == "open" else set()
        if self.listening or self.lifecycle.process_deadline is not None:
            needed |= {"dome-hooks", "dome-drain"}
        return needed | {"dome-events"} if self.listening and self.config.listen else needed

    def hear(self, name: str, event_id: str, text: str) -> tuple[AgentEvent, ...]:
        """Take a message of the stream: at once what follows from it. Returns the events for the hooks."""
        try:
            data = json.loads(text)
        except (ValueError, RecursionError):
            return ()
        if not isinstance(data, dict):
            return ()
        with self.lock:
            heard = self.lifecycle.hear(name, event_id, data, self.ports.monotonic())
            if heard.drop_tokens:
                self.own = TokenSlot(own_wish())  # what is on its way reaches the old slot, and is not kept
                self.for_others.clear()
            if heard.batch_limit is not None:
                self.batch_limit = min(MOST_EVENTS, heard.batch_limit)
            self.pending_hooks += len(heard.events)
            aborted = self.work.take(heard.abort_before) if heard.abort_before is not None else []
        self._abort(aborted)
        return heard.events

    def hook_ran(self) -> None:
        """Count an event whose hooks have run."""
        with self.lock:
            self.pending_hooks -= 1
        self.on_change()

    def stream_ended(self) -> None:
        """Trust nothing that the stream said."""
        with self.lock:
            self.lifecycle.lost()

    def stream_pause(self, made: int) -> float | None:
        """Return how long to wait before the stream is opened again, in seconds; None: never again."""
        phase = self.lifecycle.phase
        if phase == "revoked":
            return None
        if phase == "halted":
            return LONGEST_PAUSE
        return back_off(made, self.ports.jitter(), LONGEST_PAUSE, _FIRST_STREAM_PAUSE)

    def drain(self, within: float) -> tuple[AgentEvent, ...]:
        """Take no new work in this process any more. Returns the events for the hooks."""
        with self.lock:
            if self.lifecycle.process_deadline is not None or self.phase == "closed":
                return ()
            self.lifecycle.process_deadline = self.ports.monotonic() + within
            self.pending_hooks += 1
        self.on_change()
        return (AgentEvent("agent.draining", {"left_ms": int(within * 1000), "then": None}),)

    def abort_overdue(self) -> float | None:
        """Abort what runs beyond the end of a drain. Returns the seconds until then; None: it is over, or no drain."""
        with self.lock:
            ends_at = self.lifecycle.ends_at()
            left = None if ends_at is None else ends_at - self.ports.monotonic()
            overdue = self.work.take(float("inf")) if left is not None and left <= 0 else []
        self._abort(overdue)
        return None if left is None or left <= 0 else min(left, _LONGEST_WATCH)

    def abort_all(self) -> None:
        """Abort everything that runs."""
        with self.lock:
            calls = self.work.take(float("inf"))
        self._abort(calls)

    def _abort(self, calls: list[Call]) -> None:
        for call in calls:
            call.abort()
        self.on_change()

    def is_drained(self) -> bool:
        """Return True when no new work is taken, the hooks have run, and nothing runs."""
        with self.lock:
            if self.phase == "closed":
                return True
            return self.lifecycle.stopping and self.work.idle and self.pending_hooks == 0

    def emit(self, kind: str, data: Mapping[str, Any] | None, members: Mapping[str, Any]) -> str | None:
        """Put an audit event into the buffer. Returns its id; None: the buffer is full."""
        event = reported(kind, data, members)
        event_id = self.buffer.add(event, self.ports.timestamp(), closed=self.phase == "closed")
        if event_id is None and self.phase != "closed":
            log.warning("the buffer of audit events is full: %d events are lost so far", self.buffer.lost)
        self.on_emit()
        return event_id

    def report_denial(self, question: CheckRequest, decision: Decision) -> None:
        """Report a denial by this process, because the service has not seen it: once a minute, the rest as a count."""
        if not decision.local or decision.reason in ("closed", "invalid_request"):
            return
        now = self.ports.monotonic()
        key = (str(decision.reason), question.tool, question.model, question.integration, question.resource)
        with self.lock:
            told = self._told.get(key)
            if told is not None and now - told[0] < QUIET:
                told[1] += 1
                return
            if told is None and len(self._told) >= MOST_TOLD:
                self._told.clear()
            self._told[key] = [now, 0]
        data: dict[str, Any] = {"decision": "deny", "reason": str(decision.reason)}
        if told is not None:
            data["repeats"] = int(told[1])
        members = {"tool": question.tool, "model": question.model, "integration": question.integration}
        try:
            self.emit("sdk.decision", data, {**members, "detail": decision.detail[:500]})
        except DomeError as fault:
            log.warning("a denial was not reported: %s", fault)


def _overruled(allow: Decision, late: Decision) -> Decision:
    """Return a denial by this process, with what the service has recorded its allow as."""
    return replace(
        late,
        reason=Reason(str(late.reason), late.detail, None, allow.decision_id),
        decision_id=allow.decision_id,
        request_id=allow.request_id,
        txn=allow.txn,
    )
