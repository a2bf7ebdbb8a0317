"""The arrows between the folders, as HOUSE rules: flows → tasks/<stage> → infra, app → tasks/<stage> (never steps)."""

import ast
import importlib.metadata
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted(p for folder in ("flows", "tasks", "infra", "app") for p in (ROOT / folder).rglob("*.py"))
HEAVY = {"torch", "transformers", "trl", "peft", "bitsandbytes", "llama_cpp", "presidio_analyzer", "accelerate"}


def imported(path: Path, *, top_level_only: bool = False) -> Iterator[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def place(path: Path) -> tuple[str, ...]:
    return path.relative_to(ROOT).with_suffix("").parts


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: "/".join(place(p)))
def test_imports_follow_the_arrows(path: Path) -> None:
    here = place(path)
    for name in imported(path):
        to = tuple(name.split("."))
        if here[0] == "infra":
            assert to[0] not in {"flows", "tasks", "app"}, f"infra imports {name}"
        if here[0] == "tasks":
            assert to[0] not in {"flows", "app"}, f"a task imports {name}"
            if to[0] == "tasks" and len(here) > 2 and (ROOT / "tasks" / to[1]).is_dir():
                assert to[1] == here[1], f"stage {here[1]} imports stage {to[1]}"
        if here[0] == "app":
            assert to[0] != "flows", f"app imports {name}"
            assert "steps" not in to, f"app imports {name}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: "/".join(place(p)))
def test_only_flows_steps_policies_and_orchestration_know_prefect(path: Path) -> None:
    here = place(path)
    allowed = here[0] == "flows" or here[-1] == "steps" or here in {("tasks", "policies"), ("infra", "orchestration")}
    assert allowed or not any(name.split(".")[0] == "prefect" for name in imported(path))


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if p.name == "steps.py" or place(p)[0] == "flows"], ids=lambda p: "/".join(place(p))
)
def test_flows_and_steps_load_without_the_heavy_libraries(path: Path) -> None:
    assert not {name.split(".")[0] for name in imported(path, top_level_only=True)} & HEAVY


def test_no_flow_file_is_named_like_an_installed_package() -> None:
    installed = set(importlib.metadata.packages_distributions())
    ours = {"flows", "tasks", "infra", "app", "benchmarks"}
    ours_in_flows = {p.stem for p in (ROOT / "flows").glob("[!_]*.py")}
    assert ours_in_flows & ((installed | sys.stdlib_module_names) - ours) == set()


def test_every_stage_has_its_steps() -> None:
    stages = [p for p in (ROOT / "tasks").iterdir() if p.is_dir() and p.name != "__pycache__"]
    assert [p.name for p in stages if not (p / "steps.py").exists()] == []


def test_constraints_name_no_index_and_no_path() -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert len(lines) > 100
    assert [line for line in lines if "==" not in line or "/" in line or "+" in line] == []
