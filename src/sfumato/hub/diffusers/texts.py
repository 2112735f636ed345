"""How the pipelines of diffusers read a prompt: by the frozen encoders in their folders, through transformers.

One tensor holds all that a network is given of a prompt: a row a token, and below them, where it takes one, a row that
stands for the whole prompt.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sfumato.data.captions import Texts
from sfumato.data.encoders import MAX_HALF, Encoder, Half, quiet_transformers
from sfumato.errors import SfumatoError
from sfumato.hub.diffusers.folder import AGAIN, Folder, Weights
from sfumato.hub.diffusers.prompt_weights import weighted_pieces
from sfumato.nets import FeaturesConfig
from sfumato.nets.diffusers import packed

READERS = ("CLIPTextModel", "CLIPTextModelWithProjection", "T5EncoderModel")
T5_TOKENS = {"SD3": 256, "Flux": 512, "PixArtAlpha": 120, "PixArtSigma": 300}  # as the pipelines read
VOCABULARIES = ("tokenizer.json", "vocab.json", "spiece.model")  # of tokenizers, one of which is in each folder
KEPT = 256  # prompts whose features are kept


class TextPart:
    """One text encoder of a folder, with its tokenizer."""

    def __init__(self, folder: Folder, number: int) -> None:
        end = f"_{number}" if number > 1 else ""
        self.name, self.folder = f"text_encoder{end}", folder.path
        self.kind = folder.need(self.name)
        folder.need(f"tokenizer{end}")
        if self.kind not in READERS:
            raise SfumatoError(
                f"{folder.path} reads prompts by a {self.kind}, which isn't known here; those that are: "
                f"{', '.join(READERS)}."
            )
        self.tokens = folder.path / f"tokenizer{end}"
        self.config = folder.config(self.name)
        self.weights = Weights.find(folder.path / self.name)
        self.device = torch.device("cpu")
        self.dtype = torch.float32
        self.elsewhere: torch.device | None = None  # where it is while it is asked, if it isn't there all the time

    @cached_property
    def tokenizer(self) -> Any:
        if not any((self.tokens / name).exists() for name in VOCABULARIES):  # without one, transformers makes one up
            raise SfumatoError(
                f"{self.tokens} holds no vocabulary ({', '.join(VOCABULARIES)}): the download was broken off; {AGAIN}."
            )
        with quiet_transformers(str(self.tokens)) as transformers:
            return transformers.AutoTokenizer.from_pretrained(
                self.tokens, local_files_only=True, trust_remote_code=False
            )

    @cached_property
    def net(self) -> Any:
        place = self.folder / self.name
        with quiet_transformers(str(place)) as transformers:
            net, about = getattr(transformers, self.kind).from_pretrained(
                place, local_files_only=True, use_safetensors=True, dtype=self.dtype, output_loading_info=True
            )
        if lacking := sorted(about["missing_keys"]):
            raise SfumatoError(f"the weights in {place} lack {lacking[0]}; get them anew, whole.")
        return net.eval().requires_grad_(False).to(self.device)

    def ids(self, text: str) -> list[int]:
        """All tokens of a text, without the marks of its beginning and its end."""
        found: list[int] = self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return found

    @property
    def length(self) -> int:
        return int(self.tokenizer.model_max_length)

    @torch.no_grad()
    def __call__(self, text: str, length: int, masked: bool = False) -> Any:
        """The encoder's answer to one text, padded or cut to `length` tokens, with the states of all layers.

        `masked` leaves padding out of what the tokens see, and zeros in its place.
        """
        ids = self.tokenizer(text, padding="max_length", max_length=length, truncation=True, return_tensors="pt")
        mask = ids.attention_mask.to(self.device) if masked or self.config.get("use_attention_mask") else None
        return self._asked(ids.input_ids, mask)

    @torch.no_grad()
    def chunk(self, ids: Sequence[int]) -> Any:
        """The encoder's answer to some tokens of a text, padded to its length, with the states of all layers."""
        begin, end = self.tokenizer.bos_token_id, self.tokenizer.eos_token_id
        whole = [begin, *ids, end]
        padded = whole + [self.tokenizer.pad_token_id] * (self.length - len(whole))
        seen = [[1] * len(whole) + [0] * (self.length - len(whole))]
        mask = torch.tensor(seen, device=self.device) if self.config.get("use_attention_mask") else None
        return self._asked(torch.tensor([padded]), mask)

    def _asked(self, ids: Tensor, mask: Tensor | None) -> Any:
        device = self.elsewhere or self.device
        net, mask = self.net.to(device), mask if mask is None else mask.to(device)
        answer = net(ids.to(device), attention_mask=mask, output_hidden_states=True)
        if self.elsewhere is not None:
            net.to("cpu")
        return answer


@dataclass(frozen=True)
class Reading:
    """How one kind of pipeline reads: by so many encoders, with `features` of a text `(rows, width)`, and how strongly
    it guides.

    Those that read in `chunks` read texts of any length, and the weights in them too, where they are asked to.
    """

    encoders: int
    features: Callable[[Sequence[TextPart], str, bool], Tensor]
    guidance: float
    chunks: bool = False


def _chunked(part: TextPart, text: str, weighted: bool, states: Callable[[Any], Tensor]) -> tuple[Tensor, Any]:
    """The `states` that CLIP has of a text, chunk by chunk of as many tokens as it reads at once, and its answer to the
    first chunk.

    A token of weight w counts by w times what tells its state from that in an empty text.
    """
    pieces = weighted_pieces(text) if weighted else [(text, 1.0)]
    plain = "".join(own for own, _ in pieces)
    read = [(part.ids(own), weight) for own, weight in pieces]
    ids = [one for own, _ in read for one in own]
    weights = [weight for own, weight in read for _ in own]
    size = part.length - 2  # without the marks of its beginning and its end
    even = all(weight == 1 for weight in weights)
    if even and len(part.ids(plain)) <= size:
        answer = part(plain, part.length)
        return states(answer)[0], answer
    answers = [part.chunk(ids[first : first + size]) for first in range(0, max(1, len(ids)), size)]
    found = [states(answer)[0] for answer in answers]
    if not even:
        empty = states(part("", part.length))[0]
        for number, own in enumerate(found):
            counts = torch.ones(len(own), 1, device=own.device)
            some = weights[number * size : (number + 1) * size]
            counts[1 : 1 + len(some), 0] = torch.tensor(some, device=own.device)
            found[number] = torch.where(counts == 1, own, empty + counts * (own - empty))
    return torch.cat(found), answers[0]


def _last(parts: Sequence[TextPart], text: str, weighted: bool) -> Tensor:
    (one,) = parts
    return _chunked(one, text, weighted, lambda answer: answer.last_hidden_state)[0]


def _two(parts: Sequence[TextPart], text: str, weighted: bool) -> Tensor:
    """The last states but one of two encoders beside each other, and below what the second makes of the whole."""
    read = [_chunked(part, text, weighted, lambda answer: answer.hidden_states[-2]) for part in parts]
    return packed(torch.cat([states for states, _ in read], -1), read[1][1].text_embeds[0])


def _three(parts: Sequence[TextPart], text: str, _: bool) -> Tensor:
    """As of two, and below their tokens those of T5, as wide as that; both stand for the whole."""
    *clips, t5 = parts
    answers = [part(text, part.length) for part in clips]
    states = torch.cat([answer.hidden_states[-2][0] for answer in answers], -1)
    long = t5(text, T5_TOKENS["SD3"]).last_hidden_state[0]
    states = torch.cat([F.pad(states, (0, long.shape[1] - states.shape[1])), long])
    return packed(states, torch.cat([answer.text_embeds[0] for answer in answers]))


def _flux(parts: Sequence[TextPart], text: str, _: bool) -> Tensor:
    """The tokens of T5, and CLIP's pooled answer for the whole."""
    clip, t5 = parts
    states = t5(text, T5_TOKENS["Flux"]).last_hidden_state[0]
    return packed(states, clip(text, clip.length).pooler_output[0])


def _t5(length: int) -> Callable[[Sequence[TextPart], str, bool], Tensor]:
    def read(parts: Sequence[TextPart], text: str, _: bool) -> Tensor:
        (one,) = parts
        text = text.lower().strip()
        known = one.tokenizer(text, padding="max_length", max_length=length, truncation=True)["attention_mask"]
        states: Tensor = one(text, length, masked=True).last_hidden_state[0]
        return states * torch.tensor(known, device=states.device)[:, None]

    return read


READINGS: dict[str, Reading] = {
    "StableDiffusionPipeline": Reading(1, _last, 7.5, chunks=True),
    "StableDiffusionImg2ImgPipeline": Reading(1, _last, 7.5, chunks=True),
    "StableDiffusionControlNetPipeline": Reading(1, _last, 7.5, chunks=True),
    "StableDiffusionXLControlNetPipeline": Reading(2, _two, 5.0, chunks=True),
    "StableDiffusionXLPipeline": Reading(2, _two, 5.0, chunks=True),
    "StableDiffusion3Pipeline": Reading(3, _three, 7.0),
    "FluxPipeline": Reading(2, _flux, 1.0),
    "PixArtAlphaPipeline": Reading(1, _t5(T5_TOKENS["PixArtAlpha"]), 4.5),
    "PixArtSigmaPipeline": Reading(1, _t5(T5_TOKENS["PixArtSigma"]), 4.5),
}


class PipelineText(Encoder):
    """The encoders of a pipeline together: `encoder(texts)` → float32 `(texts, rows, width)`."""

    def __init__(self, folder: Folder, reading: Reading) -> None:
        self.reading = reading
        self.parts = [TextPart(folder, number) for number in range(1, reading.encoders + 1)]
        super().__init__(str(folder.path), self.parts[0].length)
        self.place = folder.path
        self.zeros = bool(folder.settings.get("force_zeros_for_empty_prompt"))
        self.read = lru_cache(KEPT)(lambda text, weighted=False: reading.features(self.parts, text, weighted))

    def __call__(self, texts: Sequence[str], weighted: bool = False) -> Tensor:
        """The features of texts, below those of shorter ones NaN; those `weighted` have weights in them."""
        if weighted and not self.reading.chunks:
            raise SfumatoError(
                f"weights in prompts (`prompt_weights`) count where CLIP alone reads, and {self.place} reads by "
                "T5 too; leave them out."
            )
        rows = [(self.read(text, True) if weighted else self._row(text)).float() for text in texts]
        if self.zeros:
            rows = [row if text else torch.zeros_like(row) for row, text in zip(rows, texts, strict=True)]
        longest = max(map(len, rows))
        return torch.stack([F.pad(row, (0, 0, 0, longest - len(row)), value=math.nan) for row in rows]).cpu()

    def truncation_notes(self, text: str) -> list[str]:
        if not self.reading.chunks:
            return super().truncation_notes(text)
        part = self.parts[0]
        count, size = len(part.ids(text)), part.length - 2
        if count <= size:
            return []
        return [f"the prompt has {count} tokens, which are read in {-(-count // size)} chunks of up to {size}."]

    def too_long(self, captions: Sequence[Texts]) -> tuple[int, int]:
        return (0, len(captions)) if self.reading.chunks else super().too_long(captions)

    def _row(self, text: str) -> Tensor:
        """The features of a text: those that are `known`, as captions' are while they are trained on, or as read."""
        kept = self.known(text)
        return self.read(text) if kept is None else torch.from_numpy(kept.astype(np.float32))

    def encode(self, texts: Sequence[str]) -> list[Half]:
        """The features of each text as they are kept, rounded to float16."""
        halves = (self.read(text).clamp(-MAX_HALF, MAX_HALF).half().cpu().numpy() for text in texts)
        return list(halves)

    @cached_property
    def tokenizer(self) -> Any:
        return self.parts[0].tokenizer

    @cached_property
    def weights(self) -> str:
        """A hash of the weights of all its encoders, and of how they are read."""
        parts = [part.weights.sha256 for part in self.parts]
        return hashlib.sha256(repr((self.reading.features.__qualname__, parts)).encode()).hexdigest()

    def to(self, device: torch.device | str) -> PipelineText:
        """The encoder itself, whose networks run there."""
        self.device = torch.device(device)
        for part in self.parts:
            part.device = self.device
        return self

    def config(self, width: int) -> FeaturesConfig:
        """What a network takes of it, `width` numbers a token."""
        return FeaturesConfig(self.name, "", width, self.length)
