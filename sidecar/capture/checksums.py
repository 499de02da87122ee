"""Check digits: what tells a card or account number from any other long number."""

from __future__ import annotations

from typing import Final

# Characters of an IBAN by country (ISO 13616 registry).
_IBAN_LENGTH: Final = {
    country: int(length)
    for length, countries in (
        entry.split(":")
        for entry in (
            "15:NO|16:BE|18:DK FI FO GL NL|19:MK SI|20:AT BA EE KZ LT LU XK|21:CH HR LI LV"
            "|22:BG BH CR DE GB GE IE ME RS"
            "|23:AE GI IL TL|24:AD CZ ES MD PK RO SA SE SK TN VG|25:PT|26:IS|27:FR GR IT MC MR SM"
            "|28:AL AZ CY DO GT HU LB PL"
            "|29:BR PS QA UA|30:JO KW MU|31:MT SC"
        ).split("|")
    )
    for country in countries.split()
}


def is_card_number(digits: str) -> bool:
    """Whether 14 to 19 digits are a payment card's: an issuer's prefix and length, and the Luhn sum (ISO/IEC 7812)."""
    if not _issued(digits):
        return False
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def _issued(digits: str) -> bool:
    size, two, three, four = len(digits), int(digits[:2]), int(digits[:3]), int(digits[:4])
    if size == 14:
        return two in (36, 38, 39) or 300 <= three <= 305
    if size == 15:
        return two in (34, 37)
    if size == 16:
        return (
            digits[0] == "4"
            or 51 <= two <= 55
            or 2221 <= four <= 2720
            or four == 6011
            or two in (62, 65)
            or 644 <= three <= 649
            or 3528 <= four <= 3589
            or four in (5018, 5020, 5038, 6304, 6759, 6761, 6763)
        )
    return size in (17, 18, 19) and (two == 62 or (size == 19 and digits[0] == "4"))


def iban_end(text: str) -> int:
    """Where the IBAN that ``text`` starts with ends, as an index; 0 where there is none (ISO 13616, mod 97)."""
    wanted = _IBAN_LENGTH.get(text[:2], 0)
    taken: list[str] = []
    for index, char in enumerate(text):
        if char != " ":
            taken.append(char)
        if wanted and len(taken) == wanted:
            code = "".join(taken)
            number = "".join(str(int(char, 36)) for char in code[4:] + code[:4])
            ends = index + 1 == len(text) or not text[index + 1].isalnum()
            return index + 1 if ends and int(number) % 97 == 1 else 0
    return 0
