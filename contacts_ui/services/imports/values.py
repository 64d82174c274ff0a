"""Read a cell as the value of a field, as people write it. An unreadable cell never keeps its row out."""

import re
from collections.abc import Callable
from datetime import date
from typing import Final

from django.core.exceptions import ValidationError
from django.core.validators import EmailValidator
from django.utils import timezone
from django.utils.formats import date_format

from contacts_ui.contact_fields import CUSTOM
from contacts_ui.phone import whole
from contacts_ui.places import ZERO_STATES, is_home, is_offset, letters, state_code, time_zone
from contacts_ui.services.files import cells
from contacts_ui.services.files.cells import is_placeholder
from contacts_ui.services.files.columns import FULL_NAME, LAST_FIRST, label_of
from contacts_ui.services.files.days import Order, day_of, is_no_day, lacks_year
from contacts_ui.services.files.table import CELL_MAX_CHARACTERS

# The vendor takes a little more.
VALUE_MAX_CHARACTERS: Final = 200
CUSTOM_VALUE_MAX_CHARACTERS: Final = 2000
_SHOWN_MAX_CHARACTERS: Final = 40
_NAMES: Final = ("first_name", "last_name", FULL_NAME, LAST_FIRST)

_LANGUAGES: Final = {
    name: code
    for code, *names in map(
        str.split,
        """en eng english americanenglish usenglish ingles anglais englisch
        es spa spanish espanol castellano espagnol spanisch
        fr fra fre french francais frances franzosisch
        de deu ger german deutsch aleman allemand
        pt por portuguese portugues
        it ita italian italiano
        zh zho chi chinese mandarin cantonese
        vi vie vietnamese
        ko kor korean
        tl tgl tagalog filipino
        ru rus russian
        ar ara arabic
        ht hat haitian haitiancreole creole kreyol
        pl pol polish
        ja jpn japanese
        hi hin hindi""".splitlines(),
    )
    for name in (code, *names)
}
# "es-419", "en_US", "English (United States)".
_LANGUAGE: Final = re.compile(r"([^\W\d_]+)(?:[-_]\w{2,4}|\s*\([^()]*\))")
# What is not a name: it comes before one, belongs to the family name before it, or begins one.
_COURTESY: Final = frozenset(["mr", "mrs", "ms", "miss", "mx"])
_BEHIND: Final = frozenset(
    ["jr", "sr", "ii", "iii", "iv", "md", "phd", "dds", "esq", "inc", "llc", "ltd"]
)
_BEGINS_LAST: Final = frozenset(
    ["van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "das", "du", "la", "le", "st", "ter", "ten"]
)  # fmt: skip
_is_email: Final = EmailValidator()
_BESIDE_EMAILS: Final = re.compile(r"\([^()@]*\)|(?<!\S)(?:and|or|y|et|und|&|\w*:+)(?!\S)")
_CANADIAN: Final = re.compile(r"([a-z]\d[a-z])\s?-?(\d[a-z]\d)", re.ASCII | re.IGNORECASE)
_US_ZIP: Final = re.compile(r"(\d{3,5})(?:\s?[-–—]\s?(\d{4})?)?|(\d{3,5})\s?(\d{4})", re.ASCII)
_FIRST_ZIP: Final = 501


def read(target: str, text: str, order: Order = Order.MONTH_FIRST) -> tuple[dict[str, str], str]:
    """Return the fields that a cell fills, and a sentence about what was left empty or changed.

    A placeholder fills nothing, without a sentence. `order` is the order of day and month in the column.
    """
    if is_placeholder(text, may_be_name=target in _NAMES or target.startswith(CUSTOM)):
        return {}, ""
    if problem := cells.no_value(text):
        return {}, f"{_left_empty(target)}. {problem}"
    longest = CUSTOM_VALUE_MAX_CHARACTERS if target.startswith(CUSTOM) else VALUE_MAX_CHARACTERS
    if len(text) > longest:
        most = CELL_MAX_CHARACTERS
        many = f"more than {most:,}" if len(text) > most else f"{len(text):,}"
        sentence = f"it has {many} characters, and the limit is {longest:,}."
        return {}, f"{_left_empty(target)}: {sentence}"
    if target in (FULL_NAME, LAST_FIRST):
        return two_names(text, last_first=target == LAST_FIRST), ""
    if target == "birthdate":
        value, said = _birthdate(text, order)
    else:
        value, said = _READERS[target](text) if target in _READERS else (text, "")
    if value:
        return {target: value}, said
    return {}, f"{_left_empty(target)}: {said}" if said else ""


def zip_code(code: str, country: str, state: str = "") -> tuple[str, str]:
    """Return a zip or postal code as it is written in its country ("": the US), and a sentence if zeros were added.

    Spreadsheets take 02116 for a number, and drop its zero. What is no zip code stays as it is, and so does one that is
    too short in a state (its two letters) whose zips do not begin with a zero.
    """
    if found := _CANADIAN.fullmatch(code):
        return f"{found[1]} {found[2]}".upper(), ""
    found = _US_ZIP.fullmatch(code)
    if not found or not (is_home(country) or not country):
        return code, ""
    five, four = found[1] or found[3], found[2] or found[4]
    short = len(five) < 5
    if int(five) < _FIRST_ZIP or (short and state and state not in ZERO_STATES):
        return code, ""
    fixed = f"{five:0>5}-{four}" if four else f"{five:0>5}"
    sentence = f"The zip {code} is read as {fixed}: spreadsheets drop leading zeros."
    return fixed, sentence if short else ""


def two_names(text: str, *, last_first: bool = False) -> dict[str, str]:
    """Return first and last name of "Marty McFly", "McFly, Marty", "Ludwig van Beethoven", "Mr. Martin King, Jr."."""
    before, comma, behind = (part.strip() for part in text.partition(","))
    if comma and not _is_one_of(_BEHIND, behind):
        first, last = behind.split(), before.split()
    else:
        first, last = _parted(f"{before} {behind}".split(), last_first=last_first)
    if len(first) > 1 - bool(last) and _is_one_of(_COURTESY, first[0]):
        del first[0]
    names = {}
    for field, words in (("first_name", first), ("last_name", last)):
        if written := [word for word in words if not is_placeholder(word)]:
            names[field] = " ".join(written)
    return names


def _parted(words: list[str], *, last_first: bool) -> tuple[list[str], list[str]]:
    """Return the words of the first and of the last name."""
    if last_first:
        many = next((at for at, word in enumerate(words) if not _is_one_of(_BEGINS_LAST, word)), 0)
        return words[many + 1 :], words[: many + 1]
    many = len(words) - 1
    while many > 1 and _is_one_of(_BEHIND, words[many]):
        many -= 1
    while many > 1 and _is_one_of(_BEGINS_LAST, words[many - 1]):
        many -= 1
    return words[: max(many, 1)], words[max(many, 1) :]


def _is_one_of(words: frozenset[str], word: str) -> bool:
    return word.casefold().replace(".", "") in words


def _left_empty(target: str) -> str:
    label = label_of(target)
    return f"The {label[0].lower()}{label[1:]} is left empty"


def _shown(text: str) -> str:
    cut = text[:_SHOWN_MAX_CHARACTERS]
    return f"“{text}”" if cut == text else f"“{cut}…”"


def _or(value: str | None, problem: str) -> tuple[str, str]:
    return (value, "") if value else ("", problem)


def _email(text: str) -> tuple[str, str]:
    """Return the first address of a cell; a name may stand before one in angle brackets, and nothing else."""
    angled = re.findall(r"<([^<>]*@[^<>]*)>", text)
    parts = angled or re.split(r"[\s;,|/]+", _BESIDE_EMAILS.sub(" ", text))
    bare = [re.sub(r"^[a-z]+:|\?.*$", "", part, flags=re.IGNORECASE) for part in parts]
    stripped = (part.strip(" .'\"“”‘’`<>[]();,") for part in bare)
    found = list(dict.fromkeys(filter(None, stripped)))
    good = [address for address in found if _is_address(address)]
    if not good or not all("@" in address for address in found):
        return "", f"{_shown(text)} is not an email address, as in name@example.com."
    others = [address for address in found if address.casefold() != good[0].casefold()]
    if not others:
        return good[0], ""
    verb = "is" if len(others) == 1 else "are"
    named = ", ".join(map(_shown, others))
    return good[0], f"Only one email can be stored: {named} {verb} left out."


def _is_address(text: str) -> bool:
    try:
        _is_email(text)
    except ValidationError:
        return False
    # Addresses in other scripts are rare, and a vendor may refuse them.
    return text.isascii() and cells.looks_like_email(text)


def _state(text: str) -> tuple[str, str]:
    return _or(
        state_code(text), f"{_shown(text)} is not a state or province, as in TN or Tennessee."
    )


def _birthdate(text: str, order: Order) -> tuple[str, str]:
    if is_no_day(text):
        return "", ""
    if lacks_year(text):
        return "", f"there is no year in {_shown(text)}."
    if re.fullmatch(r"(?:19|20)\d\d", text, re.ASCII):
        return "", f"there is only a year in {_shown(text)}."
    if re.fullmatch(r"\d{4,5}(?:[.,]\d+)?", text, re.ASCII):
        return "", (
            f"{_shown(text)} is a spreadsheet’s own number for a day. Format the column as a date there."
        )
    day = day_of(text, order)
    if day is None:
        is_american = order is Order.MONTH_FIRST
        example = "6/12/1968 (month first)" if is_american else "12/6/1968 (day first)"
        return "", f"{_shown(text)} is not a day, as in 1968-06-12 or {example}."
    if not date(1900, 1, 1) < day <= timezone.localdate():
        return "", f"{date_format(day, 'M j, Y')} is not a likely birthday."
    return day.isoformat(), ""


def _zip(text: str) -> tuple[str, str]:
    # Facebook writes "z:" in front.
    code = whole(re.sub(r"^z:\s*", "", text))
    return ("" if re.fullmatch(r"[0\s\-]+", code) else code), ""


def _language(text: str) -> tuple[str, str]:
    found = _LANGUAGE.fullmatch(text)
    word = letters(found[1] if found else text)
    # Any other code of two letters is that of a language that is rarer here.
    code = _LANGUAGES.get(word) or (word if len(word) == 2 and word.isascii() else "")
    return _or(code, f"{_shown(text)} is not a language, as in en or English.")


def _timezone(text: str) -> tuple[str, str]:
    if is_offset(text):
        return "", f"{_shown(text)} can be more than one time zone."
    return _or(
        time_zone(text),
        f"SlickText takes Eastern, Central, Mountain, and Pacific, and {_shown(text)} is none of them.",
    )


_READERS: Final[dict[str, Callable[[str], tuple[str, str]]]] = {
    "email": _email,
    "state": _state,
    "zip": _zip,
    "language": _language,
    "timezone": _timezone,
}
