/*
 * The world of talker.wit; the canonical ABI by hand, and no libc. It accepts every connection, unless its path says
 * otherwise:
 *
 *   /refuse/STATUS   refuses with it
 *   /as/NAME         accepts with that subprotocol
 *   /hello           accepts, and says hello
 *   /trap            traps
 *
 * It notes what it hears of connections. A binary message is sent back. A text is a program, a line for each instruction,
 * which is a letter and its operand.
 *
 *   e TEXT           sends the text
 *   b TEXT           sends the text as bytes
 *   a TEXT           sends the text on all connections
 *   l                sends what it has noted, a line for each connection opened or closed
 *   h NAME           sends what a header of the connection's request was
 *   n                sends how many connections there are
 *   k                sends how often each send came to what, and forgets it
 *   s COUNT SIZE     sends that many messages of that many bytes
 *   c CODE REASON    closes the connection; sends 1 + the case of the error where there is one
 *   m N              mark(N), an outside effect
 *   p N              peek(N), which may wait
 *   f                ends the turn with a failure
 *   t                traps
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define SOCKETS "theater:http/websocket@0.1.0"
#define HANDLER "theater:http/websocket-handler@0.1.0"

typedef struct {
  const uint8_t *at;
  size_t length;
} bytes;

typedef struct {
  bytes name;
  bytes value;
} field;

/* Results lie as the canonical ABI lays them out: the discriminant, then the payload at its alignment. */
typedef struct {
  uint8_t is_err;
  struct {
    _Alignas(8) uint8_t which;
    uint64_t payload;
  } error;
} send_result;

typedef struct {
  uint8_t is_err;
  uint8_t which;
} close_result;

typedef struct {
  const bytes *at;
  size_t length;
} names;

typedef struct {
  uint8_t is_err;
  union {
    struct {
      _Alignas(4) uint8_t is_some;
      bytes name;
    } subprotocol;
    struct {
      _Alignas(4) uint16_t status;
      bytes reason;
    } refusal;
  };
} open_result;

typedef struct {
  uint8_t is_err;
  struct {
    bytes code;
    bytes text;
    struct {
      uint8_t is_some;
      bytes format;
      bytes body;
    } detail;
  } failure;
} turn_result;

IMPORT(SOCKETS, "send")
void socket_send(const uint8_t *connection, size_t connection_length, uint32_t kind, const uint8_t *body, size_t length,
                 send_result *out);
IMPORT(SOCKETS, "close")
void socket_close(const uint8_t *connection, size_t connection_length, uint32_t code, const uint8_t *reason,
                  size_t length, close_result *out);
IMPORT(SOCKETS, "list") void socket_list(names *out);
IMPORT("test:talker/host", "mark") uint32_t host_mark(uint32_t n);
IMPORT("test:talker/host", "peek") uint32_t host_peek(uint32_t n);

enum { TEXT, BINARY };

/* What the host puts into the guest during a turn; free again when the result of the turn was read. */
static _Alignas(8) uint8_t arena[1024 * 1024];
static size_t arena_used;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  size_t start = (arena_used + align - 1) & ~(align - 1);
  if (size > sizeof arena || start > sizeof arena - size) __builtin_trap();
  arena_used = start + size;
  for (size_t i = 0; i < old_size && i < size; i++) arena[start + i] = ((uint8_t *)old)[i];
  return arena + start;
}

/* Texts that it makes. */
typedef struct {
  uint8_t at[16 * 1024];
  size_t used;
} text;

static void add(text *to, bytes some) {
  for (size_t i = 0; i < some.length && to->used < sizeof to->at; i++) to->at[to->used++] = some.at[i];
}

static bytes word(const char *literal) {
  bytes it = {(const uint8_t *)literal, 0};
  while (literal[it.length] != 0) it.length++;
  return it;
}

static void add_number(text *to, uint32_t n) {
  uint8_t digits[10];
  size_t count = 0;
  do digits[count++] = (uint8_t)('0' + n % 10);
  while ((n /= 10) > 0);
  while (count > 0) add(to, (bytes){&digits[--count], 1});
}

static bool begins(bytes it, bytes with) {
  if (it.length < with.length) return false;
  for (size_t i = 0; i < with.length; i++)
    if (it.at[i] != with.at[i]) return false;
  return true;
}

static bytes after(bytes it, size_t length) { return (bytes){it.at + length, it.length - length}; }

static uint32_t number(bytes *from) {
  uint32_t n = 0;
  while (from->length > 0 && *from->at >= '0' && *from->at <= '9') {
    n = n * 10 + (uint32_t)(*from->at - '0');
    *from = after(*from, 1);
  }
  while (from->length > 0 && *from->at == ' ') *from = after(*from, 1);
  return n;
}

/* What later turns depend on. */
static text notes;
static text headers;
static uint32_t counts[4];

static bytes whole(const text *it) { return (bytes){it->at, it->used}; }

static void say(bytes connection, uint32_t kind, bytes body) {
  send_result result;
  socket_send(connection.at, connection.length, kind, body.at, body.length, &result);
  counts[result.is_err ? 1 + result.error.which : 0]++;
}

/* A copy: the host may put more into the arena. */
static names connections(void) {
  names all;
  socket_list(&all);
  return all;
}

static void say_to_others(bytes connection, bytes body) {
  names all = connections();
  for (size_t i = 0; i < all.length; i++) {
    bool same = all.at[i].length == connection.length && begins(all.at[i], connection);
    if (!same) say(all.at[i], TEXT, body);
  }
}

static void say_header(bytes connection, bytes name) {
  bytes rest = whole(&headers);
  while (rest.length > 0) {
    size_t end = 0;
    while (rest.at[end] != '\n') end++;
    bytes line = {rest.at, end};
    if (begins(line, name) && line.length > name.length && line.at[name.length] == ':') {
      say(connection, TEXT, after(line, name.length + 1));
      return;
    }
    rest = after(rest, end + 1);
  }
  say(connection, TEXT, word("none"));
}

static uint8_t filler[256 * 1024];

static void say_many(bytes connection, bytes operand) {
  uint32_t count = number(&operand);
  uint32_t size = number(&operand);
  if (size > sizeof filler) __builtin_trap();
  for (uint32_t i = 0; i < count; i++) say(connection, BINARY, (bytes){filler, size});
}

static void say_counts(bytes connection) {
  text it = {.used = 0};
  for (int i = 0; i < 4; i++) {
    if (i > 0) add(&it, word(" "));
    add_number(&it, counts[i]);
    counts[i] = 0;
  }
  say(connection, TEXT, whole(&it));
}

static void end_connection(bytes connection, bytes operand) {
  uint32_t code = number(&operand);
  close_result result;
  socket_close(connection.at, connection.length, code, operand.at, operand.length, &result);
  if (!result.is_err) return;
  text it = {.used = 0};
  add_number(&it, 1 + result.which);
  say(connection, TEXT, whole(&it));
}

/* Whether the program came to its end. */
static bool run(bytes connection, bytes program) {
  while (program.length > 0) {
    size_t end = 0;
    while (end < program.length && program.at[end] != '\n') end++;
    bytes line = {program.at, end};
    program = after(program, end < program.length ? end + 1 : end);
    if (line.length == 0) continue;
    bytes operand = after(line, line.length > 1 ? 2 : 1);
    switch (*line.at) {
      case 'e': say(connection, TEXT, operand); break;
      case 'b': say(connection, BINARY, operand); break;
      case 'a':
        say(connection, TEXT, operand);
        say_to_others(connection, operand);
        break;
      case 'l': say(connection, TEXT, whole(&notes)); break;
      case 'h': say_header(connection, operand); break;
      case 'n': {
        text it = {.used = 0};
        add_number(&it, connections().length);
        say(connection, TEXT, whole(&it));
        break;
      }
      case 'k': say_counts(connection); break;
      case 's': say_many(connection, operand); break;
      case 'c': end_connection(connection, operand); break;
      case 'm': host_mark(number(&operand)); break;
      case 'p': host_peek(number(&operand)); break;
      case 'f': return false;
      default: __builtin_trap();
    }
  }
  return true;
}

static turn_result result;

static turn_result *turn(bool well) {
  result = (turn_result){0};
  if (!well) {
    result.is_err = 1;
    result.failure.code = word("as-told");
    result.failure.text = word("as told");
  }
  return &result;
}

static open_result opened;

EXPORT(HANDLER "#handle-open")
open_result *handle_open(const uint8_t *connection, size_t connection_length, const uint8_t *path_at, size_t path_length,
                         const uint8_t *authority, size_t authority_length, const field *fields, size_t fields_length,
                         uint32_t has_origin, const uint8_t *origin, size_t origin_length, const bytes *subprotocols,
                         size_t subprotocols_length) {
  bytes name = {connection, connection_length};
  bytes path = {path_at, path_length};
  (void)authority, (void)authority_length;
  add(&notes, word("open "));
  add(&notes, path);
  add(&notes, word(" "));
  add(&notes, has_origin ? (bytes){origin, origin_length} : word("none"));
  for (size_t i = 0; i < subprotocols_length; i++) {
    add(&notes, word(" "));
    add(&notes, subprotocols[i]);
  }
  add(&notes, word("\n"));
  headers.used = 0;
  for (size_t i = 0; i < fields_length; i++) {
    add(&headers, fields[i].name);
    add(&headers, word(":"));
    add(&headers, fields[i].value);
    add(&headers, word("\n"));
  }
  opened = (open_result){0};
  if (begins(path, word("/trap"))) __builtin_trap();
  if (begins(path, word("/hello"))) say(name, TEXT, word("hello"));
  if (begins(path, word("/as/"))) {
    opened.subprotocol.is_some = 1;
    opened.subprotocol.name = after(path, 4);
  }
  if (begins(path, word("/refuse/"))) {
    bytes status = after(path, 8);
    opened.is_err = 1;
    opened.refusal.status = (uint16_t)number(&status);
    opened.refusal.reason = word("as asked");
  }
  return &opened;
}

EXPORT(HANDLER "#handle-message")
turn_result *handle_message(const uint8_t *connection, size_t connection_length, uint32_t kind, const uint8_t *body,
                            size_t length) {
  bytes name = {connection, connection_length};
  if (kind == TEXT) return turn(run(name, (bytes){body, length}));
  say(name, BINARY, (bytes){body, length});
  return turn(true);
}

EXPORT(HANDLER "#handle-close")
turn_result *handle_close(const uint8_t *connection, size_t connection_length, uint32_t how, uint32_t code,
                          const uint8_t *reason, size_t reason_length) {
  static const char *const names[] = {"client", "lost", "violated", "slow", "trapped", "restarted"};
  (void)connection, (void)connection_length;
  add(&notes, word("close "));
  add(&notes, word(names[how]));
  if (how == 0 || how == 2) {
    add(&notes, word(" "));
    add_number(&notes, code);
  }
  if (how == 0 && reason_length > 0) {
    add(&notes, word(" "));
    add(&notes, (bytes){reason, reason_length});
  }
  add(&notes, word("\n"));
  return turn(true);
}

static void done(void) { arena_used = 0; }

EXPORT("cabi_post_" HANDLER "#handle-open") void done_open(open_result *it) { (void)it, done(); }
EXPORT("cabi_post_" HANDLER "#handle-message") void done_message(turn_result *it) { (void)it, done(); }
EXPORT("cabi_post_" HANDLER "#handle-close") void done_close(turn_result *it) { (void)it, done(); }
