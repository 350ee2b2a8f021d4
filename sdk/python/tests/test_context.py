"""`verify_dome_context` on the cases that every SDK must pass (sdk/conformance/context.json), also for asyncio."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import httpx
import pytest
from support.server import ROOT

from dome import ConfigurationError, ContextError
from dome.context import (
    AsyncDomeKeys,
    ContextAgent,
    ContextLink,
    ContextRequest,
    ContextUser,
    ContextWorkspace,
    DomeContext,
    DomeKeys,
    verify_dome_context,
    verify_dome_context_async,
)

CASES: Any = json.loads((ROOT / "sdk/conformance/context.json").read_text())
ISSUER, AUDIENCE, NOW = CASES["issuer"], CASES["audience"], CASES["now"]
GOOD, OF_A_USER = (case["steps"][0]["token"] for case in CASES["cases"][:2])


class Service:
    """A service whose keys are what a step says, and a clock that stands where it says."""

    def __init__(self) -> None:
        self.served = "old"
        self.at = 0.0
        self.fetches = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        assert str(request.url) == f"{ISSUER}/.well-known/jwks.json"
        self.fetches += 1
        if self.served == "down":
            raise httpx.ConnectError("refused")
        if self.served == "moved":
            return httpx.Response(302, headers={"location": "https://evil.example/keys"})
        if self.served == "huge":
            return httpx.Response(200, text=" " * 100_000 + json.dumps(CASES["keys"]["old"]))
        if self.served == "page":
            return httpx.Response(200, text="<html>")
        return httpx.Response(200, json=CASES["keys"][self.served])

    def blocking(self) -> DomeKeys:
        transport = httpx.MockTransport(self.answer)
        return DomeKeys(ISSUER, transport=transport, wall=lambda: NOW, monotonic=lambda: self.at)

    def asynchronous(self) -> AsyncDomeKeys:
        transport = httpx.MockTransport(self.answer)
        return AsyncDomeKeys(ISSUER, transport=transport, wall=lambda: NOW, monotonic=lambda: self.at)


def told(service: Service, keys: DomeKeys, step: Any) -> list[Any]:
    """Return what is said of a token, in the form of a step."""
    service.at, service.served = step["at"], step["served"]
    try:
        verify_dome_context(step["token"], keys=keys, audience=AUDIENCE)
        code = None
    except ContextError as error:
        code = error.code
    return [step["at"], code, service.fetches if "fetches" in step else None]


async def told_asynchronously(service: Service, keys: AsyncDomeKeys, step: Any) -> list[Any]:
    service.at, service.served = step["at"], step["served"]
    try:
        await verify_dome_context_async(step["token"], keys=keys, audience=AUDIENCE)
        code = None
    except ContextError as error:
        code = error.code
    return [step["at"], code, service.fetches if "fetches" in step else None]


def expected(step: Any) -> list[Any]:
    return [step["at"], step["code"], step.get("fetches")]


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_the_cases_that_every_sdk_must_pass(case: Any) -> None:
    service = Service()
    keys = service.blocking()
    for step in case["steps"]:
        assert told(service, keys, step) == expected(step)
    keys.close()


@pytest.mark.parametrize("case", CASES["cases"], ids=lambda case: case["name"])
def test_the_same_cases_for_asyncio(case: Any) -> None:
    async def play() -> None:
        service = Service()
        keys = service.asynchronous()
        for step in case["steps"]:
            assert await told_asynchronously(service, keys, step) == expected(step)
        await keys.close()

    asyncio.run(play())


def test_all_that_dome_says_is_read() -> None:
    def ulid(last: str) -> str:
        return last.rjust(26, "0")

    user = f"usr_{'u' * 26}"
    assert verify_dome_context(OF_A_USER, keys=Service().blocking(), audience=AUDIENCE) == DomeContext(
        id=f"ctx_{ulid('1')}",
        issuer=ISSUER,
        audience=AUDIENCE,
        subject=user,
        workspace=ContextWorkspace(f"wsp_{ulid('1')}", "default"),
        agent=ContextAgent(f"agt_{ulid('b')}", "filer", "bob@acme.example", "trusted"),
        chain=(
            ContextLink(f"agt_{ulid('b')}", "filer", "trusted"),
            ContextLink(f"agt_{ulid('a')}", "support-triage", "standard"),
        ),
        user=ContextUser(user, "okta", "https://login.example", "zoë", "zoe@acme.example", ("ops",), False),
        action="http:call",
        tool="crm",
        operation="GET /tickets/{id}",
        decision_id=f"dec_{ulid('1')}",
        request_id=f"req_{ulid('1')}",
        txn=f"txn_{ulid('1')}",
        request=ContextRequest("GET", "203.0.113.7", "DE", "bot/1", {"x-tenant": "acme"}),
        issued_at=NOW,
        expires_at=NOW + 60,
    )


def test_the_keys_are_fetched_once_for_threads_that_come_at_once() -> None:
    service = Service()
    keys = service.blocking()
    threads = [
        threading.Thread(target=verify_dome_context, args=(GOOD,), kwargs={"keys": keys, "audience": AUDIENCE})
        for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert service.fetches == 1


@pytest.mark.parametrize(
    ("audience", "tolerance"), [("", 5.0), (AUDIENCE, 31.0), (AUDIENCE, -1.0), (AUDIENCE, float("nan"))]
)
def test_an_argument_that_cannot_be_meant_is_refused(audience: str, tolerance: float) -> None:
    with pytest.raises(ConfigurationError) as raised:
        verify_dome_context(GOOD, keys=Service().blocking(), audience=audience, clock_tolerance=tolerance)
    assert raised.value.code == "invalid_argument"


@pytest.mark.parametrize("issuer", ["dome.example", "http://dome.example", "https://u@dome.example"])
def test_no_keys_are_taken_from_there(issuer: str) -> None:
    with pytest.raises(ConfigurationError):
        DomeKeys(issuer)
