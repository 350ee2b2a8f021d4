"""For whom code acts is a matter of its block: no other thread or task sees it, and no block sheds the outer one."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from support.fake import FakeService, async_client_of, bearer, client_of, form_of

import dome

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"


def by_subject(service: FakeService) -> list[httpx.Request]:
    """Have the service answer an exchange with a token that names its subject."""

    def issue(request: httpx.Request) -> httpx.Response:
        subject = form_of(request).get("subject_token", "self")
        return httpx.Response(200, json={"access_token": f"for-{subject}", "token_type": "Bearer", "expires_in": 300})

    service.tokens = [issue]
    return service.seen


def test_checks_and_tokens_in_the_block_are_for_the_user() -> None:
    service = FakeService()
    by_subject(service)
    with client_of(service) as client:
        with client.act_as("alice"):
            assert client.check(tool="zendesk").allowed
            assert client.token() == "for-alice"
        assert client.token() == "for-self"
    [_own, exchange] = [form_of(request) for request in service.to("/auth/token")]
    assert exchange == {
        "grant_type": EXCHANGE,
        "subject_token": "alice",
        "subject_token_type": "urn:ietf:params:oauth:token-type:id_token",
    }
    assert [bearer(request) for request in service.to("/check")] == ["for-alice"]


def test_another_agent_is_the_subject_of_an_access_token() -> None:
    service = FakeService()
    by_subject(service)
    with client_of(service) as client, client.on_behalf_of("the-other"):
        assert client.token() == "for-the-other"
    assert form_of(service.to("/auth/token")[-1])["subject_token_type"].endswith(":access_token")


def test_threads_do_not_see_each_others_users() -> None:
    service = FakeService()
    by_subject(service)
    together = threading.Barrier(8)
    with client_of(service) as client:

        def act(user: str) -> str:
            with client.act_as(user):
                together.wait(10)
                return client.token()

        users = [f"user-{n}" for n in range(8)]
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(act, users)) == [f"for-{user}" for user in users]


def test_a_new_thread_acts_for_nobody_unless_it_carries_the_block() -> None:
    service = FakeService()
    by_subject(service)
    with client_of(service) as client, ThreadPoolExecutor(2) as pool:
        with client.act_as("alice"):
            assert pool.submit(client.token).result(10) == "for-self"
            carried = client.carry(client.token)
            assert [pool.submit(carried).result(10) for _ in range(3)] == ["for-alice"] * 3
        assert pool.submit(client.token).result(10) == "for-self"


def test_tasks_inherit_the_block_in_which_they_are_made_and_no_other() -> None:
    service = FakeService()
    by_subject(service)

    async def run() -> list[str]:
        async with async_client_of(service) as client:
            tasks = []
            for user in ("alice", "bob"):
                with client.act_as(user):
                    tasks.append(asyncio.create_task(client.token()))
            tasks.append(asyncio.create_task(client.token()))
            return list(await asyncio.gather(*tasks))

    assert asyncio.run(run()) == ["for-alice", "for-bob", "for-self"]


def test_a_block_inside_a_block_of_somebody_else_is_refused_because_it_would_shed_the_chain() -> None:
    """P6."""
    service = FakeService()
    by_subject(service)
    with client_of(service) as client, client.act_as("alice"):
        with client.act_as("alice"):
            assert client.token() == "for-alice"
        for other in (client.act_as("bob"), client.on_behalf_of("alice")):
            with pytest.raises(dome.InvalidRequestError), other:
                pytest.fail("inside")
        assert client.token() == "for-alice"
    assert client_of(service)._core.scope() is None


def test_two_clients_have_blocks_of_their_own() -> None:
    service = FakeService()
    by_subject(service)
    with client_of(service) as one, client_of(service) as two, one.act_as("alice"), two.act_as("bob"):
        assert (one.token(), two.token()) == ("for-alice", "for-bob")


def test_tokens_for_others_are_kept_with_a_bound() -> None:
    service = FakeService()
    by_subject(service)
    with client_of(service) as client:
        for n in range(300):
            with client.act_as(f"user-{n}"):
                client.token()
        assert len(client._core.for_others) <= 256


def test_a_guard_asks_with_the_arguments_by_name() -> None:
    service = FakeService()

    class Desk:
        def __init__(self, client: dome.DomeClient) -> None:
            self.create = client.guard("zendesk/create_ticket")(self._create)

        def _create(self, subject: str, *, urgent: bool = False, **more: str) -> str:
            return subject

    with client_of(service) as client:
        assert Desk(client).create("printer", urgent=True, room="1") == "printer"
    [request] = service.to("/check")
    assert b'"arguments":{"subject":"printer","urgent":true,"room":"1"}' in request.content


def test_a_guarded_function_does_not_begin_when_it_is_denied() -> None:
    service = FakeService(checks=[lambda request: httpx.Response(503, json={})])
    with client_of(service, retries=0) as client:

        @client.guard("zendesk/create_ticket", arguments=lambda subject: {"s": subject})
        def create(subject: str) -> None:
            pytest.fail(subject)

        with pytest.raises(dome.DeniedError) as denied:
            create("printer")
        assert denied.value.decision.local
        assert denied.value.code == "unavailable"


def test_a_client_guards_only_what_it_can_wait_for() -> None:
    async def asynchronous() -> None: ...

    def blocking() -> None: ...

    with pytest.raises(TypeError, match="AsyncDomeClient"):
        client_of(FakeService()).guard("zendesk")(asynchronous)

    async def run() -> None:
        with pytest.raises(TypeError, match="DomeClient"):
            async_client_of(FakeService()).guard("zendesk")(blocking)  # type: ignore[arg-type]

    asyncio.run(run())
