"""The report as a reader without eyes for it: its tables, cards and drawings, parsed from the HTML."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Read:
    """`tables` by their key: lists of rows of text, the headings first. `cards` by their label."""

    tables: dict[str, list[list[str]]] = field(default_factory=dict)
    cards: dict[str, str] = field(default_factory=dict)
    drawings: dict[str, str] = field(default_factory=dict)  # name and description of each
    words: str = ""
    tags: set[str] = field(default_factory=set)
    addresses: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read = Read()
        self._table: list[list[str]] | None = None
        self._inside: list[str] = []
        self._text = ""
        self._label = self._name = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        self.read.tags.add(tag)
        self.read.addresses += [given[name] for name in ("src", "href", "action", "data") if name in given]
        self._text = ""
        self._inside.append(given.get("class", ""))
        if tag == "table":
            self._table = self.read.tables.setdefault(given.get("data-key", ""), [])
        if tag == "tr" and self._table is not None:
            self._table.append([])

    def handle_data(self, data: str) -> None:
        self._text += data
        self.read.words += data

    def handle_endtag(self, tag: str) -> None:
        name = self._inside.pop() if self._inside else ""
        if tag in {"td", "th"} and self._table is not None:
            self._table[-1].append(self._text)
        if tag == "table":
            self._table = None
        if tag == "span" and name == "label":
            self._label = self._text
        if tag == "span" and name == "value":
            self.read.cards.setdefault(self._label, self._text)
        if tag == "title":
            self._name = self._text
        if tag == "desc":
            self.read.drawings[self._name] = self._text


def read(html: str) -> Read:
    reader = _Reader()
    reader.feed(html)
    return reader.read
