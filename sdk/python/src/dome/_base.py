"""What both clients are: the state, and what is done with it at once. What waits for something is in each of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

from dome import _processes
from dome._core import scope
from dome._core.core import Core
from dome._core.ports import Ports
from dome._core.secret import Secret
from dome.audit import Emitter
from dome.config import DomeConfig
from dome.events import AgentEvent, Events

A = TypeVar("A", bound=Emitter)
LINGER = 0.2
"""How long events are gathered before they are sent, in seconds."""
IN_A_HOOK = "drained() waits until the hooks have run, so a hook would wait for itself"


class BaseClient(ABC, Generic[A]):
    """What is the same for code that blocks and for code that awaits."""

    _audit: A

    def __init__(self, config: DomeConfig, ports: Ports | None) -> None:
        self._core = Core(config, ports or Ports())
        self._core.on_change = self._changed
        self._core.on_emit = self._hold_and_wake
        self._begin_process()
        _processes.register(self)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self._core.base_url!r}, {self._core.phase})"

    @property
    def base_url(self) -> str:
        """The URL of the service."""
        return self._core.base_url

    @property
    def audit(self) -> A:
        """What emits audit events."""
        return self._audit

    @property
    def events(self) -> Events:
        """What tells of the agent's life. A hook of an `AsyncDomeClient` may be asynchronous; the next one waits."""
        return self._core.events

    def act_as(self, id_token: str) -> AbstractContextManager[None]:
        """Act for a verified user in one `with` block: checks and `token()` in it are for that user.

        Tasks that are made in the block inherit it.

        Args:
            id_token: a fresh ID token of an identity provider of the workspace, with an audience bound to this agent.
        """
        return scope.acting(self._core.number, scope.Scope("id_token", Secret(id_token)))

    def on_behalf_of(self, call_token: str) -> AbstractContextManager[None]:
        """Act for another agent in one `with` block: checks and `token()` in it are for that agent.

        Tasks that are made in the block inherit it.

        Args:
            call_token: the call token that the other agent sent; it must delegate to this agent, or be its parent.
        """
        return scope.acting(self._core.number, scope.Scope("access_token", Secret(call_token)))

    def drain(self, within: float) -> None:
        """Drain this process alone: no new work from now on, and what runs is aborted after so many seconds."""
        self._dispatch(self._core.drain(within))

    def _after_fork(self) -> None:
        """Begin anew in a child process: locks, connections, threads and tasks are the parent's."""
        self._core.after_fork()
        self._core.events.after_fork()
        self._begin_process()

    def _hold_and_wake(self) -> None:
        if self._core.phase != "closed":
            _processes.hold(self)
        self._emitted()

    @abstractmethod
    def _begin_process(self) -> None:
        """Make what belongs to one process."""

    @abstractmethod
    def _at_exit(self) -> None:
        """Deliver what waits: the process ends."""

    @abstractmethod
    def _changed(self) -> None:
        """Look again whether the drain is over."""

    @abstractmethod
    def _emitted(self) -> None:
        """Wake what delivers audit events. Raises nothing, whatever thread this is."""

    @abstractmethod
    def _dispatch(self, events: tuple[AgentEvent, ...]) -> None:
        """Have the hooks run, and the end of a drain watched."""
