"""The exemptions from erasure of Art. 17(3) GDPR: what a legal hold and a denial are grounded on."""

from collections.abc import Mapping

# Each applies "to the extent that processing is necessary" for what the words say.
ARTICLE_17_3: Mapping[str, str] = {
    "a": "freedom of expression and information",
    "b": "a legal obligation, or a task in the public interest",
    "c": "public interest in public health",
    "d": "archiving, research or statistics under Art. 89(1)",
    "e": "the establishment, exercise or defence of legal claims",
}
