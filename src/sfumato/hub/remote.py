"""Models on the Hugging Face Hub: `hf:user/name@revision` comes from there, and a model of ours goes there in a commit.

Tokens are found where huggingface_hub finds them (`hf auth login`, HF_TOKEN), and are never shown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sfumato.data import picture, png
from sfumato.errors import SfumatoError
from sfumato.files import replace_file
from sfumato.hub.cards import SAMPLES, Card, card
from sfumato.hub.diffusers.folder import INDEX
from sfumato.hub.model import Model
from sfumato.hub.zoo import CARD, save_zoo

PREFIX = "hf:"
SUFFIXES = (".json", ".txt", ".model", ".safetensors", ".md")  # of what is taken; nothing that could be run
UNUSED = ("safety_checker", "feature_extractor", "image_encoder")  # parts of a pipeline that are never loaded
SHOWN = 16  # sample pictures
LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"


def named_on_hub(path: str | Path) -> bool:
    """Whether a model's name means one on the Hub."""
    return str(path).startswith(PREFIX)


def pulled(name: str) -> Path:
    """The folder of the model `hf:user/name`, or of its `@revision`; what isn't kept here yet is downloaded.

    Raises SfumatoError where the Hub doesn't give it.
    """
    repository, revision = _parts(name)
    with _asking(repository, revision) as library:
        try:
            names = library.HfApi(endpoint=_endpoint()).list_repo_files(repository, revision=revision)
        except Exception as error:  # without a connection, what is kept here will do
            if getattr(error, "response", None) is not None:
                raise
            return Path(library.snapshot_download(repository, revision=revision, local_files_only=True))
        return Path(
            library.snapshot_download(repository, revision=revision, allow_patterns=wanted(names), endpoint=_endpoint())
        )


def wanted(names: Sequence[str]) -> list[str]:
    """Those of a repository's files that a model is loaded from.

    Of a pipeline of diffusers one variant of each part's weights, and no single file of all of them.
    """
    pipeline, taken = INDEX in names, []
    for name in names:
        folder, _, file = name.rpartition("/")
        stem, suffix = Path(file).stem, Path(file).suffix
        plain = f"{folder}/{stem.partition('.')[0]}{suffix}"
        twice = suffix == ".safetensors" and "." in stem and plain in names
        weights_of_all = suffix == ".safetensors" and not folder
        if suffix in SUFFIXES and not (pipeline and (twice or weights_of_all or folder in UNUSED)):
            taken.append(name)
    return taken


def pinned(name: str, folder: Path) -> str:
    """The name of what was `pulled` into `folder`, with the commit that it is of."""
    return f"{PREFIX}{_parts(name)[0]}@{folder.name}"


def staged(
    folder: Path, model: Model, repository: str, words: str = "", licence: str = "", data: str = ""
) -> tuple[list[Path], Card]:
    """Write what of `model` goes to the Hub into the empty `folder`: config, weights, card, sample pictures; returns
    its files, and the card.

    `words` are its card, where there is one already (see `hub.cards`); `data` is what it was trained on.
    """
    save_zoo(folder.name, model, folder.parent, half=False)
    shown = model.config.seen[0] == "pictures"
    if shown:
        drawn = picture(model.sample(range(SHOWN)))
        replace_file(folder / SAMPLES, png(drawn, {"model": repository, "seeds": f"0-{SHOWN - 1}"}))
    made = card(repository, model, data, licence, words, shown)
    replace_file(folder / CARD, made.text.encode())
    return sorted(path for path in folder.rglob("*") if path.is_file()), made


def push(folder: Path, name: str, private: bool = False) -> str:
    """Upload the files in `folder` as one commit to `user/name`, which is made where it isn't there; returns its
    address."""
    repository, revision = _parts(name)
    with _asking(repository, revision) as library:
        if library.get_token() is None:
            raise SfumatoError(f"the Hub takes models from those it knows: {LOG_IN}.")
        api = library.HfApi(endpoint=_endpoint())
        api.create_repo(repository, private=private, exist_ok=True)
        done = api.upload_folder(
            repo_id=repository, folder_path=folder, revision=revision, commit_message="Upload a model of Sfumato"
        )
    return str(done.commit_url)


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT")


def _parts(name: str) -> tuple[str, str | None]:
    """'hf:user/name@revision' → the repository, and the revision if there is one."""
    repository, _, revision = name.removeprefix(PREFIX).partition("@")
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repository):
        raise SfumatoError(f"a model on the Hub is named user/name or user/name@revision, not '{name}'.")
    return repository, revision or None


@contextmanager
def _asking(repository: str, revision: str | None) -> Iterator[Any]:
    """The library huggingface_hub, whose errors become one sentence."""
    try:
        import huggingface_hub
        from huggingface_hub import errors as kinds
    except ImportError as error:
        raise SfumatoError(
            "the Hugging Face Hub is reached by the library huggingface_hub: pip install huggingface_hub."
        ) from error
    said: dict[type[Exception], Callable[[], str]] = {
        kinds.GatedRepoError: lambda: (
            f"{repository} is gated: accept its terms at https://huggingface.co/{repository}, then {LOG_IN}."
        ),
        kinds.RepositoryNotFoundError: lambda: (
            f"the Hub has no model {repository}, or not for you: look at its name, or {LOG_IN}."
        ),
        kinds.RevisionNotFoundError: lambda: (
            f"{repository} has no revision {revision}; leave it out for the newest, or name a branch or a commit."
        ),
        kinds.LocalEntryNotFoundError: lambda: (
            f"{repository} isn't kept here and the Hub can't be reached; try again with a connection."
        ),
    }
    try:
        yield huggingface_hub
    except SfumatoError:
        raise
    except Exception as error:  # each layer of the library, down to sockets, raises kinds of its own
        for kind, words in said.items():
            if isinstance(error, kind):
                raise SfumatoError(words()) from error
        status = getattr(getattr(error, "response", None), "status_code", None)
        if status in (401, 403):
            raise SfumatoError(f"the Hub doesn't let you do that with {repository}; {LOG_IN}.") from error
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise SfumatoError(f"the Hub can't be asked for {repository}: {reason[:200]}; try again.") from error
