"""Features of a user's own network: what it is shown, what is taken of its answer, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper

from sfumato.errors import SfumatoError
from sfumato.evaluation.features import open_extractor
from sfumato.evaluation.onnx_features import SETTINGS, open_network
from tiny import blobs

X = torch.rand(5, 3, 8, 6, generator=torch.Generator().manual_seed(0)) * 2 - 1


def network(
    path: Path, shape: list[object], kind: int = TensorProto.FLOAT, answers: tuple[str, ...] = ("maps", "means")
) -> Path:
    """An ONNX file that answers the mean of each colour, as maps of 1×1 pixel, as a vector, or as tokens."""
    nodes = [
        helper.make_node("Cast", ["picture"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("GlobalAveragePool", ["floats"], ["maps"]),
        helper.make_node("Flatten", ["maps"], ["means"]),
        helper.make_node("Unsqueeze", ["means", "one"], ["token"]),
        helper.make_node("Concat", ["token", "token"], ["tokens"], axis=1),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    graph = helper.make_graph(
        nodes,
        "means",
        [helper.make_tensor_value_info("picture", kind, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in answers],
        [helper.make_tensor("one", TensorProto.INT64, [1], [1])],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    return path


def test_a_network_sees_pictures_from_minus_1_to_1_and_its_vector_is_taken(tmp_path: Path) -> None:
    net = open_network(network(tmp_path / "net.onnx", ["batch", 3, 8, 6]))
    torch.testing.assert_close(net(X), X.mean((2, 3)))
    assert net.size == (8, 6) and len(net.hash) == 64
    grey = X[:, :1]
    torch.testing.assert_close(net(grey), grey.mean((2, 3)).expand(-1, 3))
    assert net(X[:, :, :4, :4]).shape == (5, 3)  # of another size, resized


@pytest.mark.parametrize("answer", ["maps", "tokens"])
def test_maps_are_averaged_and_the_first_token_is_taken(tmp_path: Path, answer: str) -> None:
    net = open_network(network(tmp_path / "net.onnx", ["batch", 3, 8, 6], answers=(answer,)))
    torch.testing.assert_close(net(X), X.mean((2, 3)))


def test_a_network_of_bytes_sees_0_to_255_and_a_fixed_batch_is_filled_up(tmp_path: Path) -> None:
    net = open_network(network(tmp_path / "net.onnx", [2, 3, 8, 6], TensorProto.UINT8))
    torch.testing.assert_close(net(X), ((X + 1) * 127.5).round().mean((2, 3)))


def test_a_network_that_resizes_sees_pictures_as_they_are(tmp_path: Path) -> None:
    net = open_network(network(tmp_path / "net.onnx", ["batch", 3, "height", "width"], TensorProto.UINT8))
    assert net.size is None and "own" in net.resize
    for x in (X, X[:, :, :3]):
        torch.testing.assert_close(net(x), ((x + 1) * 127.5).round().mean((2, 3)))
    with pytest.raises(SfumatoError, match=r"unknown features 'inception'.* docs/fid.md"):
        open_extractor("inception", blobs())


@pytest.mark.parametrize("place", ["net.onnx", "onnx/net.onnx"])
def test_size_mean_and_deviation_come_from_the_hubs_settings(tmp_path: Path, place: str) -> None:
    settings = {"size": {"shortest_edge": 10}, "crop_size": {"height": 8, "width": 6}, "image_mean": [0.5, 0.4, 0.3],
                "image_std": [0.2, 0.3, 0.4]}  # fmt: skip
    (tmp_path / SETTINGS).write_text(json.dumps(settings))
    net = open_network(network(tmp_path / place, ["batch", 3, "height", "width"]))
    expected = (((X + 1) / 2).mean((2, 3)) - torch.tensor([0.5, 0.4, 0.3])) / torch.tensor([0.2, 0.3, 0.4])
    torch.testing.assert_close(net(X), expected)
    assert net.size == (8, 6) and "0.4" in net.resize  # which the record keeps


def test_the_hash_is_that_of_graph_and_weights(tmp_path: Path) -> None:
    path = network(tmp_path / "net.onnx", ["batch", 3, 8, 8])
    before = open_network(path).hash
    (tmp_path / "net.onnx_data").write_bytes(b"weights")
    assert open_network(path).hash != before


def test_an_extractor_of_the_users_own(tmp_path: Path) -> None:
    path = network(tmp_path / "net.onnx", ["batch", 3, 8, 8])
    dataset = blobs(60)
    extractor = open_extractor(str(path), dataset)
    found = extractor.features_of(dataset, np.arange(60), tmp_path)
    assert extractor.name == "net.onnx" and found.shape == (60, 3) and extractor.hash == open_network(path).hash
    torch.testing.assert_close(found[:, 0], dataset.batch(np.arange(60))[0].mean((1, 2, 3)))


@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [
        (["batch", 3, "height", "width"], TensorProto.FLOAT, "doesn't say how large"),
        (["batch", 1, 8, 8], TensorProto.FLOAT, r"need one input \(batch, 3, height, width\)"),
        (["batch", 3, 8, 8], TensorProto.INT32, "floats or uint8"),
    ],
)
def test_what_is_no_network_of_pictures_is_one_sentence(
    tmp_path: Path, shape: list[object], kind: int, words: str
) -> None:
    with pytest.raises(SfumatoError, match=words) as error:
        open_network(network(tmp_path / "net.onnx", shape, kind))
    assert "\n" not in str(error.value)


def test_files_that_are_none_and_pickles_are_refused(tmp_path: Path) -> None:
    (tmp_path / "net.onnx").write_bytes(b"nonsense")
    with pytest.raises(SfumatoError, match="no ONNX network"):
        open_network(tmp_path / "net.onnx")
    with pytest.raises(SfumatoError, match="no file"):
        open_network(tmp_path / "other.onnx")
    with pytest.raises(SfumatoError, match=r"takes \.onnx files"):
        open_extractor(str(tmp_path / "inception.pth"), blobs(60))
