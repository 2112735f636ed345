"""`sfumato claims` as a user runs it, every claim of it, and the page that it writes in a real browser."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from lesson import node, without_browser
from sfumato.data import open_dataset
from sfumato.evaluation import (
    claims,
    course_claims,
    features,
    laboratory,
    open_extractor,
    open_reference,
    rivals,
    train_classifier,
)
from sfumato.evaluation.claims_page import write_claims
from sfumato.evaluation.finding import Finding
from sfumato.evaluation.laboratory import Effort, Laboratory
from sfumato.hub import new_model
from sfumato.training import model_for
from tiny import Command


def test_every_claim_has_a_verdict_and_a_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, with fewer pictures and shorter trainings than --quick has, and a network that learned nothing."""
    effort = Effort(2, 2, 66, 66, 2, 3, 10**5, 0.1, 0.2, 2)
    slow = property(lambda lab: (lab.generate(66, lab.labels(66), sampler="ddpm", steps=20), 0.1))
    monkeypatch.setattr(Laboratory, "ddpm_1000", slow)
    monkeypatch.setattr(Laboratory, "paces", property(lambda lab: dict.fromkeys(laboratory.BATCHES, 4000.0)))
    monkeypatch.setattr(laboratory, "RATES", (1.0,))
    monkeypatch.setattr(rivals, "SEEDS", 2)
    monkeypatch.setattr(course_claims, "SHORT", (4, 4))
    monkeypatch.setattr(features, "train_classifier", partial(train_classifier, epochs=2))
    data = open_dataset("digits")
    model = new_model(model_for(data, "nano"))
    lab = Laboratory(model, open_reference(data, open_extractor("classifier", data)), effort)
    findings = [found for found in claims.measure_claims(lab) if isinstance(found, Finding)]
    assert [finding.name for finding in findings] == list(claims.EXPERIMENTS)
    assert not [finding.reason for finding in findings if finding.reason]
    verdicts = {finding.name: finding.verdict for finding in findings}
    assert verdicts["conditioning"] == "not borne out" and verdicts["forward-process"] == "borne out"

    page, facts = write_claims(tmp_path / "out", findings, "about", [("model", "m")], "sfumato claims digits")
    assert [one["verdict"] for one in json.loads(facts.read_text())] == list(verdicts.values())
    assert not re.search(r'(?:src|href)="(?!data:)', page.read_text())  # nothing from elsewhere
    for name in ("diffusion", "vae", "gan"):
        assert Image.open(page.with_name(f"fidelity-{name}.png")).size[0] > 100
    if not without_browser():
        _page_shows_everything(page, tmp_path, list(verdicts))


def _page_shows_everything(page: Path, folder: Path, names: list[str]) -> None:
    probe = folder / "probe.html"
    script = (
        "<script>addEventListener('error', e => document.body.dataset.error = e.message || 'not loaded', true);"
        "addEventListener('load', () => document.title = [...document.querySelectorAll('section')]"
        ".filter(s => s.querySelector('svg')?.getBoundingClientRect().height > 60"
        " && s.querySelector('svg text.label')?.textContent"
        " && [...s.querySelectorAll('img')].every(i => i.complete && i.naturalWidth > 0)).map(s => s.id).join()"
        " + ';' + (document.documentElement.scrollWidth <= innerWidth))</script>"
    )
    probe.write_text(page.read_text().replace("</body>", script + "</body>"))
    shown = node("shown.mjs", str(probe), "600")
    assert shown["title"] == f"{','.join(names)};true", shown
    assert "data-error" not in shown["content"] and not shown["problems"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["runs/none"], "there is no folder"),
        (["digits", "--only", "pure-nois"], "did you mean 'pure-noise'?"),
        (["digits", "--features", "inception"], "unknown features"),
    ],
)
def test_wrong_input_is_one_sentence(sfumato: Command, arguments: list[object], words: str) -> None:
    result = sfumato("claims", *arguments)
    assert result.returncode == 2 and words in result.stderr and result.stderr.count("\n") == 1, result.stderr
