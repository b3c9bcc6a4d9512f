// The documented server on select in C, blocking sockets: what the select loop of rfds is measured
// against. The lists are rebuilt for every call, as the documented loop has it.
#include <sys/select.h>

#include "conversation.h"

int main(int argc, char **argv) {
  static struct client *clients[FD_SETSIZE];
  int server = listen_on(argc, argv);
  int highest = server;

  for (;;) {
    fd_set readable;
    FD_ZERO(&readable);
    FD_SET(server, &readable);
    for (int fd = 0; fd <= highest; fd++)
      if (clients[fd] != NULL) FD_SET(fd, &readable);
    if (select(highest + 1, &readable, NULL, NULL, NULL) == -1) continue;

    if (FD_ISSET(server, &readable)) {
      struct client *client = let_in(server);
      if (client != NULL && client->fd >= FD_SETSIZE) {
        close(client->fd);
        free(client);
      } else if (client != NULL) {
        clients[client->fd] = client;
        if (client->fd > highest) highest = client->fd;
        FD_CLR(client->fd, &readable);
      }
    }
    for (int fd = 0; fd <= highest; fd++) {
      if (clients[fd] == NULL || !FD_ISSET(fd, &readable) || converse(clients[fd])) continue;
      close(fd);
      free(clients[fd]);
      clients[fd] = NULL;
    }
  }
}
