"""The one error of this package: a document that cannot be compared."""


class InvalidDocument(ValueError):
    """
    A document that is not valid, is in no supported format, or leaves our bounds; never compared by halves.

    ``location`` is where, as people write it (``GET /pets parameters[0]``, ``line 3, column 7``); ``remedy`` says what to do;
    ``kind`` tells ``invalid`` from ``bounds`` (too large or deep) and ``external`` (refers to what is not in the document).
    """

    def __init__(
        self, problem: str, *, location: str = "the document", remedy: str = "", kind: str = "invalid"
    ) -> None:
        self.problem = problem
        self.location = location
        self.remedy = remedy
        self.kind = kind
        super().__init__(f"{location}: {problem}" + (f"; {remedy}" if remedy else ""))
