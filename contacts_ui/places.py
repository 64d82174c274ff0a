"""The states, provinces and time zones that SlickText's contacts live in (US and Canada)."""

from typing import Final

_STATES: Final = """
AL Alabama;AK Alaska;AZ Arizona;AR Arkansas;CA California;CO Colorado;CT Connecticut;DE Delaware;
DC District of Columbia;FL Florida;GA Georgia;HI Hawaii;ID Idaho;IL Illinois;IN Indiana;IA Iowa;KS Kansas;
KY Kentucky;LA Louisiana;ME Maine;MD Maryland;MA Massachusetts;MI Michigan;MN Minnesota;MS Mississippi;
MO Missouri;MT Montana;NE Nebraska;NV Nevada;NH New Hampshire;NJ New Jersey;NM New Mexico;NY New York;
NC North Carolina;ND North Dakota;OH Ohio;OK Oklahoma;OR Oregon;PA Pennsylvania;RI Rhode Island;
SC South Carolina;SD South Dakota;TN Tennessee;TX Texas;UT Utah;VT Vermont;VA Virginia;WA Washington;
WV West Virginia;WI Wisconsin;WY Wyoming;AS American Samoa;GU Guam;MP Northern Mariana Islands;PR Puerto Rico;
VI US Virgin Islands;AB Alberta;BC British Columbia;MB Manitoba;NB New Brunswick;NL Newfoundland and Labrador;
NS Nova Scotia;NT Northwest Territories;NU Nunavut;ON Ontario;PE Prince Edward Island;QC Quebec;
SK Saskatchewan;YT Yukon
"""

STATES: Final[dict[str, str]] = {
    code: name for code, _, name in (entry.strip().partition(" ") for entry in _STATES.split(";"))
}
_CODES: Final = {name.casefold(): code for code, name in STATES.items()} | {"québec": "QC"}

# The four that SlickText's API is seen to use.
TIME_ZONES: Final = {
    "America/New_York": "Eastern",
    "America/Chicago": "Central",
    "America/Denver": "Mountain",
    "America/Los_Angeles": "Pacific",
}


def state_code(typed: str) -> str | None:
    """The two-letter code of a state or province, from its code or its name; None when it is neither."""
    text = typed.strip()
    return text.upper() if text.upper() in STATES else _CODES.get(text.casefold())
