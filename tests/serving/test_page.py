"""The page in a real browser, on the real service."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import soundfile
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from tests.serving.browser import CHROMIUM, DRIVER, Browser, chromium
from tests.serving.conftest import music
from tests.serving.server import Server

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (CHROMIUM and DRIVER), reason="no Chromium: apt-get install chromium chromium-driver"
    ),
]


@pytest.fixture(scope="module")
def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sounds")
    soundfile.write(folder / "high.wav", music(4.0, 8_000, 1_300.0), 8_000)
    soundfile.write(folder / "low.wav", music(2.0, 8_000, 170.0), 8_000)
    soundfile.write(folder / "microphone.wav", music(10.0, 48_000, 1_300.0), 48_000)
    (folder / "text.wav").write_text("a text by another name")
    (folder / "large.wav").write_bytes(b"\0" * (3 * 2**20))
    return folder


@pytest.fixture(scope="module")
def elsewhere(sounds: Path) -> Iterator[str]:
    """Another web server of this machine, which holds the sounds."""
    handler = partial(SimpleHTTPRequestHandler, directory=str(sounds))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="module")
def server(onnx_bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home = tmp_path_factory.mktemp("home")
    with Server(str(onnx_bundle), "--private-links", "--max-mb", "2", home=home) as it:
        yield it


@pytest.fixture(scope="module")
def window(sounds: Path) -> Iterator[Browser]:
    with chromium(sounds / "microphone.wav") as browser:
        yield browser


@pytest.fixture
def browser(window: Browser, server: Server) -> Browser:
    window.resize(1_280, 900)
    window.driver.get(server.url)
    window.wait(lambda: window.text("#model-name") == "tones")
    return window


def test_upload_shows_the_answer_over_time(browser, sounds):
    browser.upload(sounds / "high.wav")
    browser.wait(lambda: browser.text("#label") == "high")
    assert browser.text("#top").startswith("high")
    assert browser.find("#spectrogram").get_attribute("src").startswith("data:image/png")
    assert browser.value("document.querySelector('#spectrogram').naturalWidth") > 0
    rows = browser.value("document.querySelectorAll('#windows-table tbody tr').length")
    assert rows == 13  # 4 s in windows of 0.5 s, 0.3 s apart
    inked = (
        "[...document.querySelector('#waveform').getContext('2d').getImageData(0,0,300,50).data].some(v=>v)"
    )
    assert browser.value(inked)
    browser.wait(
        lambda: browser.value("document.querySelector('#player').duration") == pytest.approx(4, abs=0.1)
    )
    assert browser.complaints == []


def test_playhead_follows_the_keyboard(browser, sounds):
    browser.upload(sounds / "high.wav")
    browser.wait(lambda: browser.text("#label") == "high")
    before = browser.value("document.querySelector('#playhead').getBoundingClientRect().left")
    seek = browser.find("#seek")
    for _ in range(3):
        seek.send_keys(Keys.PAGE_UP)
    browser.wait(lambda: browser.value("document.querySelector('#player').currentTime") > 0.5)
    after = browser.value("document.querySelector('#playhead').getBoundingClientRect().left")
    assert after > before


def test_record_from_the_microphone(browser):
    browser.find("#record").click()
    browser.wait(lambda: "Stop" in browser.text("#record"))
    browser.wait(lambda: browser.text("#record-time").startswith(("0:01", "0:02")))
    browser.find("#record").click()
    browser.wait(lambda: browser.text("#label") == "high")


def test_link_from_another_server(browser, elsewhere):
    browser.find("#link-url").send_keys(f"{elsewhere}/low.wav")
    browser.find("#link-go").click()
    browser.wait(lambda: browser.text("#label") == "low", timeout_s=40)


@pytest.mark.parametrize(
    ("name", "part"), [("text.wav", "not audio"), ("large.wav", "the limit is")], ids=["a text", "too large"]
)
def test_what_cannot_be_used_is_said_as_an_alert(browser, sounds, name, part):
    browser.upload(sounds / name)
    browser.wait(lambda: part in browser.text("#error"))
    assert browser.find("#error").get_attribute("role") == "alert"
    browser.upload(sounds / "low.wav")
    browser.wait(lambda: browser.text("#label") == "low")
    assert browser.text("#error") == ""


def test_link_that_leads_nowhere(browser, elsewhere):
    browser.find("#link-url").send_keys(f"{elsewhere}/nothing.wav")
    browser.find("#link-go").click()
    browser.wait(lambda: "could not be fetched" in browser.text("#error"), timeout_s=40)


def test_fits_a_phone(browser, sounds):
    browser.resize(360, 740)
    browser.upload(sounds / "high.wav")
    browser.wait(lambda: browser.text("#label") == "high")
    assert browser.value("document.documentElement.scrollWidth") <= 360


def test_every_control_has_a_name_and_can_be_reached(browser, sounds):
    browser.upload(sounds / "high.wav")
    browser.wait(lambda: browser.text("#label") == "high")
    unnamed = browser.value(
        "[...document.querySelectorAll('button,input,a,audio,summary')].filter(e => e.offsetParent && "
        "!(e.ariaLabel || e.innerText.trim() || e.labels?.length || e.tagName === 'AUDIO')).map(e => e.id)"
    )
    assert unnamed == []
    reached = set()
    browser.value("document.activeElement.blur()")
    for _ in range(30):
        ActionChains(browser.driver).send_keys(Keys.TAB).perform()
        reached.add(browser.value("document.activeElement.id"))
    assert {"file", "record", "link-url", "seek"} <= reached


def test_card_shows_confusion_and_drift(browser, server):
    browser.driver.get(f"{server.url}/card")
    browser.wait(lambda: "tones" in browser.text("body") and browser.text("#confusion") != "")
    cells = browser.value("[...document.querySelectorAll('#confusion td')].map(e => e.innerText.trim())")
    assert {"7", "1", "8"} <= set(cells)
    assert "windows were heard" in browser.text("#drift") or "looks like" in browser.text("#drift")
    assert "dB" in browser.text("#drift")
    assert "Forms" in browser.text("#card")
    assert browser.complaints == []


def test_token_is_asked_for(window, onnx_bundle, sounds, tmp_path):
    with Server(str(onnx_bundle), home=tmp_path, environment={"TUNEBENCH_TOKEN": "open"}) as server:
        window.driver.get(server.url)
        window.wait(lambda: window.find("#token").is_displayed())
        window.find("#token").send_keys("open")
        window.find("#token-save").click()
        window.wait(lambda: window.text("#model-name") == "tones")
        window.upload(sounds / "low.wav")
        window.wait(lambda: window.text("#label") == "low")
