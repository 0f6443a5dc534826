"""Reading people's identifiers from a file: any common delimiter and encoding, a column or one a line."""

import pytest

from core.validation.identifier_files import IdentifierFileError, identifiers_in


def read(text: str, column: str | None = None, encoding: str = "utf-8") -> list[tuple[int, str]]:
    return list(identifiers_in(text.encode(encoding), column))


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_the_column_called_like_a_subject_id_is_found(delimiter: str, encoding: str) -> None:
    text = f"Name{delimiter}Subject ID\r\nZoë{delimiter}USR-1\r\n\r\nBo{delimiter}USR-2\r\n"
    assert read(text, encoding=encoding) == [(2, "USR-1"), (4, "USR-2")]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_one_identifier_a_line_needs_no_header(end: str) -> None:
    assert read(end.join(("USR-1", "USR-2", "", "  USR-3 "))) == [(1, "USR-1"), (2, "USR-2"), (4, "USR-3")]


def test_a_single_column_may_have_its_header() -> None:
    assert read("subject_id\nUSR-1\n") == [(2, "USR-1")]


def test_a_column_can_be_named_in_any_case() -> None:
    text = "id,Vendor User\n1,USR-1\n2,USR-2\n"
    assert read(text, "vendor_user") == [(2, "USR-1"), (3, "USR-2")]
    with pytest.raises(IdentifierFileError, match=r"no column 'e-mail'. The first line has id and Vendor User"):
        read(text, "e-mail")


def test_quoted_cells_hold_delimiters_and_line_breaks_and_a_cell_several_identifiers() -> None:
    text = 'subject,note\n"USR-1;USR-2","one, two\nthree"\nUSR-3,\n'
    assert [identifier for _, identifier in read(text)] == ["USR-1", "USR-2", "USR-3"]


def test_where_no_column_is_called_so_one_has_to_be_named_and_no_value_is_repeated() -> None:
    with pytest.raises(IdentifierFileError, match="--column") as refused:
        read("CANARY-1,Bo\nCANARY-2,Ana\n")
    assert "CANARY" not in str(refused.value)
    with pytest.raises(IdentifierFileError, match="no names of columns"):
        read("CANARY-1\nCANARY-2\n", "subject")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"subject\n"])
def test_an_empty_file_has_nobody(content: bytes) -> None:
    assert list(identifiers_in(content)) == []


def test_what_is_no_csv_is_refused_with_its_line() -> None:
    with pytest.raises(IdentifierFileError, match="Line 3 is no CSV"):
        read('subject,note\nUSR-1,x\nUSR-2,"y" z\n')


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(IdentifierFileError, match="Save it as UTF-8"):
        list(identifiers_in(b"\xff\xfe\x00\xd8subject"))
