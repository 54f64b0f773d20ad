"""`python -m deployments.drain`: send what is due now, without the engine; says what the outbox holds afterwards."""

import json
import sys

from operations import outbox
from rules.refusal import Refusal, Unreadable
from tasks import delivery
from tasks.runtime import installation


def main() -> int:
    office = installation()
    try:
        delivery.send_due(office)
    except Refusal as refusal:
        sys.stdout.write(json.dumps(refusal.as_json(), ensure_ascii=False) + "\n")
        return 4 if refusal.code == "no_mail_server" else 1
    except Unreadable as unreadable:
        sys.stdout.write(json.dumps(unreadable.as_json(), ensure_ascii=False) + "\n")
        return 2
    with office.database.read() as session:
        sys.stdout.write(json.dumps(outbox.status(session)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
