"""Reads ECMA 262 regular expressions into trees; raises ``ValueError`` for what is not regular or not understood."""

from typing import Any

Ranges = tuple[tuple[int, int], ...]
Tree = tuple[Any, ...]
"""``("chars", ranges)``, ``("sequence", trees)``, ``("choice", trees)``, ``("repeat", tree, least, most)``,
``("start",)``, ``("end",)`` or ``("look", positive, tree)``."""

LAST = 0x10FFFF
ANY: Ranges = ((0, 0xD7FF), (0xE000, LAST))
DIGIT: Ranges = ((0x30, 0x39),)
WORD: Ranges = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
SPACE: Ranges = (
    (0x09, 0x0D), (0x20, 0x20), (0xA0, 0xA0), (0x1680, 0x1680), (0x2000, 0x200A), (0x2028, 0x2029),
    (0x202F, 0x202F), (0x205F, 0x205F), (0x3000, 0x3000), (0xFEFF, 0xFEFF),
)  # fmt: skip
LINE_END: Ranges = ((0x0A, 0x0A), (0x0D, 0x0D), (0x2028, 0x2029))
CONTROL = {"t": 9, "n": 10, "v": 11, "f": 12, "r": 13, "0": 0}
MOST_REPEATED = 2000


def inverted(ranges: Ranges) -> Ranges:
    """Every character outside ``ranges``, surrogates left out."""
    result: list[tuple[int, int]] = []
    for low, high in ANY:
        at = low
        for taken_low, taken_high in sorted(ranges):
            if taken_high < at or taken_low > high:
                continue
            if taken_low > at:
                result.append((at, taken_low - 1))
            at = taken_high + 1
        if at <= high:
            result.append((at, high))
    return tuple(result)


CLASSES = {
    "d": DIGIT, "D": inverted(DIGIT), "w": WORD, "W": inverted(WORD), "s": SPACE, "S": inverted(SPACE),
}  # fmt: skip


def parse(pattern: str) -> Tree:
    """
    The tree of a pattern.

    :raises ValueError: not regular, not understood, or not a pattern
    """
    if len(pattern) > 2000:
        raise ValueError("a very long pattern")
    reader = _Reader(pattern)
    tree = reader.choice()
    if not reader.done:
        raise ValueError("unbalanced parenthesis")
    return tree


def has_assertion(tree: Tree) -> bool:
    """Whether the tree asks where it stands (``^``, ``$``, look-ahead)."""
    if tree[0] in ("start", "end", "look"):
        return True
    if tree[0] in ("sequence", "choice"):
        return any(has_assertion(part) for part in tree[1])
    return tree[0] == "repeat" and has_assertion(tree[1])


class _Reader:
    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    @property
    def done(self) -> bool:
        return self.at >= len(self.pattern)

    def peek(self, length: int = 1) -> str:
        return self.pattern[self.at : self.at + length]

    def take(self, length: int = 1) -> str:
        taken = self.peek(length)
        if len(taken) < length:
            raise ValueError("ends too early")
        self.at += length
        return taken

    def choice(self) -> Tree:
        options = [self.sequence()]
        while self.peek() == "|":
            self.take()
            options.append(self.sequence())
        return options[0] if len(options) == 1 else ("choice", tuple(options))

    def sequence(self) -> Tree:
        parts: list[Tree] = []
        while not self.done and self.peek() not in "|)":
            parts.append(self.repeated(self.atom()))
        return ("sequence", tuple(parts))

    def repeated(self, atom: Tree) -> Tree:
        counts = self.counts()
        if counts is None:
            return atom
        if atom[0] in ("start", "end", "look"):
            raise ValueError("a repeated assertion")
        if self.peek() in ("?", "+") and self.take() == "+":
            raise ValueError("possessive")
        if self.counts() is not None:
            raise ValueError("repeated twice")
        least, most = counts
        if least > MOST_REPEATED or (most or 0) > MOST_REPEATED:
            raise ValueError("repeated very often")
        return ("repeat", atom, least, most)

    def counts(self) -> tuple[int, int | None] | None:
        simple: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self.peek() in simple:
            return simple[self.take()]
        if self.peek() != "{":
            return None
        closing = self.pattern.find("}", self.at)
        body = self.pattern[self.at + 1 : closing] if closing > 0 else ""
        least, comma, most = body.partition(",")
        if not least.isdecimal() or (most and not most.isdecimal()):
            raise ValueError("a lone brace")
        self.at = closing + 1
        highest = int(most) if most else None if comma else int(least)
        if highest is not None and highest < int(least):
            raise ValueError("counts out of order")
        return int(least), highest

    def atom(self) -> Tree:
        char = self.take()
        if char == "^":
            return ("start",)
        if char == "$":
            return ("end",)
        if char == ".":
            return ("chars", inverted(LINE_END))
        if char == "(":
            return self.group()
        if char == "[":
            return ("chars", self.set())
        if char == "\\":
            return ("chars", self.escape(in_set=False))
        if char in "*+?{":
            raise ValueError("nothing to repeat")
        return ("chars", ((ord(char), ord(char)),))

    def group(self) -> Tree:
        look: bool | None = None
        if self.peek() == "?":
            mark = self.peek(2)
            if mark == "?:":
                self.take(2)
            elif mark in ("?=", "?!"):
                look = self.take(2) == "?="
            elif mark == "?<" and self.peek(3) not in ("?<=", "?<!"):
                self.at = self.pattern.index(">", self.at) + 1
            else:
                raise ValueError("a group of a kind not understood")
        inner = self.choice()
        if self.take() != ")":
            raise ValueError("unbalanced parenthesis")
        return inner if look is None else ("look", look, inner)

    def set(self) -> Ranges:
        negative = self.peek() == "^"
        if negative:
            self.take()
        ranges: list[tuple[int, int]] = []
        while self.peek() != "]":
            low = self.member()
            if self.peek() == "-" and self.peek(2) not in ("-]", "-"):
                self.take()
                high = self.member()
                if len(low) != 1 or len(high) != 1 or low[0][0] != low[0][1] or high[0][0] != high[0][1]:
                    raise ValueError("a range between classes")
                if low[0][0] > high[0][0]:
                    raise ValueError("a range out of order")
                ranges.append((low[0][0], high[0][0]))
            else:
                ranges.extend(low)
        self.take()
        merged = inverted(inverted(tuple(ranges)))
        return inverted(merged) if negative else merged

    def member(self) -> Ranges:
        char = self.take()
        if char == "\\":
            return self.escape(in_set=True)
        if char == "[":
            raise ValueError("a nested set")
        return ((ord(char), ord(char)),)

    def escape(self, *, in_set: bool) -> Ranges:
        char = self.take()
        if char in CLASSES:
            return CLASSES[char]
        if char == "b" and in_set:
            code = 8
        elif char in CONTROL and not (char == "0" and self.peek().isdecimal()):
            code = CONTROL[char]
        elif char == "x":
            code = int(self.take(2), 16)
        elif char == "u":
            code = self.unicode()
        elif char == "c":
            code = ord(self.take()) % 32
        elif char.isalnum():
            raise ValueError(f"an escape not understood: {char}")
        else:
            code = ord(char)
        return ((code, code),)

    def unicode(self) -> int:
        if self.peek() == "{":
            closing = self.pattern.index("}", self.at)
            code = int(self.pattern[self.at + 1 : closing], 16)
            self.at = closing + 1
            return code
        code = int(self.take(4), 16)
        if 0xD800 <= code <= 0xDBFF and self.peek(2) == "\\u":
            self.take(2)
            low = int(self.take(4), 16)
            return 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
        return code
