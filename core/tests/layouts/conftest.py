import duckdb
import pytest


@pytest.fixture(scope="session")
def evaluate():
    """Evaluates SQL over the column ``t`` for each text, in the engine."""
    connection = duckdb.connect()

    def run(sql, texts):
        rows = connection.execute(f"SELECT {sql} FROM (SELECT unnest(?::VARCHAR[]) AS t)", [list(texts)])
        return [row[0] for row in rows.fetchall()]

    yield run
    connection.close()
