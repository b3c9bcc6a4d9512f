// What bind.h needs once and not per call: the module's exports, the words of its errors.
#include <string>
#include <string_view>

#include "gate.h"
#include "module.h"
#include "nudge.h"

namespace rfds {
namespace {

// The index-th name in the form-th group of "fd, buf | fd, buf, offset".
std::string_view parameter(std::string_view parameters, size_t form, size_t index) {
  for (; form > 0; form--) parameters.remove_prefix(parameters.find('|') + 1);
  for (; index > 0; index--) parameters.remove_prefix(parameters.find(',') + 1);
  while (parameters.front() == ' ') parameters.remove_prefix(1);
  return parameters.substr(0, parameters.find_first_of(" ,|"));
}

// A number as itself, anything else by its kind: asking an object for more could run its code.
std::string describe(napi_env env, napi_value value) {
  Napi::Value given(env, value);
  switch (given.Type()) {
    case napi_number: return given.ToString().Utf8Value();
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

void add(Napi::Env env, Napi::Object object, const std::vector<Call>& list) {
  for (const Call& call : list) {
    napi_value function = nullptr;
    // Const in our hands too: entry() casts it back to a const Call.
    void* data = const_cast<Call*>(&call);
    napi_create_function(env, call.name, NAPI_AUTO_LENGTH, call.entry, data, &function);
    object.Set(call.name, function);
  }
}

Napi::Object numbers(Napi::Env env, const std::vector<Number>& list) {
  Napi::Object object = Napi::Object::New(env);
  for (const Number& number : list) object.Set(number.name, number.value);
  return object;
}

}  // namespace

Napi::Object init(Napi::Env env, Napi::Object exports) {
  add(env, exports, calls);
  // The registers belong to this environment, as its functions do. The word behind them says whether a
  // signal may have been noted: in a worker always, for handlers write the main thread's alone.
  Napi::ArrayBuffer registers = Napi::ArrayBuffer::New(env, (entry_words + 1) * sizeof(int32_t));
  int32_t* may_be_noted = static_cast<int32_t*>(registers.Data()) + entry_words;
  *may_be_noted = 1;
  if (on_main_thread()) {
    any_noted.store(may_be_noted);
    env.AddCleanupHook([] { any_noted.store(nullptr); });
  }
  Napi::Reference<Napi::ArrayBuffer> kept = Napi::Persistent(registers);
  kept.SuppressDestruct();
  napi_value gate = nullptr, batch = nullptr;
  napi_create_function(env, "gate", NAPI_AUTO_LENGTH, one_by_registers, registers.Data(), &gate);
  napi_create_function(env, "batch", NAPI_AUTO_LENGTH, many_by_entries, nullptr, &batch);
  exports.Set("gate", gate);
  exports.Set("batch", batch);
  exports.Set("registers", registers);
  exports.Set("constants", numbers(env, constants));
  exports.Set("layout", numbers(env, layout));
  return exports;
}

// Two rounds, because a getter may shrink the array, or take away memory that was looked up before it.
Fit convert(napi_env env, napi_value value, Chunks& out) {
  bool is_array = false;
  uint32_t length = 0;
  napi_is_array(env, value, &is_array);
  if (!is_array || napi_get_array_length(env, value, &length) != napi_ok) return Fit::type;
  if (length > Chunks::most) return Fit::range;
  std::vector<napi_value> items(length);
  for (uint32_t i = 0; i < length; i++) {
    if (napi_get_element(env, value, i, &items[i]) == napi_ok) continue;
    bool threw = false;
    napi_is_exception_pending(env, &threw);
    return threw ? Fit::thrown : Fit::type;
  }
  out.list.resize(length);
  for (uint32_t i = 0; i < length; i++) {
    if (convert(env, items[i], out.list[i]) != Fit::good) return Fit::type;
  }
  return Fit::good;
}

napi_value refuse(napi_env env, const Call& call, size_t form, size_t index, napi_value value, Fit fit,
                  const char* expected) {
  if (fit == Fit::thrown) return nullptr;
  std::string message = std::string(call.name) + ": argument " + std::to_string(index + 1) + " (" +
                        std::string(parameter(call.parameters, form, index)) + ") must be " + expected +
                        ", got " + describe(env, value);
  if (fit == Fit::type) {
    Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  } else {
    Napi::RangeError::New(env, message).ThrowAsJavaScriptException();
  }
  return nullptr;
}

napi_value refuse(napi_env env, const Call& call, const Misfit& misfit) {
  Napi::RangeError::New(env, std::string(call.name) + ": " + misfit.what).ThrowAsJavaScriptException();
  return nullptr;
}

napi_value refuse(napi_env env, const Call& call, size_t argc) {
  std::string message =
      std::string(call.name) + ": takes (" + call.parameters + "), arguments given: " + std::to_string(argc);
  Napi::TypeError::New(env, message).ThrowAsJavaScriptException();
  return nullptr;
}

}  // namespace rfds

using rfds::init;
NODE_API_MODULE(rfds, init)
