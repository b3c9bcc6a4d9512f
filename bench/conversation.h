// The documented conversation in C, for the two contenders beside it: the same calls, the same
// bytes, the same lines on stdout as src/programs/serving/connections.ts. A failed call at the start ends
// the program; a client whose call fails is closed.
#pragma once
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { RECV_SIZE = 1024, TIME_ROOM = 32, LINE_SIZE = 64 + TIME_ROOM + 4 * RECV_SIZE };

struct client {
  int fd;
  int prefix_length;
  char prefix[48];  // "[127.0.0.1:40000] "
};

static void check(int result, const char *call) {
  if (result != -1) return;
  perror(call);
  exit(1);
}

// Listens on 127.0.0.1, on the port that the program's one argument names.
static int listen_on(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: %s PORT\n", argv[0]);
    exit(2);
  }
  int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;
  check(fd, "socket");
  check(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), "setsockopt");
  struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  check(bind(fd, (struct sockaddr *)&addr, sizeof addr), "bind");
  check(listen(fd, 128), "listen");
  return fd;
}

// The next client, or NULL. Its address is printed and kept for the lines to come.
static struct client *let_in(int server) {
  struct sockaddr_in addr;
  socklen_t length = sizeof addr;
  int fd = accept(server, (struct sockaddr *)&addr, &length);
  if (fd == -1) return NULL;
  char ip[INET_ADDRSTRLEN], line[96];
  inet_ntop(AF_INET, &addr.sin_addr, ip, sizeof ip);
  int port = ntohs(addr.sin_port);
  int size = snprintf(line, sizeof line, "Accepted connection from ('%s', %d)\n", ip, port);
  if (write(1, line, (size_t)size) == -1) exit(1);
  struct client *client = malloc(sizeof *client);
  if (client == NULL) exit(1);
  client->fd = fd;
  client->prefix_length = snprintf(client->prefix, sizeof client->prefix, "[%s:%d] ", ip, port);
  return client;
}

// "1700000000.123456", as Python prints the float: no zeros at the end but one behind the point.
static int format_time(char *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  int size = sprintf(out, "%ld.%06ld", (long)now.tv_sec, now.tv_nsec / 1000);
  while (out[size - 1] == '0' && out[size - 2] != '.') size--;
  return size;
}

// Python's repr of bytes.
static char *put_repr(char *out, const unsigned char *data, ssize_t n) {
  static const char hex[] = "0123456789abcdef";
  char quote = memchr(data, '\'', (size_t)n) && !memchr(data, '"', (size_t)n) ? '"' : '\'';
  *out++ = 'b';
  *out++ = quote;
  for (ssize_t i = 0; i < n; i++) {
    unsigned char byte = data[i];
    if (byte == (unsigned char)quote || byte == '\\') {
      *out++ = '\\';
      *out++ = (char)byte;
    } else if (byte >= 0x20 && byte < 0x7f) {
      *out++ = (char)byte;
    } else if (byte == '\t' || byte == '\n' || byte == '\r') {
      *out++ = '\\';
      *out++ = byte == '\t' ? 't' : byte == '\n' ? 'n' : 'r';
    } else {
      *out++ = '\\';
      *out++ = 'x';
      *out++ = hex[byte >> 4];
      *out++ = hex[byte & 15];
    }
  }
  *out++ = quote;
  return out;
}

// Receives once, prints the line and answers. 0: the conversation is over.
static int converse(const struct client *client) {
  static char answer[TIME_ROOM + RECV_SIZE], line[LINE_SIZE];
  unsigned char data[RECV_SIZE];
  ssize_t n = recv(client->fd, data, sizeof data, 0);
  if (n == -1) return errno == EAGAIN;
  if (n == 0 || data[0] == 0xff) return 0;

  int time_length = format_time(answer);
  answer[time_length++] = ':';
  memcpy(answer + time_length, data, (size_t)n);

  memcpy(line, client->prefix, (size_t)client->prefix_length);
  memcpy(line + client->prefix_length, answer, (size_t)time_length);
  char *end = put_repr(line + client->prefix_length + time_length, data, n);
  *end++ = '\n';
  if (write(1, line, (size_t)(end - line)) == -1) exit(1);

  // The load reads everything: what does not fit at once is not this program's to keep.
  ssize_t size = time_length + n;
  return send(client->fd, answer, (size_t)size, MSG_NOSIGNAL) == size;
}
