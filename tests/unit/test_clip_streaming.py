"""Clips that are decoded whenever they are shown are those that were decoded once, and take no room."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from sfumato.data import Dataset, open_dataset
from sfumato.data.clip_streaming import ClipsInFiles
from sfumato.data.dataset import DataLost
from sfumato.data.moving_shapes import draw_clip, moving_scene
from sfumato.errors import SfumatoError
from sfumato.training import Progress, TrainingConfig, model_for, open_data, resume_run, start_run, train

FRAMES = 4


def images(count: int, number: int) -> list[Image.Image]:
    return [Image.fromarray(one.transpose(1, 2, 0)) for one in draw_clip(moving_scene(number), count, 16, 16)]


def animations(root: Path) -> None:
    """GIFs of 1 to 3 clips, in classes, some captioned, one of stills that last, one broken, one short."""
    for number in range(6):
        path = root / "ab"[number % 2] / f"{number}.gif"
        path.parent.mkdir(parents=True, exist_ok=True)
        first, *rest = images(4 + 2 * number, number)
        first.save(path, save_all=True, append_images=rest, duration=[125, 2000, 60][number % 3])
    (root / "a" / "0.txt").write_text("something moves")
    (root / "b" / "broken.gif").write_bytes((root / "b" / "5.gif").read_bytes()[:300])
    images(1, 0)[0].save(root / "b" / "still.gif")


def folders(root: Path) -> None:
    for number in range(3):
        folder = root / f"clip{number}"
        folder.mkdir(parents=True)
        for at, image in enumerate(images(9 + number, number)):
            image.convert("L").save(folder / f"{at + 1}.png")


def films(root: Path) -> None:
    """Films whose key frames are ten frames apart."""
    av = pytest.importorskip("av")
    root.mkdir()
    for number, rate in ((0, 8), (1, 25)):
        with av.open(str(root / f"{number}.mp4"), "w") as out:
            stream = out.add_stream("libx264", rate=rate)
            stream.width = stream.height = 16
            stream.pix_fmt, stream.options = "yuv420p", {"g": "10", "bf": "2", "sc_threshold": "0"}
            for image in images(90, number):
                out.mux(stream.encode(av.VideoFrame.from_image(image)))
            out.mux(stream.encode())


def packed(root: Path) -> None:
    animations(root)
    shutil.make_archive(str(root), "zip", root)
    shutil.rmtree(root)


def opened(root: Path, cache: Path, stream: bool, cut_scenes: bool = False) -> Dataset:
    spec = root if root.exists() else root.with_suffix(".zip")
    return open_dataset(spec, (8, 8), cache, frames=FRAMES, cut_scenes=cut_scenes, stream=stream)


@pytest.mark.parametrize("cut_scenes", [False, True])
@pytest.mark.parametrize("make", [animations, folders, films, packed])
def test_streamed_clips_are_those_that_are_kept(
    tmp_path: Path, make: Callable[[Path], None], cut_scenes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(root := tmp_path / "clips")
    kept = opened(root, tmp_path / "kept", False, cut_scenes)
    monkeypatch.delattr(ClipsInFiles, "_from_start")  # none of these needs it
    for _ in range(2):  # the second time by what was found the first
        streamed = opened(root, tmp_path / "few", True, cut_scenes)
        assert (streamed.name, len(streamed), streamed.shape, streamed.kind, streamed.classes, streamed.notes) == (
            kept.name, len(kept), kept.shape, kept.kind, kept.classes, kept.notes
        )  # fmt: skip
        assert streamed.files == kept.files and streamed.fingerprint() == kept.fingerprint()
        rows = np.random.default_rng(0).permutation(np.arange(2 * len(kept)) % len(kept))
        assert np.array_equal(streamed.stored(rows), kept.stored(rows))
        assert (streamed.captions and list(streamed.captions)) == (kept.captions and list(kept.captions))
        assert (streamed.labels is None) == (kept.labels is None)
        assert streamed.labels is None or kept.labels is None or np.array_equal(streamed.labels, kept.labels)
    (notes,) = (tmp_path / "few").iterdir()
    assert notes.stat().st_size < 1000 + 80 * len(kept)


def test_notes_that_point_elsewhere_give_the_same_clips(tmp_path: Path) -> None:
    films(root := tmp_path / "clips")
    kept, rows = opened(root, tmp_path / "kept", False), np.arange(6)
    opened(root, tmp_path / "few", True)
    (path,) = (tmp_path / "few").iterdir()
    found = json.loads(path.read_text())
    found["at"] = [at + 0.25 for at in found["at"]]
    path.write_text(json.dumps(found))
    assert np.array_equal(opened(root, tmp_path / "few", True).stored(rows), kept.stored(rows))
    for damage in ({"file": [99]}, {"skip": found["skip"][1:]}, {"file": found["file"][::-1]}, {"channels": 2}):
        path.write_text(json.dumps({**found, **damage}))
        assert np.array_equal(opened(root, tmp_path / "few", True).stored(rows), kept.stored(rows))


def test_files_that_change_under_a_run_stop_it(tmp_path: Path) -> None:
    animations(root := tmp_path / "clips")
    streamed = opened(root, tmp_path / "few", True)
    changed = root / "a" / "4.gif"
    before = changed.read_bytes()
    changed.write_bytes((root / "b" / "5.gif").read_bytes())
    with pytest.raises(DataLost, match=r"a/4\.gif can no longer be read: its frames are others than they were; put it"):
        streamed.stored(np.arange(len(streamed)))
    changed.write_bytes(before)
    streamed.stored(np.arange(len(streamed)))
    changed.unlink()
    with pytest.raises(DataLost, match=r"a/4\.gif can no longer be read: no such file or directory; put it"):
        streamed.stored(np.arange(len(streamed)))


def test_a_streamed_run_equals_one_from_the_cache_and_goes_on_as_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    animations(root := tmp_path / "clips")
    cpu, ends = torch.device("cpu"), []
    for stream in (False, True):
        monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / f"cache-{stream}"))
        config = TrainingConfig(
            str(root), size=(8, 8), images=4 * 5, batch=4, frames=FRAMES, stream=stream, previews=0, held_out=0.0
        )
        trainer = start_run(tmp_path / f"run-{stream}", data := open_data(config), config, model_for(data, "nano"), cpu)
        for event in train(tmp_path / f"run-{stream}", trainer):
            if stream and isinstance(event, Progress) and event.step == 2:
                trainer.stop()
        if stream:
            assert trainer.step < 5
            trainer, _ = resume_run(tmp_path / "run-True", open_data(config), config, cpu)
            list(train(tmp_path / "run-True", trainer))
        ends.append(trainer.state()[0]["ema.safetensors"])
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


def test_clips_in_no_files_are_not_streamed() -> None:
    for spec in ("moving-shapes", "moving-avatars:critters"):
        with pytest.raises(SfumatoError, match="leave `stream` out"):
            open_dataset(spec, frames=FRAMES, stream=True)


def test_what_a_codec_is_to_encode_may_be_streamed(tmp_path: Path) -> None:
    from sfumato.data.frames import frames_of

    folders(root := tmp_path / "clips")
    kept, streamed = (frames_of(opened(root, tmp_path / str(stream), stream)) for stream in (False, True))
    rows = np.array([0, 5, 4, 17])
    assert np.array_equal(kept.stored(rows), streamed.stored(rows)) and kept.fingerprint() == streamed.fingerprint()
