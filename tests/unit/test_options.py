"""Every option of every command is obeyed, refused or noted, in every mode: a new one without an entry here fails."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import hypothesis
import pytest
import torch
from hypothesis import strategies as st

from asked import Draws, draws, model, pixels
from sfumato.cli import app
from sfumato.data import read_about
from sfumato.errors import SfumatoError
from sfumato.hub.diffusers.memory import Memory
from sfumato.hub.loading import check_plain
from sfumato.hub.resolving import Resolved
from sfumato.sampling import Gaussian

__all__ = ["draws"]
TESTS = Path(__file__).parents[1]
SAMPLE = {
    "run": ["own"], "prompt": ["a blue $(heart)"], "class": ["--class", "🦊"], "number": ["--number", "age=40"],
    "vector": ["--vector", "1,2"], "control": ["--control", "edges=x.png"], "control-ready": ["--control-ready"],
    "prompt-weights": ["--prompt-weights"], "precision": ["--precision", "bf16"], "offload": ["--offload"],
    "tiled": ["--tiled"],
    "control-strength": ["--control-strength", "0.5"], "count": ["-n", "3"], "seeds": ["--seeds", "8,9"],
    "sampler": ["--sampler", "heun"], "steps": ["--steps", "4"], "grid": ["--grid", "trailing"],
    "schedule": ["--schedule", "linear"], "negative": ["--negative", "a heart"], "image": ["--image", "x.png"],
    "strength": ["--strength", "0.3"], "mask": ["--mask", "left.png"], "upscale": ["--upscale"],
    "feather": ["--feather", "2"], "upscale-with": ["--upscale-with", "own"],
    "guidance": ["--guidance", "4"], "rule": ["--rule", "projected"],
    "interval": ["--interval", "0.05-2"], "threshold": ["--threshold"], "clip": ["--clip"], "eta": ["--eta", "0.5"],
    "tolerance": ["--tolerance", "0.1"], "first": ["--first", "teleport"], "compare": ["--compare", "ddim,heun"],
    "like": ["--like", "like.png"], "weights": ["--weights", "raw"], "out": ["--out", "elsewhere"],
    "animate": ["--animate"], "batch": ["--batch", "1"],
    "frames": ["--frames", "4"], "fps": ["--fps", "12"], "keyframe": ["--keyframe", "0=x.png"],
}  # fmt: skip
PLAIN = {"run": ["tiny"], "class": ["--class", "cat"], "count": ["-n", "2"], "steps": ["--steps", "3"],
         "guidance": ["--guidance", "2.5"], "sampler": ["--sampler", "ddim"]}  # fmt: skip
PUSHED = {**PLAIN, "guidance": ["--guidance", "30"]}  # so far that estimates leave [-1, 1], where a threshold counts
MODES: dict[str, dict[str, list[str]]] = {
    "plain": PLAIN,
    "compared": {**{k: v for k, v in PLAIN.items() if k != "sampler"}, "compare": ["--compare", "ddim,dpm++2m"]},
    "variation": {**PUSHED, "image": ["--image", "a,depth=b; c.png"]},
    "inpainted": {**PUSHED, "image": ["--image", "a,depth=b; c.png"], "mask": ["--mask", "left.png"]},
    "controlled": {**PLAIN, "control": ["--control", "edges=a,depth=b; c.png"]},
    "again": {"like": ["--like", "like.png"]},
}
# Options of the other commands, each with the test that shows what it does, or what is said of it here.
ELSEWHERE = {
    "export": dict.fromkeys(("run", "out", "sampler", "steps", "grid", "schedule", "guidance", "eta"),
                            "e2e/test_export.py::test_an_importer_draws_what_we_draw")
    | {"weights": "unit/test_model.py::test_ema_and_raw_weights_are_two_models"}
    | dict.fromkeys(("to", "class"), "e2e/test_diffusers_alone.py::"
                    "test_models_of_ours_are_drawn_by_diffusers_alone_as_they_are_here"),
    "eval": dict.fromkeys(("run", "count", "n", "features", "against", "seeds", "from-record", "out", "json", "curve"),
                          "e2e/test_eval.py::test_a_run_is_measured_recorded_and_ranked")
    | dict.fromkeys(("sampler", "steps", "guidance", "weights", "bits"),
                    "unit/test_options.py::test_measuring_takes_its_options_and_ranking_records_takes_none")
    | {"data": "laws/test_pipeline_verbs.py::test_a_pipeline_is_measured_against_pictures_with_captions"}
    | {"frames": "unit/test_clip_runs.py::test_a_roll_out_has_a_page_that_says_where_it_leaves_the_range_of_real_ones"},
    "ema": dict.fromkeys(("run", "width"), "laws/test_averages.py::test_a_kept_width_comes_out_exactly")
    | {"start": "unit/test_distilling.py::test_a_student_drifts_on_from_what_it_learnt"},
    "info": dict.fromkeys(("what", "size", "frames", "fps", "cut-scenes"),
                          "unit/test_options.py::test_a_size_is_for_data"),
    "learn": dict.fromkeys(("run", "port", "host", "browser", "build"),
                           "unit/test_options.py::test_a_built_lesson_takes_no_option_of_a_server")
    | {"address": "e2e/test_learn.py::test_a_folder_that_knows_where_it_will_be_is_shown_with_its_picture"},
    "claims": dict.fromkeys(("run", "only", "quick", "out"), "unit/test_claims.py::test_claims_from_the_command_line")
    | dict.fromkeys(("features", "json"), "e2e/test_claims_page.py::test_wrong_input_is_one_sentence"),
    "demo": dict.fromkeys(("minutes", "images", "out"), "e2e/test_command_line.py::test_demo_leaves_all_it_promises"),
    "watch": dict.fromkeys(("run", "once"), "e2e/test_watch.py::test_a_run_that_has_ended_is_told_at_once"),
    "doctor": dict.fromkeys(("json", "out"),
                            "unit/test_machine.py::test_json_is_all_that_is_printed_and_holds_what_was_measured"),
    "runs": {"folder": "unit/test_runs.py::test_runs_are_listed_numbered_and_gone_on_with_by_their_folder"},
    "samplers": {},
    "teach": dict.fromkeys(("folder", "address"), "unit/test_teaching.py::"
                           "test_they_are_written_whole_with_links_to_where_the_class_opens_the_lesson")
    | {"answers": "unit/test_teaching.py::test_what_students_hand_in_becomes_a_table"},
    "new": {"name": "unit/test_templates.py::test_new_alone_lists_the_templates_and_with_a_name_says_what_is_next",
            "from": "unit/test_templates.py::test_what_can_t_be_made_is_refused_in_a_sentence"},
    "serve": dict.fromkeys(("models", "host"),
                           "e2e/test_serve.py::test_what_cant_be_served_is_said_before_it_listens")
    | dict.fromkeys(("rate", "proxy", "drain", "log"),
                    "e2e/test_serve.py::test_behind_a_proxy_each_client_has_its_own_rate_and_a_line_of_the_log")
    | dict.fromkeys(("port", "token"), "e2e/test_serve.py::test_only_who_has_the_token_is_answered")
    | {"jobs": "faults/test_serving_jobs.py::test_a_file_that_holds_no_jobs_or_is_another_services_is_refused"}
    | {"workers": "e2e/test_serve_workers.py::test_a_worker_and_the_service_are_killed_under_load"}
    | {"database": "faults/test_serving_shared.py::test_killed_services_jobs_are_drawn_by_the_others"}
    | dict.fromkeys(("ttl", "quota"),
                    "faults/test_serving_jobs.py::test_results_are_kept_for_their_time_and_within_the_quota")
    | dict.fromkeys(("precision", "offload", "tiled"),
                    "laws/test_pipeline_memory.py::test_a_service_holds_pipelines_as_told_and_nothing_else"),
    "studio": dict.fromkeys(("models", "runs", "port", "host", "browser"),
                            "e2e/test_studio.py::test_the_studio_does_what_it_says")
    | {"data": "unit/test_trainings.py::test_only_data_that_were_named_are_trained_on",
       "jobs": "e2e/test_studio.py::test_five_hundred_pictures_outlive_the_service_and_are_found_again",
       "token": "e2e/test_studio.py::test_it_asks_for_the_token_and_for_the_right_one"},
    "push": dict.fromkeys(("run", "name", "private", "license"),
                          "unit/test_remote.py::test_a_model_goes_to_the_hub_in_one_commit_and_comes_back_the_same")
    | {"dry-run": "unit/test_remote.py::test_a_dry_run_says_all_and_asks_nobody"},
    "pull": {"name": "unit/test_remote.py::test_a_model_goes_to_the_hub_in_one_commit_and_comes_back_the_same"},
    "distill": dict.fromkeys(("run", "steps", "guidance", "minutes", "images", "data", "batch", "learning-rate", "seed",
                              "set", "name", "out"),
                             "unit/test_distilling.py::test_the_command_keeps_the_student_beside_its_teacher")
    | {"lora": "unit/test_distilling.py::test_of_adapters_the_start_stays_and_the_sum_walks",
       "method": "unit/test_distilling.py::test_by_drifting_a_student_learns_from_the_data_alone"},
    "tune": {"data": "laws/test_pipeline_verbs.py::test_a_walk_is_tuned_to_a_pipeline_and_kept_in_its_folder"}
    | dict.fromkeys(("run", "steps"), "unit/test_tuned.py::test_held_out_seeds_decide_what_the_command_keeps")
    | {"weights": "unit/test_tuned.py::test_the_walk_of_other_weights_is_not_taken"},
}  # fmt: skip


def options_of(command: str) -> set[str]:
    """What the command takes, by its last name: `-n --count` is count."""
    return {argument.parameter.name[-1].lstrip("-").lower() for argument in app[command].assemble_argument_collection()}


def test_the_table_holds_every_option_of_every_command_but_train() -> None:
    commands = {name for name in app if not name.startswith("-")} - {"train"}
    assert commands == {"sample", *ELSEWHERE}
    assert options_of("sample") == set(SAMPLE)
    for command, options in ELSEWHERE.items():
        assert options_of(command) <= set(options), command
        for place in options.values():
            file, _, test = place.partition("::")
            assert f"def {test}(" in (TESTS / file).read_text(encoding="utf-8"), place


def whole_numbers() -> list[tuple[str, str]]:
    """Every option of every command that takes a whole number, by any of its names."""
    found = [(verb, one) for verb in app if verb[0] != "-" for one in app[verb].assemble_argument_collection()]
    return [(verb, name) for verb, one in found if int in (one.hint, *get_args(one.hint)) for name in one.names]


def test_no_whole_number_is_rounded_to_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = whole_numbers()
    assert {("sample", "--feather"), ("sample", "-n"), ("eval", "--steps"), ("train", "--batch")} <= set(options)
    for verb, option in [*options, ("sample", "--steps")]:
        named = ["here"] if verb not in ("demo", "learn") else []
        for number in ("2.9", "-0.5", ".5"):
            refused = f"^{option} takes (a whole number, not {re.escape(number)}|at least .* not '{re.escape(number)}')"
            with pytest.raises(SfumatoError, match=refused):
                app([verb, *named, f"{option}={number}"], exit_on_error=False, print_error=False)
    assert not list(tmp_path.iterdir())


@hypothesis.given(st.integers(), st.text("0", max_size=3))
def test_a_whole_number_may_be_written_with_a_point(number: int, zeros: str) -> None:
    found = app.parse_args(["sample", "here", f"--batch={number}.{zeros}"], exit_on_error=False, print_error=False)
    assert found[1].arguments["batch"] == round(float(number))


class Stop(Exception):
    """All is known that was to be known."""


@contextmanager
def batches(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many samples the model is asked for at once."""
    seen: list[int] = []
    steps = Resolved.steps

    def counted(self: Resolved, rows: Any = None) -> Any:
        seen.append(len(self.request.seeds if rows is None else rows))
        return steps(self, rows)

    with monkeypatch.context() as patched:
        patched.setattr(Resolved, "steps", counted)
        yield seen


@pytest.fixture
def drawing(draws: Draws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """`drawing(words)` → what one sees of a call but for its record, and what is noted; raises what it refuses."""
    models = {(name, weights): model(name) for name in ("tiny", "own") for weights in ("ema", "raw")}
    for (_, weights), one in models.items():
        with torch.no_grad():
            for parameter in one.denoiser.parameters():
                parameter.mul_(1.1 if weights == "raw" else 1.0)

    def opened(path: str, weights: str, _: object, __: object, memory: Memory) -> Any:
        check_plain(path, memory)
        return models[Path(path).name, weights]

    monkeypatch.setattr("sfumato.cli.opening.load", opened)
    data = torch.rand(20, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1
    monkeypatch.setattr("sfumato.cli.sample.data_gaussian", lambda _: Gaussian.fit(data))
    draws("tiny", "--class=-x y", "--seeds", "5,6", "--steps", "2", "--out", "was")
    Path("was/grid.png").rename("like.png")
    number = 0

    def call(words: list[str]) -> SimpleNamespace:
        nonlocal number
        number += 1
        place = Path(f"out-{number}")
        if "--out" not in words:
            words = [*words, "--out", str(place)]
        capsys.readouterr()
        with batches(monkeypatch) as asked:
            draws(*words)
        folder = Path("elsewhere") if "elsewhere" in words else place
        shown = []
        for path in sorted(folder.iterdir()):
            content = pixels(path).tobytes() if path.suffix == ".png" else path.read_bytes()
            shown.append((re.sub(r"-[0-9a-f]{8}\b", "", path.name), content))
        return SimpleNamespace(seen=(folder.name[:3], shown, asked), said=capsys.readouterr().out)

    return call


@pytest.mark.parametrize("mode", MODES)
def test_every_option_of_sample_is_obeyed_refused_or_noted(drawing: Any, mode: str) -> None:
    def words(options: dict[str, list[str]]) -> list[str]:
        first = [name for name in ("run", "prompt") if name in options]
        return [word for name in [*first, *(n for n in options if n not in first)] for word in options[name]]

    base = drawing(words(MODES[mode]))
    ignored = []
    for option, given in SAMPLE.items():
        if option == "prompt" and "run" not in MODES[mode]:
            continue  # the first word is the run
        try:
            found = drawing(words({**MODES[mode], option: given}))
        except SfumatoError as error:
            told = str(error)
            other = {"count": "-n", "upscale": "enlarged", "upscale-with": "enlarge"}.get(option, option)
            known = option in told or given[0] in told or other in told
            assert known, (option, told)
            continue
        if found.seen == base.seen and f"--{option}" not in found.said:
            ignored.append(option)
    same = {name for name in ignored if SAMPLE[name] == MODES[mode].get(name)}
    assert set(ignored) <= same


def test_a_size_is_for_data(run_folder: Path, draws: Draws, capsys: pytest.CaptureFixture[str]) -> None:
    (drawn, _) = draws("tiny", "-n", 1, "--steps", 2, "--out", "out")
    for what in (drawn, run_folder):
        for option, *value in (["--size", "8"], ["--frames", "8"], ["--fps", "8"], ["--cut-scenes"]):
            with pytest.raises(SfumatoError, match=f"{option} is for reading a data set"):
                app(["info", str(what), option, *value], exit_on_error=False, print_error=False)
    app(["info", str(drawn)], exit_on_error=False, print_error=False, result_action="return_value")
    assert read_about(drawn)["request"][:20] in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [["--run", "digits"], ["--port", "8123"], ["--host", "127.0.0.1"], ["--browser"], ["--no-browser"]]
)
def test_a_built_lesson_takes_no_option_of_a_server(
    tmp_path: Path, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfumato.cli.learn.pages", lambda: tmp_path)
    option = words[0].replace("--no-", "--")
    with pytest.raises(SfumatoError, match=f"leave {option} out"):
        app(["learn", "--build", str(tmp_path / "site"), *words], exit_on_error=False, print_error=False)
    assert not (tmp_path / "site").exists()


def test_who_wants_a_run_in_a_built_lesson_is_told_where_it_can_be_sampled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sfumato.cli.learn.pages", lambda: tmp_path)
    with pytest.raises(SfumatoError, match=r"learn --run 'runs/my eyes' samples .* serve 'runs/my eyes' for others"):
        app(["learn", "--build", str(tmp_path / "site"), "--run", "runs/my eyes"], exit_on_error=False,
            print_error=False)  # fmt: skip


def test_measuring_takes_its_options_and_ranking_records_takes_none(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sfumato.evaluation import evaluating

    asked: list[Any] = []

    def stop(model: Any, reference: Any, plan: Any, sampler: Any, command: str) -> None:
        asked.append((model, plan, command))
        raise Stop

    monkeypatch.setattr(evaluating, "carry_out", stop)
    monkeypatch.setattr("sfumato.cli.eval.data_for", lambda run, model, data, progress: (*_blobs(), []))

    def measured(*words: str) -> tuple[Any, Any, str]:
        with pytest.raises(Stop):
            app(
                ["eval", str(run_folder), "--features", "pixels", "--json", *words],
                exit_on_error=False,
                print_error=False,
            )
        found: tuple[Any, Any, str] = asked[-1]
        return found

    plain, plan, command = measured("-n", "50")
    assert plan.count == 50 and plan.curve and not plan.bits and "eval" in command
    other, plan, command = measured(
        "--seeds", "7-60", "--sampler", "heun", "--steps", "3", "--guidance", "2", "--weights", "raw", "--bits",
        "--no-curve",
    )  # fmt: skip
    assert (plan.count, plan.curve, plan.bits) == (54, False, True)
    _, at, again = measured("-n", "50", "--curve", "8,1,2")
    assert at.curve_steps == (1, 2, 8) and "--curve 8,1,2" in again
    for wrong in ("0", "1,x", "1001", ""):
        with pytest.raises(SfumatoError, match="--curve takes at least 1 step"):
            app(["eval", str(run_folder), "--curve", wrong], exit_on_error=False, print_error=False)
    assert (plan.settings.sampler, plan.settings.steps, plan.settings.guidance) == ("heun", 3, 2.0)
    assert plain.weights_hash != other.weights_hash
    for part in (
        "--seeds 7-60",
        "--sampler heun",
        "--steps 3",
        "--guidance 2",
        "--weights raw",
        "--bits",
        "--no-curve",
    ):
        assert part in command
    for words in (
        ["-n", "50"], ["--seeds", "0-50"], ["--sampler", "ddim"], ["--steps", "5"], ["--guidance", "1"],
        ["--weights", "ema"], ["--features", "pixels"], ["--curve"], ["--no-curve"], ["--bits"], ["--json"],
        ["--out", str(tmp_path)],
    ):  # fmt: skip
        option = words[0].replace("--no-", "--")
        with pytest.raises(SfumatoError, match=f"generates and measures nothing; leave {option} out"):
            app(["eval", str(run_folder), "--from-record", "--against", "x", *words], exit_on_error=False,
                print_error=False)  # fmt: skip


def _blobs() -> tuple[Any, None]:
    from tiny import blobs

    return blobs(), None
