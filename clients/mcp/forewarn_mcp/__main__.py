"""`python -m forewarn_mcp`."""

import sys

from forewarn_mcp.main import main

sys.exit(main())
