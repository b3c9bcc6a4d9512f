// Batches: many calls in one crossing, with their numbers in memory that JavaScript wrote. Measured: Node-API
// takes some 6 ns to unpack a number, 10 to 25 ns a buffer, 45 to 50 ns for the crossing itself. module.cc
// has the list; src/kernel/fast-calls.ts is the other side.
#pragma once
#include <tuple>
#include <type_traits>

#include "bind.h"

namespace rfds {

// A call is five words [number, fd, offset, length, flags]; its result takes the place of its number, which
// is its place in the template's list of functions.
constexpr size_t words_per_call = 5;

template <class Arg>
Arg next(int32_t*& word, const Bytes& buf) {
  if constexpr (std::is_same_v<Arg, Bytes>) {
    return buf;
  } else {
    return *word++;
  }
}

template <class Result, class... Args>
int32_t call_with_words(Result (*function)(Args...), int32_t* word, const Bytes& buf) {
  std::tuple<Args...> args{next<Args>(word, buf)...};  // braces: from left to right
  return kernel_result(std::apply(function, args));
}

// Makes the call and leaves its result there: false if no function has its number. Throws OutOfBounds for a
// part that reaches outside the buffer.
template <auto... functions>
bool make_call(int32_t* words, const Bytes& buf) {
  int32_t number = 0;
  return ((number++ == *words && (*words = call_with_words(functions, words + 1, buf), true)) || ...);
}

// batch(buf, entries) makes call after call, up to one that cannot be made: its number is that of no
// function, or it reaches outside the buffer. Returns how many were made.
template <auto... functions>
napi_value batch(napi_env env, napi_callback_info info) {
  napi_value argv[2];
  size_t argc = 2, made = 0;
  napi_get_cb_info(env, info, &argc, argv, nullptr, nullptr);
  Bytes buf, entries;
  if (convert(env, argv[0], buf) != Conversion::ok || convert(env, argv[1], entries) != Conversion::ok)
    return to_number(env, 0);
  size_t count = entries.size / sizeof(int32_t) / words_per_call;
  try {
    while (made < count && make_call<functions...>(entries.as<int32_t>() + made * words_per_call, buf))
      made++;
  } catch (...) {
    // The one that cannot be made.
  }
  return to_number(env, static_cast<int32_t>(made));
}

}  // namespace rfds
