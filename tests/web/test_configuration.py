"""`.streamlit/config.toml`: safe defaults that Streamlit really reads, and a look that everybody can read."""

import itertools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit import config

from core.ui.charts import WORDS

ROOT = Path(__file__).parents[2]
WRITTEN = tomllib.loads((ROOT / ".streamlit/config.toml").read_text("utf-8"))
THEMES = ["light", "dark"]

# How people without one kind of cone see linear RGB (Machado, Oliveira and Fernandes 2009, severity 1).
VISIONS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
# Linear RGB to Oklab (Ottosson 2020), in which equal distances look equally far; 0.02 is just noticeable.
TO_CONES = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
TO_LAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip


def linear(colour: str) -> Any:
    rgb = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2."""
    darker, lighter = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


def faded(text: str, background: str) -> str:
    """Text at 60 %, as Streamlit draws captions."""
    pairs = [(int(text[at : at + 2], 16), int(background[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(0.6 * front + 0.4 * back):02x}" for front, back in pairs)


def seen(colour: str, vision: str) -> Any:
    return TO_LAB @ np.cbrt(TO_CONES @ np.clip(VISIONS[vision] @ linear(colour), 0, 1))


def options(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from options(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


@pytest.fixture(scope="module", autouse=True)
def _streamlit_as_the_server_reads_it() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        config.get_config_options(force_reparse=True)
        yield


@pytest.mark.parametrize(("name", "value"), list(options(WRITTEN)))
def test_streamlit_knows_the_option_and_takes_its_value(name: str, value: Any) -> None:
    assert config.get_option(name) == value


@pytest.mark.parametrize(
    ("name", "value"),
    {
        "server.address": "localhost",
        "server.enableXsrfProtection": True,
        "server.enableCORS": True,
        "server.enableStaticServing": False,
        "server.enableAgentApi": False,
        "server.showEmailPrompt": False,
        "server.port": 8501,
        "browser.gatherUsageStats": False,
        "client.showErrorDetails": "none",
        "client.disableDataExport": True,
        "client.toolbarMode": "viewer",
        "runner.postScriptGC": False,
        "global.developmentMode": False,
    }.items(),
)
def test_what_safety_and_speed_rest_on(name: str, value: Any) -> None:
    assert config.get_option(name) == value


@pytest.mark.parametrize("theme", THEMES)
class TestTheme:
    def test_text_can_be_read_on_every_surface(self, theme: str) -> None:
        colours = WRITTEN["theme"][theme]
        for surface in (colours["backgroundColor"], colours["secondaryBackgroundColor"]):
            assert contrast(colours["textColor"], surface) >= 7
            assert contrast(faded(colours["textColor"], surface), surface) >= 4.5
            assert contrast(colours["linkColor"], surface) >= 4.5
        assert contrast(colours["dataframeHeaderTextColor"], colours["dataframeHeaderBackgroundColor"]) >= 4.5
        for name in ("blue", "gray"):
            assert contrast(colours[f"{name}TextColor"], colours[f"{name}BackgroundColor"]) >= 4.5

    def test_a_button_can_be_read_and_seen(self, theme: str) -> None:
        colours = WRITTEN["theme"][theme]
        assert contrast("#ffffff", colours["primaryColor"]) >= 4.5
        assert contrast(colours["primaryColor"], colours["backgroundColor"]) >= 3

    def test_the_accent_is_not_the_red_of_errors(self, theme: str) -> None:
        red, green, blue = linear(WRITTEN["theme"][theme]["primaryColor"])
        assert max(green, blue) > red

    def test_ten_chart_colours_stand_out_from_the_page(self, theme: str) -> None:
        colours = WRITTEN["theme"][theme]
        assert len(colours["chartCategoricalColors"]) == 10, "with fewer, Plotly uses its own"
        for colour in colours["chartCategoricalColors"]:
            assert contrast(colour, colours["backgroundColor"]) >= 3

    def test_the_words_of_a_chart_can_be_read_also_until_it_is_drawn_for_another_theme(self, theme: str) -> None:
        assert contrast(WORDS, WRITTEN["theme"][theme]["backgroundColor"]) >= {"light": 4.5, "dark": 3}[theme]

    @pytest.mark.parametrize("vision", VISIONS)
    def test_chart_colours_stand_apart_from_each_other(self, theme: str, vision: str) -> None:
        colours = WRITTEN["theme"][theme]["chartCategoricalColors"]
        apart = {
            pair: float(np.linalg.norm(seen(pair[0], vision) - seen(pair[1], vision)))
            for pair in itertools.combinations(colours, 2)
        }
        assert min(apart.values()) >= 0.07
        assert min(apart[pair] for pair in itertools.combinations(colours[:5], 2)) >= 0.1

    def test_a_scale_goes_one_way(self, theme: str) -> None:
        lightness = [float(seen(c, "normal")[0]) for c in WRITTEN["theme"][theme]["chartSequentialColors"]]
        assert len(lightness) == 10
        assert lightness == sorted(lightness, reverse=theme == "light")
