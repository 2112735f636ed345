"""Two `sfumato serve` on one PostgreSQL: one is killed under load, and the other answers for what it had."""

from __future__ import annotations

import base64
import json
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from postgres import postgres
from served import GENERATE, TOKEN, Served, serving
from sfumato.cli import app

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL for another process")


def ended(served: Served, name: str) -> str:
    """How a job ends."""
    asked = urllib.request.Request(f"http://127.0.0.1:{served.port}/v1/jobs/{name}/events")
    asked.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(asked, timeout=900) as events:
        told = [json.loads(line.removeprefix(b"data: ")) for line in events if line.startswith(b"data: ")]
    return str(told[-1]["status"])


def test_one_of_two_is_killed_under_load(tmp_path: Path) -> None:
    words = ("--seeds", "5-7", "--class", "3", "--steps", "20", "--sampler", "ddpm")
    body = {"seeds": "5-7", "class": "3", "steps": 20, "sampler": "ddpm"}
    sample = ["sample", "digits", *words, "--out", str(tmp_path / "alone")]
    app(sample, exit_on_error=False, result_action="return_value")
    expected = sorted(path.read_bytes() for path in (tmp_path / "alone").glob("*seed*.png"))
    with (
        postgres() as server,
        serving("--database", server.url) as second,
        serving("--database", server.url) as first,
    ):
        long = first.ask("/v1/jobs", {"n": 32, "steps": 1000})[1]["id"]
        names = [first.ask("/v1/jobs", body, **{"Idempotency-Key": str(one)})[1]["id"] for one in range(6)]
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
        status, answer = second.ask(f"/v1/jobs/{long}/cancel", {})
        assert (status, answer["status"]) == (200, "cancelled"), "whoever had it"
        for number, name in enumerate(names):
            assert ended(second, name) == "done"
            job = second.ask(f"/v1/jobs/{name}")[1]
            assert sorted(base64.b64decode(one["b64_json"]) for one in job["data"]) == expected
            assert second.ask("/v1/jobs", body, **{"Idempotency-Key": str(number)})[1]["id"] == name
        listed = second.ask("/v1/jobs")[1]["data"]
        assert [job["id"] for job in listed] == [*names[::-1], long], "none is lost, and none is there twice"
        status, answer = second.ask(GENERATE, body, **{"Idempotency-Key": "0"})
        assert status == 422, "another address was asked by it"
