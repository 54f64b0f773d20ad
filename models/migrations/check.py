"""`python -m models.migrations.check`: do the migrations give exactly the tables of `models`? (CI runs it.)"""

import sys
import tempfile
from pathlib import Path

from alembic import command

from models.database import Database, alembic_config, sqlite_url


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(sqlite_url(Path(folder)))
        database.migrate()
        with database.engine.connect() as connection:
            command.check(alembic_config(connection))
            connection.rollback()
            command.downgrade(alembic_config(connection), "base")
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
