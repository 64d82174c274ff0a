"""Where the processes of one machine keep their counters for Prometheus."""

import time
from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

KEPT_SECONDS = 7 * 24 * 3600


def metrics_dir(wanted: str, own_dir: Path) -> Path:
    """Make the directory and return it; forget the counters of processes that ended a week ago.

    Raises ImproperlyConfigured when prometheus-client is not installed.
    """
    if find_spec("prometheus_client") is None:
        raise ImproperlyConfigured("METRICS_TOKEN is set, but prometheus-client is not installed.")
    path = Path(wanted) if wanted else own_dir / "metrics"
    path.mkdir(parents=True, exist_ok=True)
    for old in path.glob("*.db"):
        if time.time() - old.stat().st_mtime > KEPT_SECONDS:
            old.unlink(missing_ok=True)
    return path
