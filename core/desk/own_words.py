"""What people write in their own words, a reason or a note: long enough to say something, and text that can be kept."""

from core.desk.base import DeskError

SHORTEST_REASON = 10
LONGEST_REASON = 1000


def reason_of(text: str, ask: str) -> str:
    """A reason without the blanks around it. Raises DeskError, beginning with what is asked for, unless it is one."""
    reason = can_be_kept(text.strip())
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise DeskError(f"{ask}, in {SHORTEST_REASON} to {LONGEST_REASON} characters.")
    return reason


def can_be_kept(text: str) -> str:
    """The text. Raises DeskError where it is no valid Unicode, as the bytes of another encoding in a shell are."""
    if is_text(text):
        return text
    raise DeskError("It holds characters that are no valid text. Type it again.")


def is_text(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
