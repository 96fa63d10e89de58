"""A plug-in of the sample CRM: the house's rules about opportunities.

Sojourn's replay service asks it before an opportunity that was created offline is stored, and asks it what the named
command `close_as_won` means. It may be asked twice about the same operation, so it has no effects of its own: it looks at
the question and answers. README.md beside it says how it is started and what it is told.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import uuid
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Callable, Dict

import nats
from nats.micro.request import Handler, Request
from nats.micro.service import Service, ServiceConfig

Question = Dict[str, Any]
Answer = Dict[str, Any]

LARGEST_VALUE = Decimal(10_000_000)
PROBABILITY = {"prospect": 10, "qualify": 25, "propose": 50, "negotiate": 75, "won": 100, "lost": 0}
OPPORTUNITY_TYPE_CODE = 3
FOLLOW_UP_AFTER = timedelta(days=14)


def create(question: Question) -> Answer:
    """An opportunity is created: not beyond what we may sell, and never without a probability."""
    data = question["data"]
    if data.get("est_value") is not None and Decimal(str(data["est_value"])) > LARGEST_VALUE:
        reason = f"opportunities over {LARGEST_VALUE:,} are created by the board"
        return {"kind": "refuse", "reason": reason, "attribute": "est_value"}
    if data.get("probability") is None:
        stage = data.get("stage") or "prospect"
        return {"kind": "amend", "data": {"probability": PROBABILITY[stage]}}
    return {"kind": "allow"}


def close_as_won(question: Question) -> Answer:
    """The customer has signed: the opportunity is won, and somebody calls in two weeks."""
    opportunity = question["object_id"]
    won = {
        "command": "update",
        "entity": "opportunity",
        "object_id": opportunity,
        "data": {"stage": "won", "probability": 100},
    }
    signed_on = date.fromisoformat(question["captured_at"][:10])
    follow_up = {
        "command": "create",
        "entity": "task",
        # The same for the same question, however often it is asked.
        "object_id": str(uuid.uuid5(uuid.NAMESPACE_OID, question["operation_id"])),
        "data": {
            "subject": "Ask the customer how it goes",
            "due_on": (signed_on + FOLLOW_UP_AFTER).isoformat(),
            "regarding_type_code": OPPORTUNITY_TYPE_CODE,
            "regarding_id": opportunity,
            "owner_id": question["user_id"],
        },
    }
    return {"kind": "perform", "writes": [won, follow_up]}


def answering(rule: Callable[[Question], Answer]) -> Handler:
    """Takes the question out of its envelope and puts the answer into one."""

    async def handle(request: Request) -> None:
        question = json.loads(request.data)["body"]
        answer = {"message": "plugin-reply", "version": 1, "body": rule(question)}
        await request.respond(json.dumps(answer).encode())

    return handle


async def complain(error: Exception) -> None:
    print(f"opportunity: NATS at {os.environ['SOJOURN_NATS_URL']}: {error or type(error).__name__}", file=sys.stderr)


async def main() -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    stopping = asyncio.ensure_future(stop.wait())
    connecting = asyncio.ensure_future(
        nats.connect(
            os.environ["SOJOURN_NATS_URL"],
            user=os.environ["SOJOURN_PLUGIN_USER"],
            password=os.environ["SOJOURN_PLUGIN_PASSWORD"],
            name="sojourn-plugin opportunity",
            inbox_prefix="_INBOX_plugin",
            max_reconnect_attempts=-1,
            error_cb=complain,
        )
    )
    # Whoever is told to stop does not wait for a server that is away.
    await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not connecting.done():
        connecting.cancel()
        return
    connection = connecting.result()
    service = Service(connection, ServiceConfig(name="opportunity", version="1.0.0"))
    # Several processes share the questions. An exception becomes an error that the user is told.
    for command, rule in {"create": create, "close_as_won": close_as_won}.items():
        await service.add_endpoint(name=command, subject=f"plugin.opportunity.{command}.pre", handler=answering(rule))
    async with service:
        await stopping
    await connection.drain()


if __name__ == "__main__":
    asyncio.run(main())
