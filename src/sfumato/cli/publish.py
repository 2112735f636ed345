"""`sfumato push` and `sfumato pull`: models to the Hugging Face Hub and back."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sfumato.cli.display import console, next_command, note
from sfumato.cli.sample import results_folder
from sfumato.errors import SfumatoError
from sfumato.hub import load
from sfumato.hub.config import read_json
from sfumato.hub.diffusers.folder import Folder, check_whole, is_pipeline
from sfumato.hub.remote import PREFIX, named_on_hub, pulled, staged
from sfumato.hub.remote import push as push_folder
from sfumato.hub.zoo import CARD, ships, zoo_data


def push(
    run: Annotated[Path, Parameter(help="A run, one of its checkpoints, or a folder of diffusers.")],
    name: Annotated[str, Parameter(help="What it is called on the Hub: user/name.")],
    /,
    *,
    private: Annotated[bool, Parameter(help="Let nobody else see it.", negative="", show_default=False)] = False,
    license_: Annotated[
        str,
        Parameter(
            name="--license",
            help="The licence for its card, such as cc-by-4.0 [default: that of the data, where it is known].",
        ),
    ] = "",
    dry_run: Annotated[
        bool, Parameter(help="Say what would be uploaded, and upload nothing.", negative="", show_default=False)
    ] = False,
) -> None:
    """Upload a model to the Hugging Face Hub: config, weights, card and sample pictures, as one commit.

    The card is the one that `sfumato eval` wrote, with its scores and their intervals, where there is one.
    """
    with tempfile.TemporaryDirectory() as place:
        folder, made = run, None
        if not is_pipeline(run):
            folder = Path(place) / name.rpartition("/")[2].partition("@")[0]
            written = results_folder(run) / "evaluation" / CARD
            words = written.read_text(encoding="utf-8") if written.exists() else ""
            model = load(run)
            if model.config.pipeline:
                raise SfumatoError(
                    f"{run} is a pipeline put together as it is loaded; write it as one folder (sfumato export {run} "
                    "--to diffusers), and push that."
                )
            _, made = staged(folder, model, name.partition("@")[0], words, license_, _data(run))
        elif license_:
            raise SfumatoError(f"{run} is uploaded as it is; say the license in its README.md, not here.")
        else:
            check_whole(run)
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            console.print(f"  {path.relative_to(folder)}  {path.stat().st_size / 1e6:.2f} MB", soft_wrap=True)
        if made is not None and not made.licence:
            note("the card names no licence, since that of the data isn't known; give --license, such as cc-by-4.0.")
        if dry_run:
            if made is not None:
                console.print(f"\n{made.text}", soft_wrap=True)
            console.print(f"Nothing was uploaded; without --dry-run this goes to {name}.", soft_wrap=True)
            return
        console.print(push_folder(folder, name, private), soft_wrap=True)


def pull(
    name: Annotated[str, Parameter(help="user/name, or user/name@revision for a branch, a tag or a commit.")], /
) -> None:
    """Download a model from the Hugging Face Hub; `sfumato sample hf:user/name` does so by itself."""
    name = name if named_on_hub(name) else f"{PREFIX}{name}"
    place = pulled(name)
    console.print(f"  {place}", soft_wrap=True)
    if is_pipeline(place):
        Folder.open(place)  # raises for one with code of its own, which isn't run here
    console.print(f"next: {next_command('sample', [name])}", soft_wrap=True)


def _data(run: Path) -> str:
    """What a run, or a model that ships, was trained on; empty where nobody knows."""
    if ships(run):
        return zoo_data(str(run))
    with suppress(SfumatoError, KeyError, TypeError):
        return str(read_json(results_folder(run) / "config.json")["training"]["data"]["source"])
    return ""
