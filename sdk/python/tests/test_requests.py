"""Tokens and retries: one renewal at a time, ahead of its end, by a clock that nobody sets; again only if it helps."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.fake import (
    FakeService,
    FakeTime,
    Step,
    allow,
    bearer,
    broken,
    client_of,
    form_of,
    once,
    problem,
    reply,
    silent,
)

import dome


def test_the_key_is_exchanged_once_for_many_checks() -> None:
    service = FakeService()
    with client_of(service) as client:
        assert all(client.check(tool="zendesk") for _ in range(20))
        assert client.token() == "token-1"
    [request] = service.to("/auth/token")
    assert form_of(request) == {"grant_type": "client_credentials"}
    assert {bearer(each) for each in service.to("/check")} == {"token-1"}


def test_a_token_is_renewed_ahead_of_its_end_while_calls_go_on_with_it() -> None:
    service, time = FakeService(), FakeTime()
    entered, go_on = threading.Event(), threading.Event()

    def slow(request: httpx.Request) -> httpx.Response:
        entered.set()
        assert go_on.wait(10)
        return service._issue(request)

    with client_of(service, time) as client:
        service.tokens = [slow]
        time.now += 300 * 0.7 - 1
        assert client.token() == "token-1"
        assert not entered.is_set()
        time.now += 2
        assert client.token() == "token-1"
        assert entered.wait(10)
        assert [client.token() for _ in range(5)] == ["token-1"] * 5
        go_on.set()
        renewed(client)
        assert client.token() == "token-2"
    assert len(service.to("/auth/token")) == 2


def renewed(client: dome.DomeClient) -> None:
    """Wait until no request for a token is under way."""
    for thread in threading.enumerate():
        if thread.name == "dome-renewal":
            thread.join(10)
    assert client._core.own.flight is None


def test_many_threads_share_one_request_for_a_token() -> None:
    service, time = FakeService(), FakeTime()
    together = threading.Barrier(16)
    with client_of(service, time) as client:
        time.now += 1000

        def use(_: int) -> str:
            together.wait(10)
            return client.token()

        with ThreadPoolExecutor(16) as pool:
            assert set(pool.map(use, range(16))) == {"token-2"}
    assert len(service.to("/auth/token")) == 2


def test_many_threads_share_one_failure_so_that_an_outage_makes_no_queue() -> None:
    service, time = FakeService(), FakeTime()
    with client_of(service, time, retries=0) as client:
        time.now += 1000
        entered, go_on = threading.Event(), threading.Event()

        def slow(request: httpx.Request) -> httpx.Response:
            entered.set()
            assert go_on.wait(10)
            return broken(request)

        service.tokens = [slow]
        before = len(service.seen)
        with ThreadPoolExecutor(8) as pool:
            first = pool.submit(client.check, tool="zendesk")
            assert entered.wait(10)
            others = [pool.submit(client.check, tool="zendesk") for _ in range(7)]
            go_on.set()
            assert {str(each.result(10).reason) for each in [first, *others]} == {"unavailable"}
        assert len(service.seen) - before <= 8


def test_a_renewal_that_fails_leaves_the_token_in_use_and_pauses() -> None:
    service, time = FakeService(), FakeTime()
    with client_of(service, time, retries=0) as client:
        service.tokens = [broken]
        time.now += 250
        for _ in range(10):
            assert client.token() == "token-1"
            renewed(client)
        assert len(service.to("/auth/token")) == 2
        time.now += 6
        assert client.token() == "token-1"
        renewed(client)
        assert len(service.to("/auth/token")) == 3


@pytest.mark.parametrize("lives", [1, 2, 10])
def test_a_token_near_its_end_hangs_nothing(lives: int) -> None:
    service, time = FakeService(lives=lives), FakeTime()
    with client_of(service, time) as client:
        for _ in range(5):
            assert client.check(tool="zendesk").allowed
            time.now += lives
    assert len(service.to("/auth/token")) <= 10


@pytest.mark.parametrize("lives", [0, -1, True, None, "300", 1e12])
def test_a_token_without_an_end_that_makes_sense_is_no_token(lives: object) -> None:
    service = FakeService(tokens=[reply({"access_token": "t", "expires_in": lives})])
    with pytest.raises(dome.ConfigurationError) as refused:
        client_of(service).start()
    assert refused.value.code == "invalid_url"


def test_retries_wait_longer_each_time_and_end() -> None:
    time = FakeTime()
    service = FakeService(checks=[broken])
    with client_of(service, time, retries=3, timeout=60) as client:
        assert client.check(tool="zendesk").reason == "unavailable"
    assert time.waits == [0.1875, 0.375, 0.75]
    assert len(service.to("/check")) == 4


@pytest.mark.parametrize(
    ("step", "sent"),
    [
        (broken, 3),
        (silent, 3),
        (problem(500, "internal"), 3),
        (problem(503, "unavailable"), 3),
        (problem(429, "rate_limited"), 3),
        (problem(503, "draining"), 1),
        (problem(400, "invalid_request"), 1),
        (problem(403, "actas_refused"), 1),
        (problem(401, "invalid_token"), 2),
        (reply({}, 302), 1),
        (reply(allow(decision="maybe")), 1),
    ],
)
def test_only_what_can_end_otherwise_is_asked_again(step: Step, sent: int) -> None:
    service = FakeService(checks=[step])
    with client_of(service, timeout=60) as client:
        client.check(tool="zendesk")
    assert len(service.to("/check")) == sent


def test_the_service_says_when_to_come_back() -> None:
    time = FakeTime()
    service = FakeService(checks=once(problem(503, "unavailable", retry_after="4")))
    with client_of(service, time) as client:
        assert client.check(tool="zendesk").allowed
    assert time.waits == [4.0]


def test_a_date_to_come_back_at_counts_from_the_date_of_the_answer_because_clocks_differ() -> None:
    time = FakeTime()
    dates = {"retry_after": "Fri, 31 Dec 1999 23:59:59 GMT", "date": "Fri, 31 Dec 1999 23:59:56 GMT"}
    service = FakeService(checks=once(problem(503, "unavailable", **dates)))
    with client_of(service, time) as client:
        assert client.check(tool="zendesk").allowed
    assert time.waits == [3.0]


@pytest.mark.parametrize("asked", ["3600", "99999999999", "-1", "soon", "１", ""])
def test_a_call_is_never_longer_than_its_time_whatever_the_service_asks_for(asked: str) -> None:
    time = FakeTime()
    encoded = asked.encode().decode("latin-1")
    service = FakeService(checks=[problem(503, "unavailable", retry_after=encoded)])
    with client_of(service, time, timeout=10) as client:
        begun = time.now
        assert client.check(tool="zendesk").reason == "unavailable"
        assert time.now - begun < 10


def test_an_attempt_that_hangs_leaves_time_for_another() -> None:
    service = FakeService(checks=once(silent))
    with client_of(service, timeout=10) as client:
        assert client.check(tool="zendesk").allowed
    assert [request.extensions["timeout"]["read"] for request in service.to("/check")] == [5.0, 5.0]
