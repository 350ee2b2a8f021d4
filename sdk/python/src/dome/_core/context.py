"""A `Dome-Context` as plain values: what its header must say, and what is read from it. Nothing here fetches."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from dome.errors import ConfigurationError, ContextError

_TYPE: Final = "dome-context+jwt"
_MOST_SECONDS: Final = 60
_MOST_LENGTH: Final = 16_384
_MOST_TOLERANCE: Final = 30.0
_COMPACT: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{86})", re.ASCII)
_UNSIGNED: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.", re.ASCII)
_KID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_REFUSED: Final = ("crit", "b64", "jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256")
"""Extensions that are not understood (RFC 7515 §4.1.11), and keys that the sender brings along."""

Members = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ContextWorkspace:
    """The workspace of the agents."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class ContextAgent:
    """The agent that calls, as registered."""

    id: str
    """`agt_…`: never used for another agent."""
    name: str
    """Its name, unique in the workspace."""
    owner: str
    """Who registered it."""
    tier: str


@dataclass(frozen=True, slots=True)
class ContextLink:
    """An agent that takes part."""

    agent: str
    name: str
    tier: str


@dataclass(frozen=True, slots=True)
class ContextUser:
    """The end user of a call, as verified by an identity provider of the workspace."""

    id: str
    """`usr_…`: stable within a workspace."""
    provider: str | None
    """The name of the provider; None: the workspace does not trust it any more."""
    issuer: str | None
    """The provider's own name; None where the provider's token did not come with this call."""
    subject: str | None
    """The user's name at the provider; None as for `issuer`."""
    email: str | None
    groups: tuple[str, ...]
    """Empty also where `groups_overage` is true."""
    groups_overage: bool
    """The user has groups that are not listed."""


@dataclass(frozen=True, slots=True)
class ContextRequest:
    """The request at Dome's door; None: unknown."""

    method: str | None
    ip: str | None
    country: str | None
    user_agent: str | None
    headers: Mapping[str, str]
    """Those that the tool's entry names, by name in lower case."""


@dataclass(frozen=True, slots=True)
class DomeContext:
    """One call, as Dome has admitted it."""

    id: str
    """Names this one context. Keep it until `expires_at` where a call must not be repeated."""
    issuer: str
    audience: str
    subject: str
    """For whom the call is: the user, or the agent where the chain begins."""
    workspace: ContextWorkspace
    agent: ContextAgent
    chain: tuple[ContextLink, ...]
    """Every agent that takes part, newest first."""
    user: ContextUser | None
    action: str
    tool: str
    operation: str | None
    """None: of the whole tool."""
    decision_id: str
    """By it an operator of Dome finds the decision."""
    request_id: str
    txn: str
    """The transaction that the call belongs to."""
    request: ContextRequest
    issued_at: int
    """Seconds since the epoch, by the service's clock."""
    expires_at: int
    """Seconds since the epoch, by the service's clock."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A token whose header is acceptable. Nothing in it is known to be true."""

    kid: str | None
    """None: of a form that no key of Dome has."""
    signed: bytes
    payload: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Expected:
    """What a context is compared with."""

    issuer: str
    audience: str
    tolerance: float

    def __post_init__(self) -> None:
        """Refuse what cannot be meant."""
        if not 0 <= self.tolerance <= _MOST_TOLERANCE:
            raise ConfigurationError("invalid_argument", f"clock_tolerance must be from 0 to {_MOST_TOLERANCE:g}")
        if not isinstance(self.audience, str) or self.audience == "":
            message = "audience must be the name of this server, as the tool's entry has it"
            raise ConfigurationError("invalid_argument", message)


def read_header(token: str | None) -> Signed:
    """Return the parts of a token.

    Raises:
        ContextError: it is missing, malformed, or of another kind.
    """
    if not token:
        raise ContextError("context_missing", "the call has no Dome-Context")
    is_short = len(token) <= _MOST_LENGTH
    parts = _COMPACT.fullmatch(token) if is_short else None
    if parts is None:
        if is_short and _UNSIGNED.fullmatch(token):  # RFC 7518 §3.6: alg none
            raise _wrong_algorithm()
        raise _malformed()
    head, payload, signature = parts.groups()
    header = _parsed(head)
    if any(name in header for name in _REFUSED):
        raise _malformed()
    kind = header.get("typ")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") != _TYPE:
        raise ContextError("context_wrong_type", "the token in Dome-Context is of another type")
    if header.get("alg") != "ES256":
        raise _wrong_algorithm()
    kid = header.get("kid")
    known = kid if isinstance(kid, str) and _KID.fullmatch(kid) else None
    return Signed(known, f"{head}.{payload}".encode(), payload, _bytes(signature))


def read_claims(token: Signed, key: EllipticCurvePublicKey | None, expected: Expected, now: float) -> DomeContext:
    """Return what a token says, once its signature is known to be right.

    Raises:
        ContextError: it does not count here.
    """
    if key is None:
        message = "the Dome-Context is signed with a key that the service does not publish"
        raise ContextError("context_unknown_key", message)
    r, s = (int.from_bytes(half, "big") for half in (token.signature[:32], token.signature[32:]))
    try:
        key.verify(encode_dss_signature(r, s), token.signed, ECDSA(SHA256()))
    except InvalidSignature:
        raise ContextError("context_bad_signature", "the signature of the Dome-Context does not fit") from None
    claims = _parsed(token.payload)
    try:
        return _context(claims, expected, now)
    except (KeyError, TypeError):
        raise _malformed() from None


def _context(claims: Members, expected: Expected, now: float) -> DomeContext:
    if claims.get("iss") != expected.issuer:
        raise ContextError("context_wrong_issuer", "the Dome-Context is of another issuer")
    if claims.get("aud") != expected.audience:
        raise ContextError("context_wrong_audience", "the Dome-Context is for another server")
    issued_at, expires_at = _whole(claims["iat"]), _whole(claims["exp"])
    not_before = max(issued_at, _whole(claims["nbf"])) if "nbf" in claims else issued_at
    if not 0 < expires_at - issued_at <= _MOST_SECONDS:
        raise _malformed()
    if not_before > now + expected.tolerance:
        raise ContextError("context_not_yet_valid", "the Dome-Context is not valid yet: compare the clocks")
    if expires_at <= now - expected.tolerance:
        raise ContextError("context_expired", "the Dome-Context has expired")
    dome = _members(claims["dome"])
    workspace, agent, request = (_members(dome[name]) for name in ("workspace", "agent", "request"))
    chain = tuple(_link(_members(each)) for each in _list(dome["chain"]))
    if not chain:
        raise _malformed()
    return DomeContext(
        id=_text(claims["jti"]),
        issuer=expected.issuer,
        audience=expected.audience,
        subject=_text(claims["sub"]),
        workspace=ContextWorkspace(_text(workspace["id"]), _text(workspace["name"])),
        agent=ContextAgent(*(_text(agent[name]) for name in ("id", "name", "owner", "tier"))),
        chain=chain,
        user=None if dome["user"] is None else _user(_members(dome["user"])),
        action=_text(dome["action"]),
        tool=_text(dome["tool"]),
        operation=_text_or_none(dome, "operation"),
        decision_id=_text(dome["decision_id"]),
        request_id=_text(dome["request_id"]),
        txn=_text(claims["txn"]),
        request=_request(request),
        issued_at=issued_at,
        expires_at=expires_at,
    )


def _request(request: Members) -> ContextRequest:
    return ContextRequest(
        method=_text_or_none(request, "method"),
        ip=_text_or_none(request, "ip"),
        country=_text_or_none(request, "country"),
        user_agent=_text_or_none(request, "user_agent"),
        headers={name: _text(value) for name, value in _members(request["headers"]).items()},
    )


def _link(link: Members) -> ContextLink:
    return ContextLink(*(_text(link[name]) for name in ("agent", "name", "tier")))


def _user(user: Members) -> ContextUser:
    return ContextUser(
        id=_text(user["id"]),
        provider=_text_or_none(user, "provider"),
        issuer=_text_or_none(user, "issuer"),
        subject=_text_or_none(user, "subject"),
        email=_text_or_none(user, "email"),
        groups=tuple(_text(each) for each in _list(user.get("groups", []))),
        groups_overage=user.get("groups_overage") is True,
    )


def _parsed(segment: str) -> Members:
    try:
        value = json.loads(_bytes(segment).decode("utf-8"))
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(value, dict):
        raise _malformed()
    return value


def _bytes(segment: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except ValueError:
        raise _malformed() from None


def _members(value: Any) -> Members:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _text_or_none(members: Members, name: str) -> str | None:
    value = members.get(name)
    return None if value is None else _text(value)


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError
    return value


def _malformed() -> ContextError:
    return ContextError("context_malformed", "the Dome-Context is not one")


def _wrong_algorithm() -> ContextError:
    return ContextError("context_wrong_algorithm", "the Dome-Context is not signed with ES256")
