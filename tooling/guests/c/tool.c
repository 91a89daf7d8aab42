/*
 * A command as any other, on plain wasi-libc: what a C program sees of the host that starts it.
 *
 *   tool args ARG...   its arguments, one a line, the program's name first
 *   tool env           its environment, one variable a line, as it is given
 *   tool get NAME      one variable; 1 where there is none
 *   tool cat           standard input to standard output, byte for byte
 *   tool wc            lines, words and bytes of standard input
 *   tool lines N       writes N lines to standard output
 *   tool both          a line to standard output, a line to standard error, half a line to each
 *   tool tty           which of the three streams are a terminal
 *   tool exit N        exits with N
 *   tool abort         ends as a program does that found a fault of its own
 *
 * Exits with 0, with 1 where what was asked for is not there, and with 2 for usage.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern char **environ;

static int usage(void) {
  fprintf(stderr, "usage: tool COMMAND ARG...\n");
  return 2;
}

static int args(int argc, char **argv) {
  puts(argv[0]);
  for (int i = 2; i < argc; i++) puts(argv[i]);
  return 0;
}

static int env(void) {
  for (char **one = environ; one != NULL && *one != NULL; one++) puts(*one);
  return 0;
}

static int get(const char *name) {
  const char *value = getenv(name);
  if (value == NULL) return 1;
  puts(value);
  return 0;
}

static int cat(void) {
  char bytes[4096];
  for (;;) {
    ssize_t n = read(STDIN_FILENO, bytes, sizeof bytes);
    if (n == 0) return 0;
    if (n < 0) {
      fprintf(stderr, "tool: cat: errno %d: %s\n", errno, strerror(errno));
      return 1;
    }
    if (fwrite(bytes, 1, (size_t)n, stdout) != (size_t)n) return 1;
  }
}

static int wc(void) {
  unsigned long lines = 0, words = 0, bytes = 0;
  int within = 0, c;
  while ((c = getchar()) != EOF) {
    bytes++;
    if (c == '\n') lines++;
    int space = c == ' ' || c == '\n' || c == '\t';
    if (!space && !within) words++;
    within = !space;
  }
  if (ferror(stdin)) return 1;
  printf("%lu %lu %lu\n", lines, words, bytes);
  return 0;
}

static int lines(int count) {
  for (int i = 0; i < count; i++) printf("line %d\n", i);
  return 0;
}

static int both(void) {
  printf("to stdout\nhalf a line");
  fprintf(stderr, "to stderr\nhalf an error");
  return 0;
}

static int tty(void) {
  static const char *const names[] = {"stdin", "stdout", "stderr"};
  for (int fd = 0; fd < 3; fd++) printf("%s %s\n", names[fd], isatty(fd) ? "terminal" : "no terminal");
  return 0;
}

int main(int argc, char **argv) {
  if (argc < 2) return usage();
  const char *command = argv[1];
  if (strcmp(command, "args") == 0) return args(argc, argv);
  if (strcmp(command, "env") == 0) return env();
  if (strcmp(command, "cat") == 0) return cat();
  if (strcmp(command, "wc") == 0) return wc();
  if (strcmp(command, "both") == 0) return both();
  if (strcmp(command, "tty") == 0) return tty();
  if (strcmp(command, "abort") == 0) abort();
  if (argc < 3) return usage();
  if (strcmp(command, "get") == 0) return get(argv[2]);
  if (strcmp(command, "lines") == 0) return lines(atoi(argv[2]));
  if (strcmp(command, "exit") == 0) exit(atoi(argv[2]));
  return usage();
}
