"""What a client still does when it closes, what it does without threads, and who may wait for a drain."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from typing import Any

import httpx
import pytest
from support.fake import KEY, FakeService, FakeTime, async_client_of, broken, client_of, once, problem, reply

import dome


def test_the_last_delivery_pauses_between_its_attempts_as_every_other() -> None:
    """P8."""
    service = FakeService(reports=once(broken))
    client = client_of(service)
    client.start()
    cut: list[bool] = []

    def wait(event: threading.Event, seconds: float) -> bool:
        if threading.current_thread() is threading.main_thread():
            cut.append(event.is_set())
            return event.is_set()
        return event.wait(seconds)

    client._core.ports = dataclasses.replace(client._core.ports, wait=wait)
    client._core.on_emit = lambda: None
    client.audit.emit("order_placed")
    client.close()
    assert cut == [False]
    assert client.audit.lost == 0
    assert len(service.to("/audit/events")) == 2


def test_a_check_that_pauses_while_the_client_closes_is_not_sent_again() -> None:
    service = FakeService(checks=[problem(503, "unavailable")])
    client = client_of(service)
    client.start()

    def wait(event: threading.Event, seconds: float) -> bool:
        if threading.current_thread() is not threading.main_thread():
            return event.wait(seconds)
        client._closing.set()  # as the first thing of a `close()` that delivers yet
        return event.is_set()

    client._core.ports = dataclasses.replace(client._core.ports, wait=wait)
    assert not client.check(tool="zendesk")
    assert len(service.to("/check")) == 1
    client.close()


def test_an_asynchronous_check_that_pauses_while_the_client_closes_is_not_sent_again() -> None:
    async def case() -> None:
        service = FakeService(checks=[problem(503, "unavailable")])
        client = async_client_of(service)
        await client.start()

        async def sleep(_seconds: float) -> None:
            client._core.close()  # as the first thing of a `close()` that delivers yet

        client._core.ports = dataclasses.replace(client._core.ports, sleep=sleep)
        assert not await client.check(tool="zendesk")
        assert len(service.to("/check")) == 1

    asyncio.run(case())


def test_to_close_delivers_and_waits_for_threads_within_one_time(monkeypatch: pytest.MonkeyPatch) -> None:
    time = FakeTime()

    def slow(request: httpx.Request) -> httpx.Response:
        time.now += 4
        return broken(request)

    client = client_of(FakeService(reports=[slow]), time, retries=0)
    client.start()
    client._core.on_emit = lambda: None
    client.audit.emit("order_placed")
    begun = time.now

    def join(_thread: threading.Thread, timeout: float) -> None:
        time.now += timeout

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "join", join)
        client.close()
    assert time.now - begun <= 5


def test_who_closes_again_waits_until_the_first_has_delivered() -> None:
    service, client = FakeService(), None
    entered, go_on = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        entered.set()
        assert go_on.wait(10)
        return FakeService()(request)

    service.reports = [slow]
    client = client_of(service)
    client.start()
    client._core.on_emit = lambda: None
    client.audit.emit("order_placed")
    first = threading.Thread(target=client.close)
    first.start()
    assert entered.wait(10)
    second = threading.Thread(target=client.close)
    second.start()
    second.join(0.1)
    assert second.is_alive()
    go_on.set()
    first.join(10)
    second.join(10)
    assert not second.is_alive()
    assert client.audit.lost == 0


def test_the_function_that_reads_the_key_is_called_outside_of_every_lock_and_cannot_make_start_raise() -> None:
    free: list[bool] = []

    def read() -> str:
        free.append(not client._lock.locked())
        raise KeyError("key")

    client = client_of(FakeService(), token=read)
    client.start()
    decision = client.check(tool="zendesk")
    client.close()
    assert (decision.reason, decision.local) == ("unavailable", True)
    assert free
    assert all(free)


def test_without_a_thread_to_be_had_a_client_starts_and_emits_and_the_next_one_tries_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    service = FakeService()
    client = client_of(service)

    def refuse(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        client.start()
        assert client.check(tool="zendesk").allowed
        assert client.audit.emit("order_placed") is not None
    assert client.audit.emit("order_placed") is not None
    assert {"dome-audit", "dome-hooks", "dome-drain"} <= client._threads.running.keys()
    client.close()
    assert len(service.reported()) == 2


def test_a_drain_before_the_start_runs_the_hooks_and_ends() -> None:
    heard: list[str] = []
    client = client_of(FakeService())
    client.events.on("*", lambda event: heard.append(event.type))
    client.drain(within=60)
    assert client.drained(timeout=10)
    assert heard == ["agent.draining"]
    client.close()

    async def case() -> None:
        client = async_client_of(FakeService())
        client.events.on("*", lambda event: heard.append(event.type))
        client.drain(within=60)
        assert await client.drained(timeout=10)
        await client.close()

    client_outside = async_client_of(FakeService())
    client_outside.events.on("*", lambda event: heard.append(event.type))
    client_outside.drain(within=60)

    async def later() -> None:
        assert await client_outside.drained(timeout=10)
        await client_outside.close()

    asyncio.run(case())
    asyncio.run(later())
    assert heard == ["agent.draining"] * 3


def test_a_hook_that_waits_for_the_drain_is_told_that_it_waits_for_itself() -> None:
    said: list[str] = []
    client = client_of(FakeService())

    def hook(_event: dome.AgentEvent) -> None:
        with pytest.raises(RuntimeError) as refused:
            client.drained()
        said.append(str(refused.value))

    client.events.on("agent.draining", hook)
    client.start()
    client.drain(within=60)
    assert client.drained(timeout=10)
    client.close()

    async def case() -> None:
        async with async_client_of(FakeService()) as client:

            async def hook(_event: dome.AgentEvent) -> None:
                with pytest.raises(RuntimeError) as refused:
                    await client.drained()
                said.append(str(refused.value))

            client.events.on("agent.draining", hook)
            client.drain(within=60)
            assert await client.drained(timeout=10)

    asyncio.run(case())
    assert len(said) == 2
    assert all("hook" in text for text in said)


def until_reported(service: FakeService, count: int) -> None:
    """Wait until so many events were reported, by a real clock."""
    for _ in range(1000):
        if len(service.reported()) >= count:
            return
        threading.Event().wait(0.01)
    raise AssertionError(service.reported())


def test_the_delivery_in_the_background_outlives_a_fault(caplog: pytest.LogCaptureFixture) -> None:
    """P8."""
    failed = threading.Event()

    def fail(_request: httpx.Request) -> httpx.Response:
        failed.set()
        raise ZeroDivisionError

    service = FakeService(reports=[fail])
    with client_of(service) as client:
        client.audit.emit("order_placed")
        assert failed.wait(10)
        service.reports.clear()
        until_reported(service, 2)
        assert client.audit.flush()
    assert "a fault of this package" in caplog.text


def test_asynchronous_events_from_before_the_start_are_delivered_in_the_background() -> None:
    async def case() -> None:
        service = FakeService()
        client = async_client_of(service)
        client.audit.emit("order_placed")
        await client.start()
        await asyncio.to_thread(until_reported, service, 1)
        await client.close()

    asyncio.run(case())


def test_an_outage_does_not_fill_the_buffer_with_news_of_what_was_lost() -> None:
    """P8."""
    service = FakeService(reports=[broken])
    with client_of(service, retries=0, event_buffer=3) as client:
        client._core.on_emit = lambda: None
        for _ in range(20):
            client.audit.emit("order_placed")
            assert not client.audit.flush()
        assert client.audit.waiting == 4
        assert client.audit.lost == 17
        service.reports.clear()
        assert client.audit.flush()
    told = {event["event_id"]: event["data"]["count"] for event in service.reported() if "signal" in event}
    assert sum(told.values()) == 17


def test_the_loss_of_what_tells_of_a_loss_is_not_told() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        assert len(service.to("/audit/events")) < 10
        events = json.loads(request.content)["events"]
        items = [{"event_id": e["event_id"], "outcome": "refused", "detail": "why"} for e in events]
        return httpx.Response(200, json={"items": items, "late": False})

    service = FakeService(reports=[refuse])
    with client_of(service) as client:
        client._core.on_emit = lambda: None
        client.audit.emit("order_placed")
        assert client.audit.flush()
        assert client.audit.lost == 1
        assert client.audit.flush()
    assert len(service.to("/audit/events")) == 2


def test_a_delivery_keeps_to_the_limit_that_the_service_has_told() -> None:
    service = FakeService()

    def sizes() -> list[int]:
        return [len(json.loads(request.content)["events"]) for request in service.to("/audit/events")]

    with client_of(service) as client:
        client._core.on_emit = lambda: None
        client._core.batch_limit = 10
        for n in range(35):
            client.audit.emit("order_placed", {"n": n})
        assert client.audit.flush()
        assert sizes() == [10, 10, 10, 5]
        service.reports = once(problem(413, "body_too_large"), reply({}, 503), reply({}, 503), reply({}, 503))
        for n in range(10):
            client.audit.emit("order_placed", {"n": n})
        assert not client.audit.flush()
        assert client.audit.flush()
    assert sizes()[4:] == [10, 5, 5, 5, 10]


def test_a_block_that_is_entered_twice_leaves_nobody_behind_in_a_thread() -> None:
    """P6."""
    client: dome.DomeClient = client_of(FakeService(), token=KEY)
    block: Any = client.act_as("alice")
    entered, go_on = threading.Event(), threading.Event()
    seen: list[object] = []

    def again() -> None:
        try:
            with block:
                entered.set()
                go_on.wait(10)
        except Exception as refused:
            seen.append(refused)
        entered.set()
        seen.append(client._core.scope())

    thread = threading.Thread(target=again)
    with block:
        thread.start()
        assert entered.wait(10)
    go_on.set()
    thread.join(10)
    assert client._core.scope() is None
    assert seen[-1] is None
    assert len(seen) == 2
