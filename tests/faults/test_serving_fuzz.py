"""Whatever is sent to any address of the service, it answers in a sentence, and never that it failed itself.

benchmarks/serving_fuzz.py does the same for minutes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from fuzzing import Told, by_bytes, by_path, by_schema
from served import Served, serving

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGTERM for another process")
FEW = settings(max_examples=8, derandomize=True, suppress_health_check=[*HealthCheck], deadline=None)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with serving() as service:
        yield service


@pytest.mark.parametrize(("ask", "least"), [(by_schema, 100), (by_path, 8), (by_bytes, 8)])
def test_nothing_that_is_sent_is_more_than_it_can_take(
    served: Served, ask: Callable[[Served, settings, Told], None], least: int
) -> None:
    answers: list[int] = []
    ask(served, FEW, answers.append)
    assert len(answers) >= least
