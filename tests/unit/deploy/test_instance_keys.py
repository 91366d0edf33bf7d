"""The keys an instance keeps in its home."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from deploy.local.keys import instance_file, read_instance_file
from deploy.local.settings import InstanceSettings
from gateway.domain.identity import WeakKey

KEY = "5f2b8c1e9d7a4603b8e1c2d3f4a5968778695a4b3c2d1e0f1029384756afbecd"


def settings(home: Path, key: str | None = None) -> InstanceSettings:
    return InstanceSettings(home=home, SECRET_KEY=SecretStr(key) if key is not None else None)


def test_a_signing_key_is_made_once_and_kept(tmp_path: Path) -> None:
    first = instance_file(settings(tmp_path)).secret_key
    assert instance_file(settings(tmp_path)).secret_key == first


def test_a_signing_key_that_is_given_signs(tmp_path: Path) -> None:
    instance_file(settings(tmp_path))
    assert instance_file(settings(tmp_path, KEY)).secret_key == KEY


@pytest.mark.rule("SEC-02")
@pytest.mark.parametrize("key", ["", "short", "change-me-change-me-change-me-change-me"])
def test_a_weak_signing_key_is_refused_and_not_kept(tmp_path: Path, key: str) -> None:
    with pytest.raises(WeakKey):
        instance_file(settings(tmp_path, key))
    assert read_instance_file(tmp_path) is None
