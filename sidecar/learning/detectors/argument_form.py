"""The form of the arguments: a quote at the start of a title, an empty list, a flag that is off.

Conditions that were found to go with failures beyond what else is known of the calls, see ``forms.py``; believed only
with failures from more than one session. From then on each has its record, and loses its say when calls work.
"""

from __future__ import annotations

from typing import Final

from ...model.call import JSON
from ...model.counted import Counted
from ...model.decision import Evidence
from ...model.vocabulary import Cause
from ...native.conditions import add_names, conditions_of, measure, spell
from ...native.form_tests import met_by, observe
from ..cuts import moved, note
from ..describe import of_all
from ..detector import Finding
from ..evidence import logit, wilson
from ..forms import Conditions, admit, describe, take_believed
from ..grounds import mark_of_form
from ..half_life import PERMANENT_HALF_LIFE
from ..tool_model import FormRule, Model
from ..view import Outcome, View
from ..wording import visible

#: Rules of one tool; the weakest of too many go. Names of arguments that may be missed when they are not given, and
#: from how many on no more of what is inside of objects are added.
MAX_RULES: Final = 8
MAX_NAMES: Final = 24
_MAX_WITH_INNER: Final = 16
_LONGEST_NAME: Final = 64
#: Numbers, numbers of items and lengths of one call that are kept.
_MEASURED: Final = 8
_STRENGTH: Final = 2.0


class ArgumentForm:
    """See the module."""

    code = "argument_form"
    about = "whether the arguments have a form that was found to fail"
    needs = "rules"
    features = (("argument_form", 0.7),)  # log-odds of the worst rule that the arguments meet, over the kind's

    def propose(self, view: View, x: list[float], at: int) -> None:
        """The record of the worst rule."""
        found = _worst(view)
        if found is not None:
            x[at] = logit(found.rate.mean(view.p_kind, _STRENGTH)) - view.base

    def explain(self, view: View) -> Finding | None:
        """The condition, and how calls that meet it went."""
        rule = _worst(view)
        if rule is None:
            return None
        rate = rule.rate
        words = _say(view, rule.conditions)  # a cut may have moved
        return Finding(
            summary=f"{of_all(rate.failures, rate.total)} of {view.call.tool} where {words} failed",
            cause=Cause.INVALID_ARGUMENT,
            evidence=Evidence(
                failures=round(rate.failures, 4),
                successes=round(rate.successes, 4),
                calls=round(rate.total),
                call_ids=(),
                interval=wilson(rate.failures / rate.total, rate.total),
                last_time=rate.time,
            ),
            remedy=f"Change the form: calls where {words} fail.",
            mark=mark_of_form(rule.conditions),
        )

    def learn(self, view: View, outcome: Outcome) -> None:
        """Move the tests of the conditions that the call meets, and begin new ones when it failed."""
        model = view.own_model()
        arguments = visible(view.call, view.features)
        conditions = _conditions(view, model)
        known = 0.0
        for rule in model.rules:
            if _meets(rule, conditions):
                rule.rate.add(outcome.failed, outcome.now, PERMANENT_HALF_LIFE)
                known = max(known, rule.rate.mean(0.5, _STRENGTH))
        if outcome.failed and outcome.transient:
            _remember_names(model, arguments)
            return  # what passes by itself is not for the form of the arguments
        tests = bytearray(model.form_tests)
        met = met_by(tests, conditions)
        session = int.from_bytes(view.session_key[:2], "big")
        if met:
            observe(tests, met, max(view.p_fail, view.p_kind), session, outcome.failed)
        if outcome.failed:
            believed = take_believed(tests, met, known)
            if believed is not None:
                parts = (believed.first, believed.second) if believed.second else (believed.first,)
                rate = Counted(believed.successes, believed.failures, outcome.now)
                _keep(model, FormRule(parts, _say(view, parts), rate))
                met = met_by(tests, conditions)  # they stand elsewhere now
            rules = {rule.conditions for rule in model.rules}
            model.form_tests, model.forms_tried = admit(tests, met, conditions, rules, model.forms_tried, session)
        elif met:
            model.form_tests = bytes(tests)
        # From here on names and cuts are those of the next call.
        _remember_names(model, arguments)
        measured = measure(arguments)[:_MEASURED]
        if measured:
            note(model.measured, measured, failed=outcome.failed)
            if outcome.failed:
                model.cuts = moved(model.cuts, model.measured, measured)


def _remember_names(model: Model, arguments: dict[str, JSON]) -> None:
    add_names(model.names, arguments, MAX_NAMES, _MAX_WITH_INNER, _LONGEST_NAME)


def _say(view: View, parts: tuple[int, ...]) -> str:
    """Conditions that the call meets, in words."""
    arguments, model = visible(view.call, view.features), view.own_model()
    said = [describe(*spell(one, arguments, model.names, model.cuts, view.now)) for one in parts]
    return " and ".join(said)


def _keep(model: Model, rule: FormRule) -> None:
    model.rules.append(rule)
    if len(model.rules) > MAX_RULES:
        model.rules.remove(min(model.rules, key=lambda one: one.rate.mean(0.5, _STRENGTH)))


def _meets(rule: FormRule, conditions: Conditions) -> bool:
    return all(map(conditions.__contains__, rule.conditions))  # in C: every rule is asked about every call


def _conditions(view: View, model: Model) -> Conditions:
    """The conditions that the call meets, found once: what it brings in itself makes no difference to them."""
    if view.conditions is None:
        view.conditions = conditions_of(visible(view.call, view.features), model.names, model.cuts, view.now)
    return view.conditions


def _worst(view: View) -> FormRule | None:
    model = view.model
    if model is None or not model.rules:
        return None
    conditions = _conditions(view, model)
    found, most = None, view.p_kind
    for rule in model.rules:
        if _meets(rule, conditions):
            p = rule.rate.mean(view.p_kind, _STRENGTH)
            if p > most:
                found, most = rule, p
    return found
