"""Peers for faults.py: so many ports from a first one on that greet, on all addresses, until it is killed."""

import asyncio
import sys


async def greet(reader, writer):
    try:
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n")
        await writer.drain()
        await reader.read()
    except OSError:
        pass
    finally:
        writer.close()


async def main(first, count):
    for port in range(first, first + count):
        await asyncio.start_server(greet, "0.0.0.0", port, backlog=1024)
    print("ready", flush=True)
    await asyncio.Event().wait()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
