"""Run a sandbox for a parent process; people use `stargazer sandbox`."""

import asyncio

from stargazer.sandbox import separate

asyncio.run(separate.run())
