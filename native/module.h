// What module.cc lists and bind.cc hands to JavaScript.
#pragma once
#include <vector>

#include "bind.h"

namespace rfds {

struct Number {
  const char* name;
  double value;
};

extern const std::vector<Call> calls;
extern const napi_callback one_by_registers;
extern const napi_callback many_by_entries;
extern const std::vector<Number> constants;  // C header's name → value
extern const std::vector<Number> layout;     // "sizeof pollfd" and "pollfd.events" → bytes

}  // namespace rfds
