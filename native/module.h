// What layout.cc gives to module.cc.
#pragma once
#include <vector>

namespace rfds {

// A C name and its value.
struct Number {
  const char* name;
  double value;
};

extern const std::vector<Number> layout;  // "sizeof pollfd" and "pollfd.events" → bytes

}  // namespace rfds
