/*
 * The world of courier.wit; the canonical ABI by hand, and no libc. The body of a message is a program: instructions one
 * after the other, each a letter and its operands. Numbers are four bytes, little-endian; a text or an inner program is
 * its length and its bytes. What an instruction answers is added to the reply.
 *
 *   s to program            sends                answers 0, or 1 + the case of send-error
 *   r to ms program         starts a request     (the first is 0, the next 1, …)
 *   f which                 finishes it          answers 0 and the reply with its length, or 1 + the case of request-error
 *   d which                 drops it
 *   m n                     mark(n)              answers a number
 *   o n                     once(n)              answers 0 and a number, or 1 + the case of trouble
 *   p n                     peek(n)              answers a number
 *   w ms                    waits on a timer
 *   + n                     adds n to what it keeps
 *   g                                            answers what it keeps
 *   e                       ends the turn with a failure
 *   q status                quits
 *   t                       traps
 *   z                       calls itself for ever
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define CLIENT "theater:messaging/client@0.1.0"

typedef struct {
  const uint8_t *at;
  size_t length;
} bytes;

typedef struct {
  bytes format;
  bytes body;
} message;

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
  union {
    _Alignas(8) message reply;
    struct {
      uint8_t which;
      _Alignas(8) uint8_t payload[40];
    } error;
  };
} finish_result;

typedef struct {
  uint8_t is_err;
  union {
    uint32_t value;
    uint8_t trouble;
  };
} once_result;

typedef struct {
  uint8_t is_err;
  union {
    message reply;
    struct {
      bytes code;
      bytes text;
      struct {
        uint8_t is_some;
        message detail;
      } detail;
    } failure;
  };
} turn_result;

IMPORT(CLIENT, "send")
void client_send(const uint8_t *to, size_t to_length, const char *format, size_t format_length, const uint8_t *body,
                 size_t body_length, send_result *out);
IMPORT(CLIENT, "request")
uint32_t client_request(const uint8_t *to, size_t to_length, const char *format, size_t format_length,
                        const uint8_t *body, size_t body_length, uint32_t timeout_ms);
IMPORT(CLIENT, "[static]pending.finish") void pending_finish(uint32_t pending, finish_result *out);
IMPORT(CLIENT, "[resource-drop]pending") void pending_drop(uint32_t pending);
IMPORT("wasi:clocks/monotonic-clock@0.2.3", "subscribe-duration") uint32_t subscribe_duration(uint64_t ns);
IMPORT("wasi:io/poll@0.2.3", "[method]pollable.block") void pollable_block(uint32_t pollable);
IMPORT("wasi:io/poll@0.2.3", "[resource-drop]pollable") void pollable_drop(uint32_t pollable);
IMPORT("test:courier/host", "mark") uint32_t host_mark(uint32_t n);
IMPORT("test:courier/host", "once") void host_once(uint32_t n, once_result *out);
IMPORT("test:courier/host", "peek") uint32_t host_peek(uint32_t n);
IMPORT("test:courier/host", "quit") void host_quit(uint32_t status);

#define FORMAT "application/octet-stream"

/* What the host puts into the guest during a turn; free again when the result of the turn was read. */
static _Alignas(8) uint8_t arena[512 * 1024];
static size_t arena_used;

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  size_t start = (arena_used + align - 1) & ~(align - 1);
  if (size > sizeof arena || start > sizeof arena - size) __builtin_trap();
  arena_used = start + size;
  for (size_t i = 0; i < old_size && i < size; i++) arena[start + i] = ((uint8_t *)old)[i];
  return arena + start;
}

static uint8_t reply[64 * 1024];
static size_t reply_used;

static void add_byte(uint8_t byte) {
  if (reply_used == sizeof reply) __builtin_trap();
  reply[reply_used++] = byte;
}

static void add_number(uint32_t n) {
  for (int i = 0; i < 4; i++) add_byte((uint8_t)(n >> (8 * i)));
}

/* The program that runs. */
static const uint8_t *next;
static const uint8_t *end;

static const uint8_t *take(size_t length) {
  if (length > (size_t)(end - next)) __builtin_trap();
  const uint8_t *at = next;
  next += length;
  return at;
}

static uint32_t number(void) {
  const uint8_t *at = take(4);
  return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bytes text(void) {
  bytes it = {.length = number()};
  it.at = take(it.length);
  return it;
}

/* What later turns depend on. */
static uint32_t kept;

static uint32_t pending[16];
static uint32_t requests;

static uint32_t *which(void) {
  uint32_t n = number();
  if (n >= requests || pending[n] == 0) __builtin_trap();
  return &pending[n];
}

static void send(void) {
  bytes to = text();
  bytes program = text();
  send_result result;
  client_send(to.at, to.length, FORMAT, sizeof FORMAT - 1, program.at, program.length, &result);
  add_byte(result.is_err ? 1 + result.error.which : 0);
}

static void request(void) {
  bytes to = text();
  uint32_t ms = number();
  bytes program = text();
  if (requests == sizeof pending / sizeof *pending) __builtin_trap();
  pending[requests++] =
      client_request(to.at, to.length, FORMAT, sizeof FORMAT - 1, program.at, program.length, ms);
}

static void finish(void) {
  uint32_t *slot = which();
  finish_result result;
  pending_finish(*slot, &result);
  *slot = 0;
  if (result.is_err) {
    add_byte(1 + result.error.which);
    return;
  }
  add_byte(0);
  add_number(result.reply.body.length);
  for (size_t i = 0; i < result.reply.body.length; i++) add_byte(result.reply.body.at[i]);
}

static void once(void) {
  once_result result;
  host_once(number(), &result);
  if (result.is_err) {
    add_byte(1 + result.trouble);
  } else {
    add_byte(0);
    add_number(result.value);
  }
}

static void wait_for(uint32_t ms) {
  uint32_t timer = subscribe_duration((uint64_t)ms * 1000000);
  pollable_block(timer);
  pollable_drop(timer);
}

static volatile uint32_t depth;

/* Its frames are on the engine's stack alone, so that is what runs out. */
static uint32_t for_ever(uint32_t n) {
  depth = n;
  return n == UINT32_MAX ? 0 : for_ever(n + 1) + depth;
}

/* Whether the program came to its end. */
static bool run(const uint8_t *program, size_t length) {
  next = program;
  end = program + length;
  reply_used = 0;
  requests = 0;
  while (next < end) {
    switch (*take(1)) {
      case 's': send(); break;
      case 'r': request(); break;
      case 'f': finish(); break;
      case 'd': {
        uint32_t *slot = which();
        pending_drop(*slot);
        *slot = 0;
        break;
      }
      case 'm': add_number(host_mark(number())); break;
      case 'o': once(); break;
      case 'p': add_number(host_peek(number())); break;
      case 'w': wait_for(number()); break;
      case '+': kept += number(); break;
      case 'g': add_number(kept); break;
      case 'e': return false;
      case 'q': host_quit(number()); break;
      case 'z': kept = for_ever(0); break;
      default: __builtin_trap();
    }
  }
  return true;
}

static turn_result result;

static turn_result *turn(const uint8_t *program, size_t length, bool answers) {
  result = (turn_result){0};
  if (!run(program, length)) {
    result.is_err = 1;
    result.failure.code = (bytes){(const uint8_t *)"as-told", 7};
    result.failure.text = (bytes){(const uint8_t *)"as told", 7};
  } else if (answers) {
    result.reply.format = (bytes){(const uint8_t *)FORMAT, sizeof FORMAT - 1};
    result.reply.body = (bytes){reply, reply_used};
  }
  return &result;
}

EXPORT("theater:actor/lifecycle@0.1.0#init")
turn_result *init(const uint8_t *format, size_t format_length, const uint8_t *body, size_t length) {
  (void)format, (void)format_length;
  return turn(body, length, false);
}

EXPORT("theater:messaging/receiver@0.1.0#handle-send")
turn_result *handle_send(uint32_t sender, const uint8_t *id, size_t id_length, const uint8_t *format,
                         size_t format_length, const uint8_t *body, size_t length) {
  (void)sender, (void)id, (void)id_length, (void)format, (void)format_length;
  return turn(body, length, false);
}

EXPORT("theater:messaging/responder@0.1.0#handle-request")
turn_result *handle_request(uint32_t sender, const uint8_t *id, size_t id_length, const uint8_t *format,
                            size_t format_length, const uint8_t *body, size_t length) {
  (void)sender, (void)id, (void)id_length, (void)format, (void)format_length;
  return turn(body, length, true);
}

static void done(void) { arena_used = 0; }

EXPORT("cabi_post_theater:actor/lifecycle@0.1.0#init") void done_init(turn_result *it) { (void)it, done(); }
EXPORT("cabi_post_theater:messaging/receiver@0.1.0#handle-send") void done_send(turn_result *it) { (void)it, done(); }
EXPORT("cabi_post_theater:messaging/responder@0.1.0#handle-request")
void done_request(turn_result *it) { (void)it, done(); }
