"""Sample history written in bulk, with the same rows and audit events that real requests leave."""

from core.store.samples.fills import Fill, TakenOverError, unfinished
from core.store.samples.sample import Pinned, Sample
from core.store.samples.writing import write

__all__ = ["Fill", "Pinned", "Sample", "TakenOverError", "unfinished", "write"]
