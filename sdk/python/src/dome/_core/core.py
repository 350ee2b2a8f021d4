"""What a client knows: its tokens, the state of its agent, what runs, and which audit events wait."""

from __future__ import annotations

import itertools
import logging
import threading
from collections import OrderedDict
from typing import Literal

from dome._core.buffer import EventBuffer
from dome._core.endpoint import checked_url
from dome._core.lifecycle import Lifecycle
from dome._core.ports import Deadline, Ports
from dome._core.scope import Scope, current
from dome._core.secret import Secret
from dome._core.tokens import TokenSlot, exchange_wish, own_wish
from dome._core.work import Work
from dome.config import DomeConfig
from dome.decision import Decision, denied
from dome.errors import DomeError

log = logging.getLogger("dome")
_MOST_SLOTS = 256
_numbers = itertools.count(1)


class Core:
    """The state of one client. `lock` is held around every change, and never during I/O."""

    def __init__(self, config: DomeConfig, ports: Ports) -> None:
        self.config = config
        self.ports = ports
        self.number = next(_numbers)
        self.base_url = str(config.base_url)
        self.attempt_timeout = config.timeout / 2
        """Of one attempt, in seconds: an attempt that hangs leaves time for another."""
        self.phase: Literal["new", "started", "closed"] = "new"
        self.buffer = EventBuffer(config.event_buffer)
        self.reset()

    def reset(self) -> None:
        """Forget what belongs to this process alone: begin anew, for instance in a child process."""
        self.lock = threading.RLock()
        self.own = TokenSlot(own_wish())
        self.for_others: OrderedDict[Scope, TokenSlot] = OrderedDict()
        self.lifecycle = Lifecycle()
        self.work = Work()

    def after_fork(self) -> None:
        """Begin anew in a child process: what waits to be delivered is the parent's to deliver."""
        self.buffer = EventBuffer(self.config.event_buffer)
        self.reset()

    def configure(self) -> None:
        """Check what can be checked without asking.

        Raises:
            ConfigurationError: the key or the URL is none.
        """
        self.base_url = checked_url(self.config.base_url, insecure_http=self.config.insecure_http)
        self.config.read_key()

    def read_key(self) -> Secret | DomeError:
        """Return the key, or why there is none: the function that reads it is not ours."""
        try:
            return self.config.read_key()
        except DomeError as error:
            return error
        except Exception as fault:
            return DomeError("key_unavailable", f"the key could not be read ({type(fault).__name__})")

    def deadline(self) -> Deadline:
        """Return when an operation that begins now must be over."""
        return Deadline(self.ports, self.config.timeout)

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

    def denial(self) -> Decision | None:
        """Return the denial that needs no question; None: ask the service."""
        if self.phase != "started":
            said = "was closed" if self.phase == "closed" else "is not started: call start() first"
            return denied("closed", f"the client {said}")
        with self.lock:
            return self.lifecycle.denial()
