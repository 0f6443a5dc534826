"""What becomes of a simulated privacy request, decided by its subject id alone."""

import random
from collections.abc import Iterable, Mapping
from typing import Any

# A subject id that begins with one of these gets that outcome; every other one is completed.
RESERVED_SUBJECTS: Mapping[str, str] = {
    "SANDBOX-FAILED": "ends as FAILED with an error message",
    "SANDBOX-NOTHING": "ends as COMPLETED with 0 records",
    "SANDBOX-PARTIAL": "ends as PARTIAL: some records could not be removed",
    "SANDBOX-UNKNOWN": "ends as ARCHIVED, a status that no contract names",
    "SANDBOX-SLOW": "stays PROCESSING for ever",
    "SANDBOX-REJECTED": "is refused with 400, a retention constraint",
    "SANDBOX-FORBIDDEN": "is refused with 403, a missing scope",
}

# What the vendor keeps under each category, its linked entities after it.
LINKED_ENTITIES: Mapping[str, tuple[str, ...]] = {
    "CONTACT": ("CONTACT", "CONVERSATION"),
    "CONVERSATION": ("CONVERSATION", "RECORDING", "TRANSCRIPT"),
    "SURVEY": ("SURVEY",),
    "ANALYTICS": ("ANALYTICS",),
    "INTERACTION": ("INTERACTION", "RECORDING"),
    "IVR": ("IVR",),
    "CHAT": ("CHAT", "TRANSCRIPT"),
    "EMAIL": ("EMAIL", "ATTACHMENT"),
    "SMS": ("SMS",),
}


def linked_entities(categories: Iterable[str]) -> tuple[str, ...]:
    """The kinds of entity that an erasure of these categories reaches, each once."""
    return tuple(dict.fromkeys(entity for category in categories for entity in LINKED_ENTITIES[category]))


def reserved(subject: str) -> str | None:
    """The reserved beginning that a subject id has, without `SANDBOX-`."""
    return next((p.removeprefix("SANDBOX-") for p in RESERVED_SUBJECTS if subject.startswith(p)), None)


def outcome(payload: Mapping[str, Any], processing_seconds: float) -> dict[str, Any]:
    """The final answer to a request, without its id: status, counts, duration; the same for the same subject id.

    An access request discloses records and removes none, so its cascade is empty.
    """
    subject, categories = payload["subjectId"], payload["categories"]
    special = reserved(subject)
    if special in {"NOTHING", "FAILED"}:
        found = []
    else:
        found = [
            {"entity": entity, "records": 1 + int(random.Random(f"{subject}/{entity}").expovariate(1 / 9))}
            for entity in linked_entities(categories)
        ]
    duration = max(1, round(processing_seconds * 1000 * random.Random(subject).uniform(0.4, 0.95)))
    final: dict[str, Any] = {
        "status": {"FAILED": "FAILED", "PARTIAL": "PARTIAL", "UNKNOWN": "ARCHIVED"}.get(special or "", "COMPLETED"),
        "recordsAffected": sum(entry["records"] for entry in found),
        "durationMs": duration,
        "cascade": found if payload["type"] == "ERASURE" else [],
    }
    if special == "FAILED":
        final["errorMessage"] = "The deletion job stopped: the data store did not answer."
    if special == "PARTIAL":
        final["errorMessage"] = "Some recordings are in use and could not be removed."
    return final
