"""What the studio may train, and where: on data that were named, in its own folder, whatever a client names."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfumato.errors import SfumatoError
from sfumato.hub.zoo import ZOO

starlette = pytest.importorskip("starlette.exceptions")
trainings = pytest.importorskip("sfumato.serving.trainings")


def begun(folder: Path) -> trainings.Trainings:
    return trainings.Trainings(folder, {"photos": "./photos"}, lambda *_: None, lambda _: None)


@given(name=st.text(max_size=70))
def test_no_name_leads_out_of_the_folder(name: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.getbasetemp()
    here = begun(root / "none")
    if "/" in name or name.startswith(".") or not name.strip():
        with pytest.raises(SfumatoError, match="a run's name is"):
            here.start(trainings.Start(data="photos", name=name[:64] or "..", minutes=1))
    for ask in (here.show, here.delete, here.stop):
        with pytest.raises(starlette.HTTPException, match="no run of that name"):
            ask(name)


def test_only_data_that_were_named_are_trained_on(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match=r"photos"):
        begun(tmp_path).start(trainings.Start(data=str(tmp_path), name="mine", minutes=1))
    assert not any(tmp_path.iterdir())


def test_a_run_is_not_begun_over_another_and_only_its_previews_are_shown(tmp_path: Path) -> None:
    (tmp_path / "mine" / "previews").mkdir(parents=True)
    shutil.copy(ZOO / "digits" / "config.json", tmp_path / "mine")
    (tmp_path / "mine" / "previews" / "step-1.png").write_bytes(b"a picture")
    with pytest.raises(SfumatoError, match="there is a run called mine"):
        begun(tmp_path).start(trainings.Start(data="photos", name="mine", minutes=1))
    assert begun(tmp_path).preview("mine", "step-1.png").body == b"a picture"
    for file in ("../config.json", "config.json", "step-2.png"):
        with pytest.raises(starlette.HTTPException, match="no preview"):
            begun(tmp_path).preview("mine", file)
