"""What the agent works on: a database of a shop, a folder for each session, an API. In a temporary folder, removed."""

from __future__ import annotations

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from forewarn import Tool as Descriptor

from .orders_api import NAME, OrdersApi, serving
from .tools import HttpGet, Shell, SqliteQuery, Tool

CITIES: Final = ("Lisbon", "Oslo", "Graz", "Porto", "Turku")
ORDERS: Final = 60


class World:
    """The tools and what they act on."""

    def __init__(self, folder: Path, api: OrdersApi) -> None:
        self._folder = folder
        self._database = folder / "shop.db"
        self.api = api
        _fill(self._database)
        self.tools: dict[str, Tool] = {tool.name: tool for tool in (SqliteQuery(self._database), HttpGet(api))}

    def new_session(self, name: str) -> None:
        """An empty folder for the shell, as a fresh checkout would be."""
        folder = self._folder / name
        folder.mkdir()
        (folder / "README.md").write_text("# A project\n")
        self.tools[Shell.name] = Shell(folder)

    def add_refunds(self) -> None:
        """What a colleague's migration does: the table that was missing is there. Nobody tells the daemon."""
        with closing(sqlite3.connect(self._database)) as connection, connection:
            connection.execute("CREATE TABLE IF NOT EXISTS refunds (order_id INTEGER, total_cents INTEGER)")
            connection.execute("INSERT INTO refunds VALUES (7, 1250)")

    @staticmethod
    def descriptors() -> list[Descriptor]:
        """What the runtime says of the tools."""
        return [
            Descriptor(SqliteQuery.name, "Runs SQL on the shop's database", SqliteQuery.schema, read_only=True),
            Descriptor(Shell.name, "Runs a command in the session's folder"),
            Descriptor(HttpGet.name, "Reads from the orders API", read_only=True, server=NAME),
        ]


def _fill(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.executescript(
            """
            CREATE TABLE customers (customer_id INTEGER PRIMARY KEY, full_name TEXT, city TEXT);
            CREATE TABLE orders (order_id INTEGER PRIMARY KEY, customer_id INTEGER, status TEXT, total_cents INTEGER);
            CREATE TABLE order_items (order_id INTEGER, product TEXT, quantity INTEGER);
            """
        )
        connection.executemany(
            "INSERT INTO customers VALUES (?, ?, ?)", [(n, f"Customer {n}", CITIES[n % 5]) for n in range(1, 21)]
        )
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?, ?)", [tuple(o.values()) for o in _orders()])
        connection.executemany(
            "INSERT INTO order_items VALUES (?, ?, ?)", [(n, f"product-{n % 7}", 1 + n % 3) for n in range(1, ORDERS)]
        )


def _orders() -> list[dict[str, object]]:
    return [
        {
            "order_id": n,
            "customer_id": 1 + n % 20,
            "status": ("paid", "sent", "open")[n % 3],
            "total_cents": 500 + 37 * n,
        }
        for n in range(1, ORDERS + 1)
    ]


@contextmanager
def made_world() -> Iterator[World]:
    """A world with its API running; gone afterwards."""
    api = OrdersApi(dict(enumerate(_orders(), 1)))
    with tempfile.TemporaryDirectory(prefix="forewarn-demo-", ignore_cleanup_errors=True) as folder, serving(api):
        yield World(Path(folder), api)
