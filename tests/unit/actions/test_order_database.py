from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import exc
from sqlalchemy.engine import Engine

from actions.orders.errors import OrdersUnavailable
from actions.sql.engine import build_engine, database_errors
from bot.errors import SettingsError


def build(dsn: str) -> Engine:
    return build_engine(
        dsn, setting="ORDERS_DATABASE_URL", application="orders", limit=1.0, connections=1
    )


def all_subclasses(base: type[Exception]) -> Iterator[type[Exception]]:
    for subclass in base.__subclasses__():
        yield subclass
        yield from all_subclasses(subclass)


def an_error_of(kind: type[Exception]) -> Exception:
    cause = sqlite3.Error("why")
    if issubclass(kind, exc.DBAPIError):
        return kind("SELECT 1", {}, cause)
    if issubclass(kind, exc.StatementError):
        return kind("why", "SELECT 1", {}, cause)
    error = kind.__new__(kind)
    Exception.__init__(error, "why")
    return error


SQLALCHEMY_ERRORS = sorted(
    {kind for kind in all_subclasses(exc.SQLAlchemyError) if kind.__module__ == "sqlalchemy.exc"},
    key=lambda kind: kind.__name__,
)


@pytest.mark.parametrize("kind", [*SQLALCHEMY_ERRORS, PermissionError, OSError])
def test_no_error_of_the_database_gets_past_the_store(kind: type[Exception]) -> None:
    with pytest.raises(OrdersUnavailable) as caught, database_errors(OrdersUnavailable):
        raise an_error_of(kind)
    assert caught.value.system == "the order system"


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        (exc.OperationalError, True),
        (exc.TimeoutError, True),
        (exc.ProgrammingError, False),
        (exc.IntegrityError, False),
        (PermissionError, False),
    ],
)
def test_an_error_tells_whether_it_may_pass(kind: type[Exception], *, retryable: bool) -> None:
    with pytest.raises(OrdersUnavailable) as caught, database_errors(OrdersUnavailable):
        raise an_error_of(kind)
    assert caught.value.retryable is retryable


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(KeyError), database_errors(OrdersUnavailable):
        raise KeyError("a fault in the program")


@pytest.mark.parametrize(
    "dsn",
    [
        "mysql://u:secret@host/db",
        "orders.sqlite3",
        "",
        "http://host/db",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_an_unusable_address_is_refused_with_what_to_write_instead(dsn: str) -> None:
    with pytest.raises(SettingsError, match="ORDERS_DATABASE_URL") as caught:
        build(dsn)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg2"])
def test_the_usual_ways_to_write_postgresql_are_taken(scheme: str) -> None:
    engine = build(f"{scheme}://u:p@host/orders")
    assert engine.url.drivername == "postgresql+psycopg2"


def test_building_an_engine_opens_nothing(tmp_path: Path) -> None:
    file = tmp_path / "orders.sqlite3"
    build(f"sqlite:///{file}")
    assert not file.exists()
