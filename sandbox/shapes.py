"""Shape a contact for SlickText's replies, in both generations.

old: as in the vendor's samples. `zip` is a number where it can be (and so loses a leading zero);
in a list, absent sources and birthdates are the word "null"; an edit or create answers without the
fields of the source's ids; custom_fields is null where there are none.
new: `zip` is text, absent is null, every reply has every field, custom_fields is always an object.
"""

from __future__ import annotations

from typing import Literal

from sandbox.store import Contact

View = Literal["list", "single", "written"]
SOURCE_FIELDS = ("_source_id", "sub_source", "_sub_source_id")


def shaped(contact: Contact, brand: int, generation: str, view: View) -> Contact:
    shown = {"contact_id": contact["contact_id"], "_brand_id": brand} | contact
    if generation == "new":
        return shown | {"custom_fields": contact["custom_fields"] or {}}
    digits = shown["zip"] or ""
    if digits.isascii() and digits.isdecimal():
        shown["zip"] = int(digits)
    for name in SOURCE_FIELDS:
        if view == "written":
            del shown[name]
        elif view == "list":
            shown[name] = "null"
    if view == "list":
        shown["birthdate"] = shown["birthdate"] or "null"
    return shown


def paging(has_more: bool, page: int | None = None, base: int = 0) -> Contact:
    """Return the paging data. In limit/offset mode all but `hasMore` is null; there is never a total."""
    return {
        "prevPage": page - 1 if page is not None and page > base else None,
        "currentPage": page,
        "nextPage": page + 1 if page is not None and has_more else None,
        "currentPageString": None if page is None else f"Page {page}",
        "hasMore": has_more,
    }
