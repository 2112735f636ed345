"""No circles: what two files share has a file of its own, types included."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import sfumato

HOUSE = Path(sfumato.__file__).parent


def imported(source: str) -> set[str]:
    """All modules that a file names in an import, wherever: at its top, for types alone, in a function."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def imports(sources: Mapping[str, str]) -> dict[str, set[str]]:
    """For each file, which of the others it imports."""
    return {module: (imported(source) & sources.keys()) - {module} for module, source in sources.items()}


def test_no_file_imports_one_that_imports_it() -> None:
    sources = {}
    for path in HOUSE.rglob("*.py"):
        parts = ("sfumato", *path.relative_to(HOUSE).with_suffix("").parts)
        sources[".".join(parts).removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    assert len(sources) > 100
    try:
        TopologicalSorter(imports(sources)).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    "back",
    ["import a", "from a import f", "def f():\n    from a import g", "if TYPE_CHECKING:\n    from a import T"],
)
def test_a_circle_is_found_however_it_is_imported(back: str) -> None:
    with pytest.raises(CycleError):
        TopologicalSorter(imports({"a": "from b import c", "b": "import c", "c": back})).prepare()


@pytest.mark.parametrize("library", ["diffusers", "transformers", "huggingface_hub"])
def test_large_libraries_are_imported_where_they_are_needed_and_nowhere_at_the_top(library: str) -> None:
    """Importing diffusers takes longer than PyTorch does."""
    for path in HOUSE.rglob("*.py"):
        body = ast.parse(path.read_text(encoding="utf-8")).body
        tops = [ast.unparse(one) for one in body if isinstance(one, ast.Import | ast.ImportFrom)]
        assert library not in {name.partition(".")[0] for name in imported("\n".join(tops))}, path
