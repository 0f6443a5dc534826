"""The kinds of notice that the desk raises for its people, what each says, and what to do next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class NoticeKind(StrEnum):
    """What happened; `about` of a notice says to what, always an id or a name of the desk's, never a person's."""

    TASKS_FAILED = "tasks_failed"  # about a connection
    TASKS_NEED_PERSON = "tasks_need_person"  # about a connection
    DEAD_LETTERS = "dead_letters"  # about `vault` or `notices`
    VENDOR_DOWN = "vendor_down"  # about a connection
    WORKER_DOWN = "worker_down"  # about `worker`
    REQUESTS_AT_RISK = "requests_at_risk"  # about the controller's day; threshold: days left
    REQUESTS_OVERDUE = "requests_overdue"  # about the controller's day
    RETENTION_DRIFT = "retention_drift"  # about a connection
    WEBHOOK_CONFLICT = "webhook_conflict"  # about a connection
    HOLD_REVIEW_DUE = "hold_review_due"  # about a hold; threshold: the review date
    BATCH_FINISHED = "batch_finished"  # about a batch
    AUDIT_NOT_SOUND = "audit_not_sound"  # about `audit`


@dataclass(frozen=True)
class NoticeWords:
    """`one` and `many` have the fields `about`, `count` and `days` (the threshold)."""

    one: str
    many: str
    next_step: str
    severe: bool = False


WORDS: Mapping[NoticeKind, NoticeWords] = {
    NoticeKind.TASKS_FAILED: NoticeWords(
        "A request failed at {about}",
        "{count} requests failed at {about}",
        "Read why, put right what the vendor names, then try again. The data subject must hear either way.",
        severe=True,
    ),
    NoticeKind.TASKS_NEED_PERSON: NoticeWords(
        "A request at {about} waits for a person",
        "{count} requests at {about} wait for a person",
        "Look each one up in the vendor's console, then attest how it ended, or send it again.",
        severe=True,
    ),
    NoticeKind.DEAD_LETTERS: NoticeWords(
        "A message to {about} was given up on",
        "{count} messages to {about} were given up on",
        "Put right what the receiver says, then send them again.",
        severe=True,
    ),
    NoticeKind.VENDOR_DOWN: NoticeWords(
        "{about} does not answer",
        "{about} does not answer",
        "The desk goes on trying by itself and nothing is lost. Ask the vendor when it will be back, and mind what is "
        "due before that.",
        severe=True,
    ),
    NoticeKind.WORKER_DOWN: NoticeWords(
        "The worker was not running",
        "The worker was not running",
        "Requests waited meanwhile and none was lost. Look into the server's log for why it ended.",
        severe=True,
    ),
    NoticeKind.REQUESTS_AT_RISK: NoticeWords(
        "A request has {days} or less left",
        "{count} requests have {days} or less left",
        "See what each waits for. If it cannot be done in time, tell the person before the deadline, with the reason.",
    ),
    NoticeKind.REQUESTS_OVERDUE: NoticeWords(
        "A request is overdue",
        "{count} requests are overdue",
        "Answer the person now, and note why it is late: the authority may ask.",
        severe=True,
    ),
    NoticeKind.RETENTION_DRIFT: NoticeWords(
        "A retention purpose at {about} differs from what is declared",
        "{count} retention purposes at {about} differ from what is declared",
        "Look at the difference, then enforce the declared values or declare the new ones.",
    ),
    NoticeKind.WEBHOOK_CONFLICT: NoticeWords(
        "A message of {about} contradicts an earlier one",
        "{count} messages of {about} contradict earlier ones",
        "Nothing was changed by it. Ask the vendor which message is right; the audit log names both.",
        severe=True,
    ),
    NoticeKind.HOLD_REVIEW_DUE: NoticeWords(
        "The legal hold {about} is due for review",
        "The legal hold {about} is due for review",
        "Check whether its ground still stands; then set a new review date, or release it.",
    ),
    NoticeKind.BATCH_FINISHED: NoticeWords(
        "The batch {about} is finished",
        "The batch {about} is finished",
        "Take its result file, and look at what did not end well.",
    ),
    NoticeKind.AUDIT_NOT_SOUND: NoticeWords(
        "The audit log did not pass its check",
        "The audit log did not pass its check",
        "Keep the database file and its checkpoints as they are, and read what the check lists.",
        severe=True,
    ),
}

# How many days before its deadline an open request is told of; those nearer than the next number are told of there.
AT_RISK_DAYS = (5, 1)

# Raised once, and not again for the same thing after somebody acknowledged it.
ONCE = frozenset({NoticeKind.HOLD_REVIEW_DUE, NoticeKind.BATCH_FINISHED})


@dataclass(frozen=True)
class Notice:
    """One notice. `count` is how often its cause came up while it was open, `latest` the last request it was about.

    `over_at` is when its cause went away by itself.
    """

    id: int
    kind: NoticeKind
    about: str
    threshold: str
    count: int
    latest: str | None
    raised_at: datetime
    last_at: datetime
    over_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None  # Actor.id
    acknowledged_by_name: str | None = None

    @property
    def title(self) -> str:
        words = WORDS[self.kind]
        text = words.one if self.count == 1 else words.many
        count = f"{self.count:,}".replace(",", "\u00a0")
        days = "1 day" if self.threshold == "1" else f"{self.threshold} days"
        title = text.format(about=self.about, count=count, days=days)
        return title[0].upper() + title[1:]

    @property
    def next_step(self) -> str:
        return WORDS[self.kind].next_step

    @property
    def severe(self) -> bool:
        return WORDS[self.kind].severe
