"""Denying a privacy request: the legal grounds, and the class of 11 CCR § 7102 that each is counted under."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.model.exemptions import ARTICLE_17_3
from core.model.privacy_requests import RequestType

# The code of the error that a denied task carries; such a task is never sent again, the wish is filed anew.
DENIED = "denied"

MAY_REACH_THE_PERSON = (
    "The ground, and what you write here, may reach the person: "
    "Art. 12(4) GDPR and 11 CCR § 7022 give them a right to the reasons."
)


class DenialClass(StrEnum):
    """How 11 CCR § 7102(a)(1) lets a business break its denials down."""

    UNVERIFIABLE = "unverifiable"
    NOT_BY_A_CONSUMER = "not_by_a_consumer"
    EXEMPT = "exempt"
    OTHER = "other"


class DenialCode(StrEnum):
    """Why a request is denied: an article of the GDPR, or a reason of the Data Rights Protocol 1.0."""

    ARTICLE_17_3_A = "art_17_3_a"
    ARTICLE_17_3_B = "art_17_3_b"
    ARTICLE_17_3_C = "art_17_3_c"
    ARTICLE_17_3_D = "art_17_3_d"
    ARTICLE_17_3_E = "art_17_3_e"
    ARTICLE_12_5 = "art_12_5"
    ARTICLE_12_6 = "art_12_6"
    SUSPECTED_FRAUD = "suspected_fraud"
    INSUFFICIENT_VERIFICATION = "insuf_verification"
    NO_MATCH = "no_match"
    CLAIM_NOT_COVERED = "claim_not_covered"
    OUTSIDE_JURISDICTION = "outside_jurisdiction"
    TOO_MANY_REQUESTS = "too_many_requests"
    OTHER = "other"

    @property
    def class_7102(self) -> DenialClass:
        return _CLASSES[self]

    @property
    def words(self) -> str:
        """The ground as a select box names it, without a full stop."""
        return _WORDS[self]

    def applies_to(self, kind: RequestType) -> bool:
        """Art. 17(3) exempts from erasure only; every other ground is open to both types."""
        return kind is RequestType.ERASURE or not self.startswith("art_17_3_")


_CLASSES: Mapping[DenialCode, DenialClass] = {
    **{code: DenialClass.EXEMPT for code in DenialCode if code.startswith("art_17_3_")},
    DenialCode.ARTICLE_12_5: DenialClass.OTHER,
    DenialCode.ARTICLE_12_6: DenialClass.UNVERIFIABLE,
    DenialCode.SUSPECTED_FRAUD: DenialClass.UNVERIFIABLE,
    DenialCode.INSUFFICIENT_VERIFICATION: DenialClass.UNVERIFIABLE,
    DenialCode.NO_MATCH: DenialClass.UNVERIFIABLE,
    DenialCode.CLAIM_NOT_COVERED: DenialClass.EXEMPT,
    DenialCode.OUTSIDE_JURISDICTION: DenialClass.NOT_BY_A_CONSUMER,
    DenialCode.TOO_MANY_REQUESTS: DenialClass.OTHER,
    DenialCode.OTHER: DenialClass.OTHER,
}

_WORDS: Mapping[DenialCode, str] = {
    **{DenialCode(f"art_17_3_{letter}"): f"Art. 17(3)({letter}): {words}" for letter, words in ARTICLE_17_3.items()},
    DenialCode.ARTICLE_12_5: "Art. 12(5): manifestly unfounded or excessive",
    DenialCode.ARTICLE_12_6: "Art. 12(6): the person's identity is not established",
    DenialCode.SUSPECTED_FRAUD: "Suspected fraud",
    DenialCode.INSUFFICIENT_VERIFICATION: "Not verified well enough",
    DenialCode.NO_MATCH: "No data matches the person",
    DenialCode.CLAIM_NOT_COVERED: "The law does not cover what is asked for",
    DenialCode.OUTSIDE_JURISDICTION: "The person is outside the law's reach",
    DenialCode.TOO_MANY_REQUESTS: "Too many requests in too short a time",
    DenialCode.OTHER: "Another ground (write which)",
}


@dataclass(frozen=True)
class Denial:
    """A request that was denied; `note` is empty for whoever may not see identifiers, for people type names into it."""

    at: datetime
    actor_name: str
    code: DenialCode
    note: str

    @property
    def class_7102(self) -> DenialClass:
        return self.code.class_7102
