"""The house rules that a machine can hold: floors, types, style, the one clock, and no page in Python's way."""

import ast
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# What tells the time, by the attribute it is called as.
TIME_TELLERS = {
    ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today"),
    ("time", "time"), ("time", "time_ns"), ("time", "monotonic"), ("time", "perf_counter"), ("time", "sleep"),
}  # fmt: skip


def run(*arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_down_only() -> None:
    script = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([script], cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_types_hold_strictly() -> None:
    run("mypy")


def test_style_holds() -> None:
    run("ruff", "check", ".")
    run("ruff", "format", "--check", ".")


def product_files() -> list[Path]:
    return [*sorted((ROOT / "core").rglob("*.py")), *sorted((ROOT / "pages").glob("*.py")), ROOT / "app.py"]


@pytest.mark.parametrize(
    "path", [p for p in product_files() if p.name != "clock.py"], ids=lambda p: str(p.relative_to(ROOT))
)
def test_nothing_but_the_clock_reads_the_time(path: Path) -> None:
    tellers = [
        f"{path.name}:{node.lineno}"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in TIME_TELLERS
    ]
    assert tellers == []


def test_no_page_stands_in_the_way_of_a_package() -> None:
    names = [page.stem for page in (ROOT / "pages").glob("*.py")]
    assert names
    assert [name for name in names if importlib.util.find_spec(name)] == []


def test_the_script_that_the_server_runs_has_no_pages_beside_it() -> None:
    """Streamlit would run a page of such a folder on a deep link without the script around it."""
    assert (ROOT / "core" / "ui" / "main.py").exists()
    assert not (ROOT / "core" / "ui" / "pages").exists()
