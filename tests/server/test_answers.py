"""The answer to a record is the same message whether it is built or put together from serialized parts."""

from __future__ import annotations

import pytest

from forewarn.v1 import guard_pb2, model_pb2
from sidecar.learning.learner import Change, Recorded
from sidecar.model.call import Classification
from sidecar.model.decision import Interval, RetryAdvice
from sidecar.model.vocabulary import Cause, Outcome, State
from sidecar.server import answers

WORKED = Classification(Outcome.SUCCESS, 1.0, Cause.NONE, 0.0, False, "", b"")
FAILED = Classification(Outcome.FAILURE, 0.9, Cause.NOT_FOUND, 0.75, True, "order <id> nöt found", b"12345678")
CHANGES = (Change(b"p" * 20, State.CANDIDATE, State.CONFIRMED), Change(b"q" * 20, State.CONFIRMED, State.REFUTED))
RETRY = RetryAdvice(
    worth_it=True, after=2.5, p_success=0.6, interval=Interval(0.4, 0.8, 0.9), reason="it worked before"
)


@pytest.mark.parametrize(
    "value",
    [
        Recorded("c1", WORKED, 1, duplicate=False),
        Recorded("ö" * 200, WORKED, 1 << 63, duplicate=False),
        Recorded("", FAILED, 0, duplicate=False),
        Recorded("c1", WORKED, 300, duplicate=True),
        Recorded("c1", FAILED, 300, duplicate=False, changes=CHANGES),
        Recorded("c1", FAILED, 300, duplicate=False, retry=RETRY),
        Recorded("c1", FAILED, 300, duplicate=True, changes=CHANGES, retry=RETRY),
    ],
)
def test_parts_say_what_the_message_says(value: Recorded) -> None:
    for _ in range(2):  # the second time what was serialized is remembered
        assert guard_pb2.RecordCallResponse.FromString(answers.recorded_bytes(value)) == answers.recorded(value)


def test_all_is_said() -> None:
    message = answers.recorded(Recorded("c1", FAILED, 7, duplicate=True, changes=CHANGES, retry=RETRY))
    assert (message.call_id, message.sequence, message.duplicate) == ("c1", 7, True)
    assert message.classification.error_template == FAILED.template
    assert message.classification.cause == model_pb2.CAUSE_NOT_FOUND
    assert [one.usage_pattern_id for one in message.changes] == [(b"p" * 20).hex(), (b"q" * 20).hex()]
    assert message.retry_advice.worth_it
    assert message.retry_advice.after.ToMilliseconds() == 2500
