"""The client for code that blocks. It is safe to use from several threads, and after a fork."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, TypeVar, cast

import httpx

from dome._core import flows
from dome._core.core import Core, log
from dome._core.flows import Effect, Flow, NeedToken, Pause, Send
from dome._core.ports import Ports
from dome._core.secret import Secret
from dome._core.tokens import Token, TokenSlot
from dome._transport import Transport
from dome.config import DomeConfig
from dome.decision import CheckRequest, Decision, Reason
from dome.errors import DomeError, UnreachableError

T = TypeVar("T")
OnAllow = Callable[[Decision], object]
Flight = Future[Token | DomeError]
OnDeny = Callable[[CheckRequest, Reason], object]


class DomeClient:
    """An agent's connection to Dome. Make one per process, start it, and close it at the end."""

    def __init__(
        self,
        config: DomeConfig,
        *,
        transport: httpx.BaseTransport | None = None,
        ports: Ports | None = None,
    ) -> None:
        """Make a client. Nothing is sent, and nothing is checked, before `start()`.

        Args:
            config: where the service is, and the agent's key.
            transport: what sends requests, instead of the network: for tests.
            ports: time and chance, for tests.
        """
        self._core = Core(config, ports or Ports())
        self._given_transport = transport
        self._closing = threading.Event()
        self._transport: Transport | None = None

    def __repr__(self) -> str:
        return f"DomeClient(base_url={self._core.base_url!r}, {self._core.phase})"

    def start(self) -> None:
        """Exchange the key for the first call token. Calling it again does nothing.

        A service that cannot be reached is no error: every check is denied until it can be. The same goes for an agent
        that is not active.

        Raises:
            ConfigurationError: the key is none, or the service refuses it; the URL is none, or not of a service.
        """
        core = self._core
        if core.phase != "new":
            return
        core.configure()
        self._transport = Transport(core.base_url, self._given_transport)
        first = self._run(flows.issue(core, core.own, core.deadline()))
        fatal = flows.fatal(first) if isinstance(first, DomeError) else None
        if fatal is not None:
            self._transport.close()
            raise fatal
        if isinstance(first, DomeError):
            log.warning("started without a token: %s", first)
        core.phase = "started"

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
            on_allow: called with the decision.
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
        if decision.allowed:
            if on_allow is not None:
                on_allow(decision)
        elif on_deny is not None:
            on_deny(request, decision.reason)
        return decision

    def token(self) -> str:
        """Return a call token that can be used now, to carry on calls to the service's doors.

        Raises:
            DomeError: there is none to be had: `code` says why.
        """
        core = self._core
        refused = core.denial()
        if refused is not None:
            raise DomeError(str(refused.reason), refused.detail)
        held = self._run(flows.token(core, core.scope(), core.deadline()))
        if isinstance(held, DomeError):
            raise held
        return held.reveal()

    def close(self) -> None:
        """End everything. Every check is denied from now on. Calling it again does nothing."""
        if self._core.phase == "closed":
            return
        self._core.phase = "closed"
        self._closing.set()
        if self._transport is not None:
            self._transport.close()

    def __enter__(self) -> DomeClient:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def _decide(self, request: CheckRequest, raise_on_error: bool | None) -> Decision:
        core = self._core
        try:
            outcome: Decision | DomeError = self._run(flows.check(core, request, core.scope(), core.deadline()))
        except Exception as fault:  # a fault of this package must not open anything either
            log.exception("a check failed by a fault of this package")
            outcome = DomeError("internal", f"a fault of this package ({type(fault).__name__})")
        if isinstance(outcome, Decision):
            return outcome
        decision = flows.denial_of(outcome)
        wanted = core.config.raise_on_error if raise_on_error is None else raise_on_error
        if wanted and decision.reason not in ("draining", "stopped"):
            raise outcome
        return decision

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
            if self._transport is None:
                return UnreachableError("connection_failed", "the client is not started")
            return self._transport.send(effect)
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
