"""The `pulsepoint` command. It finds the instance's address, log-in and secrets in PULSEPOINT_HOME (./var)."""

from __future__ import annotations

import asyncio
import re
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import httpx
import orjson
import typer
from rich.console import Console

from deploy.cli import backup, doctor, rebuild, verify
from deploy.cli.backup_file import BackupFailed, Manifest
from deploy.cli.copies import Duplication
from deploy.cli.home import InstanceAccess, NoInstance, home_directory, read_access
from deploy.cli.instance_client import InstanceRefused, Token, open_client
from deploy.cli.progress import Progress
from deploy.cli.replay import NotProcessed, Replayed, ReplayOptions, WrongBrand, replay
from deploy.cli.report import print_report
from deploy.cli.sender import NotAnswered, Pace
from deploy.local.home import RestoreUnfinished
from file_import.source_file import UnreadableFile

app = typer.Typer(
    name="pulsepoint",
    help="Work with a running Pulsepoint instance. PULSEPOINT_HOME (./var) is the directory of the instance.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)

# The whole domain must match: Shopify signs the body, not the shop's name.
SHOP = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
REPORTED = (NoInstance, InstanceRefused, NotAnswered, NotProcessed, UnreadableFile, WrongBrand, httpx.HTTPError)
BACKUP_ERRORS = (NoInstance, BackupFailed, RestoreUnfinished)


def _shop(value: str) -> str:
    if not SHOP.fullmatch(value):
        raise typer.BadParameter("a shop domain looks like your-shop.myshopify.com")
    return value


def _optional_shop(value: str | None) -> str | None:
    return None if value is None else _shop(value)


def _zone(value: str | None) -> str | None:
    if value is not None and value not in available_timezones():
        raise typer.BadParameter(f"{value} is no timezone of the IANA database")
    return ZoneInfo(value).key if value else None


def _currency(value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"[A-Za-z]{3}", value):
        raise typer.BadParameter("a currency is three letters, such as GBP")
    return value.upper() if value else None


def _duplication(value: str) -> Duplication:
    try:
        return Duplication.parse(value)
    except ValueError as error:
        raise typer.BadParameter(f"expected EVERY:TIMES, such as 10:3 ({error})") from None


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text, and no progress.")]
File = Annotated[Path, typer.Argument(help="UCI Online Retail columns (CSV or Parquet), or a Shopify orders export.")]
Shop = Annotated[str, typer.Option(callback=_shop, help="The shop's domain; its brand is made if there is none.")]
Name = Annotated[str | None, typer.Option(help="Name of a brand that is made. (default: from the shop)")]
Currency = Annotated[
    str | None,
    typer.Option(callback=_currency, help="Of the prices in the file. (default: the brand's or file's, else GBP)"),
]
Timezone = Annotated[
    str | None,
    typer.Option(callback=_zone, help="Of the dates in the file. (default: the brand's, else Europe/London)"),
]
Rate = Annotated[float, typer.Option(min=0, help="Deliveries a second at most; 0 is as fast as answered.")]
Concurrency = Annotated[int, typer.Option(min=1, max=512, help="Deliveries under way at once.")]
Patience = Annotated[float, typer.Option(min=0, help="Seconds to retry a delivery that is not acknowledged.")]
Seed = Annotated[int | None, typer.Option(help="Send in an order drawn from this seed.")]
Copies = Annotated[
    Duplication | None,
    typer.Option(
        parser=_duplication,
        metavar="EVERY:TIMES",
        help="Every EVERYth message TIMES times, half of the copies with fresh ids.",
    ),
]
Tenant = Annotated[UUID | None, typer.Option(help="Its id. (default: the one of the instance's log-in)")]
KeepDays = Annotated[
    int | None,
    typer.Option(min=1, help="Delete the backups beside FILE that are older, once FILE is whole. (default: none)"),
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until every order and refund is counted.")]
WaitSeconds = Annotated[float, typer.Option(min=1, help="How long --wait waits.")]


@app.callback()
def pulsepoint() -> None:
    """Work with a running Pulsepoint instance."""


@app.command("replay")
def replay_command(
    file: File,
    shop: Shop,
    name: Name = None,
    currency: Currency = None,
    timezone: Timezone = None,
    rate: Rate = 0,
    concurrency: Concurrency = 16,
    patience: Patience = 60,
    shuffle: Seed = None,
    duplicate: Copies = None,
    wait: Wait = False,
    wait_seconds: WaitSeconds = 600,
    as_json: AsJson = False,
) -> None:
    """Send a transactions file as signed Shopify webhooks.

    Invoices become orders, cancellation lines refunds on their own date.
    Rows with a price of zero or less are left out and listed.
    The same file always gives the same webhooks, so replaying it twice changes nothing.
    """
    options = ReplayOptions(
        file=file,
        shop=shop,
        name=name,
        currency=currency,
        timezone=timezone,
        pace=Pace(concurrency, rate, patience),
        shuffle=shuffle,
        duplication=duplicate,
        wait=wait,
        wait_seconds=wait_seconds,
    )
    _replay(options, as_json=as_json)


def _replay(options: ReplayOptions, *, as_json: bool) -> None:
    """Replays and prints the report; exits with 1 where the instance refused a delivery."""
    progress = Progress(quiet=as_json)
    try:
        replayed = asyncio.run(replay(read_access(home_directory()), options, progress))
    except REPORTED as error:
        _fail(str(error), as_json=as_json)
    _print_replayed(replayed, as_json=as_json)
    if replayed.sent.refused:
        raise typer.Exit(1)


@app.command("token")
def token_command(as_json: AsJson = False) -> None:
    """Print an access token for the instance's API, from the log-in saved in PULSEPOINT_HOME."""
    try:
        access = read_access(home_directory())
        token = asyncio.run(_token(access))
    except REPORTED as error:
        _fail(str(error), as_json=as_json)
    if as_json:
        payload = {"access_token": token.access_token, "token_type": token.token_type, "expires_in": token.expires_in}
        _print_json({**payload, "address": access.address})
    else:
        typer.echo(token.access_token)


@app.command("webhook-address")
def webhook_address_command(
    shop: Annotated[str, typer.Argument(callback=_shop, help="The shop's domain.")],
    renew: Annotated[bool, typer.Option("--renew", help="Make a new one: the one before counts no longer.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the address to which a brand's Shopify app sends its webhooks: its last part proves whose they are."""
    try:
        address = asyncio.run(_webhook_address(read_access(home_directory()), shop, renew=renew))
    except REPORTED as error:
        _fail(str(error), as_json=as_json)
    if as_json:
        _print_json({"shop": shop, "address": address})
    else:
        typer.echo(address)


@app.command("doctor")
def doctor_command(as_json: AsJson = False) -> None:
    """Tell what is connected, what is late, what is wrong, and what to do.

    Exits with 1 when something asks for action.
    """
    try:
        findings = asyncio.run(doctor.examine(read_access(home_directory())))
    except REPORTED as error:
        _fail(str(error), as_json=as_json)
    if as_json:
        _print_json(doctor.as_json(findings))
    else:
        doctor.print_findings(findings, Console())
    if not doctor.is_well(findings):
        raise typer.Exit(1)


@app.command("rebuild")
def rebuild_command(as_json: AsJson = False) -> None:
    """Make the warehouse anew from its archive while the instance runs.

    A warehouse that is lost or damaged is rebuilt without this; orders are taken meanwhile.
    """
    try:
        asyncio.run(rebuild.rebuild(read_access(home_directory()), Progress(quiet=as_json)))
    except REPORTED as error:
        _fail(str(error), as_json=as_json)
    if as_json:
        _print_json({"ok": True})
    else:
        typer.echo("The warehouse is whole again.")


@app.command("suspend")
def suspend_command(tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Suspend a tenant: nothing is computed or sent, and only operators get in.

    Its deliveries are verified, acknowledged and kept; `pulsepoint resume` has them handled.
    """
    _set_suspended(True, tenant, as_json=as_json)


@app.command("resume")
def resume_command(tenant: Tenant = None, as_json: AsJson = False) -> None:
    """Bring a suspended tenant back: what came meanwhile is handled now."""
    _set_suspended(False, tenant, as_json=as_json)


def _set_suspended(suspended: bool, tenant: UUID | None, *, as_json: bool) -> None:
    try:
        status = asyncio.run(_suspension(read_access(home_directory()), suspended, tenant))
    except REPORTED as error:
        _fail(str(error), as_json=as_json)
    if as_json:
        _print_json(status)
    else:
        typer.echo(f"Tenant {status['tenant_id']} with {status['brands']} brands is {status['status']}.")


async def _suspension(access: InstanceAccess, suspended: bool, tenant: UUID | None) -> dict[str, object]:
    async with open_client(access) as client:
        await client.log_in()
        return await client.set_suspended(suspended, str(tenant) if tenant else None)


@app.command("backup")
def backup_command(
    path: Annotated[Path, typer.Argument(help="The file to make; it must not be there yet.")],
    keep_days: KeepDays = None,
    as_json: AsJson = False,
) -> None:
    """Copy all of one machine's instance into one file, while it runs or not.

    The file holds its secrets: keys, log-ins, the tokens of shops and ad accounts. Only you can read it; keep it so.
    Settings that you give in the environment are not in it.
    """
    try:
        manifest = asyncio.run(backup.back_up(home_directory(), path, Progress(quiet=as_json)))
        dropped = backup.drop_older(path, keep_days)
    except BACKUP_ERRORS as error:
        _fail(str(error), as_json=as_json)
    _print_backup(path, manifest, "Backed up", as_json=as_json)
    if not as_json:
        typer.echo("It holds the instance's secrets: keep it where only you can read it.")
        for each in dropped:
            typer.echo(f"Deleted {each}: it was more than {keep_days} days old.")


@app.command("restore")
def restore_command(
    path: Annotated[Path, typer.Argument(help="A file that `pulsepoint backup` made.")], as_json: AsJson = False
) -> None:
    """Fill an empty PULSEPOINT_HOME from a backup; the next start builds the warehouse.

    Every byte is verified before. Stop the instance that was backed up: two of one kind both pull and send alerts.
    """
    home = home_directory()
    try:
        manifest = backup.restore(home, path, Progress(quiet=as_json))
    except BACKUP_ERRORS as error:
        _fail(str(error), as_json=as_json)
    _print_backup(path, manifest, "Restored", as_json=as_json)
    if not as_json:
        typer.echo(f"Start the instance in {home.resolve()}: it builds the warehouse first.")


def _print_backup(path: Path, manifest: Manifest, done: str, *, as_json: bool) -> None:
    rows = sum(manifest.rows.values())
    if as_json:
        payload = {"path": str(path), "bytes": path.stat().st_size, "rows": rows, "files": len(manifest.members)}
        _print_json({**payload, "made_at": manifest.made_at, "version": manifest.version})
    else:
        size = f"{path.stat().st_size / backup.MB:,.1f} MB"
        typer.echo(f"{done} {rows:,} rows of PostgreSQL and the fact archive as of {manifest.made_at}: {path}, {size}.")


@app.command("verify")
def verify_command(
    shop: Annotated[
        str | None, typer.Option(callback=_optional_shop, help="Only this shop's brand. (default: every brand)")
    ] = None,
    patience: Annotated[
        float,
        typer.Option(min=0, max=3600, help="Seconds that a running instance has to credit what it has just recorded."),
    ] = 20,
    as_json: AsJson = False,
) -> None:
    """Check that every ledger of every brand adds up to the micro, and print a hash of the state.

    Two instances that were given the same input print the same hash. Exits with 1 on any violation.
    """
    progress = Progress(quiet=as_json)
    try:
        access = read_access(home_directory())
        verified = asyncio.run(verify.verify(access, progress, shop=shop, patience=patience))
    except REPORTED as error:
        _fail(str(error), as_json=as_json)
    if as_json:
        _print_json(verify.as_json(verified))
    else:
        verify.print_verified(verified, Console())
    if not all(each.ok for each in verified):
        raise typer.Exit(1)


async def _webhook_address(access: InstanceAccess, shop: str, *, renew: bool) -> str:
    async with open_client(access) as client:
        await client.log_in()
        brand = await client.brand_of(shop)
        if brand is None:
            raise WrongBrand(f"No brand has the shop {shop}: make one with POST /api/brands.")
        return await client.webhook_address(brand, renew=renew)


async def _token(access: InstanceAccess) -> Token:
    async with open_client(access) as client:
        return await client.log_in()


def _print_replayed(replayed: Replayed, *, as_json: bool) -> None:
    if as_json:
        _print_json(replayed.as_json())
    else:
        print_report(replayed, Console())


def _print_json(payload: dict[str, object]) -> None:
    typer.echo(orjson.dumps(payload, option=orjson.OPT_INDENT_2).decode())


def _fail(message: str, *, as_json: bool) -> None:
    if as_json:
        _print_json({"error": message})
    else:
        Console(stderr=True).print(message, highlight=False, markup=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    app()
