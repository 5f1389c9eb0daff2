"""Moments as numbers, in the SQL of either database: for differences and for periods of time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from sqlalchemy import BigInteger, Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

Compiler = TypeVar("Compiler", bound=Callable[..., str])
# The library's own decorator has no types.
_compiles = cast("Callable[..., Callable[[Compiler], Compiler]]", compiles)


class _Epoch(FunctionElement):  # type: ignore[type-arg]
    name = "epoch"
    type = Float()
    inherit_cache = True


class _WholeEpoch(FunctionElement):  # type: ignore[type-arg]
    name = "whole_epoch"
    type = BigInteger()
    inherit_cache = True


def epoch(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """Seconds since the epoch, right to a tenth of a millisecond."""
    return _Epoch(moment)


def whole_epoch(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    """Whole seconds since the epoch, without a fraction: never on the wrong side of midnight."""
    return _WholeEpoch(moment)


def seconds_between(earlier: ColumnElement[Any], later: ColumnElement[Any]) -> ColumnElement[Any]:
    """From one moment to another, in seconds; null where either is."""
    return epoch(later) - epoch(earlier)


@_compiles(_Epoch, "postgresql")
def _epoch_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(extract(epoch FROM {moment}) AS double precision)"


@_compiles(_Epoch, "sqlite")
def _epoch_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"((julianday({moment}) - 2440587.5) * 86400.0)"


@_compiles(_WholeEpoch, "postgresql")
def _whole_epoch_in_postgresql(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    return f"CAST(floor(extract(epoch FROM {moment})) AS bigint)"


@_compiles(_WholeEpoch, "sqlite")
def _whole_epoch_in_sqlite(element: Any, compiler: Any, **options: Any) -> str:
    moment = compiler.process(element.clauses, **options)
    # SQLite rounds to milliseconds, so the fraction goes first.
    return f"CAST(strftime('%s', substr({moment}, 1, 19)) AS integer)"
