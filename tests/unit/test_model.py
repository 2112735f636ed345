"""Model folders: what is loaded, what a damaged one says, and that a seed is a picture."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import torch

from sfumato.errors import SfumatoError
from sfumato.hub import SamplingConfig, load, new_model
from sfumato.hub.config import TELEPORT
from sfumato.sampling import Gaussian, last
from tiny import TINY, blobs


def test_ema_and_raw_weights_are_two_models(run_folder: Path) -> None:
    ema, raw = load(run_folder), load(run_folder, "raw")
    assert ema.config == raw.config == TINY
    assert ema.weights_hash != raw.weights_hash
    assert not torch.equal(ema.sample([1], [0]), raw.sample([1], [0]))


def test_loading_a_checkpoint_equals_loading_its_run(run_folder: Path) -> None:
    (checkpoint,) = (run_folder / "checkpoints").iterdir()
    assert torch.equal(load(checkpoint).sample([5], [1]), load(run_folder).sample([5], [1]))


@pytest.mark.parametrize("sampler", ["dpm++2m", "ddpm"])
@pytest.mark.parametrize("batch", [1, 3, 64])
def test_a_seed_is_the_same_picture_in_any_batch(run_folder: Path, sampler: str, batch: int) -> None:
    model = load(run_folder)
    seeds, labels = [3, 1, 4, 1, 5], [0, 1, 2, 1, 0]
    together = model.sample(seeds, labels, sampler=sampler, steps=5, batch=batch)
    alone = torch.cat([model.sample([s], [y], sampler=sampler, steps=5) for s, y in zip(seeds, labels, strict=True)])
    torch.testing.assert_close(together, alone, rtol=0, atol=2e-5)
    torch.testing.assert_close(together[1], together[3], rtol=0, atol=2e-5)


def test_guidance_scales_mean_what_the_docs_say(run_folder: Path) -> None:
    model = load(run_folder)
    draw = lambda labels, w: model.sample(range(4), labels, steps=4, guidance=w)  # noqa: E731
    unconditional = model.sample(range(4), None, steps=4)
    assert torch.equal(draw([0, 1, 2, 0], 0.0), unconditional)
    assert torch.equal(draw([None] * 4, 1.0), unconditional)
    assert not torch.equal(draw([0] * 4, 2.0), draw([0] * 4, 1.0))


def test_unknown_names_suggest(run_folder: Path) -> None:
    model = load(run_folder)
    with pytest.raises(SfumatoError, match=r"unknown sampler 'dpm\+\+2mm': did you mean 'dpm\+\+2m'"):
        model.sample([0], [0], sampler="dpm++2mm")
    with pytest.raises(SfumatoError, match="did you mean 'cosine'"):
        model.sample([0], [0], schedule="cosin")
    with pytest.raises(SfumatoError, match=r"cfg\+\+ lies between 0 and 1, not 4"):
        model.sample([0], [0], rule="cfg++", guidance=4.0)
    with pytest.raises(SfumatoError, match="did you mean 'karras'"):
        model.sample([0], [0], grid="karas")
    with pytest.raises(SfumatoError, match="choices are cat, dog, cow"):
        model.labels("horse", 1)


def test_steps_below_one_are_refused(run_folder: Path) -> None:
    with pytest.raises(SfumatoError, match="at least 1 step, got 0"):
        load(run_folder).sample([0], [0], steps=0)


@pytest.mark.parametrize("file", ["ema.safetensors", "state.json"])
@pytest.mark.parametrize("damage", ["truncated", "flipped", "gone"])
def test_a_damaged_only_checkpoint_is_reported(run_folder: Path, tmp_path: Path, file: str, damage: str) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_folder, folder)
    (checkpoint,) = (folder / "checkpoints").iterdir()
    path = checkpoint / file
    data = bytearray(path.read_bytes())
    if damage == "gone":
        path.unlink()
    elif damage == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif file == "ema.safetensors":
        data[len(data) // 2] ^= 1
        path.write_bytes(data)
    else:
        path.write_bytes(b"[1, 2]")
    with pytest.raises(SfumatoError, match=r"no trained model.*1 damaged checkpoints"):
        load(folder)


def test_missing_folders_and_configs_are_reported(run_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="there is no folder"):
        load(tmp_path / "nothing")
    with pytest.raises(SfumatoError, match="no trained model"):
        load(tmp_path)
    shutil.copytree(run_folder, tmp_path / "run")
    (tmp_path / "run" / "config.json").write_text("{ not json")
    with pytest.raises(SfumatoError, match="not valid JSON"):
        load(tmp_path / "run")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("model", "shape"), "big", "model.shape"),
        (("model", "net", "kind"), "transformer", "model.net"),
        (("model", "net", "widths"), [32, 32], "don't fit the network"),
    ],
)
def test_a_config_that_does_not_fit_is_named(
    run_folder: Path, tmp_path: Path, path: tuple[str, ...], value: object, words: str
) -> None:
    shutil.copytree(run_folder, tmp_path / "run")
    config = json.loads((tmp_path / "run" / "config.json").read_text())
    inner = config
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    (tmp_path / "run" / "config.json").write_text(json.dumps(config))
    with pytest.raises(SfumatoError, match=words):
        load(tmp_path / "run")


def test_nothing_is_ever_unpickled(run_folder: Path, tmp_path: Path) -> None:
    """A pickle in place of the weights, even with a matching hash, is refused by the safetensors reader."""
    import hashlib

    shutil.copytree(run_folder, tmp_path / "run")
    (checkpoint,) = (tmp_path / "run" / "checkpoints").iterdir()
    torch.save({"weights": torch.ones(3)}, checkpoint / "ema.safetensors")
    state = json.loads((checkpoint / "state.json").read_text())
    state["files"]["ema.safetensors"] = hashlib.sha256((checkpoint / "ema.safetensors").read_bytes()).hexdigest()
    (checkpoint / "state.json").write_text(json.dumps(state))
    with pytest.raises(SfumatoError, match="not a safetensors file"):
        load(tmp_path / "run")


def test_a_new_model_is_a_function_of_config_and_seed() -> None:
    one, same, other = new_model(TINY, 1), new_model(TINY, 1), new_model(TINY, 2)
    first = [next(iter(m.denoiser.parameters())) for m in (one, same, other)]
    assert torch.equal(first[0], first[1]) and not torch.equal(first[0], first[2])


def test_eta_belongs_to_ddim(run_folder: Path) -> None:
    model = load(run_folder)
    model.sample([0], [0], sampling=SamplingConfig("ddim", 3, eta=0.5))
    with pytest.raises(SfumatoError, match="eta belongs to ddim"):
        model.sample([0], [0], sampler="heun", eta=0.5)
    with pytest.raises(SfumatoError, match="between 0"):
        model.sample([0], [0], sampler="ddim", eta=1.5)


def test_the_first_step_may_come_from_the_datas_gaussian(run_folder: Path) -> None:
    model = load(run_folder)
    draw = lambda **options: model.sample(range(3), [0, 1, 2], steps=5, **options)  # noqa: E731
    plain = draw()
    with pytest.raises(SfumatoError, match=r"needs the data's Gaussian; set .*data_gaussian\(") as refused:
        draw(first="teleport")
    assert f"data_gaussian({model.source!r})" in str(refused.value)
    with pytest.raises(SfumatoError, match="did you mean 'analytical'"):
        draw(first="analitical")
    model.gaussian = Gaussian.fit(blobs().batch(torch.arange(60))[0])
    teleported, analytical = draw(first="teleport"), draw(first="analytical")
    assert teleported.shape == analytical.shape == plain.shape
    assert not torch.equal(teleported, plain) and not torch.equal(analytical, plain)
    assert torch.equal(teleported, draw(first="teleport"))
    walk = list(model.stream(range(3), [0, 1, 2], SamplingConfig(steps=5, first="teleport")))
    assert float(walk[0].level.ratio) == pytest.approx(TELEPORT)
    assert last(model.stream([0], [0], SamplingConfig(steps=5, first="analytical"))).calls == 4


def test_a_tolerance_belongs_to_adaptive(run_folder: Path) -> None:
    model = load(run_folder)
    with pytest.raises(SfumatoError, match="a tolerance belongs to the sampler adaptive, not to ddim"):
        model.sample([0], [0], sampler="ddim", tolerance=0.1)
    with pytest.raises(SfumatoError, match="tolerances must be above 0"):
        model.sample([0], [0], sampler="adaptive", steps=4, tolerance=0.0)
    loose, tight = (
        last(model.stream([0], [0], SamplingConfig("adaptive", 4, tolerance=size))).calls for size in (0.5, 0.001)
    )
    assert loose < tight
