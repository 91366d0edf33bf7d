"""uvicorn's own command line with the door as its HTTP protocol: `python -m pulsepoint.runtime.serve --factory …`.

uvicorn takes no class there, only names of its table.
"""

from __future__ import annotations

from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.main import main

DOOR = "pulsepoint.runtime.door:DoorProtocol"

DEFAULTS = {"proxy_headers": False}
"""uvicorn believes X-Forwarded-For of whoever connects from this machine; the gateway reads it itself, where it is told
how many proxies there are. https://www.uvicorn.org/settings/#http"""

if __name__ == "__main__":
    HTTP_PROTOCOLS.update(auto=DOOR, httptools=DOOR)
    main(default_map=DEFAULTS)
