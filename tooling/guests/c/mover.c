/* The world of mover.wit on plain wasi-libc; the canonical ABI by hand. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define BLOCK (1 << 20)

static char block[BLOCK];
static char path[256];

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align;
  void *at = realloc(old, size);
  if (at == NULL && size > 0) __builtin_trap();
  return at;
}

/* Takes a name over, and ends it with a NUL. */
static const char *named(char *text, uint32_t length) {
  if (length >= sizeof path) __builtin_trap();
  memcpy(path, text, length);
  path[length] = '\0';
  free(text);
  return path;
}

EXPORT("write-file") int64_t write_file(char *text, uint32_t length, uint32_t blocks, uint32_t size) {
  int fd = open(named(text, length), O_WRONLY | O_CREAT | O_TRUNC, 0666);
  if (fd < 0 || size > BLOCK) return -1;
  int64_t written = 0;
  for (uint32_t i = 0; i < blocks; i++) {
    /* It MAY take less at once. */
    for (uint32_t done = 0; done < size;) {
      ssize_t n = write(fd, block + done, size - done);
      if (n <= 0) return -1;
      done += (uint32_t)n;
    }
    written += size;
  }
  return close(fd) == 0 ? written : -1;
}

EXPORT("read-file") int64_t read_file(char *text, uint32_t length, uint32_t size) {
  int fd = open(named(text, length), O_RDONLY);
  if (fd < 0 || size > BLOCK) return -1;
  int64_t total = 0;
  for (;;) {
    ssize_t n = read(fd, block, size);
    if (n < 0) return -1;
    if (n == 0) break;
    total += n;
  }
  return close(fd) == 0 ? total : -1;
}
