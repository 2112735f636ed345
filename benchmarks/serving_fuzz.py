"""Send a service requests of any kind for minutes: it never fails itself, and its memory stays as it is.

    OMP_NUM_THREADS=1 python benchmarks/serving_fuzz.py [MINUTES]       default: ten

schemathesis makes requests that the service's own schema allows and others that it forbids, at each address; beside
them come paths of all sorts, and mere bytes (tests/fuzzing.py). The rate limit is off, so that requests are answered
rather than put off. Tells of how many of each status there were, and of the service's resident memory after the first
round and after the last. Ends with the request that did it, and 1, where an answer is 5xx, a traceback, or no sentence.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

import psutil
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from fuzzing import by_bytes, by_path, by_schema
from served import serving


def some(count: int) -> settings:
    return settings(max_examples=count, database=None, suppress_health_check=[*HealthCheck], deadline=None)


if __name__ == "__main__":
    minutes = float(sys.argv[1]) if sys.argv[1:] else 10.0
    statuses, end, rounds = Counter[int](), time.monotonic() + 60 * minutes, 0
    memory: list[int] = []
    with serving("--rate", "1000000") as service:
        process = psutil.Process(service.process.pid)
        while time.monotonic() < end:
            for ask, count in ((by_schema, 10), (by_path, 150), (by_bytes, 50)):
                ask(service, some(count), lambda status: statuses.update([status]))
            rounds += 1
            memory.append(process.memory_info().rss >> 20)
            print(f"round {rounds}: {statuses.total()} requests, {memory[-1]} MiB", file=sys.stderr, flush=True)
    told = ", ".join(f"{count} × {status or 'cut off'}" for status, count in sorted(statuses.items()))
    print(f"{statuses.total():,} requests in {rounds} rounds: {told}; {memory[0]} MiB at first, {memory[-1]} at last")
