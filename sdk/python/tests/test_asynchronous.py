"""The asynchronous client keeps the same rules; what is its own is tested here."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest
from support.fake import FakeService, FakeTime, async_client_of, broken, deny, oauth_error, problem, reply

import dome


def run(case: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        await asyncio.wait_for(case, 30)

    asyncio.run(bounded())


def test_a_check_that_is_not_awaited_has_no_truth_value() -> None:
    async def case() -> None:
        async with async_client_of(FakeService()) as client:
            asking = client.check(tool="zendesk")
            with pytest.raises(TypeError, match="must be awaited"):
                bool(asking)
            assert await asking
            assert await asyncio.create_task(client.check(tool="zendesk"))
            assert all(await asyncio.gather(*(client.check(tool="zendesk") for _ in range(5))))

    run(case())


def test_callbacks_may_be_asynchronous_and_exactly_one_is_called() -> None:
    async def case() -> None:
        heard: list[object] = []

        async def on_allow(decision: dome.Decision) -> None:
            await asyncio.sleep(0)
            heard.append(decision)

        async def on_deny(request: dome.CheckRequest, reason: dome.Reason) -> None:
            await asyncio.sleep(0)
            heard.append((request.tool, reason))

        async with async_client_of(FakeService(checks=[reply(deny()), broken])) as client:
            await client.check(tool="zendesk", on_allow=on_allow, on_deny=on_deny)
            await client.check(tool="zendesk", on_allow=on_allow, on_deny=on_deny)
        assert heard == [("zendesk", "surface_undeclared"), ("zendesk", "unavailable")]

    run(case())


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (broken, "unavailable"),
        (problem(503, "draining"), "draining"),
        (problem(400, "invalid_request"), "invalid_request"),
        (reply({}), "unavailable"),
        (lambda _request: 1 / 0, "unavailable"),
    ],
)
def test_only_a_whole_allow_allows(step: Any, reason: str) -> None:
    async def case() -> None:
        async with async_client_of(FakeService(checks=[step])) as client:
            decision = await client.check(tool="zendesk")
            assert (decision.allowed, decision.reason, decision.local) == (False, reason, True)

    run(case())


def test_start_raises_for_a_refused_key_and_for_nothing_that_can_pass() -> None:
    async def case() -> None:
        refused = async_client_of(FakeService(tokens=[oauth_error(401, "invalid_client")]))
        with pytest.raises(dome.ConfigurationError):
            await refused.start()
        await refused.close()
        async with async_client_of(FakeService(tokens=[broken])) as client:
            assert (await client.check(tool="zendesk")).reason == "unavailable"

    run(case())


def test_tasks_share_one_request_for_a_token_and_one_that_is_cancelled_takes_it_from_nobody() -> None:
    async def case() -> None:
        service, time = FakeService(), FakeTime()
        async with async_client_of(service, time) as client:
            time.now += 1000
            impatient = asyncio.create_task(client.token())
            others = [asyncio.create_task(client.token()) for _ in range(8)]
            await asyncio.sleep(0)
            impatient.cancel()
            assert set(await asyncio.gather(*others)) == {"token-2"}
        assert len(service.to("/auth/token")) == 2

    run(case())


def test_a_stop_cancels_what_runs_and_nothing_else_of_the_task() -> None:
    async def case() -> None:
        service = FakeService()
        async with async_client_of(service, listen=True) as client:
            stream = await asyncio.to_thread(service.streams.next)
            stream.state()

            @client.guard("zendesk/create_ticket")
            async def forever() -> None:
                stream.say("agent.suspended", 1, replayed=False)
                await asyncio.Event().wait()

            with pytest.raises(dome.StoppedError):
                await forever()
            await asyncio.sleep(0)  # no cancellation is left over
            assert (await client.check(tool="zendesk")).reason == "stopped"
            assert await client.drained(10)
            stream.end()

    run(case())


def test_a_stop_reaches_every_block_around_what_runs() -> None:
    async def case() -> None:
        async with async_client_of(FakeService()) as client:
            with pytest.raises(dome.StoppedError):
                async with client.call(tool="zendesk/create_ticket"), client.call(tool="zendesk/delete_ticket"):
                    client.drain(within=0)
                    await asyncio.Event().wait()
            await asyncio.sleep(0)

    run(case())


def test_a_cancellation_by_somebody_else_stays_one() -> None:
    async def case() -> None:
        async with async_client_of(FakeService()) as client:
            begun = asyncio.Event()

            @client.guard("zendesk/create_ticket")
            async def forever() -> None:
                begun.set()
                await asyncio.Event().wait()

            task = asyncio.create_task(forever())
            await begun.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            client.drain(within=60)
            assert await client.drained(10)

    run(case())


def test_what_ends_in_the_moment_of_a_stop_does_not_cancel_what_comes_afterwards() -> None:
    async def case() -> None:
        async with async_client_of(FakeService()) as client:
            with pytest.raises(dome.StoppedError):
                async with client.call(tool="zendesk/create_ticket"):
                    client._core.abort_all()
            await asyncio.sleep(0)

    run(case())


def test_close_ends_also_while_events_are_on_their_way() -> None:
    async def case() -> None:
        for _ in range(20):
            client = async_client_of(FakeService(reports=[broken]), retries=0)
            await client.start()
            client.audit.emit("order_placed")
            await asyncio.sleep(0)
            await client.close()
            assert client.audit.lost == 1
            await client.close()

    run(case())


def test_events_of_any_thread_are_delivered_by_flush_and_by_close() -> None:
    async def case() -> None:
        service = FakeService()
        async with async_client_of(service) as client:
            client.audit.emit("order_placed")
            assert await client.audit.flush()
            assert len(service.reported()) == 1
            await asyncio.to_thread(client.audit.emit, "order_placed")
        assert len(service.reported()) == 2

    run(case())
