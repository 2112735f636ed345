"""Clips as OpenAI's clients ask for videos: what is asked, how a clip stands, and its files."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import torch
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.config import JsonDict

from sfumato.data import KINDS
from sfumato.data.clips import FPS, MAX_FPS
from sfumato.data.films import film, suffixes
from sfumato.errors import SfumatoError
from sfumato.hub import Model
from sfumato.hub.request import Keyframes, Request
from sfumato.serving.messages import MAX_STEPS, Asked, Name, Seed, Text
from sfumato.serving.tasks import Task
from sfumato.serving.uploads import Kind, Picture, checked

MAX_FRAMES = 256  # of a clip that is asked for here
EXAMPLE: JsonDict = {"prompt": "a small red circle moves right slowly", "seconds": "2", "seed": 0}
STATUS = {"waiting": "queued", "running": "in_progress", "done": "completed"}  # ours, and OpenAI's
MEDIA = {".mp4": "video/mp4", ".webp": "image/webp", ".gif": "image/gif"}

Rate = Annotated[float, Field(gt=0, le=MAX_FPS, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=MAX_FRAMES, allow_inf_nan=False)]
Variant = Literal["video", "thumbnail", "spritesheet"]
VideoKind = Literal["mp4", "webp", "gif"]


class VideoAsked(BaseModel):
    """A clip asked for: so many `seconds` of 8 frames, or so many `frames`, by default as many as the model was trained
    on. `input_reference` is the first frame, and `last_frame` the last one. `prompt` is as in a picture's request."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra={"example": EXAMPLE})

    model: Name | None = None
    prompt: Text | None = None
    seconds: Annotated[str, StringConstraints(pattern=r"^\d{1,3}(\.\d{1,3})?$")] | Seconds | None = None
    size: Annotated[str, StringConstraints(pattern=r"^(auto|\d{1,5}x\d{1,5})$")] = "auto"
    input_reference: Picture | None = None

    frames: Annotated[int, Field(ge=1, le=MAX_FRAMES)] | None = None
    last_frame: Picture | None = None
    class_: Annotated[Name | None, Field(alias="class")] = None
    seed: Seed | None = None
    negative: Text | None = None
    sampler: Name | None = None
    steps: Annotated[int, Field(ge=1, le=MAX_STEPS)] | None = None
    guidance: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None

    output_format: ClassVar[Kind] = "png"  # as which the worker keeps the frames, beside each other
    output_compression: ClassVar[int | None] = None
    partial_images: ClassVar[int | None] = None

    def request(self, model: Model) -> Request:
        """What it means to `model`. Raises SfumatoError."""
        if not KINDS[model.config.kind].moving:
            raise SfumatoError(f"{model.source} generates pictures; ask /v1/images/generations for them.")
        same = ("prompt", "size", "class_", "negative", "sampler", "steps", "guidance")
        given = {name.rstrip("_"): value for name in same if (value := getattr(self, name)) is not None}
        asked = Asked.model_validate({**given, **({} if self.seed is None else {"seeds": [self.seed]})})
        request = asked.meant(model)
        pictures = {0: ("input_reference", self.input_reference), -1: ("last_frame", self.last_frame)}
        known = {number: checked(name, one) for number, (name, one) in pictures.items() if one is not None}
        sampling = replace(request.sampling, frames=self._frames() or model.config.shape[0])
        return replace(request, sampling=sampling, edit=Keyframes(known) if known else None)

    def _frames(self) -> int | None:
        if self.seconds is None:
            return self.frames
        if self.frames is not None:
            raise SfumatoError("`seconds` and `frames` both say how long the clip is; leave one of them out.")
        frames = round(float(self.seconds) * FPS)
        if not 1 <= frames <= MAX_FRAMES:
            raise SfumatoError(
                f"`seconds` are of {FPS:g} frames each, and a clip has 1 to {MAX_FRAMES} frames, not {frames}."
            )
        return frames


def is_video(task: Task) -> bool:
    """Whether a task is a clip that was asked for as a video."""
    return task.job.request.sampling.frames is not None


def about_video(task: Task, size: str) -> dict[str, Any]:
    """How a clip stands, in OpenAI's words."""
    job = task.job
    frames = job.request.sampling.frames or 1
    prompts = job.request.prompts
    about: dict[str, Any] = {
        "id": task.id,
        "object": "video",
        "model": job.model,
        "status": STATUS.get(task.state, "failed"),
        "progress": int(100 * job.progress),
        "created_at": task.created,
        "seconds": f"{frames / FPS:g}",
        "size": size,
        "frames": frames,
        "seed": job.request.seeds[0],
        "prompt": prompts[0] if isinstance(prompts, tuple) else None,
    }
    if task.state == "cancelled":
        about["error"] = {"code": "cancelled", "message": "the clip was cancelled."}
    elif job.error is not None:
        about["error"] = {"code": "failed", "message": job.error}
    return about


def video_file(png: bytes, frames: int, variant: Variant, kind: VideoKind | None, fps: float) -> tuple[bytes, str]:
    """The file of a clip whose `frames` stand beside each other in `png`, and its media type.

    A spritesheet is that PNG, a thumbnail its first frame. A video is an mp4 where this machine writes them, else a
    WebP. Raises SfumatoError for an mp4 where it doesn't.
    """
    if variant == "spritesheet":
        return png, "image/png"
    with Image.open(BytesIO(png)) as image:
        strip = np.asarray(image.convert("RGB"))
    height, width = strip.shape[0], strip.shape[1] // frames
    if variant == "thumbnail":
        first = BytesIO()
        Image.fromarray(strip[:, :width]).save(first, "PNG")
        return first.getvalue(), "image/png"
    if kind == "mp4" and ".mp4" not in suffixes():
        raise SfumatoError("mp4 is written by PyAV, which isn't installed where the service runs; ask for webp or gif.")
    suffix = f".{kind}" if kind else suffixes()[-1] if ".mp4" in suffixes() else ".webp"
    clip = torch.from_numpy(strip.reshape(height, frames, width, 3).transpose(1, 3, 0, 2).copy())
    return film(clip[None].float() / 127.5 - 1, suffix, fps), MEDIA[suffix]
