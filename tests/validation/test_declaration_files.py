"""Declared purposes from a file: each entry with its line, and what is wrong with it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.validation.declaration_files import MOST_BYTES, FileEntry, read_declarations

TOML = """\
# The declared purposes

[[purpose]]
name = "Voice quality review"
retention_days = 90
legal_basis = "Legitimate_Interests"
recipients = ["Vendor", "Bank"]

[[purpose]]
name = "Chat billing records"
description = "For billing"
retention_days = 365
legal_basis = "contract"
is_active = false
"""
CSV = (
    "name,description,retention_days,legal_basis,is_active,recipients\r\n"
    'Voice quality review,"One, and\r\ntwo",90,LEGITIMATE_INTERESTS,,Vendor;Bank\r\n'
    "\r\n"
    "Chat billing records,For billing,365,contract,false,\r\n"
)


def read(text: str | bytes, name: str = "declared.csv") -> list[FileEntry]:
    return read_declarations(text.encode() if isinstance(text, str) else text, name)


def wrong(entry: FileEntry) -> list[tuple[str, str]]:
    return [(finding.field, finding.rule) for finding in entry.findings]


def test_toml_tables_are_read_with_their_lines() -> None:
    voice, chat = read(TOML, "declared.TOML")
    assert (voice.line, chat.line) == (3, 9)
    assert voice.declaration
    assert (voice.declaration.legal_basis, voice.declaration.recipients) == ("legitimate_interests", ("Vendor", "Bank"))
    assert chat.declaration
    assert (chat.declaration.is_active, chat.declaration.description) == (False, "For billing")


def test_csv_rows_are_read_with_the_line_they_begin_in_and_empty_cells_say_nothing() -> None:
    voice, chat = read(CSV)
    assert (voice.line, chat.line) == (2, 5)
    assert voice.declaration
    assert voice.declaration.is_active is True
    assert voice.declaration.description == "One, and\r\ntwo"
    assert voice.declaration.recipients == ("Vendor", "Bank")
    assert chat.declaration
    assert chat.declaration.is_active is False


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_semicolons_and_tabs_separate_as_well(delimiter: str) -> None:
    text = f"name{delimiter}retention_days{delimiter}legal_basis\nVoice{delimiter}30{delimiter}consent\n"
    assert read(text)[0].declaration


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_utf_8_with_or_without_a_mark_and_utf_16_are_read(encoding: str) -> None:
    text = "name,description,retention_days,legal_basis\nVoice,Größe,30,consent\n"
    (entry,) = read(text.encode(encoding))
    assert entry.declaration
    assert entry.declaration.description == "Größe"


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("0", "minimum"),
        ("366", "retention_ceiling"),
        ("-1", "minimum"),
        ("1.5", "type"),
        ("30d", "type"),
        ("", "required"),
    ],
)
def test_a_period_that_is_no_number_of_days_is_refused_with_its_line(cell: str, rule: str) -> None:
    good, bad = read(f"name,retention_days,legal_basis\nVoice,30,consent\nChat two,{cell},consent\n")
    assert good.declaration
    assert (bad.line, bad.declaration, wrong(bad)) == (3, None, [("retention_days", rule)])


def test_a_line_break_in_a_name_is_refused() -> None:
    (entry,) = read('name,retention_days,legal_basis\n"Support_Analytics\n",30,consent\n')
    assert wrong(entry) == [("name", "pattern")]


def test_the_same_name_twice_is_refused_the_second_time_and_says_where_the_first_is() -> None:
    first, second = read("name,retention_days,legal_basis\nVoice,30,consent\nVoice,40,consent\n")
    assert first.declaration
    assert wrong(second) == [("name", "duplicate")]
    assert "line 2" in second.findings[0].message


def test_a_cell_beyond_the_header_is_a_finding() -> None:
    (entry,) = read("name,retention_days,legal_basis\nVoice,30,consent,more\n")
    assert [rule for _, rule in wrong(entry)] == ["unknown_field"]


@pytest.mark.parametrize(
    ("content", "name", "rule"),
    [
        (b"", "a.csv", "empty"),
        (b"name,retention_days,legal_basis\n", "a.csv", "empty"),
        (b"# nothing\n", "a.toml", "empty"),
        (b"title,days\nVoice,30\n", "a.csv", "header"),
        (b"name,name\nVoice,Voice\n", "a.csv", "header"),
        (b'name,retention_days\n"Voice,30\n', "a.csv", "syntax"),
        (b"[[purpose]\n", "a.toml", "syntax"),
        (b"days = " + b"9" * 5000, "a.toml", "syntax"),
        (b"a = [" * 2000, "a.toml", "syntax"),
        (b"name = 'Voice'\n", "a.toml", "unknown_field"),
        (b"[purpose]\nname = 'Voice'\n", "a.toml", "type"),
        (b"\xff\xfe\xff", "a.csv", "encoding"),
        (b"name\xe4\n", "a.csv", "encoding"),
        (b"x" * (MOST_BYTES + 1), "a.csv", "max_length"),
    ],
)
def test_a_file_that_cannot_be_used_is_one_finding(content: bytes, name: str, rule: str) -> None:
    (entry,) = read_declarations(content, name)
    assert (entry.declaration, [finding.rule for finding in entry.findings]) == (None, [rule])


def test_a_broken_toml_file_names_its_line() -> None:
    (entry,) = read(TOML + "\nname = \n", "a.toml")
    assert entry.line == 16


def test_tables_written_inline_are_counted() -> None:
    text = 'purpose = [{name = "Voice", retention_days = 30, legal_basis = "consent"}, {name = "V"}]'
    first, second = read(text, "a.toml")
    assert (first.line, second.line) == (1, 2)
    assert first.declaration
    assert second.declaration is None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda t: t.encode("utf-8", "surrogatepass")))
def test_no_bytes_raise(content: bytes) -> None:
    for name in ("a.csv", "a.toml"):
        assert read_declarations(content, name)
