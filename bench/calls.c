// What six calls cost in C: what the calls of rfds, and of foreign-function interfaces, are measured
// against by `rfds compare`. Prints one line of JSON, nanoseconds per call.
// The same calls on the same descriptors as in src/compare/calls.ts.
#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SIZE = 64, FILES = 10 };

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

#define MEASURE(name, call)                                        \
  do {                                                             \
    for (long i = 0; i < times / 10; i++) call;                    \
    double began = now();                                          \
    for (long i = 0; i < times; i++) call;                         \
    printf("%s\"%s\":%.1f", comma, name, (now() - began) / times); \
    comma = ",";                                                   \
  } while (0)

int main(int argc, char **argv) {
  long times = argc == 2 ? atol(argv[1]) : 0;
  if (times < 10) {
    fprintf(stderr, "usage: %s CALLS (10 or more)\n", argv[0]);
    return 2;
  }
  char buf[SIZE] = {0};
  const char *comma = "{";

  // Received from again and again without being taken out.
  int sv[2];
  check(socketpair(AF_UNIX, SOCK_STREAM, 0, sv), "socketpair");
  check((int)send(sv[1], buf, SIZE, 0), "send");

  // Sent to without end: what its receiver has no room for is dropped, and the call succeeds.
  int udp = socket(AF_INET, SOCK_DGRAM, 0);
  check(udp, "socket");
  struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof addr;
  check(bind(udp, (struct sockaddr *)&addr, sizeof addr), "bind");
  check(getsockname(udp, (struct sockaddr *)&addr, &length), "getsockname");
  check(connect(udp, (struct sockaddr *)&addr, sizeof addr), "connect");

  // Files that are never ready.
  int epfd = epoll_create1(0), highest = 0;
  check(epfd, "epoll_create1");
  struct pollfd fds[FILES];
  struct epoll_event events[FILES];
  fd_set interest, readable;
  FD_ZERO(&interest);
  for (int i = 0; i < FILES; i++) {
    int pair[2];
    check(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), "socketpair");
    fds[i] = (struct pollfd){.fd = pair[0], .events = POLLIN};
    struct epoll_event event = {.events = EPOLLIN, .data.fd = pair[0]};
    check(epoll_ctl(epfd, EPOLL_CTL_ADD, pair[0], &event), "epoll_ctl");
    FD_SET(pair[0], &interest);
    highest = pair[0];
  }
  struct timeval none;

  MEASURE("close", close(-1));
  MEASURE("recv", recv(sv[0], buf, SIZE, MSG_PEEK));
  MEASURE("send", send(udp, buf, SIZE, 0));
  MEASURE("select",
          (readable = interest, none = (struct timeval){0}, select(highest + 1, &readable, NULL, NULL, &none)));
  MEASURE("poll", poll(fds, FILES, 0));
  MEASURE("epoll_wait", epoll_wait(epfd, events, FILES, 0));
  printf("}\n");
}
