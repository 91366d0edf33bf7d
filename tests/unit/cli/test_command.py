"""The command itself: help, messages when no instance runs, refused options, JSON."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from tests.builders.transactions import Line, write_transactions

SHOP = "first-light.myshopify.com"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PULSEPOINT_HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"})


def instance_that_is_gone(home: Path) -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    stored = {"address": address, "admin_email": "a@b.c", "admin_password": "p", "shopify_api_secret": "s"}
    (home / "tower.json").write_text(json.dumps(stored))
    return address


@pytest.mark.parametrize("command", [[], ["replay"], ["token"]])
def test_every_command_has_help(command: list[str]) -> None:
    result = run(*command, "--help")
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_without_an_instance_the_message_says_where_was_looked_and_what_to_do(home: Path) -> None:
    result = run("token")
    assert result.exit_code == 1
    assert str(home) in result.stderr
    assert "make run" in result.stderr


def test_an_instance_that_is_gone_is_told_with_its_address(home: Path, tmp_path: Path) -> None:
    address = instance_that_is_gone(home)
    file = write_transactions(tmp_path / "sales.csv", [Line()])
    result = run("replay", str(file), "--shop", SHOP, "--json")
    assert result.exit_code == 1
    assert f"No instance answers at {address}" in json.loads(result.stdout)["error"]


def test_an_instance_file_that_is_not_one_is_told(home: Path) -> None:
    (home / "tower.json").write_text('{"address": "http://127.0.0.1:1"}')
    result = run("token")
    assert result.exit_code == 1
    assert "admin_email" in result.stderr


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--shop", "first-light.myshopify.com.evil.example"),
        ("--shop", "First-Light.myshopify.com"),
        ("--timezone", "Europe/Londn"),
        ("--currency", "pounds"),
        ("--duplicate", "every tenth"),
        ("--concurrency", "0"),
    ],
)
def test_an_option_that_cannot_be_right_is_refused_before_anything_is_sent(
    home: Path, tmp_path: Path, option: str, value: str
) -> None:
    file = write_transactions(tmp_path / "sales.csv", [Line()])
    arguments = ["replay", str(file)] + ([] if option == "--shop" else ["--shop", SHOP])
    result = run(*arguments, option, value)
    assert result.exit_code == 2
    assert option in result.stderr


def test_secrets_are_in_no_text_of_the_objects_that_hold_them(home: Path) -> None:
    from deploy.cli.home import read_access
    from deploy.cli.sender import Target

    stored = {"address": "http://x", "admin_email": "a@b.c", "admin_password": "pass-1", "shopify_api_secret": "hush-1"}
    (home / "tower.json").write_text(json.dumps(stored))
    shown = repr(read_access(home)) + repr(Target("http://x", SHOP, "hush-1"))
    assert "pass-1" not in shown
    assert "hush-1" not in shown
