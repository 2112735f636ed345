"""Both parts on a few drawings, with tiny networks: the pictures are poor, and it takes seconds."""

import subprocess
import sys
from pathlib import Path

import sfumato

HERE = Path(__file__).parent


def test_an_autoencoder_and_a_model_in_its_latents(tmp_path):
    subprocess.run([sys.executable, HERE / "example.py", tmp_path / "pictures", "8"], check=True)
    quick = {"batch": 16, "previews": 0, "precision": "fp32", "compile": False}
    part = {"perceptual": 0, "adversarial": 0}  # parts of the loss that the real training has
    eyes = sfumato.AutoencoderRun.start(
        tmp_path / "eyes", tmp_path / "pictures", size=32, factor=4, net="nano", images=32, **quick, **part
    )
    for _ in eyes.train():
        pass
    run = sfumato.Run.start(
        tmp_path / "run", tmp_path / "pictures", autoencoder=tmp_path / "eyes", net="nano", images=32, **quick
    )
    for _ in run.train():
        pass
    pictures = run.model().sample(range(2), labels="boat", steps=2)
    assert pictures.shape == (2, 3, 32, 32) and pictures.isfinite().all()
    latents = eyes.codec().encode(pictures)
    assert latents.shape[2:] == (8, 8) and eyes.codec().decode(latents).shape == pictures.shape
