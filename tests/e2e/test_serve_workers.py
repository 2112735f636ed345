"""`sfumato serve --workers`: processes are killed under load, and every picture is the command line's."""

from __future__ import annotations

import base64
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil

from served import GENERATE, LONG, serving
from sfumato.cli import app


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
        while served.ask(f"/v1/jobs/{long}")[1]["progress"] == 0:
            pass
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
        while (job := served.ask(f"/v1/jobs/{later}")[1])["status"] != "done":
            assert job["status"] in ("waiting", "running")
        assert sorted(base64.b64decode(one["b64_json"]) for one in job["data"]) == expected
