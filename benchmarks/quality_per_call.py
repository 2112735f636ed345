"""Quality per network call: the Fréchet distance of every deterministic sampler and grid at 3 to 50 calls.

    python benchmarks/quality_per_call.py digits           trains the demo's network first, if it has to
    python benchmarks/quality_per_call.py cifar10          needs runs/cifar10 (benchmarks/cifar10.py)
    python benchmarks/quality_per_call.py digits --quick   fewer samples, samplers, grids and calls
    python benchmarks/quality_per_call.py cifar10 --short  fewer samplers and grids

Every sampler starts from the same noise, a seed an image, and draws the same classes without guidance. The distance is
to the training set, in the penultimate features of a classifier of it; ± is 1.96 bootstrap standard deviations. DDPM
walks 1,000 timesteps of its own schedule; diffusers' schedulers drive the same network on their own grids, with 5 to 7
calls where they can't make 6. What was measured is kept in runs/quality, so a run that was stopped goes on.
Exits 1 where the default sampler at 10 calls is more than 5% above DDPM at 1,000, or where at 6 calls a scheduler of
diffusers beats our best.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from cifar10 import open_cifar10
from sfumato.cli.demo import demo_config, demo_sampling
from sfumato.data import Dataset, open_dataset
from sfumato.diffusion import Cosine, Level, RectifiedFlow
from sfumato.diffusion.schedules import as_schedule
from sfumato.evaluation.classifier import Classifier, train_classifier
from sfumato.evaluation.frechet import frechet_distance
from sfumato.hub import Model, SamplingConfig, load
from sfumato.sampling import GRIDS, SAMPLERS, ImageNoise, grid, last, sample
from sfumato.training import model_for, start_run, train

CALLS = (3, 4, 5, 6, 8, 10, 15, 20, 50)
TIMED = ("trailing", "leading", "linspace", "quadratic", "beta")  # rules about t: on DDPM's linear schedule
RULES = (*GRIDS, "trailing flow")  # the last: on straight paths
TWINS = (
    "euler",
    "dpm++1",
    "dpm-solver-1",
    "ipndm1",
    "deis1",
    "unipc3-bh1",
    "adaptive",
)  # rows equal to others; no count
SHORT = ("ddim", "heun", "dpm++2m", "dpm++3m", "unipc2", "unipc3", "ipndm3", "ipndm4", "deis2", "deis3", "dpm++2s")


def settings_of(name: str, rule: str, steps: int) -> SamplingConfig:
    grid, _, path = rule.partition(" ")
    return SamplingConfig(name, steps, grid, as_schedule(path or ("linear" if grid in TIMED else "edm")))


@cache
def steps_for(name: str, calls: int) -> int | None:
    """The number of steps at which the sampler makes exactly so many calls, if there is one."""
    for steps in range(SAMPLERS[name].needs, calls + 1):
        walk = sample(lambda x, level, cond: 0 * x, grid("karras", Cosine(), steps), SAMPLERS[name].stepper, zeros)
        if last(walk).calls == calls:
            return steps
    return None


def zeros() -> Tensor:
    return torch.zeros(1, 1)


class Bench:
    """A network, its data's features, and what was measured with them so far."""

    def __init__(self, model: Model, dataset: Dataset, classifier: Classifier, count: int, kept: Path) -> None:
        self.model, self.classifier, self.count, self.kept = model, classifier, count, kept
        rows = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(0))[:10_000]
        self.real = classifier.read(dataset.batch(rows)[0])[0]
        self.labels = [i % len(dataset.classes) for i in range(count)]
        self.known: dict[str, tuple[float, float]] = {}
        if kept.exists():
            self.known = {k: tuple(v) for k, v in map(json.loads, kept.read_text().splitlines())}

    def measure(self, key: str, draw: Callable[[], Tensor]) -> tuple[float, float]:
        """The Fréchet distance of what `draw` draws, and half its 95% interval."""
        if key not in self.known:
            samples = draw()
            rounded = ((samples.clamp(-1, 1) + 1) * 127.5).round() / 127.5 - 1
            features = self.classifier.read(rounded)[0]
            generator = torch.Generator().manual_seed(0)
            again = [
                frechet_distance(features[torch.randint(self.count, (self.count,), generator=generator)], self.real)
                for _ in range(40)
            ]
            self.known[key] = frechet_distance(features, self.real), 1.96 * float(torch.tensor(again).std())
            self.kept.parent.mkdir(parents=True, exist_ok=True)
            with self.kept.open("a") as file:
                file.write(json.dumps([key, self.known[key]]) + "\n")
        return self.known[key]

    def ours(self, name: str, rule: str, steps: int) -> tuple[float, float]:
        settings = settings_of(name, rule, steps)
        return self.measure(
            f"{name} {rule} {steps} {self.count}",
            lambda: self.model.sample(range(self.count), self.labels, settings, batch=250),
        )

    def peer(self, name: str, steps: int) -> tuple[float, float]:
        return self.measure(f"diffusers {name} {steps} {self.count}", lambda: self.draw_with_diffusers(name, steps))

    def draw_with_diffusers(self, name: str, steps: int) -> Tensor:
        """All samples by a scheduler of diffusers: it asks, the network answers as the scheduler expects."""
        parts = []
        for first in range(0, self.count, 250):
            labels = torch.as_tensor(self.labels[first : first + 250])
            noise = ImageNoise(range(first, first + len(labels)), self.model.config.shape)()

            def denoise(x: Tensor, level: Level, labels: Tensor = labels) -> Tensor:
                with torch.no_grad():
                    answer: Tensor = self.model.denoiser(x, level, {"label": labels})
                return answer

            parts.append(walk_with_diffusers(name, steps, noise, denoise)[0])
        return torch.cat(parts)


VP = {"beta_start": 1e-4, "beta_end": 0.02, "beta_schedule": "linear"}
# name → (class, options); schedulers that add noise are left out
PEERS: dict[str, tuple[str, dict[str, object]]] = {
    "DDIM": ("DDIMScheduler", {**VP, "clip_sample": False, "timestep_spacing": "trailing"}),
    "PNDM (PLMS)": ("PNDMScheduler", {**VP, "skip_prk_steps": True}),
    "Euler": ("EulerDiscreteScheduler", VP),
    "Euler Karras": ("EulerDiscreteScheduler", {**VP, "use_karras_sigmas": True}),
    "Heun": ("HeunDiscreteScheduler", VP),
    "Heun Karras": ("HeunDiscreteScheduler", {**VP, "use_karras_sigmas": True}),
    "LMS": ("LMSDiscreteScheduler", VP),
    "LMS Karras": ("LMSDiscreteScheduler", {**VP, "use_karras_sigmas": True}),
    "KDPM2": ("KDPM2DiscreteScheduler", VP),
    "DEIS": ("DEISMultistepScheduler", VP),
    "DEIS-3 Karras": ("DEISMultistepScheduler", {**VP, "use_karras_sigmas": True, "solver_order": 3}),
    "DPM++ 2M": ("DPMSolverMultistepScheduler", VP),
    "DPM++ 2M Karras": ("DPMSolverMultistepScheduler", {**VP, "use_karras_sigmas": True}),
    "DPM++ 3M": ("DPMSolverMultistepScheduler", {**VP, "solver_order": 3}),
    "DPM++ 2M lu": ("DPMSolverMultistepScheduler", {**VP, "use_lu_lambdas": True}),
    "DPM++ 2S": ("DPMSolverSinglestepScheduler", VP),
    "UniPC-2": ("UniPCMultistepScheduler", VP),
    "UniPC-3": ("UniPCMultistepScheduler", {**VP, "solver_order": 3}),
    "UniPC-3 Karras": ("UniPCMultistepScheduler", {**VP, "solver_order": 3, "use_karras_sigmas": True}),
    "EDM Euler": ("EDMEulerScheduler", {}),
    "EDM DPM++ 2M": ("EDMDPMSolverMultistepScheduler", {}),
    "EDM DPM++ 3M": ("EDMDPMSolverMultistepScheduler", {"solver_order": 3}),
}


def walk_with_diffusers(
    name: str, steps: int, noise: Tensor, denoise: Callable[[Tensor, Level], Tensor]
) -> tuple[Tensor, int]:
    """The end of the scheduler's walk and the number of calls it made."""
    import diffusers

    diffusers.utils.logging.set_verbosity_error()
    kind, options = PEERS[name]
    scheduler = getattr(diffusers, kind)(**options)
    scheduler.set_timesteps(steps)
    x = noise * float(scheduler.init_noise_sigma)
    calls = 0
    for t in scheduler.timesteps:
        scaled = scheduler.scale_model_input(x, t)
        if hasattr(scheduler, "sigmas"):
            if scheduler.step_index is None:
                scheduler._init_step_index(t)
            ratio = scheduler.sigmas[scheduler.step_index].double()
        else:
            ratio = (1 / scheduler.alphas_cumprod[int(t)].double() - 1).sqrt()
        exploding = bool(kind.startswith(("Euler", "Heun", "LMS", "KDPM2", "EDM")))
        alpha = torch.ones_like(ratio) if exploding else (1 + ratio**2).rsqrt()
        level = Level(alpha, alpha * ratio)
        at = x if exploding else scaled
        x0 = denoise(at, level)
        calls += 1
        answer = level.eps(at, x0)
        if kind.startswith("EDM"):  # these expect the raw output of a network with EDM's preconditioning, data std 0.5
            sigma, std = float(ratio), float(scheduler.config.sigma_data)
            answer = (x0 - std**2 / (sigma**2 + std**2) * at) * (sigma**2 + std**2) ** 0.5 / (sigma * std)
        x = scheduler.step(answer, t, x).prev_sample
    return x, calls


@cache
def peer_calls(name: str, steps: int) -> int | None:
    try:
        return walk_with_diffusers(name, steps, torch.zeros(1, 1, 2, 2), lambda x, level: 0 * x)[1]
    except Exception:  # some can't take so few steps
        return None


def peer_steps(name: str, calls: int) -> list[int]:
    """Numbers of steps with `calls` calls, or if there are none with one more (in the scheduler's favour)."""
    for wanted in (calls, calls + 1):
        found = [steps for steps in range(2, wanted + 2) if peer_calls(name, steps) == wanted]
        if found:
            return found[:1]
    return []


def digits_run() -> Path:
    """The demo's network, trained as the demo trains it if it isn't there."""
    dataset, folder = open_dataset("digits"), Path("runs/quality/digits")
    if not (folder / "checkpoints").exists():
        trainer = start_run(folder, dataset, demo_config(), model_for(dataset, sampling=demo_sampling()))
        for _ in train(folder, trainer):
            pass
    return folder


def open_bench(net: str, quick: bool, count: int | None = None) -> Bench:
    if net == "digits":
        dataset, folder = open_dataset("digits"), digits_run()
        classifier, count = train_classifier(dataset), count or (500 if quick else 1000)
    else:
        folder = Path("runs/cifar10")
        if not (folder / "checkpoints").exists():
            sys.exit("there is no network in runs/cifar10; train it with benchmarks/cifar10.py.")
        dataset = open_cifar10(Path())
        classifier, count = train_classifier(dataset, epochs=4), count or (250 if quick else 500)
    print(f"{net}: {count} samples; the classifier reads {classifier.accuracy:.1%} of held-out pictures", flush=True)
    return Bench(load(folder), dataset, classifier, count, Path("runs/quality") / f"{net}.jsonl")


def rows(quick: bool, short: bool) -> Iterator[tuple[str, str]]:
    for name, row in SAMPLERS.items():
        if row.deterministic and name not in TWINS and (not (quick or short) or name in SHORT):
            for rule in ("karras", "trailing", "logsnr") if quick or short else RULES:
                yield name, rule


if __name__ == "__main__":
    net, quick = (sys.argv[1:2] or ["digits"])[0], "--quick" in sys.argv
    short = "--short" in sys.argv
    bench = open_bench(net, quick)
    # Where samples come cheap the two that are compared to 5% are drawn in larger numbers.
    headline = open_bench(net, quick, 4000) if net == "digits" and not quick else bench
    reference, reference_spread = headline.ours("ddpm", "trailing", 1000)
    default = demo_sampling() if net == "digits" else SamplingConfig()
    usual = "trailing flow" if default.schedule == RectifiedFlow() else default.grid
    ours, ours_spread = headline.ours(default.sampler, usual, steps_for(default.sampler, 10) or 10)
    calls = (3, 6, 10) if quick else CALLS
    print(f"\n{'sampler':<16} {'grid':<14}" + "".join(f"{n:>15}" for n in calls))
    best: dict[int, tuple[float, float, str]] = {}
    for name, rule in rows(quick, short):
        cells = []
        for n in calls:
            steps = steps_for(name, n)
            if steps is None or (
                n > 10 and rule not in (("karras",) if short else ("karras", "trailing", "trailing flow"))
            ):
                cells.append(f"{'–':>15}")
                continue
            value, spread = bench.ours(name, rule, steps)
            best[n] = min(best.get(n, (1e9, 0.0, "")), (value, spread, f"{name} {rule}"))
            cells.append(f"{value:>9.2f} ±{spread:>4.2f}")
        print(f"{name:<16} {rule:<14}" + "".join(cells), flush=True)
    print("best             " + "              " + "".join(f"{best[n][0]:>15.2f}" for n in calls))
    print("\nby               " + ", ".join(f"{n}: {best[n][2]}" for n in calls))

    print(f"\ndiffusers at 6 calls on the same network{'':<10}")
    beaten = True
    for name in PEERS:
        for steps in peer_steps(name, 6):
            value, spread = bench.peer(name, steps)
            beaten = beaten and value >= best[6][0]
            print(f"{name:<18} {peer_calls(name, steps)} calls {value:>9.2f} ±{spread:>4.2f}", flush=True)

    print(f"\nDDPM at 1,000 calls: {reference:.2f} ±{reference_spread:.2f}")
    print(f"the default, {default.sampler} on {usual}, at 10: {ours:.2f} ±{ours_spread:.2f}")
    ok = beaten and ours <= 1.05 * reference
    print("at 6 calls our best is " + ("not beaten by diffusers" if beaten else "BEATEN by diffusers"))
    print("the default at 10 calls is " + ("" if ours <= 1.05 * reference else "NOT ") + "within 5% of DDPM at 1,000")
    sys.exit(0 if ok else 1)
