# Interprets random programs (differential.test.ts) with Python's own modules: a program a line in, the
# results of its steps a line out, as JSON. The twin is differential-world.ts.
import array, errno, json, os, select, selectors, socket, sys, time

names = 0


class World:
    def __init__(self, kinds):
        self.socks, self.names, self.fds = [], [], {}
        for kind in kinds:
            if kind == 'listener':
                listener = socket.socket()
                listener.bind(('127.0.0.1', 0))
                listener.listen(3)
                self.add(listener)
            elif kind == 'tcp':
                self.add(socket.socket())
            elif kind in ('udp', 'udp bound'):
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                if kind == 'udp bound': sock.bind(('127.0.0.1', 0))
                self.add(sock)
            elif kind.startswith('unix'):
                sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM if kind == 'unix dgram' else socket.SOCK_STREAM)
                if kind != 'unix stream': sock.bind(self.new_name())
                if kind == 'unix listener': sock.listen(1)
                self.add(sock)
            elif kind == 'connection':
                with socket.create_server(('127.0.0.1', 0)) as listener:
                    client = socket.create_connection(listener.getsockname())
                    self.add(client)
                    self.add(listener.accept()[0])
            else:
                type = {'stream': socket.SOCK_STREAM, 'dgram': socket.SOCK_DGRAM, 'seqpacket': socket.SOCK_SEQPACKET}[kind]
                for end in socket.socketpair(socket.AF_UNIX, type):
                    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4608)
                    self.add(end)
        self.address = next((s.getsockname() for s, k in zip(self.socks, self.names) if k and s.family == socket.AF_INET), None)
        self.poller, self.epoller = select.poll(), select.epoll()
        self.selectors = [selectors.SelectSelector(), selectors.PollSelector(), selectors.EpollSelector()]
        self.detached = []

    # An abstract name that no other program has.
    def new_name(self):
        global names
        names += 1
        return b'\0rfds-differential-%d-%d' % (os.getpid(), names)

    def add(self, sock):
        sock.setblocking(False)
        # Without it TCP keeps small pieces back until others are acknowledged, which takes its time.
        if sock.family == socket.AF_INET and sock.type == socket.SOCK_STREAM:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fds[sock.fileno()] = len(self.socks)
        self.socks.append(sock)
        self.names.append(sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
        return len(self.socks) - 1

    def slot(self, file):
        return self.fds[file] if isinstance(file, int) else self.socks.index(file)

    def owner(self, address):
        if address is None or address == '': return address
        return next((i for i, s in enumerate(self.socks) if s.fileno() >= 0 and s.getsockname() == address), -1)

    def received(self, ancdata):
        fds = array.array('i')
        for level, type, data in ancdata: fds.frombytes(data[:len(data) & ~3])
        return [self.add(socket.socket(fileno=fd)) for fd in fds]

    # A file as a program names it: a socket's slot, or [slot], the number that it had.
    def file(self, name):
        if isinstance(name, list):
            return [fd for fd, slot in self.fds.items() if slot == name[0]][0] if name[0] in self.fds.values() else -1
        return self.socks[name]

    def run(self, step):
        what, name, *rest = step
        return getattr(self, 'do_' + what)(name, *rest)

    def do_send(self, i, n, flags): return self.socks[i].send(bytes(k % 251 for k in range(n)), flags)
    def do_sendall(self, i, n): return self.socks[i].sendall(bytes(n))
    def do_recv(self, i, n, flags): return self.socks[i].recv(n, flags).hex()
    def do_recv_into(self, i, size, n, flags): return self.socks[i].recv_into(bytearray(size), n, flags)
    def do_recvfrom(self, i, n, flags):
        data, address = self.socks[i].recvfrom(n, flags)
        return [data.hex(), self.owner(address)]
    def do_recvfrom_into(self, i, size, n, flags):
        length, address = self.socks[i].recvfrom_into(bytearray(size), n, flags)
        return [length, self.owner(address)]
    def do_recvmsg(self, i, n, space, flags):
        data, ancdata, told, address = self.socks[i].recvmsg(n, space, flags)
        return [data.hex(), self.received(ancdata), told, self.owner(address)]
    def do_recvmsg_into(self, i, sizes, space, flags):
        buffers = [bytearray(size) for size in sizes]
        n, ancdata, told, address = self.socks[i].recvmsg_into(buffers, space, flags)
        return [n, b''.join(buffers).hex(), self.received(ancdata), told, self.owner(address)]
    def do_sendto(self, i, n, flags, to): return self.socks[i].sendto(b'\7' * n, flags, self.socks[to].getsockname())
    # Left out: files of AF_UNIX in files of AF_UNIX, which the kernel's garbage collector closes when it likes.
    def do_sendmsg(self, i, sizes, files, flags, to):
        socks = [self.socks[file] for file in files]
        if any(sock.family == socket.AF_UNIX for sock in socks): return 'left out'
        rights = array.array('i', [sock.fileno() for sock in socks])
        ancdata = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)] if files else []
        buffers = [bytes([k]) * size for k, size in enumerate(sizes)]
        return self.socks[i].sendmsg(buffers, ancdata, flags, None if to is None else self.socks[to].getsockname())
    def do_bind(self, i):
        self.socks[i].bind(('127.0.0.1', 0) if self.socks[i].family == socket.AF_INET else self.new_name())
    # Left out: port 0, to which UDP connects, and which no one has; and a TCP socket that connects to itself.
    def do_connect_to(self, i, to):
        address = self.socks[to].getsockname()
        sock = self.socks[i]
        if isinstance(address, tuple) and address[1] == 0: return 'left out'
        if sock.type == socket.SOCK_STREAM and sock.fileno() >= 0 and self.owner(address) == self.owner(sock.getsockname()):
            return 'left out'
        return sock.connect(address)
    def do_dup(self, i): return self.add(self.socks[i].dup())
    def do_getsockname(self, i):
        address = self.socks[i].getsockname()
        return [address[0], address[1] > 0] if isinstance(address, tuple) else address and 'named'
    def do_shutdown(self, i, how):
        sock = self.socks[i]
        sock.shutdown(how)
        if sock.family != socket.AF_INET or sock.type != socket.SOCK_STREAM: return
        # Until the peer's kernel has acknowledged a FIN (FIN_WAIT1, LAST_ACK and CLOSING are over), of which an
        # edge-triggered descriptor is told: it takes its time.
        end = time.monotonic() + 0.02
        while time.monotonic() < end and sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] in (4, 9, 11): pass
    def do_close(self, i): return self.socks[i].close()
    def do_listen(self, i, n): return self.socks[i].listen(n)
    def do_accept(self, i):
        conn, address = self.socks[i].accept()
        return [self.add(conn), len(address) if address else 0]
    def do_connect(self, i): return self.socks[i].connect(self.address or ('127.0.0.1', 1))
    def do_connect_ex(self, i):
        return errno.errorcode.get(self.socks[i].connect_ex(self.address or ('127.0.0.1', 1)), 'OK')
    def do_getsockopt(self, i, name):
        value = self.socks[i].getsockopt(socket.SOL_SOCKET, getattr(socket, name))
        return errno.errorcode.get(value, 0) if name == 'SO_ERROR' else value
    def do_getpeername(self, i):
        address = self.socks[i].getpeername()
        return address[0] if isinstance(address, tuple) else self.owner(address)
    def do_detach(self, i):
        fd = self.socks[i].detach()
        if fd >= 0: self.detached.append(fd)
        return fd < 0
    def do_fileno(self, i): return self.socks[i].fileno() < 0
    def do_timeout(self, i, value):
        self.socks[i].settimeout(value)
        result = [self.socks[i].gettimeout(), self.socks[i].getblocking()]
        self.socks[i].settimeout(0)
        return result
    def do_select(self, r, w, x, timeout):
        lists = [[self.file(name) for name in names] for names in (r, w, x)]
        return [[self.slot(file) for file in files] for files in select.select(*lists, timeout)]
    def do_poll_register(self, i, mask): return self.poller.register(self.file(i), mask)
    def do_poll_modify(self, i, mask): return self.poller.modify(self.file(i), mask)
    def do_poll_unregister(self, i): return self.poller.unregister(self.file(i))
    def do_poll(self, timeout): return [[self.slot(fd), events] for fd, events in self.poller.poll(timeout)]
    def do_epoll_register(self, i, mask): return self.epoller.register(self.file(i), mask)
    def do_epoll_modify(self, i, mask): return self.epoller.modify(self.file(i), mask)
    def do_epoll_unregister(self, i): return self.epoller.unregister(self.file(i))
    def do_epoll(self, timeout, most): return [[self.slot(fd), events] for fd, events in self.epoller.poll(timeout, most)]
    def key(self, key): return [self.slot(key.fd), key.events, key.data]
    def do_sel_register(self, k, i, events, data): return self.key(self.selectors[k].register(self.file(i), events, data))
    # Left out: of a closed file Python's SelectSelector forgets the key with a ValueError, ours keeps it.
    def do_sel_modify(self, k, i, events, data):
        if k == 0 and not isinstance(i, list) and self.socks[i].fileno() < 0: return 'left out'
        return self.key(self.selectors[k].modify(self.file(i), events, data))
    def do_sel_unregister(self, k, i): return self.key(self.selectors[k].unregister(self.file(i)))
    def do_sel_get(self, k, i): return self.key(self.selectors[k].get_key(self.file(i)))
    def do_sel(self, k, timeout): return sorted([self.key(key), events] for key, events in self.selectors[k].select(timeout))
    def do_sel_map(self, k): return sorted(self.slot(fd) for fd in self.selectors[k].get_map())

    def end(self):
        for each in [*self.socks, *map(lambda fd: socket.socket(fileno=fd), self.detached), self.epoller, *self.selectors]:
            try:
                each.close()
            except OSError:
                pass


def named(error):
    if isinstance(error, OSError) and error.errno: return errno.errorcode[error.errno].replace('ENOTSUP', 'EOPNOTSUPP')
    return 'RangeError' if isinstance(error, (ValueError, OverflowError)) else type(error).__name__


for line in sys.stdin:
    program = json.loads(line)
    world, results = World(program['kinds']), []
    for step in program['steps']:
        try:
            results.append(world.run(step))
        except Exception as error:
            results.append(named(error))
    world.end()
    print(json.dumps(results), flush=True)
