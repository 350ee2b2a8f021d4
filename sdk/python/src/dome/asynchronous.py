"""The client for asyncio: the same names and the same rules as `DomeClient`. Use one per event loop."""

from __future__ import annotations

import asyncio
import functools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

import httpx

from dome import _processes
from dome._background import Background
from dome._base import IN_A_HOOK, BaseClient
from dome._core import flows, work
from dome._core.core import PATIENCE, Asked
from dome._core.flows import Effect, NeedToken, Pause, Send
from dome._core.ports import Deadline, Ports
from dome._core.secret import Secret
from dome._core.tokens import Token, TokenSlot
from dome._core.work import Call
from dome._guarding import Arguments, arguments_of, ended, is_asynchronous
from dome._tasks import Asking, awaited, cancelling, uncancel, within
from dome._transport import AsyncTransport, Transport
from dome.audit import AsyncAudit
from dome.config import DomeConfig
from dome.decision import CheckRequest, Decision, Reason
from dome.errors import DeniedError, DomeError, StoppedError, UnreachableError
from dome.events import AgentEvent

T = TypeVar("T")
P = ParamSpec("P")
OnAllow = Callable[[Decision], object]
OnDeny = Callable[[CheckRequest, Reason], object]
Flight = asyncio.Task[Token | DomeError]


class AsyncDomeClient(BaseClient[AsyncAudit]):
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
        super().__init__(config, ports)
        self._given_transport = transport
        self._audit = AsyncAudit(self._core, self._flush)

    async def start(self) -> None:
        """Exchange the key for the first call token, and open the event stream, as `DomeClient.start` does.

        Raises:
            ConfigurationError: the key is no key, or the service refuses it; the URL is no URL, or not of a service.
        """
        core = self._core
        if core.listening or core.phase == "closed":
            return
        self._open()
        await flows.run_asynchronously(flows.start(core), self._perform)
        self._background.ensure()

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
        asked = self._core.asked(CheckRequest(tool, model, integration, action, resource, arguments))
        begun = self._begin(asked, await self._decide(asked, raise_on_error=False))
        if not isinstance(begun, Call):
            raise DeniedError(begun)
        async with self._running(begun):
            yield begun

    def guard(
        self, tool: str, *, arguments: Arguments | None = None
    ) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
        """Check before each call of a coroutine function, and count it as running work, as `DomeClient.guard` does.

        Args:
            tool: what the function does, `<tool>/<operation>`.
            arguments: what turns its arguments into those of the check. The default is all of them by name, also the
                defaults that the function runs with, other than None.

        Raises:
            TypeError: the function is not a coroutine function, so it needs a `DomeClient`; or it is a generator, which
                would run after its call. The guarded function raises it if it returns one.
            DeniedError: by the guarded function: the call is not allowed, so it does not begin.
            StoppedError: by the guarded function: the agent was stopped, and it was cancelled.
        """

        def decorate(function: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
            if not is_asynchronous(function):
                raise TypeError("a function that blocks is guarded by a DomeClient")
            asked = arguments_of(function, arguments)

            @functools.wraps(function)
            async def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
                async with self.call(tool=tool, arguments=asked(*args, **kwargs)):
                    return ended(await function(*args, **kwargs))

            return guarded

        return decorate

    async def token(self) -> str:
        """Return a call token that can be used now, to carry on calls to the service's endpoints.

        Raises:
            DomeError: none can be obtained: `code` says why.
        """
        core = self._core
        refused = flows.refused(core)
        if refused is not None:
            raise refused
        self._open()
        held = await flows.run_asynchronously(flows.token(core, core.scope(), core.deadline()), self._perform)
        if isinstance(held, DomeError):
            raise held
        return held.reveal()

    async def drained(self, timeout: float | None = None) -> bool:
        """Wait until a drain or a stop is over: no new work is taken, the hooks have run, and nothing runs any more.

        Args:
            timeout: how long to wait, in seconds; the default is for ever.

        Returns:
            True if it is over.

        Raises:
            RuntimeError: a hook calls it.
        """
        if self._background.runs_hook:
            raise RuntimeError(IN_A_HOOK)
        self._background.attach()
        await within(self._until_drained(), timeout)
        return self._core.is_drained()

    def drain_on_sigterm(self, within: float = 25.0) -> None:
        """Drain on SIGTERM, deliver what waits, and end as the signal would have. A second one ends at once.

        Call it where the event loop runs, in the main thread.

        Args:
            within: how long running work may go on, in seconds. The platform must wait longer before it kills.
        """
        loop = asyncio.get_running_loop()
        told: asyncio.Task[None] | None = None

        def end_at_once() -> None:
            loop.remove_signal_handler(signal.SIGTERM)
            os.kill(os.getpid(), signal.SIGTERM)

        async def end() -> None:
            try:
                self.audit.emit("sdk.signal", {"signal": "SIGTERM"})
                self.drain(within)
                await self.drained(within + 1.0)
                await self.close()
            finally:
                end_at_once()

        def handle() -> None:
            nonlocal told
            if told is None:
                told = loop.create_task(end(), name="dome-sigterm")
            else:
                end_at_once()

        loop.add_signal_handler(signal.SIGTERM, handle)

    async def close(self) -> None:
        """Deliver what waits, and end everything, within 5 s, as `DomeClient.close` does."""
        core = self._core
        anything = core.close()
        deadline = core.deadline(PATIENCE)
        if anything is None:
            if not self._background.is_one:
                await within(self._closed.wait(), PATIENCE)
            return
        try:
            await self._background.end(deadline)
            if anything:
                await self._deliver(deadline, last=True)
            core.give_up()
            if self._transport is not None:
                await self._transport.close()
            self._changed()
        finally:
            self._closed.set()
            _processes.release(self)

    async def __aenter__(self) -> AsyncDomeClient:
        await self.start()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _fault: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.close()

    # What belongs to one process and its event loop

    def _begin_process(self) -> None:
        """Make what belongs to one process: locks, connections and tasks."""
        self._closed = asyncio.Event()
        self._transport: AsyncTransport | None = None
        self._background = Background(self._core, self._open, self._deliver)
        self._waiters: list[asyncio.Future[None]] = []
        self._sending = asyncio.Lock()

    def _at_exit(self) -> None:
        """Deliver what waits although the event loop has gone: blocking, because nothing else runs any more."""
        core, given = self._core, self._given_transport
        if core.close() and (given is None or isinstance(given, httpx.BaseTransport)):
            transport = Transport(core.base_url, given)
            flows.deliver_last(core, transport.send, core.deadline(PATIENCE))
            transport.close()
        core.give_up()

    def _open(self) -> AsyncTransport:
        if self._transport is None:
            self._transport = AsyncTransport(self._core.open(), self._given_transport)
            _processes.hold(self)
            self._background.attach()
        return self._transport

    # Checks

    async def _check(
        self,
        request: CheckRequest,
        on_allow: OnAllow | None,
        on_deny: OnDeny | None,
        raise_on_error: bool | None,
    ) -> Decision:
        asked = self._core.asked(request)
        decision = await self._decide(asked, raise_on_error)
        if decision.allowed and on_allow is not None:
            begun = self._begin(asked, decision)
            if isinstance(begun, Call):
                async with self._running(begun):
                    await awaited(on_allow(decision))
                return decision
            decision = begun
        if not decision.allowed and on_deny is not None:
            await awaited(on_deny(request, decision.reason))
        return decision

    async def _decide(self, asked: Asked, raise_on_error: bool | None) -> Decision:
        core = self._core
        outcome: Decision | DomeError
        try:
            self._open()
            flow = flows.check(core, asked, core.scope(), core.deadline())
            outcome = await flows.run_asynchronously(flow, self._perform)
        except Exception as fault:
            outcome = flows.fault(fault)
        return flows.conclude(core, asked, outcome, raise_on_error)

    def _begin(self, asked: Asked, decision: Decision) -> Call | Decision:
        task = asyncio.current_task()
        return self._core.begin(asked, decision, None if task is None else task.cancel)

    @asynccontextmanager
    async def _running(self, call: Call) -> AsyncIterator[None]:
        """Run what was allowed. A cancellation by a stop becomes a `StoppedError`, as `asyncio.timeout` does it."""
        task = asyncio.current_task()
        asked_before = cancelling(task)
        before = work.set_current(call)
        try:
            yield
            if call.cancelled.is_set():
                await asyncio.sleep(0)  # the cancellation arrives here, and not in what comes afterwards
        except asyncio.CancelledError:
            if not call.cancelled.is_set() or uncancel(task) > asked_before:
                raise
        finally:
            work.reset_current(before)
            self._core.end(call)
        if call.cancelled.is_set():
            raise StoppedError

    # Flows

    async def _perform(self, effect: Effect) -> object:
        if isinstance(effect, Send):
            return await self._open().send(effect)
        if isinstance(effect, Pause):
            await self._core.ports.sleep(effect.seconds)
            return self._core.phase == "closed"
        return await self._usable_token(effect)

    async def _perform_last(self, effect: Effect) -> object:
        """Do what the last delivery needs, which goes on although the client is closed."""
        done = await self._perform(effect)
        return None if isinstance(effect, Pause) else done

    async def _usable_token(self, need: NeedToken) -> Secret | DomeError:
        """Return the token that is held, or the one of the request that is under way, or of a new one."""

        def make() -> Flight:
            return asyncio.get_running_loop().create_task(self._fly(need.slot), name="dome-renewal")

        held, flight, _is_mine = self._core.claim(need.slot, make)
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
            return await flows.run_asynchronously(flows.issue(self._core, slot, self._core.deadline()), self._perform)
        except Exception as fault:
            return flows.fault(fault)
        finally:
            slot.flight = None

    # Audit events

    def _emitted(self) -> None:
        self._background.wake()

    async def _flush(self, timeout: float | None) -> bool:
        if self._core.phase != "closed":
            seconds = self._core.config.timeout if timeout is None else timeout
            await self._deliver(Deadline(self._core.ports, seconds))
        return len(self._core.buffer) == 0

    async def _deliver(self, deadline: Deadline, *, last: bool = False) -> DomeError | None:
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
            perform = self._perform_last if last else self._perform
            return await flows.run_asynchronously(flows.deliver(self._core, deadline), perform)
        except Exception as fault:
            return flows.fault(fault)
        finally:
            self._sending.release()

    def _dispatch(self, events: tuple[AgentEvent, ...]) -> None:
        self._background.dispatch(events)

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
