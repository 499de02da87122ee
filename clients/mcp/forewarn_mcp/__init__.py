"""`forewarn-mcp`: what a Forewarn daemon knows, as tools for MCP hosts, over stdio."""
