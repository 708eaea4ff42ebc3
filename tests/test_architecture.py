"""The layers: which package may import which, and where each outside library may be used."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import ses_cli

ROOT = Path(ses_cli.__file__).parent
LAYERS = (
    ("callback", "collection", "errors", "events", "leftovers", "openmetrics", "subject", "table", "zstd"),
    ("identity", "reasons"),
    ("selection", "message"),
    ("batch",),
    ("times", "fold", "ledger", "schema", "sources"),
    ("native",),
    ("engine", "follow"),
    ("pipeline",),
    ("scan", "reports", "replay", "capture", "render"),
    ("live", "suppression", "redact"),
    ("export", "report"),
    ("cli",),
    ("__main__",),
)
LAYER = {package: number for number, packages in enumerate(LAYERS) for package in packages}
# hands on names of any layer, and may be imported by any
FREE = ("__init__",)
# outside import -> where it may be used
OUTSIDE = {
    "click": ("cli",),
    "rich": ("render",),
    "pycurl": ("replay/http/client.py", "replay/http/handle.py"),
    "httptools": ("capture",),
    "uvloop": ("capture",),
    "pyarrow": (
        "export/addresses.py",
        "export/arrow.py",
        "export/database.py",
        "export/files.py",
        "export/partitions.py",
        "export/stream.py",
        "cli/export/columnar.py",
    ),
    "duckdb": ("export/database.py", "cli/export/columnar.py"),
    "jinja2": ("report/page.py", "cli/report/output.py"),
    "markupsafe": ("report/page.py",),
    "vl_convert": ("report/library.py", "cli/report/output.py"),
    "prometheus_client": ("cli/listen/metrics.py",),
    "obstore": ("sources/objects",),
    "distributed": ("scan/cluster",),
    "dask": ("scan/cluster",),
    "backports": ("zstd.py",),
    "compression": ("zstd.py",),
    "msgspec": ("callback.py", "schema", "native", "capture/body.py"),
    "orjson": ("schema", "render", "suppression", "redact", "export", "replay", "capture"),
}
VAGUE = {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc", "core"}
MODULES = sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, those in functions too, by its full name."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            assert node.module
            yield from (
                f"{node.module}.{alias.name}" if _is_package(node.module) else node.module for alias in node.names
            )


def _is_package(module: str) -> bool:
    return (ROOT.parent / module.replace(".", "/")).is_dir()


def package(path: Path) -> str:
    """The top-level package or module a file belongs to."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_imports_go_down(path: Path) -> None:
    """A module imports only from layers below its own, or from its own package."""
    here = package(path)
    assert here in FREE or here in LAYER, f"{here} is in no layer"
    wanted = {name.split(".")[1] for name in imports(path) if name.startswith("ses_cli.")} - {here, "__version__"}
    if here not in FREE:
        assert {name for name in wanted if LAYER[name] >= LAYER[here]} == set()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_outside_imports_stay_where_they_belong(path: Path) -> None:
    """An outside library is imported only where the table allows it."""
    for name in {name.split(".")[0] for name in imports(path)} - {"ses_cli", "__future__", "_typeshed"}:
        if name not in sys.stdlib_module_names:
            assert named(path).startswith(OUTSIDE[name]), f"{name} in {named(path)}"


def test_no_module_has_a_vague_name() -> None:
    """A module is named for what it holds."""
    assert {path.stem for path in MODULES} & VAGUE == set()


@pytest.mark.parametrize("path", [path for path in MODULES if path.stat().st_size], ids=named)
def test_every_module_says_what_it_is_for(path: Path) -> None:
    """A module begins with a docstring."""
    assert ast.get_docstring(ast.parse(path.read_bytes()))


def test_starting_up_imports_nothing_heavy() -> None:
    """What a command needs is imported when it runs, not before."""
    heavy = {"orjson", "rich", "backports", "pycurl", "uvicorn"}
    code = f"import sys, ses_cli.cli.main; print(*{heavy} & set(sys.modules))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.split() == []


def test_what_the_package_hands_on_is_what_it_names() -> None:
    """`__all__` holds every public name of the package, and no other."""
    source = Path(ses_cli.__file__).read_bytes()
    typed = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("ses_cli.")
        for alias in node.names
    }
    code = "import ses_cli; from ses_cli import *; print(*(name for name in globals() if not name.startswith('_')))"
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert sorted(ses_cli.__all__) == sorted({*ses_cli.__all__}) == sorted(typed) == dir(ses_cli)
    assert {*done.stdout.split()} == {*ses_cli.__all__, "ses_cli"}
    with pytest.raises(AttributeError):
        _ = ses_cli.nothing


@pytest.mark.parametrize("name", ses_cli.__all__)
def test_what_the_package_hands_on_is_what_it_says_to_type_checkers(name: str) -> None:
    """A name is the same thing when it is imported as for mypy."""
    for node in ast.walk(ast.parse(Path(ses_cli.__file__).read_bytes())):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    assert getattr(ses_cli, name) is getattr(import_module(str(node.module)), alias.name)
