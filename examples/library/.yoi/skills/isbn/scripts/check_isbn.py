#!/usr/bin/env python3
"""Print each ISBN in its thirteen-digit form, or what is wrong with it."""

import sys


def check_digit_13(digits: str) -> str:
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return str(-total % 10)


def check_digit_10(digits: str) -> str:
    total = sum(int(digit) * (10 - index) for index, digit in enumerate(digits))
    return "0123456789X"[-total % 11]


def to_thirteen(isbn: str) -> str:
    compact = isbn.replace("-", "").replace(" ", "").upper()
    if len(compact) == 10 and compact[:9].isdigit():
        if check_digit_10(compact[:9]) != compact[9]:
            raise ValueError("the check digit is wrong")
        return f"978{compact[:9]}{check_digit_13('978' + compact[:9])}"
    if len(compact) == 13 and compact.isdigit():
        if check_digit_13(compact[:12]) != compact[12]:
            raise ValueError("the check digit is wrong")
        return compact
    raise ValueError("neither ten nor thirteen digits")


def main(numbers: list[str]) -> int:
    failed = 0
    for number in numbers:
        try:
            print(to_thirteen(number))
        except ValueError as error:
            print(f"{number}: {error}")
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
