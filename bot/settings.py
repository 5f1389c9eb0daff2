"""Settings from the environment and `.env`, checked once, at start."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseSettings, Field, SecretStr, ValidationError, validator

from bot.errors import SettingsError


class Settings(BaseSettings):
    """One frozen object; secrets never print.

    Field names are the environment's names in lower case. Durations are in seconds, sizes in bytes.
    """

    # the edge
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    rest_token: SecretStr | None = None
    secret_key: SecretStr | None = None
    web_allowed_origins: str = ""
    rest_reply_timeout: float = Field(60.0, gt=0)
    max_body_bytes: int = Field(65_536, ge=1_024)
    max_text_chars: int = Field(4_000, ge=1)

    # the stores
    var_dir: Path = Path("var")
    redis_url: str | None = None
    database_url: SecretStr | None = None
    orders_database_url: SecretStr | None = None
    orders_timeout: float = Field(3.0, gt=0)

    # the pipeline
    partitions: int = Field(16, ge=1, le=1_024)
    workers: int = Field(1, ge=1, le=64)
    lease_seconds: float = Field(8.0, ge=1.0)
    batch_size: int = Field(32, ge=1, le=512)
    max_deliveries: int = Field(3, ge=1)
    dedupe_seconds: int = Field(7 * 24 * 3600, ge=60)

    # the dialogue
    models_dir: Path = Path("models")
    action_endpoint: str | None = None
    action_timeout: float = Field(10.0, gt=0)

    log_level: str = "INFO"

    class Config:
        env_file = ".env"
        env_file_encoding = "utf-8"
        allow_mutation = False
        case_sensitive = False

    @validator("log_level")
    def _known_level(cls, value: str) -> str:  # noqa: N805 (pydantic passes the class)
        level = value.upper()
        if level not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
            raise ValueError("use DEBUG, INFO, WARNING or ERROR")
        return level

    @validator("redis_url")
    def _redis_scheme(cls, value: str | None) -> str | None:  # noqa: N805
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("must begin with redis://, rediss:// or unix://")
        return value or None

    @validator("action_endpoint")
    def _http_scheme(cls, value: str | None) -> str | None:  # noqa: N805
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must begin with http:// or https://")
        return value or None

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """WEB_ALLOWED_ORIGINS split at commas: origins such as `https://shop.example`."""
        origins = (origin.strip().rstrip("/") for origin in self.web_allowed_origins.split(","))
        return tuple(origin for origin in origins if origin)

    @property
    def database_dsn(self) -> str:
        """The record's SQLAlchemy URL: DATABASE_URL, else SQLite under `var/`."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{(self.var_dir / 'flerkanal.sqlite3').absolute()}"

    @property
    def orders_dsn(self) -> str:
        """The order system's SQLAlchemy URL: ORDERS_DATABASE_URL, else SQLite under `var/`."""
        if self.orders_database_url is not None:
            return self.orders_database_url.get_secret_value()
        return f"sqlite:///{(self.var_dir / 'orders.sqlite3').absolute()}"


def load_settings(**overrides: Any) -> Settings:
    """Read and check all settings. Raises SettingsError, which names every fault at once."""
    try:
        settings = Settings(**overrides)
    except ValidationError as error:
        raise SettingsError(
            [f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
        ) from error
    problems = []
    for origin in settings.allowed_origins:
        if not origin.startswith(("http://", "https://")):
            problems.append(
                f"WEB_ALLOWED_ORIGINS: {origin!r} is not an origin such as https://shop.example"
            )
    if problems:
        raise SettingsError(problems)
    return settings
