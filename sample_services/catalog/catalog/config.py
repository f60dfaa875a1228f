"""
What the environment must say.
"""

from pydantic import SecretStr, ValidationError
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


def from_environment() -> DatabaseSettings:
    """Ends the process with a message that names the variable and never shows its value."""
    try:
        return DatabaseSettings()
    except ValidationError as error:
        wrong = (
            f"DATABASE_{str(detail['loc'][0]).upper()}: {detail['msg']}"
            for detail in error.errors(include_input=False, include_url=False)
        )
        raise SystemExit("set in the environment:\n  " + "\n  ".join(wrong)) from None
