"""`forewarn status`: how the daemon is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from forewarn_cli import options
from forewarn_cli.commands import single
from forewarn_cli.connection import admin

if TYPE_CHECKING:
    from forewarn.v1 import admin_pb2

app = single()


@app.command()
def status(context: typer.Context, json: options.Json = False) -> None:
    """Show how the daemon is: version, mode, addresses, store, queue."""
    from forewarn.v1 import admin_pb2, model_pb2
    from forewarn_cli.screen import Screen, Styled, show_json
    from forewarn_cli.standing_view import standing
    from forewarn_cli.wording import label, moment, percent, size

    with admin(context) as ask:
        answer: admin_pb2.GetStatusResponse = ask("GetStatus", admin_pb2.GetStatusRequest())
    if json:
        show_json(answer)
        return
    limit, refused = answer.store_limit_bytes, answer.last_store_error
    full = f" of {size(limit)} ({percent(answer.store_bytes / limit, 0)})" if limit else ""
    Screen().pairs(
        [
            ("version", answer.version),
            ("since", moment(answer.start_time)),
            ("mode", Styled(label(model_pb2.Mode, answer.mode), "bold")),
            ("runtimes at", ", ".join(answer.guard_addresses)),
            ("administrators at", ", ".join(answer.admin_addresses)),
            ("store", f"{answer.store_path}, schema {answer.schema_version}"),
            ("size", size(answer.store_bytes) + full),
            ("commits", str(answer.store_sequence)),
            ("queue", f"{answer.queue_length} of {answer.queue_limit}"),
            ("decisions not logged", str(answer.decisions_dropped) if answer.decisions_dropped else ""),
            *standing(answer.false_prevention),
            ("policies", _policies(answer)),
            ("policy folder", answer.policy_folder),
            ("policy error", Styled(answer.policy_error, "bold red")),
            ("store error", Styled(answer.store_error, "bold red")),
            ("store refused last", f"{moment(answer.last_store_error_time)}: {refused}" if refused else ""),
        ]
    )


def _policies(answer: admin_pb2.GetStatusResponse) -> str:
    if not answer.policies:
        return ""
    from forewarn_cli.wording import counted

    failed, facts = answer.policy_engine_errors + answer.policy_rule_errors, answer.policy_fact_errors
    errors = f"; {counted(failed, 'time')} a rule or the engine failed" if failed else ""
    errors += f"; {counted(facts, 'time')} facts could not be filled in" if facts else ""
    return f"{answer.policies}, revision {answer.policy_revision}{errors}"
