from sidecar.learning.budget import Budget

#: Bins of log-odds, how wide each is, and from where on.
BINS: int
BIN_WIDTH: float
LOWEST: float
#: Beyond this many successes old ones are forgotten; of those that count over a longer time.
HORIZON: float
SPENT_HORIZON: float

def know(budget: type[Budget]) -> None: ...
def spend(budget: Budget, score: float, success: float, *, prevented: bool, groundless: bool) -> bool: ...
