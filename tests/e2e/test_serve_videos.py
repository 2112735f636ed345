"""OpenAI's own client asks `sfumato serve` for a clip."""

from __future__ import annotations

import io
import re
from pathlib import Path

import numpy as np
import openai
import pytest
from PIL import Image

from manual import blocks
from served import TOKEN, serving
from sfumato.data.datasets import from_arrays
from sfumato.hub import ModelConfig
from sfumato.nets import UNetConfig
from sfumato.training import TrainingConfig, start_run, train

NET = UNetConfig(3, 2, widths=(16, 16), temporal=True)
CLIPS = ModelConfig((4, 3, 8, 8), NET, ("cat", "dog"), kind="clips")


@pytest.mark.filterwarnings("ignore:The Sora API")
def test_it_creates_polls_downloads_lists_and_deletes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clips = np.random.default_rng(0).integers(0, 256, (8, 4, 3, 8, 8)).astype(np.uint8)
    data = from_arrays(clips, np.arange(8) % 2, classes=("cat", "dog"), name="noise")
    config = TrainingConfig("noise", images=8, batch=8, previews=0, evaluated=0)
    list(train(tmp_path / "clips", start_run(tmp_path / "clips", data, config, CLIPS)))
    given = io.BytesIO()
    Image.new("RGB", (8, 8), (9, 99, 199)).save(given, "PNG")
    with serving(model=str(tmp_path / "clips")) as service:
        client = openai.OpenAI(base_url=f"http://127.0.0.1:{service.port}/v1", api_key=TOKEN, max_retries=0)
        video = client.videos.create_and_poll(
            model="clips",  # type: ignore[arg-type]
            prompt="cat",
            seconds="1",  # type: ignore[arg-type]
            input_reference=("first.png", given.getvalue(), "image/png"),
            extra_body={"steps": 2, "seed": 5},
            poll_interval_ms=50,
        )
        assert (video.status, video.progress, video.seconds, video.size) == ("completed", 100, "1", "8x8")
        sheet = client.videos.download_content(video.id, variant="spritesheet").read()
        pixels = np.asarray(Image.open(io.BytesIO(sheet)))
        assert pixels.shape == (8, 8 * 8, 3) and (pixels[:, :8] == (9, 99, 199)).all()
        assert client.videos.download_content(video.id).read()[:12].endswith((b"WEBP", b"ftyp", b"isom"))
        assert [one.id for one in client.videos.list(limit=1)] == [video.id]
        assert client.videos.delete(video.id).deleted
        monkeypatch.chdir(tmp_path)
        _, told = blocks("serving.md", "python")
        exec(re.sub('prompt=".*?"', 'prompt="cat"', told), {"client": client})
        assert Path("clip.mp4").stat().st_size
