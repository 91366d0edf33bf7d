"""What a thousand people and a few shops do at once: signed webhooks come in, dashboards are read.

Run by `make load`, which tells it where the instance is by LOAD_* variables and compares what was accepted with the
instance's totals; alone: `locust -f tests/load/locustfile.py`.
"""

from __future__ import annotations

import json
import os
from itertools import count
from pathlib import Path
from typing import Any

from locust import HttpUser, between, constant_pacing, events, task

from file_import.webhooks import headers
from tests.load.orders import order

SHOP, BRAND = os.environ["LOAD_SHOP"], os.environ["LOAD_BRAND"]
numbers = count(int(os.environ.get("LOAD_FIRST", "0")))
accepted: list[int] = []


class Shop(HttpUser):
    """A shop that sells once in two seconds; it sends an order again until it is accepted."""

    weight = 1
    wait_time = constant_pacing(2)

    @task
    def sell(self) -> None:
        number = next(numbers)
        delivery = order(number, SHOP)
        signed = headers(delivery, SHOP, os.environ["LOAD_SECRET"])
        if self.client.post("/webhooks/shopify", data=delivery.body, headers=signed).ok:
            accepted.append(number)


class Marketer(HttpUser):
    """Somebody who looks at the dashboard and reads what it says."""

    weight = 9
    wait_time = between(5, 15)

    @task(3)
    def dashboard(self) -> None:
        self._read("dashboard")

    @task(2)
    def newest_orders(self) -> None:
        self._read("orders")

    @task(1)
    def alerts(self) -> None:
        self._read("alerts")

    def _read(self, what: str) -> None:
        bearer = {"Authorization": f"Bearer {os.environ['LOAD_TOKEN']}"}
        self.client.get(f"/api/brands/{BRAND}/{what}", headers=bearer, name=f"/api/brands/…/{what}")


@events.quitting.add_listener  # type: ignore[untyped-decorator]
def tell(environment: Any, **_: Any) -> None:
    """Write down which orders were accepted, for whoever compares totals."""
    report = os.environ.get("LOAD_REPORT")
    if report:
        Path(report).write_text(json.dumps(accepted))
