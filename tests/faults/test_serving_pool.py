"""Jobs outlive the processes that draw them, and come out of several as they come out of one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import psutil
import pytest
import torch
from torch import Tensor

from exact_model import exact
from served import GREY
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.request import PictureEdit, Request, Upload
from sfumato.hub.resolving import resolve
from sfumato.serving import Full, Job, Limits, Pool, parts

MODEL = exact(1)
LONG = MODEL.request(range(9), sampler="ddim", steps=400)
LIMITS = Limits(owner_jobs=9, picture_bytes=10**6)


def replaced() -> Model:
    """A model whose weights are others in each process that loads it."""
    model = exact(1)
    model.weights_hash = str(os.getpid())
    return model


@pytest.fixture(scope="module")
def served() -> Iterator[Pool]:
    """Two processes; each row of a call of `deadly` ends its own, as the first argument of `_exit` does."""
    loaders = {"one": partial(exact, 1), "deadly": partial(exact, 1, os._exit), "replaced": replaced}
    with_pool = Pool(loaders, 2, LIMITS)
    yield with_pool
    ids = processes(with_pool)
    with_pool.close()
    assert not any(psutil.pid_exists(one) for one in ids)


def processes(of: Pool) -> list[int]:
    return [one.process.pid for one in of._processes]


def ended(of: Pool, *jobs: Job) -> None:
    while not all(job.ended for job in jobs):
        of.step()


def together(job: Job) -> Tensor:
    assert job.state == "done", job.error
    return torch.stack([job.pictures[row] for row in range(len(job.request.seeds))])


def alone(request: Request) -> Tensor:
    return resolve(request, MODEL).samples()


def test_pictures_of_several_processes_are_those_drawn_alone(served: Pool) -> None:
    grey = Upload.named("grey.png", GREY)
    ways: list[dict[str, Any]] = [
        {"seeds": [3], "labels": "cat", "sampler": "ddim", "steps": 4},
        {"seeds": range(7), "labels": ["dog", "cow"] * 3 + ["dog"], "sampler": "heun", "steps": 3, "guidance": 2.0},
        {"seeds": [5, 5, 2**63], "labels": {"cat": 1.0, "dog": -0.4}, "sampler": "ddpm", "steps": 5},
        {"seeds": [8, 9], "labels": "cat", "edit": PictureEdit(grey, 0.5), "sampler": "ddim", "steps": 4},
    ]
    requests = [MODEL.request(**way) for way in ways]
    jobs = [served.submit("one", request, str(number % 2)) for number, request in enumerate(requests)]
    assert served.jobs == tuple(jobs)
    ended(served, *jobs)
    for job, request in zip(jobs, requests, strict=True):
        assert torch.equal(together(job), alone(request)) and job.progress == 1
    assert not served.jobs and served.tallies["one"].calls


def test_partial_pictures_come_from_all_processes(served: Pool) -> None:
    request = MODEL.request(range(5), sampler="ddim", steps=8)
    steps = list(resolve(request, MODEL).steps())
    due = {number - 1: next(s.x0_hat for s in steps if s.index * 4 // s.total == number) for number in (1, 2, 3)}
    job, seen = served.submit("one", request, partial_images=3), set[int]()
    while not job.ended:
        served.step()
        for row, (number, picture) in job.partials.items():
            assert torch.equal(picture, due[number][row])  # type: ignore[index]
            seen.add(row)
    assert seen == {*range(5)}


def test_a_process_that_is_killed_loses_no_job_and_changes_no_picture(served: Pool) -> None:
    short = MODEL.request([1], "cat", sampler="ddim", steps=2)
    jobs = [served.submit("one", LONG), served.submit("one", LONG, "b")]
    for place in (0, 1):
        while jobs[1].state == "waiting":
            served.step()
        before = processes(served)
        os.kill(before[place], signal.SIGKILL)
        jobs.append(served.submit("one", short))  # to a process that is no more, it may be
        while processes(served) == before:
            served.step()
        assert processes(served)[1 - place] == before[1 - place], "the other goes on"
    ended(served, *jobs)
    for job, request in zip(jobs, [LONG, LONG, short, short], strict=True):
        assert torch.equal(together(job), alone(request)) and job.progress == 1


def test_what_kills_its_processes_fails_and_what_is_beside_it_does_not(
    served: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "MAX_DEATHS", 1)
    job = served.submit("deadly", MODEL.request([1], "cat", sampler="ddim", steps=2))
    later = served.submit("one", MODEL.request([2], "cat", sampler="ddim", steps=2))
    ended(served, job, later)
    assert job.state == "failed" and job.error is not None and job.error.startswith("1 processes have died")
    assert later.state == "done"


def test_a_model_that_was_replaced_is_drawn_by_no_process_under_its_old_name(served: Pool) -> None:
    job = served.submit("replaced", MODEL.request(range(3), sampler="ddim", steps=2))
    ended(served, job)
    assert job.state == "failed" and job.error is not None and "replaced holds other weights by now" in job.error


def test_a_cancelled_job_is_drawn_no_further(served: Pool) -> None:
    job = served.submit("one", LONG)
    while job.state == "waiting":
        served.step()
    served.cancel(job)
    served.cancel(job)
    assert job.state == "cancelled" and not served.jobs and not any(one.parts for one in served._processes)
    other = served.submit("one", MODEL.request([1], "cat", sampler="ddim", steps=2))
    ended(served, other)
    calls = served.tallies["one"].calls
    assert other.state == "done"
    last = served.submit("one", MODEL.request([1], "cat", sampler="ddim", steps=2))
    ended(served, last)
    assert served.tallies["one"].calls <= calls + 4, "of the long one there are no more"


def test_what_cant_be_drawn_or_has_no_room_is_refused_at_once(served: Pool) -> None:
    with pytest.raises(SfumatoError, match="bird"):
        served.submit("one", replace(LONG, labels=("bird",)))
    jobs = [served.submit("one", LONG) for _ in range(LIMITS.owner_jobs)]
    with pytest.raises(Full, match="9 jobs of yours wait already"):
        served.submit("one", LONG)
    for job in jobs:
        served.cancel(job)
    large = Upload.named("grey.png", GREY + bytes(LIMITS.picture_bytes))
    job = served.submit("one", MODEL.request([1], edit=PictureEdit(large, 0.5), sampler="ddim", steps=2))
    with pytest.raises(Full, match="fill the memory"):  # what came along waits here for its process to die
        served.submit("one", LONG)
    served.cancel(job)
    assert not served.jobs
