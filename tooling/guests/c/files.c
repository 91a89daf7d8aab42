/*
 * A command that works on files, on plain wasi-libc: what a C program sees of a host that gives it directories.
 *
 *   files ls DIR            names, sorted, one a line, a slash after a directory's and an @ after a link's
 *   files cat FILE          the content, through a stream
 *   files write FILE TEXT   makes or empties a file and writes through a stream
 *   files append FILE TEXT  writes at the end
 *   files mkdir DIR
 *   files rm PATH           a file, or an empty directory
 *   files mv FROM TO
 *   files link TEXT PATH    makes a symbolic link that says TEXT
 *   files stat PATH         type and size; links are followed
 *   files at PATH           opens PATH below the first preopen exactly as written: libc resolves nothing
 *   files put FILE N        writes N records by position, then reads them back; says each one on stdout
 *   files stream FILE N     writes N lines through one stream; opens it again where the host says that it broke
 *   files stress DIR N      N rounds over many files, directories and descriptors; prints a checksum
 *
 * Prints to stdout, errors to stderr as "files: COMMAND: PATH: errno N: TEXT". Exits with 0, 1 for an error, 2 for usage.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wasi/api.h>

#define FIRST_PREOPEN 3

static const char *command = "";

static int fail(const char *path) {
  int code = errno;
  fflush(stdout);
  fprintf(stderr, "files: %s: %s: errno %d: %s\n", command, path, code, strerror(code));
  return 1;
}

static int usage(void) {
  fprintf(stderr, "usage: files COMMAND ARG...\n");
  return 2;
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static int ls(const char *path) {
  DIR *dir = opendir(path);
  if (dir == NULL) return fail(path);
  char **names = NULL;
  size_t count = 0;
  struct dirent *entry;
  errno = 0;
  while ((entry = readdir(dir)) != NULL) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    size_t length = strlen(entry->d_name);
    char *name = malloc(length + 2);
    names = realloc(names, (count + 1) * sizeof *names);
    if (name == NULL || names == NULL) return fail(path);
    memcpy(name, entry->d_name, length);
    name[length] = entry->d_type == DT_DIR ? '/' : entry->d_type == DT_LNK ? '@' : '\0';
    name[length + 1] = '\0';
    names[count++] = name;
  }
  if (errno != 0) return fail(path);
  closedir(dir);
  if (count > 1) qsort(names, count, sizeof *names, by_name);
  for (size_t i = 0; i < count; i++) {
    puts(names[i]);
    free(names[i]);
  }
  free(names);
  return 0;
}

static int cat(const char *path) {
  FILE *file = fopen(path, "r");
  if (file == NULL) return fail(path);
  char buffer[4096];
  size_t n;
  while ((n = fread(buffer, 1, sizeof buffer, file)) > 0) fwrite(buffer, 1, n, stdout);
  if (ferror(file)) return fail(path);
  fclose(file);
  return 0;
}

static int put_text(const char *path, const char *mode, const char *text) {
  FILE *file = fopen(path, mode);
  if (file == NULL) return fail(path);
  if (fputs(text, file) < 0 || fputc('\n', file) < 0) return fail(path);
  if (fclose(file) != 0) return fail(path);
  return 0;
}

static int rm(const char *path) {
  if (unlink(path) == 0) return 0;
  if (errno == EISDIR || errno == EPERM) {
    int code = errno;
    if (rmdir(path) == 0) return 0;
    if (errno == ENOTDIR) errno = code;
  }
  return fail(path);
}

static int show_stat(const char *path) {
  struct stat st;
  if (stat(path, &st) != 0) return fail(path);
  const char *type = S_ISDIR(st.st_mode) ? "directory" : S_ISREG(st.st_mode) ? "file" : S_ISLNK(st.st_mode) ? "link" : "other";
  if (S_ISREG(st.st_mode)) printf("%s %lld\n", type, (long long)st.st_size);
  else puts(type);
  return 0;
}

static int at(const char *path) {
  __wasi_fd_t fd;
  __wasi_errno_t code = __wasi_path_open(FIRST_PREOPEN, __WASI_LOOKUPFLAGS_SYMLINK_FOLLOW, path, 0,
                                         __WASI_RIGHTS_FD_READ, __WASI_RIGHTS_FD_READ, 0, &fd);
  if (code != 0) {
    errno = code;
    return fail(path);
  }
  puts("opened");
  close(fd);
  return 0;
}

#define RECORD 16

static int put(const char *path, int count) {
  int fd = open(path, O_RDWR | O_CREAT, 0666);
  if (fd < 0) return fail(path);
  char record[RECORD + 1];
  for (int i = 0; i < count; i++) {
    snprintf(record, sizeof record, "record %8d\n", i);
    if (pwrite(fd, record, RECORD, (off_t)i * RECORD) != RECORD) return fail(path);
    printf("put %d\n", i);
    fflush(stdout);
  }
  for (int i = 0; i < count; i++) {
    char expected[RECORD + 1];
    snprintf(expected, sizeof expected, "record %8d\n", i);
    if (pread(fd, record, RECORD, (off_t)i * RECORD) != RECORD) return fail(path);
    if (memcmp(record, expected, RECORD) != 0) {
      fprintf(stderr, "files: put: record %d is not what was written\n", i);
      return 1;
    }
  }
  struct stat st;
  if (fstat(fd, &st) != 0) return fail(path);
  printf("%d records, %lld bytes\n", count, (long long)st.st_size);
  return close(fd) == 0 ? 0 : fail(path);
}

static int stream(const char *path, int count) {
  int fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0666);
  if (fd < 0) return fail(path);
  for (int i = 0; i < count; i++) {
    char line[32];
    int length = snprintf(line, sizeof line, "line %d\n", i);
    if (write(fd, line, (size_t)length) == length) continue;
    /* The stream did not outlive its host. Whether the line is in the file nobody says, so look. */
    fail(path);
    close(fd);
    fd = open(path, O_RDWR | O_APPEND);
    if (fd < 0) return fail(path);
    off_t end = lseek(fd, 0, SEEK_END);
    char last[32];
    int there = end >= length && pread(fd, last, (size_t)length, end - length) == length &&
                memcmp(last, line, (size_t)length) == 0;
    printf("line %d was %s\n", i, there ? "written" : "lost");
    if (!there && write(fd, line, (size_t)length) != length) return fail(path);
  }
  puts("done");
  return close(fd) == 0 ? 0 : fail(path);
}

static uint32_t sum = 2166136261u;

static void mix(const void *bytes, size_t length) {
  for (size_t i = 0; i < length; i++) sum = (sum ^ ((const uint8_t *)bytes)[i]) * 16777619u;
}

static int stress(const char *root, int rounds) {
  char path[256], other[256], content[600];
  for (int round = 0; round < rounds; round++) {
    int fds[8];
    snprintf(path, sizeof path, "%s/round-%d", root, round);
    if (mkdir(path, 0777) != 0) return fail(path);
    for (int i = 0; i < 8; i++) {
      snprintf(path, sizeof path, "%s/round-%d/file-%d", root, round, i);
      fds[i] = open(path, O_RDWR | O_CREAT | O_EXCL, 0666);
      if (fds[i] < 0) return fail(path);
      size_t length = (size_t)(i * 71 + round * 13) % sizeof content;
      memset(content, 'a' + i, length);
      if (write(fds[i], content, length) != (ssize_t)length) return fail(path);
    }
    for (int i = 0; i < 8; i += 2) {
      snprintf(path, sizeof path, "%s/round-%d/file-%d", root, round, i);
      snprintf(other, sizeof other, "%s/round-%d/file-%d", root, round, i + 1);
      if (i % 4 == 0 ? rename(path, other) != 0 : unlink(path) != 0) return fail(path);
    }
    /* What is open stays open, whatever became of its name. */
    for (int i = 0; i < 8; i++) {
      struct stat st;
      if (fstat(fds[i], &st) != 0) return fail("fstat");
      if (lseek(fds[i], 0, SEEK_SET) != 0) return fail("lseek");
      ssize_t n = read(fds[i], content, sizeof content);
      if (n < 0 || n != st.st_size) return fail("read");
      mix(content, (size_t)n);
      if (ftruncate(fds[i], n / 2) != 0) return fail("ftruncate");
      if (close(fds[i]) != 0) return fail("close");
    }
    snprintf(path, sizeof path, "%s/round-%d", root, round);
    DIR *dir = opendir(path);
    if (dir == NULL) return fail(path);
    struct dirent *entry;
    char names[8][64];
    int count = 0;
    while ((entry = readdir(dir)) != NULL) {
      if (entry->d_name[0] == '.' || count == 8) continue;
      snprintf(names[count++], sizeof names[0], "%s", entry->d_name);
    }
    closedir(dir);
    for (int i = 0; i < count; i++) {
      struct stat st;
      snprintf(other, sizeof other, "%s/%s", path, names[i]);
      if (stat(other, &st) != 0) return fail(other);
      mix(names[i], strlen(names[i]));
      mix(&st.st_size, sizeof st.st_size);
      if (unlink(other) != 0) return fail(other);
    }
    if (rmdir(path) != 0) return fail(path);
  }
  printf("%d rounds, checksum %08x\n", rounds, (unsigned)sum);
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 3) return usage();
  command = argv[1];
  const char *path = argv[2];
  const char *more = argc > 3 ? argv[3] : NULL;
  if (strcmp(command, "ls") == 0) return ls(path);
  if (strcmp(command, "cat") == 0) return cat(path);
  if (strcmp(command, "mkdir") == 0) return mkdir(path, 0777) == 0 ? 0 : fail(path);
  if (strcmp(command, "rm") == 0) return rm(path);
  if (strcmp(command, "stat") == 0) return show_stat(path);
  if (strcmp(command, "at") == 0) return at(path);
  if (more == NULL) return usage();
  if (strcmp(command, "write") == 0) return put_text(path, "w", more);
  if (strcmp(command, "append") == 0) return put_text(path, "a", more);
  if (strcmp(command, "mv") == 0) return rename(path, more) == 0 ? 0 : fail(path);
  if (strcmp(command, "link") == 0) return symlink(path, more) == 0 ? 0 : fail(more);
  if (strcmp(command, "put") == 0) return put(path, atoi(more));
  if (strcmp(command, "stream") == 0) return stream(path, atoi(more));
  if (strcmp(command, "stress") == 0) return stress(path, atoi(more));
  return usage();
}
