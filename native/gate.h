// The gate, for the calls that are made most: their ints wait in words of memory that JavaScript
// wrote, as they would in registers, because Node-API takes some 6 ns to unpack each.
// Above: src/gate.ts; module.cc lists its calls. Below: bind.h.
#pragma once
#include <tuple>
#include <type_traits>

#include "bind.h"

namespace rfds {

// An entry is [number, fd, offset, length, flags]; the result takes the number's place.
constexpr size_t entry_words = 5;

template <class Arg>
Arg next(const int32_t*& word, const Bytes& buf) {
  if constexpr (std::is_same_v<Arg, Bytes>) {
    return buf;
  } else {
    return *word++;
  }
}

template <class Result, class... Args>
int32_t perform(Result (*function)(Args...), const int32_t* word, const Bytes& buf) {
  std::tuple<Args...> args{next<Args>(word, buf)...};  // braces: from left to right
  Result result = std::apply(function, args);
  return static_cast<int32_t>(result == -1 ? -errno : result);
}

// gate(buf) makes the call in the registers, gate(buf, entries) call after call up to one without
// a function. Returns undefined, or the number of the entry that it refused and did not make.
template <auto... functions>
napi_value gate(napi_env env, napi_callback_info info) {
  napi_value argv[2], refused = nullptr;
  size_t argc = 2, at = 0;
  void* registers;
  napi_get_cb_info(env, info, &argc, argv, nullptr, &registers);
  Bytes buf, entries{static_cast<uint8_t*>(registers), entry_words * sizeof(int32_t)};
  bool good =
      convert(env, argv[0], buf) == Fit::good && (argc == 1 || convert(env, argv[1], entries) == Fit::good);
  try {
    for (bool made = good; made && at < entries.size / sizeof(int32_t) / entry_words; at++) {
      int32_t number = 0, *entry = entries.as<int32_t>() + at * entry_words;
      made = ((number++ == *entry && (*entry = perform(functions, entry + 1, buf), true)) || ...);
    }
  } catch (const Misfit&) {
    good = false;
  }
  if (!good) napi_create_int32(env, static_cast<int32_t>(at), &refused);
  return refused;
}

}  // namespace rfds
