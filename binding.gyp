{
  "targets": [
    {
      "target_name": "rfds",
      "sources": [
        "native/module.cc",
        "native/layout.cc",
        "native/bind.cc",
        "native/socket.cc",
        "native/message.cc",
        "native/netdb.cc",
        "native/file.cc",
        "native/ioctl.cc",
        "native/itimer.cc",
        "native/select.cc",
        "native/poll.cc",
        "native/epoll.cc",
        "native/kqueue.cc",
        "native/eventfd.cc",
        "native/signalfd.cc",
        "native/timerfd.cc",
        "native/netif.cc",
        "native/signal.cc",
        "native/pending_signals.cc",
        "native/clock.cc"
      ],
      "defines": ["NAPI_VERSION=8"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-fexceptions", "-fvisibility=hidden", "-Wall", "-Wextra", "-Werror"],
      "xcode_settings": {
        "GCC_ENABLE_CPP_EXCEPTIONS": "YES",
        "GCC_SYMBOLS_PRIVATE_EXTERN": "YES",
        "GCC_TREAT_WARNINGS_AS_ERRORS": "YES",
        "CLANG_CXX_LANGUAGE_STANDARD": "c++17",
        "MACOSX_DEPLOYMENT_TARGET": "11.0",
        "WARNING_CFLAGS": ["-Wall", "-Wextra"]
      }
    }
  ]
}
