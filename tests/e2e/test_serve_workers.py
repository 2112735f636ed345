"""`sfumato serve --workers`: processes are killed under load, and every picture is the command line's."""

from __future__ import annotations

import base64
import json
import signal
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil

from served import GENERATE, TOKEN, Served, serving
from sfumato.cli import app

LONG = {"n": 8, "steps": 1000}


def events(served: Served, name: str) -> Iterator[dict[str, Any]]:
    """How a job stands, until it has ended."""
    asked = urllib.request.Request(f"http://127.0.0.1:{served.port}/v1/jobs/{name}/events")
    asked.add_header("Authorization", f"Bearer {TOKEN}")
    with urllib.request.urlopen(asked, timeout=300) as lines:
        yield from (json.loads(line.removeprefix(b"data: ")) for line in lines if line.startswith(b"data: "))


def test_a_worker_and_the_service_are_killed_under_load(tmp_path: Path) -> None:
    file, words = tmp_path / "jobs.sqlite", ("--seeds", "5-7", "--class", "3", "--steps", "20", "--sampler", "ddpm")
    body = {"seeds": "5-7", "class": "3", "steps": 20, "sampler": "ddpm"}
    app(
        ["sample", "digits", *words, "--out", str(tmp_path / "alone")],
        exit_on_error=False,
        result_action="return_value",
    )
    expected = sorted(path.read_bytes() for path in (tmp_path / "alone").glob("*seed*.png"))
    with serving("--workers", "2", "--jobs", str(file)) as served, ThreadPoolExecutor() as pool:
        long = served.ask("/v1/jobs", LONG)[1]["id"]
        asked = pool.submit(served.ask, GENERATE, body)
        assert any(event["progress"] for event in events(served, long))
        service = psutil.Process(served.process.pid)
        workers = [one for one in service.children() if "spawn_main" in " ".join(one.cmdline())]
        assert len(workers) == 2
        workers[0].kill()
        status, answer = asked.result(300)
        assert status == 200, answer
        assert sorted(base64.b64decode(one["b64_json"]) for one in answer["data"]) == expected
        assert served.ask("/healthz")[0] == 200 and served.ask(f"/v1/jobs/{long}")[1]["status"] == "running"
        later = served.ask("/v1/jobs", body)[1]["id"]
        workers = service.children()
        served.process.send_signal(signal.SIGKILL)
        assert not psutil.wait_procs(workers, 60)[1], "no worker outlives its service"
    with serving("--workers", "2", "--jobs", str(file)) as served:
        served.ask(f"/v1/jobs/{long}/cancel", {})
        assert [*events(served, later)][-1]["status"] == "done"
        job = served.ask(f"/v1/jobs/{later}")[1]
        assert sorted(base64.b64decode(one["b64_json"]) for one in job["data"]) == expected
