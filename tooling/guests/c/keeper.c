/* The world of keeper.wit on plain wasi-libc; the canonical ABI by hand. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXPORT(name) __attribute__((export_name(name)))

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align;
  void *at = realloc(old, size);
  if (at == NULL && size > 0) __builtin_trap();
  return at;
}

/* Where results lie until the host has read them; strings in them are freed by the next call. */
static struct {
  uint8_t is_err;
  union {
    int32_t error;
    uint32_t number;
    struct {
      char *text;
      uint32_t length;
    };
  };
} result;
static char *lent;

static uint32_t calls;

static void begin(void) {
  calls++;
  free(lent);
  lent = NULL;
}

static void *failed(void) {
  result.is_err = 1;
  result.error = errno;
  return &result;
}

static void *done(void) {
  result.is_err = 0;
  return &result;
}

static void *text(char *at, size_t length) {
  lent = at;
  result.is_err = 0;
  result.text = at;
  result.length = (uint32_t)length;
  return &result;
}

static char *c_string(const char *at, size_t length) {
  char *copy = malloc(length + 1);
  if (copy == NULL) __builtin_trap();
  memcpy(copy, at, length);
  copy[length] = '\0';
  return copy;
}

EXPORT("open") void *keeper_open(char *path, size_t path_length, char *mode, size_t mode_length) {
  begin();
  char *name = c_string(path, path_length);
  int flags = mode_length == 2 ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
  if (*mode == 'w') flags |= O_CREAT | O_TRUNC;
  if (*mode == 'a') flags |= O_CREAT | O_APPEND;
  int fd = open(name, flags, 0666);
  free(name);
  free(path);
  free(mode);
  if (fd < 0) return failed();
  result.is_err = 0;
  result.number = (uint32_t)fd;
  return &result;
}

EXPORT("read-at") void *read_at(uint32_t fd, uint32_t length, uint64_t offset) {
  begin();
  char *buffer = malloc(length + 1);
  ssize_t n = pread((int)fd, buffer, length, (off_t)offset);
  if (n >= 0) return text(buffer, (size_t)n);
  free(buffer);
  return failed();
}

EXPORT("write-at") void *write_at(uint32_t fd, char *from, size_t length, uint64_t offset) {
  begin();
  ssize_t n = pwrite((int)fd, from, length, (off_t)offset);
  free(from);
  return n < 0 ? failed() : done();
}

EXPORT("read-on") void *read_on(uint32_t fd, uint32_t length) {
  begin();
  char *buffer = malloc(length + 1);
  ssize_t n = read((int)fd, buffer, length);
  if (n >= 0) return text(buffer, (size_t)n);
  free(buffer);
  return failed();
}

EXPORT("write-on") void *write_on(uint32_t fd, char *from, size_t length) {
  begin();
  ssize_t n = write((int)fd, from, length);
  free(from);
  return n < 0 ? failed() : done();
}

EXPORT("close") void *keeper_close(uint32_t fd) {
  begin();
  return close((int)fd) < 0 ? failed() : done();
}

EXPORT("exists") void *keeper_exists(char *path, size_t length) {
  begin();
  char *name = c_string(path, length);
  struct stat st;
  int code = stat(name, &st);
  free(name);
  free(path);
  return code < 0 ? failed() : done();
}

EXPORT("say") void say(char *from, size_t length) {
  begin();
  fwrite(from, 1, length, stdout);
  fputc('\n', stdout);
  fflush(stdout);
  free(from);
}

EXPORT("listen") void *keeper_listen(void) {
  begin();
  char *line = NULL;
  size_t room = 0;
  ssize_t n = getline(&line, &room, stdin);
  if (n < 0) {
    free(line);
    result.is_err = 0;
    return &result;
  }
  if (n > 0 && line[n - 1] == '\n') n--;
  text(line, (size_t)n);
  /* An option is laid out as a result is, with its cases the other way round. */
  result.is_err = 1;
  return &result;
}

EXPORT("calls") uint32_t keeper_calls(void) {
  begin();
  return calls - 1;
}

EXPORT("write-and-trap") void write_and_trap(uint32_t fd, char *from, size_t length, uint64_t offset) {
  begin();
  pwrite((int)fd, from, length, (off_t)offset);
  __builtin_trap();
}
