"""Which module may import which: browser -> views -> services -> integrations -> the vendors, and never back."""

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
CONSENT = "contacts_ui.services.consent"
# From the pure rules up to the doors: each imports only those before it.
CONSENT_FLOORS = (
    ("rules", "business_days", "phrases"),
    ("types",),
    ("record",),
    ("desired_state", "disagreements"),
    ("stops",),
    ("slicktext_readings",),
    ("sending",),
    ("delivery",),
    ("renewal", "held_presses"),
    ("doors", "phone_numbers", "vendor_events"),
    ("cloudcontactai_readings", "opt_in"),
    ("lift_requests",),
    ("inbound_texts",),
)

# From what knows least to what knows most: each room imports only from floors below its own.
ROOM_FLOORS = (
    ("audit_log", "vendors"),
    ("index", "security"),
    ("files", "consent", "people"),
    ("verification", "contacts", "messages"),
    ("jobs", "operations", "webhooks"),
    ("retention", "review", "imports"),
    ("exports",),
)

# Where: what must not be imported there, by the beginning of its name.
FORBIDDEN = {
    VIEWS: (
        "contacts_ui.integrations",
        "requests",
        "urllib3",
        "httpcore",
        "httpx",
        "contacts_ui.worker",
        "contacts_ui.practice",
        *(f"{CONSENT}.{inner}" for inner in ("stops", "desired_state", "delivery", "sending")),
    ),
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
        "contacts_ui.sign_in",
        "contacts_ui.worker",
        "contacts_ui.practice",
        "httpcore",
        "requests",
    ),
    # Around the views, as middleware is: it signs people in, and knows nothing of consent or vendors.
    "contacts_ui/sign_in": (
        CONSENT,
        "contacts_ui.services.contacts",
        "contacts_ui.services.vendors",
        "contacts_ui.integrations.slicktext",
        "contacts_ui.integrations.cloudcontactai",
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
        *(f"{CONSENT}.{inner}" for inner in ("stops", "desired_state", "delivery", "sending")),
        "contacts_ui.services.contacts",
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


def test_consent_is_built_upward_from_its_rules() -> None:
    """`rules` knows nothing of ours but the tables, and nothing below the doors knows a door."""
    floor_of = {name: level for level, names in enumerate(CONSENT_FLOORS) for name in names}
    wrong = []
    for path in files("contacts_ui/services/consent"):
        if path.stem == "__init__":
            continue
        assert path.stem in floor_of, f"give {path.stem} a place in CONSENT_FLOORS"
        used = {name.split(".")[3] for name in imports(path) if name.startswith(f"{CONSENT}.")}
        above = {name for name in used & set(floor_of) if floor_of[name] >= floor_of[path.stem]}
        wrong += [f"{path.stem} imports {name}" for name in sorted(above)]
    assert wrong == []


def test_every_service_is_in_a_room() -> None:
    assert [path.name for path in (ROOT / SERVICES).glob("*.py")] == ["__init__.py"]


def test_rooms_import_only_from_floors_below() -> None:
    floor_of = {name: level for level, names in enumerate(ROOM_FLOORS) for name in names}
    wrong = []
    for path in files(SERVICES):
        room = path.relative_to(ROOT / SERVICES).parts[0]
        if room == "__init__.py":
            continue
        assert room in floor_of, f"give {room} a place in ROOM_FLOORS"
        used = {
            name.split(".")[2]
            for name in imports(path)
            if is_under(name, "contacts_ui.services") and name.count(".") > 1
        }
        above = {name for name in used & set(floor_of) - {room} if floor_of[name] >= floor_of[room]}
        wrong += [f"{path.relative_to(ROOT)} imports {name}" for name in sorted(above)]
    assert wrong == []


def test_no_modules_import_each_other_in_a_circle() -> None:
    modules = {_module(path): path for path in files("contacts_ui")}
    needs = {
        name: {used for used in imports(path) if used in modules} - {name, *_parents(name)}
        for name, path in modules.items()
    }
    # Take away what needs nothing that is left; what stays goes in circles.
    while free := [name for name, used in needs.items() if not used & needs.keys()]:
        for name in free:
            del needs[name]
    assert sorted(needs) == []


def _module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _parents(name: str) -> Iterator[str]:
    """The packages around a module: importing its neighbor names them as well."""
    while "." in name:
        name = name.rpartition(".")[0]
        yield name


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
    assert writers == {"contacts_ui/services/audit_log/recording.py"}


# What consent is made of. Changed here alone: by a constructor, or their queryset.
RECORD = ("Statement", "HeldPress", "ConsentState", "ConsentSetup", "DesiredState")
WRITES = ("create", "bulk_create", "get_or_create", "update_or_create", "update", "bulk_update")


def test_rule_4_only_the_consent_package_writes_the_record_and_desired_state() -> None:
    writers = set()
    for path in files("contacts_ui"):
        for node in ast.walk(ast.parse(path.read_text())):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            about = called.split(".")[0].split("(")[0]
            writes = called in RECORD or called.rsplit(".", 1)[-1] in (*WRITES, "delete")
            if about in RECORD and writes:
                writers.add(str(path.relative_to(ROOT).parent))
    outside = writers - {"contacts_ui/services/consent", "contacts_ui/migrations"}
    assert outside <= {"contacts_ui/models"}, "there, the one row of ConsentSetup is made"


def test_rule_4_only_the_consent_package_sends_an_opt_in_status() -> None:
    """Elsewhere the name stands in what the ledger keeps, below `before` or `after`, and nowhere else."""
    wrong = []
    for path in files(SERVICES):
        if path.is_relative_to(ROOT / "contacts_ui/services/consent"):
            continue
        tree = ast.parse(path.read_text())
        kept = {
            id(inner)
            for node in ast.walk(tree)
            for name, value in _named_values(node)
            if name in ("before", "after")
            for inner in ast.walk(value)
        }
        # The vendor's answer is also kept.
        answers = (each for each in ast.walk(tree) if getattr(each, "name", "") == "_answer")
        kept |= {id(inner) for answer in answers for inner in ast.walk(answer)}
        for node in ast.walk(tree):
            keys = [name for name, _ in _named_values(node)] if isinstance(node, ast.Dict) else []
            stored = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
            keys += [_constant(node.slice)] if isinstance(node, ast.Subscript) and stored else []
            if "opt_in_status" in keys and id(node) not in kept:
                wrong.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    # The index calls its column by the name that SlickText has for it.
    assert [each for each in wrong if "services/index/query.py" not in each] == []


def _named_values(node: ast.AST) -> list[tuple[str, ast.AST]]:
    """The members of a dict display, and the keywords of a call."""
    if isinstance(node, ast.Dict):
        return [(_constant(key), value) for key, value in zip(node.keys, node.values, strict=True)]
    if isinstance(node, ast.Call):
        return [(each.arg or "", each.value) for each in node.keywords]
    return []


def _constant(node: ast.AST | None) -> str:
    return str(node.value) if isinstance(node, ast.Constant) else ""


@pytest.mark.parametrize("place", [VIEWS, SERVICES, FORMS, MODELS])
def test_no_one_asks_the_environment(place: str) -> None:
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
