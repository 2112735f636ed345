"""Kill `sfumato serve --jobs` again and again under load: no accepted job is lost, and none is drawn twice.

    OMP_NUM_THREADS=1 python benchmarks/serving_killed.py [KILLS] [WORKERS]       default: fifty, one

With several worker processes one of them is killed before its service is, and has to be replaced in half of all cases.
Each service is asked for four jobs at once, each with an Idempotency-Key of its own, and killed (SIGKILL) once a random
number of them is accepted, or a random job done, which leaves others half asked and half drawn. Whoever had no answer
asks the next service with the same key, as a client would. The last service is let be. Prints one line; exits 1 where a
job that was accepted isn't there, there is more than one of a key, one that was done is drawn anew, or a picture
differs from the one drawn alone by more than rounding.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
import os
import random
import signal
import sys
import tempfile
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image

import sfumato
from sfumato.cli import app
from sfumato.data import picture
from sfumato.hub.resolving import resolve

AT_ONCE = 4
BACKLOG = 32  # jobs that haven't ended, above which half of them are waited for: a service takes 64 of one client
PATIENCE_SECONDS = 900  # where other programs have the machine


@dataclass
class Outcome:
    """What came of it: the jobs that were asked for, and of how many of them something was wrong."""

    asked: int = 0
    workers: int = 0  # that were killed
    again: int = 0  # with the same key, as there was no answer
    wrong: list[str] = field(default_factory=list)


@contextmanager
def service(jobs: Path, workers: int) -> Iterator[tuple[int, str]]:
    """A service in a fork of this process: its id and address."""
    hears, tells = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.close(hears)
            sys.stdout = os.fdopen(tells, "w", buffering=1)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            app(["serve", "digits", "--port", "0", "--jobs", str(jobs), "--workers", str(workers)])
        finally:
            os._exit(1)
    os.close(tells)
    with os.fdopen(hears) as lines:
        line = lines.readline()
        if " at " not in line:
            raise RuntimeError(f"the service didn't start: {line}")
        try:
            yield child, line.split(" at ")[1].split("/v1")[0]
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def ask(address: str, path: str, body: dict[str, Any] | None = None, key: str | None = None) -> Any:
    headers = {"Content-Type": "application/json", **({} if key is None else {"Idempotency-Key": key})}
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
        urllib.request.Request(f"{address}{path}", data, headers), timeout=PATIENCE_SECONDS
    ) as answer:
        return json.load(answer)


def killed(kills: int, jobs: Path, workers: int = 1, seed: int = 0) -> Outcome:
    """Serve, ask and kill so often, then look at all that was accepted."""
    chance, outcome = random.Random(seed), Outcome()
    waiting: list[tuple[str, dict[str, Any]]] = []  # keys that have had no answer
    accepted, done = dict[str, str](), dict[str, Any]()  # ids by key, pictures by id
    for number in range(kills + 1):
        final = number == kills
        with service(jobs, workers) as (child, address), ThreadPoolExecutor(AT_ONCE) as pool:
            for name, pictures in done.items():
                if ask(address, f"/v1/jobs/{name}").get("data") != pictures:
                    outcome.wrong.append(f"{name} was done, and isn't what it was")
            left = [job["id"] for job in ask(address, "/v1/jobs")["data"] if job["status"] in ("waiting", "running")]
            if len(left) > BACKLOG:
                _wait(address, left[len(left) // 2])
            outcome.again += len(waiting)
            while len(waiting) < AT_ONCE and not final:
                key = f"job-{outcome.asked}"
                waiting.append((key, {"seeds": [outcome.asked], "class": "3", "steps": chance.randint(2, 60)}))
                outcome.asked += 1
            enough, most = threading.Semaphore(0), chance.randint(1, AT_ONCE)

            def one(key: str, body: dict[str, Any], to: str = address, heard: threading.Semaphore = enough) -> None:
                try:
                    accepted[key] = ask(to, "/v1/jobs", body, key)["id"]
                except urllib.error.HTTPError as error:
                    outcome.wrong.append(f"{key} was refused: {error.read().decode()}")
                except (ConnectionError, http.client.HTTPException, urllib.error.URLError):  # killed meanwhile
                    return
                heard.release()

            answers = [pool.submit(one, key, body) for key, body in waiting]
            if final:
                for answer in answers:
                    answer.result()
                _check(address, accepted, outcome)
                continue
            for _ in range(most):
                if not enough.acquire(timeout=PATIENCE_SECONDS):
                    raise RuntimeError("jobs aren't accepted")
            if workers > 1:
                _kill_one(child, chance)
                outcome.workers += 1
            if chance.random() < 0.5:
                _wait(address, chance.choice([*accepted.values()]))
            listed = ask(address, "/v1/jobs")["data"]
            done |= {job["id"]: ask(address, f"/v1/jobs/{job['id']}")["data"] for job in listed if _done(job)}
            os.kill(child, signal.SIGKILL)
        waiting = [(key, body) for key, body in waiting if key not in accepted]
    return outcome


def _kill_one(service: int, chance: random.Random) -> None:
    """Kill one of the service's worker processes."""
    children = psutil.Process(service).children()
    chance.choice([one for one in children if "spawn_main" in " ".join(one.cmdline())]).kill()


def _wait(address: str, name: str) -> None:
    """Until the job has ended."""
    with urllib.request.urlopen(f"{address}/v1/jobs/{name}/events", timeout=PATIENCE_SECONDS) as events:
        events.read()


def _done(job: dict[str, Any]) -> bool:
    return bool(job["status"] == "done")


def _check(address: str, accepted: dict[str, str], outcome: Outcome) -> None:
    """Wait for all jobs, and hold each to what its request alone leads to."""
    if len(accepted) != outcome.asked or len({*accepted.values()}) != outcome.asked:
        outcome.wrong.append(f"{outcome.asked} keys have {len({*accepted.values()})} jobs")
    listed = [job["id"] for job in ask(address, "/v1/jobs")["data"]]
    if sorted(listed) != sorted(accepted.values()):
        outcome.wrong.append(f"{len(listed)} jobs are there of {len(accepted)} that were accepted")
    model = sfumato.load("digits")
    for key, name in accepted.items():
        try:
            _wait(address, name)
            job = ask(address, f"/v1/jobs/{name}")
        except urllib.error.HTTPError:
            outcome.wrong.append(f"{key} is lost")
            continue
        seed, steps = int(key.removeprefix("job-")), job["request"]["sampling"]["steps"]
        request = model.request([seed], "3", sampling=model.settle(True, steps=steps))
        alone = np.asarray(picture(resolve(request, model).samples(), None, columns=1, scale=1, gap=0), int)
        drawn = np.asarray(Image.open(io.BytesIO(base64.b64decode(job["data"][0]["b64_json"]))), int)
        if job["status"] != "done" or np.abs(alone - drawn).max() > 1:
            outcome.wrong.append(f"{key} is another picture")


if __name__ == "__main__":
    kills, workers = (int(word) for word in [*sys.argv[1:], *("50", "1")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as folder:
        outcome = killed(kills, Path(folder) / "jobs.sqlite", workers)
    print(
        f"{kills} kills of the service, {outcome.workers} of its workers, {outcome.asked} jobs, {outcome.again} asked "
        f"for again: {len(outcome.wrong)} wrong"
    )
    print("\n".join(outcome.wrong))
    sys.exit(1 if outcome.wrong else 0)
