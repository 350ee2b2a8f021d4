"""The client for code that blocks. It is safe to use from several threads, and after a fork."""

from __future__ import annotations

import contextvars
import functools
import inspect
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager
from types import FrameType
from typing import Any, ParamSpec, TypeVar, cast

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
from dome._transport import FAULTS, Transport
from dome.audit import Audit
from dome.config import DomeConfig
from dome.decision import CheckRequest, Decision, Reason
from dome.errors import DeniedError, DomeError, StoppedError, UnreachableError
from dome.events import AgentEvent, Events

T = TypeVar("T")
P = ParamSpec("P")
OnAllow = Callable[[Decision], object]
Flight = Future[Token | DomeError]
OnDeny = Callable[[CheckRequest, Reason], object]
_LINGER = 0.2
"""So long events are gathered before they are sent, in seconds."""


class DomeClient:
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
        self._core = Core(config, ports or Ports())
        self._core.on_change = self._changed
        self._core.on_emit = self._emitted
        self._given_transport = transport
        self._audit = Audit(self._core, self._flush)
        self._begin_process()
        _processes.register(self)

    def __repr__(self) -> str:
        return f"DomeClient(base_url={self._core.base_url!r}, {self._core.phase})"

    @property
    def audit(self) -> Audit:
        """What emits audit events."""
        return self._audit

    @property
    def events(self) -> Events:
        """What tells of the agent's life."""
        return self._core.events

    def start(self) -> None:
        """Exchange the key for the first call token, and open the event stream. Calling it again does nothing.

        A service that cannot be reached is no error: every check is denied until it can be. The same goes for an agent
        that is not active. It takes 5 s at most.

        Raises:
            ConfigurationError: the key is none, or the service refuses it; the URL is none, or not of a service.
        """
        core = self._core
        if core.listening or core.phase == "closed":
            return
        self._open()
        first = self._run(flows.issue(core, core.own, core.deadline(PATIENCE)))
        fatal = flows.fatal(first) if isinstance(first, DomeError) else None
        if fatal is not None:
            raise fatal
        if isinstance(first, DomeError):
            log.warning("started without a token: %s", first)
        core.listening = True
        self._ensure_threads()

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
        request = CheckRequest(tool, model, integration, action, resource, arguments)
        decision = self._decide(request, raise_on_error)
        if decision.allowed and on_allow is not None:
            begun = self._core.begin(decision)
            if isinstance(begun, Call):
                with self._running(begun):
                    on_allow(decision)
                return decision
            decision = begun
            self._core.report_denial(request, decision)
        if not decision.allowed and on_deny is not None:
            on_deny(request, decision.reason)
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
        request = CheckRequest(tool, model, integration, action, resource, arguments)
        decision = self._decide(request, raise_on_error=False)
        begun = self._core.begin(decision)
        if not isinstance(begun, Call):
            if decision.allowed:
                self._core.report_denial(request, begun)
            raise DeniedError(begun)
        with self._running(begun):
            yield begun
        if begun.cancelled.is_set():
            raise StoppedError

    def guard(self, tool: str, *, arguments: Arguments | None = None) -> Callable[[Callable[P, T]], Callable[P, T]]:
        """Check before each call of a function, and count it as running work. `dome.current_call()` is its call.

        Args:
            tool: what the function does, `<tool>/<operation>`.
            arguments: what turns its arguments into those of the check. The default is all of them by name.

        Raises:
            TypeError: the function is asynchronous, so it needs an `AsyncDomeClient`.
            DeniedError: by the guarded function: the call is not allowed, so it does not begin.
            StoppedError: by the guarded function: the agent was stopped while it ran.
        """

        def decorate(function: Callable[P, T]) -> Callable[P, T]:
            if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
                raise TypeError("an asynchronous function is guarded by an AsyncDomeClient")
            asked = arguments_of(function, arguments)

            @functools.wraps(function)
            def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
                with self.call(tool=tool, arguments=asked(*args, **kwargs)):
                    return function(*args, **kwargs)

            return guarded

        return decorate

    def act_as(self, id_token: str) -> scope.Acting:
        """Act for a verified user in a `with` block: checks and `token()` in it are for that user.

        Args:
            id_token: a fresh ID token of an identity provider of the workspace, with an audience bound to this agent.
        """
        return scope.Acting(self._core.number, scope.Scope("id_token", Secret(id_token)))

    def on_behalf_of(self, call_token: str) -> scope.Acting:
        """Act for another agent in a `with` block: checks and `token()` in it are for that agent.

        Args:
            call_token: the call token that the other agent sent; it must delegate to this agent, or be its parent.
        """
        return scope.Acting(self._core.number, scope.Scope("access_token", Secret(call_token)))

    def carry(self, function: Callable[P, T]) -> Callable[P, T]:
        """Return a function that runs in this block's context on another thread, where it would act for nobody."""
        context = contextvars.copy_context()

        def carried(*args: P.args, **kwargs: P.kwargs) -> T:
            return context.copy().run(function, *args, **kwargs)

        return carried

    def token(self) -> str:
        """Return a call token that can be used now, to carry on calls to the service's doors.

        Raises:
            DomeError: there is none to be had: `code` says why.
        """
        core = self._core
        refused = core.denial()
        if refused is not None:
            raise DomeError(str(refused.reason), refused.detail)
        self._open()
        held = self._run(flows.token(core, core.scope(), core.deadline()))
        if isinstance(held, DomeError):
            raise held
        return held.reveal()

    def drain(self, within: float) -> None:
        """Drain this process alone: no new work from now on, and what runs is aborted after so many seconds."""
        self._dispatch(self._core.drain(within))

    def drained(self, timeout: float | None = None) -> bool:
        """Wait until a drain or a stop is over: no new work is taken, the hooks have run, and nothing runs any more.

        Args:
            timeout: how long to wait, in seconds; the default is for ever.

        Returns:
            True if it is over.
        """
        with self._change:
            return self._change.wait_for(self._core.is_drained, timeout)

    def drain_on_sigterm(self, within: float = 25.0) -> None:
        """Drain on SIGTERM, deliver what waits, and end as the signal would have. A second one ends at once.

        Args:
            within: how long running work may go on, in seconds. The platform must wait longer before it kills.

        Raises:
            ValueError: this is not the main thread, where alone Python takes signals.
        """
        process, told = os.getpid(), False
        previous = signal.getsignal(signal.SIGTERM)
        ear, mouth = os.pipe()  # a handler may take no lock, so it can only write

        def handle(number: int, _frame: FrameType | None) -> None:
            nonlocal told
            if told or os.getpid() != process:
                signal.signal(number, previous if previous is not None else signal.SIG_DFL)
                os.kill(os.getpid(), number)
                return
            told = True
            os.write(mouth, b".")

        def end() -> None:
            os.read(ear, 1)
            self.audit.emit("sdk.signal", {"signal": "SIGTERM"})
            self.drain(within)
            self.drained(within + 1.0)
            self.close()
            os.kill(process, signal.SIGTERM)

        signal.signal(signal.SIGTERM, handle)
        threading.Thread(target=end, name="dome-sigterm", daemon=True).start()

    def close(self) -> None:
        """Deliver what waits, and end everything, within 5 s. Every check is denied from now on.

        Calling it again does nothing.
        """
        core = self._core
        with core.lock:
            if core.phase == "closed":
                return
            opened, core.phase = core.phase == "open", "closed"
        self._closing.set()
        core.abort_all()
        if opened and len(core.buffer) > 0:
            self._deliver(core.deadline(PATIENCE))
        left = core.buffer.give_up()
        if left:
            log.warning("closed with %d audit events that were not delivered", left)
        self._something_waits.set()
        self._drain_moved.set()
        self._hooks.put(None)
        if self._transport is not None:
            self._transport.hang_up()
        for thread in self._threads.values():
            if thread is not threading.current_thread():
                thread.join(0.5)
        if self._transport is not None:
            self._transport.close()
        self._changed()

    def __enter__(self) -> DomeClient:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    # What belongs to one process

    def _begin_process(self) -> None:
        self._lock = threading.Lock()
        self._change = threading.Condition()
        self._closing = threading.Event()
        self._something_waits = threading.Event()
        self._drain_moved = threading.Event()
        self._sending = threading.Lock()
        self._hooks: queue.SimpleQueue[AgentEvent | None] = queue.SimpleQueue()
        self._threads: dict[str, threading.Thread] = {}
        self._transport: Transport | None = None

    def _after_fork(self) -> None:
        """Begin anew in a child process: locks, connections and threads are the parent's."""
        self._core.after_fork()
        self._core.events.after_fork()
        self._begin_process()

    def _at_exit(self) -> None:
        self.close()

    def _open(self) -> Transport:
        with self._lock:
            if self._transport is None:
                self._core.configure()
                self._transport = Transport(self._core.base_url, self._given_transport)
                if self._core.phase == "new":
                    self._core.phase = "open"
            return self._transport

    def _ensure_threads(self) -> None:
        """Start the threads that are needed, also in a child process that uses the client of its parent."""
        jobs: dict[str, Callable[[], None]] = {"dome-audit": self._send_what_waits}
        if self._core.listening:
            jobs |= {"dome-hooks": self._run_hooks, "dome-drain": self._watch_drain}
            if self._core.config.listen:
                jobs["dome-events"] = self._listen
        with self._lock:
            if self._closing.is_set():
                return
            for name in jobs.keys() - self._threads.keys():
                self._threads[name] = threading.Thread(target=jobs[name], name=name, daemon=True)
                self._threads[name].start()

    # Checks

    def _decide(self, request: CheckRequest, raise_on_error: bool | None) -> Decision:
        core = self._core
        try:
            self._open()
            if core.listening:
                self._ensure_threads()
            outcome = self._run(flows.check(core, request, core.scope(), core.deadline()))
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

    @contextmanager
    def _running(self, call: Call) -> Iterator[None]:
        before = work.set_current(call)
        try:
            yield
        finally:
            work.reset_current(before)
            self._core.end(call)

    # Flows

    def _run(self, flow: Flow[T]) -> T:
        result: Any = None
        while True:
            try:
                effect = flow.send(result)
            except StopIteration as end:
                return cast(T, end.value)
            result = self._perform(effect)

    def _perform(self, effect: Effect) -> object:
        if isinstance(effect, Send):
            return self._open().send(effect)
        if isinstance(effect, Pause):
            return self._core.ports.wait(self._closing, effect.seconds)
        return self._usable_token(effect)

    def _usable_token(self, need: NeedToken) -> Secret | DomeError:
        """Return the token that is held, or the one of the request that is under way, or of a new one."""
        core, slot = self._core, need.slot
        with core.lock:
            now = core.ports.monotonic()
            held = slot.usable(now)
            flight, mine = cast("Flight | None", slot.flight), False
            if flight is None and (held is None or slot.due(now)):
                flight, mine = Future(), True
                slot.flight = flight
        if held is not None:
            if mine and flight is not None:
                self._renew_ahead(slot, flight)
            return held
        if flight is None:
            raise AssertionError("a token that is not usable has a request under way")
        if mine:
            self._fly(slot, flight)
        try:
            token = flight.result(need.deadline.remaining())
        except FutureTimeout:
            return UnreachableError("timed_out", "no token came in time")
        return token.secret if isinstance(token, Token) else token

    def _fly(self, slot: TokenSlot, flight: Flight) -> None:
        token: Token | DomeError = DomeError("internal", "the request for a token was given up")
        try:
            token = self._run(flows.issue(self._core, slot, self._core.deadline()))
        finally:
            with self._core.lock:
                slot.flight = None
            flight.set_result(token)

    def _renew_ahead(self, slot: TokenSlot, flight: Flight) -> None:
        """Renew a token that is good yet, beside the calls that use it."""
        try:
            threading.Thread(target=self._fly, args=(slot, flight), name="dome-renewal", daemon=True).start()
        except RuntimeError:  # no thread is to be had, for instance because the interpreter ends
            with self._core.lock:
                slot.flight = None
            flight.set_result(DomeError("internal", "no thread is to be had"))

    # Audit events

    def _emitted(self) -> None:
        self._something_waits.set()
        if self._core.phase == "open":
            self._ensure_threads()

    def _flush(self, timeout: float | None) -> bool:
        if self._core.phase != "closed":
            self._deliver(Deadline(self._core.ports, self._core.config.timeout if timeout is None else timeout))
        return len(self._core.buffer) == 0

    def _deliver(self, deadline: Deadline) -> DomeError | None:
        """Deliver what waits. One thread does so at a time, so that the order stays."""
        if not self._sending.acquire(timeout=deadline.remaining()):
            return UnreachableError("timed_out", "another thread delivers audit events")
        try:
            self._open()
            return self._run(flows.deliver(self._core, deadline))
        except DomeError as error:
            return error
        finally:
            self._sending.release()

    def _send_what_waits(self) -> None:
        failures = 0
        while not self._closing.is_set():
            self._something_waits.wait()
            if self._core.ports.wait(self._closing, _LINGER):
                return
            self._something_waits.clear()
            error = self._deliver(self._core.deadline()) if len(self._core.buffer) else None
            failures = 0 if error is None else failures + 1
            if error is not None:
                self._something_waits.set()
                self._core.ports.wait(self._closing, back_off(failures, self._core.ports.jitter(), 30.0))

    # The event stream

    def _listen(self) -> None:
        failures = 0
        while not self._closing.is_set():
            try:
                failures = 0 if self._listen_once() else failures + 1
            except Exception:  # a fault of this package must not leave what was heard standing
                log.exception("the event stream has failed by a fault of this package")
                failures += 1
            self._core.stream_ended()
            pause = self._core.stream_pause(failures)
            if pause is None or self._core.ports.wait(self._closing, pause):
                return

    def _listen_once(self) -> bool:
        """Hear what the stream says until it ends. Returns True if it said anything."""
        core, heard = self._core, False
        key = core.read_key()
        if isinstance(key, DomeError):
            log.warning("no event stream: %s", key)
            return False
        try:
            with self._open().listen(key, core.lifecycle.last_event_id) as (answer, messages):
                error = error_of(answer, core.base_url)
                if error is not None:
                    log.info("no event stream: %s", error)
                    return False
                for message in messages:
                    if self._closing.is_set():
                        break
                    if message.data:
                        heard = True
                        self._dispatch(core.hear(message.event, message.id, message.data))
        except (DomeError, *FAULTS) as fault:
            log.info("the event stream has ended (%s)", type(fault).__name__)
        return heard

    def _dispatch(self, events: tuple[AgentEvent, ...]) -> None:
        self._drain_moved.set()
        for event in events:
            self._hooks.put(event)

    def _run_hooks(self) -> None:
        while (event := self._hooks.get()) is not None:
            for hook in self._core.events.hooks_of(event):
                try:
                    hook(event)
                except Exception:  # the next hook runs all the same
                    log.exception("a hook for %s has failed", event.type)
            self._core.hook_ran()

    def _watch_drain(self) -> None:
        while not self._closing.is_set():
            left = self._core.abort_overdue()
            if left is not None and left <= 0:
                left = None
            self._drain_moved.wait(left)
            self._drain_moved.clear()

    def _changed(self) -> None:
        with self._change:
            self._change.notify_all()
