from collections.abc import Collection

#: Bytes of a test, and conditions of one call at most.
TEST_BYTES: int
MOST_CONDITIONS: int

def met_by(packed: bytearray, conditions: Collection[int]) -> list[int]: ...
def observe(packed: bytearray, met: list[int], p: float, session: int, failed: bool) -> None: ...
