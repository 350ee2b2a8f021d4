"""The client for asyncio: the same names and the same rules as `DomeClient`. Use one per event loop."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Generator, Mapping
from contextlib import asynccontextmanager, suppress
from types import TracebackType
from typing import Any, NoReturn, ParamSpec, TypeVar, cast

import httpx

from dome import _processes
from dome._core import flows, scope, work
from dome._core.core import PATIENCE, Core, log
from dome._core.flows import Effect, Flow, NeedToken, Pause, Send
from dome._core.ports import Deadline, Ports
from dome._core.retry import back_off
from dome._core.secret import Secret
from dome._core.tokens import Token, TokenSlot
from dome._core.wire import error_of
from dome._core.work import Call
from dome._guarding import Arguments, arguments_of
from dome._transport import FAULTS, AsyncTransport, Transport
from dome.audit import AsyncAudit
from dome.config import DomeConfig
from dome.decision import CheckRequest, Decision, Reason
from dome.errors import DeniedError, DomeError, StoppedError, UnreachableError
from dome.events import AgentEvent, Events

T = TypeVar("T")
P = ParamSpec("P")
OnAllow = Callable[[Decision], object]
OnDeny = Callable[[CheckRequest, Reason], object]
Flight = asyncio.Task[Token | DomeError]
_LINGER = 0.2
"""So long events are gathered before they are sent, in seconds."""


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


class AsyncDomeClient:
    """An agent's connection to Dome for asyncio. Make one per event loop, start it, and close it at the end."""

    def __init__(
        self,
        config: DomeConfig,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        ports: Ports | None = None,
    ) -> None:
        """Make a client. Nothing is sent, and nothing is checked, before it is used.

        Args:
            config: where the service is, and the agent's key.
            transport: what sends requests, instead of the network: for tests.
            ports: time and chance, for tests.
        """
        self._core = Core(config, ports or Ports())
        self._core.on_change = self._changed
        self._core.on_emit = self._emitted
        self._given_transport = transport
        self._audit = AsyncAudit(self._core, self._flush)
        self._begin_process()
        _processes.register(self)

    def __repr__(self) -> str:
        return f"AsyncDomeClient(base_url={self._core.base_url!r}, {self._core.phase})"

    @property
    def audit(self) -> AsyncAudit:
        """What emits audit events."""
        return self._audit

    @property
    def events(self) -> Events:
        """What tells of the agent's life. A hook may be asynchronous; the next one waits for it."""
        return self._core.events

    async def start(self) -> None:
        """Exchange the key for the first call token, and open the event stream, as `DomeClient.start` does.

        Raises:
            ConfigurationError: the key is none, or the service refuses it; the URL is none, or not of a service.
        """
        core = self._core
        if core.listening or core.phase == "closed":
            return
        self._open()
        first = await self._run(flows.issue(core, core.own, core.deadline(PATIENCE)))
        fatal = flows.fatal(first) if isinstance(first, DomeError) else None
        if fatal is not None:
            raise fatal
        if isinstance(first, DomeError):
            log.warning("started without a token: %s", first)
        core.listening = True
        self._ensure_tasks()

    def check(
        self,
        *,
        tool: str | None = None,
        model: str | None = None,
        integration: str | None = None,
        action: str | None = None,
        resource: str | None = None,
        arguments: Mapping[str, Any] | None = None,
        on_allow: OnAllow | None = None,
        on_deny: OnDeny | None = None,
        raise_on_error: bool | None = None,
    ) -> Asking:
        """Ask whether this agent may do something now, as `DomeClient.check` does. Await it.

        Both callbacks may be asynchronous. `on_allow` is cancelled when the agent is stopped.

        Returns:
            The decision, which is true if it allows.

        Raises:
            DomeError: only with `raise_on_error`.
            StoppedError: the agent was stopped while `on_allow` ran.
        """
        request = CheckRequest(tool, model, integration, action, resource, arguments)
        return Asking(self._check(request, on_allow, on_deny, raise_on_error))

    @asynccontextmanager
    async def call(
        self,
        *,
        tool: str | None = None,
        model: str | None = None,
        integration: str | None = None,
        action: str | None = None,
        resource: str | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> AsyncIterator[Call]:
        """Check, and count what the block does as running work: a drain waits for it, a stop cancels it.

        Raises:
            DeniedError: the call is not allowed, so the block does not begin.
            StoppedError: the agent was stopped while the block ran.
        """
        request = CheckRequest(tool, model, integration, action, resource, arguments)
        decision = await self._decide(request, raise_on_error=False)
        begun = self._begin(decision)
        if not isinstance(begun, Call):
            if decision.allowed:
                self._core.report_denial(request, begun)
            raise DeniedError(begun)
        async with self._running(begun):
            yield begun

    def guard(
        self, tool: str, *, arguments: Arguments | None = None
    ) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
        """Check before each call of a coroutine function, and count it as running work, as `DomeClient.guard` does.

        Args:
            tool: what the function does, `<tool>/<operation>`.
            arguments: what turns its arguments into those of the check. The default is all of them by name.

        Raises:
            TypeError: the function is not a coroutine function, so it needs a `DomeClient`.
            DeniedError: by the guarded function: the call is not allowed, so it does not begin.
            StoppedError: by the guarded function: the agent was stopped, and it was cancelled.
        """

        def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
            if not inspect.iscoroutinefunction(function):
                raise TypeError("a function that blocks is guarded by a DomeClient")
            asked = arguments_of(function, arguments)

            @functools.wraps(function)
            async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
                async with self.call(tool=tool, arguments=asked(*args, **kwargs)):
                    return await function(*args, **kwargs)

            return guarded

        return decorate

    def act_as(self, id_token: str) -> scope.Acting:
        """Act for a verified user in a `with` block, as `DomeClient.act_as` does. Tasks made in it inherit that."""
        return scope.Acting(self._core.number, scope.Scope("id_token", Secret(id_token)))

    def on_behalf_of(self, call_token: str) -> scope.Acting:
        """Act for another agent in a `with` block, as `DomeClient.on_behalf_of` does. Tasks made in it inherit that."""
        return scope.Acting(self._core.number, scope.Scope("access_token", Secret(call_token)))

    async def token(self) -> str:
        """Return a call token that can be used now, to carry on calls to the service's doors.

        Raises:
            DomeError: there is none to be had: `code` says why.
        """
        core = self._core
        refused = core.denial()
        if refused is not None:
            raise DomeError(str(refused.reason), refused.detail)
        self._open()
        held = await self._run(flows.token(core, core.scope(), core.deadline()))
        if isinstance(held, DomeError):
            raise held
        return held.reveal()

    def drain(self, within: float) -> None:
        """Drain this process alone: no new work from now on, and what runs is aborted after so many seconds."""
        self._dispatch(self._core.drain(within))

    async def drained(self, timeout: float | None = None) -> bool:
        """Wait until a drain or a stop is over: no new work is taken, the hooks have run, and nothing runs any more.

        Args:
            timeout: how long to wait, in seconds; the default is for ever.

        Returns:
            True if it is over.
        """
        await _within(self._until_drained(), timeout)
        return self._core.is_drained()

    def drain_on_sigterm(self, within: float = 25.0) -> None:
        """Drain on SIGTERM, deliver what waits, and end as the signal would have. A second one ends at once.

        Call it where the event loop runs, in the main thread.

        Args:
            within: how long running work may go on, in seconds. The platform must wait longer before it kills.
        """
        loop = asyncio.get_running_loop()
        told = False

        def end_at_once() -> None:
            loop.remove_signal_handler(signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)

        async def end() -> None:
            self.audit.emit("sdk.signal", {"signal": "SIGTERM"})
            self.drain(within)
            await self.drained(within + 1.0)
            await self.close()
            end_at_once()

        def handle() -> None:
            nonlocal told
            if told:
                end_at_once()
                return
            told = True
            self._tasks["dome-sigterm"] = loop.create_task(end())

        loop.add_signal_handler(signal.SIGTERM, handle)

    async def close(self) -> None:
        """Deliver what waits, and end everything, within 5 s, as `DomeClient.close` does."""
        core = self._core
        if core.phase == "closed":
            return
        opened, core.phase = core.phase == "open", "closed"
        deadline = core.deadline(PATIENCE)
        core.abort_all()
        tasks = {task for task in self._tasks.values() if task is not asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=deadline.remaining())
        if opened and len(core.buffer) > 0:
            await self._deliver(deadline)
        left = core.buffer.give_up()
        if left:
            log.warning("closed with %d audit events that were not delivered", left)
        if self._transport is not None:
            await self._transport.close()
        self._changed()

    async def __aenter__(self) -> AsyncDomeClient:
        await self.start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    # What belongs to one process and its event loop

    def _begin_process(self) -> None:
        self._transport: AsyncTransport | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiters: list[asyncio.Future[None]] = []
        self._something_waits = asyncio.Event()
        self._drain_moved = asyncio.Event()
        self._sending = asyncio.Lock()
        self._hooks: asyncio.Queue[AgentEvent] = asyncio.Queue()

    def _after_fork(self) -> None:
        """Begin anew in a child process: locks, connections and tasks are the parent's."""
        self._core.after_fork()
        self._core.events.after_fork()
        self._begin_process()

    def _at_exit(self) -> None:
        """Deliver what waits although the event loop has gone: blocking, because nothing else runs any more."""
        core, given = self._core, self._given_transport
        if core.phase == "open" and len(core.buffer) > 0 and (given is None or isinstance(given, httpx.BaseTransport)):
            core.phase = "closed"
            transport = Transport(core.base_url, given)
            flow, result = flows.deliver(core, core.deadline(PATIENCE)), cast(object, None)
            with suppress(StopIteration):
                while True:
                    effect = flow.send(result)
                    if isinstance(effect, Pause):
                        time.sleep(effect.seconds)
                    result = transport.send(effect) if isinstance(effect, Send) else None
            transport.close()
        left = core.buffer.give_up()
        if left:
            log.warning("the process ends with %d audit events that were not delivered", left)

    def _open(self) -> AsyncTransport:
        if self._transport is None:
            self._core.configure()
            self._loop = asyncio.get_running_loop()
            self._transport = AsyncTransport(self._core.base_url, self._given_transport)
            if self._core.phase == "new":
                self._core.phase = "open"
        return self._transport

    def _ensure_tasks(self) -> None:
        if self._core.phase != "open" or self._loop is None:
            return
        jobs: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {"dome-audit": self._send_what_waits}
        if self._core.listening:
            jobs |= {"dome-hooks": self._run_hooks, "dome-drain": self._watch_drain}
            if self._core.config.listen:
                jobs["dome-events"] = self._listen
        for name in jobs.keys() - self._tasks.keys():
            self._tasks[name] = self._loop.create_task(jobs[name](), name=name)

    # Checks

    async def _check(
        self,
        request: CheckRequest,
        on_allow: OnAllow | None,
        on_deny: OnDeny | None,
        raise_on_error: bool | None,
    ) -> Decision:
        decision = await self._decide(request, raise_on_error)
        if decision.allowed and on_allow is not None:
            begun = self._begin(decision)
            if isinstance(begun, Call):
                async with self._running(begun):
                    await _awaited(on_allow(decision))
                return decision
            decision = begun
            self._core.report_denial(request, decision)
        if not decision.allowed and on_deny is not None:
            await _awaited(on_deny(request, decision.reason))
        return decision

    async def _decide(self, request: CheckRequest, raise_on_error: bool | None) -> Decision:
        core = self._core
        try:
            self._open()
            if core.listening:
                self._ensure_tasks()
            outcome = await self._run(flows.check(core, request, core.scope(), core.deadline()))
        except DomeError as error:
            outcome = error
        except Exception as fault:  # a fault of this package must not open anything either
            log.exception("a check failed by a fault of this package")
            outcome = DomeError("internal", f"a fault of this package ({type(fault).__name__})")
        decision = core.settle(outcome) if isinstance(outcome, Decision) else flows.denial_of(outcome)
        core.report_denial(request, decision)
        wanted = core.config.raise_on_error if raise_on_error is None else raise_on_error
        if wanted and isinstance(outcome, DomeError) and decision.reason not in ("draining", "stopped"):
            raise outcome
        return decision

    def _begin(self, decision: Decision) -> Call | Decision:
        task = asyncio.current_task()
        return self._core.begin(decision, None if task is None else task.cancel)

    @asynccontextmanager
    async def _running(self, call: Call) -> AsyncIterator[None]:
        """Run what was allowed. A cancellation by a stop becomes a `StoppedError`, as `asyncio.timeout` does it."""
        task = asyncio.current_task()
        asked_before = _cancelling(task)
        before = work.set_current(call)
        try:
            yield
            if call.cancelled.is_set():
                await asyncio.sleep(0)  # the cancellation arrives here, and not in what comes afterwards
        except asyncio.CancelledError:
            if not call.cancelled.is_set() or _uncancel(task) > asked_before:
                raise
        finally:
            work.reset_current(before)
            self._core.end(call)
        if call.cancelled.is_set():
            raise StoppedError

    # Flows

    async def _run(self, flow: Flow[T]) -> T:
        result: Any = None
        while True:
            try:
                effect = flow.send(result)
            except StopIteration as end:
                return cast(T, end.value)
            result = await self._perform(effect)

    async def _perform(self, effect: Effect) -> object:
        if isinstance(effect, Send):
            return await self._open().send(effect)
        if isinstance(effect, Pause):
            await self._core.ports.sleep(effect.seconds)
            return None
        return await self._usable_token(effect)

    async def _usable_token(self, need: NeedToken) -> Secret | DomeError:
        """Return the token that is held, or the one of the request that is under way, or of a new one."""
        core, slot = self._core, need.slot
        now = core.ports.monotonic()
        held = slot.usable(now)
        flight = cast("Flight | None", slot.flight)
        if flight is None and (held is None or slot.due(now)):
            flight = asyncio.get_running_loop().create_task(self._fly(slot), name="dome-renewal")
            slot.flight = flight
        if held is not None or flight is None:
            return cast(Secret, held)
        # The task is shared: a caller that is cancelled does not take it away from the others.
        await asyncio.wait({flight}, timeout=need.deadline.remaining())
        if not flight.done():
            return UnreachableError("timed_out", "no token came in time")
        token = flight.result()
        return token.secret if isinstance(token, Token) else token

    async def _fly(self, slot: TokenSlot) -> Token | DomeError:
        try:
            return await self._run(flows.issue(self._core, slot, self._core.deadline()))
        finally:
            slot.flight = None

    # Audit events

    def _emitted(self) -> None:
        """Wake what delivers. Events may come from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._wake_sender)

    def _wake_sender(self) -> None:
        self._something_waits.set()
        self._ensure_tasks()

    async def _flush(self, timeout: float | None) -> bool:
        if self._core.phase != "closed":
            seconds = self._core.config.timeout if timeout is None else timeout
            await self._deliver(Deadline(self._core.ports, seconds))
        return len(self._core.buffer) == 0

    async def _deliver(self, deadline: Deadline) -> DomeError | None:
        """Deliver what waits. One task does so at a time, so that the order stays."""
        acquiring = asyncio.ensure_future(self._sending.acquire())
        try:
            await asyncio.wait({acquiring}, timeout=deadline.remaining())
        except asyncio.CancelledError:
            if not acquiring.cancel():
                self._sending.release()
            raise
        if acquiring.cancel():
            return UnreachableError("timed_out", "another task delivers audit events")
        try:
            self._open()
            return await self._run(flows.deliver(self._core, deadline))
        except DomeError as error:
            return error
        finally:
            self._sending.release()

    async def _send_what_waits(self) -> None:
        failures = 0
        while True:
            await self._something_waits.wait()
            await asyncio.sleep(_LINGER)
            self._something_waits.clear()
            error = await self._deliver(self._core.deadline()) if len(self._core.buffer) else None
            failures = 0 if error is None else failures + 1
            if error is not None:
                self._something_waits.set()
                await asyncio.sleep(back_off(failures, self._core.ports.jitter(), 30.0))

    # The event stream

    async def _listen(self) -> None:
        failures = 0
        while True:
            try:
                failures = 0 if await self._listen_once() else failures + 1
            except Exception:  # a fault of this package must not leave what was heard standing
                log.exception("the event stream has failed by a fault of this package")
                failures += 1
            self._core.stream_ended()
            pause = self._core.stream_pause(failures)
            if pause is None:
                return
            await asyncio.sleep(pause)

    async def _listen_once(self) -> bool:
        """Hear what the stream says until it ends. Returns True if it said anything."""
        core, heard = self._core, False
        key = core.read_key()
        if isinstance(key, DomeError):
            log.warning("no event stream: %s", key)
            return False
        try:
            async with self._open().listen(key, core.lifecycle.last_event_id) as (answer, messages):
                error = error_of(answer, core.base_url)
                if error is not None:
                    log.info("no event stream: %s", error)
                    return False
                async for message in messages:
                    if message.data:
                        heard = True
                        self._dispatch(core.hear(message.event, message.id, message.data))
        except (DomeError, *FAULTS) as fault:
            log.info("the event stream has ended (%s)", type(fault).__name__)
        return heard

    def _dispatch(self, events: tuple[AgentEvent, ...]) -> None:
        self._drain_moved.set()
        for event in events:
            self._hooks.put_nowait(event)

    async def _run_hooks(self) -> None:
        while True:
            event = await self._hooks.get()
            for hook in self._core.events.hooks_of(event):
                try:
                    await _awaited(hook(event))
                except Exception:  # the next hook runs all the same
                    log.exception("a hook for %s has failed", event.type)
            self._core.hook_ran()

    async def _watch_drain(self) -> None:
        while True:
            left = self._core.abort_overdue()
            if left is not None and left <= 0:
                left = None
            await _within(self._drain_moved.wait(), left)
            self._drain_moved.clear()

    async def _until_drained(self) -> None:
        while not self._core.is_drained():
            waiter = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await waiter

    def _changed(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)


async def _within(wanted: Coroutine[Any, Any, object], seconds: float | None) -> None:
    """Wait for something, so long at most. Unlike `asyncio.wait_for` before 3.12 it never swallows a cancellation."""
    task = asyncio.ensure_future(wanted)
    try:
        await asyncio.wait({task}, timeout=seconds)
    finally:
        task.cancel()


async def _awaited(result: object) -> None:
    if inspect.isawaitable(result):
        await result


def _cancelling(task: asyncio.Task[Any] | None) -> int:
    """Return how many cancellations of a task are under way; before Python 3.11 nobody counts."""
    count = getattr(task, "cancelling", None)
    return count() if count is not None else 0


def _uncancel(task: asyncio.Task[Any] | None) -> int:
    """Take one cancellation back, and return how many are left."""
    take_back = getattr(task, "uncancel", None)
    return take_back() if take_back is not None else 0
