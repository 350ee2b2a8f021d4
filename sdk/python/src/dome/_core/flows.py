"""What is asked of the service, in which order, and what its answers mean: once, for both clients.

A flow is a generator. It yields what it needs (a request sent, a pause, a token), is resumed with what came of it, and
returns a value. The client that runs it does the I/O: blocking or not is no matter of rules.
"""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from dome._core.buffer import outcomes, report_body
from dome._core.core import PATIENCE, Asked, Core, log
from dome._core.ports import Deadline
from dome._core.retry import wait_before_retry
from dome._core.scope import Scope
from dome._core.secret import Secret
from dome._core.tokens import Token, TokenSlot, read_token
from dome._core.wire import Answer, Outcome, Request, error_of, form, read_object, unreadable
from dome.decision import Change, Decision, LocalReason, Reason, denied
from dome.errors import (
    ApiError,
    ConfigurationError,
    DomeError,
    InvalidRequestError,
    UnreachableError,
    UnreadableAnswerError,
)


@dataclass(frozen=True, slots=True)
class Send:
    """Send a request and bring its outcome, within a time in seconds."""

    request: Request
    within: float


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait, in seconds; and say whether the client was closed meanwhile, so that nothing is sent any more."""

    seconds: float


@dataclass(frozen=True, slots=True)
class NeedToken:
    """Bring a call token that can be used now, or the error why there is none. Only one is asked for at a time."""

    slot: TokenSlot
    deadline: Deadline


T = TypeVar("T")
Effect = Send | Pause | NeedToken
Flow = Generator[Effect, Any, T]


def run(flow: Flow[T], perform: Callable[[Effect], object]) -> T:
    """Run a flow to its end; `perform` does what it needs, and brings what came of it."""
    result: object = None
    while True:
        try:
            effect = flow.send(result)
        except StopIteration as end:
            return cast(T, end.value)
        result = perform(effect)


async def run_asynchronously(flow: Flow[T], perform: Callable[[Effect], Awaitable[object]]) -> T:
    """Run a flow to its end, where nothing may block."""
    result: object = None
    while True:
        try:
            effect = flow.send(result)
        except StopIteration as end:
            return cast(T, end.value)
        result = await perform(effect)


def start(core: Core) -> Flow[None]:
    """Bring the first token.

    Raises:
        ConfigurationError: the key or the URL is wrong. What can pass is logged, and every check is denied until then.
    """
    first = cast("Secret | DomeError", (yield NeedToken(core.own, core.deadline(PATIENCE))))
    if isinstance(first, DomeError):
        fatal = _fatal(first)
        if fatal is not None:
            raise fatal
        log.warning("started without a token: %s", first)
    core.listening = True


def exchange(core: Core, request: Request, deadline: Deadline) -> Flow[Answer | DomeError]:
    """Send a request, and again where that can help.

    It is safe for all requests here: a repeat only asks again, and events are merged by their ids.
    """
    made = 0
    while True:
        within = min(core.attempt_timeout, deadline.remaining())
        outcome = cast(Outcome, (yield Send(request, within)))
        error = error_of(outcome, core.base_url)
        if error is None:
            return cast(Answer, outcome)
        wait = wait_before_retry(error, made, core.config.retries, core.ports.jitter())
        if wait is None or wait >= deadline.remaining():
            return error
        made += 1
        if (yield Pause(wait)):
            return error


def issue(core: Core, slot: TokenSlot, deadline: Deadline) -> Flow[Token | DomeError]:
    """Exchange the key for a call token, and keep it."""
    key = core.read_key()
    if isinstance(key, DomeError):
        return key
    asked_at = core.ports.monotonic()
    answer = yield from exchange(core, form("/api/v1/auth/token", key, slot.wish), deadline)
    token = answer if isinstance(answer, DomeError) else read_token(answer, asked_at, core.ports)
    with core.lock:
        if isinstance(token, Token):
            slot.keep(token)
        else:
            slot.pause(core.ports.monotonic())
    return token


def token(core: Core, scope: Scope | None, deadline: Deadline) -> Flow[Secret | DomeError]:
    """Bring a call token that can be used now."""
    return cast("Secret | DomeError", (yield NeedToken(core.slot(scope), deadline)))


def check(core: Core, asked: Asked, scope: Scope | None, deadline: Deadline) -> Flow[Decision | DomeError]:
    """Ask whether an act may begin. An allow is the service's own, for this question, from this very answer."""
    refused_here = core.denial()
    if refused_here is not None:
        return refused_here
    if isinstance(asked.body, DomeError):
        return asked.body
    slot = core.slot(scope)
    answer: Answer | DomeError
    for last_try in (False, True):
        held = cast("Secret | DomeError", (yield NeedToken(slot, deadline)))
        if isinstance(held, DomeError):
            return held
        request = Request("/api/v1/check", held, "application/json", asked.body)
        answer = yield from exchange(core, request, deadline)
        if last_try or not (isinstance(answer, ApiError) and answer.status == 401):
            break
        with core.lock:  # a token from before a stop stays dead; the key may be alive
            slot.drop(held)
    if isinstance(answer, DomeError):
        return answer
    return read_decision(answer)


def deliver(core: Core, deadline: Deadline) -> Flow[DomeError | None]:
    """Deliver the audit events that wait, in order. Returns why some still do; None: none does.

    The key authenticates, not a token: it is what the service takes from an agent that was suspended meanwhile.
    """
    buffer, limit = core.buffer, core.batch_limit
    while batch := buffer.take(limit, core.ports.timestamp()):
        key = core.read_key()
        if isinstance(key, DomeError):
            return key
        request = Request("/api/v1/audit/events", key, "application/json", report_body(batch))
        answer = yield from exchange(core, request, deadline)
        if isinstance(answer, ApiError) and answer.status in (400, 413, 422):
            if len(batch) > 1:  # too many, too large, or one of them cannot be read: find out which
                limit = len(batch) // 2
                continue
            log.warning("an audit event was refused: %s", answer)
            buffer.settle((), unrecorded=batch)
        elif isinstance(answer, DomeError):
            return answer
        else:
            results = outcomes(read_object(answer) or {})
            done = [event_id for event_id in batch if event_id in results]
            if not done:
                return unreadable(answer, "it does not say what became of the events")
            bad = {each: results[each] for each in done if results[each][0] in ("refused", "conflict")}
            for event_id, (outcome, why) in bad.items():
                log.warning("the audit event %s has no record: %s (%s)", event_id, outcome, why)
            buffer.settle([event_id for event_id in done if event_id not in bad], unrecorded=bad)
            limit = min(core.batch_limit, max(limit, 2 * len(batch)))
        if deadline.remaining() <= 0:
            return UnreachableError("timed_out", "not all audit events were delivered in time")
    return None


def deliver_last(core: Core, send: Callable[[Send], Outcome], deadline: Deadline) -> DomeError | None:
    """Deliver what waits when the client is closed already: nothing cuts the pauses of this delivery short."""
    never = threading.Event()

    def perform(effect: Effect) -> object:
        if isinstance(effect, Send):
            return send(effect)
        return core.ports.wait(never, effect.seconds) if isinstance(effect, Pause) else None

    return run(deliver(core, deadline), perform)


def conclude(core: Core, asked: Asked, outcome: Decision | DomeError, raise_on_error: bool | None) -> Decision:
    """Return what a check has come to: what prevented an answer is a denial, and what this process denies is reported.

    Raises:
        DomeError: only with `raise_on_error`: what prevented an answer.
    """
    decision = core.settle(outcome, asked) if isinstance(outcome, Decision) else denial_of(outcome)
    core.report_denial(asked.question, decision)
    wanted = core.config.raise_on_error if raise_on_error is None else raise_on_error
    if wanted and isinstance(outcome, DomeError) and decision.reason not in ("draining", "stopped"):
        raise outcome
    return decision


def fault(fault: Exception) -> DomeError:
    """Return the error that an exception is: a fault of this package opens nothing, and ends nothing else."""
    if isinstance(fault, DomeError):
        return fault
    log.error("a fault of this package", exc_info=fault)
    return DomeError("internal", f"a fault of this package ({type(fault).__name__})")


def refused(core: Core) -> DomeError | None:
    """Return why this client may have no token; None: the service is asked."""
    denial = core.denial()
    return None if denial is None else DomeError(str(denial.reason), denial.detail)


def read_decision(answer: Answer) -> Decision | DomeError:
    """Return the decision of an answer. What is not exactly one is none (P1)."""
    body = read_object(answer)
    if body is None:
        return unreadable(answer, "it is no JSON object")
    verdict = body.get("decision")
    texts = {name: body.get(name) for name in ("decision_id", "reason", "detail", "layer", "bundle_version", "txn")}
    wrong = next((name for name, value in texts.items() if not isinstance(value, str) or not value), None)
    if verdict not in ("allow", "deny") or (wrong is not None and wrong != "detail"):
        return unreadable(answer, f"{wrong or 'decision'} is not what a decision has")
    policies = body.get("policies")
    return Decision(
        verdict,
        Reason(str(body["reason"]), str(body.get("detail", "")), _change(body.get("change")), body["decision_id"]),
        decision_id=body["decision_id"],
        layer=body["layer"],
        policies=tuple(str(each) for each in policies) if isinstance(policies, list) else (),
        bundle_version=body["bundle_version"],
        txn=body["txn"],
        request_id=body.get("request_id") if isinstance(body.get("request_id"), str) else answer.request_id,
    )


def _change(value: object) -> Change | None:
    if not isinstance(value, Mapping) or not isinstance(value.get("detail"), str):
        return None
    command, role = value.get("command"), value.get("role")
    return Change(
        value["detail"],
        command if isinstance(command, str) else None,
        role if isinstance(role, str) else None,
    )


def _fatal(error: DomeError) -> ConfigurationError | None:
    """Return what `start()` raises: the key is refused for good, or this is no URL of a service. None: go on."""
    if isinstance(error, ConfigurationError):
        return error
    if isinstance(error, ApiError) and error.status == 401:
        return ConfigurationError("credential_refused", f"the service refuses the key: {error.message}")
    if isinstance(error, UnreadableAnswerError) and error.status < 500:
        return ConfigurationError("invalid_url", error.message)
    return None


_OF_OTHERS = ("subject_", "actor_", "chain_", "actas_")
"""How the codes begin that speak of the tokens of others, and of the right to act for them."""


def denial_of(error: DomeError) -> Decision:
    """Return the denial that a failure to ask is, whatever has failed."""
    return denied(_local_reason(error), str(error), request_id=error.request_id)


def _local_reason(error: DomeError) -> LocalReason:
    if isinstance(error, InvalidRequestError):
        return "invalid_request"
    if isinstance(error, ConfigurationError):
        return "credential_refused"
    if not isinstance(error, ApiError):
        return "unavailable"
    precise = error.dome_error or error.code
    if precise in ("draining", "agent_draining"):
        return "draining"
    if precise.startswith("agent_"):
        return "stopped"
    if precise.startswith(_OF_OTHERS):
        return "delegation_refused"
    if error.status == 401:
        return "credential_refused"
    return "unavailable" if error.status == 429 or error.status >= 500 else "invalid_request"
