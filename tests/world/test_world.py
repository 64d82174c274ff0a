"""A bounded run of the generated world. `make world` runs more of it, and any seed again."""

import pytest
from django.test import override_settings

from .running import run_many

LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [1, 1001, 2001, 3001])
def test_no_stop_is_passed_over(seed: int) -> None:
    """Each part stops after ten seconds, so that a slow machine runs less of it, and not longer."""
    with override_settings(CACHES=LOCAL):
        report = run_many(seed, schedules=40, steps=40, seconds=10)
    assert not report.failures, "\n\n".join(report.failures)
    assert report.steps >= 40
