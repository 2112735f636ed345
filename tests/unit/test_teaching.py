"""Lesson plans: whole, in step with the lesson, written as they should be; and what students hand in."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from prose import CHAPTERS as TAUGHT
from prose import ENGLISH, LESSONS, WEB, quiz_file, text_file
from sfumato.cli import app
from sfumato.errors import SfumatoError
from sfumato.lesson.teaching import ADDRESS, CHAPTERS, SESSIONS, Plan, file_name, handed_in, plans, write_plans

HERE = "https://school.example/lesson"


def teach(*words: str) -> None:
    app(["teach", *words], exit_on_error=False, print_error=False, result_action="return_value")


def test_the_plans_are_those_of_chapters_and_lessons_in_their_order() -> None:
    assert CHAPTERS == TAUGHT
    assert sorted(SESSIONS) == sorted((*TAUGHT, *LESSONS)) and SESSIONS[1 : len(CHAPTERS) + 1] == CHAPTERS
    for plan in plans():
        assert f"title: '{plan.title}'" in text_file(plan.chapter).read_text(encoding="utf-8")
        assert 3 <= len(plan.goals) <= 4 and len(plan.discussion) >= 3 and len(plan.exercise) >= 2
        assert plan.minutes == (20 if plan.chapter == "numbers" else 45)


def test_each_common_error_is_what_a_question_asks_about() -> None:
    for plan in plans():
        quiz = quiz_file(plan.chapter).read_text(encoding="utf-8")
        asked = set(re.findall(r"^    id: '([^']+)',", quiz, re.MULTILINE))
        named = [one["question"] for one in plan.error]
        assert len(named) == 3 and set(named) <= asked


def links(plan: Plan) -> list[str]:
    return [link for part in plan.timing for link in re.findall(r"\]\(([^)]+)\)", part["what"])]


def test_every_link_sets_panels_that_there_are_to_what_they_can_be() -> None:
    sources = [
        path.read_text(encoding="utf-8") for path in (WEB / "src").rglob("*") if path.suffix in (".ts", ".svelte")
    ]
    fields = {name for text in sources for name in re.findall(r"\bfield(?:<\w+>)?\(\s*'([\w.-]+)'", text)}
    written = [*ENGLISH.rglob("*.ts"), *(file(lesson) for lesson in LESSONS for file in (text_file, quiz_file))]
    said = "\n".join(path.read_text(encoding="utf-8") for path in written)
    found = [(plan, link) for plan in plans() for link in links(plan)]
    assert len(found) > 60 and {"idea.t", "guide", "present"} <= fields
    for plan, link in found:
        for name, (value,) in parse_qs(link, strict_parsing=True).items():
            assert name in fields and name.startswith(f"{plan.chapter}."), (plan.chapter, name)
            raw = re.search(rf"{re.escape(name)}=([^&]*)", link)[1]
            known = f"{name}={raw}" in said or f"'{name}': '{value}'" in said
            assert known or re.fullmatch(r"-?[\d.]+", value), (plan.chapter, name, value)


class Links(HTMLParser):
    """The addresses that a page links to, and whether all that it opens is closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attributes if name == "href"]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_they_are_written_whole_with_links_to_where_the_class_opens_the_lesson(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    teach("plans", "--address", HERE)
    said = capsys.readouterr().out
    files = sorted(path.name for path in Path("plans").iterdir())
    assert files == [*(f"{n:02}-{chapter}.md" for n, chapter in enumerate(SESSIONS)), "plans.html"]
    assert all(file in said for file in files)
    page = Links(Path("plans/plans.html").read_text(encoding="utf-8"))
    assert not page.open and len(page.found) > 90
    for link in (one for one in page.found if not one.startswith("#")):
        parts = urlsplit(link)
        assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{HERE}/"
        assert parse_qs(parts.query)["c"][0] in SESSIONS
    for plan in plans():
        text = (Path("plans") / file_name(plan)).read_text(encoding="utf-8")
        assert plan.link(f"{HERE}/") in text and text.index("## Solutions") > text.index("## Exercises")
        assert all(f"({HERE}/?c={plan.chapter}&{link})" in text for link in links(plan))
    with pytest.raises(SfumatoError, match="plans is already there and not empty; give a new folder"):
        write_plans(Path("plans"))


def test_alone_it_lists_the_sessions_with_links_to_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    teach()
    said = capsys.readouterr().out
    assert all(plan.title in said and f"{ADDRESS}?c={plan.chapter}" in said for plan in plans())


@pytest.mark.parametrize("address", ["school.example", "ftp://x/", "https://x/?c=1", "https://x y/", "javascript:1"])
def test_only_a_whole_address_is_one(tmp_path: Path, address: str) -> None:
    with pytest.raises(SfumatoError, match="is at a whole address, such as "):
        teach(str(tmp_path / "plans"), "--address", address)
    assert not list(tmp_path.iterdir())


def answers(**right: bool) -> str:
    memory = {"due": 1, "days": 1}
    told = {name: {"right": was, "at": 1, "times": 1, "memory": memory} for name, was in right.items()}
    return json.dumps({"version": 1, "told": told})


def test_what_students_hand_in_becomes_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "ada.json").write_text(answers(**{"idea.forward": True, "idea.half": False, "world.lora": True}))
    (tmp_path / "bob.json").write_text(answers(**{"forward.jump": True}))
    (tmp_path / "picture.json").write_text('{"version": 2}')
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "list.json").write_bytes(b"\xff\xfe[1]")
    found, passed = handed_in(tmp_path)
    assert [(one.student, dict(one.right), dict(one.answered)) for one in found] == [
        ("ada", {"idea": 1, "world": 1}, {"idea": 2, "world": 1}),
        ("bob", {"forward": 1}, {"forward": 1}),
    ]
    assert passed == ["broken.json", "list.json", "picture.json"]
    teach("--answers", str(tmp_path))
    said = capsys.readouterr().out
    assert re.search(r"ada +1/2 .*1/1 +2/3", said) and "broken.json holds no answers of this lesson" in said


def test_answers_and_plans_are_two_things(tmp_path: Path) -> None:
    with pytest.raises(SfumatoError, match="writes no plans; leave the folder out"):
        teach("plans", "--answers", str(tmp_path))
    with pytest.raises(SfumatoError, match="writes no plans; leave the --address out"):
        teach("--address", HERE, "--answers", str(tmp_path))
    with pytest.raises(SfumatoError, match=r"there is no folder .*nowhere"):
        teach("--answers", str(tmp_path / "nowhere"))
