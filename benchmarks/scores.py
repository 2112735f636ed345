"""How long do all scores of 10,000 samples at 2,048 features take, and how much memory?

    python benchmarks/scores.py [COUNT [DIMENSION]]

Features of that many samples and as many real ones, drawn from two Gaussians whose distance is known, are scored as
`sfumato eval` does, intervals included. A process of its own for each score, so that its peak is its own. Exits with 1
where Fréchet and kernel distance, the scores of Inception's 2,048 features, take 60 s or more, or any score 2 GB.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor

from sfumato.evaluation.frechet import frechet_estimate
from sfumato.evaluation.kernel import kernel_distance
from sfumato.evaluation.manifold import precision_recall_density_coverage
from sfumato.evaluation.sliced import sliced_wasserstein
from sfumato.evaluation.two_sample import classifier_two_sample_test

COUNT, DIMENSION, SHIFT = 10_000, 2_048, 0.1
SECONDS, MEGABYTES = 60.0, 2_000.0
ASKED = ("frechet", "kernel")
SCORES: dict[str, Callable[[Tensor, Tensor], object]] = {
    "frechet": frechet_estimate,
    "kernel": kernel_distance,
    "precision to coverage, once": lambda a, b: precision_recall_density_coverage(a, b, repeats=0),
    "sliced_wasserstein": sliced_wasserstein,
    "two_sample": classifier_two_sample_test,
}


def one(name: str, count: int, dimension: int) -> dict[str, float]:
    """Wall and processor seconds, and the peak of the process in MB, of one score."""
    generator = torch.Generator().manual_seed(0)
    samples = torch.randn(count, dimension, generator=generator).add_(SHIFT)
    real = torch.randn(count, dimension, generator=generator)
    started, busy = time.perf_counter(), time.process_time()
    SCORES[name](samples, real)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    return {"wall": time.perf_counter() - started, "cpu": time.process_time() - busy, "peak": peak}


def main() -> None:
    arguments = sys.argv[1:]
    if arguments[:1] == ["--one"]:
        print(json.dumps(one(arguments[1], int(arguments[2]), int(arguments[3]))))
        return
    count, dimension = (int(x) for x in [*arguments, *map(str, (COUNT, DIMENSION)[len(arguments) :])])
    print(f"{count:,} samples and as many real ones, {dimension:,} features, {torch.get_num_threads()} threads")
    print(f"{'score':28}  {'wall':>8}  {'processor':>9}  {'peak':>9}")
    rows = {}
    for name in SCORES:
        told = subprocess.run(
            [sys.executable, __file__, "--one", name, str(count), str(dimension)], capture_output=True, check=True
        )
        rows[name] = json.loads(told.stdout)
        print("{:28}  {wall:6.1f} s  {cpu:7.1f} s  {peak:6.0f} MB".format(name, **rows[name]), flush=True)
    took, most = sum(rows[name]["wall"] for name in ASKED), max(row["peak"] for row in rows.values())
    missed = [f"{' and '.join(ASKED)} took {took:.0f} s, less than {SECONDS:g} asked"] if took >= SECONDS else []
    missed += [f"{most:,.0f} MB, less than {MEGABYTES:,.0f} asked"] if most >= MEGABYTES else []
    print("\n".join(["", *missed]) if missed else f"\n{took:.0f} s and {most:,.0f} MB: both figures reached")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
