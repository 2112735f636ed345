"""Asked to stop, a run ends within one network call, saved: in a step's slices, a preview and the held-out loss."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from sfumato.hub.checkpoints import saved_in
from sfumato.runs import Run
from sfumato.training import Progress, Trainer, TrainingConfig, resume_run, start_run, train
from tiny import TINY, blobs

CONFIG = TrainingConfig("blobs", images=16 * 40, batch=16, previews=2, preview_calls=2, held_out=0.2)


def interrupted(folder: Path, preview_calls: int, call: int, times: int = 1) -> int:
    """Sends this process Ctrl-C amid a call of the averaged network; how many more calls there were."""
    from sfumato.cli.running import show_training

    trainer = start_run(folder, blobs(), replace(CONFIG, preview_calls=preview_calls), TINY, torch.device("cpu"))
    run, calls = Run(folder, trainer), 0

    def asked(*_: object) -> None:
        nonlocal calls
        calls += 1
        if calls == call:
            for _ in range(times):
                os.kill(os.getpid(), signal.SIGINT)

    trainer.average.register_forward_hook(asked)
    with pytest.raises(SystemExit, match="130") if times == 1 else pytest.raises(KeyboardInterrupt):
        show_training(run, run.train())
    return calls - call


def probe() -> None:
    """Sends this process Ctrl-C while `sfumato train` measures how fast steps are; says how many it timed later."""
    from sfumato.cli import main
    from sfumato.training import rates

    timed, calls = rates._timed, 0

    def asked(trainer: Trainer, count: int) -> list[float]:
        nonlocal calls
        calls += 1
        os.kill(os.getpid(), signal.SIGINT)
        return timed(trainer, count)

    rates._timed, sys.argv = asked, ["sfumato", "train", "digits", "--minutes", "1"]
    try:
        main()
    except SystemExit as ended:
        print("measuring ended", calls - 1, "steps later:", ended.code)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_ctrl_c_is_heard_within_one_network_call_of_a_preview_and_of_a_held_out_check(tmp_path: Path) -> None:
    """In a process of its own, by the real signal: in the first preview, its check, and the check after the end."""
    script = """
from test_stopping import *
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a program begun in the background ignores
for name, calls, call in (("preview", 20, 3), ("check", 2, 4), ("last", 2, 14)):
    print(name, "ended", interrupted(Path(name), calls, call), "calls later", flush=True)
print("twice ended", interrupted(Path("twice"), 20, 3, times=2), "calls later", flush=True)
probe()
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(Path(__file__).parent)])},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.stderr == ""
    for name, step in (("preview", 20), ("check", 20), ("last", 40)):
        said, _, rest = done.stdout.partition(f"{name} ended 0 calls later\n")
        assert "stopping…" in said and f"Stopped and saved at step {step} in {name}" in said and rest != done.stdout
        assert ("Go on with:" in said.split("Stopped")[-1]) == (name != "last")
        assert saved_in(tmp_path / name / "checkpoints")
    assert done.stdout.count("stopping…") == 4 and "twice ended 0 calls later\n" in done.stdout
    assert not saved_in(tmp_path / "twice" / "checkpoints"), "asked twice, it doesn't insist on saving"
    assert done.stdout.endswith("measuring ended 0 steps later: 130\n") and not (tmp_path / "runs").exists()


def test_a_step_of_slices_is_left_undone_and_the_resumed_run_is_the_whole_one(tmp_path: Path) -> None:
    config, device = replace(CONFIG, accumulate=4), torch.device("cpu")
    whole = start_run(tmp_path / "whole", blobs(), config, TINY, device)
    list(train(tmp_path / "whole", whole))
    halves, calls = start_run(tmp_path / "halves", blobs(), config, TINY, device), []
    halves.model.denoiser.register_forward_hook(
        lambda *_: calls.append(1) or (halves.stop() if len(calls) == 4 * 2 + 2 else None)
    )
    steps = [event.step for event in train(tmp_path / "halves", halves) if isinstance(event, Progress)]
    assert steps == [1, 2] and len(calls) == 4 * 2 + 2
    again, damaged = resume_run(tmp_path / "halves", blobs(), config, device)
    assert again.step == 2 and damaged == []
    list(train(tmp_path / "halves", again))
    for one, other in zip(whole.net.parameters(), again.net.parameters(), strict=True):
        assert torch.equal(one, other)
