"""The contract's vocabulary for people: what each type, category and scope means, in plain words."""

from collections.abc import Mapping

from core.model.privacy_requests import RequestType
from core.validation import policy

TYPE_HINTS: Mapping[str, str] = {
    RequestType.ERASURE: "The vendor deletes the person's data. This cannot be undone.",
    RequestType.ACCESS: "The vendor gathers the person's data, for a copy to be handed over.",
}

# In the order of the contract: its name on the wire, the name people use, what it holds.
CATEGORIES: Mapping[str, tuple[str, str]] = {
    "CONTACT": ("Contact", "Name, phone numbers, e-mail and postal addresses"),
    "CONVERSATION": ("Conversation", "Recordings and transcripts of what was said"),
    "SURVEY": ("Survey", "Answers to feedback surveys"),
    "ANALYTICS": ("Analytics", "Reports and statistics built from the person's contacts"),
    "INTERACTION": ("Interaction", "When, how and with whom the person was in contact"),
    "IVR": ("IVR", "What the person chose or said in the phone menu"),
    "CHAT": ("Chat", "Web and app chat messages"),
    "EMAIL": ("E-mail", "E-mails the person sent and received"),
    "SMS": ("SMS", "Text messages the person sent and received"),
}

SCOPES: Mapping[str, tuple[str, str]] = {
    "ACCOUNT": ("Account", "The customer account and what belongs to it"),
    "CONTACT": ("Contact", "The person's contact record alone"),
    "CONVERSATION": ("Conversation", "The person's conversations alone"),
    "ALL": ("All", "Everything the vendor holds"),
}


def category_hint(category: str) -> str:
    """What a category holds, and why it may be refused where the house rules protect it."""
    hint = CATEGORIES[category][1]
    if category in {protected.name for protected in policy().immutable_category}:
        return f"{hint}. Protected: cannot be erased without a legal-hold override"
    return hint


def scope_hint(scope: str) -> str:
    """How far a scope reaches, and the house's limit where it has one."""
    depth = policy().scope_depth
    limit = f"; at most {depth.max_categories} categories a request" if scope == depth.scope else ""
    return SCOPES[scope][1] + limit


def category_words(categories: tuple[str, ...]) -> str:
    """`Contact, E-mail`."""
    return ", ".join(CATEGORIES[c][0] if c in CATEGORIES else c for c in categories)


def scope_words(scope: str) -> str:
    return SCOPES[scope][0] if scope in SCOPES else scope
