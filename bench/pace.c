/* A pacer: asks at a given rate, whether answers come or not, and times every answer.
 *
 * Questions go out like those of many clients that know nothing of each other (exponential gaps),
 * so a slow answer holds no later question back.  An answer's time ends when the kernel has it
 * (SO_TIMESTAMPNS), not when this program gets round to it: its own delays do not count.
 *
 * Usage: pace PORT RATE SECONDS NAMES; NAMES is a file of lines "NAME A", used from the top again
 * where it ends.  To standard output goes one native uint32 for each question: the nanoseconds until
 * its answer with NOERROR, or LOST.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>

enum { HEADER = 12, BATCH = 32, ROOM = 512, IDS = 65536, SOCKET_BYTES = 4 << 20 };
#define LOST UINT32_MAX
#define STALL 100000.0 /* nanoseconds that we may be behind */
#define LATE 1000000000.0 /* nanoseconds after the last question that an answer may still come */

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_REALTIME, &time); /* the clock of SO_TIMESTAMPNS */
    return time.tv_sec * 1e9 + time.tv_nsec;
}

static int connect_to(int port)
{
    struct sockaddr_in server = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int bytes = SOCKET_BYTES, on = 1, fd = socket(AF_INET, SOCK_DGRAM, 0);
    server.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
    if (fd < 0 || connect(fd, (struct sockaddr *)&server, sizeof server) < 0) {
        perror("pace: cannot reach the server");
        exit(1);
    }
    return fd;
}

/* Write the query for the next line of the file; its length. */
static size_t next_query(FILE *names, uint16_t id, uint8_t *query)
{
    const uint8_t header[HEADER] = {(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1};
    const uint8_t tail[] = {0, 0, 1, 0, 1}; /* the root label, type A, class IN */
    char line[256];
    if (fgets(line, sizeof line, names) == NULL) {
        rewind(names);
        if (fgets(line, sizeof line, names) == NULL)
            exit(1);
    }
    line[strcspn(line, " \n")] = 0;
    memcpy(query, header, sizeof header);
    size_t at = HEADER;
    for (char *label = strtok(line, "."); label != NULL; label = strtok(NULL, ".")) {
        query[at] = (uint8_t)strlen(label);
        memcpy(query + at + 1, label, query[at]);
        at += query[at] + 1u;
    }
    memcpy(query + at, tail, sizeof tail);
    return at + sizeof tail;
}

/* When the kernel had the message, in nanoseconds. */
static double arrival(struct msghdr *message)
{
    struct cmsghdr *part = CMSG_FIRSTHDR(message);
    for (; part != NULL; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_TIMESTAMPNS) {
            struct timespec time;
            memcpy(&time, CMSG_DATA(part), sizeof time);
            return time.tv_sec * 1e9 + time.tv_nsec;
        }
    }
    return now();
}

/* Note the answers that have come; `asked` is how many questions are out. */
static void collect(int fd, uint32_t *times, const double *sent_at, size_t asked)
{
    static uint8_t room[BATCH][ROOM];
    static char controls[BATCH][CMSG_SPACE(sizeof(struct timespec))];
    struct iovec parts[BATCH];
    struct mmsghdr messages[BATCH];
    for (int i = 0; i < BATCH; i++) {
        parts[i] = (struct iovec){room[i], ROOM};
        messages[i].msg_hdr =
            (struct msghdr){NULL, 0, &parts[i], 1, controls[i], sizeof controls[i], 0};
    }
    int received = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < received; i++) {
        size_t id = (size_t)(room[i][0] << 8 | room[i][1]);
        /* The latest question with that ID. */
        size_t number = asked - 1 - ((asked - 1 - id) & (IDS - 1));
        if ((room[i][3] & 15) == 0 && number < asked && times[number] == LOST)
            times[number] = (uint32_t)(arrival(&messages[i].msg_hdr) - sent_at[number]);
    }
}

static void wait_until(int fd, double due)
{
    double left = due - now();
    if (left > 0) {
        struct timespec timeout = {(time_t)(left / 1e9), (long)fmod(left, 1e9)};
        struct pollfd answer = {.fd = fd, .events = POLLIN};
        ppoll(&answer, 1, &timeout, NULL);
    }
}

int main(int count, char **arguments)
{
    FILE *names = count == 5 ? fopen(arguments[4], "r") : NULL;
    if (names == NULL) {
        fprintf(stderr, "usage: pace PORT RATE SECONDS NAMES\n");
        return 2;
    }
    double gap = 1e9 / atof(arguments[2]);
    size_t all = (size_t)(atof(arguments[2]) * atof(arguments[3]));
    uint32_t *times = malloc(all * sizeof *times);
    double *sent_at = malloc(all * sizeof *sent_at);
    int fd = connect_to(atoi(arguments[1]));
    prctl(PR_SET_TIMERSLACK, 1UL); /* the kernel may else wake us 50 microseconds late */
    memset(times, 0xff, all * sizeof *times);
    double due = now();
    for (size_t asked = 0;;) {
        wait_until(fd, due);
        if (now() >= due) {
            if (asked == all)
                break;
            uint8_t query[ROOM];
            size_t length = next_query(names, (uint16_t)asked, query);
            sent_at[asked++] = now();
            send(fd, query, length, 0);
            /* A stall of ours must not become a burst on the server: it is not made up for. */
            due = fmax(due, sent_at[asked - 1] - STALL) - gap * log(1 - drand48());
            if (asked == all)
                due = now() + LATE;
        }
        collect(fd, times, sent_at, asked);
    }
    return fwrite(times, sizeof *times, all, stdout) == all ? 0 : 1;
}
