"""A guarded function runs inside its call, and the check is told all that it runs with (P1)."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest
from support.fake import FakeService, allow, async_client_of, client_of, reply

import dome


def asked(service: FakeService) -> list[Any]:
    return [json.loads(request.content)["arguments"] for request in service.to("/check")]


def generator() -> Iterator[int]:
    yield 1


async def asynchronous_generator() -> AsyncIterator[int]:
    yield 1


class Generating:
    def __call__(self) -> Iterator[int]:
        yield 1


class Awaiting:
    async def __call__(self) -> int:
        return 1


GENERATORS: list[Callable[..., Any]] = [
    generator,
    asynchronous_generator,
    functools.partial(generator),
    functools.partial(asynchronous_generator),
    Generating(),
    functools.partial(Generating()),
    Generating().__call__,
]


@pytest.mark.parametrize("function", GENERATORS)
def test_a_generator_is_not_guarded_because_it_runs_after_its_call(function: Callable[..., Any]) -> None:
    with pytest.raises(TypeError, match="generator"):
        client_of(FakeService()).guard("zendesk")(function)

    async def case() -> None:
        with pytest.raises(TypeError, match="generator"):
            async_client_of(FakeService()).guard("zendesk")(function)

    asyncio.run(case())


def test_an_object_that_is_called_asynchronously_is_guarded_by_the_client_that_awaits() -> None:
    with pytest.raises(TypeError, match="AsyncDomeClient"):
        client_of(FakeService()).guard("zendesk", arguments=dict)(Awaiting())

    async def case() -> None:
        async with async_client_of(FakeService()) as client:
            for function in (Awaiting(), functools.partial(Awaiting())):
                assert await client.guard("zendesk", arguments=dict)(function)() == 1

    asyncio.run(case())


def test_what_would_run_after_the_call_is_not_returned_from_it() -> None:
    did: list[str] = []

    def work() -> Iterator[int]:
        did.append("generator")
        yield 1

    async def wait() -> None:
        did.append("coroutine")

    with client_of(FakeService()) as client:
        for late in (lambda: work(), lambda: wait(), lambda: asynchronous_generator()):
            with pytest.raises(TypeError, match="would run after its call"):
                client.guard("zendesk", arguments=dict)(late)()

    async def case() -> None:
        async with async_client_of(FakeService()) as client:

            @client.guard("zendesk", arguments=dict)
            async def late() -> Any:
                return work()

            with pytest.raises(TypeError, match="would run after its call"):
                await late()

    asyncio.run(case())
    assert did == []


def test_a_keyword_of_the_same_name_does_not_hide_a_positional_argument_from_the_check() -> None:
    service = FakeService()
    with client_of(service) as client:

        @client.guard("zendesk/read_ticket")
        def read(ticket: str, /, **more: str) -> str:
            return ticket

        assert read("secret", ticket="public", room="1") == "secret"
    assert asked(service) == [{"ticket": "secret", "room": "1"}]


def test_the_check_is_told_the_defaults_that_the_function_runs_with() -> None:
    service = FakeService()
    with client_of(service) as client:

        @client.guard("bank/pay")
        def pay(to: str, amount: int = 1_000, *rest: str, memo: str | None = None, urgent: bool = True) -> None: ...

        pay("alice")
        pay("alice", 1, "x", memo=None, urgent=False)
    assert asked(service) == [
        {"to": "alice", "amount": 1_000, "urgent": True},
        {"to": "alice", "amount": 1, "rest": ["x"], "memo": None, "urgent": False},
    ]


CHANGES: list[Callable[[dict[str, Any]], object]] = [
    lambda order: order.update(amount=1_000_000),
    lambda order: order.update(to="mallory"),
    lambda order: order.update(amount=object()),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("kind", ["blocking", "asynchronous"])
def test_a_function_does_not_run_with_other_arguments_than_were_allowed(
    change: Callable[[dict[str, Any]], object], kind: str
) -> None:
    """P1."""
    order: dict[str, Any] = {"amount": 1}

    def changed_meanwhile(request: httpx.Request) -> httpx.Response:
        change(order)
        return reply(allow())(request)

    service = FakeService(checks=[changed_meanwhile])
    if kind == "blocking":
        with client_of(service) as client:

            @client.guard("bank/pay")
            def pay(order: dict[str, Any]) -> None:
                pytest.fail(f"it ran with {order}")

            with pytest.raises(dome.DeniedError) as denied:
                pay(order)
    else:

        async def case() -> None:
            async with async_client_of(service) as client:

                @client.guard("bank/pay")
                async def pay(order: dict[str, Any]) -> None:
                    pytest.fail(f"it ran with {order}")

                await pay(order)

        with pytest.raises(dome.DeniedError) as denied:
            asyncio.run(case())
    assert (denied.value.code, denied.value.decision_id) == ("invalid_request", allow()["decision_id"])
    assert asked(service) == [{"order": {"amount": 1}}]
