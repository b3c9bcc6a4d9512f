// kqueue(2), macOS (and the BSDs). Above: src/kqueue.ts, which keeps the kevent arrays.
#include "calls.h"

#if __has_include(<sys/event.h>)
#include <sys/event.h>
#include <sys/time.h>

#include "waiting.h"

namespace rfds {
namespace {

struct kevent* array(const MaybeBytes& bytes, int n) {
  require(n <= 0 || static_cast<size_t>(n) <= bytes.size / sizeof(struct kevent),
          "there are more kevents than the array holds");
  return bytes.as<struct kevent>();
}

}  // namespace

int kqueue() { return ::kqueue(); }

// timeout is [seconds, nanoseconds]. With nevents 0 the kernel ignores it.
int kevent(int kq, MaybeBytes changes, int nchanges, MaybeBytes events, int nevents, MaybeBytes timeout) {
  struct kevent* in = array(changes, nchanges);
  struct kevent* out = array(events, nevents);
  Time time(timeout);
  return ::kevent(kq, in, nchanges, out, nevents, time.pointer());
}

}  // namespace rfds

#else

namespace rfds {

int kqueue() { return lacking(); }
int kevent(int, MaybeBytes, int, MaybeBytes, int, MaybeBytes) { return lacking(); }

}  // namespace rfds

#endif
