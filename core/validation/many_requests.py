"""The check of a payload for a hundred thousand of them: the same findings, without walking the schema each time."""

import re
from functools import lru_cache
from typing import Any

from core.model.findings import Finding
from core.validation.fields import check_field
from core.validation.privacy_requests import check_privacy_request
from core.validation.schemas import schema_of

_CONTRACT = "cxone-requests"
_GOOD = {"subjectId": "USR-1", "type": "ACCESS", "categories": ["CONTACT"], "scope": "CONTACT"}


class ManyRequests:
    """Gives exactly what `check_privacy_request` gives for a payload that `submission_payload` made.

    No rule of the schema looks at the subject id or the description together with another field, so each of those
    is checked by itself, with the schema's own numbers and patterns; the few combinations of all other fields are
    remembered. A property test holds the two checks equal.
    """

    def __init__(self) -> None:
        properties = schema_of(_CONTRACT)["properties"]
        self._subject = properties["subjectId"]
        self._description = properties["description"]
        self._subject_pattern = re.compile(self._subject["pattern"])
        self._description_pattern = re.compile(self._description["pattern"])
        self._no_subjects = frozenset(self._subject["not"]["enum"])

    def check(
        self,
        *,
        subject: str,
        kind: str,
        categories: tuple[str, ...],
        scope: str,
        description: str,
    ) -> list[Finding]:
        """The findings, in the order of the schema's fields."""
        findings = [*self.of_subject(subject), *_of_others(kind, categories, scope)]
        if description:
            findings += self._of_description(description)
        return findings

    def of_subject(self, subject: str) -> list[Finding]:
        """The findings of one identifier alone."""
        broken = set()
        if len(subject) < self._subject["minLength"]:
            broken.add("minLength")
        if len(subject) > self._subject["maxLength"]:
            broken.add("maxLength")
        if not self._subject_pattern.search(subject):
            broken.add("pattern")
        if subject in self._no_subjects:
            broken.add("not")
        return list(check_field("subjectId", self._subject, subject, broken)) if broken else []

    def _of_description(self, description: str) -> list[Finding]:
        broken = set()
        if len(description) > self._description["maxLength"]:
            broken.add("maxLength")
        if not self._description_pattern.search(description):
            broken.add("pattern")
        return list(check_field("description", self._description, description, broken)) if broken else []


@lru_cache(maxsize=4096)
def _of_others(kind: str, categories: tuple[str, ...], scope: str) -> tuple[Finding, ...]:
    payload: dict[str, Any] = {**_GOOD, "type": kind, "categories": list(categories), "scope": scope}
    return tuple(check_privacy_request(payload))
