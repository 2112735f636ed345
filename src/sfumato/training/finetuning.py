"""Fine-tuning: a trained model made ready for other data, and the weights that a run started from.

runs/<name>/checkpoints/start/      the weights before the first step, in the form of a checkpoint
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, cast

from torch import Tensor

from sfumato.data import KINDS, Dataset
from sfumato.errors import SfumatoError
from sfumato.hub import Model, new_model
from sfumato.hub.checkpoints import open_checkpoint, write_folder
from sfumato.hub.control_branch import add_control_branch
from sfumato.hub.loading import WEIGHT_FILES
from sfumato.nets import ConditionConfig, NetConfig
from sfumato.nets.conditions import GUIDANCE
from sfumato.nets.protocol import parts_of


@dataclass(frozen=True)
class Origin:
    """What a fine-tuned model came from: the `path` of its checkpoint (or its name) and the sha256 of its `weights`."""

    path: str
    weights: str


def model_from(source: Model, dataset: Dataset, seed: int = 0, conditions: Sequence[ConditionConfig] = ()) -> Model:
    """A model for `dataset` that starts from the weights of `source`, whose scale and way of sampling it keeps.

    Classes that `source` knows by the same name, and the null class, keep their embeddings; others get fresh ones, a
    function of `seed`. Without a class it answers as `source` does without one: bit for bit, unless `dataset` has no
    classes and `source` has, whose null class then becomes part of a bias. A model of pictures becomes one of clips,
    one of latents one of latent clips, whose frames are at first what it generates. Of `conditions`, those that
    `source` takes by the same name keep their scale; others add nothing at first. The size of pictures may differ.
    Raises SfumatoError where the channels or dimensions do, where a condition is of another size, or where the network
    can't take pictures so small.
    """
    config, name = source.config, source.source or "the model"
    before_kind, kind = KINDS[config.kind], KINDS[dataset.kind]
    own, other = before_kind.described(config.shape), kind.described(dataset.shape)
    moving = kind.moving and before_kind.space == kind.space and config.net.kind in ("unet", "dit")
    if own != other and not (moving and config.shape[-3] == dataset.shape[-3]):
        raise SfumatoError(
            f"{name} generates {own} and {dataset.name} holds {other}; start from a model of the same kind, or train a "
            "new one without `base`."
        )
    config.net.check(*dataset.shape[-2:])
    if (control := config.control_branch) is not None and not (
        dataset.classes in ((), config.classes) and (control.computed or control.name in dataset.images)
    ):
        raise SfumatoError(f"{name} has a control branch, which alone is trained; start from the model below it.")
    model = new_model(
        replace(
            config,
            shape=dataset.shape,
            kind=dataset.kind,
            classes=dataset.classes,
            net=replace(_conditioned(source, conditions), classes=len(dataset.classes), **_temporal(moving)),
        ),
        seed,
    )
    before, now = source.denoiser.net, model.denoiser.net
    embedded, embeds = parts_of(before).condition, parts_of(now).condition
    if (embedded is None or embeds is None) and dataset.classes != config.classes:
        raise SfumatoError(
            f"{dataset.name} has other classes than {name}, whose network doesn't say how it embeds them; give it a "
            "method `parts` with its `condition`."
        )
    labels = [] if embedded is None or embedded.label is None else [*embedded.label.parameters()]
    weights = before.state_dict(keep_vars=True).items()
    kept = {name: value.detach() for name, value in weights if not any(value is label for label in labels)}
    now.load_state_dict({**now.state_dict(), **kept})
    if embedded is not None and embeds is not None:
        shared = [of_name for of_name in dataset.classes if of_name in config.classes]
        embeds.adopt_classes(embedded, {dataset.classes.index(one): config.classes.index(one) for one in shared})
    model.source, model.weights_hash = source.source, source.weights_hash
    model.tokenizer, model.encoder = source.tokenizer, source.encoder
    return model


def _temporal(moving: bool) -> dict[str, Any]:
    """What the config of a network says that is to take clips; their layers begin at zero."""
    return {"temporal": True} if moving else {}


def branch_from(source: Model, dataset: Dataset, conditions: Sequence[ConditionConfig], seed: int = 0) -> Model:
    """`source` with a control branch to be trained on `dataset`, for its one image among `conditions`.

    Raises SfumatoError where the pictures or classes are none of `source`'s, or where there are other conditions.
    """
    name = source.source or "the model"
    own = KINDS[source.config.kind].described(source.config.shape)
    if own != (other := KINDS[dataset.kind].described(dataset.shape)):
        raise SfumatoError(f"{name} generates {own} and {dataset.name} holds {other}.")
    if dataset.classes not in ((), source.config.classes):
        raise SfumatoError(
            f"{dataset.name} has other classes than {name}, which stays as it is below a control branch; put the "
            "pictures into folders of its classes, or all into one."
        )
    if len(conditions) != 1:
        names = " and ".join(one.name for one in conditions)
        raise SfumatoError(f"a control branch on top of {name} takes one image and nothing else, not {names}.")
    source.config.net.check(*dataset.shape[-2:])
    return add_control_branch(source, conditions[0], dataset.shape, seed)


def _conditioned(source: Model, wanted: Sequence[ConditionConfig]) -> NetConfig:
    """The network of `source`, conditioned on those of `wanted` as well that are new to it."""
    net = source.config.net
    known = {one.name: one for one in source.config.conditions}
    if wanted and source.config.control_branch is not None:
        raise SfumatoError(
            f"{source.source or 'the model'} has a control branch, which alone is trained; start from the model "
            "below it."
        )
    for one in wanted:
        if one.name in known and one.computed != known[one.name].computed:
            ways = ("is computed from each picture", "is a column of the data")
            raise SfumatoError(
                f"to {source.source or 'the model'} '{one.name}' {ways[one.computed]}, and here it "
                f"{ways[not one.computed]}; rename the column, or train a new model without `base`."
            )
        if one.name in known and (one.kind, one.size) != (known[one.name].kind, known[one.name].size):
            raise SfumatoError(
                f"{source.source or 'the model'} knows '{one.name}' as {_size(known[one.name])}, and here it is "
                f"{_size(one)}; rename the column, or train a new model without `base`."
            )
    fresh = tuple(one for one in wanted if one.name not in known)
    if fresh and all(one.name != "conditions" for one in fields(cast(Any, net))):
        hint = "give one weight, no range" if fresh[0].name == GUIDANCE else "leave it out"
        raise SfumatoError(
            f"the network of {source.source or 'the model'} takes no conditions by name, and can't be told "
            f"'{fresh[0].name}'; {hint}."
        )
    return replace(cast(Any, net), conditions=(*net.conditions, *fresh)) if fresh else net


def _size(one: ConditionConfig) -> str:
    return {"number": "a number", "vector": f"{one.size} numbers", "image": f"an image of {one.size} channels"}[
        one.kind
    ]


def moved_attention(source: Model, dataset: Dataset) -> str | None:
    """A sentence about the sizes at which the network attends, where those on `dataset` aren't those it learnt."""
    before, now = (source.config.net.attended(*shape[-2:]) for shape in (source.config.shape, dataset.shape))
    if before == now:
        return None
    learnt, other = (" and ".join("×".join(map(str, sides)) for sides in found) for found in (before, now))
    return (
        f"the network learnt to attend over {learnt} places and now does so over {other}; it may take longer to get "
        "used to."
    )


def start_path(run: Path) -> Path:
    """Where `run` keeps the weights that it started from; it loads and generates like any checkpoint."""
    return run / "checkpoints" / "start"


def write_start(run: Path, weights: Mapping[str, Tensor]) -> None:
    """Keep the weights that `run` starts from, so that it can go on without the model they came from."""
    write_folder(
        start_path(run), {WEIGHT_FILES["ema"]: weights}, {"step": 0, "images": 0, "seconds": 0.0, "skipped": 0}
    )


def read_start(run: Path) -> dict[str, Tensor]:
    """What `write_start` kept; raises SfumatoError where it is missing or damaged."""
    checkpoint = open_checkpoint(start_path(run))
    if checkpoint is None or not checkpoint.intact(WEIGHT_FILES["ema"]):
        raise SfumatoError(
            f"{start_path(run)}, the weights that the run started from, is missing or damaged; restore that folder, or "
            "fine-tune again."
        )
    return checkpoint.read(WEIGHT_FILES["ema"])
