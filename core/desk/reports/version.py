"""Which Privacy Desk this is."""

import tomllib
from importlib import metadata
from pathlib import Path


def version() -> str:
    """That of the installed package, or, where the desk runs from its source, the one that is written there."""
    try:
        return metadata.version("privacy-desk")
    except metadata.PackageNotFoundError:
        project = Path(__file__).parents[3] / "pyproject.toml"
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
