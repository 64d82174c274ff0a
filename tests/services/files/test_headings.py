"""What a heading is about."""

import pytest

from contacts_ui.services.files.headings import LEFT_OUT, about_texts, phone_labels, phone_rank
from contacts_ui.services.files.opt_outs import DO_NOT_CALL, DO_NOT_TEXT, STATUS

HEADINGS = {
    DO_NOT_TEXT: """SMS Opt Out|SMS Opt-Out|pkg__SMSOptOut__c|et4ae5__HasOptedOutOfMobile__pc|custom.sms_opt_out|
        Contact: SMS Opt Out|SMS_OPT_OUT_DATE|smsOptOutDate|Opted out of texts?|Text Opt-out|Do Not SMS|NoSMS|
        No texts|
        Unsubscribe Time|Opt-Out Timestamp|Unsubscribed|Do Not Contact|Do not text|DNT|Don't text|Opted out|Stop|
        SMS blocklisted|SMS Blacklisted|Baja SMS|Keine SMS|Ne pas envoyer de SMS|Opted out at|Opt-out status|
        Unsubscribed from SMS|hs_sms_opt_out|OptOut|Blocked from texts|Suppressed|SMS Unsubscribed Date|
        UNSUB_TIME|SMSoptout|Do Not Contact|DND|No enviar SMS|No molestar|Remove from text list|Désabonné|
        Abgemeldet|Opt-out of email & SMS|Do not email or text|Stop date|Never text|
        Can't text|Block texts|SMS disabled|No Marketing|Exclude from texts""",
    STATUS: """SMS Marketing Consent|SMS Consent Status|SMS subscription state|Accepts SMS Marketing|Opt-in status|
        SMS Opt-in|Text opt in|SMS Opt In/Out|Subscription Status|Wants texts|OK to text|May we text|Status SMS|
        Consent|Subscribed|Text permission|SMS Status|Opt-In/Opt-Out""",
    DO_NOT_CALL: """Do Not Call|DNC|HasOptedOutOfCall|No phone calls|Phone opt out|Do not phone|DoNotCall|
        No phone calls|Do not allow Phone Calls|Phone Opt Out|Stop calls""",
    LEFT_OUT: """Email Opt Out|Unsubscribed from emails|Email Marketing Consent|Has opted out of email|
        HasOptedOutOfEmail|
        SMS Marketing Consent Timestamp|SMS Opt-in Date|Subscribed at|Newsletter subscription|Opt-out reason|
        Accepts Email Marketing|SMS Opt-in Source|Email status|Consent date|
        HasOptedOutOfFax|Fax Opt Out|Do not allow Mails|Mobile Push Consent|Unsubscribed from all email|
        Email Subscription Status""",
    "": """Name|State|Country|Mobile|Text number|SMS number|Phone|City|Order date|Email|Created at|Total Spent|Tags|
        Account status|Notes|Date|Time zone|Marital status|Bus line|Title|
        (Do Not Modify) Modified On|Do not resuscitate|Do Not Sell My Info|Stop number|Bus stop|MailingState|
        OPTIN_IP|Block|Last text received""",
}


@pytest.mark.parametrize(
    ("target", "heading"),
    [(target, each.strip()) for target, all_ in HEADINGS.items() for each in all_.split("|")],
)
def test_what_a_heading_says_of_texts(target: str, heading: str) -> None:
    assert about_texts(heading) == target


@pytest.mark.parametrize(
    ("text", "rank"),
    [
        ("Mobile", 0), ("Mobile Phone", 0), ("Cell #", 0), ("iPhone", 0), ("Phone Number", 1), ("Main", 1),
        ("Other", 1),
        ("Móvil", 0), ("Mobil", 0), ("Work mobile", 0), ("Default Address Phone", 2), ("Trabajo", 2),
        ("Domicile", 2), ("Emergency Contact Phone", 9), ("Assistant's Phone", 9), ("Spouse phone", 9),
        ("Work", 2), ("Home Phone", 2), ("Business", 2), ("Work Fax", 9), ("Home Fax", 9), ("Pager", 9), ("", 1),
    ],
)  # fmt: skip
def test_which_number_gets_texts(text: str, rank: int) -> None:
    assert phone_rank(text) == rank


def test_the_label_of_a_number_stands_in_a_column_of_its_own() -> None:
    assert phone_labels(["Name", "Phone 1 - Label", "Phone 1 - Value", "Phone 2 - Value"]) == {2: 1}
    assert phone_labels(["Phone 1 - Type", "Phone 1 - Value"]) == {1: 0}
    assert phone_labels(["phone_1_type", "phone_1_value"]) == {1: 0}
    assert phone_labels(["Phone", "Phone Type", "Phone 2", "Phone 2 Type"]) == {0: 1, 2: 3}
    assert phone_labels(["Phone Number", "Phone Number Type"]) == {0: 1}
    assert phone_labels(["Account Type", "Account"]) == {}
