"""The whole way from captioned drawings to a prompt, on a tiny network: its pictures are poor, and it takes seconds."""

import subprocess
import sys
from pathlib import Path

import sfumato

HERE = Path(__file__).parent


def test_captions_are_learnt_and_prompts_generate(tmp_path):
    subprocess.run([sys.executable, HERE / "example.py", tmp_path / "captioned", "24"], check=True)
    captions = [path.read_text(encoding="utf-8") for path in (tmp_path / "captioned").glob("*.txt")]
    assert len(captions) == 24 and not any("green star" in caption for caption in captions)
    quick = {"net": "nano", "images": 64, "batch": 16, "previews": 0, "precision": "fp32", "compile": False}
    run = sfumato.Run.start(tmp_path / "run", tmp_path / "captioned", size=16, **quick)
    for _ in run.train():
        pass
    model = run.model()
    one, other = (
        model.sample([0], prompts=prompt, guidance=3.0, steps=2) for prompt in ("a red circle", "a blue star")
    )
    assert one.shape == (1, 3, 16, 16) and one.isfinite().all()
    assert not one.equal(other)  # from the same noise: the words are what differs
