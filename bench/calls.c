// What six calls cost in C: what the calls of rfds, and of foreign-function interfaces, are measured
// against by `rfds compare`. Prints one line of JSON, nanoseconds per call.
// The same calls on the same descriptors as in src/tools/compare/call-loops.ts.
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, FILES = 10, LOWEST = 64 };

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static void check(int result, const char *call) {
  if (result != -1) return;
  perror(call);
  exit(1);
}

static void *idle(void *nothing) {
  pause();
  return nothing;
}

// A call is measured only if it does what it is measured for.
#define MEASURE(name, expected, call)                                      \
  do {                                                                     \
    if ((call) != (expected)) {                                            \
      fprintf(stderr, "%s did not return %d\n", name, (int)(expected));    \
      return 1;                                                            \
    }                                                                      \
    for (long i = 0; i < times / 10; i++) call;                            \
    double began = now();                                                  \
    for (long i = 0; i < times; i++) call;                                 \
    printf("%s\"%s\":%.1f", comma, name, (now() - began) / (double)times); \
    comma = ",";                                                           \
  } while (0)

int main(int argc, char **argv) {
  long times = argc == 2 ? atol(argv[1]) : 0;
  if (times < 10) {
    fprintf(stderr, "usage: %s CALLS (10 or more)\n", argv[0]);
    return 2;
  }
  char buf[SIZE] = {0};
  const char *comma = "{";

  // Node has threads. With a second one the kernel counts the users of a file in every call, and libc
  // lets a call be cancelled: 30 ns a file, which would be taken for the cost of a library.
  pthread_t thread;
  if (pthread_create(&thread, NULL, idle, NULL) != 0) {
    fprintf(stderr, "there is no second thread\n");
    return 1;
  }

  // Received from again and again without being taken out.
  int sv[2];
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), "socketpair");
  check((int)send(sv[1], buf, SIZE, 0), "send");

  // Full, and never emptied: there is no room for what is sent, and the call says so at once.
  int full[2];
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, full), "socketpair");
  while (send(full[0], buf, SIZE, MSG_DONTWAIT) != -1) continue;

  // Never ready to be read from, always to be written to. They have the same numbers here and there,
  // for select looks at every bit up to the highest.
  int epfd = epoll_create1(0);
  check(epfd, "epoll_create1");
  struct pollfd fds[FILES];
  struct epoll_event events[FILES];
  fd_set writable;
  FD_ZERO(&writable);
  for (int i = 0; i < FILES; i++) {
    int pair[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    int fd = fcntl(pair[0], F_DUPFD, LOWEST + i);
    check(fd, "fcntl");
    fds[i] = (struct pollfd){.fd = fd, .events = POLLIN};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    check(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), "epoll_ctl");
    FD_SET(fd, &writable);
  }
  // select leaves both as they are: every file is writable, and of no time none remains.
  int nfds = LOWEST + FILES;
  struct timeval none = {0};

  MEASURE("close", -1, close(-1));
  MEASURE("recv", SIZE, recv(sv[0], buf, SIZE, MSG_PEEK));
  MEASURE("send", -1, send(full[0], buf, SIZE, MSG_DONTWAIT));
  MEASURE("select", FILES, select(nfds, NULL, &writable, NULL, &none));
  MEASURE("poll", 0, poll(fds, FILES, 0));
  MEASURE("epoll_wait", 0, epoll_wait(epfd, events, FILES, 0));
  printf("}\n");
}
