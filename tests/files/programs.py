"""Exports of the programs that our users come from, with the headings that these programs write."""

# ruff: noqa: E501 - a table is read by its rows

from datetime import datetime
from typing import Final

from tests.files.builders import csv_of, text_of, xlsx_of
from tests.files.case import Case, case

_OUTLOOK: Final = (
    "Title,First Name,Middle Name,Last Name,Suffix,Company,Department,Job Title,Business Street,Business Street 2,"
    "Business Street 3,Business City,Business State,Business Postal Code,Business Country/Region,Home Street,"
    "Home Street 2,Home Street 3,Home City,Home State,Home Postal Code,Home Country/Region,Other Street,Other Street 2,"
    "Other Street 3,Other City,Other State,Other Postal Code,Other Country/Region,Assistant's Phone,Business Fax,"
    "Business Phone,Business Phone 2,Callback,Car Phone,Company Main Phone,Home Fax,Home Phone,Home Phone 2,ISDN,"
    "Mobile Phone,Other Fax,Other Phone,Pager,Primary Phone,Radio Phone,TTY/TDD Phone,Telex,Account,Anniversary,"
    "Assistant's Name,Billing Information,Birthday,Business Address PO Box,Categories,Children,Directory Server,"
    "E-mail Address,E-mail Type,E-mail Display Name,E-mail 2 Address,E-mail 2 Type,E-mail 2 Display Name,"
    "E-mail 3 Address,E-mail 3 Type,E-mail 3 Display Name,Gender,Government ID Number,Hobby,Home Address PO Box,"
    "Initials,Internet Free Busy,Keywords,Language,Location,Manager's Name,Mileage,Notes,Office Location,"
    "Organizational ID Number,Other Address PO Box,Priority,Private,Profession,Referred By,Sensitivity,Spouse,User 1,"
    "User 2,User 3,User 4,Web Page"
)
_GOOGLE: Final = (
    "First Name,Middle Name,Last Name,Phonetic First Name,Phonetic Middle Name,Phonetic Last Name,Name Prefix,"
    "Name Suffix,Nickname,File As,Organization Name,Organization Title,Organization Department,Birthday,Notes,Photo,"
    "Labels,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,"
    "Phone 3 - Label,Phone 3 - Value,Address 1 - Label,Address 1 - Formatted,Address 1 - Street,Address 1 - City,"
    "Address 1 - PO Box,Address 1 - Region,Address 1 - Postal Code,Address 1 - Country,Address 1 - Extended Address"
)
_OLD_GOOGLE: Final = (
    "Name,Given Name,Additional Name,Family Name,Yomi Name,Name Suffix,Initials,Nickname,Birthday,Gender,Location,"
    "Occupation,Notes,Group Membership,E-mail 1 - Type,E-mail 1 - Value,Phone 1 - Type,Phone 1 - Value,"
    "Phone 2 - Type,Phone 2 - Value"
)
_SHOPIFY: Final = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Company,Default Address Address1,"
    "Default Address Address2,Default Address City,Default Address Province Code,Default Address Country Code,"
    "Default Address Zip,Default Address Phone,Phone,Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags"
)
_SQUARE: Final = (
    "Reference ID,First Name,Last Name,Email Address,Phone Number,Nickname,Company Name,Street Address 1,"
    "Street Address 2,City,State,Postal Code,Birthday,Memo,Square Customer ID,Creation Source,First Visit,Last Visit,"
    "Transaction Count,Lifetime Spend,Email Subscription Status,Instant Profile"
)
_CONSTANT: Final = (
    "Email address,First name,Last name,Phone - mobile,Phone - home,Street address - Home,City - Home,"
    "State/Province - Home,Zip/Postal code - Home,Country - Home,Birthday,Email status,Email permission status,"
    "Email update source,SMS permission status,SMS opt-out date,Email Lists,Tags,Source Name,Created At,Updated At"
)


def rows_of(headings: str, *people: dict[str, object], encoding: str = "utf-8") -> bytes:
    """Return CSV with all the columns that the program writes, most of them empty."""
    names = headings.split(",")
    rows = ([each.get(name, "") for name in names] for each in people)
    return csv_of(names, *rows, encoding=encoding)


CASES: Final[list[Case]] = [
    case(
        "all of Outlook's columns", "Outlook",
        rows_of(
            _OUTLOOK,
            {"First Name": "José", "Last Name": "Quill", "Business Phone": "(615) 555-7001", "Home Phone": "(615) 555-7002",
             "Mobile Phone": "(615) 555-7003", "Business Fax": "(615) 555-7004", "Birthday": "0/0/00", "Anniversary": "0/0/00",
             "Home City": "Nashville", "Home State": "TN", "Home Postal Code": "37201", "E-mail Address": "jose@example.com",
             "E-mail Type": "SMTP", "Gender": "Unspecified", "Private": "FALSE", "Priority": "Normal", "Sensitivity": "Normal"},
            {"First Name": "Ben", "Last Name": "Quill", "Mobile Phone": "+1 (615) 555-7005", "Birthday": "6/12/1968",
             "Private": "TRUE", "Anniversary": "0/0/00", "Gender": "Male"},
            {"First Name": "Cleo", "Home Phone": "615.555.7006", "Pager": "615-555-7007", "Private": "FALSE"},
            encoding="cp1252",
        ),
        calm=[7003, 7005, 7006],
        people={7003: {"first_name": "José", "last_name": "Quill", "email": "jose@example.com", "birthdate": None},
                7005: {"birthdate": "1968-06-12"}},
    ),
    case(
        "Outlook with a category that says no texts", "Outlook",
        rows_of(
            _OUTLOOK,
            {"First Name": "Ada", "Mobile Phone": "615-555-7011", "Categories": "Customer;Do Not Text", "Private": "FALSE"},
            {"First Name": "Ben", "Mobile Phone": "615-555-7012", "Categories": "Customer", "Private": "FALSE"},
        ),
        doubtful=[7011], either=[7012], people={7011: {"first_name": "Ada"}},
    ),
    case(
        "Outlook with a fax alone", "Outlook",
        csv_of(["First Name", "Business Fax", "Pager", "Mobile Phone"], ["Ada", "615-555-7021", "", ""],
               ["Ben", "", "615-555-7022", ""], ["Cleo", "", "", "615-555-7023"]),
        calm=[7023], out=2,
    ),
    case(
        "all of Google's columns", "Google Contacts",
        rows_of(
            _GOOGLE,
            {"First Name": "Zoë", "Last Name": "Quill", "Birthday": "1990-06-12", "Labels": "* myContacts", "E-mail 1 - Label": "* Home",
             "E-mail 1 - Value": "zoe@example.com", "Phone 1 - Label": "Home", "Phone 1 - Value": "615-555-7031",
             "Phone 2 - Label": "Mobile", "Phone 2 - Value": "+1 615-555-7032", "Phone 3 - Label": "Work Fax", "Phone 3 - Value": "615-555-7033",
             "Address 1 - Formatted": "1 Main St\nNashville, TN 37201\nUS", "Address 1 - Street": "1 Main St", "Address 1 - City": "Nashville",
             "Address 1 - Region": "TN", "Address 1 - Postal Code": "37201", "Address 1 - Country": "US"},
            {"First Name": "Ben", "Birthday": "--12-01", "Phone 1 - Label": "Work Fax", "Phone 1 - Value": "615-555-7034",
             "Phone 2 - Label": "Home", "Phone 2 - Value": "615-555-7035", "Labels": "* myContacts ::: Family"},
            {"First Name": "Cleo", "Phone 1 - Value": "6155557036", "Labels": "* myContacts"},
        ),
        calm=[7032, 7035, 7036],
        people={7032: {"first_name": "Zoë", "last_name": "Quill", "birthdate": "1990-06-12", "city": "Nashville", "state": "TN", "zip": "37201"},
                7035: {"birthdate": None}},
    ),
    case(
        "Google with a label that says no texts", "Google Contacts",
        rows_of(
            _GOOGLE,
            {"First Name": "Ada", "Phone 1 - Label": "Mobile", "Phone 1 - Value": "615-555-7041", "Labels": "* myContacts ::: Do not text"},
            {"First Name": "Ben", "Phone 1 - Label": "Mobile", "Phone 1 - Value": "615-555-7042", "Labels": "* myContacts"},
        ),
        doubtful=[7041], either=[7042],
    ),
    case(
        "Google of old", "Google Contacts",
        rows_of(
            _OLD_GOOGLE,
            {"Name": "Ada Quill", "Given Name": "Ada", "Family Name": "Quill", "Phone 1 - Type": "Work", "Phone 1 - Value": "615-555-7051",
             "Phone 2 - Type": "Mobile", "Phone 2 - Value": "615-555-7052", "Birthday": " --06-12", "Group Membership": "* My Contacts"},
            {"Name": "Ben Quill", "Given Name": "Ben", "Family Name": "Quill", "Phone 1 - Type": "Mobile", "Phone 1 - Value": "615-555-7053",
             "Phone 2 - Type": "Home", "Phone 2 - Value": "615-555-7054"},
            encoding="utf-16",
        ),
        calm=[7052, 7053], people={7052: {"first_name": "Ada", "last_name": "Quill"}},
    ),
    case(
        "two numbers in one of Google's cells", "Google Contacts",
        csv_of(["First Name", "Phone 1 - Label", "Phone 1 - Value"], ["Ada", "Mobile", "615-555-7061 ::: 615-555-7062"],
               ["Ben", "Mobile", "615-555-7063"]),
        calm=[7063], may_be=[7061, 7062], out=None,
    ),
    case(
        "Apple's invisible marks", "Apple Numbers",
        csv_of(["Name", "Phone", "Birthday"], ["Ada Quill", "\u202a(615)\u00a0555‑7071\u202c", "Jun 12, 1990"],
               ["Ben Quill", "\u200e+1\u00a0615\u00a0555\u00a07072", ""], ["Cleo Quill", "mobile: \u2068615-555-7073\u2069", ""]),
        calm=[7071, 7072, 7073], people={7071: {"birthdate": "1990-06-12"}},
    ),
    case(
        "address cards", "Apple Contacts", b"BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Ada Quill\r\nTEL;type=CELL:615-555-7081\r\nEND:VCARD\r\n",
        refused=True, file_name="cards.vcf",
    ),
    case(
        "Salesforce's own and installed fields", "Salesforce",
        csv_of(
            ["Id", "FirstName", "LastName", "MobilePhone", "HasOptedOutOfEmail", "HasOptedOutOfFax", "DoNotCall",
             "et4ae5__HasOptedOutOfMobile__c", "smagicinteract__SMSOptOut__c"],
            ["0035f000012", "Ada", "Quill", "(615) 555-7411", "false", "false", "false", "false", "true"],
            ["0035f000013", "Ben", "Quill", "(615) 555-7412", "true", "true", "false", "false", "false"],
            ["0035f000014", "Cleo", "Quill", "(615) 555-7413", "false", "false", "false", "true", "false"],
            ["0035f000015", "Dan", "Quill", "(615) 555-7414", "false", "false", "true", "false", "false"],
            quote_all=True,
        ),
        stops=[7411, 7413], calm=[7412], asked=[7414],
    ),
    case(
        "Salesforce with a footer", "Salesforce",
        csv_of(
            ["First Name", "Last Name", "Mobile", "SMS Opt Out", "SMS Opt Out Date"],
            ["Ada", "Quill", "(615) 555-7421", "1", "2/3/2024, 11:12 AM"],
            ["Ben", "Quill", "(615) 555-7422", "0", ""],
            [], ["Grand Totals (2 records)"], ["Confidential Information - Do Not Distribute"],
            ["Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."],
            quote_all=True,
        ),
        stops=[7421], calm=[7422], out=None, said={7421: "2024-02-03"},
    ),
    case(
        "a managed package's field", "Salesforce",
        csv_of(
            ["Full Name", "Mobile Phone", "pkg__SMSOptOut__c", "pkg__SMS_Opt_Out_Date__c"],
            ["Ada Quill", "615-555-7425", "TRUE", "2024-02-03T11:12:13.000+0000"], ["Ben Quill", "615-555-7426", "FALSE", ""],
        ),
        stops=[7425], calm=[7426], said={7425: "2024-02-03"},
    ),
    case(
        "a report saved as a web page", "Salesforce",
        b"<html><head><meta http-equiv='Content-Type' content='text/html'></head><table><tr><td>Mobile</td></tr>"
        b"<tr><td>615-555-7427</td></tr></table></html>",
        refused=True, file_name="report.xls",
    ),
    case(
        "HubSpot", "HubSpot",
        csv_of(
            ["Record ID", "First Name", "Last Name", "Email", "Phone Number", "Mobile Phone Number", "Unsubscribed from all email",
             "Opted out of email: Marketing Information", "Marketing contact status", "SMS subscription status", "Create Date"],
            ["101", "Ada", "Quill", "ada@example.com", "", "(615) 555-7501", "Yes", "", "Marketing contact", "Opted out", "2024-01-02 10:11"],
            ["102", "Ben", "Quill", "ben@example.com", "615-555-7502", "", "Yes", "true", "Non-marketing contact", "Opted in", "2024-01-02 10:11"],
            ["103", "Cleo", "Quill", "cleo@example.com", "615-555-7503", "615-555-7504", "", "", "Non-marketing contact", "", "2024-01-02 10:11"],
        ),
        stops=[7501], calm=[7502, 7504], people={7501: {"email": "ada@example.com"}},
    ),
    case(
        "HubSpot, email alone", "HubSpot",
        csv_of(
            ["First Name", "Mobile Phone Number", "Unsubscribed from all email", "Email Opt Out", "Email Hard Bounce Reason"],
            ["Ada", "(615) 555-7511", "Yes", "Yes", "MAILBOX_FULL"], ["Ben", "(615) 555-7512", "No", "No", ""],
        ),
        calm=[7511, 7512],
    ),
    case(
        "Klaviyo's consent and suppression", "Klaviyo",
        csv_of(
            ["Email", "Klaviyo ID", "First Name", "Last Name", "Phone Number", "Email Marketing Consent", "Email Suppressions",
             "SMS Marketing Consent", "SMS Suppressions", "SMS Marketing Consent Timestamp"],
            ["a@example.com", "01H1", "Ada", "Quill", "+16155557521", "UNSUBSCRIBED", "['USER_SUPPRESSED']", "SUBSCRIBED", "", "2024-02-03 11:12:13"],
            ["b@example.com", "01H2", "Ben", "Quill", "+16155557522", "SUBSCRIBED", "", "UNSUBSCRIBED", "", "2024-02-03 11:12:13"],
            ["c@example.com", "01H3", "Cleo", "Quill", "+16155557523", "SUBSCRIBED", "", "SUBSCRIBED", "['USER_SUPPRESSED']", ""],
            ["d@example.com", "01H4", "Dan", "Quill", "+16155557524", "NEVER_SUBSCRIBED", "", "NEVER_SUBSCRIBED", "", ""],
        ),
        stops=[7522], doubtful=[7523], either=[7521, 7524],
    ),
    case(
        "Klaviyo's consent timestamps are no opt-outs", "Klaviyo",
        csv_of(
            ["Email", "Phone Number", "SMS Marketing Consent", "SMS Marketing Consent Timestamp", "SMS Marketing Consent Source"],
            ["a@example.com", "+16155557525", "SUBSCRIBED", "2024-02-03 11:12:13", "Klaviyo Form"],
            ["b@example.com", "+16155557526", "SUBSCRIBED", "2024-02-04 11:12:13", "Checkout"],
        ),
        calm=[7525, 7526],
    ),
    case(
        "Mailchimp", "Mailchimp",
        csv_of(
            ["Email Address", "First Name", "Last Name", "Address", "Phone Number", "Birthday", "SMS Phone Number", "SMS Status", "MEMBER_RATING",
             "OPTIN_TIME", "CONFIRM_TIME", "TAGS"],
            ["a@example.com", "Ada", "Quill", "1 Main St Nashville TN 37201 US", "", "06/12", "+16155557531", "Unsubscribed", "2", "", "2024-02-03 11:12:13", ""],
            ["b@example.com", "Ben", "Quill", "", "615-555-7532", "", "", "", "2", "2024-02-03 11:12:13", "2024-02-03 11:12:13", '"VIP"'],
            ["c@example.com", "Cleo", "Quill", "", "615-555-7533", "12/25", "+16155557534", "Subscribed", "2", "", "2024-02-03 11:12:13", ""],
        ),
        stops=[7531], calm=[7532, 7534], people={7531: {"birthdate": None, "first_name": "Ada"}},
    ),
    case(
        "Mailchimp's unsubscribes are of email", "Mailchimp",
        csv_of(
            ["Email Address", "First Name", "Phone Number", "UNSUB_TIME", "UNSUB_CAMPAIGN_TITLE", "UNSUB_REASON"],
            ["a@example.com", "Ada", "615-555-7535", "2024-02-03 11:12:13", "Spring", "NORMAL"],
        ),
        either=[7535],
    ),
    case(
        "Shopify", "Shopify",
        rows_of(
            _SHOPIFY,
            {"Customer ID": "'6940094562000", "First Name": "Ada", "Last Name": "Quill", "Email": "a@example.com", "Accepts Email Marketing": "no",
             "Default Address Address1": "1 Main St", "Default Address City": "Boston", "Default Address Province Code": "MA", "Default Address Country Code": "US",
             "Default Address Zip": "'02116", "Default Address Phone": "'+16155557541", "Phone": "'+16155557542", "Accepts SMS Marketing": "yes", "Total Spent": "12.00", "Total Orders": "1"},
            {"Customer ID": "'6940094562001", "First Name": "Ben", "Phone": "'+16155557543", "Accepts SMS Marketing": "no", "Accepts Email Marketing": "yes", "Tags": "vip"},
            {"Customer ID": "'6940094562002", "First Name": "Cleo", "Default Address Phone": "6155557544", "Accepts SMS Marketing": "no", "Accepts Email Marketing": "yes"},
        ),
        calm=[7542], either=[7543, 7544], people={7542: {"zip": "02116", "city": "Boston", "state": "MA", "address": "1 Main St"}},
    ),
    case(
        "Shopify with tags that say no texts", "Shopify",
        csv_of(["First Name", "Phone", "Accepts SMS Marketing", "Tags"], ["Ada", "'+16155557545", "yes", "vip, SMS opt-out"],
               ["Ben", "'+16155557546", "yes", "vip"]),
        doubtful=[7545], either=[7546],
    ),
    case(
        "Square", "Square",
        rows_of(
            _SQUARE,
            {"First Name": "Ada", "Last Name": "Quill", "Phone Number": "'+1 615-555-7551", "Email Address": "a@example.com", "City": "Nashville", "State": "TN",
             "Postal Code": "37201", "Birthday": "1990-06-12", "Email Subscription Status": "unsubscribed", "Creation Source": "Directory", "Transaction Count": "3"},
            {"First Name": "Ben", "Phone Number": "(615) 555-7552", "Email Subscription Status": "subscribed", "Birthday": "--06-12", "Memo": "Likes tea"},
        ),
        calm=[7551, 7552], people={7551: {"city": "Nashville", "state": "TN", "zip": "37201", "birthdate": "1990-06-12"}},
    ),
    case(
        "Brevo", "Brevo",
        csv_of(
            ["CONTACT ID", "EMAIL", "LASTNAME", "FIRSTNAME", "SMS", "EMAIL BLOCKLISTED", "SMS BLOCKLISTED", "ADDED_TIME"],
            ["1", "a@example.com", "Quill", "Ada", "16155557561", "0", "1", "03-02-2024 11:12:13"],
            ["2", "b@example.com", "Quill", "Ben", "16155557562", "1", "0", "03-02-2024 11:12:13"],
            separator=";",
        ),
        stops=[7561], calm=[7562],
    ),
    case(
        "Brevo's reasons", "Brevo",
        csv_of(
            ["SMS", "FIRSTNAME", "SMS status"],
            ["16155557563", "Ada", "Blocklisted"], ["16155557564", "Ben", "Unsubscribed via SMS"], ["16155557565", "Cleo", "Subscribed"],
            ["16155557566", "Dan", "Blocked by admin"], ["16155557567", "Eve", "Unsubscribed"], separator=";",
        ),
        stops=[7563, 7564, 7567], doubtful=[7566], calm=[7565],
    ),
    case(
        "EZ Texting", "EZ Texting",
        csv_of(
            ["Phone Number", "First Name", "Last Name", "Email", "Note", "Source", "Opted Out", "Opt Out Date", "Created At", "Group Ids"],
            ["6155557571", "Ada", "Quill", "", "", "Upload", "true", "02-03-2024", "01-02-2024", ""],
            ["6155557572", "Ben", "Quill", "", "", "WebInterface", "false", "", "01-02-2024", "5, 6"],
            quote_all=True,
        ),
        stops=[7571], calm=[7572], said={7571: "2024-02-03"},
    ),
    case(
        "EZ Texting's opt-out report", "EZ Texting",
        csv_of(["PhoneNumber", "OptOutDate", "OptOutSource"], ["6155557573", "Feb 3, 2024 11:12 AM", "Keyword STOP"],
               ["6155557574", "3/4/24 9:01 PM", "Admin"]),
        stops=[7573, 7574], said={7573: "2024-02-03", 7574: "2024-03-04"},
    ),
    case(
        "SimpleTexting", "SimpleTexting",
        csv_of(
            ["Phone", "First name", "Last name", "Email", "Birthday", "Status", "Subscription date", "Unsubscription date", "Lists"],
            ["(615) 555-7581", "Ada", "Quill", "", "06/12/1990", "Opted Out - keyword", "01/02/2024", "02/03/2024", "Main"],
            ["(615) 555-7582", "Ben", "Quill", "", "", "Active", "01/02/2024", "", "Main"],
            ["(615) 555-7583", "Cleo", "Quill", "", "", "Unsubscribed", "01/02/2024", "02/03/2024", "Main"],
            ["(615) 555-7584", "Dan", "Quill", "", "", "Invalid", "01/02/2024", "", "Main"],
        ),
        stops=[7581, 7583], calm=[7582], either=[7584], people={7581: {"birthdate": "1990-06-12"}},
    ),
    case(
        "Twilio's opt-outs", "Twilio",
        csv_of(["To", "Messaging Service SID", "Opt-Out Status", "Date"], ["+16155557591", "MG1", "Opted-Out", "2024-02-03T11:12:13Z"],
               ["whatsapp:+16155557592", "MG1", "opted out", "2024-02-03T11:12:13Z"], ["+16155557593", "MG1", "Opted-In", "2024-02-03T11:12:13Z"]),
        stops=[7591, 7592], calm=[7593], columns={"To": "mobile_number"},
    ),
    case(
        "Twilio's message log", "Twilio",
        csv_of(
            ["From", "To", "Body", "Status", "SentDate", "Direction", "NumSegments", "ErrorCode", "Sid"],
            ["+16155557594", "+16155559999", "STOP", "received", "2024-02-03 11:12:13 UTC", "inbound", "1", "", "SM1"],
            ["+16155557595", "+16155559999", "Thanks!", "received", "2024-02-03 11:12:13 UTC", "inbound", "1", "", "SM2"],
        ),
        doubtful=[7594], either=[7595], columns={"From": "mobile_number", "To": ""},
    ),
    case(
        "Constant Contact", "Constant Contact",
        rows_of(
            _CONSTANT,
            {"Email address": "a@example.com", "First name": "Ada", "Last name": "Quill", "Phone - mobile": "(615) 555-7601", "Phone - home": "(615) 555-7602",
             "City - Home": "Nashville", "State/Province - Home": "Tennessee", "Zip/Postal code - Home": "37201", "Birthday": "06/12",
             "Email status": "Unsubscribed", "Email permission status": "Explicit", "SMS permission status": "Explicit"},
            {"Email address": "b@example.com", "First name": "Ben", "Phone - mobile": "615-555-7603", "Email status": "Active",
             "Email permission status": "Implied", "SMS permission status": "Unsubscribed", "SMS opt-out date": "2024-02-03 11:12:13 EST"},
        ),
        stops=[7603], either=[7601], people={7601: {"city": "Nashville", "state": "TN", "zip": "37201", "birthdate": None}},
        said={7603: "2024-02-03"},
    ),
    case(
        "ActiveCampaign", "ActiveCampaign",
        csv_of(
            ["Contact ID", "Email", "First Name", "Last Name", "Phone", "Date Created", "IP Address", "SMS Opt-in Status", "Email Status", "Tags"],
            ["1", "a@example.com", "Ada", "Quill", "+1 615-555-7611", "2024-01-02 10:11:12", "192.0.2.1", "Opted Out", "Active", ""],
            ["2", "b@example.com", "Ben", "Quill", "+1 615-555-7612", "2024-01-02 10:11:12", "192.0.2.2", "Opted In", "Unsubscribed", ""],
            ["3", "c@example.com", "Cleo", "Quill", "+1 615-555-7613", "2024-01-02 10:11:12", "192.0.2.3", "Unknown", "Bounced", ""],
        ),
        stops=[7611], calm=[7612], either=[7613],
    ),
    case(
        "SlickText", "SlickText",
        csv_of(
            ["Phone Number", "First Name", "Last Name", "Opt-in Status", "Opted Out At", "Last Opt-in Status Change", "Source"],
            ["+16155557621", "Ada", "Quill", "unsubscribed", "2024-02-03 11:12:13", "2024-02-03 11:12:13", "keyword"],
            ["+16155557622", "Ben", "Quill", "subscribed", "", "2024-02-03 11:12:13", "keyword"],
            ["+16155557623", "Cleo", "Quill", "blocked", "", "2024-02-03 11:12:13", "keyword"],
            ["+16155557624", "Dan", "Quill", "not subscribed", "", "", "import"],
        ),
        stops=[7621, 7623], calm=[7622, 7624], said={7621: "2024-02-03"},
    ),
    case(
        "Attentive's suppression list", "Attentive",
        csv_of(["phone", "opt_out_reason", "suppressed_at"], ["16155557631", "TEXTED_STOP", "1706958733"], ["16155557632", "CARRIER", "1706958733000"]),
        stops=[7631, 7632], said={7631: "2024-02-03", 7632: "2024-02-03"},
    ),
    case(
        "Microsoft Dynamics", "Dynamics 365",
        xlsx_of(
            ["(Do Not Modify) Contact", "(Do Not Modify) Row Checksum", "(Do Not Modify) Modified On", "First Name", "Mobile Phone",
             "Do not allow Phone Calls", "Do not allow Emails", "Do not allow SMS"],
            ["1f0c-a1", "qX9=", datetime.fromisoformat("2024-02-03T11:12:00"), "Ada", "615-555-7641", "Allow", "Allow", "Do Not Allow"],
            ["1f0c-a2", "qY9=", datetime.fromisoformat("2024-02-04T11:12:00"), "Ben", "615-555-7642", "Allow", "Do Not Allow", "Allow"],
        ),
        doubtful=[7641], calm=[7642], file_name="dynamics.xlsx",
    ),
    case(
        "Access writes minus one for yes", "Access",
        csv_of(["FName", "LName", "CellPhone", "NoTexts"], ["Ada", "Quill", "6155557651", "-1"], ["Ben", "Quill", "6155557652", "0"]),
        doubtful=[7651], calm=[7652],
    ),
    case(
        "MySQL's zero dates are no day", "MySQL",
        csv_of(["first_name", "mobile", "sms_opted_out_at"], ["Ada", "6155557661", "2024-02-03 11:12:13"], ["Ben", "6155557662", "0000-00-00 00:00:00"],
               ["Cleo", "6155557663", r"\N"]),
        stops=[7661], either=[7662], calm=[7663], said={7661: "2024-02-03"},
    ),
    case(
        "QuickBooks", "QuickBooks",
        text_of("""
        Customer  | Phone                | Full Name | Billing Address                       | Open Balance
        Quill Ada | Mobile: 615-555-7671 | Ada Quill | 1 Main St, Nashville, TN 37201        | 6,155.55
        Quill Ben | Phone:(615) 555-7672 | Ben Quill | 2 Main St, Nashville, TN 37201        | 0.00
        """),
        calm=[7671, 7672],
    ),
    case(
        "Mindbody", "Mindbody",
        csv_of(["Client ID", "Last Name", "First Name", "Mobile Phone", "Home Phone", "Opt Out of Marketing Texts", "Opt Out of Marketing Emails"],
               ["100", "Quill", "Ada", "6155557681", "", "Yes", "No"], ["101", "Quill", "Ben", "6155557682", "", "No", "Yes"]),
        stops=[7681], calm=[7682],
    ),
    case(
        "a clinic's preferences", "a clinic",
        csv_of(["Patient Name", "Cell Phone", "Contact Preference", "Text Message Consent"], ["Quill, Ada", "615-555-7691", "Phone", "Declined"],
               ["Quill, Ben", "615-555-7692", "Text", "Accepted"]),
        doubtful=[7691], either=[7692], people={7691: {"first_name": "Ada", "last_name": "Quill"}},
    ),
]  # fmt: skip
