"""Clips in files: by which rule frames are taken, and what becomes of files that are no clips."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sfumato.data import open_dataset
from sfumato.data.clip_files import clip_facts, clip_files, is_clip
from sfumato.data.clip_reading import Cuts
from sfumato.data.films import film
from sfumato.data.moving_shapes import draw_clip, moving_scene
from sfumato.data.sources import source_of
from sfumato.errors import SfumatoError

MOVES = 0  # the number of a scene in which something moves


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SFUMATO_CACHE", str(tmp_path / "cache"))


def images(count: int, number: int = MOVES) -> list[Image.Image]:
    return [Image.fromarray(one.transpose(1, 2, 0)) for one in draw_clip(moving_scene(number), count)]


def write(path: Path, frames: Sequence[Image.Image], durations: int | list[int] = 125) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    options = {"lossless": True} if path.suffix == ".webp" else {}
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=durations, **options)


def pan(name: str, count: int) -> list[Image.Image]:
    """The view of a photograph that moves across it."""
    photo = Image.fromarray(getattr(skimage.data, name)()).convert("RGB")
    return [photo.crop((6 * i, 40, 6 * i + 200, 240)).resize((48, 48)) for i in range(count)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "clips"


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png", ".apng"])
def test_animations_come_back_frame_by_frame(root: Path, suffix: str) -> None:
    for number in (0, 1):
        write(root / f"{number}{suffix}", images(6, number))
    data = open_dataset(root, frames=6)
    assert data.kind == "clips" and data.shape == (6, 3, 32, 32) and data.classes == ()
    for row, number in enumerate((0, 1)):
        exact = torch.from_numpy(draw_clip(moving_scene(number), 6)).float() / 127.5 - 1
        assert (data.batch(np.array([row]))[0][0] - exact).abs().max() < (0.2 if suffix == ".gif" else 1e-6)


@given(durations=st.lists(st.integers(2, 60), min_size=4, max_size=12), fps=st.sampled_from([4.0, 8.0, 25.0]))
@settings(max_examples=20, deadline=None)
def test_frames_are_those_that_are_shown_at_each_tick(
    tmp_path_factory: pytest.TempPathFactory, durations: list[int], fps: float
) -> None:
    root = tmp_path_factory.mktemp("clips")
    frames, milliseconds = images(len(durations), MOVES), [10 * one for one in durations]
    for name in ("a.gif", "b.gif"):
        write(root / name, frames, milliseconds)
    ends = np.cumsum(milliseconds) / 1000
    ticks = np.arange(int(np.ceil(ends[-1] * fps - 1e-6))) / fps
    shown = [int((ends <= tick + 1e-6).sum()) for tick in ticks]
    if len(shown) < 2:
        return
    data = open_dataset(root, frames=len(shown), fps=fps, cache=root / "cache")
    pixels = np.stack([np.asarray(frame).transpose(2, 0, 1) for frame in frames])
    found = data.stored(np.array([0]))[0].astype(int)
    assert np.abs(found - pixels[shown]).max() < 30  # a GIF has a palette


def test_what_follows_is_another_clip_and_what_is_left_none(root: Path) -> None:
    write(root / "a.webp", images(11))
    data = open_dataset(root, frames=4)
    assert len(data) == 2 and data.files == {"used": 1}
    pixels = draw_clip(moving_scene(MOVES), 8)
    assert np.array_equal(data.stored(np.array([0, 1])).reshape(8, 3, 32, 32), pixels)


def test_files_that_are_no_clips_are_named_and_counted(root: Path) -> None:
    write(root / "cats/a.gif", images(8))
    write(root / "dogs/b.webp", images(8, 1))
    write(root / "dogs/uneven.gif", images(8), [100, 200] * 4)
    write(root / "dogs/short.gif", images(3))
    images(1)[0].save(root / "dogs/single.gif")
    images(1)[0].save(root / "dogs/still.jpg")
    (root / "cats/broken.gif").write_bytes((root / "cats/a.gif").read_bytes()[:500])
    (root / "cats/a.txt").write_text("a cat walks")
    data = open_dataset(root, frames=8)
    assert len(data) == 3 and data.classes == ("cats", "dogs") and data.captions is not None
    assert [list(one) for one in data.captions] == [["a cat walks"], [], []]
    notes = " ".join(data.notes)
    for words in (
        "left out (shorter than 8 frames at 8 a second; give fewer `frames`, or more `fps`): dogs/short.gif",
        "(a single frame): dogs/single.gif",
        "(a still picture beside clips): dogs/still.jpg",
        "cats/broken.gif",
        "1 clip with frames of unequal length, taken by the clock.",
    ):
        assert words in notes
    again = open_dataset(root, frames=8)
    assert again.notes == data.notes and again.fingerprint() == data.fingerprint()


def test_folders_of_frames_are_clips_and_their_folders_classes(root: Path) -> None:
    for label in ("left", "right"):
        for number in (0, 1):
            folder = root / label / f"clip{number}"
            folder.mkdir(parents=True)
            for at, image in enumerate(images(12, number)):
                image.save(folder / f"{at + 1}.png")
    data = open_dataset(root, frames=12)
    assert len(data) == 4 and data.classes == ("left", "right") and data.labels is not None
    assert data.labels.tolist() == [0, 0, 1, 1]
    for row, number in enumerate((0, 1, 0, 1)):  # frame 10 after frame 9
        assert np.array_equal(data.stored(np.array([row]))[0], draw_clip(moving_scene(number), 12))
    assert [len(one.frames) for one in clip_files(source_of(root, moving=True))[0]] == [12] * 4


def test_an_archive_gives_the_same_clips(root: Path, tmp_path: Path) -> None:
    for number in (0, 1):
        write(root / f"{number}.gif", images(4, number))
    shutil.make_archive(str(tmp_path / "packed"), "zip", root)
    assert open_dataset(tmp_path / "packed.zip", frames=4).fingerprint() == open_dataset(root, frames=4).fingerprint()


def test_without_frames_a_folder_of_animations_is_one_of_pictures_as_before(root: Path) -> None:
    for number in (0, 1):
        write(root / f"{number}.gif", images(4, number))
    data = open_dataset(root)
    assert data.kind == "pictures" and "with several frames: the first is used" in " ".join(data.notes)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"frames": 0}, "1 to 1,024 `frames`"),
        ({"fps": 0.0}, "`fps` are frames a second"),
        ({"frames": 64}, "holds 0 clips that can be read"),
        ({"frames": 4, "crop": 2, "size": (8, 8)}, "take no `crop`"),
    ],
)
def test_what_no_clip_can_be_is_said(root: Path, settings: dict[str, object], words: str) -> None:
    for number in (0, 1):
        write(root / f"{number}.gif", images(4, number))
    with pytest.raises(SfumatoError, match=words):
        open_dataset(root, **settings)  # type: ignore[arg-type]


def test_pictures_of_the_package_are_no_clips() -> None:
    with pytest.raises(SfumatoError, match="digits are no clips"):
        open_dataset("digits", frames=4)


def turned(path: Path) -> None:
    """Have an mp4 say that it is to be turned by a quarter, clockwise, as telephones do."""
    data = bytearray(path.read_bytes())
    at = data.find(b"tkhd") + 44
    matrix = (0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(data)


def sound(path: Path) -> None:
    import av

    with av.open(str(path), "w") as out:
        stream = out.add_stream("aac", rate=44100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4410), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        for packet in [*stream.encode(frame), *stream.encode()]:
            out.mux(packet)


def test_videos_are_read_upright_and_others_are_named(root: Path) -> None:
    pytest.importorskip("av")
    root.mkdir()
    clip = torch.from_numpy(draw_clip(moving_scene(MOVES), 8)).float()[None] / 127.5 - 1
    for name in ("plain", "turned"):
        (root / f"{name}.mp4").write_bytes(film(clip, ".mp4", 8, scale=1))
    turned(root / "turned.mp4")
    sound(root / "sound.mp4")
    (root / "nothing.mp4").write_bytes(b"no video")
    (root / "empty.webm").write_bytes(b"")
    (root / "page.mp4").write_bytes(b"<html>not found</html>")
    (root / "half.mp4").write_bytes((root / "plain.mp4").read_bytes()[:600])
    data = open_dataset(root, (32, 32), frames=8)
    assert len(data) == 2
    x, _ = data.batch(np.arange(2))
    assert (x[0] - clip[0]).abs().mean() < 0.05
    assert (x[1] - clip[0].rot90(-1, (2, 3))).abs().mean() < 0.05
    notes = " ".join(data.notes)
    assert "(sound without a picture): sound.mp4" in notes and "1 clip turned upright as their rotation says" in notes
    assert "2 clips left out (not a video, or a damaged one): half.mp4, nothing.mp4" in notes
    assert "(an empty file): empty.webm" in notes and "(a web page, not a picture): page.mp4" in notes
    for name, words in (("half.mp4", "a damaged one"), ("empty.webm", "an empty file"), ("sound.mp4", "sound without")):
        with pytest.raises(SfumatoError, match=words):
            clip_facts(root / name)


def test_a_png_is_a_clip_where_it_moves(tmp_path: Path) -> None:
    write(tmp_path / "moves.png", images(4))
    images(1)[0].save(tmp_path / "still.png")
    assert is_clip(tmp_path / "moves.png") and not is_clip(tmp_path / "still.png") and not is_clip(tmp_path / "no.png")
    assert clip_facts(tmp_path / "moves.png").frames == 4


def test_videos_without_the_extra_say_what_to_install(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "av", None)
    root.mkdir()
    (root / "a.mp4").write_bytes(b"anything")
    with pytest.raises(SfumatoError, match=r"sfumato\[video\]"):
        open_dataset(root, frames=4)


def played(data: bytes, path: Path) -> int:
    path.write_bytes(data)
    with Image.open(path) as file:
        return int(getattr(file, "n_frames", 1))


@pytest.mark.parametrize("suffix", [".webp", ".gif"])
def test_clips_become_files_that_move(tmp_path: Path, suffix: str) -> None:
    both = torch.from_numpy(np.stack([draw_clip(moving_scene(number), 5) for number in (0, 3)])).float() / 127.5 - 1
    assert played(film(both, suffix, 8), tmp_path / f"x{suffix}") == 5


def test_no_clip_goes_on_over_a_cut(root: Path) -> None:
    scenes = [pan(name, 20) for name in ("astronaut", "coffee", "chelsea", "rocket")]
    write(root / "film.webp", [*scenes[0], *scenes[1], *scenes[2][:5], *scenes[3]])
    write(root / "other.webp", [one.resize((48, 48)) for one in images(20)])
    data = open_dataset(root, frames=8, cut_scenes=True)
    assert [note for note in data.notes if "cut where one ends" in note]
    assert len(data) == 3 * 2 + 2  # of twenty frames two clips; none of five
    clips = data.batch(np.arange(len(data)))[0]
    exact = torch.stack([torch.from_numpy(np.asarray(one).copy()) for scene in scenes for one in scene])
    of = [
        {int((exact - (one.permute(1, 2, 0) + 1) * 127.5).abs().mean((1, 2, 3)).argmin()) // 20 for one in clip}
        for clip in clips[:6]
    ]
    assert of == [{0}, {0}, {1}, {1}, {3}, {3}]
    assert len(open_dataset(root, frames=8)) == 65 // 8 + 2  # where nobody asks, they go on


@pytest.mark.parametrize("number", range(12))
def test_what_moves_is_not_cut(number: int) -> None:
    cuts = Cuts()
    assert not any(cuts.before(one) for one in draw_clip(moving_scene(number), 40))


def test_a_film_without_a_long_scene_is_named(root: Path) -> None:
    write(root / "film.webp", [one for name in ("astronaut", "coffee", "chelsea") for one in pan(name, 5)])
    for number in (0, 1):
        write(root / f"{number}.webp", images(8, number))
    data = open_dataset(root, size=(32, 32), frames=8, cut_scenes=True)
    assert len(data) == 2 and "without a scene of 8 frames at 8 a second" in "".join(data.notes)
