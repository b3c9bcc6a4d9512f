// The addon: all that JavaScript sees (the calls of calls.h, the constants, layout.cc's layouts of kernel
// structs), and how it is handed over when the addon is loaded, once for each environment.

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

#include "batch.h"
#include "calls.h"
#include "pending_signals.h"
#include "readiness.h"
#include "threads.h"
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
#if __has_include(<sys/pidfd.h>)
#include <sys/pidfd.h>
#endif
#if __has_include(<sys/event.h>)
#include <sys/event.h>
#endif

namespace rfds {

namespace {

const std::vector<Call>* const lists[] = {
    &socket_calls, &message_calls, &file_calls,    &ioctl_calls, &select_calls,   &poll_calls,
    &epoll_calls,  &kqueue_calls,  &eventfd_calls, &pidfd_calls, &signalfd_calls, &timerfd_calls,
    &netif_calls,  &signal_calls,  &itimer_calls,  &clock_calls, &netdb_calls,    &own_calls,
};

const std::vector<Number> constants = {
#include "constants.inc"
};

// What fails here fails because the environment is being torn down, or has no memory left: then the value
// that was to be made is null, and the function that it is given to fails too, without harm.
void set(napi_env env, napi_value object, const char* name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

void add_function(napi_env env, napi_value exports, const char* name, napi_callback callback, void* data) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, data, &function);
  set(env, exports, name, function);
}

void add_calls(napi_env env, napi_value exports) {
  for (const std::vector<Call>* list : lists) {
    for (const Call& call : *list) {
      // Const in our hands too: entry() casts it back to a const Call.
      add_function(env, exports, call.name, call.entry, const_cast<Call*>(&call));
    }
  }
}

void add_numbers(napi_env env, napi_value exports, const char* name, const std::vector<Number>& list) {
  napi_value object = nullptr;
  napi_create_object(env, &object);
  for (const Number& number : list) {
    napi_value value = nullptr;
    napi_create_double(env, number.value, &value);
    set(env, object, number.name, value);
  }
  set(env, exports, name, object);
}

// new constructor(argument).
napi_value construct(napi_env env, const char* constructor, napi_value argument) {
  napi_value global = nullptr, function = nullptr, object = nullptr;
  napi_get_global(env, &global);
  napi_get_named_property(env, global, constructor, &function);
  napi_new_instance(env, function, 1, &argument, &object);
  return object;
}

// Memory that JavaScript (as an Int32Array, exported by that name) and native code share for the
// environment's life. A SharedArrayBuffer's, because no one can detach or transfer that: the address stays
// good whatever JavaScript does. nullptr if there is none to be had.
int32_t* add_words(napi_env env, napi_value exports, const char* name, size_t count) {
  napi_value size = nullptr;
  napi_create_uint32(env, static_cast<uint32_t>(count * sizeof(int32_t)), &size);
  napi_value memory = construct(env, "SharedArrayBuffer", size);
  // Where the rules for pages take that away, as in Electron's renderer.
  if (memory == nullptr) memory = construct(env, "ArrayBuffer", size);
  napi_value words = construct(env, "Int32Array", memory);
  void* data = nullptr;
  size_t length = 0;
  napi_ref kept;
  bool made = napi_get_typedarray_info(env, words, nullptr, &length, &data, nullptr, nullptr) == napi_ok &&
              length == count && napi_create_reference(env, words, 1, &kept) == napi_ok;
  if (!made) return nullptr;
  set(env, exports, name, words);
  return static_cast<int32_t*>(data);
}

// By the numbers that src/kernel/fast-calls.ts has for them.
void add_batch(napi_env env, napi_value exports) {
  add_function(env, exports, "batch", batch<recv_at, send_at>, nullptr);
}

void add_poller(napi_env env, napi_value exports) {
  add_function(env, exports, "start_poller", start_poller, nullptr);
  add_function(env, exports, "ref_poller", ref_poller, nullptr);
}

// Whether a signal may be pending. In a worker it says so always: handlers write the main thread's alone.
void add_maybe_pending(napi_env env, napi_value exports) {
  int32_t* word = add_words(env, exports, "maybe_pending", 1);
  if (word == nullptr) return;
  *word = 1;
  if (!on_main_thread()) return;
  set_maybe_pending_word(word);
  napi_add_env_cleanup_hook(
      env, [](void* data) { forget_maybe_pending_word(static_cast<int32_t*>(data)); }, word);
}

// Whether JavaScript may still run in the environment, asked with a conversion that runs none.
bool can_run_javascript(void* environment) {
  auto env = static_cast<napi_env>(environment);
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return false;
  napi_value number = nullptr, same = nullptr;
  napi_create_int32(env, 0, &number);
  bool can_run = napi_coerce_to_number(env, number, &same) == napi_ok;
  napi_close_handle_scope(env, scope);
  return can_run;
}

void follow(napi_env env) {
  enter_environment(env, can_run_javascript);
  napi_add_env_cleanup_hook(env, leave_environment, env);
}

}  // namespace
}  // namespace rfds

NAPI_MODULE_INIT() {
  return rfds::without_exceptions(env, [=] {
    rfds::follow(env);
    rfds::add_calls(env, exports);
    rfds::add_batch(env, exports);
    rfds::add_poller(env, exports);
    rfds::add_maybe_pending(env, exports);
    rfds::add_numbers(env, exports, "constants", rfds::constants);
    rfds::add_numbers(env, exports, "layout", rfds::layout);
    return exports;
  });
}
