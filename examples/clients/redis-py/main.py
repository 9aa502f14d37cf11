"""Sets and reads a key of the sandbox, and holds a lock."""

import os

import redis

PREFIX = os.environ["SANDBOX_REDIS_PREFIX"]


class ByEval:
    """A script that is sent whole. redis-py's own is loaded by SCRIPT LOAD, which a sandbox may not use."""

    def __init__(self, client, script):
        self.client, self.script = client, script

    def __call__(self, keys=(), args=(), client=None):
        return (client or self.client).eval(self.script, len(keys), *keys, *args)


class SandboxRedis(redis.Redis):
    """Needed for `lock` and `register_script` only; for all else `redis.Redis` will do."""

    def register_script(self, script):
        return ByEval(self, script)


with SandboxRedis.from_url(os.environ["REDIS_URL"], decode_responses=True) as client:
    client.set(f"{PREFIX}greeting", "hello", ex=60)
    print("greeting:", client.get(f"{PREFIX}greeting"))
    with client.lock(f"{PREFIX}lock", timeout=10):
        print("lock: held")
