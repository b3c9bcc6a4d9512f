// CPython's cases that cannot be carried over, 'test_socket.Class.testName', each with its reason.
// complete.test.ts reads it.

export const notCarried: Record<string, string> = {};
