/* An answerer: an A question gets one made-up address, an MX question one exchange, the rest no data.
 *
 * With BATCH 1 it is the benchmark's limit (one packet in, one packet out, nothing looked up); with a
 * larger batch it is the upstream, which must never be what a measurement waits for.
 *
 * Usage: answer PORT BATCH
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { HEADER = 12, MOST = 64, QUERY_BYTES = 512, SOCKET_BYTES = 4 << 20 };
enum { TTL = 3600, TYPE_A = 1, TYPE_MX = 15 };
#define ROOM (QUERY_BYTES + 64) /* the longest record and an OPT record fit behind any query */

/* The length of header and question, or 0 where the packet is not one plain question. */
static size_t question_end(const uint8_t *query, size_t length)
{
    size_t at = HEADER;
    if (length < HEADER || query[4] != 0 || query[5] != 1)
        return 0;
    while (at < length && query[at] != 0) {
        if (query[at] > 63)
            return 0;
        at += query[at] + 1u;
    }
    return at + 5 <= length ? at + 5 : 0;
}

/* An address of 10.0.0.0/8 that follows from the name (FNV-1a). */
static uint32_t address_of(const uint8_t *name, const uint8_t *end)
{
    uint32_t hash = 2166136261u;
    while (name < end)
        hash = (hash ^ *name++) * 16777619u;
    return htonl(10u << 24 | ((hash >> 24) ^ (hash & 0xffffffu)));
}

/* Append one record that is named by a pointer to the question; its rdata follows. */
static uint8_t *append_record(uint8_t *at, uint16_t type, const void *rdata, uint16_t length)
{
    const uint8_t head[12] = {
        0xc0, HEADER, 0, (uint8_t)type, 0, 1, 0, 0, TTL >> 8, TTL & 255, 0, (uint8_t)length};
    memcpy(at, head, sizeof head);
    memcpy(at + sizeof head, rdata, length);
    return at + sizeof head + length;
}

/* Turn the query into its response, in place; the response's length, or 0 for no response. */
static size_t answer(uint8_t *message, size_t length)
{
    static const uint8_t exchange[] = {0, 10, 4, 'm', 'a', 'i', 'l', 0xc0, HEADER};
    static const uint8_t edns[] = {0, 0, 41, 1232 >> 8, 1232 & 255, 0, 0, 0, 0, 0, 0};
    size_t end = question_end(message, length);
    if (end == 0)
        return 0;
    uint8_t *at = message + end;
    uint16_t type = (uint16_t)(at[-4] << 8 | at[-3]);
    int answers = 1, extended = message[11] != 0;
    if (type == TYPE_A) {
        uint32_t address = address_of(message + HEADER, at - 5);
        at = append_record(at, type, &address, sizeof address);
    } else if (type == TYPE_MX) {
        at = append_record(at, type, exchange, sizeof exchange);
    } else {
        answers = 0;
    }
    if (extended) {
        memcpy(at, edns, sizeof edns);
        at += sizeof edns;
    }
    message[2] = 0x80 | (message[2] & 0x79); /* QR, the query's opcode and RD */
    message[3] = 0x80 | (message[3] & 0x10); /* RA, the query's CD; NOERROR */
    memset(message + 6, 0, 6);
    message[7] = (uint8_t)answers;
    message[11] = (uint8_t)extended;
    return (size_t)(at - message);
}

static int listen_on(int port)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int bytes = SOCKET_BYTES, fd = socket(AF_INET, SOCK_DGRAM, 0);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) < 0) {
        perror("answer: cannot listen");
        exit(1);
    }
    return fd;
}

int main(int count, char **arguments)
{
    static uint8_t room[MOST][ROOM];
    static struct sockaddr_in peers[MOST];
    static struct iovec parts[MOST];
    static struct mmsghdr messages[MOST];
    int batch = count == 3 ? atoi(arguments[2]) : 0;
    if (batch < 1 || batch > MOST) {
        fprintf(stderr, "usage: answer PORT BATCH (1 to %d)\n", MOST);
        return 2;
    }
    int fd = listen_on(atoi(arguments[1]));
    for (;;) {
        for (int i = 0; i < batch; i++) {
            parts[i] = (struct iovec){room[i], QUERY_BYTES};
            messages[i].msg_hdr = (struct msghdr){&peers[i], sizeof peers[i], &parts[i], 1, NULL, 0, 0};
        }
        int received = recvmmsg(fd, messages, (unsigned)batch, MSG_WAITFORONE, NULL);
        int ready = 0;
        for (int i = 0; i < received; i++) {
            size_t length = answer(room[i], messages[i].msg_len);
            if (length == 0)
                continue;
            parts[i].iov_len = length;
            messages[ready++].msg_hdr = messages[i].msg_hdr;
        }
        for (int sent = 0; sent < ready;) {
            int now = sendmmsg(fd, messages + sent, (unsigned)(ready - sent), 0);
            sent += now > 0 ? now : 1; /* a response that cannot be sent is lost, like on any network */
        }
    }
}
