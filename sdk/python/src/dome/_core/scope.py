"""For whom this code acts now. Kept in a context variable: a task inherits it, another thread or task never sees it."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Literal

from dome._core.secret import Secret
from dome.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Scope:
    """A user or another agent for whom this one acts."""

    kind: Literal["id_token", "access_token"]
    subject: Secret = field(repr=False)


_scopes: ContextVar[Mapping[int, Scope]] = ContextVar("dome_scopes", default={})  # noqa: B039 (never changed)


def current(client: int) -> Scope | None:
    """Return for whom this code acts through a client."""
    return _scopes.get().get(client)


class Acting:
    """The block in which code acts for somebody. It can be entered by `with` once, in threads and in tasks.

    A block inside a block of another user or agent is refused: the inner one would shed the chain that the outer one
    has begun.
    """

    def __init__(self, client: int, scope: Scope) -> None:
        self._client = client
        self._scope = scope

    def __enter__(self) -> None:
        scopes = _scopes.get()
        if scopes.get(self._client, self._scope) != self._scope:
            raise InvalidRequestError(
                "this code acts for somebody already: leave that block before you act for somebody else"
            )
        self._token = _scopes.set({**scopes, self._client: self._scope})

    def __exit__(self, *_exception: object) -> None:
        _scopes.reset(self._token)
