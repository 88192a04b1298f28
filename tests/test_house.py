"""The house rules that the import linter and ruff cannot see."""

import ast
import re
import shutil
import statistics
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "protocol", "rooms", "media", "virtual_scene", "assist", "signalling", "backends", "monitoring", "visavis",
)  # fmt: skip

# Larger lets a module become a place where anything goes; smaller splits what is read together.
MODULE_LINES = 500
MODULE_LINES_MEDIAN = 200
FUNCTION_LINES = 80
FUNCTION_LINES_P90 = 35


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def is_core(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return parts[0] == "protocol" or "core" in parts[:-1] or parts[:2] == ("rooms", "games")


def core_modules() -> list[Path]:
    return [path for path in modules(*PACKAGES) if is_core(path)]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


CLOCKS = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}


def impurities(source: str) -> list[str]:
    """What a core may not contain: waiting, clocks, output, the file system."""
    found: list[str] = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.AsyncFunctionDef() | ast.AsyncFor() | ast.AsyncWith() | ast.Await():
                found.append(f"line {node.lineno}: waits")
            case ast.Attribute(value=ast.Name(id=owner), attr=attr) if (owner, attr) in CLOCKS or owner == "time":
                found.append(f"line {node.lineno}: reads {owner}.{attr}")
            case ast.Attribute(value=ast.Attribute(attr=owner), attr=attr) if (owner, attr) in CLOCKS:
                found.append(f"line {node.lineno}: reads {owner}.{attr}")
            case ast.Call(func=ast.Name(id="open" | "print" | "input" as called)):
                found.append(f"line {node.lineno}: calls {called}()")
            case _:
                pass
    return found


@pytest.mark.parametrize(
    "source",
    [
        "async def f(): ...",
        "x = datetime.now()",
        "x = datetime.datetime.now(UTC)",
        "x = date.today()",
        "x = time.monotonic()",
        "open('x')",
        "print(1)",
    ],
)
def test_the_core_check_catches_each_kind_of_impurity(source: str) -> None:
    assert impurities(source)


@pytest.mark.parametrize("path", core_modules(), ids=name)
def test_a_core_does_not_wait_and_reads_no_clock(path: Path) -> None:
    assert impurities(path.read_text()) == []


def test_there_are_cores_to_look_at() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in core_modules()} >= {"protocol", "rooms", "assist"}


def lint_imports(root: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", "--config", ".importlinter"]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("protocol/base.py", "import asyncio"),
        ("rooms/core/__init__.py", "import random"),
        ("rooms/core/__init__.py", "import monitoring"),
        ("rooms/__init__.py", "import backends"),
        ("signalling/__init__.py", "import backends"),
        ("backends/__init__.py", "import signalling"),
        ("media/__init__.py", "import virtual_scene"),
        ("visavis/__init__.py", "import socketio"),
        ("signalling/__init__.py", "import sqlalchemy.orm"),
        ("rooms/__init__.py", "import prometheus_client"),
    ],
)
def test_the_import_rules_catch_a_planted_violation(tmp_path: Path, module: str, line: str) -> None:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("page", "__pycache__"))
    shutil.copy(ROOT / ".importlinter", tmp_path)
    with (tmp_path / module).open("a") as file:
        file.write(f"\n{line}\n")
    result = lint_imports(tmp_path)
    assert result.returncode == 1, result.stdout + result.stderr
    imported = line.removeprefix("import ").split(".")[0]
    assert re.search(rf"{module.split('/')[0]}\S* (-> |is not allowed to import ){imported}", result.stdout)


@pytest.mark.parametrize("path", modules(*PACKAGES, "tests", "benches"), ids=name)
def test_no_module_and_no_function_is_too_long(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= MODULE_LINES
    assert [f"{node.name}: {length(node)}" for node in functions(path) if length(node) > FUNCTION_LINES] == []


def test_most_modules_and_functions_are_short() -> None:
    paths = modules(*PACKAGES)
    assert statistics.median(len(path.read_text().splitlines()) for path in paths) <= MODULE_LINES_MEDIAN
    lengths = [length(node) for path in paths for node in functions(path)]
    assert statistics.quantiles(lengths, n=10)[8] <= FUNCTION_LINES_P90


@pytest.mark.parametrize("package", PACKAGES)
def test_each_package_is_typed_and_says_what_it_is(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()
    assert ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text()))


def test_each_package_is_built_checked_and_covered() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    assert set(PACKAGES) <= set(settings["setuptools"]["packages"]["find"]["include"])
    assert set(PACKAGES) <= set(settings["mypy"]["files"])
    assert set(PACKAGES) == set(settings["coverage"]["run"]["source"])


# What a build file may name of ours: a script, a lock file, a folder or file at the root that is copied.
NAMED = re.compile(r"(?<![\w/.-])((?:scripts|requirements|tests|benches|deploy|docs)/[\w./-]+)")


def named_paths() -> list[tuple[str, str]]:
    files = [ROOT / "Makefile", ROOT / "Dockerfile", ROOT / ".ci" / "run"]
    files += sorted(path for path in (ROOT / "scripts").iterdir() if path.is_file())
    found = {(name(file), path.rstrip("./")) for file in files for path in NAMED.findall(file.read_text())}
    found |= {("Dockerfile", path) for path in dockerfile_sources()}
    found |= {(".dockerignore", line[1:]) for line in read_lines(".dockerignore") if line.startswith("!")}
    return sorted(found)


def read_lines(file: str) -> list[str]:
    return (ROOT / file).read_text().splitlines()


def dockerfile_sources() -> Iterator[str]:
    for line in read_lines("Dockerfile"):
        if line.startswith("COPY "):
            sources = [word for word in line.split()[1:-1] if not word.startswith("--")]
            yield from (source.removeprefix("/src/") for source in sources if not source.startswith("/dist"))


# Made by a run, so absent from a clean clone.
PRODUCED = {"benches/reports"}


@pytest.mark.parametrize(("file", "path"), named_paths())
def test_what_a_build_file_names_exists(file: str, path: str) -> None:
    assert (ROOT / path).exists() or path in PRODUCED, f"{file} names {path}"


def test_the_build_files_name_something() -> None:
    assert {"Makefile", "Dockerfile", ".dockerignore", "scripts/check"} <= {file for file, _ in named_paths()}


def test_each_make_target_calls_one_executable_script_of_its_name() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z-]+):.*##.*\n\t@(\S+)", makefile, re.MULTILINE)
    assert {"setup", "run", "check", "test", "test-long", "bench"} <= {target for target, _ in targets}
    for target, command in targets:
        if target != "help":
            assert command == f"scripts/{target}"
            assert (ROOT / command).stat().st_mode & 0o100


def test_ci_calls_only_make_targets_that_exist() -> None:
    called = re.findall(r"^make ([\w-]+)", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)
    assert called == ["check", "test"]


@pytest.mark.parametrize(
    "file", ["requirements/runtime.lock", "requirements/dev.lock", "web/package-lock.json", "web/.npmrc"]
)
def test_a_lock_file_names_no_registry(file: str) -> None:
    text = (ROOT / file).read_text()
    # A package's page for donations is data of the package, not a place that anything is fetched from.
    hosts = [line for line in text.splitlines() if "://" in line and '"url":' not in line]
    assert hosts == []
    assert '"resolved"' not in text


def test_each_runtime_dependency_is_locked_and_explained() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    explained = (ROOT / "docs/decisions/0002-dependencies.md").read_text().lower()
    for requirement in project["dependencies"]:
        package = re.split(r"[\[=<>]", requirement)[0].replace("_", "-").lower()
        for lock in ("runtime", "dev"):
            assert re.search(rf"^{package}==", (ROOT / f"requirements/{lock}.lock").read_text(), re.MULTILINE)
        assert package in explained.replace("_", "-")
