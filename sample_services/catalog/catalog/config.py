"""
What the environment must say, and what it may.
"""

from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import URL


class DatabaseSettings(BaseSettings):
    """``DATABASE_HOST``, ``DATABASE_PORT``, ``DATABASE_NAME``, ``DATABASE_USER``, ``DATABASE_PASSWORD``."""

    model_config = SettingsConfigDict(env_prefix="DATABASE_", frozen=True)

    host: str
    port: int = 5432
    name: str = "catalog"
    user: str = "catalog"
    password: SecretStr

    @property
    def url(self) -> URL:
        """As SQLAlchemy takes it."""
        return URL.create(
            "postgresql+asyncpg",
            username=self.user,
            password=self.password.get_secret_value(),
            host=self.host,
            port=self.port,
            database=self.name,
        )


class FaultSettings(BaseSettings):
    """``FAULT_ERRORS``: share of requests that fail, 0 to 1. ``FAULT_DELAY``: seconds every request waits first."""

    model_config = SettingsConfigDict(env_prefix="FAULT_", frozen=True)

    errors: float = Field(0.0, ge=0, le=1)
    delay: float = Field(0.0, ge=0, le=60)


Settings = TypeVar("Settings", bound=BaseSettings)


def read(settings: type[Settings]) -> Settings:
    """Ends the process with a message that names the variable and never shows its value."""
    try:
        return settings()
    except ValidationError as error:
        prefix = settings.model_config["env_prefix"]
        wrong = (
            f"{prefix}{str(detail['loc'][0]).upper()}: {detail['msg']}"
            for detail in error.errors(include_input=False, include_url=False)
        )
        raise SystemExit("set in the environment:\n  " + "\n  ".join(wrong)) from None
