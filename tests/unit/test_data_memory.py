"""Training takes the same memory however many pictures there are."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from sfumato.data.cache import write_pictures

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells in /proc what a process takes")

TRAIN = """
import json, sys
from pathlib import Path
import torch
from sfumato.data import order
from sfumato.data.cache import open_stored, read_description
from sfumato.hub import new_model
from sfumato.training import Trainer, TrainingConfig, model_for

torch.set_num_threads(1)
cache = Path(sys.argv[1])
dataset = open_stored(cache, "many", read_description(cache, "many"), "many")
config = TrainingConfig("many", images=96, batch=32)
losses = [step.loss for step in Trainer(new_model(model_for(dataset, "tiny")), dataset, config).steps()]
for step in range(2000):
    dataset.batch(order(len(dataset), 0, 128 * step, 128))
lines = [line.split() for line in Path("/proc/self/status").read_text().splitlines()]
print(json.dumps({line[0]: int(line[1]) / 1024 for line in lines if line[0] in ("VmHWM:", "RssAnon:", "RssFile:")}))
"""


def trained(cache: Path, count: int) -> dict[str, float]:
    """What a process takes, in MiB, that trains on `count` pictures for three steps and draws 2,000 more batches."""
    shades = np.arange(256, dtype=np.uint8)[:, None, None, None] * np.ones((1, 3, 8, 8), np.uint8)
    with write_pictures(cache, "many", (8, 8), count) as writer:
        for number in range(count):
            writer.add(shades[number % 256], True, "ab"[number % 2])
        writer.describe(["a", "b"], ["a", "b"], [])
    run = subprocess.run([sys.executable, "-c", TRAIN, str(cache)], capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(run.stdout)
    return found


def test_a_million_pictures_take_what_ten_thousand_take(tmp_path: Path) -> None:
    few, many = trained(tmp_path / "few", 10_000), trained(tmp_path / "many", 1_000_000)
    assert many["VmHWM:"] == pytest.approx(few["VmHWM:"], rel=0.1), (few, many)
    assert many["RssAnon:"] - few["RssAnon:"] < 4, (few, many)  # MiB; the labels alone would take 8, an epoch's order 8
