"""One request and its answer, as plain values; and the error that a refusal is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from dome._core.secret import Secret
from dome.decision import CheckRequest
from dome.errors import ApiError, DomeError, InvalidRequestError, UnreachableError, UnreadableAnswerError

MAX_ANSWER_BYTES = 1024 * 1024
"""A longer answer is none of this API."""


@dataclass(frozen=True, slots=True)
class Request:
    """A POST of the API. What it carries is left out of `repr`."""

    path: str
    credential: Secret = field(repr=False)
    content_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def request_id(self) -> str | None:
        """Return what an operator of the service searches for."""
        return self.headers.get("dome-request-id")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """Nothing came back, or not all of it."""

    timed_out: bool
    why: str
    """The kind of failure; never the text of an exception of another package."""


Outcome = Answer | Unanswered


def form(path: str, key: Secret, members: Mapping[str, str]) -> Request:
    """Return a request with a form, as the token endpoint takes it."""
    return Request(path, key, "application/x-www-form-urlencoded", urlencode(members).encode())


def json_body(value: object) -> bytes:
    """Return JSON as the service takes it.

    Raises:
        InvalidRequestError: the value is not JSON: another type, NaN, an infinity, half a surrogate, a cycle.
    """
    try:
        return json.dumps(value, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
    except (TypeError, ValueError, RecursionError) as fault:
        # The text of a UnicodeEncodeError repeats what could not be encoded.
        why = "half a surrogate pair" if isinstance(fault, UnicodeError) else str(fault)
        raise InvalidRequestError(f"this cannot be sent as JSON: {why}") from None


def check_body(question: CheckRequest) -> bytes | InvalidRequestError:
    """Return the question as the service takes it, or why it cannot be asked."""
    body = {member.name: getattr(question, member.name) for member in fields(question)}
    body = {name: value for name, value in body.items() if value is not None}
    if (question.action is None) != (question.resource is None):
        return InvalidRequestError("action and resource go together")
    if sum(name in body for name in ("tool", "model", "integration", "action")) != 1:
        return InvalidRequestError("ask for exactly one of tool, model, integration, or action with resource")
    if question.arguments is not None and not isinstance(question.arguments, Mapping):
        return InvalidRequestError("arguments must be a mapping of names to values")
    try:
        return json_body(
            {**body, **({"arguments": dict(question.arguments)} if question.arguments is not None else {})}
        )
    except InvalidRequestError as fault:
        return fault
    except Exception as fault:  # of a mapping of the program
        return InvalidRequestError(f"arguments cannot be read ({type(fault).__name__})")


def read_object(answer: Answer) -> dict[str, Any] | None:
    """Return the body, if it is a JSON object."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def error_of(outcome: Outcome, base_url: str) -> DomeError | None:
    """Return the error that an outcome is; None: it is a success."""
    if isinstance(outcome, Unanswered):
        if outcome.timed_out:
            return UnreachableError("timed_out", f"no answer from {base_url} in time ({outcome.why})")
        return UnreachableError("connection_failed", f"no connection to {base_url} ({outcome.why})")
    if outcome.status == 200:
        return None
    if outcome.status < 400:
        return unreadable(outcome, "a credential is not sent after a redirect")
    return _refusal(outcome)


def unreadable(answer: Answer, why: str) -> UnreadableAnswerError:
    """Return the error for an answer that is not in the contract."""
    return UnreadableAnswerError(
        f"the answer (status {answer.status}) cannot be read: {why}; is this the URL of a Dome service?",
        status=answer.status,
        request_id=answer.request_id,
    )


def _refusal(answer: Answer) -> DomeError:
    """Return a problem (RFC 9457), an OAuth error (RFC 6749 §5.2), or what the status alone says."""
    body = read_object(answer) or {}
    for code_member, detail_member in (("code", "detail"), ("error", "error_description")):
        code, detail = body.get(code_member), body.get(detail_member)
        if isinstance(code, str) and code and isinstance(detail, str):
            extra = body.get("dome_error")
            return ApiError(
                code,
                detail,
                status=answer.status,
                request_id=answer.request_id,
                dome_error=extra if isinstance(extra, str) else None,
                retry_after=retry_after(answer.headers),
            )
    if answer.status == 429 or answer.status >= 500:
        return ApiError(
            f"http_{answer.status}",
            f"the service answered {answer.status}",
            status=answer.status,
            request_id=answer.request_id,
            retry_after=retry_after(answer.headers),
        )
    return unreadable(answer, "it is no problem document")


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return `Retry-After` (RFC 9110 §10.2.3) in seconds.

    A date counts from the answer's own `Date`, because the clock here can be wrong by minutes; without one it is not
    understood.
    """
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text) if len(text) < 10 else None
    try:
        asked = parsedate_to_datetime(text)
        answered = parsedate_to_datetime(headers.get("date", ""))
        return max(0.0, (asked - answered).total_seconds())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
