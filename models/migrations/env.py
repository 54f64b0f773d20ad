"""Alembic's environment: one connection, handed in by models.database or opened from VINHDANH_DATABASE_URL."""

import os

from alembic import context

import models
from models.database import Database

config = context.config


def run(connection) -> None:  # noqa: ANN001 -- an SQLAlchemy connection, as Alembic hands it
    context.configure(
        connection=connection,
        target_metadata=models.SQLModel.metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_in = config.attributes.get("connection")
if handed_in is not None:
    run(handed_in)
    handed_in.commit()
else:
    database = Database(os.environ["VINHDANH_DATABASE_URL"])
    with database.engine.connect() as opened:
        run(opened)
        opened.commit()
