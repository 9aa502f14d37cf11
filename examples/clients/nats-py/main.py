"""Prints each event of the sandbox, publishes a message about it, and acknowledges it."""

import asyncio
import json
import os
import signal

import nats

env = os.environ


async def main():
    # Without its own inbox prefix every request times out. -1: reconnect for ever.
    nc = await nats.connect(
        env["NATS_URL"],
        inbox_prefix=env["NATS_INBOX_PREFIX"].encode(),
        max_reconnect_attempts=-1,
    )
    js = nc.jetstream(prefix=env["NATS_API_PREFIX"])
    # `pull_subscribe` asks which stream has the subject, and NATS refuses that question.
    events = await js.pull_subscribe_bind(consumer=env["NATS_CONSUMER"], stream=env["NATS_STREAM"])
    stopped = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stopped.set)
    print("listening", flush=True)

    while not stopped.is_set():
        try:
            messages = await events.fetch(10, timeout=1)
        except asyncio.TimeoutError:  # On a busy machine it is not `nats.errors.TimeoutError`.
            continue
        for message in messages:
            event = json.loads(message.data)
            print(event["t"], (event.get("d") or {}).get("content", ""), flush=True)
            seen = json.dumps({"type": event["t"]}).encode()
            await nc.publish(f"{env['SANDBOX_NATS_PREFIX']}app.seen", seen)
            await message.ack()
    # After a pull, `drain` waits for its time-out of 30 s.
    await nc.flush()
    await nc.close()


asyncio.run(main())
