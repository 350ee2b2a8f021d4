"""Fixtures: one server for the whole run, because it is the slowest thing here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a running server that offers the tool `zendesk`."""
    running = Server(tmp_path_factory.mktemp("dome"))
    try:
        running.offer()
        yield running
    finally:
        running.stop()
