"""Code of ours as one file that imports none of it: the definitions that a name needs, and those that these need.

They are copied as they are written, in an order in which each finds what it is built on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from pathlib import Path

OURS = __name__.partition(".")[0]


@dataclass(frozen=True)
class _Module:
    """The top level of a module: each name's definition, and where imported names come from (module, name there)."""

    lines: list[str]
    defined: dict[str, ast.stmt]
    imported: dict[str, tuple[str, str]]
    statements: dict[str, str]  # imports of what isn't ours, by the name that they give


@dataclass
class _Found:
    """The definitions that were come to, by module, from what is built on to what builds on it."""

    modules: list[str] = field(default_factory=list)
    names: dict[str, set[str]] = field(default_factory=dict)
    imports: set[str] = field(default_factory=set)
    owners: dict[str, str] = field(default_factory=dict)


def bundled(*wanted: tuple[str, str]) -> tuple[list[str], str]:
    """The import statements and the definitions that the `wanted` (module, name) need, themselves included.

    Raises RuntimeError where two modules define one name, which one file can't hold.
    """
    found = _Found()
    for module, name in wanted:
        _follow(module, name, found)
    parts = []
    for module in _ordered(found):
        top = _parsed(module)
        nodes = {id(top.defined[name]): top.defined[name] for name in found.names[module]}
        parts += [_source(top.lines, node) for node in sorted(nodes.values(), key=lambda node: node.lineno)]
    return sorted(found.imports), "\n\n\n".join(parts)


def _follow(module: str, name: str, found: _Found) -> None:
    top = _parsed(module)
    if name in top.imported:
        _follow(*top.imported[name], found)
    elif name in top.statements:
        found.imports.add(top.statements[name])
    elif name in top.defined and name not in found.names.setdefault(module, set()):
        if found.owners.setdefault(name, module) != module:
            raise RuntimeError(f"{module} and {found.owners[name]} both define {name}")
        found.names[module].add(name)
        for used in _names(top.defined[name]):
            _follow(module, used, found)


def _ordered(found: _Found) -> Iterable[str]:
    """The modules, each behind those that it imports from."""
    done: list[str] = []

    def visit(module: str) -> None:
        if module in done:
            return
        top = _parsed(module)
        for name in found.names[module]:
            for used in _names(top.defined[name]):
                source = _home(module, used)
                if source != module and source in found.names:
                    visit(source)
        done.append(module)

    for module in sorted(found.names):
        visit(module)
    return [module for module in done if found.names[module]]


def _home(module: str, name: str) -> str:
    """The module that defines what `name` means in `module`."""
    top = _parsed(module)
    return _home(*top.imported[name]) if name in top.imported else module


@cache
def _parsed(module: str) -> _Module:
    spec = find_spec(module)
    assert spec is not None and spec.origin is not None
    source = Path(spec.origin).read_text(encoding="utf-8")
    top = _Module(source.splitlines(), {}, {}, {})
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            top.defined[node.name] = node
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            top.defined.update({name: node for target in targets for name in _names(target)})
        elif isinstance(node, ast.ImportFrom | ast.Import):
            _import(node, top)
    return top


def _import(node: ast.ImportFrom | ast.Import, top: _Module) -> None:
    for alias in node.names:
        name, called = alias.asname or alias.name, f" as {alias.asname}" if alias.asname else ""
        if isinstance(node, ast.Import):
            top.statements[name] = f"import {alias.name}{called}"
        elif str(node.module).partition(".")[0] == OURS:
            top.imported[name] = (str(node.module), alias.name)
        elif node.module != "__future__":
            top.statements[name] = f"from {node.module} import {alias.name}{called}"


def _names(node: ast.AST) -> set[str]:
    """What a definition names, of itself or anything else."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def _source(lines: list[str], node: ast.stmt) -> str:
    """The text of a definition, with its decorators and the comment above it."""
    first = min([node.lineno, *(one.lineno for one in getattr(node, "decorator_list", []))]) - 1
    while first and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])
