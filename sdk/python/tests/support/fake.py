"""A service that answers as it is told, and a time that passes when it is told. Behind httpx's own seam."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

from dome import AsyncDomeClient, DomeClient, DomeConfig
from dome._core.endpoint import _checksum
from dome._core.ports import Ports
from support.stream import FakeStreams

URL = "https://dome.example.com"


def made_up_key(body: str = "0") -> str:
    """Return a key that has the form of one."""
    unsummed = f"dome_at_{body:0>43}"
    return unsummed + _checksum(unsummed)


KEY = made_up_key()
Step = Callable[[httpx.Request], httpx.Response]


class FakeTime:
    """A clock that stands still until somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if threading.current_thread() is not threading.main_thread():
            return event.wait(seconds)  # of the client's own threads, beside the test
        self.waits.append(seconds)
        self.now += seconds
        return event.is_set()

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def ports(self) -> Ports:
        return Ports(
            monotonic=lambda: self.now,
            jitter=lambda: 0.5,
            wait=self.wait,
            sleep=self.sleep,
            timestamp=lambda: "2026-11-28T09:00:00.000Z",
        )


def allow(**members: Any) -> dict[str, Any]:
    """Return the body of a decision."""
    return {
        "decision": "allow",
        "decision_id": "dec_01jdv3q1r2s3t4v5w6x7y8z9a0",
        "reason": "permitted",
        "layer": "policy",
        "detail": "",
        "change": None,
        "policies": ["builtin/declared-surface"],
        "bundle_version": "builtin-1",
        "txn": "txn_01jdv3q1r2s3t4v5w6x7y8z9a0",
        "request_id": "req_1",
        **members,
    }


def deny(reason: str = "surface_undeclared", **members: Any) -> dict[str, Any]:
    """Return the body of a decision."""
    change = {"detail": "an operator can declare it", "command": None, "role": None}
    return allow(
        **{"decision": "deny", "reason": reason, "layer": "surface", "detail": "no", "change": change, **members}
    )


def reply(body: object, status: int = 200, **headers: str) -> Step:
    """Answer with JSON."""
    return lambda _request: httpx.Response(
        status, json=body, headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


def problem(status: int, code: str, **headers: str) -> Step:
    """Answer with a problem (RFC 9457)."""
    body = {"type": f"/problems/{code}", "title": code, "status": status, "detail": f"{code}!", "code": code}
    return reply({**body, "instance": "req_2"}, status, dome_request_id="req_2", **headers)


def oauth_error(status: int, error: str, dome_error: str | None = None) -> Step:
    """Answer as the token endpoint refuses."""
    body = {"error": error, "error_description": f"{error}!"}
    return reply({**body, **({"dome_error": dome_error} if dome_error else {})}, status)


def broken(request: httpx.Request) -> httpx.Response:
    """Nothing listens."""
    raise httpx.ConnectError("refused", request=request)


def silent(request: httpx.Request) -> httpx.Response:
    """No answer comes."""
    raise httpx.ReadTimeout("late", request=request)


@dataclass
class FakeService:
    """Answers each route by its next step, the last one for ever."""

    tokens: list[Step] = field(default_factory=list)
    checks: list[Step] = field(default_factory=lambda: [reply(allow())])
    reports: list[Step] = field(default_factory=list)
    seen: list[httpx.Request] = field(default_factory=list)
    streams: FakeStreams = field(default_factory=FakeStreams)
    issued: int = 0
    lives: int = 300

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        if request.url.path == "/api/v1/auth/token":
            return self._next(self.tokens, self._issue)(request)
        if request.url.path == "/api/v1/check":
            return self._next(self.checks, reply(allow()))(request)
        if request.url.path == "/api/v1/agents/self/events":
            return self.streams(request)
        if request.url.path == "/api/v1/audit/events":
            return self._next(self.reports, _record)(request)
        return problem(404, "not_found")(request)

    def to(self, path: str) -> list[httpx.Request]:
        return [request for request in self.seen if request.url.path.endswith(path)]

    def reported(self) -> list[dict[str, Any]]:
        return [event for request in self.to("/audit/events") for event in json.loads(request.content)["events"]]

    def _issue(self, _request: httpx.Request) -> httpx.Response:
        self.issued += 1
        body = {
            "access_token": f"token-{self.issued}",
            "token_type": "Bearer",
            "expires_in": self.lives,
            "scope": "surface",
        }
        return httpx.Response(200, json=body)

    @staticmethod
    def _next(steps: list[Step], default: Step) -> Step:
        if not steps:
            return default
        return steps.pop(0) if len(steps) > 1 else steps[0]


def once(*steps: Step) -> list[Step]:
    """Answer by these steps, and then as if nothing had been."""
    queue = list(steps)
    rest = FakeService()

    def step(request: httpx.Request) -> httpx.Response:
        return (queue.pop(0) if queue else rest)(request)

    return [step]


def _record(request: httpx.Request) -> httpx.Response:
    events = json.loads(request.content)["events"]
    items = [
        {"event_id": event["event_id"], "outcome": "recorded", "record": "evt_1", "linked": [], "detail": None}
        for event in events
    ]
    return httpx.Response(200, json={"late": False, "items": items})


def bearer(request: httpx.Request) -> str:
    """Return what a request authenticates with."""
    return request.headers["authorization"].removeprefix("Bearer ")


def form_of(request: httpx.Request) -> dict[str, str]:
    """Return the members of a form."""
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def client_of(service: FakeService, time: FakeTime | None = None, **config: Any) -> DomeClient:
    """Return a client of a fake service, not started."""
    settings = DomeConfig(**{"base_url": URL, "token": KEY, "listen": False, **config})
    return DomeClient(settings, transport=httpx.MockTransport(service), ports=(time or FakeTime()).ports())


def async_client_of(service: FakeService, time: FakeTime | None = None, **config: Any) -> AsyncDomeClient:
    """Return an asynchronous client of a fake service, not started."""
    settings = DomeConfig(**{"base_url": URL, "token": KEY, "listen": False, **config})
    return AsyncDomeClient(settings, transport=httpx.MockTransport(service), ports=(time or FakeTime()).ports())
