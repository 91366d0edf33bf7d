"""Run one fake: `python -m deploy.emulated.fakes bigquery --port 9050`."""

from __future__ import annotations

import argparse
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import uvicorn

HOST = "127.0.0.1"


def names() -> list[str]:
    """The names of the fakes, sorted."""
    package = import_module("deploy.emulated.fakes")
    return sorted(each.name for each in iter_modules(package.__path__) if not each.name.startswith("_"))


def main() -> None:
    """Serve the fake named on the command line until it is told to end."""
    parser = argparse.ArgumentParser(prog="python -m deploy.emulated.fakes", description=__doc__)
    parser.add_argument("name", choices=names())
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--state", type=Path, help="folder for what it keeps, if it keeps anything")
    given = parser.parse_args()
    create_app = import_module(f"deploy.emulated.fakes.{given.name}").create_app
    app = create_app() if given.state is None else create_app(given.state)
    uvicorn.run(app, host=given.host, port=given.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
