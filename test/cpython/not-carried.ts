// CPython's cases that cannot be carried over, 'test_socket.Class.testName', each with its reason.
// complete.test.ts reads it.

export const notCarried: Record<string, string> = {
  // The waiting modules.
  'test_eintr.FCNTLEINTRTest.test_lockf':
    "rfds takes no lock that waits: fcntl's F_SETLKW needs a struct flock, and fcntl(fd, cmd, arg) takes an int",
  'test_eintr.FCNTLEINTRTest.test_flock': 'rfds has no flock(2): it is no call of sockets or readiness',

  // test_socket.
};
