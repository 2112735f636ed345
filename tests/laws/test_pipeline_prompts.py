"""Prompts of pipelines that CLIP alone reads: of any length, chunk by chunk, and with weights where these are asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipelines import noise, stable_diffusion, stable_diffusion_3, stable_diffusion_xl
from sfumato.cli.sample import sample
from sfumato.errors import SfumatoError
from sfumato.hub import Model, load
from sfumato.hub.diffusers.prompt_weights import weighted_pieces
from sfumato.hub.diffusers.texts import PipelineText, TextPart
from sfumato.hub.record import read_record
from sfumato.hub.request import Request, read_request
from sfumato.nets.diffusers import unpacked
from sfumato.serving.messages import Asked

LONG = " ".join(f"word{number}" for number in range(40))  # a token a letter: 230 and more


def saved_xl(folder: Path) -> None:
    stable_diffusion_xl(folder).save_pretrained(folder)


def saved(folder: Path) -> None:
    stable_diffusion(folder)


FOLDERS: dict[str, Callable[[Path], None]] = {"SD": saved, "SDXL": saved_xl}
STATES: dict[str, Callable[[Any], Tensor]] = {
    "SD": lambda answer: answer.last_hidden_state[0],
    "SDXL": lambda answer: answer.hidden_states[-2][0],
}


@pytest.fixture(scope="module", params=FOLDERS)
def read(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Model]:
    place = tmp_path_factory.mktemp("prompts") / request.param
    FOLDERS[request.param](place)
    return request.param, load(place)


def encoder(model: Model) -> PipelineText:
    assert isinstance(model.encoder, PipelineText)
    return model.encoder


def test_the_features_of_a_long_prompt_are_those_of_its_chunks(read: tuple[str, Model]) -> None:
    name, model = read
    text = encoder(model)(["", LONG])[1]
    states, pooled = (text, None) if name == "SD" else (one[0] for one in unpacked(text[None], 16))
    ids, size = text_ids(encoder(model).parts[0], LONG), 75
    chunks = [ids[first : first + size] for first in range(0, len(ids), size)]
    assert len(chunks) > 2 and len(states) == 77 * len(chunks)
    for number, chunk in enumerate(chunks):
        found = states[77 * number : 77 * (number + 1)]
        answers = [part.chunk(chunk) for part in encoder(model).parts]
        assert torch.equal(found, torch.cat([STATES[name](answer) for answer in answers], -1))
        if pooled is not None and not number:
            assert torch.equal(pooled, answers[1].text_embeds[0])
    assert "chunks" in model.truncation_notes(LONG)[0] and model.truncation_notes("a red cat") == []


def text_ids(part: TextPart, text: str) -> list[int]:
    found: list[int] = part.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
    return found


def test_a_chunk_is_read_as_the_encoder_reads_its_text(read: tuple[str, Model]) -> None:
    part = encoder(read[1]).parts[0]
    whole, chunk = part("a red cat", part.length), part.chunk(text_ids(part, "a red cat"))
    assert torch.equal(whole.last_hidden_state, chunk.last_hidden_state)


def test_a_short_prompt_is_what_it_is_beside_a_long_one(read: tuple[str, Model]) -> None:
    _, model = read
    alone, beside = encoder(model)(["a red cat"])[0], encoder(model)(["a red cat", LONG])[0]
    assert torch.equal(alone, beside[: len(alone)]) and bool(beside[len(alone) :].isnan().all())
    start = noise((2, *model.config.shape))
    how: dict[str, Any] = {"negative": "ugly", "guidance": 4, "steps": 2}
    both = model.sample(prompts=["a red cat", LONG], start=start, **how)
    for row, prompt in enumerate(("a red cat", LONG)):
        torch.testing.assert_close(
            both[row], model.sample(prompts=prompt, start=start[row : row + 1], **how)[0], atol=1e-4, rtol=1e-5
        )
    assert float((both[1] - model.sample(prompts="word0", start=start[1:], **how)[0]).abs().max()) > 1e-3


def test_weights_of_1_are_the_plain_prompt_and_others_move_their_own_tokens(read: tuple[str, Model]) -> None:
    name, model = read
    own, plain = encoder(model), encoder(model)(["a red cat"])
    assert torch.equal(own(["a (red:1.0) cat"], weighted=True), plain)
    assert torch.equal(own(["a red cat"], weighted=True), plain)
    assert not torch.equal(own(["a (red:1.0) cat"]), plain)  # signs like any other, where weights aren't asked for
    heavy, empty = own(["a (red:1.3) cat"], weighted=True), own([""])
    rows = slice(2, 5)  # after the mark of the beginning and the a: the letters of red
    states = {what: value[0, :77] for what, value in (("plain", plain), ("heavy", heavy), ("empty", empty))}
    expected = states["plain"].clone()
    expected[rows] = states["empty"][rows] + 1.3 * (states["plain"][rows] - states["empty"][rows])
    if name == "SD":  # an empty prompt of SDXL may be all zeros
        torch.testing.assert_close(states["heavy"], expected, atol=1e-6, rtol=1e-6)
    assert [row for row in range(77) if not torch.equal(states["heavy"][row], states["plain"][row])] == [2, 3, 4]


@pytest.mark.parametrize(
    ("prompt", "pieces"),
    [
        ("a (red:1.3) cat", [("a ", 1), ("red", 1.3), (" cat", 1)]),
        ("(a (red) cat:0.5)", [("a ", 0.5), ("red", 0.55), (" cat", 0.5)]),
        ("[red] ((cat))", [("red", 1 / 1.1), (" ", 1), ("cat", 1.21)]),
        (r"a \(red\) cat: (", [("a (red) cat: (", 1)]),
        ("(red:much) a)", [("red:much", 1.1), (" a)", 1)]),
        ("1:2) [a", [("1:2) [a", 1)]),
        ("", []),
    ],
)
def test_weights_are_read_as_studios_write_them(prompt: str, pieces: list[tuple[str, float]]) -> None:
    found = weighted_pieces(prompt)
    assert [text for text, _ in found] == [text for text, _ in pieces]
    assert [weight for _, weight in found] == pytest.approx([weight for _, weight in pieces])


def test_a_picture_and_a_service_carry_that_weights_are_read(
    read: tuple[str, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, model = read
    if name != "SD":
        pytest.skip("once is enough")
    monkeypatch.chdir(tmp_path)
    sample(Path(model.source), "a (red:1.3) cat", n=1, steps="2", prompt_weights=True, out=tmp_path)
    (picture,) = tmp_path.glob("*-seed-*.png")
    asked = read_record(picture).asked
    assert isinstance(asked, Request) and asked.prompt_weights
    body = Asked.model_validate_json('{"prompt": "a (red:1.3) cat", "seeds": [0], "prompt_weights": true, "steps": 2}')
    assert body.request(model).prompt_weights
    plain = model.request([0], prompts="a cat")
    assert "prompt_weights" not in plain.json() and read_request(asked.json()) == asked
    with pytest.raises(SfumatoError, match="give one"):
        model.request([0], prompt_weights=True)


def test_weights_are_refused_where_clip_does_not_read_alone(tmp_path: Path) -> None:
    stable_diffusion_3(tmp_path).save_pretrained(tmp_path / "folder")
    with pytest.raises(SfumatoError, match="reads by T5 too; leave them out"):
        load(tmp_path / "folder").sample([0], prompts="a (red:1.3) cat", prompt_weights=True, steps=1)
    with pytest.raises(SfumatoError, match="knows no weights within prompts"):
        load("digits").sample([0], labels=["3"], prompts="three", prompt_weights=True, steps=2)
