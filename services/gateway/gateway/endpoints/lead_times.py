"""`…/lead-times`: the days that reorders of single variants take, one by one or from a file."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated

from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.bootstrap import Ports
from gateway.domain.brands import Brand, BrandChange
from gateway.domain.identity import Person
from gateway.endpoints.access import BrandOf, ConfigurerOf, PortsOf, RuntimeOf
from gateway.endpoints.problems import PROBLEMS
from gateway.ports import Commands
from gateway.use_cases.brands import change_brand
from gateway.use_cases.lead_times import changed_lead_times, lead_times_of_csv
from pulsepoint.brand.settings import MOST_LEAD_TIMES, VariantLeadTime, Whole
from pulsepoint.errors import LimitExceeded, MalformedInput

router = APIRouter(prefix="/api/brands/{brand_id}", tags=["inventory"], responses=PROBLEMS)
LARGEST_FILE = 1_000_000


class LeadTimeChange(BaseModel):
    """The lead time of one variant, by its id or SKU; null takes it away, so that the brand's counts again."""

    model_config = ConfigDict(extra="forbid")
    variant: str = Field(min_length=1, max_length=255)
    days: Annotated[Whole, Field(ge=0, le=365)] | None


class LeadTimeChanges(BaseModel):
    """Lead times to change; variants that are not named keep theirs."""

    model_config = ConfigDict(extra="forbid")
    lead_times: list[LeadTimeChange] = Field(max_length=MOST_LEAD_TIMES)


class LeadTimes(BaseModel):
    """The lead times of single variants; all others have the brand's, `lead_time_days`."""

    lead_time_days: int
    lead_times: list[VariantLeadTime]

    @classmethod
    def of(cls, brand: Brand) -> LeadTimes:
        """The view of a brand's lead times."""
        return cls(lead_time_days=brand.settings.lead_time_days, lead_times=list(brand.settings.lead_times))


@router.get("/lead-times")
async def read_lead_times(brand: BrandOf) -> LeadTimes:
    """The lead times of single variants."""
    return LeadTimes.of(brand)


@router.patch("/lead-times")
async def patch_lead_times(
    body: LeadTimeChanges, brand: BrandOf, person: ConfigurerOf, ports: PortsOf, runtime: RuntimeOf
) -> LeadTimes:
    """Change the lead times of some variants."""
    changes = {each.variant: each.days for each in body.lead_times}
    return await _change(changes, brand, person, ports, runtime.pipeline)


@router.post("/lead-times")
async def upload_lead_times(
    request: Request, brand: BrandOf, person: ConfigurerOf, ports: PortsOf, runtime: RuntimeOf
) -> LeadTimes:
    """Change lead times by a CSV with the columns `variant_id` or `sku`, and `lead_time_days`."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() not in ("text/csv", "application/csv"):
        raise HTTPException(415, "Send the file as text/csv.")
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > LARGEST_FILE:
            raise LimitExceeded("A file of lead times may have 1 MB.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise MalformedInput("The file is not UTF-8 text.", reason="unreadable_file") from None
    return await _change(lead_times_of_csv(text), brand, person, ports, runtime.pipeline)


async def _change(
    changes: Mapping[str, int | None], brand: Brand, person: Person, ports: Ports, commands: Commands
) -> LeadTimes:
    change = BrandChange(settings={"lead_times": partial(changed_lead_times, changes)})
    changed = await change_brand(
        person, brand, change, commands=commands, secrets=ports.secrets, allow_local_urls=False
    )
    return LeadTimes.of(changed)
