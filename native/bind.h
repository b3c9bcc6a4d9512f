// Makes a JavaScript function of a C++ one by its signature: ints and bytes in,
// one int out, -1 becoming -errno. Above it: the calls (*.cc) and their list
// (module.cc). Below it: Node-API, which no other file knows but bind.cc, its slow half.
#pragma once
#include <napi.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "bytes.h"

namespace rfds {

// One exported call: its name, its parameters for error messages ("fd, buf, flags", its
// forms parted by '|'), and the function that JavaScript calls.
struct Call {
  const char* name;
  const char* parameters;
  napi_callback entry;
};

// These throw into JavaScript and return nullptr, for the callback to return: for an argument,
// for numbers that do not fit their buffers, for a number of arguments that no form has. (bind.cc)
enum class Fit { good, type, range, thrown };
napi_value refuse(napi_env env, const Call& call, size_t form, size_t index, napi_value value, Fit fit,
                  const char* expected);
napi_value refuse(napi_env env, const Call& call, const Misfit& misfit);
napi_value refuse(napi_env env, const Call& call, size_t argc);

template <class Int>
Fit convert(napi_env env, napi_value value, Int& out) {
  constexpr double low = static_cast<double>(std::numeric_limits<Int>::min());
  constexpr double past = 2.0 * static_cast<double>(Int{1} << (std::numeric_limits<Int>::digits - 1));
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return Fit::type;
  if (!(number >= low && number < past)) return Fit::range;
  out = static_cast<Int>(number);
  return static_cast<double>(out) == number ? Fit::good : Fit::range;
}

// An empty array may have no memory; it must not pass for NULL, which only null stands for.
inline uint8_t* memory(Bytes& bytes, void* data) {
  return static_cast<uint8_t*>(data != nullptr ? data : &bytes);
}

// An ArrayBuffer is the cheaper one to hand over: a view has to be asked for its type, its buffer
// and its place there.
inline Fit convert(napi_env env, napi_value value, Bytes& out) {
  void* data;
  if (napi_get_arraybuffer_info(env, value, &data, &out.size) == napi_ok) {
    out.data = memory(out, data);
    return Fit::good;
  }
  constexpr uint8_t width[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};  // by napi_typedarray_type
  // Some Nodes have a Float16Array but no type for it, and leave this as it is: to be refused.
  auto type = static_cast<napi_typedarray_type>(sizeof width);
  size_t length;
  napi_status status = napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || static_cast<size_t>(type) >= sizeof width) return Fit::type;
  out.data = memory(out, data);
  out.size = length * width[type];
  return Fit::good;
}

inline Fit convert(napi_env env, napi_value value, MaybeBytes& out) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok) return Fit::type;
  if (type == napi_null || type == napi_undefined) return Fit::good;
  return convert(env, value, static_cast<Bytes&>(out));
}

inline Fit convert(napi_env env, napi_value value, IntOrBytes& out) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok) return Fit::type;
  return type == napi_number ? convert(env, value, out.value) : convert(env, value, static_cast<Bytes&>(out));
}
// Getters of the array run first, and may take memory away: so no Bytes may stand before it. (bind.cc)
Fit convert(napi_env env, napi_value value, Chunks& out);

inline const char* expected(const int&) { return "a 32-bit integer"; }
inline const char* expected(const int64_t&) { return "an integer"; }
inline const char* expected(const Bytes&) { return "a TypedArray or ArrayBuffer"; }
inline const char* expected(const MaybeBytes&) { return "a TypedArray, ArrayBuffer or null"; }
inline const char* expected(const IntOrBytes&) { return "a 32-bit integer, a TypedArray or ArrayBuffer"; }
inline const char* expected(const Chunks&) { return "an array of at most 1024 TypedArrays or ArrayBuffers"; }

// What a call returned, as the kernel has it: -errno for C's -1. No call moves more bytes at once
// than an int32 counts (MAX_RW_COUNT; macOS: EINVAL).
template <class Result>
int32_t answer(Result result) {
  return static_cast<int32_t>(result == -1 ? -errno : result);
}
// That of getaddrinfo(3) and its kin is no errno's, and stays as it is.
inline int32_t answer(LookupResult result) { return result.value; }

template <class Result, class... Args, size_t... I>
napi_value invoke(napi_env env, const Call& call, size_t form, napi_value* argv, Result (*function)(Args...),
                  std::index_sequence<I...>) {
  std::tuple<Args...> args;
  Fit fit = Fit::good;
  size_t at = 0;
  const char* wanted = nullptr;
  bool good = ((at = I, wanted = expected(std::get<I>(args)), fit = convert(env, argv[I], std::get<I>(args)),
                fit == Fit::good) &&
               ...);
  if (!good) return refuse(env, call, form, at, argv[at], fit, wanted);
  try {
    int32_t result = answer(function(std::get<I>(args)...));
    napi_value value = nullptr;
    napi_create_int32(env, result, &value);
    return value;
  } catch (const Misfit& misfit) {
    return refuse(env, call, misfit);
  }
}

template <class Result, class... Args>
constexpr size_t arity(Result (*)(Args...)) {
  return sizeof...(Args);
}
template <class Result, class... Args>
napi_value invoke(napi_env env, const Call& call, size_t form, napi_value* argv,
                  Result (*function)(Args...)) {
  return invoke(env, call, form, argv, function, std::index_sequence_for<Args...>{});
}

// The callback of a call with one or more forms, told apart by their number of parameters.
// A call with too few arguments is refused by the first form, for what is missing.
template <auto first, auto... others>
napi_value entry(napi_env env, napi_callback_info info) {
  constexpr size_t most = std::max({arity(first), arity(others)..., size_t{1}});
  napi_value argv[most];
  size_t argc = most;
  void* data;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &data);  // argc becomes the number given
  const Call& call = *static_cast<const Call*>(data);
  if (argc <= arity(first)) return invoke(env, call, 0, argv, first);
  size_t form = 0;
  napi_value result = nullptr;
  bool found =
      ((++form, argc == arity(others) && (result = invoke(env, call, form, argv, others), true)) || ...);
  return found ? result : refuse(env, call, argc);
}

}  // namespace rfds
