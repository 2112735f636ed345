"""What is drawn, what is recorded, and what is drawn again from the record are one thing; and what goes together."""

from __future__ import annotations

import itertools
import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, Phase, given, reject, settings
from hypothesis import strategies as st
from PIL import Image

from asked import CLASSES, PATHS, Draws, draws, model, pixels
from sfumato.cli import app
from sfumato.cli.generating import generate_all, pixels_of
from sfumato.data import picture, read_about, save_png
from sfumato.diffusion import EDM, Betas, Linear, RectifiedFlow, Shift
from sfumato.errors import SfumatoError
from sfumato.hub import SamplingConfig
from sfumato.hub.model import ALIASES, What
from sfumato.hub.record import By, compared, comparison_facts, facts, read_record
from sfumato.hub.request import (
    LARGEST_SEED,
    MAX_IMAGES,
    Comparison,
    Control,
    File,
    PictureEdit,
    Request,
    parse_seeds,
    read_comparison,
    read_request,
    seed_words,
)
from sfumato.hub.resolving import resolve
from sfumato.hub.settings import settle
from sfumato.sampling import Edit

__all__ = ["draws"]
NUMBERS = itertools.count()

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip())
)
prompts = texts | st.sampled_from(["-x", "--debug", "--guidance=3", "$(rm -rf)", 'it\'s "it"', "a\nb", " ", "=", "🦊"])
seeds = st.lists(st.integers(0, LARGEST_SEED), min_size=1, max_size=2, unique=True)
shares = st.floats(0, 1)
schedules = st.one_of(
    st.builds(Linear, st.floats(1e-4, 1e-3), st.floats(0.02, 0.03), st.integers(10, 2000)),
    st.builds(EDM, sigma_max=st.floats(20, 200)),
    st.builds(Shift, st.just(RectifiedFlow()), st.floats(0.5, 8)),
    st.builds(Betas, st.just((0.1, 0.2, 0.5))),
)
samplings = st.fixed_dictionaries(
    {"steps": st.integers(2, 3)},
    optional={
        "sampler": st.sampled_from(["ddim", "heun", "dpm++2m", "DPM++ 2M Karras", "euler a", "sa-solver"]),
        "grid": st.sampled_from(["karras", "trailing", "logsnr"]),
        "schedule": st.sampled_from(["edm", "flow", "linear"]) | schedules,
        "guidance": st.floats(0, 8) | st.sampled_from([0.0, 1.0, 1e-5, 0.30000001]),
        "rule": st.sampled_from(["plain", "projected", "cfg++"]),
        "interval": st.none() | st.tuples(st.floats(0, 1), st.floats(1, 1e5)) | st.just((5e-05, 1e16)),
        "threshold": st.booleans() | st.sampled_from(["none", "static", "dynamic"]),
        "eta": shares,
    },
)


def file(name: str) -> File:
    return File.of(name)


@st.composite
def asked(draw: st.DrawFn, by: By) -> Request:
    """Any request that the command line can make to the model; the files are in the present folder."""
    numbers = tuple(draw(seeds))
    classes = tuple(draw(st.lists(st.sampled_from(CLASSES), min_size=1, max_size=len(numbers))))
    prompt = draw(st.none() | prompts)
    conditions: dict[str, Any] = {}
    if draw(st.booleans()):
        conditions["age"] = draw(st.floats(-100, 100))
    if draw(st.booleans()):
        conditions["style"] = (draw(st.floats(-9, 9)), draw(st.floats(-9, 9)))
    if draw(st.booleans()):
        conditions["depth"] = Control(file(draw(st.sampled_from(PATHS))))
    if draw(st.booleans()):
        conditions["edges"] = Control(file(draw(st.sampled_from(PATHS))), draw(st.booleans()))
    edit = None
    if draw(st.booleans()):
        mask = file("left.png") if draw(st.booleans()) else None
        edit = PictureEdit(file(draw(st.sampled_from(PATHS))), draw(shares), mask)
    given = draw(samplings)
    try:
        how = settle(by.model.config.sampling, True, **given)
        negative = draw(prompts) if how.guidance > 1 and draw(st.booleans()) else None
        request = Request(numbers, how, classes, prompt, negative, conditions, edit)
        resolve(request, by.model)
    except SfumatoError:
        reject()
    return request


@pytest.mark.parametrize("name", ["tiny", "own"])
def test_whatever_is_recorded_draws_the_same_picture_again(draws: Draws, name: str) -> None:
    """By the command, as a shell would split it, and by the JSON; and what they draw carries the same record."""
    by = By(model(name))

    @settings(max_examples=8, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data())
    def law(data: st.DataObject) -> None:
        request = data.draw(asked(by))
        assert read_request(request.json()) == request
        samples = generate_all(resolve(request, by.model), 64)
        about = facts(by, request)
        place = Path(f"drawn/{next(NUMBERS)}")
        save_png(picture(samples), place / "record.png", about)
        assert read_record(place / "record.png").asked == request
        program, verb, *words = shlex.split(about["command"])
        assert (program, verb) == ("sfumato", "sample")
        for out, said in (("command", words), ("json", ["--like", place / "record.png"])):
            draws(*said, "--out", place / out)
            grid = place / out / "grid.png"
            assert read_about(grid) == about
            assert np.abs(pixels(grid).astype(int) - pixels(place / "record.png")).max() <= 1
            for i, sample in enumerate(samples):
                own = facts(by, request.at(i))
                (path,) = (p for p in (place / out).glob("*seed*.png") if read_about(p) == own)
                assert np.abs(pixels(path).astype(int) - pixels_of(sample[None])).max() <= 1

    law()


@pytest.mark.parametrize("name", ["tiny", "own"])
def test_a_comparison_is_recorded_row_by_row(draws: Draws, name: str) -> None:
    by = By(model(name))
    base = Request((3, 9), settle(by.model.config.sampling, True, guidance=2.5), CLASSES[:2], "-a heart")
    asked = compared(base, ["DPM++ 2M", "DPM++ 2M Karras", "ddim"], [4, 5])
    about = comparison_facts(by, asked)
    assert read_comparison(asked.json()) == asked
    draws(*shlex.split(about["command"])[2:], "--out", "first")
    draws("--like", "first/compare.png", "--out", "again")
    for out in ("first", "again"):
        assert read_about(Path(out, "compare.png")) == about
    assert np.array_equal(pixels(Path("first/compare.png")), pixels(Path("again/compare.png")))


def test_rows_of_a_comparison_are_told_apart() -> None:
    own = SamplingConfig(grid="trailing")
    labels = compared(Request((0,), own), ["DPM++ 2M", "DPM++ 2M Karras", "dpm++2m"], [5]).labels()
    assert labels == ["dpm++2m trailing", "dpm++2m karras", "dpm++2m trailing"]
    assert compared(Request((0,), own), ["ddim", "UniPC"], [5]).labels() == ["ddim", "unipc2"]


@given(st.lists(st.integers(0, LARGEST_SEED) | st.integers(0, 5), min_size=1, max_size=20))
def test_seeds_are_written_as_they_are_read(numbers: list[int]) -> None:
    assert parse_seeds(seed_words(numbers)) == tuple(numbers)


def test_seeds_far_apart_are_two_numbers_and_no_range_is_unrolled_to_be_refused() -> None:
    assert parse_seeds("0,4294967296") == (0, 2**32) and seed_words((0, 2**32)) == "0,4294967296"
    assert len(parse_seeds(f"7-{MAX_IMAGES + 6}")) == MAX_IMAGES
    for text in (f"0-{LARGEST_SEED}", f"0-{MAX_IMAGES}", ",".join(["0-99999"] * 2)):
        with pytest.raises(SfumatoError, match="more than 100,000"):
            parse_seeds(text)
    with pytest.raises(SfumatoError, match=r"between 0 and 2\*\*64 - 1"):
        parse_seeds(str(2**64))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"surplus": 1}, "'surplus': unexpected"),
        ({"seeds": "0-x"}, "0-15 or 3,7,42"),
        ({"seeds": f"0-{2**60}"}, "more than 100,000"),
        ({"prompt": "  "}, "the prompt is empty"),
        ({"prompts": 5}, "'prompts"),
        ({"labels": []}, "names none"),
        ({"conditions": {"age": "old"}}, "'conditions.age"),
        ({"sampling": {"schedule": "linaer"}}, "did you mean 'linear'"),
        ({"sampling": {"schedule": {"kind": "linear", "beta_edn": 0.03}}}, "beta_edn"),
        ({"sampling": {"threshold": "all"}}, "'sampling.threshold"),
        ({"negative": "x"}, "nothing leads away"),
        ({"edit": {"image": {"path": "x", "sha256": ""}, "strength": 2}}, "lies between 0"),
    ],
)
def test_a_request_from_elsewhere_is_read_strictly(change: Mapping[str, Any], words: str) -> None:
    good = json.loads(Request((0,), SamplingConfig(), ("cat",)).json())
    assert read_request(json.dumps(good)).seeds == (0,)
    with pytest.raises(SfumatoError, match=words):
        read_request(json.dumps({**good, **change}))
    for text in ("", "[]", "[" * 100_000, '{"seeds": '):
        with pytest.raises(SfumatoError, match="can't be read"):
            read_request(text)


def test_a_request_of_before_is_read_by_the_names_of_before() -> None:
    was = {"seeds": "3", "sampling": {"schedule": "linear", "threshold": True}}
    assert read_request(json.dumps(was)).sampling == SamplingConfig(schedule=Linear(), threshold="dynamic")
    assert SamplingConfig(schedule="linear", threshold=True) == SamplingConfig(schedule=Linear(), threshold="dynamic")  # type: ignore[arg-type]
    assert SamplingConfig(threshold=False) == SamplingConfig()  # type: ignore[arg-type]
    sampling = SamplingConfig("ddim", 4, guidance=2.0)
    now = Request((3, 4), sampling, ("cat", "dog"), "a heart", "a face", {"age": 3.0})
    written = json.loads(now.json())
    sampling_of_then = {**written["sampling"], "interval": None, "eta": None, "tolerance": None}
    then = {
        "seeds": "3-4", "sampling": sampling_of_then, "classes": ["cat", "dog"], "prompt": "a heart",
        "negative": "a face", "conditions": {"age": 3.0}, "edit": None,
    }  # fmt: skip
    assert read_request(json.dumps(then)) == now
    rows = ("ddim",), (sampling,), (4,)
    comparison = {"request": then, "names": ["ddim"], "rows": [sampling_of_then], "steps": [4]}
    assert read_comparison(json.dumps(comparison)) == Comparison(now, *rows)


def test_a_request_of_tensors_is_sampled_and_has_no_json() -> None:
    tiny = model()
    noise = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    tensors: list[dict[str, Any]] = [
        {"conditions": {"depth": noise}},
        {"start": 80 * noise},
        {"edit": Edit(noise[0].clamp(-1, 1), 0.5)},
    ]
    for one in tensors:
        request = tiny.request([3, 4], ["cat", "🦊"], steps=3, **one)
        whole = resolve(request, tiny).samples()
        alone = resolve(request.rows([1]), tiny).samples()
        torch.testing.assert_close(alone, whole[1:], rtol=0, atol=2e-5)
        with pytest.raises(SfumatoError, match="is a tensor has no JSON form"):
            request.json()


def test_python_and_the_command_line_make_one_request(draws: Draws) -> None:
    """The same defaults, by the same names."""
    tiny = model()
    (first, *_) = draws("tiny", "a heart", "--class", "cat", "--number", "age=31", "--seeds", "5", "--out", "out")
    about = read_about(next(path for path in Path("out").iterdir() if "seed" in path.name))
    said = read_request(about["request"])
    asked = tiny.request([5], "cat", prompts="a heart", conditions={"age": 31.0})
    assert (said.seeds, said.sampling, said.prompts) == (asked.seeds, asked.sampling, asked.prompts)
    assert np.array_equal(
        pixels_of(tiny.sample([5], "cat", prompts="a heart", conditions={"age": 31.0})), pixels(first)
    )


def test_weights_draw_several_conditions_at_once() -> None:
    """One of weight 1 is plain conditioning; the sum is Liu et al.'s; weights go with no guidance."""
    tiny = model()
    plain = tiny.sample([0, 1], "cat", prompts="a heart", steps=3)
    torch.testing.assert_close(tiny.sample([0, 1], "cat", prompts={"a heart": 1.0}, steps=3), plain)
    by_guidance = tiny.sample([0, 1], "cat", steps=3, guidance=2.5)
    torch.testing.assert_close(tiny.sample([0, 1], {"cat": 2.5}, steps=3), by_guidance, rtol=0, atol=2e-5)
    both = tiny.sample([0, 1], {"cat": 1.0, "🦊": -0.5}, steps=3)
    assert not torch.allclose(both, tiny.sample([0, 1], "cat", steps=3))
    with pytest.raises(SfumatoError, match="weights say how much each"):
        tiny.sample([0], {"cat": 1.0}, guidance=2.0)
    with pytest.raises(SfumatoError, match="unknown class 'tree'"):
        tiny.sample([0], {"tree": 1.0})


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"prompts": {3: 1.0}}, r"prompts are texts, such as .*, not 3 \(int\)"),
        ({"prompts": {"a": "much"}}, "the weight of 'a' is a finite number"),
        ({"prompts": {"a": 2.0}, "interval": (0.2, 5)}, "weights take the place of guidance, so that `interval` can't"),
        ({"labels": {"cat": 2.0}, "rule": "projected"}, "weights take the place of guidance, so that `rule` can't"),
        ({"prompt": "a"}, "unknown argument 'prompt': did you mean 'prompts'.* labels, .* tolerance"),
        ({"num_inference_steps": 3}, "did you mean 'steps'"),
        ({"guidance_scale": 3}, "did you mean 'guidance'"),
        ({"negative_prompt": "a"}, "did you mean 'negative'"),
        ({"seed": 3}, "did you mean 'seeds'"),
        ({"label": 3}, "did you mean 'labels'"),
    ],
)
def test_what_weights_and_arguments_can_t_be_is_one_sentence(asked: dict[str, Any], message: str) -> None:
    with pytest.raises(SfumatoError, match=message):
        model().request([0], **asked)


def test_every_other_name_of_an_argument_leads_to_one_that_there_is() -> None:
    for name, meant in ALIASES.items():
        with pytest.raises(SfumatoError, match=f"unknown argument '{name}': did you mean '{meant}'"):
            model().request(**{name: None})
        assert meant in What.__annotations__ or meant in ("seeds", "labels")


def test_a_picture_in_memory_is_what_its_file_is(tmp_path: Path) -> None:
    tiny, grey = model(), np.random.default_rng(0).integers(0, 256, (8, 8), np.uint8)
    Image.fromarray(grey).save(path := tmp_path / "grey.png")
    filed = tiny.edit(path, 0.5, seeds=[1], steps=2)
    of_colours = np.stack([grey] * 3, -1)
    for one in (
        grey,
        grey[..., None],
        of_colours,
        Image.fromarray(grey),
        Image.fromarray(of_colours),
        Image.open(path),
    ):
        assert torch.equal(tiny.edit(one, 0.5, seeds=[1], steps=2), filed)
    mask, picture = np.arange(64).reshape(8, 8) < 20, torch.from_numpy(grey)[None] / 127.5 - 1
    masked = tiny.inpaint(picture, torch.from_numpy(mask), seeds=[1], steps=2)
    for one in (mask, mask[None], Image.fromarray(mask)):
        assert torch.equal(tiny.inpaint(picture, one, seeds=[1], steps=2), masked)


def test_what_is_no_picture_or_mask_is_one_sentence() -> None:
    tiny, picture = model(), torch.zeros(1, 8, 8)
    for wrong in (np.zeros((8, 8)), np.zeros((2, 8, 8, 3), np.uint8), [1], None, Image.new("F", (8, 8))):
        with pytest.raises(SfumatoError, match=r"^a picture is a file, one of Pillow's, an array of uint8"):
            tiny.edit(wrong)  # type: ignore[arg-type]
    for wrong in (np.zeros((8, 8)), [1], torch.zeros(8, 8)):
        with pytest.raises(SfumatoError, match=r"^a mask is of bool"):
            tiny.inpaint(picture, wrong)  # type: ignore[arg-type]
    with pytest.raises(SfumatoError, match=r"is one, \(channels, height, width\), without a batch"):
        tiny.edit(picture[None])


def test_a_walk_of_ones_own_takes_no_setting_of_a_sampler_and_ends_in_numbers() -> None:
    def walk(x, grid, noise):  # type: ignore[no-untyped-def]
        return x / 0 if (yield x, grid[0]) is None else x * float("nan")

    for setting in ("eta", "tolerance"):
        with pytest.raises(SfumatoError, match=f"takes the place of the sampler, so that `{setting}` can't count"):
            model().sample([0], sampler=walk, **{setting: 0.5})
    request = model().request([0], sampler=walk, steps=2)
    assert (request.sampling.sampler, request.sampling.steps, request.walk) == ("own", 2, walk)
    with pytest.raises(SfumatoError, match="unknown sampler 'own'"):
        model().sample([0], sampler="own")
    with pytest.raises(SfumatoError, match="the walk of one's own ended in numbers that are not finite"):
        model().sample([0], sampler=walk, steps=2)


def test_the_noise_of_a_picture_leads_back_to_it() -> None:
    tiny = model()
    picture = tiny.sample([3], "cat", sampler="ddim", steps=8).clamp(-1, 1)
    noise = tiny.invert(picture, "cat", steps=8)
    torch.testing.assert_close(
        tiny.sample(labels="cat", start=noise, sampler="ddim", steps=8), picture, rtol=0, atol=2e-3
    )


NEGATIVE = {"labels": [0], "negative": ["a heart"]}
TOGETHER: list[tuple[dict[str, Any], list[str], str]] = [
    # what Python asks for, the same on the command line, and what both say
    ({**NEGATIVE, "guidance": 0.0}, ["--negative", "a heart", "--guidance", "0"], "at guidance 0 nothing leads away"),
    ({**NEGATIVE, "guidance": 1.0}, ["--negative", "a heart", "--guidance", "1"], "at guidance 1 nothing leads away"),
    ({**NEGATIVE, "guidance": 0.5}, ["--negative", "a heart", "--guidance", ".5"], "nothing leads away"),
    (
        {**NEGATIVE, "guidance": 0.0, "rule": "cfg++"},
        ["--negative", "a heart", "--guidance", "0", "--rule", "cfg++"],
        "nothing leads away|nothing does",
    ),
    ({"labels": [0], "rule": "projected"}, ["--rule", "projected"], "at guidance 1 nothing does"),
    ({"labels": [0], "interval": (0.1, 5.0)}, ["--interval", "0.1-5"], "at guidance 1 nothing does"),
    (
        {"labels": [0], "guidance": 2.0, "interval": (100.0, 200.0)},
        ["--guidance", "2", "--interval", "100-200"],
        "no step is guided",
    ),
    (
        {"labels": [0], "sampler": "DPM++ 2M Karras", "grid": "logsnr"},
        ["--sampler", "DPM++ 2M Karras", "--grid", "logsnr"],
        "says the grid karras",
    ),
    ({"labels": [0], "guidance": 2.0, "rule": "cfg++"}, ["--guidance", "2", "--rule", "cfg++"], "between 0 and 1"),
]  # fmt: skip


@pytest.mark.parametrize(("python", "words", "message"), TOGETHER)
def test_what_does_not_go_together_is_refused_by_python_and_the_command_line_alike(
    draws: Draws, python: dict[str, Any], words: list[str], message: str
) -> None:
    with pytest.raises(SfumatoError, match=message):
        model().sample([0], **python)
    with pytest.raises(SfumatoError, match=message):
        draws("tiny", "--class", "cat", "-n", 1, *words, "--out", "out")
    assert not Path("out").exists()


def test_a_picture_to_begin_with_excludes_another_first_step(draws: Draws) -> None:
    tiny = model()
    for first in ("analytical", "teleport"):
        request = Request((0,), SamplingConfig(steps=3), ("cat",), edit=PictureEdit(file("x.png"), 0.5))
        edit = resolve(request, tiny).edit
        with pytest.raises(SfumatoError, match="begins with noise alone"):
            tiny.sample([0], [0], edit=edit, first=first)
        with pytest.raises(SfumatoError, match="leave --first or the picture out"):
            draws("tiny", "--image", "x.png", "--first", first)


def test_a_negative_with_nothing_to_lead_to_is_refused() -> None:
    with pytest.raises(SfumatoError, match="leads away from something"):
        model().sample([0], negative=["a heart"], guidance=1.0)
    with pytest.raises(SfumatoError, match="nothing to guide"):
        model().sample([0], guidance=2.0)


def test_the_models_own_settings_that_do_not_count_are_dropped_and_not_recorded() -> None:
    own = SamplingConfig(guidance=3.0, rule="projected", interval=(0.1, 5.0), eta=0.5, sampler="ddim")
    assert settle(own, True) == own
    assert settle(own, True, guidance=1.0) == SamplingConfig("ddim", guidance=1.0, eta=0.5)
    assert settle(own, True, guidance=0.0).interval == (0.1, 5.0)
    assert settle(own, False) == SamplingConfig("ddim", guidance=1.0, eta=0.5)
    assert settle(own, True, sampler="heun").eta is None


def test_a_name_that_holds_a_grid_brings_it_from_python_too() -> None:
    tiny = model()
    one, other = (
        tiny.sample([0], [0], steps=4, guidance=1.0, **{"sampler": name, **grid})
        for name, grid in (("DPM++ 2M SGM Uniform", {}), ("dpm++2m", {"grid": "trailing"}))
    )
    assert bool((one == other).all())


def test_a_picture_that_changed_is_not_drawn_from_again(draws: Draws) -> None:
    (drawn, _) = draws("tiny", "--image", "x.png", "-n", 1, "--steps", 2, "--out", "out")
    Path("x.png").write_bytes(Path("left.png").read_bytes())
    with pytest.raises(SfumatoError, match=r"x\.png isn't what it was when this was generated"):
        draws("--like", drawn, "--out", "again")
    with pytest.raises(SfumatoError, match=r"--like generates all as .* says; leave --steps out"):
        draws("--like", drawn, "--steps", 3)
    assert app is not None and Comparison is not None


SEEN = {"sfumato": "0.1.0", "model": "digits", "weights": "ema", "command": "sfumato sample digits --seeds 3"}


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({**SEEN, "seed": "3"}, "an earlier sfumato generated it, and its seeds are other noise now"),
        ({**SEEN, "seeds": "0-7"}, "an earlier sfumato generated it, and its seeds are other noise now"),
        ({**SEEN, "sfumato": "9.9", "seed": "3", "request": "{}"}, "x.png .of sfumato 9.9; this is .* at 'seeds'"),
        ({**SEEN, "seeds": "0-7", "step": "90"}, "x.png can't be generated again: it is a preview of a training"),
        ({"model": "digits"}, "x.png can't be generated again: it doesn't say by what request"),
    ],
    ids=["before requests", "before requests, a grid", "a newer request", "a preview", "nothing"],
)
def test_a_picture_of_another_version_says_so_and_offers_no_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], about: dict[str, str], words: str
) -> None:
    path = tmp_path / "x.png"
    save_png(picture(torch.zeros(1, 1, 4, 4)), path, about)
    with pytest.raises(SfumatoError, match=words) as refused:
        read_record(path)
    assert "sfumato sample" not in str(refused.value)
    app(["info", str(path)], exit_on_error=False, print_error=False, result_action="return_value")
    assert ("earlier sfumato" in capsys.readouterr().out) == ("earlier" in words)
