"""The lesson's tests in a browser run again only after what they depend on has changed; in CI all of them run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from lesson import UNCHANGED, pages_hash

PASSED = Path(__file__).parents[2] / ".pytest_cache" / "lesson"  # a file a test: the hash of what it passed with


@pytest.fixture(scope="session")
def inputs() -> list[Path]:
    """What a module's tests depend on besides the pages; for modules to override."""
    return []


@pytest.fixture
def when_changed(request: pytest.FixtureRequest, inputs: list[Path]) -> Iterator[None]:
    """Skips a test that passed with the same pages and `inputs`, and says so at the end."""
    stamp = PASSED / hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:16]
    content = b"".join(path.read_bytes() for path in [*inputs, request.path])
    found = hashlib.sha256(pages_hash().encode() + content).hexdigest()
    if "CI" not in os.environ and stamp.exists() and stamp.read_text() == found:
        pytest.skip(UNCHANGED)
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed == failed:
        PASSED.mkdir(parents=True, exist_ok=True)
        stamp.write_text(found)
