"""The seller's page in a real browser: it shows what it should, and nothing in it runs or loads."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.ladder import Market

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
BROWSER = next((found for name in BROWSERS if (found := shutil.which(name))), "")


@pytest.mark.skipif(not BROWSER, reason=f"NOT SEEN IN A BROWSER: none of {', '.join(BROWSERS)} is installed here")
def test_the_sellers_page_is_shown_and_nothing_in_it_runs(tmp_path: Path) -> None:
    market = Market()
    market.penalise(reason="<img src=x onerror=document.title='ran'><script>document.title='ran'</script>延迟")
    link = market.ops.must("POST", "/sellers/shop-1/s-1/link", {"days": 30}, role="ops")["path"]
    page = tmp_path / "file.html"
    page.write_bytes(market.ops.http.request("GET", link).body)
    shown = subprocess.run(
        [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
         "--dump-dom", page.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    assert "<title>商家处罚档案</title>" in shown and "<textarea" in shown and "延迟" in shown
    assert "<img" not in shown and "<script" not in shown
