"""What the reader of workbooks refuses before it opens them, and while it reads."""

import struct

import pytest

from contacts_ui.services.files import workbook_child
from contacts_ui.services.files.workbook_child import Refused
from tests.services.files.building import SHEET, open_document, with_parts, with_sheet, workbook

ROWS = '<row><c t="inlineStr"><is><t>Name</t></is></c><c><v>1</v></c></row>'


def refusal(content: bytes) -> str:
    with pytest.raises(Refused) as refused:
        list(workbook_child.read(content))
    return str(refused.value)


@pytest.mark.parametrize(
    ("limit", "value"),
    [
        ("MAX_PARTS", 5),
        ("MAX_SHEETS", 1),
        ("MAX_FILLED_CELLS", 1),
        ("MAX_TEXT_CHARACTERS", 4),
        ("MAX_UNPACKED_BYTES", 2000),
    ],
)
def test_each_limit(monkeypatch: pytest.MonkeyPatch, limit: str, value: int) -> None:
    content = workbook(("Name", "Cell"), Other=[("a",)])
    assert len(list(workbook_child.read(content))) == 2
    monkeypatch.setattr(workbook_child, limit, value)
    assert refusal(content) == "too_much"


def test_cells_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook_child, "MAX_CELL_CHARACTERS", 2)
    assert list(workbook_child.read(with_sheet(ROWS)))[1] == (1, ["Na", "1"])


def test_the_archive_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    content = bytearray(with_parts(with_sheet(ROWS), {SHEET: b" " * 3_000_000}))
    monkeypatch.setattr(workbook_child, "MAX_UNPACKED_BYTES", 2_000_000)
    # The size unpacked, in the directory at the end and in front of the part.
    for at in (content.rindex(b"PK\x01\x02") + 24, content.rindex(b"PK\x03\x04") + 22):
        assert struct.unpack_from("<I", content, at) == (3_000_000,)
        struct.pack_into("<I", content, at, 100)
    assert refusal(bytes(content)) == "too_much"


def test_encrypted_parts_are_told_apart() -> None:
    content = bytearray(workbook(("a",)))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert refusal(bytes(content)) == "locked"


def test_a_text_document_is_no_table() -> None:
    assert list(workbook_child.read(open_document())) == [workbook_child.Book()]
