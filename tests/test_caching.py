"""A cache that is away is an empty cache."""

import pickle
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import User
from django.core.cache.backends.filebased import FileBasedCache
from django.test import Client

from dashboard.caching import ForgivingCache
from dashboard.file_cache import FileCache
from dashboard.redis_cache import OneClient, RedisCache
from tests.people import PASSWORD

OPTIONS = {"socket_connect_timeout": 0.2, "socket_timeout": 0.2}


@pytest.fixture(params=["Redis", "files"])
def away(request: pytest.FixtureRequest, tmp_path: Path) -> ForgivingCache:
    if request.param == "Redis":
        return RedisCache("redis://127.0.0.1:9/0", {"OPTIONS": OPTIONS})
    files = FileCache(str(tmp_path / "cache"), {})
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").touch()
    return files


def test_it_answers_as_an_empty_one(away: ForgivingCache) -> None:
    away.set("a", 1)
    assert away.get("a", "nothing") == "nothing"
    assert away.add("a", 1)
    assert not away.delete("a")
    assert away.get_or_set("a", 2) == 2
    with pytest.raises(ValueError, match="No number"):
        away.incr("a")


def test_redis_is_asked_by_one_client() -> None:
    kept = RedisCache("redis://127.0.0.1:9/0", {"OPTIONS": OPTIONS})
    client = kept._cache
    assert isinstance(client, OneClient)
    assert client.get_client("a") is client.get_client("b", write=True)


@pytest.mark.parametrize(
    "gone",
    [b"cdashboard.gone\nClass\n.", b"ccontacts_ui.models\nVendor\n(S'x'\ntR.", b"\x80\xff."],
    ids=["class", "member", "protocol"],
)
def test_what_an_older_version_kept_is_not_there(gone: bytes, tmp_path: Path) -> None:
    kept = FileCache(str(tmp_path), {})
    kept.set("a", 1)
    [file] = tmp_path.iterdir()
    file.write_bytes(pickle.dumps(time.time() + 60) + zlib.compress(gone))
    assert kept.get("a") is None


def test_a_full_disk_takes_no_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = FileCache(str(tmp_path), {})
    kept.set("number", 1)

    def full(*_: Any, **__: Any) -> None:
        raise OSError

    monkeypatch.setattr(FileBasedCache, "set", full)
    with pytest.raises(ValueError, match="No number"):
        kept.incr("number")


@pytest.mark.django_db
def test_people_sign_in_without_it(agent: User, client: Client, settings: Any) -> None:
    """django-allauth keeps its counters there."""
    settings.CACHES = {
        "default": {
            "BACKEND": "dashboard.redis_cache.RedisCache",
            "LOCATION": "redis://127.0.0.1:9/0",
            "OPTIONS": OPTIONS,
        }
    }
    answer = client.post("/accounts/login/", {"login": "ada", "password": PASSWORD})
    assert answer.status_code == 302


def test_other_failures_are_not_hidden(
    away: ForgivingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise TypeError

    monkeypatch.setattr(away, "make_and_validate_key", fail)
    with pytest.raises(TypeError):
        away.add("a", 1)


def test_files_are_culled_without_being_listed_at_each_write(tmp_path: Path) -> None:
    kept = FileCache(str(tmp_path), {"OPTIONS": {"MAX_ENTRIES": 20}})
    with patch.object(kept, "_list_cache_files", wraps=kept._list_cache_files) as listed:
        for number in range(1500):
            kept.set(f"key-{number}", number)
    assert listed.call_count < 100
    assert len(list(tmp_path.iterdir())) < 1500


def test_files_count_every_addition_of_threads_that_add_at_once(tmp_path: Path) -> None:
    FileCache(str(tmp_path), {}).set("number", 0)
    with ThreadPoolExecutor(4) as pool:
        adding = [pool.submit(FileCache(str(tmp_path), {}).incr, "number") for _ in range(200)]
    assert sorted(each.result() for each in adding) == list(range(1, 201))
