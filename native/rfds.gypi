{
  "sources": [
    "module.cc",
    "layout.cc",
    "bind.cc",
    "bounce_buffer.cc",
    "socket.cc",
    "message.cc",
    "netdb.cc",
    "file.cc",
    "ioctl.cc",
    "itimer.cc",
    "select.cc",
    "poll.cc",
    "epoll.cc",
    "kqueue.cc",
    "eventfd.cc",
    "pidfd.cc",
    "signalfd.cc",
    "timerfd.cc",
    "netif.cc",
    "signal.cc",
    "pending_signals.cc",
    "threads.cc",
    "readiness.cc",
    "clock.cc"
  ],
  "defines": ["NAPI_VERSION=8", "_DARWIN_UNLIMITED_SELECT"],
  "cflags!": ["-fno-exceptions"],
  "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
  "cflags_cc": [
    "-std=c++17",
    "-fexceptions",
    "-fvisibility=hidden",
    "-fstack-protector-strong",
    "-Wall",
    "-Wextra"
  ],
  "xcode_settings": {
    "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
    "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
    "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
    "MACOSX_DEPLOYMENT_TARGET": "11.0",
    "OTHER_CFLAGS": ["-fstack-protector-strong"],
    "WARNING_CFLAGS": ["-Wall", "-Wextra"]
  },
  "conditions": [
    [
      "OS=='linux'",
      {
        "cflags_cc": ["-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-fstack-clash-protection"],
        "ldflags": ["-Wl,-z,relro,-z,now"]
      }
    ],
    [
      "'<!(node -p process.env.RFDS_WERROR)'=='1'",
      { "cflags_cc": ["-Werror"], "xcode_settings": { "GCC_TREAT_WARNINGS_AS_ERRORS": "YES" } }
    ]
  ]
}
