"""The replies that the vendors' own documents print, to hold the sandbox against."""

import json
from typing import Any

# vendor-docs/slicktext-contacts.txt, "Retrieve All Contacts".
LIST: dict[str, Any] = json.loads("""
{
"data": [
{
"contact_id": 7778,
"_brand_id": 123456789,
"first_name": "Marty",
"last_name": "McFly",
"mobile_number": "+16155553338",
"mobile_number_carrier": null,
"email": "marty@slicktext.com",
"birthdate": "1968-06-12",
"address": "9303 Lyon Drive",
"city": "Hill Valley",
"state": "CA",
"zip": 95420,
"country": "US",
"source": "api",
"_source_id": "null",
"sub_source": "null",
"_sub_source_id": "null",
"custom_fields": {
"member": 1,
"member_number": 12345,
"membership_date": "1985-10-26"
},
"timezone": "America/Los_Angeles",
"language": "en",
"opt_in_status": "subscribed",
"last_opt_in_status_change": null,
"created": "1955-11-12 06:38:00",
"last_updated": "2015-10-15 07:28:00"
}
],
"pagingData": {
"prevPage": null,
"currentPage": null,
"nextPage": null,
"currentPageString": null,
"hasMore": true
}
}
""")

# The same document, "Retrieve a Specific Contact".
SINGLE: dict[str, Any] = LIST["data"][0] | {
    "_source_id": None,
    "sub_source": "api",
    "_sub_source_id": "api",
}

# The same document, "Create a Contact"; "Edit a Specific Contact" has the same without the last.
CREATED: dict[str, Any] = {
    **{k: v for k, v in LIST["data"][0].items() if "source_id" not in k and k != "sub_source"},
    "contact_id": 25056,
    "_brand_id": 5,
    "email": "mcfly@slicktext.com",
    "force_double_opt_in": "true",
}
EDITED: dict[str, Any] = {k: v for k, v in CREATED.items() if k != "force_double_opt_in"}

# vendor-docs/cloudcontactai-do-not-text.txt, "Response Body": the fields and their types.
DO_NOT_TEXT = {"contactId": str, "phone": str, "doNotText": bool}


def ours(sample: dict[str, Any], **other: Any) -> dict[str, Any]:
    """The sample as this brand would see it."""
    return sample | {"_brand_id": 26136} | other
