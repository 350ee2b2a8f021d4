"""What goes on beside the calls of a blocking client: a thread for each."""

from __future__ import annotations

import os
import queue
import signal
import threading
from collections.abc import Callable
from types import FrameType

from dome._base import LINGER
from dome._core import flows
from dome._core.core import Core, log
from dome._core.ports import Deadline
from dome._core.retry import Failures
from dome._core.wire import error_of
from dome._transport import FAULTS, Transport
from dome.errors import DomeError
from dome.events import AgentEvent


class Threads:
    """The delivery of audit events, the event stream, the hooks, and the end of a drain."""

    def __init__(
        self, core: Core, transport: Callable[[], Transport], deliver: Callable[[Deadline], DomeError | None]
    ) -> None:
        self._core = core
        self._open = transport
        self._deliver = deliver
        self.closing = threading.Event()
        """Set when the client closes: every pause ends."""
        self.running: dict[str, threading.Thread] = {}
        self._lock = threading.Lock()
        self._something_waits = threading.Event()
        self._drain_moved = threading.Event()
        self._hooks: queue.SimpleQueue[AgentEvent | None] = queue.SimpleQueue()

    @property
    def runs_hook(self) -> bool:
        """True in a hook."""
        return threading.current_thread() is self.running.get("dome-hooks")

    @property
    def is_one(self) -> bool:
        """True in one of these threads."""
        return threading.current_thread() in self.running.values()

    def ensure(self) -> None:
        """Start the threads that are needed. What cannot be started is tried again by the next call that needs it."""
        jobs = {
            "dome-audit": self._send_what_waits,
            "dome-events": self._listen,
            "dome-hooks": self._run_hooks,
            "dome-drain": self._watch_drain,
        }
        with self._lock:
            if self.closing.is_set():
                return
            for name in self._core.jobs() - self.running.keys():
                thread = threading.Thread(target=jobs[name], name=name, daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # too many, or the interpreter ends
                    log.warning("the thread %s could not be started", name)
                else:
                    self.running[name] = thread

    def wake(self) -> None:
        """Deliver soon: something waits."""
        self._something_waits.set()
        if self._core.phase == "open":
            self.ensure()

    def dispatch(self, events: tuple[AgentEvent, ...]) -> None:
        """Have the hooks run, and the end of a drain watched."""
        self._drain_moved.set()
        for event in events:
            self._hooks.put(event)
        self.ensure()

    def end(self, deadline: Deadline) -> None:
        """End the threads, and wait for them until the deadline."""
        self._something_waits.set()
        self._drain_moved.set()
        self._hooks.put(None)
        for thread in list(self.running.values()):
            if thread is not threading.current_thread():
                thread.join(deadline.remaining())

    def _send_what_waits(self) -> None:
        failures = Failures(self._core.ports.jitter)
        while not self.closing.is_set():
            self._something_waits.wait()
            if self._core.ports.wait(self.closing, LINGER):
                return
            self._something_waits.clear()
            error = self._deliver(self._core.deadline()) if len(self._core.buffer) else None
            failures.count(failed=error is not None)
            if error is not None:
                self._something_waits.set()
                self._core.ports.wait(self.closing, failures.pause())

    def _listen(self) -> None:
        failures = Failures(self._core.ports.jitter)
        while not self.closing.is_set():
            heard = False
            try:
                heard = self._listen_once()
            except Exception as fault:  # it must not leave what was heard standing
                flows.fault(fault)
            failures.count(failed=not heard)
            self._core.stream_ended()
            pause = self._core.stream_pause(failures.made)
            if pause is None or self._core.ports.wait(self.closing, pause):
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
                    if self.closing.is_set():
                        break
                    if message.data:
                        heard = True
                        self.dispatch(core.hear(message.event, message.id, message.data))
        except (DomeError, *FAULTS) as fault:
            log.info("the event stream has ended (%s)", type(fault).__name__)
        return heard

    def _run_hooks(self) -> None:
        while (event := self._hooks.get()) is not None:
            for hook in self._core.events.hooks_of(event):
                try:
                    hook(event)
                except Exception:  # the next hook runs all the same
                    log.exception("a hook for %s has failed", event.type)
            self._core.hook_ran()

    def _watch_drain(self) -> None:
        while not self.closing.is_set():
            self._drain_moved.wait(self._core.abort_overdue())
            self._drain_moved.clear()


def on_sigterm(drain: Callable[[], None]) -> None:
    """Run a function at SIGTERM, in a thread of its own, and then end as the signal would have.

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
        try:
            drain()
        finally:
            os.kill(process, signal.SIGTERM)

    signal.signal(signal.SIGTERM, handle)
    threading.Thread(target=end, name="dome-sigterm", daemon=True).start()
