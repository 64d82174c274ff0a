"""What `collectstatic` makes of our stylesheets and scripts: each with all that it imports inside it."""

import gzip
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client

from contacts_ui.templatetags import parts
from dashboard.static_files import _COMMENT

ROOT = Path(__file__).resolve().parent.parent
# The table page of a manager, as bin/bench.py weighs it: with the file names that collecting gives.
BYTES = 39_900


BACKEND = {"BACKEND": "dashboard.static_files.JoinedStaticFiles"}


@pytest.fixture
def collected(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": BACKEND}
    patterns = ["admin", "whitenoise"]
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=patterns)
    # What says the same on every page names the files of the other tests.
    parts._rendered.cache_clear()
    yield tmp_path
    parts._rendered.cache_clear()


def served(collected: Path, name: str) -> Path:
    """The file that a page names, with the hash in its name."""
    return collected / staticfiles_storage.stored_name(name)


def test_what_a_file_imports_is_inside_it(collected: Path) -> None:
    styles = served(collected, "css/app.css").read_text()
    assert styles.startswith("@layer tokens, reset,")
    assert all(rule in styles for rule in ("\n:root {", "\n.switch {", "\n.banner {"))
    script = served(collected, "js/app.js").read_text()
    assert "import" not in styles + script
    # The names of one module do not meet those of another.
    modules = (ROOT / "static/js/app.js").read_text().count("import ")
    assert script.count("\n{\n") == modules


def test_no_comment_and_no_indentation_is_sent(collected: Path) -> None:
    for source in ROOT.glob("static/*s/**/*.*s"):
        text = served(collected, str(source.relative_to(ROOT / "static"))).read_text()
        assert "/*" not in text, source
        assert not any(line.startswith((" ", "//")) for line in text.splitlines()), source


def test_what_stands_between_two_comments_stays() -> None:
    text = "/* one */ a { color: red } /* two */\n  /* alone */\n// alone\nb { }"
    assert _COMMENT.sub("", text) == "/* one */ a { color: red } /* two */\n\n\nb { }"


def test_no_text_of_a_script_goes_over_several_lines() -> None:
    """Its indentation would be lost."""
    for source in ROOT.glob("static/js/*.js"):
        assert not any(line.count("`") % 2 for line in source.read_text().splitlines()), source


def test_until_they_are_collected_files_have_their_own_names(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": BACKEND}
    assert staticfiles_storage.url("css/app.css") == "/static/css/app.css"


def test_what_came_after_they_were_collected_has_its_own_name(collected: Path) -> None:
    assert staticfiles_storage.url("css/app.css") != "/static/css/app.css"
    assert staticfiles_storage.url("css/tomorrow.css") == "/static/css/tomorrow.css"


@pytest.mark.django_db
def test_the_table_with_everything_is_light(collected: Path, max_: Client) -> None:
    answer = max_.get("/contacts/")
    names = re.findall(r'(?:href|src)="/static/([^"]+)"', answer.text)
    assert len(names) == len(set(names)) == 5
    weights = [(collected / f"{name}.gz").stat().st_size for name in names]
    assert len(gzip.compress(answer.content, 6)) + sum(weights) < BYTES
