"""Reading batch files: any common delimiter and encoding, and a finding for each line that is beyond reading."""

import codecs
import csv
import io
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core.model.batches import MOST_BYTES, FileRow
from core.validation.batch_columns import check_mapping, guess_mapping
from core.validation.batch_files import (
    MOST_LINE_CHARACTERS,
    MOST_UNREADABLE,
    UnreadableFileError,
    count_rows,
    look,
    read_rows,
)

HEADER = "subject,type,categories,scope"
ROW = "USR-8847291,ERASURE,CONTACT;EMAIL,CONTACT"


def rows_of(content: bytes | str, connections: Sequence[str] = ()) -> list[FileRow]:
    sheet, text = look(content.encode() if isinstance(content, str) else content)
    return list(read_rows(sheet, text, guess_mapping(sheet.columns), tuple(connections)))


def rules_of(content: bytes | str) -> list[tuple[int, str]]:
    return [(row.line, finding.rule) for row in rows_of(content) for finding in row.findings]


def whole(content: bytes | str) -> str:
    with pytest.raises(UnreadableFileError) as refused:
        rows_of(content)
    return refused.value.line_finding.finding.rule


def test_a_row_becomes_a_draft() -> None:
    content = (
        "subject,type,categories,scope,description,connection,law,region,received,reference\n"
        "USR-1;USR-2,ERASURE,CONTACT;EMAIL,ALL,Closed account,cxone;other,gdpr,de,2026-01-31,CASE-1\n"
    )
    (row,) = rows_of(content)
    draft = row.draft
    assert draft
    assert (row.line, row.findings) == (2, ())
    assert (draft.subject, draft.also_known_as) == ("USR-1", ("USR-2",))
    assert (draft.type, draft.categories, draft.scope) == ("ERASURE", ("CONTACT", "EMAIL"), "ALL")
    assert (draft.description, draft.connections) == ("Closed account", ("cxone", "other"))
    assert (draft.law, draft.region, str(draft.received), draft.reference) == ("gdpr", "DE", "2026-01-31", "CASE-1")


def test_a_row_that_names_no_system_goes_to_the_given_ones() -> None:
    (row,) = rows_of(f"{HEADER}\n{ROW}\n", ["cxone"])
    assert row.draft
    assert row.draft.connections == ("cxone",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    ("encoding", "mark"),
    [
        ("utf-8", b""),
        ("utf-8", codecs.BOM_UTF8),
        ("utf-16-le", codecs.BOM_UTF16_LE),
        ("utf-16-be", codecs.BOM_UTF16_BE),
        ("utf-16-le", b""),
        ("utf-16-be", b""),
        ("utf-32-le", codecs.BOM_UTF32_LE),
        ("cp1252", b""),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_common_delimiter_encoding_and_line_end_reads_alike(
    delimiter: str, encoding: str, mark: bytes, end: str
) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["subject", "type", "categories", "scope", "description"])
    writer.writerow(["USR-1", "ERASURE", "CONTACT;EMAIL", "ALL", "Müller said: “please”, twice"])
    writer.writerow(["USR-2", "ACCESS", "SMS", "CONTACT", "two\nlines"])
    writer.writerow(["USR-3", "ACCESS", "SMS", "CONTACT", ""])
    rows = rows_of(mark + out.getvalue().encode(encoding))
    assert [row.line for row in rows] == [2, 3, 5]  # a cell with a line break takes two lines
    assert [row.draft and row.draft.subject for row in rows] == ["USR-1", "USR-2", "USR-3"]
    assert rows[0].draft
    assert rows[0].draft.categories == ("CONTACT", "EMAIL")
    assert rows[0].draft.description == "Müller said: “please”, twice"


def test_json_lines_read_like_csv() -> None:
    content = (
        '{"subject": "USR-1", "type": "ERASURE", "categories": ["CONTACT", "EMAIL"], "scope": "ALL"}\n'
        "\n"
        '{"subject": ["USR-2", "USR-3"], "type": "ACCESS", "categories": "SMS;CHAT", "scope": "ALL", '
        '"reference": "R"}\n'
    )
    first, second = rows_of(content)
    assert first.draft
    assert second.draft
    assert (first.line, second.line) == (1, 3)
    assert first.draft.categories == ("CONTACT", "EMAIL")
    assert (second.draft.subject, second.draft.also_known_as) == ("USR-2", ("USR-3",))
    assert (second.draft.categories, second.draft.reference) == (("SMS", "CHAT"), "R")


@pytest.mark.parametrize(
    "line",
    [
        "[1]",
        "nonsense",
        '{"subject": NaN}',
        '{"subject": "a", "subject": "b"}',
        "{" * 5000,
        '{"subject": ' + "9" * 6000 + "}",
        '{"subject": {"a": 1}}',
        '{"subject": 5}',
        '{"categories": [5]}',
        '{"type": ["ERASURE"]}',
        '{"subject": "' + "a" * MOST_LINE_CHARACTERS + '"}',
    ],
)
def test_a_line_of_json_that_will_not_do_is_a_finding_and_the_next_is_read(line: str) -> None:
    good = '{"subject": "USR-1", "type": "ACCESS", "categories": "SMS", "scope": "ALL"}'
    rows = rows_of(f"{good}\n{line}\n{good}\n")
    assert [row.draft is None for row in rows] == [False, True, False]
    assert rows[1].findings[0].rule in {"syntax", "type"}


def test_an_identifier_with_a_line_break_stays_as_it_is_for_the_check_to_refuse() -> None:
    (row,) = rows_of(f'{HEADER}\n"USR-1\n",ERASURE,CONTACT,CONTACT\n')
    assert row.draft
    assert row.draft.subject == "USR-1\n"


@pytest.mark.parametrize("strange", ["\x00", "\u202e", "\u200b", "\u0410"])
def test_characters_that_deceive_reach_the_check_unchanged(strange: str) -> None:
    (row,) = rows_of(f"{HEADER}\nUSR{strange}-1,ERASURE,CONTACT,CONTACT\n")
    assert row.draft
    assert strange in row.draft.subject


def test_a_quote_that_is_never_closed_spoils_its_own_line_only() -> None:
    content = f'{HEADER}\n{ROW}\n"USR-2,ERASURE,CONTACT,CONTACT\n' + f"{ROW}\n" * 300
    rows = rows_of(content)
    assert [(row.line, row.findings[0].rule) for row in rows if row.findings] == [(3, "syntax")]
    assert len(rows) == 302


def test_text_behind_a_closing_quote_is_a_finding() -> None:
    assert rules_of(f'{HEADER}\n"USR"-1,ERASURE,CONTACT,CONTACT\n{ROW}\n') == [(2, "syntax")]


def test_a_line_a_megabyte_long_is_a_finding() -> None:
    assert rules_of(f"{HEADER}\n{'a' * 1_000_000},ERASURE,CONTACT,CONTACT\n{ROW}\n") == [(2, "max_length")]


def test_more_cells_than_the_header_names_are_a_finding() -> None:
    assert rules_of(f"{HEADER}\n{ROW},extra\n{ROW},,\n") == [(2, "columns")]


@pytest.mark.parametrize(
    "day", ["2026-02-30", "31.01.2026", "1/31/26", "2026-1-3", "20260131", "tomorrow", "9999-13-01"]
)
def test_a_day_that_is_none_is_a_finding(day: str) -> None:
    assert rules_of(f"{HEADER},received\n{ROW},{day}\n") == [(2, "format")]


def test_lines_without_anything_in_them_are_passed_over_but_counted() -> None:
    rows = rows_of(f"\n{HEADER}\n\n,,,\n  \n{ROW}\n\n")
    assert [row.line for row in rows] == [6]


def test_the_rest_is_not_read_where_too_many_lines_are_beyond_reading() -> None:
    content = f"{HEADER}\n" + '"USR"x,ERASURE\n' * (MOST_UNREADABLE + 1)
    assert whole(content) == "syntax"


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n", "empty"),
        (b"PK\x03\x04 a workbook", "format"),
        (b"[{}]", "format"),
        (b"subject,type\x81,categories,scope\n", "encoding"),
        (b"subject,subject,type\n", "header"),
        (b"a" * (MOST_BYTES + 1), "max_length"),
        (",".join(f"c{n}" for n in range(300)).encode(), "header"),
    ],
)
def test_a_file_that_will_not_do_is_refused_whole(content: bytes, rule: str) -> None:
    assert whole(content) == rule


def test_columns_are_guessed_from_what_people_call_them() -> None:
    found = guess_mapping(["Customer ID", "Request Type", "Data Categories", "SCOPE", "Ticket", "Recieved", "Colour"])
    assert found == {
        "subject": "Customer ID",
        "type": "Request Type",
        "categories": "Data Categories",
        "scope": "SCOPE",
        "reference": "Ticket",
        "received": "Recieved",
    }


def test_a_column_that_is_missing_and_one_that_is_left_over_are_told() -> None:
    sheet, _ = look(b"subject,type,scope,colour\n")
    found = {finding.rule: finding for finding in check_mapping(sheet, guess_mapping(sheet.columns))}
    assert "categories" in found["header"].message
    assert found["header"].blocks
    assert "colour" in found["unknown_column"].message
    assert not found["unknown_column"].blocks


@pytest.mark.parametrize(
    "mapping", [{"subject": "nowhere"}, {"subject": "type"}, {"colour": "type"}], ids=["no column", "twice", "no field"]
)
def test_a_mapping_that_cannot_be_is_refused(mapping: dict[str, str]) -> None:
    sheet, _ = look(HEADER.encode())
    found = check_mapping(sheet, {**guess_mapping(sheet.columns), **mapping})
    assert any(finding.rule == "mapping" and finding.blocks for finding in found)


def test_rejected_rows_that_come_back_corrected_lose_what_kept_them_from_being_formulas() -> None:
    (row,) = rows_of("subject,type,categories,scope,reference,line,reason\nUSR-1,ACCESS,SMS,ALL,'=1+1,7,Because.\n")
    assert row.draft
    assert row.draft.reference == "=1+1"


def test_rows_are_counted_by_lines() -> None:
    sheet, text = look(f"{HEADER}\r\n{ROW}\r\n{ROW}".encode())
    assert count_rows(sheet, text) == 2


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | st.text(alphabet='",;\n\r\t|{}[]:ab\x00', max_size=200).map(str.encode))
@example(b'subject,type,categories,scope\n"')
@example(b"\xff\xfes\x00")
def test_no_bytes_make_reading_fail(content: bytes) -> None:
    with suppress(UnreadableFileError):
        rows = rows_of(content)
        assert [row.line for row in rows] == sorted({row.line for row in rows})
