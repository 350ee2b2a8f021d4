"""What happens to clients when their process forks or ends."""

from __future__ import annotations

import atexit
import logging
import multiprocessing.process
import multiprocessing.util
import os
import weakref
from typing import Protocol


class Client(Protocol):
    """What every client does then."""

    def _after_fork(self) -> None: ...
    def _at_exit(self) -> None: ...


_clients: weakref.WeakSet[Client] = weakref.WeakSet()
_open: set[Client] = set()
"""Held until they are closed: what an open one has to deliver must not vanish with the last reference to it."""
register = _clients.add
hold = _open.add
release = _open.discard


def _forked() -> None:
    for client in list(_clients):
        client._after_fork()  # noqa: SLF001 (the one caller)


def _exiting() -> None:
    for client in list(_open):
        try:
            client._at_exit()  # noqa: SLF001 (the one caller)
        except Exception:  # the next one delivers all the same
            logging.getLogger("dome").exception("a client could not be closed at the end of the process")


def _exiting_as_a_worker(_module: object = None) -> None:
    """Have a process of `multiprocessing` deliver: it ends without `atexit`, by finalizers alone."""
    multiprocessing.util.Finalize(None, _exiting, exitpriority=1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
atexit.register(_exiting)
multiprocessing.util.register_after_fork(_exiting, _exiting_as_a_worker)
if multiprocessing.process.parent_process() is not None:
    _exiting_as_a_worker()
