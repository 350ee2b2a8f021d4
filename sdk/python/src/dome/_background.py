"""What goes on beside the calls of an asynchronous client: a task for each."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from dome._base import LINGER
from dome._core import flows
from dome._core.core import Core, log
from dome._core.ports import Deadline
from dome._core.retry import Failures
from dome._core.wire import error_of
from dome._tasks import awaited, within
from dome._transport import FAULTS, AsyncTransport
from dome.errors import DomeError
from dome.events import AgentEvent


class Background:
    """The delivery of audit events, the event stream, the hooks, and the end of a drain."""

    def __init__(
        self,
        core: Core,
        transport: Callable[[], AsyncTransport],
        deliver: Callable[[Deadline], Awaitable[DomeError | None]],
    ) -> None:
        self._core = core
        self._open = transport
        self._deliver = deliver
        self.running: dict[str, asyncio.Task[None]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._something_waits = asyncio.Event()
        self._drain_moved = asyncio.Event()
        self._hooks: asyncio.Queue[AgentEvent] = asyncio.Queue()

    @property
    def runs_hook(self) -> bool:
        """True in a hook."""
        return asyncio.current_task() is self.running.get("dome-hooks")

    @property
    def is_one(self) -> bool:
        """True in one of these tasks."""
        return asyncio.current_task() in self.running.values()

    def attach(self) -> None:
        """Use the event loop that runs here, unless there is one already, and start what is needed in it."""
        if self._loop is None:
            with suppress(RuntimeError):  # none runs here: the first call that awaits something brings one
                self._loop = asyncio.get_running_loop()
        if self._loop is not None and len(self._core.buffer) > 0:
            self._something_waits.set()
        self.ensure()

    def ensure(self) -> None:
        """Start the tasks that are needed."""
        if self._loop is None:
            return
        jobs: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "dome-audit": self._send_what_waits,
            "dome-events": self._listen,
            "dome-hooks": self._run_hooks,
            "dome-drain": self._watch_drain,
        }
        for name in self._core.jobs() - self.running.keys():
            self.running[name] = self._loop.create_task(jobs[name](), name=name)

    def wake(self) -> None:
        """Deliver soon: something waits. Any thread may say so."""
        with suppress(RuntimeError):  # the loop has been closed: the end of the process delivers
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self.attach)

    def dispatch(self, events: tuple[AgentEvent, ...]) -> None:
        """Have the hooks run, and the end of a drain watched."""
        self._drain_moved.set()
        for event in events:
            self._hooks.put_nowait(event)
        self.attach()

    async def end(self, deadline: Deadline) -> None:
        """End the tasks, and wait for them until the deadline."""
        tasks = {task for task in self.running.values() if task is not asyncio.current_task()}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=deadline.remaining())

    async def _send_what_waits(self) -> None:
        failures = Failures(self._core.ports.jitter)
        while True:
            await self._something_waits.wait()
            await asyncio.sleep(LINGER)
            self._something_waits.clear()
            error = await self._deliver(self._core.deadline()) if len(self._core.buffer) else None
            failures.count(failed=error is not None)
            if error is not None:
                self._something_waits.set()
                await asyncio.sleep(failures.pause())

    async def _listen(self) -> None:
        failures = Failures(self._core.ports.jitter)
        while True:
            heard = False
            try:
                heard = await self._listen_once()
            except Exception as fault:  # it must not leave what was heard standing
                flows.fault(fault)
            failures.count(failed=not heard)
            self._core.stream_ended()
            pause = self._core.stream_pause(failures.made)
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
                        self.dispatch(core.hear(message.event, message.id, message.data))
        except (DomeError, *FAULTS) as fault:
            log.info("the event stream has ended (%s)", type(fault).__name__)
        return heard

    async def _run_hooks(self) -> None:
        while True:
            event = await self._hooks.get()
            for hook in self._core.events.hooks_of(event):
                try:
                    await awaited(hook(event))
                except Exception:  # the next hook runs all the same
                    log.exception("a hook for %s has failed", event.type)
            self._core.hook_ran()

    async def _watch_drain(self) -> None:
        while True:
            await within(self._drain_moved.wait(), self._core.abort_overdue())
            self._drain_moved.clear()
