"""How `collectstatic` changes our stylesheets and scripts, and how light a page is."""

import gzip
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management import call_command
from django.test import Client

from contacts_ui import jinja

ROOT = Path(__file__).resolve().parent.parent
# The table page of a manager with 50 rows, compressed as a browser takes it; and that page alone, the files being kept.
BYTES = 35 * 1024
SECOND_VIEW_BYTES = 10_250


BACKEND = {"BACKEND": "dashboard.static_files.StaticFiles"}


@pytest.fixture
def collected(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": BACKEND}
    patterns = ["admin", "whitenoise"]
    call_command("collectstatic", interactive=False, verbosity=0, ignore_patterns=patterns)
    # What says the same on every page names the files of the other tests.
    jinja._rendered.cache_clear()
    yield tmp_path
    jinja._rendered.cache_clear()


@pytest.mark.parametrize("source", sorted(ROOT.glob("static/js/*.js")), ids=lambda path: path.name)
def test_no_script_imports_another(source: Path) -> None:
    """The address in an import would lack the hash, and the script would not load."""
    assert not re.search(r"^\s*(import|export)\b|\bimport\(", source.read_text(), re.MULTILINE)


def test_until_they_are_collected_files_have_their_own_names(tmp_path: Path, settings: Any) -> None:
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = {**settings.STORAGES, "staticfiles": BACKEND}
    assert staticfiles_storage.url("css/app.css") == "/static/css/app.css"


def test_what_came_after_they_were_collected_has_its_own_name(collected: Path) -> None:
    assert staticfiles_storage.url("css/app.css") != "/static/css/app.css"
    assert staticfiles_storage.url("css/tomorrow.css") == "/static/css/tomorrow.css"


def test_ours_have_no_comments_and_no_indentation(collected: Path) -> None:
    ours = [path for kind in ("css", "js") for path in collected.glob(f"{kind}/**/*.{kind}")]
    assert ours
    for path in ours:
        assert not re.search(r"^\s*(//|/\*)|^[ \t]", path.read_text(), re.MULTILINE), path
        assert path.suffix == ".js" or b"\n" not in path.read_bytes(), path
        assert gzip.decompress(Path(f"{path}.gz").read_bytes()) == path.read_bytes()


def test_our_stylesheets_mean_the_same_without_that_space() -> None:
    for path in (ROOT / "static" / "css").rglob("*.css"):
        text = re.sub(r"/\*.*?\*/\s*", "", path.read_text(), flags=re.DOTALL)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        for line, following in pairwise(lines):
            assert line[-1] in "{};,(" or following[0] == ")", f"{path.name}: {line}"
        for quoted in re.findall(r'"([^"\n]*)"', text):
            assert not re.search(r"[:,] | \{|;\s*\}", quoted), f"{path.name}: {quoted}"


@pytest.mark.django_db
def test_the_table_with_everything_is_light(collected: Path, max_: Client) -> None:
    page = max_.get("/contacts/", headers={"Accept-Encoding": "br"}).content
    assert len(page) < SECOND_VIEW_BYTES
    names = re.findall(r'(?:href|src)="/static/([^"]+)"', brotli.decompress(page).decode())
    assert len(names) == len(set(names)) == 4, "with the page itself five requests"
    assert len(page) + sum((collected / f"{name}.br").stat().st_size for name in names) < BYTES
