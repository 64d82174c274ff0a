"""The environment is read loudly: half a vendor is an error, and every name is documented."""

import ast
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard.sign_in import read_openid
from dashboard.vendors import Vendors, read_vendors

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[A-Z][A-Z0-9_]+")
SLICKTEXT = {"SLICKTEXT_API_KEY": "st-key", "SLICKTEXT_BRAND_ID": "b26136"}
CCAI = {"CCAI_API_KEY": "cc-key", "CCAI_CLIENT_ID": "client-7"}
OURS = ("DJANGO_", "SLICKTEXT_", "CCAI_", "SANDBOX_", "DATABASE_", "REDIS_", "LOGIN_", "SESSION_")


class Reader(environ.Env):
    """Reads what it is given, and remembers what it was asked."""

    def __init__(self, **values: str) -> None:
        super().__init__()
        self.ENVIRON = values
        self.asked: set[str] = set()

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        self.asked.add(var)
        return super().get_value(var, *args, **kwargs)


def read(**values: str) -> Vendors:
    return read_vendors(Reader(**values))


def test_nothing_set_is_the_sandbox() -> None:
    vendors = read()
    assert vendors.sandbox
    assert vendors.slicktext.base_url == "http://127.0.0.1:8001/v1"
    assert vendors.cloudcontactai.base_url == "http://127.0.0.1:8001/api"


def test_what_leaves_it_the_sandbox() -> None:
    assert read(SANDBOX_URL="http://10.0.0.5:9/").slicktext.base_url == "http://10.0.0.5:9/v1"
    vendors = read(SLICKTEXT_BASE_URL="https://st.example/v1", CCAI_BASE_URL="https://c.example")
    assert vendors.sandbox
    assert read(SLICKTEXT_API_KEY="", SLICKTEXT_BRAND_ID=" ", CCAI_API_KEY="").sandbox


def test_both_vendors() -> None:
    vendors = read(**SLICKTEXT, **CCAI)
    assert not vendors.sandbox
    assert vendors.slicktext.base_url == "https://dev.slicktext.com/v1"
    assert (vendors.slicktext.api_key, vendors.slicktext.account) == ("st-key", "b26136")
    assert vendors.cloudcontactai.base_url == "https://core.cloudcontactai.com/api"
    assert (vendors.cloudcontactai.api_key, vendors.cloudcontactai.account) == (
        "cc-key",
        "client-7",
    )


def test_base_urls_are_a_setting() -> None:
    vendors = read(
        **SLICKTEXT,
        **CCAI,
        SLICKTEXT_BASE_URL="https://st.example/v1/",
        CCAI_BASE_URL="https://cc.example/api",
    )
    assert vendors.slicktext.base_url == "https://st.example/v1"
    assert vendors.cloudcontactai.base_url == "https://cc.example/api"


@pytest.mark.parametrize(
    ("keys", "there", "missing"),
    [(SLICKTEXT, "slicktext", "cloudcontactai"), (CCAI, "cloudcontactai", "slicktext")],
)
def test_one_vendor_leaves_the_other_not_connected(
    keys: dict[str, str], there: str, missing: str
) -> None:
    vendors = read(**keys, SANDBOX_URL="http://127.0.0.1:8001")
    assert getattr(vendors, there) is not None
    assert getattr(vendors, missing) is None
    assert not vendors.sandbox


@pytest.mark.parametrize("missing", [*SLICKTEXT, *CCAI])
@pytest.mark.parametrize("other", [{}, SLICKTEXT, CCAI])
def test_half_a_vendor_is_an_error_that_names_what_is_missing(
    missing: str, other: dict[str, str]
) -> None:
    values = {**SLICKTEXT, **CCAI} if other else (SLICKTEXT if missing in SLICKTEXT else CCAI)
    values = {name: value for name, value in values.items() if name != missing}
    with pytest.raises(ImproperlyConfigured, match=f"half set: {missing} is missing"):
        read(**values)


def test_a_brand_id_without_digits_is_an_error() -> None:
    with pytest.raises(ImproperlyConfigured, match="SLICKTEXT_BRAND_ID has no digits"):
        read(SLICKTEXT_API_KEY="key", SLICKTEXT_BRAND_ID="brand")


@pytest.mark.parametrize("key", ["st key", "st-kéy", "st\x07key"])
def test_a_key_that_no_header_may_carry_is_an_error_that_does_not_print_it(key: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="SLICKTEXT_API_KEY") as problem:
        read(SLICKTEXT_API_KEY=key, SLICKTEXT_BRAND_ID="26136")
    assert key not in str(problem.value)


def test_keys_are_not_printed() -> None:
    assert "st-key" not in repr(read(**SLICKTEXT))


def setting(
    expression: str, root: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """What `expression` is in a process of its own with nothing else of ours in the environment."""
    others = {k: v for k, v in os.environ.items() if not k.startswith((*OURS, "DASHBOARD_"))}
    return subprocess.run(
        [sys.executable, "-c", f"import dashboard.settings as s; print(({expression}))"],
        cwd=root,
        env={**others, "PYTHONPATH": str(ROOT), "DJANGO_READ_DOT_ENV": "off", **environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_a_secret_key_is_required(tmp_path: Path) -> None:
    """On a machine where `make run` has not made one."""
    shutil.copytree(ROOT / "dashboard", tmp_path / "dashboard")
    result = setting("s.SECRET_KEY", root=tmp_path)
    assert result.returncode != 0
    assert "DJANGO_SECRET_KEY is not set." in result.stderr


@pytest.mark.parametrize(
    ("expression", "given", "read"),
    [
        (
            "s.DEBUG, s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,"
            " s.SECURE_HSTS_SECONDS > 0, s.VENDORS.sandbox",
            {},
            "(False, True, True, True, True, True)",
        ),
        (
            "s.SECURE_SSL_REDIRECT, s.SESSION_COOKIE_SECURE, s.SECURE_HSTS_SECONDS",
            {"DJANGO_HTTPS": "off"},
            "(False, False, 0)",
        ),
        ("s.SECRET_KEY_FALLBACKS", {}, "[]"),
        (
            "s.SECRET_KEY_FALLBACKS",
            {"DJANGO_SECRET_KEY_FALLBACKS": "old,older"},
            "['old', 'older']",
        ),
        *(("s.UNDO_SECONDS", {"UNDO_SECONDS": n}, f"{n}.0") for n in ("0", "120")),
        ("s.UNDO_SECONDS", {}, "20.0"),
    ],
)
def test_what_is_read(expression: str, given: dict[str, str], read: str) -> None:
    """Production is the default; HTTPS may be off on a private machine; a press is held for twenty seconds."""
    result = setting(expression, DJANGO_SECRET_KEY="x", **given)
    assert result.stdout.strip() == read


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"CCAI_API_KEY": "secret-of-ours"}, "CCAI_CLIENT_ID is missing"),
        *(({"UNDO_SECONDS": odd}, "UNDO_SECONDS") for odd in ("-1", "120.5", "nan", "soon")),
        *(({"UNDO_MINUTES": left}, "Remove UNDO_MINUTES") for left in ("10", "")),
    ],
)
def test_what_cannot_be_stops_the_start(given: dict[str, str], says: str) -> None:
    result = setting("s.VENDORS", DJANGO_SECRET_KEY="x", **given)
    assert result.returncode != 0
    assert says in result.stderr
    assert "secret-of-ours" not in result.stderr


def names_in_settings() -> set[str]:
    """Every name that settings.py asks its `env` for, and what `read_vendors` and `read_openid` ask for."""

    def literals() -> Iterator[str]:
        for node in ast.walk(ast.parse((ROOT / "dashboard/settings.py").read_text())):
            match node:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="env")), args=[first, *_]):
                    assert isinstance(first, ast.Constant), ast.unparse(node)
                    yield first.value

    names = set(literals())
    for values in ({}, {**SLICKTEXT, **CCAI}):
        reader = Reader(**values)
        read_vendors(reader)
        names |= reader.asked
    reader = Reader(
        OIDC_ISSUER="https://id.example.com", OIDC_CLIENT_ID="x", OIDC_CLIENT_SECRET="y"
    )
    read_openid(reader, ())
    return names | reader.asked


def reads_the_environment(path: Path) -> bool:
    """Setting a variable for a library that reads it is not reading it."""
    tree = ast.parse(path.read_text())
    written = set()
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=value, ctx=ast.Store()):
                written.add(value)
            case ast.Call(func=ast.Attribute(value=value, attr="setdefault")):
                written.add(value)
    return any(
        ast.unparse(node) in ("os.environ", "os.getenv")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node not in written
    )


def test_only_settings_reads_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for folder in ("contacts_ui", "dashboard")
        for path in (ROOT / folder).rglob("*.py")
        if reads_the_environment(path)
    ]
    assert readers == []


def names_in_commands() -> set[str]:
    """What the Procfile, the Makefile and bin/ read."""
    names = ("Procfile", "Makefile", "gunicorn.conf.py")
    paths = [*(ROOT / name for name in names), *(ROOT / "bin").glob("*.py")]
    text = "\n".join(path.read_text() for path in paths)
    found = re.findall(rf"\$\{{?({NAME.pattern})|environ(?:\.get\(|\[)\"({NAME.pattern})", text)
    return {shell or python for shell, python in found}


# Still read, and no longer advertised.
NAMES_BEFORE_1_0 = {"INDEX_WALK_MINUTES", "DISAGREEMENT_SWEEP_HOURS"}


def test_env_example_lists_every_name_and_no_other() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    listed = [match[1] for line in lines if (match := re.match(rf"(?:# )?({NAME.pattern})=", line))]
    assert len(listed) == len(set(listed))
    assert set(listed) >= names_in_settings() - NAMES_BEFORE_1_0
    for name in set(listed) - names_in_settings():
        assert name in names_in_commands(), f"nobody reads {name}"


def test_env_example_explains_every_name() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    for before, line in zip(["", *lines], lines, strict=False):
        if NAME.match(line) and "=" in line:
            explained = before.startswith("# ") or NAME.match(before)
            assert explained, f"{line} has no line of explanation"


def test_env_example_holds_no_secret() -> None:
    text = (ROOT / ".env.example").read_text()
    for name in ("DJANGO_SECRET_KEY", *SLICKTEXT, *CCAI):
        assert re.search(rf"^{name}=$", text, re.MULTILINE)
