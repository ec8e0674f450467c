"""The repository as data: its modules, what they import, their functions and docstrings."""

import ast
import re
import subprocess
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache, cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("ingest", "engine", "api", "training", "deploy")
RUN_MODULE = re.compile(rf"-m ((?:{'|'.join((*PACKAGES, 'tests'))})(?:\.\w+)*)")
MODULE_NAME = re.compile(rf"(?:{'|'.join(PACKAGES)})(?:\.[a-z_0-9]+)+(?<!\.log)")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """One Python file."""

    path: Path  # relative to the repository

    @property
    def name(self) -> str:
        """The dotted name; a package has that of its folder."""
        return ".".join(self.path.with_suffix("").parts).removesuffix(".__init__")

    @cached_property
    def text(self) -> str:
        return (ROOT / self.path).read_text()

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, filename=str(self.path))

    def imports(self) -> Iterator[str]:
        """Full names of what the file imports, wherever in the file it does so."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (resolve(f"{node.module}.{alias.name}") for alias in node.names)

    def functions(self) -> Iterator[Function]:
        return (node for node in ast.walk(self.tree) if isinstance(node, Function))

    def docstrings(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, (Function, ast.ClassDef, ast.Module)):
                yield ast.get_docstring(node) or ""

    def strings(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


@cache
def files() -> tuple[Path, ...]:
    """All files that git tracks or would track, relative to the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return tuple(sorted(Path(name) for name in set(names) if (ROOT / name).is_file()))


@cache
def modules() -> tuple[Module, ...]:
    """The Python files of the packages and of the tests."""
    return tuple(
        Module(path) for path in files() if path.suffix == ".py" and path.parts[0] in (*PACKAGES, "tests")
    )


@cache
def sources() -> tuple[Module, ...]:
    """The Python files of the packages."""
    return tuple(module for module in modules() if module.path.parts[0] in PACKAGES)


@cache
def names() -> Set[str]:
    """The dotted names of all modules and packages."""
    return {module.name for module in modules()}


def resolve(name: str) -> str:
    """Return the module that `from module import thing` names: the thing itself where it is a module."""
    return name if name in names() else name.rpartition(".")[0]


def is_in(name: str, package: str) -> bool:
    """Check whether a dotted name is a package or in it."""
    return name == package or name.startswith(f"{package}.")


def imports_within(package: str) -> dict[str, set[str]]:
    """Return the imports between the children of a package, which are modules and packages.

    `__main__` modules are left out: they start a package and may use all of it.
    """

    def child(name: str) -> str:
        return name.removeprefix(f"{package}.").partition(".")[0]

    graph: dict[str, set[str]] = {}
    for module in modules():
        if is_in(module.name, package) and not module.name.endswith("__main__") and module.name != package:
            imported = {child(name) for name in module.imports() if is_in(name, package) and name != package}
            graph.setdefault(child(module.name), set()).update(imported - {child(module.name)})
    return graph


def circle(graph: Mapping[str, Set[str]]) -> list[str]:
    """Return nodes that lead round in a circle, or an empty list."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        nodes: list[str] = error.args[1]
        return nodes
    return []


def modules_started_by_name() -> dict[str, str]:
    """Names after `-m` in any text, and names that are strings of the code; each with a file that has it."""
    found: dict[str, str] = {}
    for path in files():
        if path.suffix in {"", ".py", ".md", ".yaml", ".yml", ".toml", ".sh"}:
            text = (ROOT / path).read_text()
            found |= dict.fromkeys(RUN_MODULE.findall(text), str(path))
    for module in sources():
        exact = (text for text in module.strings() if MODULE_NAME.fullmatch(text))
        found |= dict.fromkeys(exact, str(module.path))
    return found
