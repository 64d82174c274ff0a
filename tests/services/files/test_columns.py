"""Which column of a file is which field."""

import time

import pytest

from contacts_ui.services.files import read
from contacts_ui.services.files.columns import (
    NUMBER,
    NumberColumns,
    guess,
    is_certain,
    looks_like_opt_outs,
    number_columns,
)
from contacts_ui.services.files.table import Table


@pytest.mark.parametrize(
    ("heads", "fields"),
    [
        ("Cell,First,Surname,E-mail,ST,Postal Code", "mobile_number first_name last_name email state zip"),
        ("PHONE NUMBER,Given name,Family Name,Mail,Province,ZIP", "mobile_number first_name last_name email state zip"),
        ("mobile_number,first_name,last_name,email,state,zip", "mobile_number first_name last_name email state zip"),
        ("Mobile,Forename,Last,Email Address,Prov,Postcode", "mobile_number first_name last_name email state zip"),
        ("A,B,C,D,E,F", "mobile_number - - email - -"),
        ("Cell #,Given Name,Family Name,E-mail Address,Province,Postal Code",
         "mobile_number first_name last_name email state zip"),
        ("Phone 1 - Value,First Name,Last Name,E-mail 1 - Value,Address 1 - Region,Address 1 - Postal Code",
         "mobile_number first_name last_name email state zip"),
        ("MobilePhone,FirstName,LastName,Email,MailingState,MailingPostalCode",
         "mobile_number first_name last_name email state zip"),
        ("Contact #,Customer First Name (required),Last Name / Surname,Courriel,State / Province / Region,Zip 5",
         "mobile_number first_name last_name email state zip"),
        ("Teléfono,Nombre,Apellidos,Correo electrónico,Estado,Código postal",
         "mobile_number first_name last_name email state zip"),
        ("Téléphone,Prénom,Nom,Courriel,Province,Code postal", "mobile_number first_name last_name email state zip"),
        ("Mobile #,Name,Surname,Mail,ST,Zip Code", "mobile_number first_name last_name email state zip"),
    ],
)  # fmt: skip
def test_columns_are_guessed(heads: str, fields: str) -> None:
    table = read(f"{heads}\n6155553338,Marty,McFly,m@example.com,TN,37201\n".encode())
    assert guess(table) == [field.replace("-", "") for field in fields.split()]


@pytest.mark.parametrize(
    "heading", ["Name", "Full name", "Contact", "Client Name", "Last, First", "First & Last Name"]
)
def test_a_whole_name_in_one_column(heading: str) -> None:
    table = Table([heading, "Cell"], [(2, ["Marty McFly", "6155553338"])], [])
    assert guess(table) == ["full_name", "mobile_number"]
    assert guess(Table([heading, "First", "Cell"], [(2, ["M", "M", "6155553338"])], []))[0] == ""


@pytest.mark.parametrize(
    "heading", ["Opted out", "SMS Opted Out?", "Unsubscribed at", "Do Not SMS", "Opt-out status"]
)
def test_a_column_that_says_who_wants_no_texts(heading: str) -> None:
    table = Table([heading, "Cell"], [(2, ["yes", "6155553338"])], [])
    assert guess(table) == ["do_not_text", "mobile_number"]


def test_the_first_of_several_numbers_of_an_address_book() -> None:
    heads = b"Phone 1 - Label,Phone 1 - Value,Phone 2 - Value\n"
    table = read(heads + b"Mobile,6155553338,6155559999\nMobile,6155553339 ::: 6155553340,\n")
    assert guess(table) == ["", "mobile_number", "mobile_number"]


def test_every_own_number_may_be_the_one_that_a_row_has_and_a_fax_is_none() -> None:
    table = read(
        b"Home Phone,Work phone,Mobile Phone,Fax,Assistant's Phone\n"
        b"6155550001,6155550002,6155550003,6155550004,6155550005\n"
    )
    assert guess(table) == ["mobile_number"] * 3 + ["", ""]


@pytest.mark.parametrize("heading", ["Fax", "Order Number", "Account #", "Emergency contact phone"])
def test_ten_digits_of_something_else_are_no_numbers_to_text(heading: str) -> None:
    table = read(f"Name,{heading}\nAda,6155550001\nBen,6155550002\n".encode())
    assert NUMBER not in [*guess(table), *number_columns(table)]
    # Unless a person decides so.
    assert NumberColumns(table.headings, ["", NUMBER]).ranked(["Ada", "6155550001"]) == [1]


@pytest.mark.parametrize("heading", ["Contactable", "Communication preference", "Contact allowed?"])
def test_how_to_reach_a_person_is_pointed_out(heading: str) -> None:
    assert looks_like_opt_outs(heading, ["Email only", "Any"])
    assert not looks_like_opt_outs("Favorite color", ["Email only", "Any"])


def test_a_heading_that_promises_numbers_yields_to_the_column_that_has_them() -> None:
    table = read(b"Number,Contact via\n1,6155550001\n2,6155550002\n")
    assert guess(table) == ["", "mobile_number"]


# Headings of exports, each with a value and what it is; "" is left out.
PROGRAMS = {
    "Google": """First Name=Ada=first_name|Middle Name=B=|Last Name=Quill=last_name|Phonetic First Name=x=|File As=AQ=|
        Birthday=--06-12=birthdate|Notes=n=|E-mail 1 - Label=* =|E-mail 1 - Value=a@example.com=email|
        Phone 1 - Label=Work=|Phone 1 - Value=6155550101=mobile_number|Phone 2 - Label=Mobile=|
        Phone 2 - Value=6155550102=mobile_number|Address 1 - Street=1 Elm=address|Address 1 - City=Reno=city|
        Address 1 - Region=NV=state|Address 1 - Postal Code=89501=zip|Address 1 - Country=US=country|
        Custom Field 1 - Label=x=""",
    "Google, old": """Name=Ada Quill=|Given Name=Ada=first_name|Family Name=Quill=last_name|Name Prefix=Dr=|
        Group Membership=* myContacts=|E-mail 1 - Type=* =|E-mail 1 - Value=a@example.com=email|Phone 1 - Type=Mobile=|
        Phone 1 - Value=6155550101=mobile_number""",
    "Outlook": """Title=Ms=|First Name=Ada=first_name|Last Name=Quill=last_name|E-mail Address=a@example.com=email|
        Home Phone=6155550101=mobile_number|Business Phone=6155550102=mobile_number|Business Fax=6155550103=|
        Mobile Phone=6155550104=mobile_number|Pager=6155550105=|Assistant's Phone=6155550106=|Home Street=1 Elm=address|
        Home City=Reno=city|Home State=NV=state|Home Postal Code=89501=zip|Home Country/Region=US=country|
        Business City=Elko=|Birthday=0/0/00=birthdate|Manager's Name=Bob=|Spouse=Cy=""",
    "iCloud": """First name=Ada=first_name|Last name=Quill=last_name|iPhone=6155550101=mobile_number|
        Home Email=a@example.com=email|Home Street=1 Elm=address|Home City=Reno=city|Home ZIP=89501=zip""",
    "Salesforce": """Salutation=Ms.=|First Name=Ada=first_name|Last Name=Quill=last_name|Account Name=Acme=|
        Mailing Street=1 Elm=address|Mailing City=Reno=city|Mailing State/Province=NV=state|
        Mailing Zip/Postal Code=89501=zip|Mailing Country=US=country|Phone=6155550101=mobile_number|
        Mobile=6155550102=mobile_number|Fax=6155550103=|Email=a@example.com=email|Do Not Call=0=do_not_call|
        Email Opt Out=1=|Fax Opt Out=1=|SMS Opt Out=1=do_not_text""",
    "Salesforce, names for programs": """FirstName=Ada=first_name|
        LastName=Quill=last_name|MobilePhone=6155550101=mobile_number|
        HasOptedOutOfEmail=1=|HasOptedOutOfFax=1=|DoNotCall=0=do_not_call|et4ae5__HasOptedOutOfMobile__pc=1=do_not_text|
        pkg__SMSOptOut__c=1=do_not_text|SMSOptIn_Date__c=2024-01-02=|MailingState=NV=state""",
    "Dynamics": """(Do Not Modify) Contact=0a1b=|(Do Not Modify) Modified On=1/2/2024=|First Name=Ada=first_name|
        Mobile Phone=6155550101=mobile_number|Do not allow Emails=Allow=|Do not allow Phone Calls=Allow=do_not_call|
        Do not allow Mails=Do Not Allow=|Do not allow Faxes=Allow=""",
    "HubSpot": """Record ID=51=|First Name=Ada=first_name|Last Name=Quill=last_name|Email=a@example.com=email|
        Phone Number=6155550101=mobile_number|Mobile Phone Number=6155550102=mobile_number|Contact owner=Bob=|
        Lead Status=New=|Marketing contact status=Marketing contact=|Unsubscribed from all email=true=|
        Opted out of email: Marketing Information=Yes=|Create Date=2024-01-02=|Street Address=1 Elm=address|
        State/Region=NV=state|Country/Region=US=country|Preferred language=en=language|Time Zone=us/pacific=timezone|
        SMS Opt-Out=Yes=do_not_text""",
    "Klaviyo": """Email=a@example.com=email|First Name=Ada=first_name|Last Name=Quill=last_name|
        Phone Number=+16155550101=mobile_number|Email Marketing Consent=UNSUBSCRIBED=|
        SMS Marketing Consent=UNSUBSCRIBED=opt_in_status|SMS Marketing Consent Timestamp=2024-02-03 11:12:13=|
        Email Marketing Consent Timestamp=2024-02-03 11:12:13=|State / Region=NV=state|Zip Code=89501=zip|
        Date Added=2024-01-02=|Mobile Push Consent=UNSUBSCRIBED=""",
    "Mailchimp": """Email Address=a@example.com=email|First Name=Ada=first_name|Last Name=Quill=last_name|
        Address=1 Elm=address|Phone Number=6155550101=mobile_number|Birthday=06/12=birthdate|MEMBER_RATING=2=|
        OPTIN_TIME=2024-01-02 03:04:05=|OPTIN_IP=10.0.0.1=|LATITUDE=36.1=|TIMEZONE=America/Chicago=timezone|
        LAST_CHANGED=2024-01-02 03:04:05=|SMS Phone Number=6155550102=mobile_number|
        SMS Subscription Status=Unsubscribed=opt_in_status""",
    "Shopify": """Customer ID='7001=|First Name=Ada=first_name|Last Name=Quill=last_name|Email=a@example.com=email|
        Accepts Email Marketing=no=|Default Address Company=Acme=|Default Address Address1=1 Elm=address|
        Default Address City=Reno=city|Default Address Province Code=NV=state|Default Address Country Code=US=country|
        Default Address Zip=89501=zip|Default Address Phone=6155550101=mobile_number|Phone=6155550102=mobile_number|
        Accepts SMS Marketing=yes=opt_in_status|Total Orders=3=|Tags=vip=""",
    "Square": """Reference ID=1=|First Name=Ada=first_name|Last Name=Quill=last_name|Email Address=a@example.com=email|
        Phone Number=6155550101=mobile_number|Company Name=Acme=|Street Address 1=1 Elm=address|City=Reno=city|
        State=NV=state|Postal Code=89501=zip|Birthday=1990-06-12=birthdate|Email Subscription Status=unsubscribed=""",
    "SlickText": """Number=6155550101=mobile_number|First Name=Ada=first_name|Opt-in Status=unsubscribed=opt_in_status|
        Opt-in Date=2024-01-02=|Opted Out=No=do_not_text|Opt-out Date=2024-01-02=do_not_text""",
    "EZ Texting": """Phone Number=6155550101=mobile_number|First Name=Ada=first_name|Groups=a=|Opted Out=No=do_not_text|
        Custom 1=x=|Date Added=2024-01-02=""",
    "SimpleTexting": """Phone=6155550101=mobile_number|First Name=Ada=first_name|Lists=a=|Carrier=T-Mobile=|
        Subscription Status=Unsubscribed=opt_in_status|
       Unsubscribed Date=2024-01-02=do_not_text""",
    "Twilio": "Phone Number=+16155550101=mobile_number|Opt-Out Timestamp=1706958733=do_not_text",
    "Constant Contact": """First name=Ada=first_name|Last name=Quill=last_name|Email address - home=a@example.com=email|
        Email status=Active=|Email permission status=Opted out=|Phone - mobile=6155550101=mobile_number|
        Phone - home=6155550102=mobile_number|Street address line 1 - Home=1 Elm=address|City - Home=Reno=city|
        State/Province - Home=NV=state|Zip/Postal Code - Home=89501=zip|Country - Home=US=country|
        SMS permission status=Opted out=opt_in_status|SMS opt-in date=2024-01-02=""",
    "Brevo": """CONTACT ID=1=|EMAIL=a@example.com=email|FIRSTNAME=Ada=first_name|LASTNAME=Quill=last_name|
        SMS=16155550101=mobile_number|LANDLINE_NUMBER=16155550102=mobile_number|OPT_IN=true=opt_in_status|
        Email blocklisted=yes=|SMS blocklisted=yes=do_not_text""",
    "ActiveCampaign": """ID=1=|Email=a@example.com=email|First Name=Ada=first_name|Last Name=Quill=last_name|
        Phone=6155550101=mobile_number|IP Address=10.0.0.1=|SMS Opt-In Status=Unsubscribed=opt_in_status""",
    "Facebook": """id=l:1=|
        created_time=2024-01-02T03:04:05+00:00=|ad_name=Ad=|form_name=Form=|full_name=Ada Quill=full_name|
        phone_number=p:+16155550101=mobile_number|email=a@example.com=email|city=Reno=city|zip_code=z:89501=zip|
        date_of_birth=06/12/1990=birthdate|lead_status=CREATED=""",
    "ours": """First name=Ada=first_name|Last name=Quill=last_name|Mobile number=6155550101=mobile_number|
        Email=a@example.com=email|City=Reno=city|State=NV=state|Zip=89501=zip|Country=US=country|
        Opt-in status=subscribed=opt_in_status|Source=Text to join: STOP line=|Language=en=language|
        Time zone=America/Chicago=timezone|Custom fields={"a": "b"}=|Created=2024-01-02=|Last updated=2024-01-02=|Id=1=|
        Do not text=no stop on record=do_not_text|Read from SlickText at=2024-01-02T03:04:05+00:00=""",
}  # fmt: skip


def of_program(name: str) -> tuple[Table, list[str]]:
    headings, cells, targets = zip(
        *(each.strip().rsplit("=", 2) for each in PROGRAMS[name].split("|")), strict=True
    )
    return Table(list(headings), [(2, list(cells))], []), list(targets)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_export_of_a_program_maps_fully_and_is_in_no_doubt(name: str) -> None:
    table, targets = of_program(name)
    guessed = guess(table)
    assert dict(zip(table.headings, guessed, strict=True)) == dict(
        zip(table.headings, targets, strict=True)
    )
    assert is_certain(table, guessed)


def test_all_columns_about_texts_are_chosen() -> None:
    heads = ["Cell", "SMS Opt Out", "Do not text", "SMS Consent", "Do Not Call", "Email Opt Out"]
    table = Table(heads, [(2, ["6155553338", "", "", "", "", "yes"])], [])
    assert guess(table)[1:] == ["do_not_text"] * 2 + ["opt_in_status", "do_not_call", ""]


@pytest.mark.parametrize(
    ("statuses", "target"),
    [
        (["Subscribed"] * 300 + ["Blocklisted", "Unsubscribed (keyword)"], "opt_in_status"),
        (["yes", "no"], "opt_in_status"),
        (["Shipped", "Paid", "Cancelled"], ""),
        (["Active", "Inactive", "Cancelled"], ""),
        (["Shipped"] * 9 + ["unsubscribed"], ""),
    ],
    ids=["subscriptions", "yes-no", "orders", "memberships", "one-of-ten"],
)
def test_a_plain_status_is_one_of_texts_if_its_values_are(statuses: list[str], target: str) -> None:
    rows = [(at, ["6155553338", status]) for at, status in enumerate(statuses, start=2)]
    assert guess(Table(["Cell", "Status"], rows, []))[1] == target


@pytest.mark.parametrize("heading", ["No SMS", "No texts", "No text"])
def test_a_no_in_the_heading_turns_the_yes_below_it(heading: str) -> None:
    lines = [(2, ["6155553338", "Yes"]), (3, ["6155550123", "No"])]
    assert guess(Table(["Cell", heading], lines, []))[1] == "do_not_text"


@pytest.mark.parametrize("heading", ["SMS", "Texts?", "Text messages"])
def test_a_column_that_is_only_called_texts_is_read_by_its_values(heading: str) -> None:
    assert guess(Table(["Cell", heading], [(2, ["6155553338", "No"])], []))[1] == "opt_in_status"
    assert guess(Table(["Cell", heading], [(2, ["6155553338", "Hi Ada, ..."])], []))[1] == ""
    assert guess(Table(["Name", heading], [(2, ["Ada", "6155553338"])], []))[1] == "mobile_number"


@pytest.mark.parametrize(
    ("heading", "values", "looks"),
    [
        ("Remark", ["friend"] * 3 + ["unsubscribed"], True),
        ("Notes", ["Nice.", "Was upset on the phone last week and asked: please do not text her again."], True),
        ("Notes", ["stop by on Friday", "does not want the blue one", "no messages sent"], False),
        ("Tags", ["vip", "sms-opt-out"], True),
        ("Tags", ["STOP"], True),
        ("Street 2", ["12 Truck Stop Rd", "Baja California"], False),
        ("Last message", ["Reply STOP to opt out."], False),
        ("Unsubscribe link", ["https://example.com/unsubscribe"], False),
        ("Status", ["Shipped", "Paid"], False),
        ("Status", ["Shipped", "Unsubscribed"], True),
        ("Do not text", ["yes"], True),
        ("Do Not Call", ["1"], True),
        ("Do not text", ["no", "0", "not opted out"], False),
        ("Do not text", [], False),
        ("Opt-out reason", ["too many"], True),
        ("SMS opt-in date", ["2024-01-02"], False),
        ("Email Opt Out", ["yes"], False),
        ("Email Marketing Consent", ["UNSUBSCRIBED"], False),
        ("Comment", ["unsubscribed from the newsletter"], False),
        ("Other Phone", ["615-555-0123", "615-555-0124 STOP"], True),
        ("Other Phone", ["615-555-0123", "615-555-0124 x4"], False),
        ("Note", ["STOP 3/4/24"], True),
        ("Note", ["stop 12 on route 4", "Stop 2"], False),
        ("SMS Alerts", ["0", "1"], True),
        ("SMS Alerts", ["Declined", "Agreed"], True),
        ("Contact by text", ["Disabled"], True),
        ("Не слать SMS", ["да"], True),
        ("SMS Alerts", ["subscribed", "not seen"], False),
        ("SMS Carrier", ["Verizon"], False),
        ("Text Messages Sent", ["0", "1"], False),
        ("Text", ["a note that is far too long for an answer"], False),
    ],
)  # fmt: skip
def test_a_left_out_column_that_looks_like_opt_outs(
    heading: str, values: list[str], looks: bool
) -> None:
    assert looks_like_opt_outs(heading, values) is looks


def test_all_values_of_a_large_file_are_looked_at_quickly() -> None:
    columns = [[f"order {column} {row} of Ada" for row in range(50_000)] for column in range(20)]
    columns[-1].append("unsubscribed")
    start = time.process_time()
    assert [looks_like_opt_outs("Column", values) for values in columns] == [False] * 19 + [True]
    assert time.process_time() - start < 20, "about a second"


@pytest.mark.parametrize(
    ("headings", "row"),
    [
        (["Contact via", "Name"], ["6155553338", "Ada"]),
        (["Emergency Phone", "Name"], ["6155553338", "Ada"]),
        (["Cell", "Last, First"], ["6155553338", "Quill Ada"]),
        (["Cell", "Mailing City", "Billing City"], ["6155553338", "Reno", "Elko"]),
        (["Cell", "Name"], ["none", "Ada"]),
        (["Name", "Email"], ["Ada", "a@example.com"]),
    ],
    ids=["by-values", "of-another", "order-of-names", "two-cities", "no-numbers", "no-column"],
)
def test_what_is_in_doubt_is_asked(headings: list[str], row: list[str]) -> None:
    table = Table(headings, [(2, row)], [])
    assert not is_certain(table, guess(table))


def test_without_headings_nothing_is_certain_and_a_stop_is_no_name() -> None:
    table = read(b"Ada Quill,615-555-3015,STOP\nBen Quill,615-555-3016,\n")
    assert guess(table) == ["full_name", "mobile_number", "opt_in_status"]
    assert not is_certain(table, guess(table))


def test_a_column_that_begins_far_down_is_read() -> None:
    rows = [(at, ["6155553338", ""]) for at in range(2, 500)]
    table = Table(["Phone", "Other Phone"], [*rows, (500, ["", "6155553339"])], [])
    assert guess(table) == ["mobile_number"] * 2
