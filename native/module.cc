// The addon: the list of everything that JavaScript sees (layout.cc: the layouts of kernel structs), and how
// it is handed over when the addon is loaded, once for each environment.

// macOS has the IPV6_ names of RFC 3542 only with this, before any header.
#define __APPLE_USE_RFC_3542

#include "module.h"

#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <climits>
#include <ctime>

#include "calls.h"
#include "fast_calls.h"
#include "pending_signals.h"
#ifdef __linux__
#include <linux/can.h>
#include <linux/can/bcm.h>
#include <linux/can/raw.h>
#include <linux/errqueue.h>
#include <linux/filter.h>
#include <linux/if_alg.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/net_tstamp.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/tipc.h>
#include <linux/vm_sockets.h>
#include <net/if_arp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#endif
#ifdef __APPLE__
#include <sys/ucred.h>
#endif
#if __has_include(<sys/event.h>)
#include <sys/event.h>
#endif

namespace rfds {

namespace {

const std::vector<Call> calls = {
    {"socket", "domain, type, protocol", entry<socket>},
    {"socketpair", "domain, type, protocol, sv", entry<socketpair>},
    {"bind", "fd, addr", entry<bind>},
    {"listen", "fd, backlog", entry<listen>},
    {"accept", "fd, addr, addrlen", entry<accept>},
    {"accept4", "fd, addr, addrlen, flags", entry<accept4>},
    {"connect", "fd, addr", entry<connect>},
    {"getsockname", "fd, addr, addrlen", entry<getsockname>},
    {"getpeername", "fd, addr, addrlen", entry<getpeername>},
    {"getsockopt", "fd, level, name, value, len", entry<getsockopt>},
    {"setsockopt", "fd, level, name, value", entry<setsockopt>},
    {"recv", "fd, buf, flags | fd, buf, offset, length, flags", entry<recv, recv_at>},
    {"send", "fd, buf, flags | fd, buf, offset, length, flags", entry<send, send_at>},
    {"recvfrom", "fd, buf, flags, addr, addrlen | fd, buf, offset, length, flags, addr, addrlen",
     entry<recvfrom, recvfrom_at>},
    {"sendto", "fd, buf, flags, addr | fd, buf, offset, length, flags, addr", entry<sendto, sendto_at>},
    {"shutdown", "fd, how", entry<shutdown>},
    {"recvmsg", "fd, buffers, name, control, lengths, flags", entry<recvmsg>},
    {"sendmsg", "fd, buffers, name, control, flags", entry<sendmsg>},
    {"recvmmsg", "fd, buffers, names, controls, msgvec, vlen, flags, timeout", entry<recvmmsg>},
    {"sendmmsg", "fd, buffers, names, controls, msgvec, vlen, flags", entry<sendmmsg>},
    {"read", "fd, buf", entry<read>},
    {"write", "fd, buf | fd, buf, offset, length", entry<write, write_at>},
    {"close", "fd", entry<close>},
    {"fcntl", "fd, cmd, arg", entry<fcntl>},
    {"dup", "fd", entry<dup>},
    {"dup2", "oldfd, newfd", entry<dup2>},
    {"dup3", "oldfd, newfd, flags", entry<dup3>},
    {"pipe", "fds", entry<pipe>},
    {"pipe2", "fds, flags", entry<pipe2>},
    {"ioctl", "fd, request, arg", entry<ioctl>},
    {"select", "nfds, rfds, wfds, xfds, timeout", entry<select>},
    {"pselect", "nfds, rfds, wfds, xfds, timeout, sigmask", entry<pselect>},
    {"poll", "fds, nfds, timeoutMs", entry<poll>},
    {"ppoll", "fds, nfds, timeout, sigmask", entry<ppoll>},
    {"epoll_create", "size", entry<epoll_create>},
    {"epoll_create1", "flags", entry<epoll_create1>},
    {"epoll_ctl", "epfd, op, fd, event", entry<epoll_ctl>},
    {"epoll_wait", "epfd, events, maxevents, timeoutMs", entry<epoll_wait>},
    {"epoll_pwait", "epfd, events, maxevents, timeoutMs, sigmask", entry<epoll_pwait>},
    {"kqueue", "", entry<kqueue>},
    {"kevent", "kq, changes, nchanges, events, nevents, timeout", entry<kevent>},
    {"eventfd", "initval, flags", entry<eventfd>},
    {"signalfd", "fd, mask, flags", entry<signalfd>},
    {"timerfd_create", "clock, flags", entry<timerfd_create>},
    {"timerfd_settime", "fd, flags, newValue, oldValue", entry<timerfd_settime>},
    {"timerfd_gettime", "fd, currValue", entry<timerfd_gettime>},
    {"if_nametoindex", "name", entry<if_nametoindex>},
    {"if_indextoname", "index, name", entry<if_indextoname>},
    {"if_nameindex", "list", entry<if_nameindex>},
    {"sigaction", "signum, handler", entry<sigaction>},
    {"setitimer", "which, value, before", entry<setitimer>},
    {"getitimer", "which, value", entry<getitimer>},
    {"clock_gettime", "clock, time", entry<clock_gettime>},
    {"getaddrinfo", "host, service, family, type, protocol, flags, out", entry<getaddrinfo>},
    {"getnameinfo", "addr, host, service, flags", entry<getnameinfo>},
    {"gai_strerror", "code, out", entry<gai_strerror>},
    {"gethostname", "out", entry<gethostname>},
    {"sethostname", "name", entry<sethostname>},

    {"catch_signal", "signum, flags", entry<catch_signal>},
    {"chain_signal", "signum", entry<chain_signal>},
    {"set_wakeup_fd", "fd", entry<set_wakeup_fd>},
    {"take_pending_signals", "signums", entry<take_pending_signals>},
};

const std::vector<Number> constants = {
#include "constants.inc"
};

void add_calls(Napi::Env env, Napi::Object exports) {
  for (const Call& call : calls) {
    napi_value function = nullptr;
    // Const in our hands too: entry() casts it back to a const Call.
    void* data = const_cast<Call*>(&call);
    napi_create_function(env, call.name, NAPI_AUTO_LENGTH, call.entry, data, &function);
    exports.Set(call.name, function);
  }
}

Napi::Object object_of(Napi::Env env, const std::vector<Number>& list) {
  Napi::Object object = Napi::Object::New(env);
  for (const Number& number : list) object.Set(number.name, number.value);
  return object;
}

// Memory that JavaScript and native code share for the environment's life.
Napi::ArrayBuffer shared_words(Napi::Env env, size_t count) {
  Napi::ArrayBuffer memory = Napi::ArrayBuffer::New(env, count * sizeof(int32_t));
  Napi::Reference<Napi::ArrayBuffer> kept = Napi::Persistent(memory);
  kept.SuppressDestruct();
  return memory;
}

// By the numbers that src/kernel/fast-calls.ts has for them.
void add_fast_calls(Napi::Env env, Napi::Object exports) {
  constexpr auto one = fast_call<recv_at, send_at, write_at, getpeername_at, clock_gettime>;
  constexpr auto many = batch<recv_at, send_at, write_at>;
  Napi::ArrayBuffer registers = shared_words(env, words_per_call);
  napi_value function = nullptr;
  napi_create_function(env, "fast_call", NAPI_AUTO_LENGTH, one, registers.Data(), &function);
  exports.Set("fast_call", function);
  napi_create_function(env, "batch", NAPI_AUTO_LENGTH, many, nullptr, &function);
  exports.Set("batch", function);
  exports.Set("registers", registers);
}

// Whether a signal may be pending. In a worker it says so always: handlers write the main thread's alone.
void add_maybe_pending(Napi::Env env, Napi::Object exports) {
  Napi::ArrayBuffer memory = shared_words(env, 1);
  auto word = static_cast<int32_t*>(memory.Data());
  *word = 1;
  if (on_main_thread()) {
    maybe_pending.store(word);
    env.AddCleanupHook([] { maybe_pending.store(nullptr); });
  }
  exports.Set("maybe_pending", memory);
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  add_calls(env, exports);
  add_fast_calls(env, exports);
  add_maybe_pending(env, exports);
  exports.Set("constants", object_of(env, constants));
  exports.Set("layout", object_of(env, layout));
  return exports;
}

}  // namespace
}  // namespace rfds

using rfds::init;
NODE_API_MODULE(rfds, init)
