"""`sfumato doctor`: each advice where it applies and nowhere else, and facts that are measured."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sfumato.cli.doctor import facts
from sfumato.files import free_disk
from sfumato.training import TrainingConfig, plan_run
from sfumato.training.machine import (
    ADVICE,
    GIB,
    Machine,
    Trial,
    advice,
    missing_extras,
    try_training,
)
from sfumato.training.rates import Rate
from sfumato.training.resources import fit_threads, free_memory, usable_cores
from tiny import Command, blobs

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
    memory_total=16 * GIB,
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
    ({"device": "NVIDIA H200", "precision": "fp32"}, "computes bfloat16 no faster"),
    ({"device": "NVIDIA H200", "can_compile": False}, "finds no Triton"),
    ({"device": "NVIDIA H200", "memory_free": 6 * GIB}, "Others keep 10 GiB of the GPU's memory"),
    ({"runs_disk_free": GIB // 2}, "keep runs elsewhere"),
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


@pytest.mark.parametrize(("busy", "crowded"), [(50.0, False), (58.0, False), (59.0, True)])
def test_other_programs_matter_where_they_leave_too_few_cores_idle(busy: float, crowded: bool) -> None:
    shared = replace(HEALTHY, processors=64, cores=8.0, busy_cores=busy)
    assert bool(advice(shared)) is crowded


@pytest.mark.parametrize(
    ("able", "precision", "says"),
    [(True, "bf16", "runs of five minutes"), (True, "fp32", "gains nothing"), (False, "bf16", "not possible")],
)
def test_compilation_is_told_as_train_chooses_it(able: bool, precision: str, says: str) -> None:
    machine = replace(HEALTHY, can_compile=able, precision=precision)
    assert says in dict(facts(machine))["compilation"]
    assert not any("compile" in sentence for sentence in advice(replace(machine, can_compile=False, precision="fp32")))


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


def machine_root(folder: Path, files: dict[str, str]) -> Path:
    """A folder that holds what Linux tells of control groups."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 4.0),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, 4.0),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"proc/self/cgroup": "0::/slurm/job\n", "sys/fs/cgroup/slurm/cpu.max": "200000 100000\n"}, 2.0),
        (
            {
                "proc/self/cgroup": "4:memory:/\n2:cpu,cpuacct:/docker/a:b\n0::/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "2:cpu:/\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            4.0,
        ),
    ],
    ids=["no groups", "no limit", "version 2", "a job's group", "version 1", "version 1, no limit"],
)
def test_usable_cores_follow_control_groups(
    files: dict[str, str], cores: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(4)))
    assert usable_cores(machine_root(tmp_path, files)) == cores


@pytest.mark.parametrize(
    ("quota", "before", "after"), [("200000 100000", 6, 2), ("max 100000", 4, 4), ("50000 100000", 3, 1)]
)
def test_threads_are_as_many_as_a_container_may_use(
    quota: str, before: int, after: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    root = machine_root(tmp_path, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": f"{quota}\n"})
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(before)
        monkeypatch.setenv("OMP_NUM_THREADS", str(before))  # the user's word
        fit_threads(root)
        assert torch.get_num_threads() == before
        monkeypatch.delenv("OMP_NUM_THREADS")
        fit_threads(root)
        assert torch.get_num_threads() == after
    finally:
        torch.set_num_threads(threads)


@pytest.mark.parametrize(
    ("group", "folder", "limit", "used", "file"),
    [
        ("0::/job", "job", "memory.max", "memory.current", "inactive_file"),
        ("3:memory:/", "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ],
)
def test_free_memory_is_what_control_groups_leave_and_files_not_read_lately_make_room(
    tmp_path: Path, group: str, folder: str, limit: str, used: str, file: str
) -> None:
    base = f"sys/fs/cgroup/{folder}"
    known = {
        "proc/self/cgroup": f"{group}\n",
        f"{base}/{limit}": "3000000",
        f"{base}/{used}": "2500000",
        f"{base}/memory.stat": f"anon 1\n{file} 1000000\n",
    }
    assert free_memory(machine_root(tmp_path, known)) == 1_500_000


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


def test_doctor_and_train_go_by_one_measure(monkeypatch: pytest.MonkeyPatch) -> None:
    rate = Rate(0.5, 0.25, 1, 1, 1)
    for module in ("machine", "planning"):
        monkeypatch.setattr(f"sfumato.training.{module}.measure_rate", lambda *_: rate)
    trial = try_training("nano", (1, 8, 8), "fp32", torch.device("cpu"), 100.0)
    plan = plan_run(blobs(), TrainingConfig("blobs", images=64, batch=64), "nano", fixed=("batch",))
    assert plan.rate is not None and trial.images_per_second == round(64 / plan.rate.seconds(64), 1)
