"""The page of an evidence package that a person reads first: what it is, how to check it, what it does not prove."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any, Final

from core.store.audit.browsing import StoredEvent
from core.store.evidence.records import Day, gdpr
from core.store.keys import Keys
from core.store.request_records import Record

READ_ME: Final = """Evidence of Privacy Desk

Read summary.html first. To check that nothing in here was changed, unpack it into an empty folder and run

    python3 -I verify.py

It needs Python 3.9 or newer and nothing else, names every file and line that was changed, and ends with exit code 0
where nothing was. It prints the fingerprint of the key that signed this package. Compare it with the one that the
desk's owner gave you by another way (`privacy-desk audit checkpoints` shows it), or let it be compared:

    python3 -I verify.py --key FINGERPRINT

Whoever can change the package can change verify.py too. A copy that you got elsewhere, from an earlier package or
from Privacy Desk itself, is the better one:  python3 -I my-own-verify.py FOLDER

events.jsonl          the events, one JSON object a line (RFC 8785), as they stand in the audit log
checkpoints.jsonl     signed checkpoints of the log that vouch for events in here
record-ccpa-7101.csv  each request as 11 CCR section 7101 wants it recorded
record-gdpr.csv       each request with its dates and its outcome (GDPR Art. 12, 17, 19)
line-digests.txt      by which a changed line is found
manifest.json         what is in here, made when, by whom and of what; the SHA-256 of each file
manifest.signature.json  the desk's Ed25519 signature of the manifest
"""

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --line: #d8dee6; --ground: #fff; --tint: #f4f6f9 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8ecf2; --soft: #a4afbd; --line: #3a4453; --ground: #12171f; --tint: #1b222c }
}
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 2rem auto;
  max-width: 70rem; padding: 0 1rem }
h1 { font-size: 1.7rem } h2 { font-size: 1.2rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100%; font-size: .85rem }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line) }
th { background: var(--tint) } th, td { white-space: nowrap }
td.detail { white-space: normal; overflow-wrap: anywhere; min-width: 20rem }
code, pre { font: .85rem/1.5 ui-monospace, monospace; background: var(--tint); overflow-wrap: anywhere;
  white-space: pre-wrap } pre { padding: .8rem }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.2rem }
dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
.wide { overflow-x: auto }
@media (max-width: 40rem) { dl { display: block } dd { margin-bottom: .6rem } }
@media print {
  body { margin: 0; font-size: 10pt } h2 { break-after: avoid } tr { break-inside: avoid } table { font-size: 7pt }
  th, td { white-space: normal; padding: .2rem } td.detail { min-width: 0 }
}
"""
_COMPARE: Final = (
    "<p>It names every file and line that was changed since. Then compare the fingerprint that it prints with this "
    "one, and this one with what the owner of the desk told you by another way:</p>"
)
LONG: Final = 40  # characters, from which a cell's text goes on in the next line
_WORDS: Final = {
    "request": "Request", "received": "Received", "right": "Right", "law": "Law", "due": "Due",
    "extended_on": "Extended on", "answered_on": "Answered on", "outcome": "Outcome",
    "ground_of_refusal": "Ground of refusal", "recipients_told": "Recipients told", "data_subject": "Data subject",
    "reference": "Reference",
}  # fmt: skip


def summary(
    manifest: Mapping[str, Any], keys: Keys, requests: Sequence[Record], events: Sequence[StoredEvent], day: Day
) -> str:
    """A page of HTML that needs nothing beside itself, in light and dark, on paper and on a phone."""
    counted = manifest["events"]
    fingerprint = hashlib.sha256(keys.public.public_bytes_raw()).hexdigest()
    facts = {
        "Made": f"{manifest['made_at'][:16].replace('T', ' ')} UTC by {manifest['made_by']}",
        "Holds": "; ".join(f"{name.replace('_', ' ')} {value}" for name, value in manifest["filter"].items())
        or "every event of the log",
        "Events": f"{counted['count']:,}"
        + (f", from number {counted['first_seq']:,} to {counted['last_seq']:,}" if counted["count"] else ""),
        "Requests": f"{manifest['requests']:,}",
        "Signed checkpoints": f"{manifest['checkpoints']:,}",
        "Log at the time": f"{manifest['log']['size']:,} events, head {manifest['log']['head']}",
    }
    parts = [
        "<h1>Evidence of Privacy Desk</h1>",
        _facts(facts),
        "<h2>Check it yourself</h2>",
        "<p>Unpack everything into an empty folder and run this there. It needs Python 3.9 or newer, nothing else.</p>",
        "<pre>python3 -I verify.py</pre>",
        _COMPARE,
        f"<pre>{fingerprint}</pre>",
        "<h2>What the package alone cannot prove</h2>",
        "<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in manifest["cannot_prove"]) + "</ul>",
        "<h2>Requests</h2>",
        _table("Requests", _WORDS.values(), (gdpr(request, day) for request in requests), "No request is named."),
        _more(manifest["requests"], len(requests), "record-gdpr.csv"),
        "<h2>Events</h2>",
        _table(
            "Events",
            ["No.", "When (UTC)", "What", "Who", "Request", "Connection", "Outcome", "Detail"],
            map(_event, events),
            "No event matches.",
        ),
        _more(counted["count"], len(events), "events.jsonl"),
        "<p>People appear as pseudonyms that the desk alone can compute. This is no legal advice.</p>",
    ]
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Evidence of Privacy Desk</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(filter(None, parts))
        + "\n</body>\n</html>\n"
    )


def _event(event: StoredEvent) -> tuple[Any, ...]:
    when, detail = event.at[:19].replace("T", " "), json.dumps(event.detail, ensure_ascii=False)
    about = event.task or event.request
    return event.seq, when, event.kind, event.actor, about, event.connection, event.outcome, detail


def _facts(facts: Mapping[str, str]) -> str:
    return (
        "<dl>" + "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items()) + "</dl>"
    )


def _table(name: str, head: Iterable[str], rows: Iterable[Sequence[Any]], nothing: str) -> str:
    body = "\n".join("<tr>" + "".join(map(_cell, row)) + "</tr>" for row in rows)
    if not body:
        return f"<p>{nothing}</p>"
    names = "".join(f'<th scope="col">{escape(word)}</th>' for word in head)
    table = f"<table><thead><tr>{names}</tr></thead><tbody>\n{body}\n</tbody></table>"
    return f'<div class="wide" tabindex="0" role="region" aria-label="{name}">{table}</div>'


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"<td{' class=detail' if len(text) > LONG else ''}>{escape(text)}</td>"


def _more(count: int, shown: int, file: str) -> str:
    return f"<p>The first {shown:,} of {count:,}; all of them are in {file}.</p>" if count > shown else ""
