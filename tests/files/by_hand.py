"""Lists as people keep them: opt-outs in their own words, numbers with notes, dates of every kind."""

# ruff: noqa: E501 - a table is read by its rows

from typing import Final

from tests.files.builders import csv_of, text_of, xlsx_of
from tests.files.case import Case, case

MARTY: Final = "+16155553338"
_YES_ELSEWHERE: Final = (
    "ja", "sì", "sim", "да", "はい", "是", "نعم", "כן", "ναι", "tak", "evet", "igen", "VERDADERO", "VRAI", "VERO", "ИСТИНА", "PRAWDA",
)  # fmt: skip
_MARKS: Final = (
    *["x", "X", "✓", "✔️", "✅", "☑", "●", "•", "*", "**", "■", "√", "1", "1.00", "TRUE", "Y"],
    *["yes!", "Yes.", "YES - 3/4/24"],
)
_STRANGE_MARKS: Final = (
    *["❌", "🚫", "⛔", "✗", "☒", "!", "#", "2", "100%", "+", "👎", "ok", "J", "-1"],
)
_NO: Final = ("no", "No", "N", "0", "FALSE", "", "no.", "NO ", "false", "0.0")
_OTHER_NO: Final = (
    *["nein", "non", "não", "нет", "FALSCH", "FALSO", "FAUX", "いいえ", "☐", "✕?", "never"],
    "unknown",
)
_WORDS: Final = (
    "Yes (by phone)", "yes per wife", "Y - called", "opted out 3/4/24", "Opted out on 2024-02-03 by keyword STOP", "STOP", "opt out via txt",
    "Unsubscribed", "unsubscribed 2/3/24", "opted-out", "Opt Out", "do not text", "Do Not Contact", "true ",
)  # fmt: skip
_LOOSE_WORDS: Final = (
    "No texts please", "no texting", "no more texts", "NO TEXTS", "doesn't want texts", "call only", "not anymore", "email only", "asked twice to stop",
    "landline", "maybe", "see notes", "Jan", "until June", "hates texts", "remove", "please remove me", "quit", "ask first",
)  # fmt: skip
_DAYS: Final = {
    "2/3/24": "2024-02-03", "2/3/2024": "2024-02-03", "02/03/2024 11:12 AM": "2024-02-03", "2024-02-03": "2024-02-03",
    "2024-02-03 11:12:13": "2024-02-03", "2024-02-03T11:12:13Z": "2024-02-03", "2024-02-03T11:12:13.123+00:00": "2024-02-03",
    "Feb 3, 2024": "2024-02-03", "February 3, 2024 11:12 AM": "2024-02-03", "3-Feb-2024": "2024-02-03", "3-Feb-24": "2024-02-03",
    "3 Feb 2024": "2024-02-03", "Sat, 03 Feb 2024 11:12:13 -0600": "2024-02-03", "2024-02-03 11:12:13 CST": "2024-02-03",
    "1706958733": "2024-02-03", "1706958733000": "2024-02-03", "2024/02/03": "2024-02-03", "2024-02-03 11:12:13 UTC": "2024-02-03",
    "Feb 3 2024 11:12PM": "2024-02-03", "2/3/2024 11:12:13 PM": "2024-02-03",
}  # fmt: skip
_ODD_DAYS: Final = (
    "20240203", "Feb 2024", "2024", "last week", "3. Februar 2024", "3 févr. 2024", "3 de febrero de 2024", "45325", "45325.467", "Sat Feb 3",
    "2/3", "Today", "2024-02-30", "13/13/2024", "Q1 2024", "two years ago",
)  # fmt: skip
_STOP_WORDS: Final = (
    "Unsubscribed", "unsubscribe", "STOP", "Opted Out", "opted-out", "OPT_OUT", "optout", "Blocklisted", "Blocked", "Suppressed", "Unsubscribed via SMS",
    "Opted Out - keyword", "Unsubscribed (keyword)", "Do Not Text", "Blacklisted", "UNSUBSCRIBED ", "Opt-out", "opted out 3/4/2024",
)  # fmt: skip
_DOUBTFUL_WORDS: Final = (
    "Do Not Contact", "DND", "Revoked", "Cancelled", "Complained", "Spam complaint", "Removed", "Global opt-out", "Abgemeldet", "Désabonné",
    "Dado de baja", "отписан", "退订", "Opt-Out (STOP)", "Declined", "Withdrawn", "No texts", "Off", "Quit", "Refused",
)  # fmt: skip
_CALM_WORDS: Final = (
    *["Subscribed", "Active", "Opted In", "opt-in", "Pending", "Not Subscribed"],
    *["never_subscribed", "Confirmed", ""],
)
_OPEN_WORDS: Final = (
    *["Bounced", "Cleaned", "Inactive", "Archived", "Invalid", "Landline", "Unconfirmed"],
    *["Deleted", "7", "Lapsed"],
)


def _column(heading: str, values: object, first: int, *, encoding: str = "utf-8") -> bytes:
    rows = [[f"A{at} Quill", f"615-555-{at}", value] for at, value in enumerate(values, first)]  # type: ignore[arg-type,var-annotated]
    return csv_of(["Name", "Mobile", heading], *rows, encoding=encoding)


def _many(name: str, heading: str, values: object, first: int, kind: str, **more: object) -> Case:
    numbers = range(first, first + len(values))  # type: ignore[arg-type]
    return case(name, "Excel by hand", _column(heading, values, first), **{kind: numbers}, **more)  # type: ignore[arg-type]


CASES: Final[list[Case]] = [
    _many("yes elsewhere", "Do not text", _YES_ELSEWHERE, 2000, "doubtful"),
    _many("marks", "No texts", _MARKS, 2050, "stops"),
    _many("strange marks", "Do not text", _STRANGE_MARKS, 2100, "doubtful"),
    _many("known noes", "Do not text", _NO, 2150, "calm"),
    _many("noes elsewhere", "Do not text", _OTHER_NO, 2200, "either"),
    _many("words around a yes", "Do not text", _WORDS, 2250, "stops"),
    _many("loose words", "Do not text", _LOOSE_WORDS, 2300, "doubtful"),
    _many("days", "Opted out at", _DAYS, 2350, "stops", said=dict(zip(range(2350, 2390), _DAYS.values(), strict=False))),
    _many("odd days", "Opted out at", _ODD_DAYS, 2400, "doubtful"),
    _many("status words that stop", "SMS status", _STOP_WORDS, 2450, "stops"),
    _many("status words in doubt", "SMS status", _DOUBTFUL_WORDS, 2500, "doubtful"),
    _many("status words that do not", "Status", _CALM_WORDS, 2550, "calm"),
    _many("status words of other things", "Status", _OPEN_WORDS, 2600, "either"),
    case(
        "days with the day first", "Excel in England",
        text_of("""
        Name | Mobile       | Opted out on
        A    | 615-555-2651 | 25/02/2024
        B    | 615-555-2652 | 03/02/2024
        C    | 615-555-2653 | 13.02.2024 09:15
        """),
        stops=[2651, 2652, 2653], said={2651: "2024-02-25", 2652: "2024-02-03", 2653: "2024-02-13"}, answers={"order": "day_first"},
    ),
    *(
        case(
            f"a column about texts: {heading}", "Excel by hand",
            csv_of(["Name", "Mobile", heading], ["A", "615-555-2701", "Yes"], ["B", "615-555-2702", "No"], ["C", "615-555-2703", ""]),
            stops=[2701], calm=[2702, 2703],
        )
        for heading in (
            "SMS Opt Out", "SMS Opt-Out?", "Do Not Text", "DNT", "No SMS", "Opted Out (SMS)", "Text Opt Out", "Opt out of texts", "sms_opt_out",
            "SMSOptOut__c", "Unsubscribed from SMS", "unsubscribed", "Opted out?", "STOP texts?", "Do not SMS", "Texting Opt-Out",
        )
    ),
    *(
        case(
            f"a column that may be about texts: {heading}", "Excel by hand",
            csv_of(["Name", "Mobile", heading], ["A", "615-555-2711", "Yes"], ["B", "615-555-2712", "No"]),
            doubtful=[2711], calm=[2712],
        )
        for heading in (
            "Member: text opt-out flag (2024)", "Has asked us to stop texting", "Keine SMS", "No enviar SMS", "Ne pas envoyer de SMS", "Baja SMS",
            "Don't text!!", "Do not contact", "DNC / DNT", "Remove from text list", "TXT STOP", "SMS suppressed", "SMS blacklist", "opt out",
        )
    ),
    *(
        case(
            f"a column about consent to texts: {heading}", "Excel by hand",
            csv_of(["Name", "Mobile", heading], ["A", "615-555-2721", "No"], ["B", "615-555-2722", "Yes"], ["C", "615-555-2723", "Opted out"]),
            doubtful=[2723], either=[2721], calm=[2722],
        )
        for heading in ("OK to text?", "SMS consent", "Text OK", "SMS Opt-In", "Receives texts", "May we text?")
    ),
    case(
        "a plain no where texts are allowed", "Excel by hand",
        csv_of(["Name", "Mobile", "OK to text?"], ["A", "615-555-2731", "No"], ["B", "615-555-2732", "Yes"]),
        doubtful=[2731], calm=[2732],
    ),
    case(
        "only do not call", "Excel by hand",
        csv_of(["Name", "Mobile", "Do Not Call"], ["A", "615-555-2741", "Y"], ["B", "615-555-2742", "N"], ["C", "615-555-2743", ""]),
        asked=[2741], calm=[2742, 2743],
    ),
    case(
        "the national registry", "a dialer",
        csv_of(["Name", "Mobile", "DNC"], ["A", "615-555-2744", "X"], ["B", "615-555-2745", ""]),
        asked=[2744], calm=[2745],
    ),
    case(
        "email alone", "Excel by hand",
        csv_of(["Name", "Mobile", "Email Opt Out", "Unsubscribed from newsletter"], ["A", "615-555-2751", "yes", "yes"], ["B", "615-555-2752", "", ""]),
        either=[2751], calm=[2752],
    ),
    case(
        "no more mail", "Excel by hand",
        csv_of(["Name", "Mobile", "No Mail", "Do Not Email", "Email Unsubscribed"], ["A", "615-555-2753", "yes", "yes", "2024-02-03"]),
        calm=[2753],
    ),
    case(
        "columns that contradict", "Excel by hand",
        csv_of(
            ["Name", "Mobile", "SMS Status", "Do not text", "SMS opt-out date", "SMS opt-in date"],
            ["A", "615-555-2761", "Subscribed", "Yes", "", "2024-05-06"],
            ["B", "615-555-2762", "Unsubscribed", "No", "", ""],
            ["C", "615-555-2763", "Subscribed", "No", "2024-02-03", "2024-05-06"],
            ["D", "615-555-2764", "Subscribed", "No", "", "2024-05-06"],
            ["E", "615-555-2765", "", "", "", ""],
        ),
        stops=[2761, 2762, 2763], calm=[2764, 2765], said={2763: "2024-02-03"},
    ),
    case(
        "no number, and a stop", "Excel by hand",
        csv_of(["Name", "Mobile", "Do not text"], ["A", "615-555-27", "Yes"], ["B", "", "Yes"], ["C", "555-0123 Mom", "x"], ["D", "615-555-2771", "No"],
               ["E", "call me", "No"]),
        calm=[2771], out=4, lost=3,
    ),
    case(
        "a stop in the second row of a number", "Excel by hand",
        csv_of(["Name", "Mobile", "Do not text"], ["A", "615-555-2781", ""], ["B", "615-555-2782", "No"], ["A again", "+1 (615) 555-2781", "Yes"],
               ["A third", "16155552781", "No"]),
        stops=[2781], calm=[2782],
    ),
    case(
        "a stop in row 301", "Excel by hand",
        csv_of(["Name", "Mobile", "SMS"], *([f"A{at}", f"615556{at:04}", "ok" if at != 299 else "STOP"] for at in range(300))),
        doubtful=["+16155560299"], either=[f"+1615556{at:04}" for at in range(299)], columns={"SMS": "do_not_text"},
    ),
    case(
        "a stop in row 301 of a left-out column", "Excel by hand",
        csv_of(["Name", "Mobile", "Remarks"], *([f"A{at}", f"615556{at:04}", "" if at != 299 else "do not text"] for at in range(300))),
        doubtful=["+16155560299"], calm=[f"+1615556{at:04}" for at in range(299)],
    ),
    case(
        "notes that say no texts", "Excel by hand",
        csv_of(["Name", "Mobile", "Notes"], ["A", "615-555-2791", "Likes tea. DO NOT TEXT - asked 3/4"], ["B", "615-555-2792", "Likes coffee"]),
        doubtful=[2791], either=[2792],
    ),
    case(
        "words in the number cell", "Excel by hand",
        csv_of(["Name", "Mobile"], ["A", "615-555-2801 STOP"], ["B", "(do not text) 615-555-2802"], ["C", "615-555-2803 (cell)"], ["D", "615-555-2804 no texts!"],
               ["E", "615-555-2805"], ["F", "555-0123 STOP"]),
        stops=[2801], doubtful=[2802, 2804], calm=[2803, 2805], out=1, lost=1,
    ),
    case(
        "a stop beside digits that are no number", "Excel by hand",
        csv_of(["Name", "Mobile"], ["A", "555-0123 STOP"], ["B", "615-555-28 (do not text)"], ["C", "615-555-2807"],
               ["D", "615-555-28 06 opt-out 3/4/24"]),
        calm=[2807], out=3, lost=3,
    ),
    case(
        "ok to text in the number cell", "Excel by hand",
        csv_of(["Name", "Mobile"], ["A", "615-555-2811 (ok to text)"], ["B", "615-555-2812 text"], ["C", "615-555-2813"]),
        either=[2811, 2812], calm=[2813],
    ),
    case(
        "two numbers in a cell", "Excel by hand",
        csv_of(["Name", "Mobile", "Do not text"], ["A", "615-555-2821 / 615-555-2822", "no"], ["B", "615-555-2823", "no"]),
        calm=[2823], may_be=[2821, 2822], out=None,
    ),
    case(
        "cell and home", "Excel by hand",
        csv_of(["Name", "Home", "Cell", "Work", "Fax", "Do not text"], ["A", "615-555-2831", "615-555-2832", "615-555-2833", "615-555-2834", "x"],
               ["B", "615-555-2835", "", "", "", ""], ["C", "", "", "", "615-555-2836", "x"], ["D", "", "bad", "615-555-2837", "", "x"]),
        stops=[2832, 2837], calm=[2835], out=1, lost=1,
    ),
    case(
        "names that tell phones apart", "Excel by hand",
        csv_of(["Name", "Phone", "Phone Type", "Phone 2", "Phone 2 Type"], ["A", "615-555-2841", "Home", "615-555-2842", "Cell"],
               ["B", "615-555-2843", "Mobile", "615-555-2844", "Home"]),
        calm=[2842, 2843],
    ),
    case(
        "placeholders of every kind", "a database",
        csv_of(
            ["First Name", "Last Name", "Mobile", "City", "Do not text"],
            *(["Ada", word, f"615-555-{at}", word, word] for at, word in enumerate(
                ("NULL", "N/A", "n/a", "-", "--", "nan", "NaN", "#N/A", "None", "(null)", "\\N", "undefined", "—", "[not provided]", "<null>", "(blank)"), 2851)),
        ),
        calm=range(2851, 2863), either=range(2863, 2867),
        people={number: {"last_name": None, "city": None, "first_name": "Ada"} for number in range(2851, 2861)},
    ),
    case(
        "placeholders overwrite no one", "a database",
        csv_of(["First Name", "Last Name", "Mobile", "City"], ["NULL", "#N/A", "615-555-3338", "nan"], ["", "-", "615-555-2871", "N/A"]),
        calm=[MARTY, 2871], choice="update", people={MARTY: {"first_name": "Marty", "last_name": "McFly", "city": "Hill Valley"}},
    ),
    case(
        "a stop of someone who is there already", "Excel by hand",
        csv_of(["Name", "Mobile", "Do not text"], ["Marty McFly", "615-555-3338", "x"]), stops=[MARTY],
    ),
    case(
        "only those who are there", "Excel by hand",
        csv_of(["Name", "Mobile", "Do not text"], ["Marty McFly", "615-555-3338", "x"], ["Ben Quill", "615-555-2875", ""]),
        stops=[MARTY], may_be=[2875], choice="only_update",
    ),
    case(
        "coordinates and other digits", "Excel by hand",
        csv_of(["Name", "Location", "Account", "Mobile"], ["A", "36.16266382", "6155552881", "615-555-2882"], ["B", "-86.7816016", "6155552883", "615-555-2884"],
               ["C", "36.1626638,-86.7816016", "6155552885", "36.16266382"]),
        calm=[2882, 2884], may_be=[2885], out=None,
    ),
    case(
        "numbers with thousands commas", "Excel by hand",
        csv_of(["Name", "Mobile"], ["A", "6,155,552,891"], ["B", "16,155,552,892"], ["C", "615,555,28"]), calm=[2891, 2892], out=1,
    ),
    case(
        "shortened by the spreadsheet", "Excel by hand",
        csv_of(["Name", "Mobile", "Do not text"], ["A", "1.61556E+10", "x"], ["B", "6.16E+09", ""], ["C", "1.6155552893E+10", ""], ["D", "6155552894.0", ""]),
        calm=[2893, 2894], out=2, lost=1,
    ),
    case(
        "states, zones and birthdays that cannot be read", "Excel by hand",
        csv_of(["Name", "Mobile", "State", "Time Zone", "Birthday", "Email", "Zip", "Language"],
               ["A", "615-555-2901", "Middle Earth", "Narnia", "0/0/00", "none", "ABC", "Klingon"],
               ["B", "615-555-2902", "tenn", "Central", "1968", "b@example", "123456789", "Spanish"],
               ["C", "615-555-2903", "TN", "EST5EDT", "June 12", "c@example.com, d@example.com", "37201-", "en-US"],
               ["D", "615-555-2904", "X" * 400, "", "12/25/2999", "@", "9" * 300, ""]),
        calm=range(2901, 2905), people={2901: {"birthdate": None, "first_name": "A"}, 2902: {"language": "es"}, 2904: {"birthdate": None}},
    ),
    case(
        "two-digit birth years", "Outlook",
        csv_of(["Name", "Mobile", "Birthday"], ["A", "615-555-2911", "6/12/68"], ["B", "615-555-2912", "Jun 12, 1990"], ["C", "615-555-2913", "12-Jun-1990"]),
        calm=[2911, 2912, 2913], people={2912: {"birthdate": "1990-06-12"}, 2913: {"birthdate": "1990-06-12"}},
    ),
    case(
        "hidden rows with stops", "Excel",
        xlsx_of(["Name", "Cell", "SMS Opt Out"], ["A", 6155552921, "Yes"], ["B", 6155552922, "No"], ["C", 6155552923, "Yes"], ["D", 6155552924, None], hidden=[4, 5]),
        stops=[2921], calm=[2922, 2924], asked=[2923], file_name="list.xlsx",
    ),
    case(
        "names of every kind", "Excel by hand",
        csv_of(["Name", "Mobile"], ["O'Brien, Núria", "615-555-2931"], ["Cher", "615-555-2932"], ["李小龍", "615-555-2933"], ["STOP Hunger Inc", "615-555-2934"],
               ["Ben No", "615-555-2935"], ["No One", "615-555-2936"]),
        calm=range(2931, 2937), people={2931: {"first_name": "Núria", "last_name": "O'Brien"}},
    ),
    case(
        "yes in a column about something else", "Excel by hand",
        csv_of(["Name", "Mobile", "Smoker", "Blocked Drain?", "Stop no.", "Active"], ["A", "615-555-2941", "yes", "no", "12", "yes"],
               ["B", "615-555-2942", "no", "yes", "14", "no"]),
        either=[2941, 2942],
    ),
]  # fmt: skip
