"""Making a change to a folder outlive a power cut."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Put on disk that a file in it was made, renamed or linked; the file's own content is its writer's to sync."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
