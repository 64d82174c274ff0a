"""What a table page costs a browser: requests, kilobytes, and from Enter to the painted answer of a search.

Chromium over gunicorn, with a processor that is slowed down; needs Chromium.
"""

import argparse
import shutil
import statistics

from playwright.sync_api import Page, sync_playwright
from stack import (
    answers,
    collect_static,
    fill_index,
    log_in,
    make_people,
    running_stack,
    until,
    use_database,
)

# Milliseconds until the frame with the answer is painted.
SEARCH = """text => new Promise(done => {
  const box = document.querySelector("#finder [type=search]");
  document.body.addEventListener("htmx:afterSettle", () =>
    requestAnimationFrame(() => setTimeout(() => done(performance.now() - began))), {once: true});
  box.value = text;
  const began = performance.now();
  box.form.requestSubmit();
})"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--slowed", type=float, default=4.0, help="how many times slower (4)")
    parser.add_argument("--searches", type=int, default=30)
    options = parser.parse_args()
    settings = {"SLICKTEXT_CALLS_PER_SECOND": "10000", "LOG_LEVEL": "ERROR"}
    with running_stack(people=options.people, settings=settings) as stack:
        use_database(stack)
        (name,) = make_people(agents=0, managers=1)
        fill_index(options.people)
        searched = words(options.searches)
        collect_static(stack)
        stack.spawn("web")
        until(lambda: answers(f"{stack.url}/readyz"), "the dashboard")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
                args=["--no-sandbox", "--disable-gpu"],
            )
            context = browser.new_context(base_url=stack.url)
            for each in log_in(stack, name).cookies:
                context.add_cookies(
                    [{"name": each.name, "value": each.value or "", "url": stack.url}]
                )
            page = context.new_page()
            for view in ("first view", "second view"):
                print_view(page, view)
            print_searches(page, searched, options.slowed)
            browser.close()


def print_view(page: Page, view: str) -> None:
    """Open the table, and print what the network carried for it."""
    network, sizes = page.context.new_cdp_session(page), []
    network.send("Network.enable")
    network.on("Network.loadingFinished", lambda each: sizes.append(each["encodedDataLength"]))
    page.goto("/contacts/")
    page.wait_for_load_state("networkidle")
    network.detach()
    carried = [each for each in sizes if each]
    print(f"{view:<12} {len(carried):>3} requests, {sum(carried) / 1000:>6.1f} kB with headers")


def print_searches(page: Page, texts: list[str], slowed: float) -> None:
    """Search in a browser whose processor is slowed, and print the milliseconds from Enter to paint."""
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    times = sorted(page.evaluate(SEARCH, text) for text in texts)
    slow = times[int(len(times) * 0.95)]
    print(f"search, {slowed:g}× slower: {statistics.median(times):.0f} ms ({slow:.0f})")


def words(many: int) -> list[str]:
    """Return parts of names that are there."""
    from contacts_ui.models import IndexedContact

    named = IndexedContact.objects.filter(last_name__regex="^[A-Za-z]{5,}$").order_by("pk")
    return [str(each.last_name)[1:5] for each in named[: many * 7 : 7]]


if __name__ == "__main__":
    main()
