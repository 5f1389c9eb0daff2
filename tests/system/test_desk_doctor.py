"""What the doctor says of the desk."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.app.checks.desk import desk
from bot.app.checks.result import State
from bot.errors import SettingsError
from bot.model.staff import Role
from bot.record.database import Database, open_engine
from bot.record.migrate import migrate
from bot.settings import Settings, load_settings
from bot.staff.accounts import Accounts
from bot.staff.passwords import Passwords


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = load_settings(var_dir=tmp_path)
    migrate(settings.database_dsn)
    return settings


async def add(settings: Settings, role: Role) -> None:
    database = Database(open_engine(settings.database_dsn))
    passwords = Passwords(memory_kib=64, passes=1)
    await Accounts(database, passwords).add(role.value, name="Kari", roles=[role])
    passwords.close()
    database.close()


async def test_a_desk_without_anybody_who_may_answer_is_a_warning(settings: Settings) -> None:
    await add(settings, Role.ADMINISTRATOR)
    (found,) = await desk(settings)
    assert found.state is State.WARNING
    assert "flerkanal user add" in found.remedy


async def test_a_desk_with_an_agent_is_well(settings: Settings) -> None:
    await add(settings, Role.AGENT)
    (found,) = await desk(settings)
    assert found.state is State.OK
    assert found.detail == "texts in en, nb; 1 accounts may answer customers"


async def test_before_the_first_start_there_is_nothing_to_warn_of(tmp_path: Path) -> None:
    (found,) = await desk(load_settings(var_dir=tmp_path))
    assert found.state is State.OK
    assert "first start" in found.detail


async def test_texts_that_can_not_be_used_are_told(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="DESK_TEXTS_DIR"):
        await desk(settings.copy(update={"desk_texts_dir": tmp_path / "none"}))


async def test_a_database_that_is_away_is_no_second_fault(tmp_path: Path) -> None:
    away = "postgresql://app@127.0.0.1:1/flerkanal"
    (found,) = await desk(load_settings(var_dir=tmp_path, database_url=away))
    assert found.state is State.OK
    assert "without the database" in found.detail
