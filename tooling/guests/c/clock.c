/*
 * A command that does with time and chance what libc can do:
 *
 *   clock
 *
 * Says each step and what came of it on stdout, and no time and no random number: the same under any clock that keeps its
 * promises. Reads its standard input to the end. Exits with 0, or with 1 where a step failed that must not.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

#define MS 1000000LL

static void must(const char *what, int holds) {
  if (holds) return;
  printf("%s: failed, %s\n", what, strerror(errno));
  exit(1);
}

static void says(const char *what, int holds) { printf("%s: %s\n", what, holds ? "yes" : "no"); }

static long long nanoseconds(struct timespec time) { return time.tv_sec * 1000000000LL + time.tv_nsec; }

static long long now(clockid_t clock) {
  struct timespec time;
  must("clock_gettime", clock_gettime(clock, &time) == 0);
  must("nanoseconds within a second", time.tv_nsec >= 0 && time.tv_nsec < 1000000000L);
  return nanoseconds(time);
}

static void clocks(void) {
  struct timespec resolution;
  must("clock_getres", clock_getres(CLOCK_REALTIME, &resolution) == 0);
  says("the clock of the day is finer than a second", nanoseconds(resolution) > 0 && resolution.tv_sec == 0);
  must("clock_getres", clock_getres(CLOCK_MONOTONIC, &resolution) == 0);
  says("the monotonic clock is finer than a second", nanoseconds(resolution) > 0 && resolution.tv_sec == 0);
  errno = 0;

  long long before = now(CLOCK_MONOTONIC);
  int rises = 1;
  for (int i = 0; i < 100; i++) {
    long long after = now(CLOCK_MONOTONIC);
    if (after < before) rises = 0;
    before = after;
  }
  says("the monotonic clock never goes back", rises);

  long long day = now(CLOCK_REALTIME);
  struct timeval tv;
  must("gettimeofday", gettimeofday(&tv, NULL) == 0);
  must("microseconds within a second", tv.tv_usec >= 0 && tv.tv_usec < 1000000);
  long long later = now(CLOCK_REALTIME);
  time_t seconds = time(NULL);
  says("it is later than the year 2020", day > 1577836800LL * 1000 * MS);
  long long between = tv.tv_sec * 1000000000LL + tv.tv_usec * 1000LL;
  says("gettimeofday is of the same clock", between >= day - 1000 && between <= later);
  says("time is of the same clock", seconds >= later / 1000000000LL && seconds <= now(CLOCK_REALTIME) / 1000000000LL);
  struct tm *date = gmtime(&seconds);
  says("it is a date", date != NULL && date->tm_year >= 120 && date->tm_mon <= 11 && date->tm_mday >= 1);
}

static void sleeping(void) {
  struct timespec five = {0, 5 * MS}, none = {0, 0}, wrong = {0, 1000000000};
  long long before = now(CLOCK_MONOTONIC), day = now(CLOCK_REALTIME);
  must("nanosleep", nanosleep(&five, NULL) == 0);
  says("nanosleep takes as long as it was told", now(CLOCK_MONOTONIC) - before >= 5 * MS);
  says("the day went on meanwhile", now(CLOCK_REALTIME) - day >= 5 * MS);
  must("nanosleep of nothing", nanosleep(&none, NULL) == 0);
  errno = 0;
  says("nanosleep of more than a second of nanoseconds is an error", nanosleep(&wrong, NULL) != 0 && errno == EINVAL);
  before = now(CLOCK_MONOTONIC);
  must("usleep", usleep(2000) == 0);
  says("so does usleep", now(CLOCK_MONOTONIC) - before >= 2 * MS);

  struct timespec at;
  long long until = now(CLOCK_MONOTONIC) + 3 * MS;
  at.tv_sec = until / 1000000000LL;
  at.tv_nsec = until % 1000000000LL;
  must("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0);
  says("an instant is waited for", now(CLOCK_MONOTONIC) >= until);
  must("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0);
  at.tv_sec = at.tv_nsec = 0;
  must("clock_nanosleep", clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == 0);
  says("one that is past is not", 1);
}

static void polling(void) {
  long long before = now(CLOCK_MONOTONIC);
  struct pollfd fds[3] = {{-1, POLLIN, 0}, {-1, POLLIN, 0}, {-1, POLLIN, 0}};
  printf("poll of nothing for a while: %d\n", poll(fds, 0, 4));
  says("it took that while", now(CLOCK_MONOTONIC) - before >= 4 * MS);

  fds[0] = (struct pollfd){STDOUT_FILENO, POLLOUT, 0};
  int ready = poll(fds, 1, 60000);
  printf("standard output: %d, %s\n", ready, fds[0].revents & POLLOUT ? "can be written to" : "cannot");
  fds[0] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
  fds[1] = (struct pollfd){STDERR_FILENO, POLLOUT, 0};
  ready = poll(fds, 2, 60000);
  says("one of two streams or both", ready == 1 || ready == 2);
  says("the one that can be written to is ready", (fds[1].revents & POLLOUT) != 0);
  char bytes[64];
  long total = 0;
  for (;;) {
    fds[0] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    must("poll of standard input", poll(fds, 1, 60000) == 1);
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    must("read", n >= 0);
    if (n == 0) break;
    total += n;
  }
  printf("bytes of standard input: %ld\n", total);
  fds[0] = (struct pollfd){99, POLLIN, 0};
  ready = poll(fds, 1, 0);
  says("a file that is none", ready == -1 || (fds[0].revents & POLLNVAL) != 0);

  fd_set writable;
  FD_ZERO(&writable);
  FD_SET(STDOUT_FILENO, &writable);
  struct timeval minute = {60, 0};
  printf("select: %d, %s\n", select(STDOUT_FILENO + 1, NULL, &writable, NULL, &minute),
         FD_ISSET(STDOUT_FILENO, &writable) ? "can be written to" : "cannot");
  before = now(CLOCK_MONOTONIC);
  struct timeval three = {0, 3000};
  printf("select of nothing: %d\n", select(0, NULL, NULL, NULL, &three));
  says("it took as long", now(CLOCK_MONOTONIC) - before >= 3 * MS);

  /* What libc has no name for: timers of both clocks in one poll, each with a word of its own. */
  __wasi_subscription_t in[3] = {0};
  __wasi_event_t out[3];
  __wasi_size_t count = 0;
  for (int i = 0; i < 3; i++) {
    in[i].userdata = 100 + i;
    in[i].u.tag = __WASI_EVENTTYPE_CLOCK;
  }
  in[0].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  in[0].u.u.clock.timeout = 60000 * MS;
  in[1].u.u.clock.id = __WASI_CLOCKID_MONOTONIC;
  in[1].u.u.clock.timeout = 2 * MS;
  in[2].u.u.clock.id = __WASI_CLOCKID_REALTIME;
  in[2].u.u.clock.timeout = 60000 * MS;
  must("poll_oneoff", __wasi_poll_oneoff(in, out, 3, &count) == 0);
  printf("of three timers: %d, the word %llu\n", (int)count, (unsigned long long)out[0].userdata);
}

static int all_zero(const unsigned char *bytes, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (bytes[i] != 0) return 0;
  return 1;
}

static void chance(void) {
  static unsigned char one[256], two[256], many[300000];
  must("getentropy", getentropy(one, sizeof one) == 0);
  must("getentropy", getentropy(two, sizeof two) == 0);
  says("two draws are the same", memcmp(one, two, sizeof one) == 0);
  memset(one, 7, sizeof one);
  must("getentropy of nothing", getentropy(one, 0) == 0);
  says("nothing is written", one[0] == 7);
  must("getentropy of some", getentropy(one, 16) == 0);
  says("no more is written than was asked for", one[16] == 7 && !all_zero(one, 16));
  errno = 0;
  says("getentropy of too much is an error", getentropy(many, 257) != 0 && errno == EIO);
  must("random_get", __wasi_random_get(many, sizeof many) == 0);
  int each = 1;
  for (size_t at = 0; at + 1000 <= sizeof many; at += 1000)
    if (all_zero(many + at, 1000)) each = 0;
  says("many bytes, to the last", each && !all_zero(many + sizeof many - 32, 32));
}

int main(void) {
  clocks();
  sleeping();
  polling();
  chance();
  return 0;
}
