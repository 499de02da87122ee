from collections.abc import Callable, Collection, Mapping
from typing import Protocol, TypeAlias, TypeVar

from sidecar.learning.rates import KindRate
from sidecar.learning.session import Session
from sidecar.learning.spread import Spread
from sidecar.learning.tool_model import Model
from sidecar.learning.wording import Wording
from sidecar.model.call import Call, Features
from sidecar.model.pattern import UsagePattern
from sidecar.model.tool import Tool
from sidecar.model.vocabulary import Level
from sidecar.store.tables import Table

_V = TypeVar("_V")
Scopes: TypeAlias = tuple[tuple[str, bytes], ...]

#: What is assumed of a tool that was never called: a tenth of calls fail.
BASE_RATE: float
STRENGTH_TOOL: float
STRENGTH_KIND: float
#: Calls of a tool after which likeness between its calls counts for half.
HALF_KNOWN: float

class _Source(Protocol):
    def get(self, table: Table[_V], key: bytes) -> _V | None: ...

class Places:
    def __init__(
        self,
        models: Table[Model],
        sessions: Table[Session],
        patterns: Table[UsagePattern],
        rates: Table[KindRate],
        overall: bytes,
        *,
        ids_of: Callable[[str], tuple[bytes, bytes]],
        session_key_of: Callable[[str], bytes],
        new_model: Callable[[], Model],
        scopes_of: Callable[[Mapping[str, str]], Scopes],
        wording_of: Callable[[Call, Features, Collection[str]], Wording],
    ) -> None: ...

class Seen:
    _source: _Source
    #: By what calls share; and patterns with their ids, by level and what they cover.
    _rates: dict[bytes, KindRate | None]
    _patterns: dict[tuple[Level, bytes], tuple[bytes, UsagePattern | None]]
    #: What changed, None before anything did, and is new. Only learning adds to them.
    _changed: set[bytes] | None
    _changed_rates: set[bytes] | None
    created: tuple[bytes, ...]
    created_rates: tuple[bytes, ...]
    #: The pattern of this very call, if there is one, once it was asked for.
    _known_call: tuple[UsagePattern | None] | None
    call: Call
    features: Features
    now: float
    #: The tool's key; the id of its pattern; the session's key, empty where none is named.
    subject: bytes
    tool_id: bytes
    session_key: bytes
    epoch: int
    server: str
    overall: Model
    #: The record of calls of this kind.
    rate: KindRate | None
    tool: Tool | None
    model: Model | None
    session: Session | None
    #: The covariance, once it was asked for.
    spread: Spread | None
    tool_pattern: UsagePattern | None
    #: What the form of the arguments is, see ``learning/forms.py``, once it is asked for.
    conditions: Collection[int] | None
    #: What the call does, see ``learning/steps.py``, once it is asked for.
    steps: dict[bytes, str] | None
    #: The words whose records are read, once they are chosen.
    looked_up: tuple[bytes, ...] | None
    #: Where this very call stands in the session, or -1; and the session's failures in a row, up to now.
    seen: int
    run: int
    #: Which share of the tool's failures is for what is called, and not for a state that passes by itself.
    lasting: float
    #: What a tool's history counts for, from 0 for a new tool towards 1: of few calls, all are alike in something.
    trust: float
    #: What likeness between its calls counts for.
    likeness: float
    #: The failure rates of the tool and of calls of this kind, and the log-odds of both.
    p_tool: float
    p_kind: float
    base_tool: float
    base: float
    #: What the call was given, once it was judged.
    p_fail: float

    def __init__(self, source: _Source, call: Call, features: Features, tool: Tool | None, places: Places) -> None: ...
    def rate_of(self, shared: bytes) -> KindRate | None: ...
    @property
    def wording(self) -> Wording: ...
    @property
    def scopes(self) -> Scopes: ...
