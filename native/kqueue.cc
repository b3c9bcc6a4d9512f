// kqueue(2), macOS (and the BSDs).
#include "calls.h"
#include "threads.h"
#include "timespec.h"

#if __has_include(<sys/event.h>)
#include <sys/event.h>
#include <sys/time.h>
#endif

namespace rfds {
namespace {

#if __has_include(<sys/event.h>)
struct kevent* array(const NullableBytes& bytes, int n) {
  require(n <= 0 || static_cast<size_t>(n) <= bytes.size / sizeof(struct kevent),
          "there are more kevents than the array holds");
  return bytes.as<struct kevent>();
}

// kqueue().
int kqueue() { return ::kqueue(); }

// kevent(kq, changelist, nchanges, eventlist, nevents, timeout). With nevents 0 the kernel ignores the
// timeout.
int kevent(int kq, NullableBytes changes, int nchanges, NullableBytes events, int nevents,
           NullableBytes timeout) {
  struct kevent* in = array(changes, nchanges);
  struct kevent* out = array(events, nevents);
  NullableTimespec time(timeout);
  BlockingCall inside(nanoseconds(time.pointer()));
  int n = ::kevent(kq, in, nchanges, out, nevents, time.pointer());
  while (n == -1 && inside.must_restart()) {
    // The changes were made before the wait that was interrupted.
    timespec left = inside.left();
    n = ::kevent(kq, nullptr, 0, out, nevents, inside.has_timeout() ? &left : nullptr);
  }
  return n;
}
#else
int kqueue() { return enosys(); }
int kevent(int, NullableBytes, int, NullableBytes, int, NullableBytes) { return enosys(); }
#endif

}  // namespace

const std::vector<Call> kqueue_calls = {
    {"kqueue", "", entry<kqueue>},
    {"kevent", "kq, changes, nchanges, events, nevents, timeout", entry<kevent>},
};

}  // namespace rfds
