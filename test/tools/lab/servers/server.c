// The documented server, in C, as a student may write it at the end of a course: poll(), non-blocking sockets, nothing
// lost. With the name of a fault as its first argument it has that one, for the tests of `rfds lab grade`.
//     server [FAULT] PORT

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { MAX = 1024, PLACES_OF_A_FAULT = 32, UNSENT = 65536 };

struct client {
  int fd;
  int ended;
  size_t length;  // of what is unsent
  char unsent[UNSENT + 2048];
};

static struct client clients[MAX];
static int count;
static int reserve;
static const char *fault = "none";

static int has(const char *name) { return strcmp(fault, name) == 0; }

static void drop(int i) {
  if (!has("never-closes")) close(clients[i].fd);
  clients[i] = clients[--count];
}

static void accept_client(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if ((errno != EMFILE && errno != ENFILE) || has("spins-without-descriptors")) return;
    if (has("dies-without-descriptors")) exit(1);
    close(reserve);
    fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0) close(fd);
    reserve = open("/dev/null", O_RDONLY);
    return;
  }
  if (count >= (has("few-places") ? PLACES_OF_A_FAULT : MAX)) {
    close(fd);
    return;
  }
  clients[count].fd = fd;
  clients[count].ended = 0;
  clients[count++].length = 0;
}

// Returns whether the client is still there.
static int send_unsent(int i) {
  struct client *client = &clients[i];
  if (client->length > 0) {
    ssize_t n = send(client->fd, client->unsent, client->length, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) return drop(i), 0;
    if (has("loses-unsent")) n = client->length;  // as if it had been taken
    if (n > 0) memmove(client->unsent, client->unsent + n, client->length -= n);
  }
  if (client->length == 0 && client->ended) return drop(i), 0;
  return 1;
}

static void receive(int i) {
  struct client *client = &clients[i];
  char data[1024];
  ssize_t n = recv(client->fd, data, sizeof data, 0);
  if (n < 0) {
    if (errno != EAGAIN) drop(i);
    return;
  }
  if (n > 0 && (unsigned char)data[0] == 0xff && !has("no-goodbye")) {
    drop(i);
    return;
  }
  if (n == 0) {
    client->ended = 1;
    send_unsent(i);
    return;
  }
  if (has("text-only")) {
    char text[1025];
    memcpy(text, data, n);
    text[n] = '\0';
    n = strlen(text);
  }
  if (has("last-client")) client = &clients[i = count - 1];
  struct timeval now;
  gettimeofday(&now, NULL);
  if (has("milliseconds"))
    client->length += sprintf(client->unsent + client->length, "%ld%03ld:", (long)now.tv_sec, (long)now.tv_usec / 1000);
  else
    client->length += sprintf(client->unsent + client->length, "%ld.%06ld:", (long)now.tv_sec, (long)now.tv_usec);
  memcpy(client->unsent + client->length, data, n);
  client->length += n;
  send_unsent(i);
}

int main(int argc, char **argv) {
  if (argc > 2) fault = argv[1];
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(atoi(argv[argc - 1])),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  if (bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, 128) < 0) {
    perror("server");
    return 1;
  }
  reserve = open("/dev/null", O_RDONLY);
  for (;;) {
    struct pollfd fds[MAX + 1];
    int n = count;
    for (int i = 0; i < n; i++) {
      fds[i].fd = clients[i].fd;
      fds[i].events = (clients[i].ended || clients[i].length >= UNSENT ? 0 : POLLIN) |
                      (clients[i].length > 0 || has("always-writable") ? POLLOUT : 0);
    }
    fds[n] = (struct pollfd){.fd = listener, .events = has("one-client") && n > 0 ? 0 : POLLIN};
    if (poll(fds, n + 1, -1) < 0) continue;
    // From the end: drop() moves the last one, which was seen to already.
    for (int i = n - 1; i >= 0; i--) {
      if (fds[i].revents & POLLOUT && !send_unsent(i)) continue;
      if (fds[i].revents & (POLLIN | POLLHUP | POLLERR)) receive(i);
    }
    if (fds[n].revents) accept_client(listener);
  }
}
