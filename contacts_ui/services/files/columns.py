"""Which column of a file is which field: by its heading, and by what stands in it where the heading does not tell."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from contacts_ui.places import state_code
from contacts_ui.services import index
from contacts_ui.services.editing import CUSTOM, LABELS
from contacts_ui.services.files.cells import is_phone, looks_like_email
from contacts_ui.services.files.tables import LOOKED_AT, Table

FULL_NAME: Final = "full_name"
LAST_FIRST: Final = "last_first"
STATUS: Final = "opt_in_status"
DO_NOT_TEXT: Final = "do_not_text"
NUMBER: Final = "mobile_number"
# What a column may be, in the order in which it is offered; "" leaves it out.
TARGETS: Final = {
    "": "Leave out",
    **LABELS,
    FULL_NAME: "Full name",
    LAST_FIRST: "Full name, the last name first",
    STATUS: "Opt-in status (only stops are taken)",
    DO_NOT_TEXT: "Do not text (only stops are taken)",
}
# Headings as programs and people write them, in lower case and without spaces, accents and marks.
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
    "address": "address streetaddress street addressline addressstreet direccion adresse rue strasse calle",
    "city": "city town locality municipality ciudad ville ort stadt",
    "state": "state st province stateprovince region stateprovinceregion stateorprovince stateprov prov estado",
    "zip": "zip zipcode postalcode postcode postal zippostalcode ziporpostalcode zippostal postalzip postalzipcode "
    "codigopostal codepostal plz",
    "country": "country countryregion nation countrycode pais pays",
    "birthdate": "birthdate birthday dateofbirth dob birth bday born fechadenacimiento datedenaissance "
    "geburtsdatum geburtstag",
    "language": "language lang preferredlanguage languagepreference locale idioma langue sprache",
    "timezone": "timezone tz zone time",
    STATUS: "optinstatus status smsstatus subscriptionstatus subscription textstatus smsoptin smsoptinstatus "
    "consent smsconsent acceptssmsmarketing optin subscribed subscriberstatus marketingstatus",
    DO_NOT_TEXT: "donottext dnt optout optedout optoutstatus optoutoftexts optouttexts donotcontact dnc donotcall stop "
    "stopped unsubscribed unsubscribe donotsms nosms notext notexts",
}
_NAMES: Final = {name: field for field, names in _SYNONYMS.items() for name in names.split()}
# What stands around the same words: "Contact First Name", "Address 1 - City", "Mailing Zip", "Has opted out of SMS".
_AROUND: Final = (
    "contact customer client person subscriber member guest patient student employee your legal primary main default "
    "home mailing billing shipping value preferred best code number no 1 5 has of sms text texts at on is date required"
)
# Of two columns with numbers, the mobile one; who has a land line gets no texts.
_MOBILE: Final = ("mobile", "cell", "sms", "text", "handy")
_NO_MOBILE: Final = ("home", "work", "office", "fax", "land", "business", "company", "pager")
_CUSTOM_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
_ENOUGH: Final = 0.6


def guess(table: Table) -> list[str]:
    """A field for each column, each field once; "" where a column is best left out."""
    samples = [_sample(table, at) for at in range(len(table.headings))]
    ranked = sorted(
        (
            (-weight, at, field)
            for at, heading in enumerate(table.headings)
            for field, weight in _likely(heading, samples[at]).items()
        ),
    )
    chosen, taken = [""] * len(table.headings), set[str]()
    for _, at, field in ranked:
        if not chosen[at] and field not in taken:
            chosen[at] = field
            taken.add(field)
    if FULL_NAME in taken and (parts := taken & {"first_name", "last_name"}):
        at = chosen.index(FULL_NAME)
        held = {value for part in parts for value in samples[chosen.index(part)]}
        chosen[at] = _other_part(parts, held, samples[at])
    return chosen


def number_column(table: Table) -> int | None:
    """The column of the numbers, for who wants nothing else of a file; None where none holds any."""
    guessed = guess(table)
    if NUMBER in guessed:
        return guessed.index(NUMBER)
    shares = [_share(_sample(table, at), is_phone) for at in range(len(guessed))]
    return shares.index(max(shares)) if any(shares) else None


def _other_part(parts: set[str], held: set[str], sample: Sequence[str]) -> str:
    """What a column "Name" beside one "Last name" is: the first name, unless the whole name stands there again."""
    if len(parts) == 2 or held & {word for each in sample for word in (each, *each.split())}:
        return ""
    return "first_name" if "last_name" in parts else "last_name"


def sample_of(table: Table, at: int, many: int = 3) -> list[str]:
    """The first few different values of a column, for people."""
    return list(dict.fromkeys(_sample(table, at)))[:many]


def custom_name(heading: str) -> str:
    """The internal name that a custom field of this heading would have; "" where none can be made of it."""
    bare = re.sub(r"^custom[ _.:]*(fields?)?[ _.:]+", "", heading.strip(), flags=re.IGNORECASE)
    name = re.sub(r"\W+", "_", bare.casefold(), flags=re.ASCII).strip("_")[:64]
    return f"{CUSTOM}{name}" if _CUSTOM_NAME.fullmatch(name) else ""


def label_of(target: str) -> str:
    """The name of what a column may be."""
    return TARGETS.get(target) or f"Custom field {target.removeprefix(CUSTOM)}"


def _likely(heading: str, sample: Sequence[str]) -> dict[str, float]:
    """Fields that a column may be, each with how likely that is."""
    bare = heading.casefold()
    weights = _by_heading(heading)
    phones = _share(sample, is_phone)
    if phones >= _ENOUGH:
        weights[NUMBER] = 1 + phones + weights.get(NUMBER, 0) / 4
        if any(word in bare for word in _MOBILE):
            weights[NUMBER] += 0.5
        if any(word in bare for word in _NO_MOBILE):
            weights[NUMBER] -= 0.9
    elif NUMBER in weights and sample and phones == 0:
        # Headed as a number, and there is none in it.
        weights[NUMBER] = 0.5
    if _share(sample, looks_like_email) >= _ENOUGH:
        weights["email"] = max(weights.get("email", 0), 1.5)
    if re.match(r"custom[ _.:]*fields?[ _.:]", bare) and (custom := custom_name(heading)):
        return {custom: 1.0}
    if not weights and re.fullmatch(r"column [a-z]+", bare):
        weights |= _by_values(sample)
    return weights


def _by_heading(heading: str) -> dict[str, float]:
    """What the heading says: to the letter, without what stands around it, or in each of two ways of saying it."""
    plain = re.sub(r"\([^)]*\)", " ", heading)
    for text in (heading, plain):
        if field := _NAMES.get("".join(_words(text))):
            return {field: 2.0}
    for around in (_AROUND.split(), [*_AROUND.split(), "address"]):
        if field := _NAMES.get("".join(word for word in _words(plain) if word not in around)):
            return {field: 1.7}
    ways = {field for way in plain.split("/") for field in _by_heading(way)} if "/" in plain else ()
    return dict.fromkeys(ways, 1.6) if len(ways) == 1 else {}


def _words(heading: str) -> list[str]:
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", heading.replace("#", " number "))
    return re.findall(r"[^\W\d]+|\d+", index.fold(apart).replace(".", ""))


def _by_values(sample: Sequence[str]) -> dict[str, float]:
    """Without any heading: what can be told from the values alone."""
    if _share(sample, lambda each: len(each) == 2 and state_code(each) is not None) >= _ENOUGH:
        return {"state": 0.8}
    if _share(sample, lambda each: bool(re.fullmatch(r"\d{5}(-\d{4})?", each))) >= _ENOUGH:
        return {"zip": 0.8}
    words = _share(
        sample, lambda each: bool(re.fullmatch(r"[^\W\d_]+(['’. \-][^\W\d_]+)*\.?", each))
    )
    if words < _ENOUGH:
        return {}
    if _share(sample, lambda each: " " in each) >= _ENOUGH:
        return {FULL_NAME: 0.4}
    # People write the first name first.
    return {"first_name": 0.3, "last_name": 0.2}


def _share(sample: Sequence[str], test: Callable[[str], bool]) -> float:
    return sum(bool(test(each)) for each in sample) / len(sample) if sample else 0.0


def _sample(table: Table, at: int) -> list[str]:
    values: Iterable[str] = (
        cells[at] for _, cells in table.lines[: LOOKED_AT * 4] if at < len(cells) and cells[at]
    )
    return list(values)[:LOOKED_AT]
