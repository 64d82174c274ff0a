"""A workbook (.xlsx) with one sheet of text cells, streamed in constant memory.

The libraries (XlsxWriter, openpyxl) write the entire file to disk before its first byte can be sent, at 8,000 and
3,500 rows a second. ECMA-376: Part 1, section 18.3 (sheets), Part 2 (packages).
"""

import io
import re
import zipfile
from collections.abc import Generator, Iterable, Sequence
from typing import Any, Final

from contacts_ui.services.files.table import column_letters

# As many rows as a sheet has (ECMA-376 and Excel), the first of them the headings.
MAX_ROWS: Final = 1_048_576 - 1
# What one part of a zip may be without the long sizes of ZIP64, which not every reader knows.
MAX_SHEET_BYTES: Final = 2_000_000_000
# Characters in a cell of Excel's; it calls a file broken that has more.
EXCEL_CELL_MAX_CHARACTERS: Final = 32_767
CUT: Final = "… (cut off: a cell holds no more)"
COMPRESS_LEVEL: Final = 1

_XML: Final = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN: Final = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS: Final = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE: Final = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_CONTENT: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml"
# Style 0 is a sheet's default and must be there; 1 is text ("@", format 49), 2 is text in bold for the headings.
_PARTS: Final = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_CONTENT}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_CONTENT}.worksheet+xml"/>'
    f'<Override PartName="/xl/styles.xml" ContentType="{_CONTENT}.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_RELATIONS}">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">'
    '<sheets><sheet name="Export" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONS}">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
    f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/></Relationships>',
    "xl/styles.xml": f'<styleSheet xmlns="{_MAIN}">'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill>'
    '<fill><patternFill patternType="gray125"/></fill></fills>'
    "<borders count=\"1\"><border><left/><right/><top/><bottom/><diagonal/></border></borders>"
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="3"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}  # fmt: skip
# The headings stay visible; a zip as text gets no green corner.
_SHEET_START: Final = (
    f'{_XML}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0">'
    '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
    '<cols><col min="1" max="{width}" width="20" style="1" customWidth="1"/></cols><sheetData>'
)
_SHEET_END: Final = (
    '</sheetData><ignoredErrors><ignoredError sqref="A1:XFD1048576" numberStoredAsText="1"/></ignoredErrors>'
    "</worksheet>"
)
# No XML may hold these, not even as a reference.
_NEVER: Final = "\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff"
# Excel reads _x0041_ as a letter, so an underscore that begins such a word is written in that way itself.
_SPECIAL: Final = re.compile(rf"[&<>\r{_NEVER}]|_(?=x[0-9A-Fa-f]{{4}}_)")
_WRITTEN: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;", "_": "_x005F_"}


class Full(Exception):
    """There is more than a workbook holds. `sentence` says so, and what to do, for the screen."""

    sentence = f"A workbook holds {MAX_ROWS:,} rows at most. Choose CSV, or fewer rows."


def stream(
    headings: Sequence[str], blocks: Iterable[tuple[Sequence[Sequence[str]], int]]
) -> Generator[tuple[bytes, int]]:
    """Yield the file: its beginning, a piece for each block, and its end. Raises Full.

    A block is some rows as columns, with a count of what is in them, which goes with its piece.
    """
    output = _Output()
    letters = [column_letters(at) for at in range(len(headings))]
    row, size = 1, 0
    with zipfile.ZipFile(
        output, "w", zipfile.ZIP_DEFLATED, compresslevel=COMPRESS_LEVEL
    ) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, _XML + text)
        with archive.open("xl/worksheets/sheet1.xml", "w") as sheet:
            start = _SHEET_START.format(width=len(headings))
            heads = [[each] for each in headings]
            sheet.write((start + _rows(letters, heads, row, style=2)).encode())
            yield output.taken(), 0
            for columns, count in blocks:
                piece = _rows(letters, columns, row + 1, style=1).encode()
                row, size = row + len(columns[0]), size + len(piece)
                if row - 1 > MAX_ROWS or size > MAX_SHEET_BYTES:
                    raise Full
                sheet.write(piece)
                yield output.taken(), count
            sheet.write(_SHEET_END.encode())
    yield output.taken(), 0


class _Output(io.RawIOBase):
    """What the zip is written to. It cannot seek, so what is written can be sent right away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: Any, /) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def taken(self) -> bytes:
        """Return what was written since the last call."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def _rows(letters: Sequence[str], columns: Sequence[Sequence[str]], first: int, style: int) -> str:
    rows = zip(*map(_escaped, columns), strict=True)
    return "".join(
        f'<row r="{at}">'
        + "".join(
            [
                f'<c r="{letter}{at}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{cell}</t></is></c>'
                for letter, cell in zip(letters, cells, strict=True)
                if cell
            ]
        )
        + "</row>"
        for at, cells in enumerate(rows, start=first)
    )


def _escaped(column: Sequence[str]) -> Sequence[str]:
    """Return the cells escaped for XML, all of them unchanged where one search finds nothing to escape."""
    longest = EXCEL_CELL_MAX_CHARACTERS
    if max(map(len, column), default=0) > longest:
        cut = longest - len(CUT)
        column = [cell if len(cell) <= longest else cell[:cut] + CUT for cell in column]
    if not _SPECIAL.search("".join(column)):
        return column
    return [_SPECIAL.sub(lambda found: _WRITTEN.get(found[0], ""), cell) for cell in column]
