"""The report of a study in a real browser."""

import itertools
import shutil

import pytest
from study import snakemake

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
# Snakemake's own page says this of itself, and names addresses outside of any network.
KNOWN = "cdn.tailwindcss.com should not be used in production"
LOCAL = ("file:", "data:", "blob:")
ROWS = "document.querySelectorAll('#table tbody tr').length"


@pytest.fixture(scope="module")
def browser():
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("no chromium is installed")
    with playwright.sync_playwright() as started:
        # Its sandbox needs rights that a container may not have.
        launched = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield launched
        launched.close()


@pytest.fixture
def page(browser):
    """A page that has had no error and asked nothing of a network when it is closed."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    # Milliseconds; a busy machine may take its time.
    page.set_default_timeout(600_000)
    seen = []
    page.on("pageerror", lambda error: seen.append(str(error)))
    page.on("console", lambda message: seen.append(message.text))
    page.on("request", lambda request: seen.append(request.url))
    yield page
    page.close()
    assert [t for t in seen if not t.startswith(LOCAL) and KNOWN not in t] == []


@pytest.fixture
def explorer(page, finished_study):
    page.goto((finished_study / "results/summary/explorer.html").as_uri())
    page.locator("body[data-ready=true]").wait_for()
    return page


def test_report_opens_on_an_answer_and_leads_on(page, divided_study, tmp_path):
    study = shutil.copytree(divided_study, tmp_path / "study")
    done = snakemake(study, "--report", "report.html")
    assert done.returncode == 0, done.stdout
    page.goto((study / "report.html").as_uri())
    texts = (
        "best of 2 trained, chosen by B",
        "Longer training raises B.",
        "What is weak",
    )
    for text in ("Does a network tell classes apart that it has never seen?", *texts):
        assert page.get_by_text(text, exact=True).is_visible()
    width = page.locator(".page img").evaluate("image => image.naturalWidth")
    assert width > 500
    page.locator(".page a", has_text="Checks").click()
    page.locator("nav").get_by_text("loss").first.wait_for()
    page.locator(".page a", has_text="Training curves").click()
    page.locator("nav th", has_text="unseen classes").wait_for()
    page.locator(".page a", has_text="Explorer").click()
    explorer = page.frame_locator("iframe")
    explorer.locator("body[data-ready=true]").wait_for()
    assert explorer.locator("#table tbody tr").count() == 2


def test_explorer_filters_to_one_point_and_shows_its_curves(explorer):
    assert explorer.locator("#count").inner_text() == "2 of 2 settings"
    explorer.get_by_label("epochs", exact=True).select_option("3")
    row = explorer.locator("#table tbody tr")
    assert row.locator("td").all_inner_texts()[:2] == ["3", "1"]
    row.click()
    # training and validation, of three epochs each
    explorer.wait_for_function(
        "views.curves?.data('curves').map(row => row.epoch.length).join() === '3,3'"
    )
    assert explorer.locator("#table tr.picked").count() == 1
    explorer.get_by_text("Show all").click()
    explorer.wait_for_function(f"{ROWS} === 2")
    explorer.get_by_label("upwards").select_option("auc_b")
    explorer.wait_for_function("views.scatter.data('settings')[0].y < 1")


# No dot is here; one line is at the upper end of the first axis.
@pytest.mark.parametrize(
    "chart, x, y, rows", [("scatter", 0.4, 0.4, 0), ("parallel", 0.03, 0.1, 1)]
)
def test_a_brush_selects_rows(explorer, chart, x, y, rows):
    box = explorer.locator(f"#{chart} canvas").bounding_box()
    left, top = box["x"] + x * box["width"], box["y"] + y * box["height"]
    explorer.mouse.move(left, top)
    explorer.mouse.down()
    explorer.mouse.move(left + 0.1 * box["width"], top - 40, steps=4)
    explorer.mouse.up()
    explorer.wait_for_function(f"{ROWS} === {rows}")


def test_map_shows_an_image_under_the_mouse(page, finished_study):
    page.goto((finished_study / "results/summary/embeddings.html").as_uri())
    page.locator("body[data-ready=true]").wait_for()
    assert page.locator("#maps canvas").count() == 2
    box = page.locator("#map-0 canvas").bounding_box()
    image = page.locator("#vg-tooltip-element img")
    for x, y in itertools.product(range(10, 500, 7), range(10, 440, 7)):
        page.mouse.move(box["x"] + x, box["y"] + y)
        if image.is_visible():
            break
    assert image.evaluate("image => image.naturalWidth") == 84
