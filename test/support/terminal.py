"""Runs a program on a terminal of its own: keys from stdin go to it, what it shows goes to stdout.

Each line of stdin is a Python string literal of keys, typed once the screen shows the text before
the ' <- ' that begins it ('> ' <- 'Hello\\n'). Ends with the program's exit status.
"""

import ast
import os
import pty
import sys

script = [tuple(ast.literal_eval(part) for part in line.split(' <- ')) for line in sys.stdin if line.strip()]
pid, terminal = pty.fork()
if pid == 0:
    os.execvp(sys.argv[1], sys.argv[1:])

screen = b''


def show():
    """Reads what the program shows next; False at its end."""
    global screen
    try:
        data = os.read(terminal, 65536)
    except OSError:  # EIO: the last process has left the terminal.
        return False
    screen += data
    os.write(1, data)
    return len(data) > 0


for wanted, keys in script:
    while wanted.encode() not in screen:
        if not show():
            sys.exit(f'the program ended before it showed {wanted!r}')
    screen = screen.split(wanted.encode(), 1)[1]
    os.write(terminal, keys.encode('latin1'))
while show():
    pass
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) % 256)
