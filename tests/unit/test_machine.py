"""`sfumato doctor`: each advice where it applies and nowhere else, and facts that are measured."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sfumato.cli.doctor import facts
from sfumato.training.machine import ADVICE, GIB, Machine, Trial, advice, free_disk, missing_extras, usable_cores
from tiny import Command

HEALTHY = Machine(
    versions={"sfumato": "0.1.0", "torch": "2.13.0", "python": "3.11.2"},
    device="cpu",
    accelerator_unseen=False,
    processors=8,
    cores=8.0,
    threads=8,
    threads_set_by="",
    busy_cores=0.1,
    memory_free=8 * GIB,
    runs_disk_free=50 * GIB,
    cache_disk_free=50 * GIB,
    fp32_rate=120.0,
    bf16_rate=500.0,
    precision="bf16",
    can_compile=True,
    trials=(Trial("nano", (1, 8, 8), 3000.0, 140.0, 0.28),),
    extras_missing={},
)
ILL = [
    ({"accelerator_unseen": True}, "install one built for CUDA"),
    ({"busy_cores": 4.0}, "keep 4.0 of 8 cores busy"),
    ({"threads": 1, "threads_set_by": "OMP_NUM_THREADS"}, "uses 1 of 8 cores, as OMP_NUM_THREADS says"),
    ({"cores": 2.0}, "set OMP_NUM_THREADS=2"),
    ({"can_compile": False}, "apt install g++"),
    ({"memory_free": GIB}, "1.0 GiB of memory"),
    ({"runs_disk_free": GIB // 2}, "use --out elsewhere"),
    ({"cache_disk_free": GIB // 2}, "SFUMATO_CACHE"),
    ({"precision": "fp32"}, "no faster in bfloat16"),
]


def test_a_healthy_machine_needs_nothing() -> None:
    assert advice(HEALTHY) == []


@pytest.mark.parametrize(("ill", "says"), ILL)
def test_each_advice_is_given_where_it_applies_alone(ill: dict[str, object], says: str) -> None:
    given = advice(replace(HEALTHY, **ill))
    assert len(given) == 1 and says in given[0]


def test_every_advice_is_tried_here() -> None:
    assert len(ILL) == len(ADVICE)


def test_facts_name_what_is_missing() -> None:
    rows = dict(facts(replace(HEALTHY, extras_missing={"hf": "datasets"})))
    assert rows["extras"] == "not installed: hf (datasets)"
    assert rows["nano trains"] == "3,000 images/s of 1 × 8 × 8, 140 GFLOP/s, 28% of the convolution rate (uncompiled)"


def test_free_disk_of_a_folder_that_is_not_there_yet_is_its_parents(tmp_path: Path) -> None:
    assert free_disk(tmp_path / "not" / "yet") == pytest.approx(free_disk(tmp_path), rel=0.01)


def test_usable_cores_follow_what_the_process_is_bound_to() -> None:
    bound = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(bound)})
        assert usable_cores() == 1
    finally:
        os.sched_setaffinity(0, bound)


def test_extras_that_tests_need_are_installed() -> None:
    assert not {"processes", "onnx", "hf"} & missing_extras().keys()


def test_json_is_all_that_is_printed_and_holds_what_was_measured(sfumato: Command) -> None:
    told = json.loads(sfumato("doctor", "--json").stdout)
    assert told["versions"]["torch"] == torch.__version__
    assert told["fp32_rate"] > 0 and told["bf16_rate"] > 0
    assert [trial["net"] for trial in told["trials"]] == ["nano", "small"]
    for trial in told["trials"]:
        assert trial["images_per_second"] > 0 and 0 < trial["share"] < 2
    assert isinstance(told["advice"], list)
