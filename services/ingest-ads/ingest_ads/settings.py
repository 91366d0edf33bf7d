"""Settings of ingest-ads; in the environment each name is upper case after `PULSEPOINT_`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from pulsepoint.runtime.settings import ServiceSettings

META_CLICK_DAYS, META_VIEW_DAYS = (1, 7, 28), (1,)
"""Windows that Meta still answers: `7d_view` and `28d_view` ended on 2026-01-12 and are empty, without an error.
https://developers.facebook.com/blog/post/2025/10/16/ads-insights-api-metric-availability-updates/"""


def _meta_click_days(days: int) -> int:
    if days not in META_CLICK_DAYS:
        raise ValueError(f"Meta answers click windows of {META_CLICK_DAYS} days alone")
    return days


def _meta_view_days(days: int) -> int:
    if days not in META_VIEW_DAYS:
        raise ValueError(f"Meta answers view windows of {META_VIEW_DAYS} days alone")
    return days


MetaClickDays = Annotated[int, AfterValidator(_meta_click_days)]
MetaViewDays = Annotated[int, AfterValidator(_meta_view_days)]


class Settings(ServiceSettings):
    """Base URLs and API versions of the platforms (a stub or sandbox may serve them), windows in days, limits.

    TikTok's report does not name its windows: set here what the advertiser chose in Attribution Manager.
    """

    ads_meta_base_url: str = "https://graph.facebook.com"
    ads_meta_version: str = "v27.0"
    ads_meta_page_size: int = Field(default=500, ge=1, le=5000)
    ads_meta_click_window_days: MetaClickDays = 7
    ads_meta_view_window_days: MetaViewDays = 1
    ads_tiktok_base_url: str = "https://business-api.tiktok.com"
    ads_tiktok_version: str = "v1.3"
    ads_tiktok_page_size: int = Field(default=1000, ge=1, le=1000)
    ads_tiktok_click_window_days: int | None = None
    ads_tiktok_view_window_days: int | None = None
    ads_google_base_url: str = "https://googleads.googleapis.com"
    ads_google_version: str = "v26"
    ads_google_login_customer_id: str = ""
    ads_http_timeout_seconds: float = Field(default=20.0, gt=0)
    ads_http_connections: int = Field(default=32, ge=1)
