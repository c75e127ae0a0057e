"""A PostgreSQL server of our own, for those who run none.

async with embedded.attach(data_dir) as server:
    connection = await asyncpg.connect(server.dsn)
"""

from stargazer.store.embedded.server import Server, attach

__all__ = ["Server", "attach"]
