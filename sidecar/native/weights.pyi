#: AdaGrad's steps of the weights for all tools, and of one tool's offsets.
STEP_OVERALL: float
STEP_TOOL: float
#: Offsets are pulled back to zero by this share of a step, so that they stay small unless they earn it.
OFFSET_DECAY: float
#: Of the covariance: an error below this moves nothing, and a call with a smaller share of news does not narrow it.
LEAST_ERROR: float
LEAST_NEWS: float

def logit(p: float) -> float: ...
def rounded(number: float, digits: int) -> float: ...
def strongest(parts: list[float], least: float) -> list[int]: ...
def wilson(p: float, n: float) -> tuple[float, float]: ...
def combine(
    overall: list[float], own: list[float] | None, x: list[float], ends: tuple[int, ...]
) -> tuple[float, bool, int, list[float]]: ...
def descend(
    values: list[float],
    squares: list[float],
    offsets: list[float],
    own_squares: list[float],
    x: list[float],
    error: float,
    covariance: bytearray | None = None,
    information: float = 0.0,
) -> bool: ...
def descend_together(
    covariance: bytearray, values: list[float], x: list[float], error: float, information: float
) -> bool: ...
