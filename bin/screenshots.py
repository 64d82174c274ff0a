"""Take the README's screenshots: a fresh practice history, seen by a manager in Chromium. `make screenshots`.

Needs Chromium. Writes docs/images/; each image stays below IMAGE_MAX_BYTES.
"""

import base64
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parent))

from stack import ROOT, Stack, answers, collect_static, running_stack, until

IMAGES: Final = Path(os.environ.get("SCREENSHOTS_DIR") or ROOT / "docs" / "images")
IMAGE_MAX_BYTES: Final = 150_000
SIZE: Final[ViewportSize] = {"width": 1440, "height": 900}
ZONE: Final = "America/New_York"
PASSWORD: Final = "practice-makes-perfect"  # noqa: S105 - printed by `make run`
SWITCHES: Final = ("--no-sandbox", "--disable-gpu", "--disable-lcd-text", "--hide-scrollbars")
# A palette of the 256 most frequent colors makes a third of the file; each other color becomes the nearest of them.
TO_PALETTE: Final = """async (source) => {
  const image = new Image();
  image.src = "data:image/png;base64," + source;
  await image.decode();
  const context = new OffscreenCanvas(image.width, image.height).getContext("2d");
  context.drawImage(image, 0, 0);
  const { data } = context.getImageData(0, 0, image.width, image.height);
  const colors = new Uint32Array(data.length / 4);
  const counts = new Map();
  for (let at = 0; at < colors.length; at += 1) {
    colors[at] = (data[4 * at] << 16) | (data[4 * at + 1] << 8) | data[4 * at + 2];
    counts.set(colors[at], (counts.get(colors[at]) ?? 0) + 1);
  }
  const palette = [...counts.keys()].sort((a, b) => counts.get(b) - counts.get(a)).slice(0, 256);
  const apart = (a, b) => [16, 8, 0].reduce((sum, bits) => sum + (((a >> bits) & 255) - ((b >> bits) & 255)) ** 2, 0);
  const places = new Map();
  for (const color of counts.keys()) {
    let nearest = 0;
    palette.forEach((each, at) => { if (apart(each, color) < apart(palette[nearest], color)) nearest = at; });
    places.set(color, nearest);
  }
  let text = "";
  for (let at = 0; at < colors.length; at += 8192)
    text += String.fromCharCode(...Array.from(colors.subarray(at, at + 8192), (color) => places.get(color)));
  return { width: image.width, height: image.height, palette, places: btoa(text) };
}"""


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
            blank = chromium.new_page()
            sign_in(page)
            for name, address in addresses(page).items():
                page.goto(address)
                page.wait_for_load_state("networkidle")
                save(name, page.screenshot(), blank)
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


def save(name: str, picture: bytes, blank: Page) -> None:
    """Write an image with a palette. Raises SystemExit if it is too large."""
    found = blank.evaluate(TO_PALETTE, base64.b64encode(picture).decode())
    width, places = found["width"], base64.b64decode(found["places"])
    # Each row begins with its filter, which is none.
    rows = [b"\0" + places[at : at + width] for at in range(0, len(places), width)]
    head = struct.pack(">IIBBBBB", width, found["height"], 8, 3, 0, 0, 0)
    palette = b"".join(color.to_bytes(3, "big") for color in found["palette"])
    parts = (
        (b"IHDR", head),
        (b"PLTE", palette),
        (b"IDAT", zlib.compress(b"".join(rows), 9)),
        (b"IEND", b""),
    )
    image = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in parts
    )
    if len(image) > IMAGE_MAX_BYTES:
        raise SystemExit(f"{name}.png would have {len(image):,} bytes.")
    (IMAGES / f"{name}.png").write_bytes(image)
    print(f"{name}.png: {len(image):,} bytes")


if __name__ == "__main__":
    sys.exit(main())
