"""The files that were handed over with the issue, row by row, in the same order."""

# ruff: noqa: E501 - a table is read by its rows

from tests.files.builders import csv_of, strict_of, text_of, xlsx_of
from tests.files.case import Case, case
from tests.files.spellings import NEVER, OUGHT, TEXTS_WORDS

MARKS = ["✓", "✔", "☑", "*", "sí", "WAHR", "oui", "Yes (by phone)", "1.0", "●"]


def _buried() -> Case:
    rows = [[f"P Q{at}", f"615-556-{at:04}", "Subscribed"] for at in range(302)]
    rows[300][2], rows[301][2] = "Blocklisted", "Unsubscribed (keyword)"
    numbers = [f"+1615556{at:04}" for at in range(302)]
    return case(
        "buried status", "Brevo", csv_of(["Name", "Mobile", "Status"], *rows),
        stops=numbers[300:], calm=numbers[:300],
    )  # fmt: skip


def _spellings() -> Case:
    typed = [text for _, text in OUGHT]
    rows = [[f"P{at:02} Quill", text] for at, text in enumerate([*typed, *TEXTS_WORDS, *NEVER])]
    return case(
        "spellings", "Excel by hand", csv_of(["Name", "Mobile"], *rows),
        calm={number for number, _ in OUGHT}, doubtful=TEXTS_WORDS.values(), out=len(NEVER), lost=None,
    )  # fmt: skip


CASES = [
    case(
        "checkmark", "Excel by hand",
        csv_of(
            ["Name", "Mobile", "Do not text"],
            *(["A Quill", f"615-555-{7106 + at}", mark] for at, mark in enumerate(MARKS)),
        ),
        stops=range(7106, 7116),
    ),
    case(
        "salesforce report", "Salesforce",
        text_of("""
        First Name | Last Name | Mobile         | Do Not Call | Email Opt Out | SMS Opt Out
        Ada        | Quill     | (615) 555-7401 | 0           | 0             | 1
        Ben        | Quill     | (615) 555-7402 | 0           | 0             | 0
        Cleo       | Quill     | (615) 555-7403 | 1           | 0             | 0
        Dan        | Quill     | (615) 555-7404 | 0           | 1             | 0
        """),
        stops=[7401], calm=[7402, 7404], asked=[7403],
    ),
    case(
        "klaviyo", "Klaviyo",
        text_of("""
        Email | First Name | Last Name | Phone Number | Email Marketing Consent | SMS Marketing Consent | SMS Marketing Consent Timestamp
        a.quill@example.com | Ada | Quill | +16155557431 | SUBSCRIBED | UNSUBSCRIBED | 2024-02-03 11:12:13
        b.quill@example.com | Ben | Quill | +16155557432 | UNSUBSCRIBED | NEVER_SUBSCRIBED |
        """),
        stops=[7431], calm=[7432], people={7431: {"first_name": "Ada", "email": "a.quill@example.com"}},
    ),
    _buried(),
    case(
        "no stop without its number", "HubSpot",
        text_of("""
        Name      | Phone Number   | Mobile Phone Number | SMS Opt-Out
        Ada Quill | (615) 555-7705 |                     | Yes
        Ben Quill |                | (615) 555-7706      | No
        """),
        stops=[7705], calm=[7706],
    ),
    case(
        "letters", "Excel by hand",
        text_of("""
        Name    | Mobile
        A Quill | 867-5309 fax
        B Quill | 555-0123 Mom
        C Quill | 615-5550 Ann
        D Quill | 615-555-0177 (Axel)
        E Quill | 615-555-0178 wk
        F Quill | 61555501 ask
        G Quill | 6,155,550,124
        H Quill | +1+16155550179
        I Quill | 6155550180;
        J Quill | +1（615）555-0181
        K Quill | 36.16266382
        """),
        calm=[177, 178, 124, 179, 180, 181], out=5,
    ),
    _spellings(),
    case(
        "first line is a typo", "a list without headings", b"615-555-012\n615-555-7241\n615-555-7242\n",
        calm=[7241, 7242], out=1,
    ),
    case(
        "filtered", "Excel",
        xlsx_of(
            ["Name", "Mobile", "Do not text"],
            *(["A Quill", f"615-555-{at}", "yes"] for at in range(7301, 7307)),
            hidden=[2, 4, 5, 7],
        ),
        stops=[7302, 7305], asked=[7301, 7303, 7304, 7306], file_name="filtered.xlsx",
    ),
    case(
        "outlook zero dates", "Outlook",
        csv_of(
            ["First Name", "Last Name", "Mobile Phone", "Birthday", "Anniversary"],
            ["Ada", "Quill", "(615) 555-7101", "0/0/00", "0/0/00"],
            ["Ben", "Quill", "(615) 555-7102", "0/0/00", "0/0/00"],
            ["Cleo", "Quill", "(615) 555-7103", "6/12/1968", "0/0/00"],
        ),
        calm=[7101, 7102, 7103], people={7101: {"birthdate": None}, 7103: {"birthdate": "1968-06-12"}},
    ),
    case(
        "google birthdays without a year", "Google Contacts",
        csv_of(
            ["First Name", "Last Name", "Phone 1 - Label", "Phone 1 - Value", "Birthday"],
            ["Ada", "Quill", "Mobile", "+1 615-555-7104", "--06-12"],
            ["Ben", "Quill", "Mobile", "+1 615-555-7105", " --12-01"],
        ),
        calm=[7104, 7105], people={7104: {"birthdate": None, "first_name": "Ada"}},
    ),
    case(
        "google work and mobile", "Google Contacts",
        csv_of(
            ["First Name", "Last Name", "Phone 1 - Label", "Phone 1 - Value", "Phone 2 - Label", "Phone 2 - Value"],
            ["Ada", "Quill", "Work", "+1 615-555-7441", "Mobile", "+1 615-555-7442"],
            ["Ben", "Quill", "Mobile", "+1 615-555-7443", "Work", "+1 615-555-7444"],
        ),
        calm=[7442, 7443],
    ),
    case(
        "time zones", "Salesforce",
        text_of("""
        Name    | Mobile       | Time zone
        A Quill | 615-555-7451 | CST
        B Quill | 615-555-7452 | EST
        C Quill | 615-555-7453 | Eastern Daylight Time
        D Quill | 615-555-7454 | (GMT-06:00) Central Time (America/Chicago)
        E Quill | 615-555-7455 | america/chicago
        F Quill | 615-555-7456 | GMT-6
        """),
        calm=range(7451, 7457), people={7455: {"timezone": "America/Chicago"}},
    ),
    case(
        "emails", "Outlook",
        csv_of(
            ["Name", "Mobile", "Email"],
            ["A Quill", "615-555-7471", "Ada Quill <a.quill@example.com>"],
            ["B Quill", "615-555-7472", "b.quill@example.com; b2@example.com"],
            ["C Quill", "615-555-7473", "c.quill@example.com,"],
            ["D Quill", "615-555-7474", "d.quill@localhost"],
            ["E Quill", "615-555-7475", "e.quill@example.com."],
        ),
        calm=range(7471, 7476), people={7471: {"email": "a.quill@example.com"}, 7474: {"email": None}},
    ),
    case(
        "zips and countries", "Excel by hand",
        text_of("""
        Name    | Mobile       | Zip       | Country                  | State
        A Quill | 615-555-7461 | 2116      | United States of America | MA
        B Quill | 615-555-7462 | 2116      | USA                      | Mass.
        C Quill | 615-555-7463 | 21161234  | US                       | US-MA
        D Quill | 615-555-7464 | 901       | Puerto Rico              | PR
        E Quill | 615-555-7465 | 44100     | Mexico                   | Jalisco
        F Quill | 615-555-7466 | 2116-1234 | US                       | MA
        """),
        calm=range(7461, 7467),
        people={
            7461: {"zip": "02116", "state": "MA"}, 7462: {"zip": "02116", "state": "MA"},
            7463: {"zip": "02116-1234"}, 7464: {"zip": "00901"}, 7465: {"zip": "44100"}, 7466: {"zip": "02116-1234"},
        },
    ),
    case(
        "placeholders", "a database",
        text_of(r"""
        First Name | Last Name      | Mobile       | Email | State | City
        Ada        | NULL           | 615-555-7201 | NULL  | NULL  | NULL
        N/A        | Quill          | 615-555-7202 | N/A   | N/A   | n/a
        Cleo       | -              | 615-555-7203 | -     | -     | -
        Dan        | Quill          | 615-555-7204 | none  |       | nan
        Eve        | [not provided] | 615-555-7205 |       | TN    | \N
        """),
        calm=range(7201, 7206),
        people={
            7201: {"first_name": "Ada", "last_name": None, "email": None, "state": None, "city": None},
            7202: {"first_name": None, "last_name": "Quill", "city": None},
            7203: {"last_name": None, "city": None}, 7204: {"email": None, "city": None},
            7205: {"last_name": None, "state": "TN", "city": None},
        },
    ),
    case(
        "a note with a number in it", "Excel by hand",
        csv_of(
            ["Name", "Mobile", "Notes"],
            ["Ada Quill", "615-555-7211", "Emergency contact:\nMother, 615-555-0188"],
            ["Ben Quill", "615-555-7212", "ok"],
            line_end="\n",
        ),
        calm=[7211, 7212],
    ),
    case(
        "day first", "Excel in England",
        text_of("""
        Name       | Mobile       | Birthday
        Ada Quill  | 615-555-7221 | 25/12/1990
        Ben Quill  | 615-555-7222 | 03/08/1985
        Cleo Quill | 615-555-7223 | 31/01/1979
        Dan Quill  | 615-555-7224 | 04.11.1988
        """),
        calm=range(7221, 7225), answers={"order": "day_first"},
        people={
            7221: {"birthdate": "1990-12-25"}, 7222: {"birthdate": "1985-08-03"},
            7223: {"birthdate": "1979-01-31"}, 7224: {"birthdate": "1988-11-04"},
        },
    ),
    case(
        "MacRoman", "Excel for Mac",
        text_of("""
        Name       | Mobile       | City
        René Quill | 615-555-7231 | Montréal
        Zoë Quill  | 615-555-7232 | Québec
        """, "mac_roman"),
        calm=[7231, 7232], people={7231: {"first_name": "René", "city": "Montréal"}, 7232: {"first_name": "Zoë"}},
    ),
    case(
        "mixed encoding", "two files joined",
        "Name,Mobile\nRené Quill,615-555-7233\nZoë Quill,615-555-7234\n".encode()
        + "Chloé Quill,615-555-7235\n".encode("cp1252"),
        calm=[7233, 7234, 7235],
        people={7233: {"first_name": "René"}, 7234: {"first_name": "Zoë"}, 7235: {"first_name": "Chloé"}},
    ),
    case(
        "backslash quotes", "MySQL",
        b'"Name","Mobile","City"\n"Ada \\"Ace\\" Quill","615-555-7703","Reno"\n"Ben Quill","615-555-7704","Bern"\n',
        calm=[7703, 7704], people={7703: {"first_name": 'Ada "Ace"', "last_name": "Quill", "city": "Reno"}},
    ),
    case(
        "strict Open XML", "Excel",
        strict_of(["Name", "Mobile"], ["Ada Quill", "615-555-7707"], ["Ben Quill", 6155557708]),
        calm=[7707, 7708], file_name="strict.xlsx",
    ),
]  # fmt: skip
