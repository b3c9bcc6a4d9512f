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
Arg next(int32_t*& word, const Bytes& buf) {
  if constexpr (std::is_same_v<Arg, Bytes>) {
    return buf;
  } else if constexpr (std::is_pointer_v<Arg>) {
    return word++;  // a word that the kernel writes, too
  } else {
    return *word++;
  }
}

template <class Result, class... Args>
int32_t perform(Result (*function)(Args...), int32_t* word, const Bytes& buf) {
  std::tuple<Args...> args{next<Args>(word, buf)...};  // braces: from left to right
  return answer(std::apply(function, args));
}

// Makes the call of an entry and leaves its result there: false if no function has its number.
// Throws Misfit for a part that reaches outside the buffer.
template <auto... functions>
bool perform_entry(int32_t* entry, const Bytes& buf) {
  int32_t number = 0;
  return ((number++ == *entry && (*entry = perform(functions, entry + 1, buf), true)) || ...);
}

// gate(buf) makes the call in the registers. Returns undefined, or 0 if it was refused and not made.
template <auto... functions>
napi_value gate(napi_env env, napi_callback_info info) {
  napi_value value, refused = nullptr;
  size_t argc = 1;
  void* registers;
  napi_get_cb_info(env, info, &argc, &value, nullptr, &registers);
  try {
    Bytes buf;
    if (convert(env, value, buf) == Fit::good &&
        perform_entry<functions...>(static_cast<int32_t*>(registers), buf))
      return nullptr;
  } catch (const Misfit&) {
  }
  napi_create_int32(env, 0, &refused);
  return refused;
}

// batch(buf, entries) makes call after call, up to an entry whose number is none. Returns undefined,
// or the place of the entry that it refused and did not make.
template <auto... functions>
napi_value batch(napi_env env, napi_callback_info info) {
  napi_value argv[2], refused = nullptr;
  size_t argc = 2, at = 0;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  try {
    Bytes buf, entries;
    require(convert(env, argv[0], buf) == Fit::good && convert(env, argv[1], entries) == Fit::good, "");
    size_t count = entries.size / sizeof(int32_t) / entry_words;
    while (at < count && perform_entry<functions...>(entries.as<int32_t>() + at * entry_words, buf)) at++;
    return nullptr;
  } catch (const Misfit&) {
    napi_create_int32(env, static_cast<int32_t>(at), &refused);
    return refused;
  }
}

}  // namespace rfds
