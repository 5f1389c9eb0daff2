"""docs/adding-a-channel.md, followed to the letter in a copy of the project."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from unittest import mock

import httpx
import pytest

from tests.channels.sms import SmsUnderTest
from tests.running import ROOT, running_flerkanal

PAGE = (ROOT / "docs" / "adding-a-channel.md").read_text("utf-8")
EXAMPLE = ROOT / "docs" / "examples" / "sms"
COPIED = """
    bot channels actions data config.yml domain.yml endpoints.yml credentials.yml pyproject.toml
    .env.example tests/unit/test_env_example.py
""".split()
# Beside which line of a file the page's lines go; of the same file one after the other.
BESIDE = {
    "bot/settings.py": (r'    "messenger": \(.*', r"    messenger_api_url: .*"),
    ".env.example": (r"#MESSENGER_API_URL=.*",),
    "bot/app/platforms/__init__.py": (r'    "messenger": .*',),
}


def blocks() -> Iterator[tuple[str, str]]:
    """Each file that the page names with lines to add to it, and the lines."""
    pattern = r"^In `([^`]+)`, [^\n]+:\n\n```\w+\n(.*?)^```$"
    yield from re.findall(pattern, PAGE, re.MULTILINE | re.DOTALL)


def follow(project: Path) -> None:
    """Step 5 of the page."""
    (project / "channels" / "sms").mkdir()
    places: Mapping[str, str] = {
        "__init__.py": "channels/sms/__init__.py",
        "parse.py": "channels/sms/parse.py",
        "adapter.py": "channels/sms/adapter.py",
        "delivery.py": "channels/sms/delivery.py",
        "platform.py": "bot/app/platforms/sms.py",
    }
    assert {path.name for path in EXAMPLE.glob("*.py")} == set(places)
    for name, place in places.items():
        source = (EXAMPLE / name).read_text("utf-8")
        (project / place).write_text(source.replace("docs.examples.sms", "channels.sms"), "utf-8")
    count: dict[str, int] = {}
    for name, lines in blocks():
        path = project / name
        text = path.read_text("utf-8")
        if name == "pyproject.toml":
            text, found = re.subn(r'^    "\(web\) \| \(rest\).*\n', lines, text, flags=re.MULTILINE)
        else:
            anchor = BESIDE[name][count.get(name, 0)]
            text, found = re.subn(rf"^({anchor}\n)", rf"\g<1>{lines}", text, flags=re.MULTILINE)
        assert found == 1, f"{name}: where do these go?\n{lines}"
        count[name] = count.get(name, 0) + 1
        path.write_text(text, "utf-8")
    assert {name: len(anchors) for name, anchors in BESIDE.items()} | {"pyproject.toml": 1} == count


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("project")
    for name in COPIED:
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, target)
    follow(folder)
    return folder


@pytest.fixture
async def sms() -> AsyncIterator[SmsUnderTest]:
    channel = SmsUnderTest()
    async with channel.platform_running():
        yield channel


def test_the_page_shows_the_example_s_own_code() -> None:
    sources = [path.read_text("utf-8") for path in EXAMPLE.glob("*.py")]
    added = {lines for _, lines in blocks()}
    shown = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    own = [block for block in shown if block not in added]
    assert len(own) >= 7
    for block in own:
        assert any(block in source for source in sources), block


def test_the_page_names_files_that_exist() -> None:
    for name in re.findall(r"`((?:tests|channels|docs|bot)/[\w/.-]+\.\w+)`", PAGE):
        if "sms" not in name or name.startswith("tests/"):
            assert (ROOT / name).exists(), name
    for link in re.findall(r"\]\(([\w./-]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link


def test_the_imports_are_as_they_should_be(project: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_settings_are_listed_for_people(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_customers_are_answered(
    project: Path, trained_model: Path, sms: SmsUnderTest, tmp_path: Path
) -> None:
    environ = {name.upper(): str(value) for name, value in sms.settings.items()}
    environ["MODELS_DIR"] = str(trained_model.parent.absolute())

    async def says(url: str, text: str, event: str, *expected: str) -> None:
        known = len(await sms.shown("kari"))
        body = sms.written("kari", text, event)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            for _ in range(2):
                response = await client.post(
                    f"{url}{sms.path}", content=body.body, headers=dict(body.headers)
                )
                assert response.status_code == 200, response.text
        for _ in range(600):
            shown = await sms.shown("kari")
            if len(shown) > known and all(words in shown[-1].words for words in expected):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"{expected} did not come, but {await sms.shown('kari')}")

    with mock.patch("tests.running.ROOT", project):
        # The gateway of the text messages lives in this loop, which must not stand still.
        manager = running_flerkanal(tmp_path, **environ)
        flerkanal = await asyncio.to_thread(manager.__enter__)
        try:
            assert re.search(r"Sms .*/webhooks/sms/webhook", flerkanal.output)
            await says(flerkanal.url, "hei", "e1", "1. Hvor er pakken min?")
            # The number of the list is the choice.
            await says(flerkanal.url, "1", "e2", "ordrenummeret ditt")
            await says(flerkanal.url, "10042", "e3", "postnummeret")
            await says(flerkanal.url, "0150", "e4", "Sporingsnummer")
        finally:
            await asyncio.to_thread(manager.__exit__, None, None, None)
    assert sms.complaints() == []
