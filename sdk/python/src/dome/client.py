"""The client for code that blocks. It is safe to use from several threads, and after a fork."""

from __future__ import annotations

import contextvars
import functools
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar

import httpx

from dome import _processes
from dome._base import IN_A_HOOK, BaseClient
from dome._core import flows, work
from dome._core.core import PATIENCE, Asked
from dome._core.flows import Effect, NeedToken, Pause, Send
from dome._core.ports import Deadline, Ports
from dome._core.secret import Secret
from dome._core.tokens import Token, TokenSlot
from dome._core.work import Call
from dome._guarding import Arguments, arguments_of, ended, is_asynchronous
from dome._threads import Threads, on_sigterm
from dome._transport import Transport
from dome.audit import Audit
from dome.config import DomeConfig
from dome.decision import CheckRequest, Decision, Reason
from dome.errors import DeniedError, DomeError, StoppedError, UnreachableError
from dome.events import AgentEvent

T = TypeVar("T")
P = ParamSpec("P")
OnAllow = Callable[[Decision], object]
Flight = Future[Token | DomeError]
OnDeny = Callable[[CheckRequest, Reason], object]


class DomeClient(BaseClient[Audit]):
    """An agent's connection to Dome. Make one per process, start it, and close it at the end."""

    def __init__(
        self,
        config: DomeConfig,
        *,
        transport: httpx.BaseTransport | None = None,
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
        self._audit = Audit(self._core, self._flush)

    def start(self) -> None:
        """Exchange the key for the first call token, and open the event stream. Calling it again does nothing.

        A service that cannot be reached is no error: every check is denied until it can be. The same goes for an agent
        that is not active. It takes 5 s at most.

        Raises:
            ConfigurationError: the key is no key, or the service refuses it; the URL is no URL, or not of a service.
        """
        core = self._core
        if core.listening or core.phase == "closed":
            return
        self._open()
        flows.run(flows.start(core), self._perform)
        self._threads.ensure()

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
    ) -> Decision:
        """Ask whether this agent may do something now, and call exactly one of the callbacks.

        Every allow is the service's answer to this very call. Whatever prevents an answer is a denial, with
        `decision.local` true: an agent that cannot ask may not act.

        Args:
            tool: `<tool>/<operation>`, or `<tool>` for all of its operations.
            model: `<pool>/<model>`, or `<pool>`.
            integration: an external system.
            action: `tool:use`, `llm:chat`, `llm:embed` or `integration:use`; together with `resource`.
            resource: what the action is on.
            arguments: what the call is made with. The service checks them against the schema of the tool.
            on_allow: called with the decision. While it runs, it counts as running work.
            on_deny: called with the request and the reason, a `str` that is equal to its code.
            raise_on_error: raise what prevented an answer, and call neither callback. The default is the
                configuration's. A denial never raises, nor does a drain or a stop of the agent.

        Returns:
            The decision, which is true if it allows.

        Raises:
            DomeError: only with `raise_on_error`.
        """
        asked = self._core.asked(CheckRequest(tool, model, integration, action, resource, arguments))
        decision = self._decide(asked, raise_on_error)
        if decision.allowed and on_allow is not None:
            begun = self._core.begin(asked, decision)
            if isinstance(begun, Call):
                with self._running(begun):
                    on_allow(decision)
                return decision
            decision = begun
        if not decision.allowed and on_deny is not None:
            on_deny(asked.question, decision.reason)
        return decision

    @contextmanager
    def call(
        self,
        *,
        tool: str | None = None,
        model: str | None = None,
        integration: str | None = None,
        action: str | None = None,
        resource: str | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> Iterator[Call]:
        """Check, and count what the block does as running work: a drain waits for it, a stop sets `call.cancelled`.

        Raises:
            DeniedError: the call is not allowed, so the block does not begin.
            StoppedError: the agent was stopped while the block ran.
        """
        asked = self._core.asked(CheckRequest(tool, model, integration, action, resource, arguments))
        begun = self._core.begin(asked, self._decide(asked, raise_on_error=False))
        if not isinstance(begun, Call):
            raise DeniedError(begun)
        with self._running(begun):
            yield begun
        if begun.cancelled.is_set():
            raise StoppedError

    def guard(self, tool: str, *, arguments: Arguments | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Check before each call of a function, and count it as running work. `dome.current_call()` is its call.

        Args:
            tool: what the function does, `<tool>/<operation>`.
            arguments: what turns its arguments into those of the check. The default is all of them by name, also the
                defaults that the function runs with, other than None.

        Raises:
            TypeError: the function is asynchronous, so it needs an `AsyncDomeClient`; or it is a generator, which would
                run after its call. The guarded function raises it if it returns one.
            DeniedError: by the guarded function: the call is not allowed, so it does not begin.
            StoppedError: by the guarded function: the agent was stopped while it ran.
        """

        def decorate(function: Callable[P, T]) -> Callable[P, T]:
            if is_asynchronous(function):
                raise TypeError("an asynchronous function is guarded by an AsyncDomeClient")
            asked = arguments_of(function, arguments)

            @functools.wraps(function)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
                with self.call(tool=tool, arguments=asked(*args, **kwargs)):
                    return ended(function(*args, **kwargs))

            return guarded

        return decorate

    def carry(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return a function that runs in this block's context on another thread, which does not inherit it."""
        context = contextvars.copy_context()

        def carried(*args: P.args, **kwargs: P.kwargs) -> T:
            return context.copy().run(function, *args, **kwargs)

        return carried

    def token(self) -> str:
        """Return a call token that can be used now, to carry on calls to the service's endpoints.

        Raises:
            DomeError: none can be obtained: `code` says why.
        """
        core = self._core
        refused = flows.refused(core)
        if refused is not None:
            raise refused
        self._open()
        held = flows.run(flows.token(core, core.scope(), core.deadline()), self._perform)
        if isinstance(held, DomeError):
            raise held
        return held.reveal()

    def drained(self, timeout: float | None = None) -> bool:
        """Wait until a drain or a stop is over: no new work is taken, the hooks have run, and nothing runs any more.

        Args:
            timeout: how long to wait, in seconds; the default is for ever.

        Returns:
            True if it is over.

        Raises:
            RuntimeError: a hook calls it.
        """
        if self._threads.runs_hook:
            raise RuntimeError(IN_A_HOOK)
        with self._change:
            return self._change.wait_for(self._core.is_drained, timeout)

    def drain_on_sigterm(self, within: float = 25.0) -> None:
        """Drain on SIGTERM, deliver what waits, and end as the signal would have. A second one ends at once.

        Args:
            within: how long running work may go on, in seconds. The platform must wait longer before it kills.

        Raises:
            ValueError: this is not the main thread, where alone Python takes signals.
        """

        def drain() -> None:
            self.audit.emit("sdk.signal", {"signal": "SIGTERM"})
            self.drain(within)
            self.drained(within + 1.0)
            self.close()

        on_sigterm(drain)

    def close(self) -> None:
        """Deliver what waits, and end everything, within 5 s. Every check is denied from now on.

        Calling it again does nothing more: it waits for the first call.
        """
        core = self._core
        anything = core.close()
        deadline = core.deadline(PATIENCE)
        if anything is None:
            if not self._threads.is_one:
                self._closed.wait(PATIENCE)
            return
        try:
            self._closing.set()
            if anything:
                self._deliver(deadline, last=True)
            core.give_up()
            if self._transport is not None:
                self._transport.hang_up()
            self._threads.end(deadline)
            if self._transport is not None:
                self._transport.close()
            self._changed()
        finally:
            self._closed.set()
            _processes.release(self)

    def __enter__(self) -> DomeClient:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    # What belongs to one process

    def _begin_process(self) -> None:
        """Make what belongs to one process: locks, connections and threads."""
        self._lock = threading.Lock()
        self._change = threading.Condition()
        self._threads = Threads(self._core, self._open, self._deliver)
        self._closing = self._threads.closing
        self._closed = threading.Event()
        if self._core.phase == "closed":
            self._closed.set()
        self._sending = threading.Lock()
        self._transport: Transport | None = None

    def _at_exit(self) -> None:
        self.close()

    def _open(self) -> Transport:
        with self._lock:
            transport = self._transport
            if transport is not None:
                return transport
            transport = self._transport = Transport(self._core.open(), self._given_transport)
        _processes.hold(self)
        self._threads.ensure()
        return transport

    # Checks

    def _decide(self, asked: Asked, raise_on_error: bool | None) -> Decision:
        core = self._core
        outcome: Decision | DomeError
        try:
            self._open()
            outcome = flows.run(flows.check(core, asked, core.scope(), core.deadline()), self._perform)
        except Exception as fault:
            outcome = flows.fault(fault)
        return flows.conclude(core, asked, outcome, raise_on_error)

    @contextmanager
    def _running(self, call: Call) -> Iterator[None]:
        before = work.set_current(call)
        try:
            yield
        finally:
            work.reset_current(before)
            self._core.end(call)

    # Flows

    def _perform(self, effect: Effect) -> object:
        if isinstance(effect, Send):
            return self._open().send(effect)
        if isinstance(effect, Pause):
            return self._core.ports.wait(self._closing, effect.seconds)
        return self._usable_token(effect)

    def _usable_token(self, need: NeedToken) -> Secret | DomeError:
        """Return the token that is held, or the one of the request that is under way, or of a new one."""
        make: Callable[[], Flight] = Future
        held, flight, is_mine = self._core.claim(need.slot, make)
        if held is not None:
            if flight is not None and is_mine:
                self._renew_ahead(need.slot, flight)
            return held
        if flight is None:
            raise AssertionError("a token that is not usable has a request under way")
        if is_mine:
            self._fly(need.slot, flight, need.deadline)
        try:
            token = flight.result(need.deadline.remaining())
        except FutureTimeout:
            return UnreachableError("timed_out", "no token came in time")
        return token.secret if isinstance(token, Token) else token

    def _fly(self, slot: TokenSlot, flight: Flight, deadline: Deadline) -> None:
        token: Token | DomeError = DomeError("internal", "the request for a token was given up")
        try:
            token = flows.run(flows.issue(self._core, slot, deadline), self._perform)
        except Exception as fault:
            token = flows.fault(fault)
        finally:
            with self._core.lock:
                slot.flight = None
            flight.set_result(token)

    def _renew_ahead(self, slot: TokenSlot, flight: Flight) -> None:
        """Renew a token that is good yet, beside the calls that use it."""
        fly = functools.partial(self._fly, slot, flight, self._core.deadline())
        try:
            threading.Thread(target=fly, name="dome-renewal", daemon=True).start()
        except RuntimeError:  # no thread is to be had, for instance because the interpreter ends
            with self._core.lock:
                slot.flight = None
            flight.set_result(DomeError("internal", "no thread is to be had"))

    # Audit events

    def _emitted(self) -> None:
        self._threads.wake()

    def _flush(self, timeout: float | None) -> bool:
        if self._core.phase != "closed":
            self._deliver(Deadline(self._core.ports, self._core.config.timeout if timeout is None else timeout))
        return len(self._core.buffer) == 0

    def _deliver(self, deadline: Deadline, *, last: bool = False) -> DomeError | None:
        """Deliver what waits. One thread does so at a time, so that the order stays."""
        if not self._sending.acquire(timeout=deadline.remaining()):
            return UnreachableError("timed_out", "another thread delivers audit events")
        try:
            transport = self._open()
            if last:
                return flows.deliver_last(self._core, transport.send, deadline)
            return flows.run(flows.deliver(self._core, deadline), self._perform)
        except Exception as fault:
            return flows.fault(fault)
        finally:
            self._sending.release()

    def _dispatch(self, events: tuple[AgentEvent, ...]) -> None:
        self._threads.dispatch(events)

    def _changed(self) -> None:
        with self._change:
            self._change.notify_all()
