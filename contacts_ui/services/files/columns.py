"""Guess which column of a file is which field: by its heading, else by its values."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Final

from contacts_ui.contact_fields import CUSTOM, LABELS
from contacts_ui.phone import holds_numbers
from contacts_ui.places import state_code
from contacts_ui.services.files import opt_outs
from contacts_ui.services.files.cells import is_placeholder, looks_like_email
from contacts_ui.services.files.headings import (
    LEFT_OUT,
    NEVER_TEXTED,
    about_texts,
    is_about_emails,
    is_about_stops,
    is_own_phone,
    names_texts,
    phone_labels,
    phone_rank,
    says_whose_status,
    speaks_of_texts,
    words_of,
)
from contacts_ui.services.files.opt_outs import ABOUT_TEXTS, DO_NOT_CALL, DO_NOT_TEXT, STATUS, Says
from contacts_ui.services.files.table import SAMPLE_ROWS, Table

FULL_NAME: Final = "full_name"
LAST_FIRST: Final = "last_first"
NUMBER: Final = "mobile_number"
# Several columns may have these.
REPEATABLE: Final = ABOUT_TEXTS | {NUMBER}
# What a column may be, in the order of the menu; "" leaves it out.
TARGETS: Final = {
    "": "Leave out",
    **LABELS,
    FULL_NAME: "Full name",
    LAST_FIRST: "Full name, last name first",
    STATUS: "Opt-in status (only stops are taken)",
    DO_NOT_TEXT: "Do not text (only stops are taken)",
    DO_NOT_CALL: "Do not call (you say whether it covers texts)",
}
# Headings as programs and people write them: lower case, without spaces, accents and punctuation.
_SYNONYMS: Final = {
    "first_name": "first firstname fname givenname given forename christianname vorname prenom",
    "last_name": "last lastname lname surname familyname family nachname secondname apellido apellidos nomdefamille",
    FULL_NAME: "name names fullname contact contactname contactfullname contactperson customer customername client "
    "clientname member membername patient patientname guest guestname subscriber subscribername student studentname "
    "employee employeename person displayname fileas firstlastname firstandlastname firstlast lastfirst "
    "lastnamefirstname firstnamelastname nombre nombrecompleto nom nomcomplet",
    NUMBER: "mobile mobilenumber mobilephone mobilephonenumber cell cellphone cellnumber cellphonenumber cellular "
    "phone phones phonenumber phonenumbers telephone telephonenumber tel number handy handynummer smsnumber sms msisdn "
    "contactnumber phonemobile phonecell textnumber whatsapp telefono telefon celular movil cellulaire portable",
    "email": "email emailaddress mail emailid courriel correo correoelectronico",
    "address": "address addressaddress streetaddress street addressline addressstreet direccion adresse rue strasse "
    "calle streetaddressline",
    "city": "city town locality municipality ciudad ville ort stadt",
    "state": "state st province stateprovince region stateprovinceregion stateorprovince stateprov prov estado",
    "zip": "zip zipcode postalcode postcode postal zippostalcode ziporpostalcode zippostal postalzip postalzipcode "
    "codigopostal codepostal plz",
    "country": "country countryregion nation countrycode pais pays",
    "birthdate": "birthdate birthday dateofbirth dob birth bday born fechadenacimiento cumpleanos "
    "datedenaissance geburtsdatum geburtstag",
    "language": "language lang preferredlanguage languagepreference locale idioma langue sprache",
    "timezone": "timezone tz zone",
}
_NAMES: Final = {name: field for field, names in _SYNONYMS.items() for name in names.split()}
# Words around them: "Contact First Name", "Address 1 - City", "Mailing Zip", "Has opted out of SMS".
_AROUND: Final = (
    "contact customer client person subscriber member guest patient student employee your legal primary main default "
    "home mailing billing shipping value preferred best code number no 1 5 has of sms text texts at on is date required"
)
_CUSTOM_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_MIN_SHARE: Final = 0.6
# A heading of our own exports, whose other columns hold no opt-outs.
OWN_EXPORT: Final = "Read from SlickText at"


def guess(table: Table) -> list[str]:
    """Return a target for each column; "" leaves it out. Only REPEATABLE ones come more than once."""
    samples = _samples(table)
    ranked = sorted(
        (
            (-weight, at, field)
            for at, heading in enumerate(table.headings)
            for field, weight in _likely(table, at, heading, samples[at]).items()
        )
    )
    chosen, taken = [""] * len(table.headings), set[str]()
    for _, at, field in ranked:
        if not chosen[at] and (field not in taken or field in ABOUT_TEXTS):
            chosen[at] = field
            taken.add(field)
    if FULL_NAME in taken and (parts := taken & {"first_name", "last_name"}):
        at = chosen.index(FULL_NAME)
        held = {value for part in parts for value in samples[chosen.index(part)]}
        words = {word for each in samples[at] for word in (each, *each.split())}
        # Beside "Last name", "Name" is the first name, or left out where it is the full name again.
        other = "first_name" if "last_name" in parts else "last_name"
        chosen[at] = "" if len(parts) == 2 or held & words else other
    return _with_numbers(table, chosen, samples)


def is_certain(table: Table, mapping: Sequence[str]) -> bool:
    """Return True if the headings name every column that is read, so that no person has to check them."""
    samples, labels = _samples(table), phone_labels(table.headings)
    numbers = [at for at, target in enumerate(mapping) if target == NUMBER]
    if not table.has_headings or not any(_share(samples[at], holds_numbers) for at in numbers):
        return False
    known = [_by_heading(heading) for heading in table.headings]
    for at, target in enumerate(mapping):
        heading = table.headings[at]
        if target == NUMBER:
            is_known = NUMBER in known[at] or at in labels or is_own_phone(heading)
        elif target == FULL_NAME and is_last_first(heading):
            # "McFly, Marty" tells its order, "McFly Marty" does not.
            is_known = all("," in name for name in samples[at])
        elif target:
            is_known = target.startswith(CUSTOM) or target in (*known[at], *ABOUT_TEXTS)
        else:
            # A left-out column could as well be a field that another column is.
            is_known = not samples[at] or not any(
                field in mapping
                and field not in (*REPEATABLE, FULL_NAME)
                and known[mapping.index(field)].get(field) == weight
                for field, weight in known[at].items()
            )
        if not is_known:
            return False
    return True


def is_last_first(heading: str) -> bool:
    """Return True for a heading of whole names that has the last one first."""
    words = words_of(heading)
    return "last" in words and "first" in words and words.index("last") < words.index("first")


def looks_like_opt_outs(heading: str, sample: Collection[str]) -> bool:
    """Return True for a left-out column that may hold stops, by its heading or any of its values.

    `sample` are all different values of the column: stops are rare. Headings about emails never count.
    """
    if is_about_emails(heading):
        return False
    said = (text for text in sample if "://" not in text)
    if about_texts(heading) == STATUS and not says_whose_status(heading):
        # A shipped order is not an opt-out.
        found = any(opt_outs.read(STATUS, text).says is Says.STOP for text in said)
    elif about_texts(heading) in ABOUT_TEXTS or is_about_stops(heading):
        found = any(opt_outs.read(DO_NOT_TEXT, text).says is not Says.NOTHING for text in said)
    else:
        # "Nicht anschreiben (SMS)", "Text (Y/N)": a yes or a no about texts, whatever the other words are.
        found = speaks_of_texts(heading) and opt_outs.are_answers([*said])
    return found or opt_outs.any_holds_stop(sample)


def _with_numbers(table: Table, chosen: list[str], samples: Sequence[Sequence[str]]) -> list[str]:
    """Give NUMBER to every column that may hold a person's own mobile number."""
    if NUMBER not in chosen:
        # "Opted Out Numbers": the check asks whether each of them is a stop.
        best, share = _most_numbers(table, samples)
        if share < _MIN_SHARE:
            return chosen
        chosen[best] = NUMBER
    labels, first = phone_labels(table.headings), chosen.index(NUMBER)
    for at, heading in enumerate(table.headings):
        if chosen[at] or at == first:
            continue
        named = at in labels or NUMBER in _by_heading(heading) or is_own_phone(heading)
        named = named and phone_rank(heading) < NEVER_TEXTED
        if named and _share(samples[at], holds_numbers) >= _MIN_SHARE:
            chosen[at] = NUMBER
    return chosen


def number_columns(table: Table) -> list[str]:
    """Return a mapping for a file of which only the numbers count: the guess, else the column with the most."""
    guessed = guess(table)
    if NUMBER not in guessed:
        best, share = _most_numbers(table, _samples(table))
        if share:
            guessed[best] = NUMBER
    return guessed


def _most_numbers(table: Table, samples: Sequence[Sequence[str]]) -> tuple[int, float]:
    """Return the column with the most numbers that may get texts, and the share of its values that are numbers."""
    shares = [
        _share(sample, holds_numbers) if phone_rank(heading) < NEVER_TEXTED else 0.0
        for heading, sample in zip(table.headings, samples, strict=True)
    ]
    return shares.index(max(shares)), max(shares)


def sample_of(table: Table, at: int, many: int = 3) -> list[str]:
    """Return the first different values of a column, for the screen."""
    held = (cells[at] for _, cells in table.lines if at < len(cells) and cells[at])
    return list(dict.fromkeys(islice(held, SAMPLE_ROWS)))[:many]


def values_of(table: Table, at: int) -> Counter[str]:
    """Return the different values of a column, each with its number of rows."""
    return Counter(cells[at] for _, cells in table.lines if at < len(cells) and cells[at])


def custom_name(heading: str) -> str:
    """Return the target of a custom field with this heading; "" if it makes no valid name."""
    bare = re.sub(r"^custom[ _.:]*(fields?)?[ _.:]+", "", heading.strip(), flags=re.IGNORECASE)
    name = re.sub(r"\W+", "_", bare.casefold(), flags=re.ASCII).strip("_")[:64]
    return f"{CUSTOM}{name}" if _CUSTOM_NAME.fullmatch(name) else ""


def label_of(target: str) -> str:
    """Return the name of a target, for the screen."""
    return TARGETS.get(target) or f"Custom field {target.removeprefix(CUSTOM)}"


def _likely(table: Table, at: int, heading: str, sample: Sequence[str]) -> dict[str, float]:
    """Return the fields that a column may be, each with its weight: 2.0 where the heading names it."""
    bare = heading.casefold()
    weights = _by_heading(heading)
    if weights.keys() == {STATUS} and not says_whose_status(heading):
        weights = weights if opt_outs.are_statuses(values_of(table, at)) else {}
    phones = _share(sample, holds_numbers)
    is_told = bool(weights.keys() & ABOUT_TEXTS)
    # "Text (Y/N)" tells nothing yet; "No SMS" does, and a yes there is a stop.
    if not (is_told or phones) and names_texts(heading):
        weights = {STATUS: 2.0} if opt_outs.are_statuses(values_of(table, at)) else weights
    if phone_rank(heading) == NEVER_TEXTED:
        weights.pop(NUMBER, None)
    elif phones >= _MIN_SHARE and not is_told:
        rank = {0: 0.5, 1: 0.0, 2: -0.9}[phone_rank(heading)]
        weights[NUMBER] = 1 + phones + weights.get(NUMBER, 0) / 4 + rank
    elif NUMBER in weights and sample and phones == 0:
        # Headed as a number, and there is none in it.
        weights[NUMBER] = 0.5
    if _share(sample, looks_like_email) >= _MIN_SHARE:
        weights["email"] = max(weights.get("email", 0), 1.5)
    if re.match(r"custom[ _.:]*fields?[ _.:]", bare) and (custom := custom_name(heading)):
        return {custom: 1.0}
    if not weights and re.fullmatch(r"column [a-z]+", bare):
        weights |= _by_values(sample, values_of(table, at))
    return weights


def _by_heading(heading: str) -> dict[str, float]:
    """Return the fields that a heading names: as it is, without words around it, or on both sides of a slash."""
    plain = re.sub(r"\([^)]*\)", " ", heading)
    if heading.startswith("(Do Not Modify)"):
        # Keys of a program, named like fields.
        return {}
    if target := about_texts(heading):
        return {target: 2.0} if target != LEFT_OUT else {}
    for text in (heading, plain):
        if field := _NAMES.get("".join(words_of(text))):
            return {field: 2.0}
    for around in (_AROUND.split(), [*_AROUND.split(), "address"]):
        if field := _NAMES.get("".join(word for word in words_of(plain) if word not in around)):
            return {field: 1.7}
    ways = {field for way in plain.split("/") for field in _by_heading(way)} if "/" in plain else ()
    return dict.fromkeys(ways, 1.6) if len(ways) == 1 else {}


def _by_values(sample: Sequence[str], values: Counter[str]) -> dict[str, float]:
    """Return the fields that the values of a column without a heading may be, each with its weight."""
    if opt_outs.any_holds_stop(values):
        return {STATUS: 0.9} if opt_outs.are_statuses(values) else {}
    if all(map(opt_outs.is_plain_answer, values)):
        return {}
    if _share(sample, lambda each: len(each) == 2 and state_code(each) is not None) >= _MIN_SHARE:
        return {"state": 0.8}
    if _share(sample, re.compile(r"\d{5}(-\d{4})?").fullmatch) >= _MIN_SHARE:
        return {"zip": 0.8}
    words = re.compile(r"[^\W\d_]+(['’. \-][^\W\d_]+)*\.?")
    if _share(sample, words.fullmatch) < _MIN_SHARE:
        return {}
    if _share(sample, lambda each: " " in each) >= _MIN_SHARE:
        return {FULL_NAME: 0.4}
    # People write the first name first.
    return {"first_name": 0.3, "last_name": 0.2}


def _share(sample: Sequence[str], test: Callable[[str], object]) -> float:
    return sum(bool(test(each)) for each in sample) / len(sample) if sample else 0.0


def _samples(table: Table) -> list[list[str]]:
    """Return the first values of each column, however far down they are."""
    samples: list[list[str]] = [[] for _ in table.headings]
    for _, cells in table.lines:
        for cell, sample in zip(cells, samples, strict=False):
            if cell and len(sample) < SAMPLE_ROWS:
                sample.append(cell)
    return samples


class NumberColumns:
    """The columns of a table that hold phone numbers."""

    def __init__(self, headings: Sequence[str], mapping: Sequence[str]) -> None:
        labels = phone_labels(headings)
        self._columns = [
            (phone_rank(headings[at]), at, labels.get(at))
            for at, target in enumerate(mapping)
            if target == NUMBER
        ]

    @property
    def first(self) -> int | None:
        """Return the first of these columns; None without any."""
        return min((at for _, at, _ in self._columns), default=None)

    def ranked(self, cells: Sequence[str]) -> list[int]:
        """Return the columns of a row's numbers, the most likely to get texts first; without faxes and pagers."""
        found = []
        for rank, at, label in self._columns:
            told = cells[label] if label is not None else ""
            if told:
                rank = phone_rank(told)
            if not is_placeholder(cells[at]) and not (told and rank == NEVER_TEXTED):
                found.append((rank, at))
        return [at for _, at in sorted(found)]
