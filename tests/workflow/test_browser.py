"""The report of a study in a real browser."""

import shutil

import pytest
from hold import PATIENCE
from study import snakemake

from siamese.labels import aligned

playwright = pytest.importorskip("playwright.sync_api")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
# What Snakemake's own page says of itself.
KNOWN = ("cdn.tailwindcss.com should not be used in production",)


@pytest.fixture(scope="module")
def browser():
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip(f"no browser: none of {', '.join(BROWSERS)} is installed")
    with playwright.sync_playwright() as started:
        # Its sandbox needs rights that a container may not have.
        found = started.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def page(browser):
    """A page that has had no error and asked nothing of a network when it is closed."""
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    page.set_default_timeout(1000 * PATIENCE)
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.on(
        "request",
        lambda request: (
            request.url.startswith(("file:", "data:", "blob:"))
            or wrong.append(f"asked for {request.url}")
        ),
    )
    yield page
    page.close()
    assert [text for text in wrong if not any(each in text for each in KNOWN)] == []


@pytest.fixture(scope="module")
def report(study_with_replicates, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    study = shutil.copytree(study_with_replicates, folder / "study")
    done = snakemake(study, "--report", "report.html")
    assert done.returncode == 0, done.stdout
    return study / "report.html"


def test_report_opens_on_an_answer(page, report):
    page.goto(report.as_uri())
    for text in (
        "Does a network tell classes apart that it has never seen?",
        *("best of 2 trained, chosen by B", "best untrained baseline"),
        *("L2 raises B.", "What is weak"),
    ):
        assert page.get_by_text(text, exact=True).is_visible()
    figure = page.locator(".page img")
    assert figure.is_visible()
    assert figure.evaluate("image => image.naturalWidth") > 500


def test_report_leads_to_the_explorer(page, report):
    page.goto(report.as_uri())
    page.locator(".page a", has_text="Explorer").click()
    explorer = page.frame_locator("iframe")
    explorer.locator("body[data-ready=true]").wait_for()
    assert explorer.locator("#table tbody tr").count() == 3


def test_report_leads_from_list_to_list(page, report):
    page.goto(report.as_uri())
    page.locator(".page a", has_text="Checks").click()
    page.locator("nav").get_by_text("loss").first.wait_for()
    page.locator(".page a", has_text="Training curves").click()
    # a column for what varies; Snakemake makes a switch of the two seeds
    page.locator("nav th", has_text="split by").wait_for()
    heads = page.locator("nav th").all_inner_texts()
    assert [head.lower() for head in heads if head] == ["l2", "split by"]


@pytest.mark.parametrize(
    "values", [[512, 4096, 1024, 64], [0.5, 10.0, 0.25, 2.5, 0.0], ["b", "a"]]
)
def test_labels_sort_as_their_values_in_a_browser(page, values):
    texts = aligned(values)
    order = "texts => texts.sort((a, b) => a.localeCompare(b))"
    found = page.evaluate(order, list(texts.values()))
    assert found == [texts[value] for value in sorted(values)]


def test_explorer_filters_to_one_point_and_shows_its_curves(page, finished_study):
    path = finished_study / "results/summary/explorer.html"
    page.goto(path.as_uri())
    page.locator("body[data-ready=true]").wait_for()
    assert page.locator("#count").inner_text() == "4 of 4 settings"
    page.get_by_label("L2").select_option("0.01")
    page.get_by_label("epochs").select_option("3")
    assert page.locator("#count").inner_text() == "1 of 4 settings"
    row = page.locator("#table tbody tr")
    assert row.count() == 1
    assert row.locator("td").all_inner_texts()[:3] == ["0.01", "3", "1"]
    row.click()
    page.locator("#table tr.picked").wait_for()
    # two series of three epochs each, as the chart's own data
    page.wait_for_function(
        "views.curves && views.curves.data('curves').filter("
        "row => row.name === 'L2 0.01, 3 epochs').length === 6"
    )
    assert page.locator("#curves canvas").is_visible()
    page.get_by_text("Show all").click()
    page.wait_for_function("document.querySelectorAll('#table tbody tr').length === 4")


def test_a_brush_selects_rows(page, finished_study):
    path = finished_study / "results/summary/explorer.html"
    page.goto(path.as_uri())
    page.locator("body[data-ready=true]").wait_for()
    # over the middle, where no dot is
    chart = page.locator("#scatter canvas").bounding_box()
    left, top = chart["x"] + 0.3 * chart["width"], chart["y"] + 0.3 * chart["height"]
    page.mouse.move(left, top)
    page.mouse.down()
    page.mouse.move(left + 40, top + 40, steps=4)
    page.mouse.up()
    page.wait_for_function("document.querySelectorAll('#table tbody tr').length === 0")


def test_map_shows_an_image_under_the_mouse(page, finished_study):
    path = finished_study / "results/summary/embeddings.html"
    page.goto(path.as_uri())
    page.locator("body[data-ready=true]").wait_for()
    assert page.locator("#maps canvas").count() == 2
