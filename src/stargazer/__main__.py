"""`python -m stargazer` is the command line."""

import sys

from stargazer.cli import main

if __name__ == "__main__":
    sys.exit(main())
