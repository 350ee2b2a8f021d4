"""`start()` raises for a bad key or URL, and for nothing else; and nothing shows the key."""

from __future__ import annotations

import copy
import dataclasses
import json
import logging
import pickle
import traceback
from importlib import metadata

import httpx
import pytest
from support.fake import KEY, FakeService, allow, broken, client_of, made_up_key, oauth_error, problem, reply, silent
from support.server import ROOT

import dome
from dome import ConfigurationError, DomeConfig


@pytest.mark.parametrize(
    "key",
    [
        "",
        "dome_at_...",
        "dome_ot_" + KEY[8:],
        KEY[:-1],
        KEY + "0",
        KEY[:-1] + ("0" if KEY[-1] != "0" else "1"),
        KEY[:20] + " " + KEY[21:],
        KEY + "\n",
        KEY.replace("0", "٠", 1),
        "eyJhbGciOiJFUzI1NiJ9.e30.c2ln",
    ],
)
def test_start_refuses_what_is_no_key_before_anything_is_sent(key: str) -> None:
    service = FakeService()
    with pytest.raises(ConfigurationError) as refused:
        client_of(service, token=key).start()
    assert refused.value.code == "invalid_key"
    assert not key or key not in str(refused.value)
    assert service.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        "dome.example.com",
        "ftp://dome.example.com",
        "https://",
        "https:///path",
        "https://user:secret@dome.example.com",
        "https://dome.example.com?a=b",
        "https://dome.example.com#top",
        "https://dome.example.com:99999",
        "https://dome.example.com:port",
        "https://dome.exa mple.com",
        "https://dome.example.com\n",
        "https://[::1",
        "http://dome.example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
    ],
)
def test_start_refuses_a_url_to_which_a_key_must_not_go(url: str) -> None:
    service = FakeService()
    with pytest.raises(ConfigurationError) as refused:
        client_of(service, base_url=url).start()
    assert refused.value.code == "invalid_url"
    assert "secret" not in str(refused.value)
    assert service.seen == []


@pytest.mark.parametrize("url", ["http://localhost:8787", "http://127.0.0.1:8787/", "http://[::1]:8787"])
def test_start_takes_http_to_this_machine(url: str) -> None:
    with client_of(FakeService(), base_url=url) as client:
        assert client.check(tool="zendesk")


def test_start_takes_http_to_another_machine_where_that_is_asked_for() -> None:
    with client_of(FakeService(), base_url="http://dome.internal", insecure_http=True) as client:
        assert client.check(tool="zendesk")


def test_start_raises_for_a_key_that_the_service_refuses() -> None:
    with pytest.raises(ConfigurationError) as refused:
        client_of(FakeService(tokens=[oauth_error(401, "invalid_client")])).start()
    assert refused.value.code == "credential_refused"


@pytest.mark.parametrize(
    "step",
    [
        reply({}, 302, location="https://elsewhere.example.com"),
        reply({"hello": "world"}, 404),
        reply({"hello": "world"}),
    ],
)
def test_start_raises_for_a_url_at_which_another_service_answers(step: object) -> None:
    with pytest.raises(ConfigurationError) as refused:
        client_of(FakeService(tokens=[step])).start()  # type: ignore[list-item]
    assert refused.value.code == "invalid_url"


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (broken, "unavailable"),
        (silent, "unavailable"),
        (problem(503, "unavailable"), "unavailable"),
        (problem(429, "rate_limited"), "unavailable"),
        (reply("a proxy's page", 502), "unavailable"),
        (oauth_error(400, "unauthorized_client", "agent_provisioned"), "stopped"),
        (oauth_error(400, "unauthorized_client", "agent_suspended"), "stopped"),
        (oauth_error(400, "unauthorized_client", "agent_draining"), "draining"),
    ],
)
def test_start_does_not_raise_for_what_can_pass(step: object, reason: str) -> None:
    service = FakeService(tokens=[step])  # type: ignore[list-item]
    with client_of(service) as client:
        decision = client.check(tool="zendesk")
        assert (decision.allowed, decision.reason) == (False, reason)
        service.tokens.clear()
        assert client.check(tool="zendesk").allowed


def test_a_redirect_is_not_followed_because_a_credential_goes_to_one_place_only() -> None:
    service = FakeService(checks=[reply({}, 307, location="https://elsewhere.example.com/api/v1/check")])
    with client_of(service) as client:
        decision = client.check(tool="zendesk")
    assert decision.reason == "unavailable"
    assert {request.url.host for request in service.seen} == {"dome.example.com"}


def test_nothing_that_a_program_shows_of_a_client_shows_the_key(caplog: pytest.LogCaptureFixture) -> None:
    """P4: not `repr`, not `asdict`, not a log at its most talkative, not a traceback."""
    config = DomeConfig(base_url="https://dome.example.com", token=KEY)
    service = FakeService(checks=[broken])
    with caplog.at_level(logging.DEBUG), client_of(service, raise_on_error=True) as client:
        with pytest.raises(dome.UnreachableError) as raised:
            client.check(tool="zendesk", arguments={"subject": "an argument"})
        client.token()
        shown = [
            repr(config),
            str(dataclasses.asdict(config)),
            str(vars(config)),
            repr(copy.deepcopy(config)),
            repr(client),
            caplog.text,
            "".join(traceback.format_exception(raised.value)),
            "".join(traceback.TracebackException.from_exception(raised.value, capture_locals=True).format()),
            repr(raised.value.__dict__),
        ]
    assert [text for text in shown if KEY in text or "token-1" in text] == []
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__ or raised.value.__context__ is None


def test_a_configuration_cannot_be_pickled_because_it_would_carry_the_key() -> None:
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(DomeConfig(base_url="https://dome.example.com", token=KEY))


def test_an_error_does_not_repeat_a_credential_that_an_answer_repeats() -> None:
    echo = reply({"code": "invalid_request", "detail": f"not {KEY} and not eyJhbGciOiJFUzI1NiJ9.e30.c2ln"}, 400)
    with client_of(FakeService(checks=[echo])) as client:
        assert client.check(tool="zendesk").detail == "not [redacted] and not [redacted] [invalid_request]"


def test_a_text_that_repeats_the_beginning_of_a_token_is_read_once_so_that_nobody_buys_its_time_squared() -> None:
    text = "eyJ" * 1_000_000
    assert dome.DomeError("invalid_request", text).message == "[redacted]"


def test_a_key_can_be_read_anew_so_that_a_rotation_needs_no_restart() -> None:
    keys = [made_up_key("1"), made_up_key("2")]
    service = FakeService()
    with client_of(service, token=lambda: keys[0]) as client:
        keys.pop(0)
        service.checks = [problem(401, "invalid_token"), reply(allow())]
        assert client.check(tool="zendesk").allowed
    sent = [request.headers["authorization"] for request in service.to("/auth/token")]
    assert sent == [f"Bearer {made_up_key('1')}", f"Bearer {made_up_key('2')}"]


def test_a_key_that_cannot_be_read_is_a_denial() -> None:
    store = {"key": KEY}
    service = FakeService()
    with client_of(service, token=lambda: store["key"]) as client:
        store.clear()
        service.checks = [problem(401, "invalid_token")]
        decision = client.check(tool="zendesk")
    assert (decision.reason, decision.local) == ("unavailable", True)
    assert "KeyError" in decision.detail


def test_the_version_is_that_of_the_repository() -> None:
    version = json.loads((ROOT / "package.json").read_text())["version"]
    assert dome.__version__ == version
    assert metadata.version("dome-agent-sdk") == version


def test_every_request_says_which_sdk_asks() -> None:
    service = FakeService()
    with client_of(service):
        assert service.seen[0].headers["user-agent"] == f"dome-agent-sdk-python/{dome.__version__}"
    assert isinstance(service.seen[0], httpx.Request)
