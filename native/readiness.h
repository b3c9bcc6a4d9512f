// The poller: a thread of an environment's that waits for one epoll instance or kqueue of JavaScript's, and
// tells a function there what happened. src/node/readiness.ts has the rest.
#pragma once
#include <node_api.h>

namespace rfds {

// start_poller(queue, callback): the thread waits for the descriptor queue from now on. callback gets an
// Int32Array with three elements for each event: the two words of its data (epoll) or its ident and udata
// (kqueue), and what happened: EPOLLIN and kin; of a kqueue 1 for EVFILT_READ, 4 for EVFILT_WRITE, with 16
// for EV_EOF and 8 for EV_ERROR. It must not throw. 0, or -errno: -EBUSY if the environment has a poller
// already.
napi_value start_poller(napi_env env, napi_callback_info info);
// ref_poller(isRef): whether the poller keeps the environment's event loop alive. At first it does not.
napi_value ref_poller(napi_env env, napi_callback_info info);

}  // namespace rfds
