"""Which column of a file is which field: by its heading, and by what stands in it where the heading does not tell."""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from contacts_ui.places import state_code
from contacts_ui.services.editing import CUSTOM, LABELS
from contacts_ui.services.imports.cells import is_phone, looks_like_email
from contacts_ui.services.imports.tables import LOOKED_AT, Table

FULL_NAME: Final = "full_name"
STATUS: Final = "opt_in_status"
DO_NOT_TEXT: Final = "do_not_text"
NUMBER: Final = "mobile_number"
# What a column may be, in the order in which it is offered; "" leaves it out.
TARGETS: Final = {
    "": "Leave out",
    **LABELS,
    FULL_NAME: "Full name",
    STATUS: "Opt-in status (only stops are taken)",
    DO_NOT_TEXT: "Do not text (only stops are taken)",
}
_SYNONYMS: Final = {
    "first_name": "first firstname fname givenname given forename christianname vorname",
    "last_name": "last lastname lname surname familyname family nachname secondname",
    FULL_NAME: "name fullname contactname customername contact person customer displayname contactfullname",
    NUMBER: "mobile mobilenumber mobilephone mobilephonenumber cell cellphone cellnumber cellphonenumber phone "
    "phonenumber telephone telephonenumber tel number handy smsnumber sms msisdn mobileno phoneno cellno "
    "contactnumber phone1 phonemobile phonecell primaryphone textnumber whatsapp phone1value",
    "email": "email emailaddress mail emailid emailaddress1 primaryemail email1 email1value courriel contactemail",
    "address": "address streetaddress street address1 addressline1 addressline mailingaddress homeaddress "
    "addressstreet",
    "city": "city town locality municipality mailingcity addresscity homecity",
    "state": "state st province stateprovince region stateorprovince stateprov mailingstate addressstate homestate "
    "prov",
    "zip": "zip zipcode postalcode postcode postal zippostalcode ziporpostalcode zippostal mailingzip plz "
    "addresszip homepostalcode postalzip",
    "country": "country countryregion nation mailingcountry countrycode addresscountry",
    "birthdate": "birthdate birthday dateofbirth dob birth bday born",
    "language": "language lang preferredlanguage locale",
    "timezone": "timezone tz zone time",
    STATUS: "optinstatus status smsstatus subscriptionstatus subscription textstatus smsoptin smsoptinstatus "
    "consent optin subscribed subscriberstatus marketingstatus",
    DO_NOT_TEXT: "donottext dnt optout optedout donotcontact dnc stop stopped unsubscribed unsubscribe smsoptout "
    "donotsms nosms notext",
}
_NAMES: Final = {name: field for field, names in _SYNONYMS.items() for name in names.split()}
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
    if FULL_NAME in taken and taken & {"first_name", "last_name"}:
        chosen = ["" if field == FULL_NAME else field for field in chosen]
    return chosen


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
    bare = re.sub(r"\s*\(\d+\)$", "", heading).casefold()
    name = re.sub(r"[\W_]+", "", bare)
    weights: dict[str, float] = {}
    if field := _NAMES.get(name):
        weights[field] = 2.0
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
