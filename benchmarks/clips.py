"""A folder of clips is decoded and trained on in the same memory however many they are, and without waiting for them.

    python benchmarks/clips.py            1,000 and 10,000 clips, decoded into a cache and streamed
    python benchmarks/clips.py --quick    200 and 1,000
    python benchmarks/clips.py --steps    what a step takes by attention in parts, and by PyTorch's kernel

Writes GIFs of moving shapes, DRAWN of them and the others as links to those, and trains some steps on them, each number
in a process of its own: kept, that is decoded once into a cache of its own, and streamed, that is looked through once
and decoded again whenever they are shown. Memory is what the process has for itself at its most, without what the
system may drop (RssAnon). Exits 1 where ten times as many clips take MORE_MB more, or where a step waits for its batch
for more than WAITING.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import product
from pathlib import Path

MORE_MB, WAITING = 40, 0.05
FRAMES, SIDE, BATCH, STEPS, DRAWN = 16, 16, 8, 12, 500


def write(folder: Path, count: int) -> None:
    """GIFs of moving shapes that aren't there yet."""
    from PIL import Image

    from sfumato.data.moving_shapes import draw_clip, moving_scene

    folder.mkdir(exist_ok=True)
    for number in range(count):
        path = folder / f"{number:05}.gif"
        if path.exists():
            continue
        if number >= DRAWN:
            os.link(folder / f"{number % DRAWN:05}.gif", path)
        else:
            clip = draw_clip(moving_scene(number), FRAMES, SIDE, SIDE).transpose(0, 2, 3, 1)
            first, *rest = (Image.fromarray(frame) for frame in clip)
            first.save(path, save_all=True, append_images=rest, duration=125)


def own_megabytes() -> float:
    found = re.search(r"RssAnon:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1e3


def work(folder: Path, cache: Path, stream: bool) -> None:
    """Decode and train; print how many, seconds of decoding, the most memory of each, and what of a step is waiting."""
    import torch

    from sfumato.data import open_dataset
    from sfumato.hub import new_model
    from sfumato.training import Trainer, TrainingConfig, fastest_precision, model_for, pick_device

    torch.set_num_threads(1)
    most, began = [0.0, 0.0], time.perf_counter()

    def look(kind: int) -> None:
        most[kind] = max(most[kind], own_megabytes())

    data = open_dataset(folder, (SIDE, SIDE), cache, lambda done, of: look(0), frames=FRAMES, stream=stream)
    decoding = time.perf_counter() - began
    config = TrainingConfig(
        "clips", images=BATCH * STEPS, batch=BATCH, precision=fastest_precision(pick_device()), stills=0.0
    )
    trainer = Trainer(new_model(model_for(data, "tiny")), data, config)
    at_work, step = [0.0], trainer._step

    def timed(*arguments: object) -> tuple[float, float]:
        started = time.perf_counter()
        result = step(*arguments)  # type: ignore[arg-type]
        at_work[0] += time.perf_counter() - started
        look(1)
        return result

    trainer._step = timed  # type: ignore[method-assign]
    steps = trainer.steps()
    next(steps), next(steps)  # the first ones prepare
    at_work[0], began = 0.0, time.perf_counter()
    for _ in steps:
        pass
    print(json.dumps([len(data), decoding, *most, 1 - at_work[0] / (time.perf_counter() - began)]))


def steps() -> None:
    """Seconds of the processor that the gradients of four clips take, by both ways to attend (nets/layers.py)."""
    import torch

    from sfumato.nets import TextConfig, UNetConfig, build, layers

    torch.set_num_threads(1)
    text = TextConfig(vocabulary=377, length=24, width=96, layers=2, heads=4)
    nets = {
        "widths 48, 96, 128, squares of 2×2": UNetConfig(3, widths=(48, 96, 128), attention=(1, 2), patch=2),
        "widths 96, 160, squares of 4×4": UNetConfig(3, widths=(96, 160), attention=(0, 1), patch=4),
    }
    x, c_noise = torch.randn(4, FRAMES, 3, 32, 32), torch.randn(4, FRAMES)
    words = torch.randint(1, 300, (4, 24))
    keys = layers.FEW_KEYS
    print(f"{'':36}{'in parts':>10}{'kernel':>10}")
    for name, config in nets.items():
        net = build(replace(config, text=text, positional_encoding=True, temporal=True))
        net.to(memory_format=torch.channels_last)
        least = []
        for few in (keys, 0):
            layers.FEW_KEYS = few
            taken = []
            for _ in range(4):
                began = time.process_time()
                with torch.autocast("cpu", torch.bfloat16):
                    answer = net(x, c_noise, text=words)
                answer.float().square().mean().backward()
                taken.append(time.process_time() - began)
            least.append(min(taken))
        layers.FEW_KEYS = keys
        print(f"{name:36}{least[0]:>8.2f} s{least[1]:>8.2f} s", flush=True)


def main() -> int:
    counts = (200, 1000) if "--quick" in sys.argv else (1000, 10_000)
    print(f"{'clips':>7}{'':>10}{'read in':>12}{'MB, reading':>14}{'MB, training':>14}{'a step waits':>14}")
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for count, way in product(counts, ("kept", "streamed")):
            write(Path(place) / "clips", count)
            command = [sys.executable, __file__, "--work", f"{place}/clips", f"{place}/{way}", way]
            ended = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            found, decoding, *most, waits = json.loads(ended.stdout)
            rows.append((most, waits))
            print(
                f"{found:>7,}{way:>10}{decoding:>10.1f} s{most[0]:>14,.0f}{most[1]:>14,.0f}{waits:>13.1%}", flush=True
            )
    pairs = [zip(few[0], many[0], strict=True) for few, many in zip(rows[:2], rows[2:], strict=True)]
    more = [after - before for pair in pairs for before, after in pair]
    return int(max(more) > MORE_MB or max(waits for _, waits in rows[2:]) > WAITING)


if __name__ == "__main__":
    if "--work" in sys.argv:
        work(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4] == "streamed")
    elif "--steps" in sys.argv:
        steps()
    else:
        sys.exit(main())
