"""The report as one HTML file: nothing is fetched, nothing runs, and it prints on A4."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from html import escape

from core.desk.reports.figures import Card, Chart, Column, Kind, Section, Table, TitledTable, in_words
from core.desk.reports.svg import draw

LONG = 15


@dataclass(frozen=True)
class Report:
    """What stands in the file: its head as facts, its sections, and what each measure means."""

    title: str
    facts: Mapping[str, str]
    sections: tuple[Section, ...]
    definitions: Mapping[str, str]


def render(report: Report) -> str:
    """The whole file."""
    facts = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(value)}</td></tr>' for name, value in report.facts.items()
    )
    defined = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in report.definitions.items())
    return _PAGE.format(
        title=escape(report.title),
        facts=facts,
        sections="\n".join(_section(section) for section in report.sections),
        numbers=_numbers(report.sections),
        definitions=defined,
    )


def _section(section: Section) -> str:
    parts = [f'<section id="{escape(section.key)}"><h2>{escape(section.title)}</h2>']
    if section.lead:
        parts.append(f"<p>{escape(section.lead)}</p>")
    if section.nothing:
        parts.append(f'<p class="nothing">{escape(section.nothing)}</p>')
    if section.cards:
        parts.append(f'<ul class="cards">{"".join(_card(card) for card in section.cards)}</ul>')
    parts += [_chart(chart) for chart in section.charts]
    parts += [_titled(titled) for titled in section.tables]
    parts.append("</section>")
    return "".join(parts)


def _card(card: Card) -> str:
    change = f'<span class="change">{escape(card.change)}</span>' if card.change else ""
    return (
        f'<li><span class="label">{escape(card.label)}</span><span class="value">{escape(card.value)}</span>'
        f"{change}</li>"
    )


def _chart(chart: Chart) -> str:
    drawn = draw(chart) if chart.worth_drawing else ""
    where = " The numbers of each are at the end." if _at_the_end(chart) else ""
    below = "" if _at_the_end(chart) else _table(chart.table, chart.key, chart.title)
    return (
        f'<figure data-key="{escape(chart.key)}"><h3>{escape(chart.title)}</h3>{drawn}'
        f"<figcaption>{escape(chart.says)}{where}</figcaption></figure>{below}"
    )


def _at_the_end(chart: Chart) -> bool:
    """A long table would tear what belongs together apart; one that charts share stands once."""
    return bool(chart.shares_table) or len(chart.table.rows) > LONG


def _numbers(sections: Iterable[Section]) -> str:
    """The long tables, each once."""
    found = {
        chart.shares_table or chart.key: (section.title if chart.shares_table else chart.title, chart.table)
        for section in sections
        for chart in section.charts
        if _at_the_end(chart)
    }
    tables = "".join(f"<h3>{escape(title)}</h3>{_table(table, key, title)}" for key, (title, table) in found.items())
    return f'<section id="numbers"><h2>The numbers</h2>{tables}</section>' if tables else ""


def _titled(titled: TitledTable) -> str:
    return (
        f"<h3>{escape(titled.title)}</h3><p>{escape(titled.says)}</p>{_table(titled.table, titled.key, titled.title)}"
    )


def _table(table: Table, key: str, title: str) -> str:
    head = "".join(f'<th scope="col"{_aligned(column)}>{escape(column.name)}</th>' for column in table.columns)
    body = "".join(f"<tr>{''.join(_cells(row.values, table.columns))}</tr>" for row in table.rows)
    label = escape(f"{title}, the numbers")
    short = " short" if len(table.rows) <= LONG else ""
    return (
        f'<table class="numbers{short}" data-key="{escape(key)}" aria-label="{label}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table>"
    )


def _cells(values: tuple[object, ...], columns: tuple[Column, ...]) -> Iterable[str]:
    for index, (value, column) in enumerate(zip(values, columns, strict=True)):
        text = escape(in_words(value, column.kind))
        yield f'<th scope="row">{text}</th>' if index == 0 else f"<td{_aligned(column)}>{text}</td>"


def _aligned(column: Column) -> str:
    return "" if column.kind in {Kind.TEXT, Kind.DAY} else ' class="n"'


# The policy tells every browser that opens the file to fetch nothing and to run nothing.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>{title}</title>
<style>
@page {{ size: A4; margin: 16mm 14mm; }}
body {{ font: 10pt/1.4 system-ui, sans-serif; color: #14181c; background: #fff; max-width: 182mm; margin: 2rem auto;
  padding: 0 1rem; }}
h1 {{ font-size: 18pt; margin: 0 0 .5rem; }}
h2 {{ font-size: 14pt; margin: 0 0 .4rem; padding-top: .5rem; border-top: 2px solid #17616e; }}
h3 {{ font-size: 10.5pt; margin: .9rem 0 .2rem; break-after: avoid; }}
h2, h3 {{ overflow-wrap: anywhere; }}
h2, h2 + p, h3 + p, figure:has(+ .short) {{ break-after: avoid; }}
.short {{ break-inside: avoid; }}
p {{ margin: 0 0 .6rem; }}
section {{ margin-top: 1.4rem; }}
.nothing, figcaption, .change {{ color: #4a5259; }}
figure {{ margin: 0; break-inside: avoid; }}
figcaption {{ margin: .2rem 0 .4rem; }}
svg {{ width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: #3a4147; }}
table {{ border-collapse: collapse; width: 100%; font-size: 9pt; margin-bottom: .8rem; }}
thead {{ display: table-header-group; }}
tr {{ break-inside: avoid; }}
th, td {{ text-align: left; vertical-align: top; padding: .14rem .5rem .14rem 0; border-top: 1px solid #d5dade;
  overflow-wrap: anywhere; }}
tbody th {{ font-weight: 500; }}
.n {{ text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal; }}
td.n {{ white-space: nowrap; }}
.numbers tbody th {{ min-width: 30mm; }}
.facts th {{ width: 28%; color: #4a5259; font-weight: 500; }}
.cards {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(38mm, 1fr)); gap: .5rem; list-style: none;
  padding: 0; margin: .4rem 0 .8rem; }}
.cards li {{ border: 1px solid #c9ced3; border-radius: 4px; padding: .35rem .5rem; break-inside: avoid; }}
.cards span {{ display: block; }}
.label {{ font-size: 8.5pt; color: #4a5259; }}
.value {{ font-size: 15pt; font-weight: 600; }}
.change {{ font-size: 8.5pt; }}
dl {{ columns: 2 70mm; column-gap: 8mm; font-size: 9pt; line-height: 1.35; margin: 0; }}
dt {{ font-weight: 600; margin-top: .3rem; break-after: avoid; }}
dd {{ margin: 0; break-inside: avoid; }}
#numbers, #definitions {{ break-before: page; }}
@media screen and (max-width: 40rem) {{ .numbers {{ display: block; overflow-x: auto; }} }}
@media print {{ body {{ margin: 0; max-width: none; padding: 0; }} * {{ print-color-adjust: exact; }} }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<table class="facts" aria-label="About this report"><tbody>{facts}</tbody></table>
{sections}
{numbers}
<section id="definitions"><h2>What each measure means</h2><dl>{definitions}</dl></section>
</main>
</body>
</html>
"""
