"""Take the README's screenshots: a fresh practice history, seen by a manager in Chromium. `make screenshots`.

Needs Chromium. Writes docs/images/.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stack import ROOT, Stack, answers, collect_static, running_stack, until

IMAGES: Final = Path(os.environ.get("SCREENSHOTS_DIR") or ROOT / "docs" / "images")
SIZE: Final[ViewportSize] = {"width": 1440, "height": 900}
ZONE: Final = "America/New_York"
PASSWORD: Final = "practice-makes-perfect"  # noqa: S105 - printed by `make run`
SWITCHES: Final = ("--no-sandbox", "--disable-gpu", "--disable-lcd-text", "--hide-scrollbars")


def main() -> int:
    with running_stack(people=5000, settings={}) as stack:
        collect_static(stack)
        for command in ("demo_users", "practice_history"):
            manage(stack, command)
        stack.spawn("web")
        stack.spawn("worker-1")
        until(lambda: answers(f"{stack.url}/readyz"), "the dashboard")
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
                args=list(SWITCHES),
            )
            page = chromium.new_page(base_url=stack.url, viewport=SIZE, timezone_id=ZONE)
            sign_in(page)
            for name, address in addresses(page).items():
                page.goto(address)
                page.wait_for_load_state("networkidle")
                page.screenshot(path=IMAGES / f"{name}.png")
    return 0


def manage(stack: Stack, command: str) -> None:
    """Run one of manage.py's commands beside the stack."""
    subprocess.run(
        [sys.executable, "manage.py", command], cwd=ROOT, env=stack.environment, check=True
    )


def sign_in(page: Page) -> None:
    """Sign in as the manager."""
    page.goto("/")
    page.fill("[name=login]", "manager")
    page.fill("[name=password]", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url(lambda url: "login" not in url)


def addresses(page: Page) -> dict[str, str]:
    """Return the name of each image with its page: the card is of the last person who called."""
    page.goto("/opt-outs/?channel=phone")
    card = page.locator("main a[href^='/contacts/']").first.get_attribute("href")
    return {"contacts": "/contacts/", "contact": card or "/contacts/", "overview": "/overview/"}


if __name__ == "__main__":
    sys.exit(main())
