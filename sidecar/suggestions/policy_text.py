"""Policy documents as suggestions draft them, and what must hold of one before it is approved: it starts in shadow."""

from __future__ import annotations

import io
from typing import Any, Final

from ruamel.yaml import YAML

from ..model.errors import InvalidArgumentError
from ..policies.single import only_policy

_TEXT: Final = 1_000
_FIELD: Final = "draft.policy_document"


def policy_text(name: str, tool: str, arguments: dict[str, Any], message: str, remedy: str, rationale: str) -> str:
    """A policy that prevents exactly one call, in shadow. Values are quoted as YAML needs it, whatever they hold."""
    prevent = {"message": message[:_TEXT]} | ({"remedy": remedy[:_TEXT]} if remedy else {})
    document = {
        "policy": name,
        "description": f"Prevents a call of {tool} that is known to fail"[:_TEXT],
        "rationale": rationale[:_TEXT],
        "tools": [_literal(tool)],
        "mode": "shadow",
        "rules": [
            {
                "name": "known-failure",
                "when": {
                    "all": [
                        {"field": f"call.arguments.{argument}", "equal": value}
                        for argument, value in sorted(arguments.items())
                    ]
                },
                "then": {"prevent": _without_placeholders(prevent)},
            }
        ],
    }
    out = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.width = 120
    yaml.allow_unicode = True
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(document, out)
    return out.getvalue()


def require_shadow_policy(text: str) -> None:
    """Raise InvalidArgumentError unless a text is empty, or one policy that can be used and starts in shadow."""
    if not text.strip():
        return
    if only_policy(text, _FIELD).mode != "shadow":
        raise InvalidArgumentError(_FIELD, "must start in shadow: leave “mode” out, and promote it later")


def _literal(tool: str) -> str:
    """A tool's name as a glob that means nothing else: what would be special stands for any one character."""
    return "".join("?" if letter in "*?[]\\" else letter for letter in tool)


def _without_placeholders(texts: dict[str, str]) -> dict[str, str]:
    """Messages are filled in with values of the call; what was recorded must not ask for that."""
    return {name: text.replace("{", "(").replace("}", ")") for name, text in texts.items()}
