"""For whom this code acts now. Kept in a context variable: a task inherits it, another thread or task never sees it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


@contextmanager
def acting(client: int, scope: Scope) -> Iterator[None]:
    """Act for a user or another agent in a `with` block.

    It is entered once: each block needs one of its own, in each thread and task.
    A block inside a block of another user or agent is refused: the inner one would shed the chain that the outer one
    has begun.
    """
    scopes = _scopes.get()
    if scopes.get(client, scope) != scope:
        raise InvalidRequestError(
            "this code acts for a user or an agent already: leave that block before you act for another one"
        )
    before = _scopes.set({**scopes, client: scope})
    try:
        yield
    finally:
        _scopes.reset(before)
