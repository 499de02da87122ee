"""Options that several commands share, so that they are called and explained the same everywhere."""

from typing import Annotated

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
Limit = Annotated[int, typer.Option(min=1, max=1_000_000, help="How many at most.")]
PageToken = Annotated[str, typer.Option(metavar="TOKEN", help="Go on where an earlier answer's next_page_token says.")]
OfTool = Annotated[str, typer.Option("--tool", metavar="TOOL", help="Only of this tool.")]
OfSession = Annotated[str, typer.Option("--session", metavar="ID", help="Only of this session.")]
OfCall = Annotated[str, typer.Option("--call-id", metavar="ID", help="Only of this call.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; kept with it, secrets redacted.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

Tool = Annotated[str, typer.Argument(metavar="TOOL", help="The tool's name, as the runtime knows it.")]
Arguments = Annotated[
    str | None, typer.Argument(metavar="ARGS_JSON|-", help="The arguments, one JSON object; - reads it from stdin.")
]
ArgumentPairs = Annotated[
    list[str] | None,
    typer.Option("--arg", "-a", metavar="NAME=VALUE", help="One argument; VALUE is JSON if it can be, else a string."),
]
ContextPairs = Annotated[
    list[str] | None,
    typer.Option("--context", "-c", metavar="KEY=VALUE", help="Where the call happens (db=prod, cluster=eu1)."),
]
Roles = Annotated[
    list[str] | None, typer.Option("--role", metavar="ROLE", help="A role of the caller; may be repeated.")
]
Session = Annotated[str, typer.Option(metavar="ID", help="The run or conversation that the call belongs to.")]
Caller = Annotated[str, typer.Option(metavar="NAME", help="Who makes the call.")]
CallId = Annotated[str, typer.Option(metavar="ID", help="The runtime's id of this attempt.")]
Server = Annotated[str, typer.Option(metavar="NAME", help="What provides the tool.")]
ToolVersion = Annotated[str, typer.Option(metavar="VERSION", help="The tool's version.")]
Time = Annotated[str, typer.Option(metavar="TIME", help="When the call is or was made (RFC 3339); now by default.")]

PolicyFiles = Annotated[
    list[str], typer.Argument(metavar="FILE...", help="Policies in YAML: files, or folders of them; - reads stdin.")
]
PolicyName = Annotated[str, typer.Argument(metavar="NAME", help="The policy's name.")]
Author = Annotated[str, typer.Option(metavar="NAME", help="Who does it; you, unless told.")]
