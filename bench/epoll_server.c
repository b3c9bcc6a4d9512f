// The documented server on epoll, level-triggered, non-blocking, in C: what the epoll loop of rfds
// is measured against.
#include <sys/epoll.h>

#include "conversation.h"

int main(int argc, char **argv) {
  struct epoll_event events[1023];
  int server = listen_on(argc, argv);
  int epfd = epoll_create1(EPOLL_CLOEXEC);
  check(epfd, "epoll_create1");
  check(fcntl(server, F_SETFL, fcntl(server, F_GETFL) | O_NONBLOCK), "fcntl");
  struct epoll_event listening = {.events = EPOLLIN, .data.ptr = NULL};
  check(epoll_ctl(epfd, EPOLL_CTL_ADD, server, &listening), "epoll_ctl");

  for (;;) {
    int n = epoll_wait(epfd, events, 1023, -1);
    for (int i = 0; i < n; i++) {
      struct client *client = events[i].data.ptr;
      if (client == NULL) {
        if ((client = let_in(server)) == NULL) continue;
        check(fcntl(client->fd, F_SETFL, fcntl(client->fd, F_GETFL) | O_NONBLOCK), "fcntl");
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        check(epoll_ctl(epfd, EPOLL_CTL_ADD, client->fd, &event), "epoll_ctl");
      } else if (!converse(client)) {
        close(client->fd);
        free(client);
      }
    }
  }
}
