"""Latent diffusion as a user meets it: both in one command, stopped and gone on with, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from sfumato import SfumatoError
from sfumato.cli.runs import run_to_resume
from tiny import Command

TRAIN = (
    "--images",
    64,
    "--batch",
    16,
    "--precision",
    "fp32",
    "--compile",
    "no",
    "--set",
    "reconstruction.perceptual=0",
)


def test_an_autoencoder_and_a_model_are_trained_by_one_command(sfumato: Command, tmp_path: Path) -> None:
    trained = sfumato("train", "digits", "--size", 16, "--latent", "--channels", 3, "--name", "both", *TRAIN)
    assert trained.returncode == 0, trained.stderr
    said = " ".join(trained.stdout.split())
    assert "latents of 3 × 8 × 8 of 1 × 16 × 16" in said and "dB (PSNR)" in said
    assert (tmp_path / "runs/both/autoencoder/codec.safetensors").exists()
    drawn = sfumato("sample", "runs/both", "--class", "3", "-n", 2, "--steps", 2, "--animate")
    assert drawn.returncode == 0, drawn.stderr
    told = " ".join(sfumato("info", "runs/both").stdout.split())
    assert "shape 1 × 16 × 16" in told and "latents 3 × 8 × 8" in told and "3,072 bits a picture" in told
    assert "PSNR" in " ".join(sfumato("info", "runs/both/autoencoder").stdout.split())
    again = sfumato("train", "digits", "--size", 16, "--latent", "--name", "both", "--images", 96, "--resume")
    assert again.returncode == 0 and "Going on from step 4" in again.stdout, again.stderr


def test_a_run_that_has_only_its_autoencoder_says_how_both_go_on(tmp_path: Path) -> None:
    (tmp_path / "both/autoencoder").mkdir(parents=True)
    (tmp_path / "both/autoencoder/config.json").write_text(
        '{"codec": {}, "training": {"data": {"source": "digits"}, "images": 64}}'
    )
    with pytest.raises(SfumatoError, match="no model yet; go on with both"):
        run_to_resume(str(tmp_path / "both"), None, tmp_path)


def test_options_on_latents_that_cannot_be_are_refused(sfumato: Command) -> None:
    for options, words in (
        (("points:moons", "--latent"), "have no latents"),
        (("digits", "--latent", "--only", "autoencoder"), "give one of them"),
        (("digits", "--only", "autoencoder", "--shard"), "leave it out"),
        (("digits", "--only", "decoder"), "not 'decoder'"),
        (("digits", "--size", 8, "--only", "autoencoder", "--from", "avatars"), "give clips, with --frames of 2"),
        (
            ("digits", "--only", "autoencoder", "--set", "model.parameterization=flow"),
            "--set model.parameterization is",
        ),
        (("digits", "--factor", 4), "--latent or --only autoencoder"),
        (("digits", "--size", 8, "--only", "autoencoder", "--factor", 16), "smaller than the 16×16"),
    ):
        refused = sfumato("train", *options, "--images", 16)
        assert refused.returncode == 2 and words in " ".join(refused.stderr.split()), refused.stderr
