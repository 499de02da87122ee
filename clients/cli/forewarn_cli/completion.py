"""`forewarn completion`: a shell's completion script."""

from typing import Annotated, Literal

import typer

from forewarn_cli.commands import single

app = single()


@app.command()
def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(metavar="bash|zsh|fish", help="The shell.")],
) -> None:
    """Print a shell's completion script.

    bash: forewarn completion bash > ~/.local/share/bash-completion/completions/forewarn
    """
    from typer._completion_shared import get_completion_script

    from forewarn_cli.main import COMPLETE

    typer.echo(get_completion_script(prog_name="forewarn", complete_var=COMPLETE, shell=shell))
