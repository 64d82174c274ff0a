"""A second look at the same kinds: programs, headings and values that were thought of last."""

# ruff: noqa: E501 - a table is read by its rows

from typing import Final

from tests.files.builders import csv_of, xlsx_of
from tests.files.case import Case, case


def _one(
    name: str, program: str, heading: str, stop: str, calm: str, kind: str = "doubtful"
) -> Case:
    rows = (
        ["Name", "Mobile", heading],
        ["Ada Quill", "615-555-4001", stop],
        ["Ben Quill", "615-555-4002", calm],
    )
    return case(name, program, csv_of(*rows), **{kind: [4001]}, calm=[4002])  # type: ignore[arg-type]


CASES: Final[list[Case]] = [
    *(
        _one(f"{program}: {heading}", program, heading, stop, calm)
        for program, heading, stop, calm in (
            ("GoHighLevel", "DND", "true", "false"),
            ("GoHighLevel", "SMS DND", "Active", ""),
            ("Zoho", "SMS Opt Out", "true", "false"),
            ("Pipedrive", "Person - Marketing status", "unsubscribed", "subscribed"),
            ("Postscript", "Subscription Status", "unsubscribed", "subscribed"),
            ("Podium", "Opted out", "Opted out", "Opted in"),
            ("Segment", "SMS consent", '{"sms": "unsubscribed"}', ""),
            ("Salesforce", "SMS_Consent__c", "Opt-Out", "Opt-In"),
            ("Salesforce", "SMS Opt Out", "Opted Out", "Opted In"),
            ("HubSpot", "Communication subscriptions: SMS", "Opted out", "Subscribed"),
            ("Textedly", "Opt-Out Reason", "Replied STOP", ""),
            ("Intercom", "Unsubscribed from SMS at", "2024-02-03T11:12:13Z", ""),
            ("Omnisend", "SMS Status", "unsubscribed", "nonSubscribed"),
            ("Drip", "sms_status", "sms_opted_out", "active"),
            ("Iterable", "smsUnsubscribed", "1", "0"),
            ("Braze", "sms_subscription_state", "unsubscribed", "subscribed"),
            ("Toast", "Texts", "Opted out", "Opted in"),
            ("Excel by hand", "Email & SMS Opt Out", "Yes", "No"),
            ("Excel by hand", "Marketing Opt Out", "Yes", "No"),
            ("Excel by hand", "Do Not Solicit", "x", ""),
            ("Excel by hand", "Opt Out All", "x", ""),
            ("Excel by hand", "Contact Preference", "No texts", ""),
            ("Excel by hand", "SMS", "STOP", ""),
            ("Excel by hand", "Comments", "asked us not to text", ""),
            ("Excel by hand", "Do not text", "\u00a0Yes\u200b ", "\u00a0No"),
            ("Excel by hand", "Do not text", "Ýes", "no"),
            ("Excel by hand", "Do not text", "yes\nasked by phone", "no"),
            ("Excel by hand", "Do not text", "🙅", "no"),
            ("Excel by hand", "Do not text", "ON", "OFF"),
            ("Excel by hand", "Text (Y/N)", "N", "Y"),
            ("Excel by hand", "Text?", "no", "yes"),
            ("Excel by hand", "Text messages", "Do not send", "Yes"),
            ("Excel by hand", "Opt-Out", "2/3/24 AR", ""),
            ("Excel by hand", "Opted out", "see email 3/4", "no"),
            ("Excel by hand", "OPT-OUT DATE ", "03FEB2024", ""),
            ("Excel by hand", "Ne plus envoyer de textos", "oui", "non"),
            ("Excel by hand", "Nicht anschreiben (SMS)", "ja", "nein"),
            ("Excel by hand", "Не слать SMS", "да", ""),
        )
    ),
    case(
        "a column of opted-out numbers", "EZ Texting",
        csv_of(["Opted Out Numbers"], ["6155554011"], ["6155554012"]), doubtful=[4011, 4012],
    ),
    case(
        "unsubscribed phones", "Twilio", csv_of(["Name", "Unsubscribed Phone"], ["A", "+16155554013"], ["B", "+16155554014"]),
        doubtful=[4013, 4014],
    ),
    case(
        "a mark for each phone", "Salesforce",
        csv_of(["Name", "Mobile", "Mobile Opt Out", "Home Phone", "Home Phone Opt Out"], ["A", "615-555-4021", "Yes", "615-555-4022", "No"],
               ["B", "615-555-4023", "No", "615-555-4024", "No"]),
        doubtful=[4021], calm=[4023],
    ),
    case(
        "the mark behind 150 empty columns", "HubSpot",
        csv_of(["Name", "Mobile", *(f"Property {at}" for at in range(150)), "SMS Opt Out"], ["A", "615-555-4031", *[""] * 150, "Yes"],
               ["B", "615-555-4032", *[""] * 150, "No"]),
        stops=[4031], calm=[4032],
    ),
    case(
        "two rows of headings", "Excel",
        xlsx_of(["Person", None, "Texts"], ["Name", "Mobile", "Opted out"], ["A", "615-555-4033", "Yes"], ["B", "615-555-4034", "No"], merged=["A1:B1"]),
        stops=[4033], calm=[4034], file_name="people.xlsx",
    ),
    case(
        "the same heading twice", "Excel",
        csv_of(["Name", "Phone", "Phone", "Do not text", "Do not text"], ["A", "615-555-4035", "615-555-4036", "", "Yes"], ["B", "", "615-555-4037", "No", "No"]),
        stops=[4035], calm=[4037],
    ),
    case(
        "a stop whose number stands elsewhere in the row", "Excel by hand",
        csv_of(["Name", "Mobile", "Notes", "Do not text"], ["A", "see notes", "615-555-4038", "Yes"], ["B", "615-555-4039", "", "No"]),
        may_be=[4038], calm=[4039], out=None, lost=None,
    ),
    case(
        "the same person twice, stopped at the second number", "Excel by hand",
        csv_of(["Name", "Mobile", "Do not text"], ["A", "615-555-4041", "No"], ["A", "615-555-4042", "Yes"]), stops=[4042], calm=[4041],
    ),
    case(
        "a future day", "Excel by hand",
        csv_of(["Name", "Mobile", "Opted out at"], ["A", "615-555-4043", "2/3/2099"], ["B", "615-555-4044", "1/1/1900"], ["C", "615-555-4045", ""]),
        doubtful=[4043], either=[4044], calm=[4045],
    ),
    case(
        "dates of consent are no stops", "Klaviyo",
        csv_of(["Name", "Mobile", "Opt-in date", "SMS consent date", "Subscribed at", "Last texted", "Text consent source", "Opt-in keyword"],
               ["A", "615-555-4046", "2024-02-03", "2024-02-03", "2024-02-03", "2024-02-03", "web", "JOIN"]),
        either=[4046],
    ),
    case(
        "columns about other things", "Salesforce",
        csv_of(["Name", "Mobile", "Fax Opt Out", "Do Not Mail", "Blocked account", "Stop date of contract", "Text size", "Context", "Opted in"],
               ["A", "615-555-4047", "1", "1", "0", "", "12", "trade fair", "yes"]),
        calm=[4047],
    ),
]  # fmt: skip
