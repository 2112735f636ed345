"""Models to the Hugging Face Hub and back: by its own client, through a server on loopback that speaks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from hub_server import TOKEN, Hub, hub_on_loopback
from pipelines import ddim_folder
from sfumato.cli.publish import pull, push
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.cards import card, credit
from sfumato.hub.diffusers.writing import export_pipeline
from sfumato.hub.model import new_model
from sfumato.hub.remote import wanted
from sfumato.hub.zoo import save_zoo
from tiny import TINY


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    constants = pytest.importorskip("huggingface_hub.constants")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "no token"))
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    with hub_on_loopback() as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.address)
        yield hub


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_zoo("tiny", new_model(TINY), tmp_path, half=False)


def test_a_model_goes_to_the_hub_in_one_commit_and_comes_back_the_same(
    hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push(folder, "me/mine", private=True, license_="cc-by-4.0")
    assert len(hub.commits["me/mine"]) == 2 and hub.private == {"me/mine"}  # the empty one, and this
    files = hub.commits["me/mine"][-1]
    assert set(files) == {"config.json", "model.safetensors", "README.md", "samples.png"}
    card = files["README.md"].decode()
    assert card.startswith("---\nlicense: cc-by-4.0\nlibrary_name: sfumato\n") and "cat, dog, cow" in card
    assert "![Pictures of the seeds 0 to 15](samples.png)" in card and "sfumato sample hf:me/mine" in card
    pull("me/mine")
    here, there = load(folder), load("hf:me/mine")
    assert torch.equal(here.sample(labels="cat", seeds=[3], steps=2), there.sample(labels="cat", seeds=[3], steps=2))
    assert there.source == f"hf:me/mine@{hub.sha('me/mine', 1)}"  # what is generated names the commit
    push(folder, "me/mine")
    assert load(there.source).source == there.source != load("hf:me/mine").source
    said = capsys.readouterr()
    assert TOKEN not in said.out + said.err and "sample hf:me/mine" in said.out


def test_of_a_pipeline_only_what_it_is_loaded_from_is_downloaded() -> None:
    taken = [
        "model_index.json", "README.md", "unet/config.json", "unet/diffusion_pytorch_model.safetensors",
        "tokenizer/merges.txt", "text_encoder/model.fp16.safetensors",
        "vae/diffusion_pytorch_model-00001-of-00002.safetensors", "vae/diffusion_pytorch_model.safetensors.index.json",
    ]  # fmt: skip
    left = [
        "v1-5-pruned.safetensors", "v1-5-pruned.ckpt", "unet/diffusion_pytorch_model.fp16.safetensors",
        "unet/diffusion_pytorch_model.bin", "safety_checker/model.safetensors", "pipeline.py",
    ]  # fmt: skip
    assert wanted([*taken, *left]) == taken
    assert wanted(["config.json", "model.safetensors", "samples.png"]) == ["config.json", "model.safetensors"]


def test_a_folder_of_diffusers_that_was_exported_goes_to_the_hub_as_it_is_and_comes_back_the_same(
    hub: Hub, folder: Path, tmp_path: Path
) -> None:
    pytest.importorskip("diffusers")
    model = load(ddim_folder(tmp_path / "ddim"))
    push(tmp_path / "ddim", "me/ddim")
    there = load("hf:me/ddim")
    assert there.source == f"hf:me/ddim@{hub.sha('me/ddim', 1)}"
    assert torch.equal(model.sample(seeds=[3], steps=2), there.sample(seeds=[3], steps=2))
    pull("me/ddim")
    export_pipeline(load(folder), tmp_path / "with code")  # for diffusers, which asks before it runs any
    push(tmp_path / "with code", "me/code")
    assert "pipeline.py" in hub.commits["me/code"][-1]
    for use in (pull, load):
        with pytest.raises(SfumatoError, match="brings code of its own, and none of a folder is ever run; where"):
            use("hf:me/code")
    with pytest.raises(SfumatoError, match=r"say the license in its README\.md"):
        push(tmp_path / "ddim", "me/ddim", license_="mit")


def test_a_dry_run_says_all_and_asks_nobody(hub: Hub, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    push(folder, "me/mine", dry_run=True)
    said = capsys.readouterr().out
    assert all(name in said for name in ("config.json", "model.safetensors", "README.md", "samples.png", "Nothing was"))
    assert "# mine" in said and "the card names no licence" in said and "cc-by-4.0" in said
    assert hub.asked == []


def test_a_card_says_whose_the_data_is_by_what_the_run_was_trained_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    push(Path("emoji"), "me/faces", dry_run=True)
    said = capsys.readouterr().out
    assert "license: cc-by-sa-4.0" in said and "by OpenMoji (openmoji.org), CC BY-SA 4.0." in said
    assert (
        "![Pictures of the seeds 0 to 15, without a prompt](samples.png)" in said
        and "pipeline_tag: text-to-image" in said
    )
    for data, licence in (("avatars:sprouts:100", "cc0-1.0"), ("shapes:moving", "cc0-1.0"), ("digits", "cc-by-4.0")):
        assert credit(data)[1] == licence and credit(data)[0]
    made = card("me/mine", load(folder), data="/home/me/photos")
    assert made.licence == "" and "/home/me" not in made.text  # of this machine nothing is said


def test_the_card_of_an_evaluation_keeps_its_words_and_gets_the_pictures(folder: Path) -> None:
    words = "---\nlibrary_name: sfumato\n---\n# mine\n\nA diffusion model.\n\n## How it does\n"
    made = card("me/mine", load(folder), "digits", words=words)
    assert made.text.startswith("---\nlicense: cc-by-4.0\nlibrary_name: sfumato\n---\n# mine\n\n![Pictures of")
    assert made.text.index("samples.png") < made.text.index("A diffusion model.") < made.text.index("UCI Machine")
    assert card("me/mine", load(folder), "digits", words=made.text).text == made.text  # and nothing twice


def test_what_the_hub_refuses_is_said_in_a_sentence(
    hub: Hub, folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    push(folder, "me/mine")
    with pytest.raises(SfumatoError, match="the Hub has no model me/none, or not for you"):
        load("hf:me/none")
    with pytest.raises(SfumatoError, match="me/mine has no revision nope; leave it out"):
        load("hf:me/mine@nope")
    hub.commits["me/else"] = [{"notes.txt": b"nothing"}]
    with pytest.raises(SfumatoError, match="hf:me/else is no model that is known here"):
        load("hf:me/else")
    with pytest.raises(SfumatoError, match="is named user/name"):
        load("hf:mine")
    monkeypatch.delenv("HF_TOKEN")
    hub.gated.add("me/mine")
    with pytest.raises(SfumatoError, match=r"me/mine is gated: accept its terms at https://\S+, then log in with"):
        load("hf:me/mine@main")
    with pytest.raises(SfumatoError, match="the Hub takes models from those it knows: log in"):
        push(folder, "me/mine")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(SfumatoError, match=r"me/other isn't kept here|can't be asked for me/other"):
        load("hf:me/other")
