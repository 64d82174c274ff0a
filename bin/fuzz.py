#!/usr/bin/env python
"""`make fuzz`: odd headers, parameters and bodies at every address as every role; no request may end in a 500.

In this process, over a temporary database, with the sandbox as both vendors. Ends with 1 for any 500 or
exception, and prints how to repeat each.

.venv/bin/python bin/fuzz.py [--requests 100000] [--seed 1] [--seconds 600]
.venv/bin/python bin/fuzz.py --repeat '{"role": "max", "method": "GET", "path": "/audit/", "query": "from=0001-01-01"}'
"""

import argparse
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import django
from django.test.utils import setup_test_environment


def main() -> int:
    options = _options()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    django.setup()
    setup_test_environment(debug=False)
    from django.conf import settings
    from django.db import connection

    from sandbox.server import running
    from tests.fuzz.making import Made
    from tests.fuzz.running import Fuzz, be_quiet, connect

    be_quiet()
    settings.CACHES["default"] = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    connection.creation.create_test_db(verbosity=0, autoclobber=True)
    with running(people=60, seed=1) as sandbox, connect(sandbox):
        fuzz = Fuzz(sandbox, options.seed)
        if options.repeat:
            answer = fuzz.send(Made(**json.loads(options.repeat)))
            sys.stdout.write(f"{answer.error}{answer.status} {answer.headers}\n")
            return int(answer.is_bad)
        report = fuzz.run(options.requests, options.seconds, lambda words: print(words, flush=True))
    sys.stdout.write(report.words() + "\n")
    return int(bool(report.failures))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=100_000, help="how many (100,000)")
    parser.add_argument("--seed", type=int, default=1, help="of the requests (1)")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after this many seconds")
    parser.add_argument("--repeat", help="one request, as printed for a failure")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
