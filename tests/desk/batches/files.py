"""Batch files for tests, and a desk that has done all there is to do with one."""

from collections.abc import Iterable
from typing import Any

from core.desk import Desk
from core.model.batches import Batch
from core.model.people import Actor
from tests.desks import ADMIN

HEADER = "subject,type,categories,scope"


def csv_of(subjects: Iterable[str], *, kind: str = "ERASURE") -> bytes:
    """A file with a good row for each subject."""
    return "\n".join([HEADER, *(f"{subject},{kind},CONTACT;EMAIL,CONTACT" for subject in subjects), ""]).encode()


def people(count: int, first: int = 0) -> list[str]:
    return [f"USR-{number:07d}" for number in range(first, first + count)]


def checked(desk: Desk, content: bytes, *, actor: Actor = ADMIN, **more: Any) -> Batch:
    batch = desk.upload_batch(actor, content, "people.csv", connections=("cxone",))
    desk.check_batch(actor, batch.id, **more)
    return worked(desk, batch)


def accepted(desk: Desk, content: bytes, *, actor: Actor = ADMIN, **more: Any) -> Batch:
    batch = checked(desk, content, actor=actor)
    desk.accept_batch(actor, batch.id, **{"only_good": True, "typed": str(batch.good), **more})
    return worked(desk, batch)


def worked(desk: Desk, batch: Batch) -> Batch:
    """The batch once the working process would have done all it can."""
    assert desk.work_on_batches()
    found = desk.batch(ADMIN, batch.id)
    assert found
    return found
