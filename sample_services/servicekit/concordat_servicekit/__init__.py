"""
What every HTTP service tells about itself, for any ASGI application.

    from concordat_servicekit import Service

    service = Service(name="catalog", version="1.4.2", checks={"database": database.ping})
    service.run(app)  # a FastAPI or Starlette application, or any other ASGI one

Nothing here knows Kubernetes or the operator: environment variables go in, HTTP and log lines come out.
"""

from concordat_servicekit.health import Check
from concordat_servicekit.service import Service
from concordat_servicekit.settings import Settings, WrongSetting

__all__ = ["Check", "Service", "Settings", "WrongSetting"]
__version__ = "0.1.0"
