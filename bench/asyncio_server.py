"""The documented conversation on asyncio's streams: usage: asyncio_server.py PORT."""

import asyncio
import sys
import time


async def converse(reader, writer):
    ip, port = writer.get_extra_info('peername')
    print(f"Accepted connection from {(ip, port)}")
    try:
        while data := await reader.read(1024):
            if data.startswith(b'\xff'):
                break
            timestamp = time.time()
            print(f"[{ip}:{port}] {timestamp}:{data}")
            writer.write(f"{timestamp}:".encode() + data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def main():
    server = await asyncio.start_server(converse, '127.0.0.1', int(sys.argv[1]), backlog=128)
    await server.serve_forever()


# A line is one write, as in a terminal, whatever stdout and PYTHONUNBUFFERED are.
sys.stdout.reconfigure(line_buffering=True, write_through=False)
asyncio.run(main())
