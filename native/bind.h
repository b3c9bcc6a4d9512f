// Makes a JavaScript function of a C++ one by its signature: ints and bytes in, one int out, -1 becoming
// -errno. The callers of this are the lists of calls.h and batch.h; the slow half is in bind.cc.
#pragma once
#include <node_api.h>

#include <algorithm>
#include <limits>
#include <new>
#include <tuple>
#include <type_traits>

#include "args.h"

namespace rfds {

// One exported call: its name, its parameters for error messages ("fd, buf, flags", with '|' between
// overloads), and the function that JavaScript calls.
struct Call {
  const char* name;
  const char* parameters;
  napi_callback entry;
};

// What became of an argument. exception: its conversion ran JavaScript, which threw.
enum class Conversion { ok, type_error, range_error, exception };

// An argument that could not be converted: its place among the arguments, and what was expected there.
struct BadArgument {
  size_t index = 0;
  Conversion conversion = Conversion::ok;
  const char* expected = nullptr;
};

// These throw into JavaScript, if that still runs, and return nullptr, for the callback to return: for an
// argument, for numbers that reach outside their buffers, for a number of arguments that no overload has.
// (bind.cc)
napi_value throw_argument_error(napi_env env, const Call& call, size_t overload, napi_value value,
                                const BadArgument& bad);
napi_value throw_out_of_bounds(napi_env env, const Call& call, const OutOfBounds& error);
napi_value throw_argument_count(napi_env env, const Call& call, size_t argc);

template <class Int>
Conversion convert(napi_env env, napi_value value, Int& out) {
  constexpr double low = static_cast<double>(std::numeric_limits<Int>::min());
  constexpr double past = 2.0 * static_cast<double>(Int{1} << (std::numeric_limits<Int>::digits - 1));
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return Conversion::type_error;
  if (!(number >= low && number < past)) return Conversion::range_error;
  out = static_cast<Int>(number);
  return static_cast<double>(out) == number ? Conversion::ok : Conversion::range_error;
}

// An empty array may have no memory, and must stay distinguishable from NULL.
inline uint8_t* not_null(void* data) {
  static uint8_t no_bytes;
  return data != nullptr ? static_cast<uint8_t*>(data) : &no_bytes;
}

// An ArrayBuffer costs less than a view, which has to be asked for its type, its buffer and its place there.
inline Conversion convert(napi_env env, napi_value value, Bytes& out) {
  void* data;
  if (napi_get_arraybuffer_info(env, value, &data, &out.size) == napi_ok) {
    out.data = not_null(data);
    return Conversion::ok;
  }
  constexpr uint8_t width[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8};  // by napi_typedarray_type
  // Some Nodes have a Float16Array but no type for it, and leave this as it is: a type error.
  auto type = static_cast<napi_typedarray_type>(sizeof width);
  size_t length;
  napi_status status = napi_get_typedarray_info(env, value, &type, &length, &data, nullptr, nullptr);
  if (status != napi_ok || static_cast<size_t>(type) >= sizeof width) return Conversion::type_error;
  out.data = not_null(data);
  out.size = length * width[type];
  return Conversion::ok;
}

inline Conversion convert(napi_env env, napi_value value, NullableBytes& out) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok) return Conversion::type_error;
  if (type == napi_null || type == napi_undefined) return Conversion::ok;
  return convert(env, value, static_cast<Bytes&>(out));
}

inline Conversion convert(napi_env env, napi_value value, IntOrBytes& out) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok) return Conversion::type_error;
  return type == napi_number ? convert(env, value, out.value) : convert(env, value, static_cast<Bytes&>(out));
}
// Getters of the array run first, and may take memory away: so no Bytes may stand before it. (bind.cc)
Conversion convert(napi_env env, napi_value value, IoVec& out);

inline const char* expected(const int&) { return "a 32-bit integer"; }
inline const char* expected(const int64_t&) { return "an integer"; }
inline const char* expected(const Bytes&) { return "a TypedArray or ArrayBuffer"; }
inline const char* expected(const NullableBytes&) { return "a TypedArray, ArrayBuffer or null"; }
inline const char* expected(const IntOrBytes&) { return "a 32-bit integer, a TypedArray or ArrayBuffer"; }
inline const char* expected(const IoVec&) { return "an array of at most 1024 TypedArrays or ArrayBuffers"; }

// Converts the next argument; false for one that cannot be, with the reason in bad.
template <class Arg>
bool convert_next(napi_env env, const napi_value* argv, Arg& arg, BadArgument& bad) {
  bad.conversion = convert(env, argv[bad.index], arg);
  if (bad.conversion != Conversion::ok) {
    bad.expected = expected(arg);
    return false;
  }
  bad.index++;
  return true;
}

// What a call returned, as the kernel has it: -errno for C's -1. No call moves more bytes at once than an
// int32 counts (MAX_RW_COUNT; macOS: EINVAL).
template <class Result>
int32_t kernel_result(Result result) {
  return static_cast<int32_t>(result == -1 ? -errno : result);
}
inline int32_t kernel_result(LookupResult result) { return result.value; }

inline napi_value to_number(napi_env env, int32_t value) {
  napi_value number = nullptr;
  napi_create_int32(env, value, &number);
  return number;
}

template <class Result, class... Args>
napi_value invoke(napi_env env, const Call& call, size_t overload, const napi_value* argv,
                  Result (*function)(Args...)) {
  std::tuple<std::remove_reference_t<Args>...> args;
  BadArgument bad;
  bool converted = std::apply(
      [&]([[maybe_unused]] auto&... arg) { return (convert_next(env, argv, arg, bad) && ...); }, args);
  if (!converted) return throw_argument_error(env, call, overload, argv[bad.index], bad);
  try {
    return to_number(env, kernel_result(std::apply(function, args)));
  } catch (const OutOfBounds& error) {
    return throw_out_of_bounds(env, call, error);
  }
}

// Runs the body of a callback, which no C++ exception may leave: that ends the process. Memory that there is
// none of is the kernel's ENOMEM.
template <class Body>
napi_value without_exceptions(napi_env env, Body body) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return to_number(env, -ENOMEM);
  } catch (...) {
    napi_throw_error(env, nullptr, "rfds: an unknown C++ exception");
    return nullptr;
  }
}

template <class Result, class... Args>
constexpr size_t arity(Result (*)(Args...)) {
  return sizeof...(Args);
}

// The callback of a call with one or more overloads, told apart by their number of parameters. With too few
// arguments it is the first overload that fails, for the argument that is missing.
template <auto first, auto... others>
napi_value entry(napi_env env, napi_callback_info info) {
  return without_exceptions(env, [=] {
    constexpr size_t max = std::max({arity(first), arity(others)..., size_t{1}});
    napi_value argv[max];
    size_t argc = max;
    void* data;
    napi_get_cb_info(env, info, &argc, argv, nullptr, &data);  // argc becomes the number given
    const Call& call = *static_cast<const Call*>(data);
    if (argc <= arity(first)) return invoke(env, call, 0, argv, first);
    size_t overload = 0;
    napi_value result = nullptr;
    bool found =
        ((++overload, argc == arity(others) && (result = invoke(env, call, overload, argv, others), true)) ||
         ...);
    return found ? result : throw_argument_count(env, call, argc);
  });
}

}  // namespace rfds
