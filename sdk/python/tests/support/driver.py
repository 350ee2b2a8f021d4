"""Both clients behind one set of words, which the conformance cases use. Everything that comes back is plain data."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import nullcontext
from datetime import datetime, timedelta, timezone
from multiprocessing.connection import Connection
from typing import Any, Protocol

import dome
from dome._core.ports import Ports
from support.proxy import Loop


class Driver(Protocol):
    """What a case does with a client."""

    @property
    def shown(self) -> list[str]: ...

    def start(self) -> str | None: ...
    def check(self, question: dict[str, Any], acting: tuple[str, str] | None) -> dict[str, Any]: ...
    def token(self) -> str: ...
    def work(self, tool: str) -> Work: ...
    def heard(self) -> list[str]: ...
    def is_drained(self) -> bool: ...
    def emit(self, kind: str, data: dict[str, Any] | None, of_last: bool) -> None: ...
    def flush(self) -> int: ...
    def close(self) -> float: ...


class Work:
    """A guarded function that runs until it is told to end."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.finish = threading.Event()
        self.done: Future[str] = Future()

    @property
    def state(self) -> str:
        return self.done.result() if self.done.done() else "running"


def error_kind(error: dome.DomeError) -> str:
    """Return the word of the cases for an error."""
    if isinstance(error, dome.ConfigurationError):
        return "credential" if error.code == "credential_refused" else "configuration"
    if isinstance(error, dome.UnreachableError):
        return "connection"
    return "denied" if isinstance(error, dome.DeniedError) else error.code


def skewed(skew_ms: float) -> Ports:
    """Return ports with a clock on the wall that is wrong."""

    def timestamp() -> str:
        wrong = datetime.now(timezone.utc) + timedelta(milliseconds=skew_ms)
        return wrong.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    return Ports(timestamp=timestamp)


class _Common:
    def __init__(self) -> None:
        self.shown: list[str] = []
        self._heard: list[str] = []
        self._last: dome.Decision | None = None

    def heard(self) -> list[str]:
        return list(self._heard)

    def _show(self, *things: object) -> None:
        self.shown += [form(thing) for thing in things for form in (repr, str)]

    def _answer(self, decision: dome.Decision, callbacks: list[str]) -> dict[str, Any]:
        self._last = decision
        self._show(decision, decision.reason, json.dumps([decision.reason, decision.detail]))
        return {
            "decision": decision.decision,
            "reason": str(decision.reason),
            "local": decision.local,
            "callbacks": callbacks,
            "decision_id": decision.decision_id is not None,
            "change": decision.change is not None,
        }

    def _failure(self, error: dome.DomeError) -> dict[str, Any]:
        self._show(error, vars(error))
        return {"error": error_kind(error)}

    def _links(self, of_last: bool) -> dict[str, str | None]:
        if not of_last or self._last is None:
            return {}
        return {"txn": self._last.txn, "decision_id": self._last.decision_id}


class BlockingDriver(_Common):
    """`DomeClient`."""

    def __init__(self, config: dome.DomeConfig, skew_ms: float) -> None:
        super().__init__()
        self._client = dome.DomeClient(config, ports=skewed(skew_ms))
        self._client.events.on("*", lambda event: self._heard.append(event.type))
        self._drained = threading.Event()
        self._show(config, self._client)

    def start(self) -> str | None:
        try:
            self._client.start()
        except dome.DomeError as error:
            return str(self._failure(error)["error"])

        def wait() -> None:
            self._client.drained()
            self._drained.set()

        threading.Thread(target=wait, daemon=True).start()
        return None

    def check(self, question: dict[str, Any], acting: tuple[str, str] | None) -> dict[str, Any]:
        calls: list[str] = []
        with self._acting(acting):
            try:
                decision = self._client.check(
                    **question, on_allow=lambda _d: calls.append("allow"), on_deny=lambda _q, _r: calls.append("deny")
                )
            except dome.DomeError as error:
                return self._failure(error)
        return self._answer(decision, calls)

    def _acting(self, acting: tuple[str, str] | None) -> Any:
        if acting is None:
            return nullcontext()
        kind, token = acting
        return self._client.act_as(token) if kind == "user" else self._client.on_behalf_of(token)

    def token(self) -> str:
        return self._client.token()

    def work(self, tool: str) -> Work:
        handle = Work()

        @self._client.guard(tool)
        def function() -> str:
            call = dome.current_call()
            assert call is not None
            handle.running.set()
            while not handle.finish.is_set() and not call.cancelled.wait(0.02):
                pass
            return "finished"

        def run() -> None:
            try:
                handle.done.set_result(function())
            except dome.StoppedError as error:
                self._show(error)
                handle.done.set_result("aborted")
            except BaseException as fault:
                handle.done.set_exception(fault)

        threading.Thread(target=run, daemon=True).start()
        return handle

    def is_drained(self) -> bool:
        return self._drained.is_set()

    def emit(self, kind: str, data: dict[str, Any] | None, of_last: bool) -> None:
        self._client.audit.emit(kind, data, **self._links(of_last))

    def flush(self) -> int:
        self._client.audit.flush(4)
        return self._client.audit.waiting

    def close(self) -> float:
        begun = time.monotonic()
        self._client.close()
        self._show(self._client)
        return time.monotonic() - begun


class AsyncDriver(_Common):
    """`AsyncDomeClient`, on a loop of another thread."""

    def __init__(self, config: dome.DomeConfig, skew_ms: float, loop: Loop) -> None:
        super().__init__()
        self._loop = loop
        self._client: dome.AsyncDomeClient = self._in_loop(self._make(config, skew_ms))
        self._show(config, self._client)
        self._drained: Future[bool] | None = None

    async def _make(self, config: dome.DomeConfig, skew_ms: float) -> dome.AsyncDomeClient:
        client = dome.AsyncDomeClient(config, ports=skewed(skew_ms))

        async def hear(event: dome.AgentEvent) -> None:
            self._heard.append(event.type)

        client.events.on("*", hear)
        return client

    def _in_loop(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop.loop).result(30)

    def start(self) -> str | None:
        try:
            self._in_loop(self._client.start())
        except dome.DomeError as error:
            return str(self._failure(error)["error"])
        self._drained = asyncio.run_coroutine_threadsafe(self._client.drained(), self._loop.loop)
        return None

    def check(self, question: dict[str, Any], acting: tuple[str, str] | None) -> dict[str, Any]:
        async def run() -> dict[str, Any]:
            calls: list[str] = []

            async def on_allow(_decision: dome.Decision) -> None:
                calls.append("allow")

            with self._acting(acting):
                try:
                    decision = await self._client.check(
                        **question, on_allow=on_allow, on_deny=lambda _q, _r: calls.append("deny")
                    )
                except dome.DomeError as error:
                    return self._failure(error)
            return self._answer(decision, calls)

        result: dict[str, Any] = self._in_loop(run())
        return result

    def _acting(self, acting: tuple[str, str] | None) -> Any:
        if acting is None:
            return nullcontext()
        kind, token = acting
        return self._client.act_as(token) if kind == "user" else self._client.on_behalf_of(token)

    def token(self) -> str:
        return str(self._in_loop(self._client.token()))

    def work(self, tool: str) -> Work:
        handle = Work()

        @self._client.guard(tool)
        async def function() -> str:
            handle.running.set()
            while not handle.finish.is_set():  # noqa: ASYNC110 (another thread sets it)
                await asyncio.sleep(0.02)
            return "finished"

        async def run() -> None:
            try:
                handle.done.set_result(await function())
            except dome.StoppedError as error:
                self._show(error)
                handle.done.set_result("aborted")
            except BaseException as fault:
                handle.done.set_exception(fault)

        asyncio.run_coroutine_threadsafe(run(), self._loop.loop)
        return handle

    def is_drained(self) -> bool:
        return self._drained is not None and self._drained.done()

    def emit(self, kind: str, data: dict[str, Any] | None, of_last: bool) -> None:
        self._client.audit.emit(kind, data, **self._links(of_last))

    def flush(self) -> int:
        self._in_loop(self._client.audit.flush(4))
        return self._client.audit.waiting

    def close(self) -> float:
        begun = time.monotonic()
        self._in_loop(self._client.close())
        self._show(self._client)
        return time.monotonic() - begun


def _serve(pipe: Connection, base_url: str, key: str, skew_ms: float) -> None:
    driver = BlockingDriver(dome.DomeConfig(base_url=base_url, token=key), skew_ms)
    pipe.send("ready")
    while True:
        name, args = pipe.recv()
        pipe.send(driver.shown if name == "shown" else getattr(driver, name)(*args))
        if name == "close":
            return


class OtherProcess:
    """`DomeClient` in a process of its own."""

    def __init__(self, base_url: str, key: str, skew_ms: float) -> None:
        self._pipe, theirs = multiprocessing.get_context("spawn").Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=(theirs, base_url, key, skew_ms), daemon=True
        )
        self._process.start()
        assert self._pipe.poll(60), "the other process does not begin"
        self._pipe.recv()

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*args: Any) -> Any:
            self._pipe.send((name, args))
            assert self._pipe.poll(60), f"the other process does not answer to {name}"
            return self._pipe.recv()

        return call

    @property
    def shown(self) -> list[str]:
        self._pipe.send(("shown", ()))
        shown: list[str] = self._pipe.recv()
        return shown

    def end(self) -> None:
        self._process.join(10)
        self._process.close()
        self._pipe.close()
