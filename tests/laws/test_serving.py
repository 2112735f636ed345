"""The engine draws each picture as it is drawn alone, whatever joins, leaves, fails or is cancelled beside it."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from itertools import count

import numpy as np
import psutil
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torch import Tensor

from exact_model import exact
from sfumato import Edit
from sfumato.errors import SfumatoError
from sfumato.hub import Model, load
from sfumato.hub.request import File, PictureEdit, Request, Upload
from sfumato.hub.resolving import resolve
from sfumato.serving import Engine, Full, Job, Limits
from tiny import TINY

PICTURE = torch.rand(TINY.shape, generator=torch.Generator().manual_seed(0)) * 2 - 1


def broken(x, grid, noise):  # type: ignore[no-untyped-def]
    x = yield x, grid[0]
    yield x * float("nan"), grid[1]
    return x


MODELS = {"one": exact(1), "other": exact(2)}
ONE = MODELS["one"]
REQUESTS: list[Request] = [
    ONE.request([3], "cat", sampler="ddim", steps=4),
    ONE.request([4, 5], ["dog", "cow"], sampler="heun", steps=3, guidance=2.0),
    ONE.request(range(20), sampler="dpm++2m", steps=5),
    ONE.request([2**63], "cow", sampler="ddpm", steps=6, guidance=1.5, threshold="dynamic"),
    ONE.request([7], "dog", sampler="adaptive", steps=2),
    ONE.request([8, 9], {"cat": 1.0, "dog": -0.4}, sampler="unipc3", steps=4),
    ONE.request([10], "cat", sampler="sa-solver", steps=4, guidance=3.0, rule="projected"),
    ONE.request([11, 12], edit=Edit(PICTURE, 0.5), sampler="ddim", steps=5),
    ONE.request([13], "dog", edit=Edit(PICTURE, 1.0, PICTURE[:1] > 0), sampler="dpm++2m", steps=4),
    ONE.request([14], "cat", sampler=broken, steps=3),
]
BROKEN = len(REQUESTS) - 1
ALONE = {
    (name, index): resolve(request, model).samples()
    for name, model in MODELS.items()
    for index, request in enumerate(REQUESTS)
    if index != BROKEN
}


def engine(limits: Limits | None = None, **models: Model) -> Engine:
    return Engine({name: lambda model=model: model for name, model in (models or MODELS).items()}, limits)  # type: ignore[misc]


def drained(of: Engine, most: int = 2000) -> int:
    """How many steps the engine takes until it has no more to do."""
    for number in range(most):
        if not of.jobs:
            return number
        assert of.step()
    raise AssertionError("it doesn't come to an end")


def together(job: Job) -> Tensor:
    assert job.state == "done", job.error
    return torch.stack([job.pictures[row] for row in range(len(job.request.seeds))])


asked = st.tuples(st.just("ask"), st.sampled_from([*MODELS]), st.integers(0, BROKEN), st.sampled_from("ab"))
took = st.tuples(st.just("step"), st.integers(1, 6))
cancelled = st.tuples(st.just("cancel"), st.integers(0, 9))


@given(st.lists(st.one_of(asked, asked, took, cancelled), max_size=16), st.sampled_from([1, 3, 8, 32]))
def test_each_picture_is_the_one_drawn_alone_bit_for_bit(acts: list[tuple], rows: int) -> None:  # type: ignore[type-arg]
    served, jobs = engine(Limits(rows=rows, walking=16)), dict[Job, tuple[str, int]]()
    for kind, *values in acts:
        if kind == "ask":
            name, index, owner = values
            jobs[served.submit(name, REQUESTS[index], owner)] = name, index
        elif kind == "step":
            for _ in range(values[0]):
                served.step()
        elif values[0] < len(jobs):
            served.cancel([*jobs][values[0]])
    drained(served)
    for job, (name, index) in jobs.items():
        if job.state == "cancelled":
            assert not job.pictures
        elif index == BROKEN:
            assert job.state == "failed" and job.error == "RuntimeError: a row isn't finite" and not job.pictures
        else:
            assert torch.equal(together(job), ALONE[name, index]) and job.progress == 1


def test_on_a_network_to_rounding() -> None:
    digits = load("digits")
    requests = [
        digits.request([1, 2], ["3", "8"], steps=4, sampler="dpm++2m"),
        digits.request([3], "5", steps=3, sampler="ddim", guidance=2.0),
        digits.request([2**40], steps=5, sampler="ddpm"),
    ]
    served = engine(digits=digits)
    jobs = [served.submit("digits", requests[0])]
    for request in requests[1:]:
        served.step()
        jobs.append(served.submit("digits", request))
    drained(served)
    for job, request in zip(jobs, requests, strict=True):
        torch.testing.assert_close(together(job), resolve(request, digits).samples(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("wanted", [1, 3, 16])
def test_partial_pictures_are_the_estimates_of_evenly_spread_steps(wanted: int) -> None:
    request = REQUESTS[3]
    steps = list(resolve(request, MODELS["one"]).steps())
    due = {step.index * (wanted + 1) // step.total: step.x0_hat for step in reversed(steps) if step.index}
    served, seen = engine(), dict[int, Tensor]()
    job = served.submit("one", request, partial_images=wanted)
    while served.jobs:
        served.step()
        for number, picture in job.partials.values():
            seen.setdefault(number, picture)
    assert seen.keys() == {number - 1 for number in due if 0 < number <= wanted} and seen
    for number, picture in seen.items():
        assert torch.equal(picture[None], due[number + 1])
    assert torch.equal(together(job), ALONE["one", 3])


def test_of_a_picture_that_came_along_only_what_is_drawn_from_is_kept() -> None:
    data = BytesIO()
    Image.fromarray(np.full((9, 9, 3), 199, np.uint8)).save(data, "PNG")
    upload = Upload.named("../../etc/passwd", data.getvalue())
    served = engine()
    asked = ONE.request([5], "cat", edit=PictureEdit(upload, 0.5, upload), steps=4, sampler="ddim")
    job = served.submit("one", asked)
    assert [type(file) for file in job.request.files] == [File, File]
    assert job.request.json() == asked.json() and "passwd" in asked.json()
    drained(served)
    assert torch.equal(together(job), resolve(asked, ONE).samples())


@pytest.mark.parametrize(("owner", "calls"), [("another", 4), ("many", 4 * 3)])
def test_who_comes_joins_the_next_call_and_none_has_more_rows_than_allowed(owner: str, calls: int) -> None:
    rows: list[int] = []
    served = engine(Limits(rows=6), one=exact(1, rows.append))
    for _ in range(9):
        served.submit("one", REQUESTS[2], "many")
    for _ in range(3):
        served.step()
    late = served.submit("one", REQUESTS[0], owner)
    assert late in served.step() and late.state == "running"
    for _ in range(calls - 1):
        served.step()
    assert late.state == "done" and max(rows) <= 6
    drained(served)
    assert sum(rows) == 9 * 20 * 5 + 4


def test_models_share_the_time_and_not_the_calls() -> None:
    now = count()

    def takes(seconds: int) -> Callable[[int], object]:
        return lambda rows: [next(now) for _ in range(seconds)]

    models = {"slow": exact(1, takes(30)), "fast": exact(2, takes(10))}
    served = Engine({name: lambda name=name: models[name] for name in models}, clock=lambda: float(next(now)))  # type: ignore[misc]
    long = replace(REQUESTS[0], sampling=replace(REQUESTS[0].sampling, steps=100))
    jobs = {served.submit(name, long): name for name in models}
    calls = [jobs[served.step()[0]] for _ in range(40)]
    assert 28 <= calls.count("fast") <= 31


def test_a_cancelled_job_leaves_nothing_in_any_state() -> None:
    served, gone = engine(Limits(walking=8)), list[weakref.ref[Job]]()
    stays = served.submit("one", REQUESTS[3])
    for steps in range(7):
        jobs = [served.submit("one", REQUESTS[index], "b") for index in (2, 7, BROKEN, 2)]
        for _ in range(steps):
            served.step()
        for job in [*jobs, *jobs]:
            served.cancel(job)
            assert job.ended
        gone += [weakref.ref(job) for job in jobs]
        del jobs, job
        assert served.jobs in ((stays,), ())
    gc.collect()
    assert not any(reference() for reference in gone)
    drained(served)
    assert torch.equal(together(stays), ALONE["one", 3])


def test_cancelled_jobs_leave_the_memory_flat() -> None:
    served, process = engine(), psutil.Process()

    def cancel(number: int) -> int:
        for index in range(number):
            job = served.submit("one", REQUESTS[index % 3])
            if index % 5 == 0:
                served.step()
            served.cancel(job)
        return process.memory_info().rss

    before = cancel(500)
    assert cancel(1_000) - before <= 2**20 and not served.jobs


def test_what_there_is_no_room_for_is_refused_until_there_is() -> None:
    served = engine(Limits(jobs=3, owner_jobs=2, picture_bytes=30 * 4 * 64))
    first, _ = (served.submit("one", REQUESTS[0], "a") for _ in range(2))
    with pytest.raises(Full, match="2 jobs of yours wait already"):
        served.submit("one", REQUESTS[0], "a")
    served.submit("one", REQUESTS[0], "b")
    with pytest.raises(Full, match="3 jobs wait already"):
        served.submit("one", REQUESTS[0], "c")
    served.cancel(first)
    served.submit("one", REQUESTS[2], "c")
    drained(served)
    served.submit("one", REQUESTS[2])
    with pytest.raises(Full, match="fill the memory"):
        served.submit("one", REQUESTS[2])
    with pytest.raises(SfumatoError, match=r"31 pictures are .* ask for fewer"):
        served.submit("one", ONE.request(range(31)))


def test_the_model_that_was_used_least_recently_makes_room_and_none_that_is_at_work() -> None:
    loads: list[str] = []

    def loading(name: str) -> Callable[[], Model]:
        return lambda: (loads.append(name), exact(1))[1]

    served = Engine({name: loading(name) for name in "abc"}, Limits(models=2))
    assert not loads
    for name in "abac":
        served.model(name)
    assert loads == ["a", "b", "c"] and served.models.loaded == ("a", "c")
    job = served.submit("a", REQUESTS[0])
    served.submit("c", REQUESTS[0])
    with pytest.raises(Full, match="2 models are at work"):
        served.submit("b", REQUESTS[0])
    served.cancel(job)
    served.submit("b", REQUESTS[0])
    assert served.models.loaded == ("c", "b")
    with pytest.raises(SfumatoError, match="unknown model 'd'"):
        served.submit("d", REQUESTS[0])
    drained(served)


def test_what_cant_be_drawn_is_refused_before_it_waits() -> None:
    served = engine()
    with pytest.raises(SfumatoError, match="bird"):
        served.submit("one", replace(REQUESTS[0], labels=("bird",)))
    assert not served.jobs and served.step() == []
