/*
 * A command that does with files what libc can do, one thing after another, below a directory that is empty at first:
 *
 *   filer DIR
 *
 * Says each step and what came of it on stdout, and nothing that differs from one file system to another: no inode, no
 * time that it did not set itself, no order of a directory. Leaves the directory empty. Exits with 0, or with 1 where a step failed that must not.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static const char *root;

/* A path below the directory; good until the fourth one after it. */
static const char *in(const char *name) {
  static char paths[4][512];
  static int next;
  next = (next + 1) % 4;
  snprintf(paths[next], sizeof paths[next], "%s/%s", root, name);
  return paths[next];
}

/* Ends the program where a step has failed that must not. */
static long must(const char *what, long result) {
  if (result >= 0) return result;
  printf("%s: failed, %s\n", what, strerror(errno));
  exit(1);
}

/* Says how a step failed that has to. */
static void fails(const char *what, long result) {
  if (result < 0) printf("%s: %s\n", what, strerror(errno));
  else printf("%s: done, and should not be\n", what);
}

static void text(const char *what, int fd, off_t at) {
  char buffer[256];
  ssize_t n = must(what, pread(fd, buffer, sizeof buffer - 1, at));
  printf("%s: \"", what);
  for (ssize_t i = 0; i < n; i++) {
    if (buffer[i] == '\0') printf("\\0");
    else if (buffer[i] == '\n') printf("\\n");
    else putchar(buffer[i]);
  }
  printf("\"\n");
}

static void show(const char *what, const char *path, int flags) {
  struct stat st;
  if (fstatat(AT_FDCWD, path, &st, flags) != 0) {
    printf("%s: %s\n", what, strerror(errno));
    return;
  }
  if (S_ISREG(st.st_mode)) printf("%s: a file of %lld bytes, %d names\n", what, (long long)st.st_size, (int)st.st_nlink);
  else printf("%s: %s\n", what, S_ISDIR(st.st_mode) ? "a directory" : S_ISLNK(st.st_mode) ? "a link" : "something else");
}

static int by_name(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Everything below a directory, depth first, each level sorted. */
static void walk(int fd, int depth) {
  DIR *dir = fdopendir(fd);
  if (dir == NULL) must("fdopendir", -1);
  char *names[64];
  int count = 0;
  struct dirent *entry;
  errno = 0;
  while ((entry = readdir(dir)) != NULL && count < 64) {
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) names[count++] = strdup(entry->d_name);
  }
  must("readdir", errno == 0 ? 0 : -1);
  qsort(names, (size_t)count, sizeof *names, by_name);
  for (int i = 0; i < count; i++) {
    struct stat st;
    must("fstatat", fstatat(fd, names[i], &st, AT_SYMLINK_NOFOLLOW));
    printf("  %*s%s%s\n", depth * 2, "", names[i], S_ISDIR(st.st_mode) ? "/" : S_ISLNK(st.st_mode) ? "@" : "");
    if (S_ISDIR(st.st_mode)) walk((int)must("openat", openat(fd, names[i], O_RDONLY | O_DIRECTORY)), depth + 1);
    free(names[i]);
  }
  must("closedir", closedir(dir));
}

static void tree(const char *what) {
  printf("%s:\n", what);
  walk((int)must("open", open(root, O_RDONLY | O_DIRECTORY)), 0);
}

static void directories(void) {
  must("mkdir", mkdir(in("one"), 0777));
  must("mkdir", mkdir(in("one/two"), 0777));
  must("mkdir", mkdir(in("one/two/three"), 0777));
  fails("mkdir of what is there", mkdir(in("one"), 0777));
  fails("mkdir in nothing", mkdir(in("none/two"), 0777));
  int one = (int)must("open", open(in("one"), O_RDONLY | O_DIRECTORY));
  must("mkdirat", mkdirat(one, "four", 0777));
  must("unlinkat", unlinkat(one, "four", AT_REMOVEDIR));
  must("close", close(one));
  fails("rmdir of what is not empty", rmdir(in("one/two")));
  fails("unlink of a directory", unlink(in("one/two")));
  tree("directories");
}

static void contents(void) {
  int fd = (int)must("open", open(in("one/file"), O_RDWR | O_CREAT | O_EXCL, 0666));
  fails("a new file that is there", open(in("one/file"), O_RDWR | O_CREAT | O_EXCL, 0666));
  printf("written: %ld\n", must("write", write(fd, "hello world", 11)));
  printf("at: %ld\n", must("lseek", lseek(fd, 0, SEEK_CUR)));
  printf("five back from the end: %ld\n", must("lseek", lseek(fd, -5, SEEK_END)));
  must("write", write(fd, "W", 1));
  text("written over", fd, 0);
  fails("before the beginning", lseek(fd, -1, SEEK_SET));
  printf("behind the end: %ld\n", must("lseek", lseek(fd, 15, SEEK_SET)));
  must("write", write(fd, "!", 1));
  text("a gap", fd, 8);
  struct iovec parts[2] = {{"<", 1}, {">", 1}};
  must("lseek", lseek(fd, 11, SEEK_SET));
  /* It MAY write less than all of them. */
  if (must("writev", writev(fd, parts, 2)) == 1) must("writev", writev(fd, parts + 1, 1));
  must("pwrite", pwrite(fd, "..", 2, 13));
  printf("still at: %ld\n", must("lseek", lseek(fd, 0, SEEK_CUR)));
  text("no gap", fd, 0);
  must("ftruncate", ftruncate(fd, 5));
  text("shorter", fd, 0);
  must("ftruncate", ftruncate(fd, 8));
  text("longer", fd, 0);
  must("fsync", fsync(fd));
  must("fdatasync", fdatasync(fd));
  must("posix_fadvise", -posix_fadvise(fd, 0, 8, POSIX_FADV_WILLNEED));
  char end[4];
  printf("at the end: %ld\n", must("pread", pread(fd, end, sizeof end, 8)));
  must("close", close(fd));
  show("the file", in("one/file"), 0);
}

static void appending(void) {
  int fd = (int)must("open", open(in("one/log"), O_WRONLY | O_CREAT | O_APPEND, 0666));
  int other = (int)must("open", open(in("one/log"), O_WRONLY | O_APPEND));
  must("write", write(fd, "a", 1));
  must("write", write(other, "b", 1));
  must("write", write(fd, "c", 1));
  must("close", close(fd));
  must("close", close(other));
  FILE *file = fopen(in("one/log"), "a+");
  if (file == NULL) must("fopen", -1);
  fputs("d\n", file);
  must("fflush", fflush(file));
  must("fseek", fseek(file, 0, SEEK_SET));
  char line[16];
  printf("read back: %s", fgets(line, sizeof line, file) == NULL ? "nothing\n" : line);
  fputs("e\n", file);
  must("fclose", fclose(file));
  fd = (int)must("open", open(in("one/log"), O_RDONLY));
  text("appended", fd, 0);
  fails("writing what is open to read", write(fd, "x", 1));
  must("close", close(fd));
  fd = (int)must("open", open(in("one/log"), O_WRONLY | O_TRUNC));
  fails("reading what is open to write", read(fd, line, sizeof line));
  must("close", close(fd));
  show("emptied", in("one/log"), 0);
}

static void names(void) {
  must("rename", rename(in("one/file"), in("one/two/moved")));
  show("the old name", in("one/file"), 0);
  show("the new name", in("one/two/moved"), 0);
  must("rename over a file", rename(in("one/two/moved"), in("one/log")));
  show("what it replaced", in("one/log"), 0);
  fails("rename of nothing", rename(in("one/none"), in("one/file")));
  fails("rename of a directory into itself", rename(in("one"), in("one/two/one")));
  must("link", link(in("one/log"), in("one/two/second")));
  show("two names", in("one/log"), 0);
  must("unlink", unlink(in("one/log")));
  show("one name", in("one/two/second"), 0);
  must("rename of a directory", rename(in("one/two"), in("two")));
  tree("names");
}

static void links(void) {
  char target[64];
  must("symlink", symlink("second", in("two/link")));
  must("symlink", symlink("../two", in("one/up")));
  must("symlink", symlink("nowhere", in("one/dangling")));
  must("symlink", symlink("loop", in("one/loop")));
  ssize_t n = must("readlink", readlink(in("two/link"), target, sizeof target));
  printf("the link says: %.*s\n", (int)n, target);
  printf("cut short: %ld\n", must("readlink", readlink(in("two/link"), target, 3)));
  fails("readlink of a file", readlink(in("two/second"), target, sizeof target));
  show("the link", in("two/link"), AT_SYMLINK_NOFOLLOW);
  show("what it leads to", in("two/link"), 0);
  show("by way of a directory", in("one/up/second"), 0);
  show("to nothing", in("one/dangling"), 0);
  show("in a circle", in("one/loop"), 0);
  fails("opened without following", open(in("two/link"), O_RDONLY | O_NOFOLLOW));
  fails("out of the mount", symlink("../../../etc/passwd", in("one/out")));
  fails("from the top", symlink("/etc/passwd", in("one/out")));
  must("unlink of a link", unlink(in("two/link")));
  show("what it led to", in("two/second"), 0);
  tree("links");
}

static void times(void) {
  struct timespec set[2] = {{1000000000, 0}, {1234567890, 500000000}};
  struct stat st;
  must("utimensat", utimensat(AT_FDCWD, in("two/second"), set, 0));
  must("stat", stat(in("two/second"), &st));
  printf("modified: %lld.%03ld\n", (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec / 1000000);
  printf("read: %lld.%03ld\n", (long long)st.st_atim.tv_sec, st.st_atim.tv_nsec / 1000000);
  int fd = (int)must("open", open(in("two/second"), O_RDWR));
  struct timespec one[2] = {{0, UTIME_OMIT}, {5, 0}};
  must("futimens", futimens(fd, one));
  must("fstat", fstat(fd, &st));
  printf("modified: %lld, read: %lld\n", (long long)st.st_mtim.tv_sec, (long long)st.st_atim.tv_sec);
  must("close", close(fd));
  must("utimensat of a link", utimensat(AT_FDCWD, in("one/up"), set, AT_SYMLINK_NOFOLLOW));
  must("lstat", lstat(in("one/up"), &st));
  printf("the link's: %lld\n", (long long)st.st_mtim.tv_sec);
  fails("utimensat of nothing", utimensat(AT_FDCWD, in("none"), set, 0));
}

static void removed(void) {
  int fd = (int)must("open", open(in("two/second"), O_RDWR));
  must("unlink", unlink(in("two/second")));
  show("the name", in("two/second"), 0);
  text("the file, still open", fd, 0);
  must("close", close(fd));
  fails("unlink of nothing", unlink(in("two/second")));
  fails("rmdir of a link", rmdir(in("one/up")));
  must("unlink", unlink(in("one/up")));
  must("unlink", unlink(in("one/dangling")));
  must("unlink", unlink(in("one/loop")));
  must("rmdir", rmdir(in("two/three")));
  must("rmdir", rmdir(in("two")));
  must("rmdir", rmdir(in("one")));
  fails("rmdir of nothing", rmdir(in("one")));
  tree("at the end");
}

int main(int argc, char **argv) {
  if (argc != 2) {
    fprintf(stderr, "usage: filer DIR\n");
    return 2;
  }
  root = argv[1];
  directories();
  contents();
  appending();
  names();
  links();
  times();
  removed();
  return 0;
}
