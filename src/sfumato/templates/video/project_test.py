"""The whole way from GIFs to new clips, on a tiny network: they are poor, and it takes seconds."""

import subprocess
import sys
from pathlib import Path

import sfumato

HERE = Path(__file__).parent


def test_clips_are_learnt_generated_and_gone_on_with(tmp_path):
    subprocess.run([sys.executable, HERE / "example.py", tmp_path / "clips", "12"], check=True)
    quick = {"net": "nano", "images": 16, "batch": 8, "previews": 0, "precision": "fp32", "compile": False}
    run = sfumato.Run.start(tmp_path / "run", tmp_path / "clips", size=16, frames=4, **quick)
    for _ in run.train():
        pass
    model = run.model()
    clips = model.sample([0], prompts="a red ball falls", steps=2)
    assert clips.shape == (1, 4, 3, 16, 16) and clips.isfinite().all()
    first = sfumato.Keyframes({0: clips[0, 0]})
    longer = model.sample([0], prompts="a red ball falls", frames=6, edit=first, steps=2)
    assert longer.shape == (1, 6, 3, 16, 16) and longer[0, 0].equal(clips[0, 0])
