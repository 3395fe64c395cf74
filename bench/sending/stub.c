/* A stand-in SES v2 that answers as fast as it can and counts what it was sent. Loopback alone.
 *
 * usage: stub PORT_FILE   (the port is chosen by the machine and written there)
 * POST …/outbound-emails and …/outbound-bulk-emails: accepted, whatever they hold
 * GET  …/account: an account without bounds         GET /counted: requests, letters, bytes
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define MOST_CONNECTIONS 1024
#define MOST_ENTRIES 50
#define EVENTS 64

struct connection {
    char *bytes;
    size_t held, room;
};

static struct connection connections[MOST_CONNECTIONS];
static unsigned long requests, letters, received;

static void put(int file, const char *bytes, size_t left) {
    while (left) {
        ssize_t done = write(file, bytes, left);
        if (done < 0 && errno != EAGAIN && errno != EINTR) return;
        if (done > 0) bytes += done, left -= (size_t)done;
    }
}

static void answer(int file, const char *body, int length) {
    static char out[32768];
    int head = snprintf(out, sizeof out,
                        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                        "x-amzn-RequestId: stub-%lu\r\nContent-Length: %d\r\n\r\n",
                        requests, length);
    memcpy(out + head, body, (size_t)length);
    put(file, out, (size_t)(head + length));
}

static int entries(const char *body, size_t length) {
    static const char name[] = "\"Destination\"";
    const char *at = body, *end = body + length;
    int found = 0;
    while ((at = memmem(at, (size_t)(end - at), name, sizeof name - 1))) at += sizeof name - 1, found++;
    return found > MOST_ENTRIES ? MOST_ENTRIES : found;
}

static void answer_bulk(int file, int count) {
    static char body[16384];
    int length = sprintf(body, "{\"BulkEmailEntryResults\":[");
    for (int i = 0; i < count; i++)
        length += sprintf(body + length, "%s{\"Status\":\"SUCCESS\",\"MessageId\":\"0107-%016lx\"}",
                          i ? "," : "", ++letters);
    length += sprintf(body + length, "]}");
    answer(file, body, length);
}

static void serve(int file, const char *head, const char *body, size_t length) {
    static char told[512];
    char line[256] = {0};
    memcpy(line, head, strcspn(head, "\r") < sizeof line ? strcspn(head, "\r") : sizeof line - 1);
    if (strstr(line, "/counted")) {
        answer(file, told, sprintf(told, "{\"requests\":%lu,\"letters\":%lu,\"bytes\":%lu}",
                                   requests, letters, received));
    } else if (strstr(line, "/account")) {
        requests++;
        answer(file, told, sprintf(told,
            "{\"SendingEnabled\":true,\"ProductionAccessEnabled\":true,\"EnforcementStatus\":\"HEALTHY\","
            "\"SendQuota\":{\"Max24HourSend\":-1,\"MaxSendRate\":1000000,\"SentLast24Hours\":0}}"));
    } else {
        requests++;
        received += (size_t)(body - head) + length;
        if (strstr(line, "outbound-bulk-emails")) answer_bulk(file, entries(body, length));
        else answer(file, told, sprintf(told, "{\"MessageId\":\"0107-%016lx\"}", ++letters));
    }
}

/* Serve the first whole request that a connection holds; 0 when there is none yet. */
static int one(int file, struct connection *from) {
    char *body = memmem(from->bytes, from->held, "\r\n\r\n", 4);
    if (!body) return 0;
    body += 4;
    size_t head = (size_t)(body - from->bytes), length = 0;
    body[-1] = 0;
    char *said = strcasestr(from->bytes, "\ncontent-length:");
    if (said) length = strtoul(said + 16, 0, 10);
    int waits = strcasestr(from->bytes, "\nexpect: 100-continue") != 0;
    body[-1] = '\n';
    if (waits && from->held == head && length) put(file, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    if (from->held < head + length) return 0;
    serve(file, from->bytes, body, length);
    from->held -= head + length;
    memmove(from->bytes, from->bytes + head + length, from->held);
    return 1;
}

static void take(int listening, int waiting) {
    int yes = 1, file;
    while ((file = accept4(listening, 0, 0, SOCK_NONBLOCK)) >= 0) {
        if (file >= MOST_CONNECTIONS) { close(file); continue; }
        setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[file].held = 0;
        struct epoll_event wanted = {.events = EPOLLIN, .data.fd = file};
        epoll_ctl(waiting, EPOLL_CTL_ADD, file, &wanted);
    }
}

static void read_on(int file) {
    struct connection *from = &connections[file];
    for (;;) {
        if (from->room - from->held < 65536) {
            from->room = from->room ? 2 * from->room : 1 << 18;
            from->bytes = realloc(from->bytes, from->room);
        }
        ssize_t got = read(file, from->bytes + from->held, from->room - from->held - 1);
        if (got > 0) {
            from->held += (size_t)got;
            from->bytes[from->held] = 0;
            while (from->held && one(file, from)) {}
        } else if (got < 0 && errno == EINTR) {
            continue;
        } else {
            if (got == 0 || errno != EAGAIN) close(file);
            return;
        }
    }
}

int main(int count, char **said) {
    if (count != 2) return 2;
    int listening = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof here;
    if (bind(listening, (void *)&here, size) || listen(listening, 128)) return 1;
    getsockname(listening, (void *)&here, &size);
    FILE *port = fopen(said[1], "w");
    if (!port) return 1;
    fprintf(port, "%d\n", ntohs(here.sin_port));
    fclose(port);
    int waiting = epoll_create1(0);
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = listening}, found[EVENTS];
    epoll_ctl(waiting, EPOLL_CTL_ADD, listening, &wanted);
    for (;;) {
        int many = epoll_wait(waiting, found, EVENTS, -1);
        for (int i = 0; i < many; i++) {
            if (found[i].data.fd == listening) take(listening, waiting);
            else read_on(found[i].data.fd);
        }
    }
}
