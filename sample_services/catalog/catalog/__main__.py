"""
``python -m catalog`` serves; ``python -m catalog openapi`` prints the contract.
"""

import json
import sys

from catalog.entrypoints import rest


def main() -> None:
    match sys.argv[1:]:
        case []:
            from catalog import bootstrap

            bootstrap.run()
        case ["openapi"]:
            print(json.dumps(rest.application().openapi(), indent=2, sort_keys=True))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
