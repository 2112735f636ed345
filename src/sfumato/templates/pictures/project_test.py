"""The whole way from drawings to new pictures, on a tiny network: its pictures are poor, and it takes seconds."""

import subprocess
import sys
from pathlib import Path

import sfumato

HERE = Path(__file__).parent


def test_pictures_are_drawn_learnt_and_generated(tmp_path):
    subprocess.run([sys.executable, HERE / "example.py", tmp_path / "pictures", "8"], check=True)
    quick = {"net": "nano", "images": 64, "batch": 16, "previews": 0, "precision": "fp32", "compile": False}
    run = sfumato.Run.start(tmp_path / "run", tmp_path / "pictures", size=16, **quick)
    for _ in run.train():
        pass
    model = run.model()
    assert model.config.classes == ("boat", "house", "tree")
    pictures = model.sample(range(3), labels=["house", "tree", "boat"], steps=2)
    assert pictures.shape == (3, 3, 16, 16) and pictures.isfinite().all()
    again = model.sample([1], labels="tree", steps=2)
    assert (again[0] - pictures[1]).abs().max() < 1e-4  # one seed, one picture, whatever is generated beside it
