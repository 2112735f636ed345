"""Settings of training: every field by its name, recipes as their papers have them, configs of before as before."""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st

from sfumato.data import KINDS, open_dataset
from sfumato.data.columns import Columns
from sfumato.diffusion import EDM, Cosine, CosineBetas, Linear, NoiseDistribution, RectifiedFlow, Shift
from sfumato.errors import SfumatoError
from sfumato.hub import SamplingConfig, new_model
from sfumato.nets.renames import renamed
from sfumato.strict import fit
from sfumato.training import Trainer, TrainingConfig, model_for, resume_run, train, training_config
from sfumato.training.config import GROUPS, PATHS, changed, value_of
from sfumato.training.recipes import RECIPES, configure, with_settings
from sfumato.training.settings import grouped, parse_settings
from tiny import blobs

CONFIG = TrainingConfig("digits", images=100)
OTHER: dict[str, Any] = {  # another value of each field that isn't found by its type
    "data.source": "emoji", "data.size": [8, 8], "data.split": "over all", "data.columns": {"numbers": ["age"]},
    "objective.schedule": {"kind": "cosine", "s": 0.01}, "objective.noise": {"name": "uniform"},
    "objective.weight": "min-snr", "optimizer.name": "adamw", "optimizer.betas": [0.5, 0.9],
    "optimizer.ema_widths": [0.2], "optimizer.ema_decay": 0.9, "optimizer.ema_half_life": 9.0,
    "machine.precision": "bf16", "minutes": 3.0, "lora": 4, "origin": {"path": "x", "weights": "y"},
    "data.held_out": 0.3, "data.low_resolution": 0.5, "seed": 7, "data.frames": 4, "data.fps": 12.0,
    "objective.frame_levels": {"apart": 0.1, "given": 0.2}, "reconstruction.latent_noise": 0.1,
    "objective.closeness_from": 4.0, "objective.guidance": [1.0, 3.0],
}  # fmt: skip


def leaves(config: Any, path: str = "") -> list[str]:
    """The path of every field of a group."""
    found = []
    for one in fields(config):
        inner = getattr(config, one.name)
        deeper = is_dataclass(inner) and one.name in GROUPS
        found += leaves(inner, f"{one.name}.") if deeper else [path + one.name]
    return found


@pytest.mark.parametrize("path", leaves(CONFIG))
def test_a_setting_reaches_every_field_and_no_other(path: str) -> None:
    before = value_of(CONFIG, path)
    other = OTHER.get(path, (not before) if isinstance(before, bool) else None)
    if other is None:
        other = f"{before}x" if isinstance(before, str) else before + 1 if isinstance(before, int) else before / 2 + 0.1
    text = f"{path}={other if isinstance(other, str) else json.dumps(other)}"
    config, _ = configure({"data.source": "digits", "images": 100} | parse_settings([text]))
    assert value_of(config, path) != before
    moved = {name for name in leaves(CONFIG) if value_of(config, name) != value_of(CONFIG, name)}
    assert moved - {path} <= ({"optimizer.learning_rate"} if path in ("optimizer.name", "lora") else set())


def test_fields_are_found_by_their_own_names_because_no_two_share_one() -> None:
    names = [one.name for kind in GROUPS.values() for one in fields(kind)] + [one.name for one in fields(CONFIG)]
    assert len(set(names)) == len(names)
    config = TrainingConfig("digits", images=5, weight="p2", schedule="linear", noise="timesteps", optimizer="adamw")
    assert config.objective.weight == "p2" and config.objective.schedule == Linear()
    assert config.objective.noise == NoiseDistribution("timesteps") and config.optimizer.learning_rate == 1e-3
    assert changed(config, clip=0.5, data="emoji").optimizer == replace(config.optimizer, clip=0.5)
    assert replace(config, images=6).objective == config.objective
    with pytest.raises(SfumatoError, match=r"called 'wieght': did you mean 'objective.weight'"):
        TrainingConfig("digits", images=5, wieght="p2")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("objective.wieght=p2", "did you mean 'weight'"),
        ("wieght=p2", "did you mean 'objective.weight'"),
        ("objective.weight=p3", "unknown loss weight 'p3'"),
        ("batch=many", "does not fit at 'batch': input should be a valid integer"),
        ("machine.compile=yes", "does not fit at 'machine.compile'"),
        ("objective.schedule=lin", "unknown schedule 'lin': did you mean 'linear'"),
        ("objective.schedule.beta_end=0.03", "has 'beta_end'"),
        ("objective.noise.std=-1", "must be above 0"),
        ("keeping={}", "keeping is a group of settings"),
        ("batch", "a name and a value"),
    ],
)
def test_a_setting_that_does_not_fit_is_one_sentence(text: str, message: str) -> None:
    with pytest.raises(SfumatoError, match=message) as caught:
        configure({"data.source": "digits", "images": 100} | parse_settings([text]))
    assert "\n" not in str(caught.value)
    with pytest.raises(SfumatoError, match="given twice"):
        parse_settings(["batch=3", "batch=4"])


def test_later_settings_go_into_what_earlier_ones_chose() -> None:
    texts = ["objective.schedule=linear", "objective.schedule.beta_end=0.03", "objective.noise.std=1", "weight=p2"]
    config, _ = configure({"data.source": "digits", "images": 100} | parse_settings(texts))
    assert config.objective.schedule == Linear(beta_end=0.03)
    assert config.objective.noise == NoiseDistribution("log-normal", -1.2, 1.0)


def test_stratified_levels_can_be_switched_off() -> None:
    """Stratified, a batch has one level in each of as many equal shares of the distribution."""
    base = {"data.source": "digits", "images": 100}
    config, _ = configure(base | parse_settings(["objective.noise.stratified=false"]))
    plain, stratified = config.objective.noise, TrainingConfig("digits", images=1).objective.noise
    assert plain == replace(stratified, stratified=False)
    shares = []
    for noise in (plain, stratified):
        level = noise(config.objective.schedule, 64, torch.Generator().manual_seed(0))
        found = torch.special.ndtr(((level.sigma / level.alpha).log() - noise.mean) / noise.std) * 64
        shares.append(len(found.long().unique()))
    assert shares[0] < 60 and shares[1] == 64


def test_the_recipe_ddpm_is_the_paper() -> None:
    """Ho, Jain & Abbeel 2020, section 4 and appendix B."""
    digits = open_dataset("digits")
    config, settings = configure({"data.source": "digits", "images": 100}, "ddpm")
    model = with_settings(model_for(digits), settings)
    objective = config.objective
    assert objective.schedule == Linear(1e-4, 0.02, 1000) and objective.weight == "eps"
    assert objective.noise == NoiseDistribution("timesteps", stratified=False)
    assert not objective.uncertainty and not objective.coupling
    optimizer = config.optimizer
    assert (optimizer.name, optimizer.learning_rate, optimizer.betas) == ("adamw", 2e-4, (0.9, 0.999))
    assert (optimizer.weight_decay, optimizer.clip, optimizer.decay, optimizer.ema_decay) == (0, 1, 0, 0.9999)
    assert optimizer.warmup * 800_000 == 5000 and config.batch == 128
    assert (model.parameterization, model.data_std, model.net.dropout) == ("eps", 1.0, 0.1)  # type: ignore[union-attr]
    assert model.sampling == SamplingConfig("ddpm", 1000, "trailing", Linear(), threshold="static")

    trainer = Trainer(new_model(model), digits, changed(config, batch=64, images=64 * 2))
    (part,) = trainer.draw(1, 0)
    k = objective.schedule.time(part.drawn.level.logsnr) * 1000
    assert torch.allclose(k, k.round(), atol=1e-6) and 1 <= float(k.min()) <= float(k.max()) <= 1000
    progress = next(trainer.steps())  # unweighted, and the first answer is zero: ‖ε‖² a pixel
    assert progress.loss == pytest.approx(1, abs=0.1)
    assert len(trainer.averages) == 1 and trainer.profiles == []


def test_an_average_that_is_given_stands_for_that_of_the_recipe() -> None:
    base = {"data.source": "digits", "images": 100}
    assert configure(base, "edm")[0].optimizer.ema_half_life == 500_000
    for name, value in (("ema_widths", [0.2]), ("ema_decay", 0.9), ("ema_half_life", 64.0)):
        kept = configure(base | {f"optimizer.{name}": value}, "edm")[0].optimizer
        assert [kept.ema_half_life, kept.ema_decay].count(None) == (2 if name == "ema_widths" else 1)
    with pytest.raises(SfumatoError, match="give one of them"):
        configure(base | {"optimizer.ema_decay": 0.9, "optimizer.ema_half_life": 64.0})


def test_a_model_samples_by_the_schedule_that_it_is_trained_on() -> None:
    digits = model_for(open_dataset("digits"))

    def sampled_by(recipe: str | None = None, **settings: Any) -> SamplingConfig:
        _, own = configure({"data.source": "digits", "images": 100} | settings, recipe)
        return with_settings(digits, own).sampling

    assert sampled_by() == digits.sampling
    assert sampled_by("ddpm-cosine").schedule == CosineBetas(4000)
    assert sampled_by("ddpm-cosine", **{"objective.schedule.steps": 500}).schedule == CosineBetas(500)
    assert sampled_by(schedule={"kind": "shift", "base": "flow", "factor": 2.0}).schedule == Shift(RectifiedFlow(), 2.0)
    assert sampled_by(**{"schedule": "linear", "model.sampling.schedule": "cosine"}).schedule == Cosine()
    points = model_for(open_dataset("points:moons"))  # which lie where they lie: there is no range to clip to
    _, own = configure({"data.source": "points:moons", "images": 100}, "ddpm")
    assert with_settings(points, own).sampling.threshold == "none"


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("data", ["digits", "points:moons"])
def test_every_recipe_trains_and_what_is_given_beside_it_wins(recipe: str, data: str) -> None:
    dataset = open_dataset(data)
    given = {"data.source": data, "images": 32, "batch": 16, "objective.weight": "p2", "optimizer.ema_widths": [0.1]}
    config, settings = configure(given, recipe)
    assert config.objective.weight == "p2" and config.optimizer.widths == (0.1,)
    model = with_settings(model_for(dataset, "nano" if KINDS[dataset.kind].spatial else "auto"), settings)
    assert all(progress.skipped == 0 for progress in Trainer(new_model(model), dataset, config).steps())
    other, _ = configure(given | {"optimizer": "muon"}, recipe)
    assert other.optimizer.learning_rate == TrainingConfig(data, images=1).optimizer.learning_rate
    with pytest.raises(SfumatoError, match="ends in pure noise, of which eps says nothing"):
        zero, wanted = configure(given, "v-zero-snr")
        Trainer(new_model(with_settings(model, wanted | {"parameterization": "eps"})), dataset, zero)


def test_unknown_recipes_are_named() -> None:
    with pytest.raises(SfumatoError, match="unknown recipe 'dpm': did you mean 'ddpm'"):
        configure({"data.source": "digits", "images": 1}, "dpm")


BEFORE: dict[str, Any] = {  # every field of a config.json before they were in groups, none of them its default
    "data": "digits", "size": [8, 8], "held_out": 0.1, "split": "over all", "flip": True, "crop": 1, "stream": True,
    "images": 5, "minutes": 2.0, "batch": 7, "accumulate": 3, "learning_rate": 0.5, "warmup": 0.2, "decay": 0.1,
    "weight_decay": 0.3, "optimizer": "adamw", "clip": 0.7, "ema_widths": [0.07], "condition_dropout": 0.4,
    "schedule": "flow-shift-3", "law": "logit-normal", "law_mean": 0.1, "law_std": 0.9, "law_tail": 0.02,
    "weight": "p2", "columns": {"numbers": ["age"], "vectors": [], "images": []}, "coupling": True, "coarse": 0.35,
    "uncertainty": True, "seed": 9, "precision": "bf16", "compile": True, "previews": 1, "preview_calls": 3,
    "evaluated": 5, "threads": 1, "save_minutes": 0.5, "keep": 4, "shard": False, "lora": None,
    "origin": {"path": "emoji", "weights": "ab"}, "fingerprint": "cd",
}  # fmt: skip


def test_a_config_of_before_the_groups_is_read_field_by_field() -> None:
    config: TrainingConfig = fit(TrainingConfig, grouped(BEFORE), "config.json")
    content = json.loads(json.dumps(asdict(config)))
    assert fit(TrainingConfig, grouped(content), "config.json") == config
    noise = content["objective"].pop("noise")
    assert noise == {"name": "logit-normal", "mean": 0.1, "std": 0.9, "stratified": True, "tail": 0.02}
    schedule = content["objective"].pop("schedule")
    assert schedule == {"kind": "shift", "factor": 3.0, "base": {"kind": "flow"}}
    names = {"coarse": "low_resolution", "keep": "checkpoints", "data": "data.source", "optimizer": "optimizer.name"}
    for name, value in BEFORE.items():
        if not name.startswith("law") and name != "schedule":
            path = PATHS.get(names.get(name, name), names.get(name, name))
            found: Any = content
            for part in path.split("."):
                found = found[part]
            assert found == value, name
    oldest = {name: BEFORE[name] for name in ("data", "images")}
    assert fit(TrainingConfig, grouped(oldest), "").data.split == "over all"
    assert TrainingConfig("digits", images=1).data.split == "within classes"


@given(
    st.sampled_from([EDM(), EDM(sigma_max=20.0), Linear(beta_end=0.03)]),
    st.floats(-3, 3), st.floats(0.1, 3), st.sampled_from([(), ("age",)]),
)  # fmt: skip
def test_a_config_is_the_same_after_a_round_through_json(
    schedule: Any, mean: float, std: float, names: tuple[str, ...]
) -> None:
    noise = NoiseDistribution("log-normal", mean, std)
    config = TrainingConfig("x", minutes=1.0, schedule=schedule, noise=noise, columns=Columns(names))
    assert fit(TrainingConfig, grouped(json.loads(json.dumps(asdict(config)))), "") == config


def test_a_run_of_before_the_groups_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    """`tests/before` holds a run on blobs by the version that kept settings flat, and what it ends with there."""
    before = Path(__file__).parents[1] / "before"
    shutil.copytree(before / "stopped", tmp_path / "run")
    trainer, damaged = resume_run(tmp_path / "run", blobs(), training_config(tmp_path / "run"), torch.device("cpu"))
    assert damaged == [] and trainer.step == 4
    list(train(tmp_path / "run", trainer))
    assert trainer.step == 8
    ends = renamed(safetensors.torch.load_file(before / "whole.safetensors"))
    own = trainer.average.net.state_dict()
    assert ends.keys() == own.keys()
    for name, value in ends.items():  # kernels of another machine round otherwise
        torch.testing.assert_close(own[name], value, rtol=1e-3, atol=1e-5)
