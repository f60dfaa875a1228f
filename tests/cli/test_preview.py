"""``concordat dashboard preview`` where something is missing; the page itself is looked at in ``tests/live``."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from concordat.cli import main
from concordat.cli.dashboard import browser, page_server
from concordat.cli.dashboard.preview import height
from concordat.observability.dashboards.fleet import fleet_dashboard

FLEET = str(Path(__file__).parents[2] / "dashboards" / "fleet.json")


def test_a_page_that_was_not_built_is_said_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The command that builds it."""
    monkeypatch.setattr(page_server, "_BUILT", tmp_path)
    with pytest.raises(SystemExit):
        page_server.files()

    assert "run `make preview`" in capsys.readouterr().err


def test_a_machine_without_chromium_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Or to do without a picture."""
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SystemExit) as ended:
        browser.look_at("http://127.0.0.1:9/", width=800, height=600)

    assert 2 == ended.value.code
    assert "apt-get install chromium" in capsys.readouterr().err


def test_a_prometheus_that_does_not_answer_is_said_before_anything_is_drawn() -> None:
    """With its address."""
    result = CliRunner().invoke(main, ["dashboard", "preview", FLEET, "--prometheus=http://127.0.0.1:9", "--png=x.png"])

    assert 2 == result.exit_code
    assert "http://127.0.0.1:9 cannot be reached" in result.output


@pytest.mark.parametrize(("content", "said"), [("{", "cannot be read"), ("{}", "no Microservice")])
def test_a_file_that_is_no_dashboard_is_named(content: str, said: str, tmp_path: Path) -> None:
    """Neither Grafana's JSON nor a Microservice."""
    file = tmp_path / "board.json"
    file.write_text(content)
    result = CliRunner().invoke(main, ["dashboard", "preview", str(file)])

    assert 2 == result.exit_code
    assert re.search(said, result.output)


CONTRACT = """
apiVersion: concordat.dev/v1alpha1
kind: ServiceContract
metadata: {name: orders-api}
spec: {type: openapi, version: 1.4.0, document: {inline: "{}"}}
"""


@pytest.mark.parametrize("command", ["show", "preview"])
@pytest.mark.parametrize(
    ("of", "said"),
    [
        (["--contract=orders-api"], "no Microservice in these files provides orders-api"),
        (["--contract=order-api"], "no ServiceContract called order-api .* there are orders-api"),
        (["--contract=orders-api", "--service=orders"], "ask for one of them"),
    ],
)
def test_a_contract_that_cannot_be_drawn_is_said(command: str, of: list[str], said: str, tmp_path: Path) -> None:
    """The same of both commands: nobody provides it, there is none of that name, or a service is asked for as well."""
    file = tmp_path / "contract.yaml"
    file.write_text(CONTRACT)
    result = CliRunner().invoke(main, ["dashboard", command, str(file), *of])

    assert 2 == result.exit_code
    assert re.search(said, " ".join(result.output.split())), result.output


def test_a_picture_is_as_high_as_its_dashboard() -> None:
    """Nothing is cut off below."""
    places = [panel["gridPos"] for panel in fleet_dashboard().json()["panels"]]
    lowest = max(place["y"] + place["h"] for place in places)

    assert lowest * 38 < height(fleet_dashboard().json()) < (lowest + 3) * 38


@pytest.mark.parametrize(("since", "step", "rate"), [(3600, 30, "120s"), (86_400, 432, "462s")])
def test_the_rate_interval_is_grafanas(since: int, step: int, rate: str) -> None:
    """Four scrapes at least, one more than a step: Grafana's documentation of ``$__rate_interval``."""
    settings = page_server.View(since=since, scrape_interval=30, width=1400, theme="dark").settings()

    assert (step, rate) == (settings["step"], settings["rateInterval"])


def test_what_panels_have_become_is_read_from_the_page() -> None:
    """Titles and texts come back as they were written."""
    page = browser.read(
        '<body data-ready="true"><section data-panel="a &lt;b&gt;" data-type="stat" data-series="1" data-empty="0"'
        ' data-error="" data-ink="0" data-text="a 5%"><section>inside</section></section></body>'
    )
    [panel] = page.panels

    assert (True, "a <b>", "a 5%") == (page.ready, panel.title, panel.text)
