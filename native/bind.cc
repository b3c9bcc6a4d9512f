// What bind.h needs once and not per call: arrays of buffers, and the words of its errors. While a worker is
// being terminated every function of Node-API that could run JavaScript fails, those that throw too: then
// nothing is thrown, and there is no JavaScript left that could miss it.
#include "bind.h"

#include <string>
#include <string_view>

namespace rfds {
namespace {

// The index-th name of the overload in "fd, buf | fd, buf, offset".
std::string_view parameter(std::string_view parameters, size_t overload, size_t index) {
  for (; overload > 0; overload--) parameters.remove_prefix(parameters.find('|') + 1);
  for (; index > 0; index--) parameters.remove_prefix(parameters.find(',') + 1);
  while (parameters.front() == ' ') parameters.remove_prefix(1);
  return parameters.substr(0, parameters.find_first_of(" ,|"));
}

// A number as JavaScript writes it, which it may not be asked for while the worker is being terminated.
std::string describe_number(napi_env env, napi_value number) {
  napi_value text;
  char buffer[32];  // the longest is -2.2250738585072014e-308
  bool is_known = napi_coerce_to_string(env, number, &text) == napi_ok &&
                  napi_get_value_string_utf8(env, text, buffer, sizeof buffer, nullptr) == napi_ok;
  return is_known ? buffer : "a number";
}

// A number as itself, anything else by its kind: asking an object for more could run its code.
std::string describe(napi_env env, napi_value value) {
  napi_valuetype type = napi_object;
  napi_typeof(env, value, &type);
  switch (type) {
    case napi_number: return describe_number(env, value);
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_string: return "a string";
    case napi_symbol: return "a symbol";
    case napi_function: return "a function";
    case napi_bigint: return "a bigint";
    default: return "an object";
  }
}

}  // namespace

// Two rounds, because a getter may shrink the array, or take away memory that was looked up before it.
Conversion convert(napi_env env, napi_value value, IoVec& out) {
  bool is_array = false;
  uint32_t length = 0;
  napi_is_array(env, value, &is_array);
  if (!is_array || napi_get_array_length(env, value, &length) != napi_ok) return Conversion::type_error;
  if (length > IoVec::max) return Conversion::range_error;
  std::vector<napi_value> items(length);
  for (uint32_t i = 0; i < length; i++) {
    if (napi_get_element(env, value, i, &items[i]) == napi_ok) continue;
    bool threw = false;
    napi_is_exception_pending(env, &threw);
    return threw ? Conversion::exception : Conversion::type_error;
  }
  out.list.resize(length);
  for (uint32_t i = 0; i < length; i++) {
    Bytes bytes;
    if (convert(env, items[i], bytes) != Conversion::ok) return Conversion::type_error;
    out.list[i] = {bytes.data, bytes.size};
  }
  return Conversion::ok;
}

napi_value throw_argument_error(napi_env env, const Call& call, size_t overload, napi_value value,
                                const BadArgument& bad) {
  if (bad.conversion == Conversion::exception) return nullptr;
  std::string message = std::string(call.name) + ": argument " + std::to_string(bad.index + 1) + " (" +
                        std::string(parameter(call.parameters, overload, bad.index)) + ") must be " +
                        bad.expected + ", got " + describe(env, value);
  auto throw_error =
      bad.conversion == Conversion::type_error ? napi_throw_type_error : napi_throw_range_error;
  throw_error(env, nullptr, message.c_str());
  return nullptr;
}

napi_value throw_out_of_bounds(napi_env env, const Call& call, const OutOfBounds& error) {
  napi_throw_range_error(env, nullptr, (std::string(call.name) + ": " + error.what).c_str());
  return nullptr;
}

napi_value throw_argument_count(napi_env env, const Call& call, size_t argc) {
  std::string message =
      std::string(call.name) + ": takes (" + call.parameters + "), arguments given: " + std::to_string(argc);
  napi_throw_type_error(env, nullptr, message.c_str());
  return nullptr;
}

}  // namespace rfds
