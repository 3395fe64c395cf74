"""`python -m lifecycle` is the same as `lifecycle`."""

import sys

from lifecycle.cli import main

if __name__ == "__main__":
    sys.exit(main())
