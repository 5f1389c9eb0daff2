"""The demo company's orders, with dates near the day they are made for.

The order system is the company's own, not Flerkanal's: its tables have no migrations here. An
empty database gets the demo's tables in one go; one that has an `orders` table is never changed,
but for the dates of orders that came from here.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, inspect, select, update
from sqlalchemy.engine import Connection

from actions.orders.tables import demo, metadata, order_lines, orders

# Longer than a demonstration, much shorter than the 30 days in which 10044 may be returned.
DATES_STAY_FRESH = timedelta(days=7)

_LINES: dict[str, list[tuple[str, int]]] = {
    "10042": [("Fjellbris ullgenser, str. M", 1), ("Nordlys hodelykt 400 lm", 1)],
    "10043": [("Vidde turbukse, str. 40", 1), ("Merino sokker, 3 par", 2)],
    "10044": [("Storm regnjakke, str. L", 1)],
}


def _orders(today: date) -> list[dict[str, Any]]:
    empty: dict[str, Any] = {
        "carrier": None,
        "tracking_number": None,
        "tracking_url": None,
        "expected_on": None,
        "delivered_on": None,
    }
    return [
        empty
        | {
            "number": "10042",
            "postcode": "0150",
            "state": "shipped",
            "email": "kari.nordmann@kunde.example",
            "carrier": "Posten",
            "tracking_number": "70730259126400042",
            "tracking_url": "https://sporing.nordlyshandel.example/70730259126400042",
            "expected_on": today + timedelta(days=2),
        },
        empty
        | {
            "number": "10043",
            "postcode": "5003",
            "state": "packing",
            "email": "ola.hansen@kunde.example",
        },
        empty
        | {
            "number": "10044",
            "postcode": "7011",
            "state": "delivered",
            "email": "ingrid.berg@kunde.example",
            "carrier": "Posten",
            "tracking_number": "70730259126400044",
            "tracking_url": "https://sporing.nordlyshandel.example/70730259126400044",
            "delivered_on": today - timedelta(days=6),
        },
    ]


def ensure_demo(connection: Connection, today: date) -> None:
    """Give an empty database the demo's orders; move the dates of a demo that has grown old.

    Runs in the caller's transaction, which must keep other processes from doing the same.
    """
    if not inspect(connection).has_table(orders.name):
        metadata.create_all(connection)
        connection.execute(insert(orders), _orders(today))
        connection.execute(
            insert(order_lines),
            [
                {"order_number": number, "position": place, "title": title, "quantity": quantity}
                for number, lines in _LINES.items()
                for place, (title, quantity) in enumerate(lines)
            ],
        )
        connection.execute(insert(demo), {"seeded_on": today})
    elif inspect(connection).has_table(demo.name):
        seeded_on = connection.execute(select(demo.c.seeded_on)).scalar_one()
        if today - seeded_on > DATES_STAY_FRESH:
            _move_dates(connection, today - seeded_on)
            connection.execute(update(demo).values(seeded_on=today))


def _move_dates(connection: Connection, age: timedelta) -> None:
    rows = connection.execute(
        select(orders.c.number, orders.c.expected_on, orders.c.delivered_on).where(
            orders.c.number.in_(list(_LINES))
        )
    ).all()
    for number, expected_on, delivered_on in rows:
        connection.execute(
            update(orders)
            .where(orders.c.number == number)
            .values(
                expected_on=expected_on and expected_on + age,
                delivered_on=delivered_on and delivered_on + age,
            )
        )
