"""`python -m forewarn_cli` is `forewarn`."""

import sys

from forewarn_cli.main import main

sys.exit(main())
