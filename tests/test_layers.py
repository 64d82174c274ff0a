"""Who may import whom: browser -> views -> services -> integrations -> the vendors, and never back."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
VIEWS = "contacts_ui/views"
SERVICES = "contacts_ui/services"
INTEGRATIONS = "contacts_ui/integrations"
MODELS = "contacts_ui/models"
FORMS = "contacts_ui/forms"

# Where: what must not be imported there, by the beginning of its name.
FORBIDDEN = {
    VIEWS: ("contacts_ui.integrations", "requests", "urllib3", "httpx", "contacts_ui.tasks"),
    SERVICES: (
        "django.http",
        "django.shortcuts",
        "django.template",
        "django.views",
        "django.urls",
        "django.contrib.messages",
        "contacts_ui.views",
        "contacts_ui.forms",
        "contacts_ui.urls",
        "contacts_ui.middleware",
        "contacts_ui.tasks",
        "requests",
    ),
    INTEGRATIONS: (
        "django",
        "contacts_ui.models",
        "contacts_ui.services",
        "contacts_ui.views",
        "contacts_ui.forms",
        "contacts_ui.timing",
        "dashboard",
    ),
    MODELS: (
        "contacts_ui.services",
        "contacts_ui.views",
        "contacts_ui.forms",
        "contacts_ui.integrations",
        "requests",
        "django.http",
    ),
    FORMS: (
        "contacts_ui.integrations",
        "contacts_ui.views",
        "contacts_ui.services.vendors",
        "contacts_ui.services.wishes",
        "contacts_ui.services.contacts",
        "contacts_ui.services.listing",
        "requests",
        "urllib",
        "http",
        "socket",
    ),
    "contacts_ui/phone.py": ("django", "contacts_ui", "requests"),
    "contacts_ui/permissions.py": ("contacts_ui.services", "contacts_ui.views", "django"),
    "contacts_ui": ("sandbox", "tests"),
    "dashboard": ("sandbox", "tests", "contacts_ui.services", "contacts_ui.models"),
    "sandbox": ("contacts_ui", "dashboard", "django", "requests", "tests"),
}


def imports(path: Path) -> Iterator[str]:
    """Every name that a file imports, in full, also inside functions; `from a import b` is a and a.b."""
    package = path.relative_to(ROOT).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            yield from (each.value for each in node.args if isinstance(each, ast.Constant))


def files(place: str) -> list[Path]:
    path = ROOT / place
    found = [path] if path.is_file() else sorted(path.rglob("*.py"))
    assert found, f"there is nothing at {place}"
    return found


def is_under(name: str, forbidden: str) -> bool:
    return name == forbidden or name.startswith(forbidden + ".")


@pytest.mark.parametrize("place", FORBIDDEN)
def test_what_is_imported(place: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files(place)
        for name in imports(path)
        if any(is_under(name, forbidden) for forbidden in FORBIDDEN[place])
    ]
    assert wrong == []


def test_the_sandbox_needs_the_standard_library_alone() -> None:
    import sys

    names = {name.split(".")[0] for path in files("sandbox") for name in imports(path)}
    assert names - set(sys.stdlib_module_names) == {"sandbox"}


def test_only_the_integrations_speak_http() -> None:
    speakers = {
        path.relative_to(ROOT).parts[1]
        for path in files("contacts_ui")
        for name in imports(path)
        if name.split(".")[0] in ("requests", "urllib3", "httpx", "aiohttp")
    }
    assert speakers == {"integrations"}


def test_only_one_door_writes_the_ledger() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for path in files("contacts_ui")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "LedgerEntry"
    }
    assert writers == {"contacts_ui/services/ledger.py"}


@pytest.mark.parametrize("place", [VIEWS, SERVICES, FORMS, MODELS])
def test_nobody_asks_the_environment(place: str) -> None:
    """Settings alone read it."""
    wrong = [
        str(path.relative_to(ROOT))
        for path in files(place)
        for name in imports(path)
        if name in ("os.environ", "os.getenv", "environ")
    ]
    assert wrong == []


def test_indirect_imports_are_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: every way of naming a module counts."""
    import sys

    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    folder = tmp_path / "contacts_ui" / "views"
    folder.mkdir(parents=True)
    for text in (
        "import contacts_ui.integrations.slicktext",
        "from contacts_ui import integrations",
        "from contacts_ui.integrations import slicktext",
        "from .. import integrations",
        "from ..integrations import slicktext",
        "def f():\n    from contacts_ui.integrations.errors import VendorError",
        "importlib.import_module('contacts_ui.integrations')",
    ):
        path = folder / "odd.py"
        path.write_text(text)
        assert any(is_under(name, "contacts_ui.integrations") for name in imports(path)), text
