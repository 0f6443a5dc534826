"""Legal holds: what must not be erased, why, for which matter, and until somebody releases it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from core.model.exemptions import ARTICLE_17_3


class HoldGround(StrEnum):
    """A letter of Art. 17(3) GDPR, or another ground, which the matter then names."""

    ARTICLE_17_3_A = "art_17_3_a"
    ARTICLE_17_3_B = "art_17_3_b"
    ARTICLE_17_3_C = "art_17_3_c"
    ARTICLE_17_3_D = "art_17_3_d"
    ARTICLE_17_3_E = "art_17_3_e"
    OTHER = "other"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS: Mapping[HoldGround, str] = {
    **{HoldGround(f"art_17_3_{letter}"): f"Art. 17(3)({letter}): {words}" for letter, words in ARTICLE_17_3.items()},
    HoldGround.OTHER: "Another ground, which the matter names",
}


class UnderHold(StrEnum):
    """What to do with an erasure that a hold stands in the way of; `Draft.under_hold` is one of these."""

    STOP = ""
    HOLD_BACK = "hold_back"
    OVERRIDE = "override"


@dataclass(frozen=True)
class HoldDraft:
    """A hold as it is typed; nothing in it is checked. A subject, categories, or both; no category means every one."""

    subject: str = ""
    categories: tuple[str, ...] = ()
    ground: str = ""
    matter: str = ""
    owner: str = ""
    review_on: date | None = None


@dataclass(frozen=True)
class Hold:
    """One legal hold. Without a pseudonym it is about everybody, without categories about every category.

    `subject` is None for whoever may not see it, then `masked_subject` stands in. `version` grows with every change.
    """

    id: str
    pseudonym: str | None
    categories: tuple[str, ...]
    ground: HoldGround
    matter: str
    owner: str
    review_on: date
    placed_by: str  # a name
    placed_at: datetime
    released_by: str | None
    released_at: datetime | None
    version: int
    subject: str | None = None
    masked_subject: str | None = None

    @property
    def is_active(self) -> bool:
        return self.released_at is None

    def covers(self, pseudonyms: Collection[str], categories: Collection[str]) -> bool:
        """Whether it keeps an erasure of these categories of this person (by any of their pseudonyms)."""
        about_them = self.pseudonym is None or self.pseudonym in pseudonyms
        return (
            self.is_active and about_them and (not self.categories or not set(self.categories).isdisjoint(categories))
        )
