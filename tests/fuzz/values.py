"""What odd requests are made of."""

from typing import Final

from django.apps import apps

TEXTS: Final = (
    "", " ", "0", "-1", "1", "2", "3.5", "1e309", "NaN", "inf", "²", "٣", "१२३", "9" * 18, "9" * 19, "9" * 400,
    "9" * 5000, "-" + "9" * 30, "0x10", "1_000", "+", "%", "%zz", "%00", "\0", "a\0b", "\ud800", "\udfff\ud800",
    "\ufffe", "🙂", "\u202etxt", "e\u0301" * 50, "ﷺ" * 20, "x" * 201, "x" * 70_000, "\r\nX-Odd: 1", "\n", "\t",
    "\x1b[31m", "\x85", "<script>alert(1)</script>", "{{ 7*7 }}", "{% url 'x' %}", "%(x)s", "{0}", "' OR 1=1 --",
    "\\", "/", "//evil.example/", "/\\evil.example", "http://[", "https://[::1", "javascript:alert(1)",
    "../../etc/passwd", "[]", "{}", '{"a":1}', "null", "true", "on", "[" * 2000, "number:abc",
    "id:9999999999999999999999", 'status:""', "name:(", "*", "a OR b", "(", ")", '"', "^", "-x", "AND", "NEAR(a b)",
    "marty mcfly", "Marty", "+16155553338", "6155553338", "(615) 555-0123", "+44 20 7946 0958", "911", "7778",
    "7778,7779", "state=TN&q=a", "q=%00", "q=%ED%A0%80", "sort=-name&offset=9e9", ",,,",
)  # fmt: skip
MOMENTS: Final = (
    "0001-01-01", "9999-12-31", "0000-00-00", "10000-01-01", "1-1-1", "2026-02-30", "1990-12-31", "2026-11-22",
    "8999-12-31", "1582-10-05", "0001-01-01T00:00", "9999-12-31T23:59", "0001-01-01T00:00:00",
    "9999-12-31T23:59:59.999999", "2026-03-08T02:30", "2026-11-01T01:30", "2026-11-22T12:30", "2026-11-22T25:61",
    "2026-11-22 12:30", "1900-01-01T00:00", "9999-12-31T23:59:59+14:00", "0001-01-01T00:00:00-14:00",
    "2026-11-22T12:30Z", "now", "10/31/2026", "12:30", "-2026-11-22", "２０２６-11-22",
)  # fmt: skip
URLS: Final = (
    "http://testserver/contacts/", "http://testserver/contacts/?q=a&offset=50", "http://[", "http://[::1",
    "https://[]/", "http://testserver:99999999/", "http://testserver:x/", "//", "///", "http://", "\\\\x",
    "http://a@b@c/", "about:blank", "http://testserver/%zz%ED%A0%80", "http://testserver/é\xff",
    "http://testserver/\0", "data:,x", "", "http://ex\u212bmple/", "http://testserver/" + "a" * 9000,
    "http://testserver/;a?b#c", "HTTP://TESTSERVER", "http://xn--\xff/", "http://℀/",
)  # fmt: skip
TYPES: Final = (
    "application/x-www-form-urlencoded", "multipart/form-data; boundary=B", "application/json", "text/plain", "", "x",
    ";", "/", "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=nonsense", "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=idna", "application/x-www-form-urlencoded; charset=punycode",
    "application/x-www-form-urlencoded; charset=base64", "application/x-www-form-urlencoded; charset=\0",
    "application/x-www-form-urlencoded; charset=rot13", "application/x-www-form-urlencoded; charset=",
    "application/x-www-form-urlencoded; charset=é", "application/x-www-form-urlencoded; charset=latin-1",
    "application/x-www-form-urlencoded; charset=undefined", "application/x-www-form-urlencoded; charset*=utf-8''x",
    "application/x-www-form-urlencoded; charset*=x''%ff", "multipart/form-data", "multipart/form-data; boundary=",
    "multipart/form-data; boundary=é", "multipart/form-data; boundary=" + "b" * 300,
    "multipart/form-data; boundary=B; charset=utf-7", "multipart/form-data; boundary=B; charset=nonsense",
    "multipart/form-data; boundary*=utf-7''B", "multipart/form-data; boundary=C", "multipart/mixed; boundary=B",
)  # fmt: skip
# Name of the header -> what it may hold; () is any of TEXTS.
HEADERS: Final[dict[str, tuple[str, ...]]] = {
    "HX-Request": ("true", "false", "1", ""),
    "HX-Boosted": ("true", "x"),
    "HX-Target": ("results", "job-panel", "rows", "dialog", "consent-7778"),
    "HX-Trigger": (),
    "HX-Trigger-Name": (),
    "HX-Prompt": (),
    "HX-History-Restore-Request": ("true", "false"),
    "HX-Current-URL": URLS,
    "HX-Current-URL-URI-AutoEncoded": ("true", "false"),
    "Triggering-Event": ("{", "{}", "[1]", "null", '{"a":' * 500),
    "Triggering-Event-URI-AutoEncoded": ("true",),
    "Referer": URLS,
    "Origin": (*URLS, "null"),
    "Range": ("bytes=0-", "bytes=-1", "bytes=9-1", "bytes=a-b", "lines=0-1", "bytes=0-1,2-3" * 50),
    "If-Range": ("x", "Sat, 01 Jan 0001 00:00:00 GMT"),
    "If-None-Match": ("*", '"x"', 'W/"', "é"),
    "If-Match": ("*", "x"),
    "If-Modified-Since": (
        "Sat, 01 Jan 0001 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 99 Jan 99999 1:1:1 GMT",
    ),
    "If-Unmodified-Since": ("Sat, 01 Jan 0000 00:00:00 GMT", "x"),
    "Accept": ("*/*", "text/html;q=x", "/", "text/html;level=1;q=0.5," * 50, "application/json"),
    "Accept-Language": (
        "de", "zz-ZZ", "*", "en;q=9", "x" * 900, "en-us;q=0.5," * 400, "-", "é", "\0", "zh-hant-" * 100,
    ),
    "Accept-Encoding": ("gzip", "br", "identity;q=0", "*;q=0", "gzip;q=x"),
    "Accept-Charset": ("utf-7",),
    "User-Agent": ("", "x" * 5000, "é\xff"),
    "X-Request-ID": ("job-00000001", "x", "é" * 10, "a" * 64),
    "X-Forwarded-For": ("1.2.3.4", "x", "1.2.3.4, é", "::1", "[::1", "," * 50, "127.0.0.1:99999", "fe80::1%eth0"),
    "X-Forwarded-Proto": ("https", "http", "x, https"),
    "X-Forwarded-Host": ("evil.example", "[", "é"),
    "X-Forwarded-Port": ("x", "999999"),
    "X-HTTP-Method-Override": ("DELETE",),
    "X-CSRFToken": ("x", "é", "", "a" * 64),
    "X-CCAI-Signature": ("x", "é", "", "====", "\ud800"),
    "Authorization": ("Bearer x", "Basic \xff", "Bearer", "é", "Basic ===="),
    "Host": ("testserver", "evil.example", "[", "a b", "testserver:99999", "é", "", "[::1]:x"),
    "Content-Length": ("", "x", "-1", "0", "3"),
    "Content-Encoding": ("gzip", "x"),
    "Transfer-Encoding": ("chunked",),
    "Expect": ("100-continue",),
    "Upgrade": ("websocket",),
    "Purpose": ("prefetch",),
}  # fmt: skip
COOKIES: Final[dict[str, tuple[str, ...]]] = {
    "sessionid": ("", "x", "é", "\0", "a" * 32, "a" * 5000, "../x"),
    "csrftoken": ("", "x", "é", "a" * 64, "b" * 32),
    "messages": ("x", "é", '[["__json_message",0,20,"x"]]', "W10:x:y", "{", "a" * 3000),
    "odd": ('"', ";;;", "=", "a=b=c", "\\", '"\\'),
}  # fmt: skip
FILE_NAMES: Final = (
    "", '; filename="a.csv"', '; filename="\xff"', "; filename*=utf-7''a", '; filename="../a.xlsx"',
    "; filename*=x''%ff",
)  # fmt: skip
PART_HEADERS: Final = (
    "", "", "Content-Type: text/csv; charset=utf-7\r\n", "Content-Transfer-Encoding: base64\r\n", "X\r\n",
)  # fmt: skip
FILE_CONTENTS: Final = (
    "Cell\n6155550777\n", "PK\x03\x04", "\xd0\xcf\x11\xe0", "First,Cell\n=1,x\n", "\0", "a;b\n\xff;1\n",
    "Phone\tStop\n6155550777\tyes\n",
)  # fmt: skip
# Values of JSON, where a vendor's event has one.
DEEP: Final = (
    '"x"', "1", "1e400", "null", "[]", "{}", '"\\ud800"', '"\\u0000"', "9" * 5000, "[" * 3000, '"+16155553338"',
    '"0001-01-01T00:00:00Z"',
)  # fmt: skip
METHODS: Final = (
    *["GET", "POST", "GET", "POST", "GET", "POST", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE"],
    *["TRACE", "ODD", "get"],
)
# What no form declares: names that views read themselves, and Django's own.
NAMES: Final = (
    *("offset", "size", "page", "next", "q", "sort", "from", "to", "before", "after"),
    *("live", "reading", "show", "kind", "view", "version"),
)


def choices() -> list[str]:
    """Return every value that a column of ours may hold, so that odd requests reach what depends on them."""
    found = {
        str(value)
        for model in apps.get_app_config("contacts_ui").get_models()
        for each in model._meta.fields
        for value, _ in each.choices or ()
    }
    return sorted(found)
