"""A headless Chromium with a microphone that plays a file."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
QUIET = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
)  # fmt: skip


class Browser:
    """The page in a browser, with the few gestures that tests make."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def find(self, css: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def text(self, css: str) -> str:
        return self.find(css).text

    def wait(self, condition: Callable[[], object], timeout_s: float = 20) -> None:
        WebDriverWait(self.driver, timeout_s, poll_frequency=0.05).until(lambda _: condition())

    def upload(self, path: Path) -> None:
        self.find("#file").send_keys(str(path))

    def value(self, script: str) -> object:
        return self.driver.execute_script(f"return {script}")

    def resize(self, width: int, height: int) -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600},
        )

    def dark(self, is_dark: bool) -> None:
        wanted = {"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [wanted]})

    def screenshot(self, path: Path) -> None:
        """The whole page, however long."""
        height = int(self.value("document.documentElement.scrollHeight"))
        width = int(self.value("innerWidth"))
        self.resize(width, max(height, 400))
        self.driver.save_screenshot(str(path))

    @property
    def complaints(self) -> list[str]:
        """What the console said, but for answers that were refused on purpose."""
        said = [entry["message"] for entry in self.driver.get_log("browser")]
        return [line for line in said if "Failed to load resource" not in line]


@contextmanager
def chromium(microphone: Path) -> Iterator[Browser]:
    """Start it; `microphone` is a WAV file."""
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory() as profile:
        for argument in (
            *QUIET,
            f"--user-data-dir={profile}",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={microphone}",
        ):
            options.add_argument(argument)
        driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
        try:
            yield Browser(driver)
        finally:
            driver.quit()
