/* The world of web.wit on plain wasi-libc; the canonical ABI by hand. What it does with a request, its path says. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define IMPORT(module, name) __attribute__((import_module(module), import_name(name)))
#define HTTP(name) IMPORT("wasi:http/types@0.2.12", name)
#define STREAMS(name) IMPORT("wasi:io/streams@0.2.12", name)

typedef int32_t own;
/* Where a result lies that does not fit into registers: large enough for every one of them. */
typedef union {
  uint8_t tag;
  uint32_t words[16];
  uint64_t longs[8];
} area;

HTTP("[constructor]fields") own new_fields(void);
HTTP("[method]fields.append") void fields_append(own, const char *, size_t, const char *, size_t, area *);
HTTP("[method]fields.entries") void fields_entries(own, area *);
HTTP("[resource-drop]fields") void drop_fields(own);
HTTP("[method]incoming-request.method") void request_method(own, area *);
HTTP("[method]incoming-request.path-with-query") void request_path(own, area *);
HTTP("[method]incoming-request.scheme") void request_scheme(own, area *);
HTTP("[method]incoming-request.authority") void request_authority(own, area *);
HTTP("[method]incoming-request.headers") own request_headers(own);
HTTP("[method]incoming-request.consume") void request_consume(own, area *);
HTTP("[resource-drop]incoming-request") void drop_request(own);
HTTP("[method]incoming-body.stream") void body_stream(own, area *);
HTTP("[static]incoming-body.finish") own body_finish(own);
HTTP("[resource-drop]incoming-body") void drop_body(own);
HTTP("[method]future-trailers.get") void trailers_get(own, area *);
HTTP("[resource-drop]future-trailers") void drop_trailers(own);
HTTP("[constructor]outgoing-response") own new_response(own);
HTTP("[method]outgoing-response.set-status-code") int32_t set_status(own, int32_t);
HTTP("[method]outgoing-response.body") void response_body(own, area *);
HTTP("[method]outgoing-body.write") void outgoing_write(own, area *);
HTTP("[static]outgoing-body.finish") void outgoing_finish(own, int32_t, own, area *);
HTTP("[resource-drop]outgoing-body") void drop_outgoing(own);
HTTP("[resource-drop]response-outparam") void drop_outparam(own);
HTTP("[static]response-outparam.set")
void outparam_set(own, int32_t is_err, int32_t, int32_t, int64_t, int32_t, int32_t, int32_t, int32_t);
STREAMS("[method]input-stream.blocking-read") void stream_read(own, int64_t, area *);
STREAMS("[resource-drop]input-stream") void drop_input(own);
STREAMS("[method]output-stream.check-write") void stream_check(own, area *);
STREAMS("[method]output-stream.write") void stream_write(own, const char *, size_t, area *);
STREAMS("[method]output-stream.blocking-write-and-flush") void stream_push(own, const char *, size_t, area *);
STREAMS("[method]output-stream.subscribe") own stream_subscribe(own);
STREAMS("[resource-drop]output-stream") void drop_output(own);
IMPORT("wasi:io/poll@0.2.12", "[method]pollable.block") void pollable_block(own);
IMPORT("wasi:io/poll@0.2.12", "[resource-drop]pollable") void drop_pollable(own);
IMPORT("wasi:io/error@0.2.12", "[resource-drop]error") void drop_error(own);

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align;
  void *at = realloc(old, size);
  if (at == NULL && size > 0) __builtin_trap();
  return at;
}

/* Text that grows. */
typedef struct {
  char *at;
  size_t length;
} text;

static void add(text *to, const char *from, size_t length) {
  to->at = realloc(to->at, to->length + length + 1);
  if (to->at == NULL) __builtin_trap();
  memcpy(to->at + to->length, from, length);
  to->length += length;
  to->at[to->length] = '\0';
}

static void say(text *to, const char *from) { add(to, from, strlen(from)); }

/* By hand: printf would bring in standard streams and files, and with them imports. */
static void say_number(text *to, uint32_t number) {
  char digits[10];
  size_t at = sizeof digits;
  do digits[--at] = (char)('0' + number % 10);
  while ((number /= 10) > 0);
  add(to, digits + at, sizeof digits - at);
}

static void must(bool holds) {
  if (!holds) __builtin_trap();
}

static own fields_of(const char *name, const char *value) {
  own fields = new_fields();
  area ret;
  if (name != NULL) {
    fields_append(fields, name, strlen(name), value, strlen(value), &ret);
    must(ret.tag == 0);
  }
  return fields;
}

/* How many requests came before. In memory alone. */
static uint32_t count;

static const char *METHODS[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                "CONNECT", "OPTIONS", "TRACE", "PATCH"};

static void say_fields(text *to, own fields) {
  area ret;
  fields_entries(fields, &ret);
  uint32_t *entry = (uint32_t *)ret.words[0];
  for (uint32_t i = 0; i < ret.words[1]; i++, entry += 4) {
    add(to, (char *)entry[0], entry[1]);
    say(to, ": ");
    add(to, (char *)entry[2], entry[3]);
    say(to, "\n");
    free((void *)entry[0]);
    free((void *)entry[2]);
  }
  free((void *)ret.words[0]);
  drop_fields(fields);
}

/* Everything that the request says of itself. */
static void say_request(text *to, own request) {
  area ret;
  request_method(request, &ret);
  if (ret.tag < 9) say(to, METHODS[ret.tag]);
  else add(to, (char *)ret.words[1], ret.words[2]);
  say(to, " ");
  request_scheme(request, &ret);
  say(to, ret.tag == 0 ? "?" : (ret.words[1] & 0xff) == 0 ? "http" : "https");
  say(to, "://");
  request_authority(request, &ret);
  if (ret.tag == 1) add(to, (char *)ret.words[1], ret.words[2]);
  request_path(request, &ret);
  if (ret.tag == 1) add(to, (char *)ret.words[1], ret.words[2]);
  say(to, "\n");
  say_fields(to, request_headers(request));
}

/* A piece of a body; false at its end, and where it broke off. */
static bool read_some(own stream, text *to) {
  area ret;
  stream_read(stream, 65536, &ret);
  if (ret.tag == 1) {
    bool failed = (ret.words[1] & 0xff) == 0;
    if (failed) drop_error((own)ret.words[2]);
    return false;
  }
  add(to, (char *)ret.words[1], ret.words[2]);
  free((void *)ret.words[1]);
  return true;
}

static bool push(own stream, const char *from, size_t length) {
  area ret;
  for (size_t at = 0; at < length; at += 4096) {
    size_t left = length - at;
    stream_push(stream, from + at, left < 4096 ? left : 4096, &ret);
    if (ret.tag == 1) {
      if ((ret.words[1] & 0xff) == 0) drop_error((own)ret.words[2]);
      return false;
    }
  }
  return true;
}

/* The same, with the functions that do not wait. */
static bool push_gently(own stream, const char *from, size_t length) {
  area ret;
  while (length > 0) {
    stream_check(stream, &ret);
    if (ret.tag == 1) return false;
    uint64_t room = ret.longs[1];
    if (room == 0) {
      own pollable = stream_subscribe(stream);
      pollable_block(pollable);
      drop_pollable(pollable);
      continue;
    }
    size_t part = room < length ? (size_t)room : length;
    stream_write(stream, from, part, &ret);
    if (ret.tag == 1) return false;
    from += part;
    length -= part;
  }
  return true;
}

/* The body of a response, being written. */
typedef struct {
  own body;
  own stream;
} writing;

static writing answer(own outparam, int status, own fields) {
  area ret;
  own response = new_response(fields);
  must(set_status(response, status) == 0);
  response_body(response, &ret);
  must(ret.tag == 0);
  writing to = {.body = (own)ret.words[1], .stream = 0};
  outgoing_write(to.body, &ret);
  must(ret.tag == 0);
  to.stream = (own)ret.words[1];
  outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
  return to;
}

static bool finish(writing to, own trailers) {
  area ret;
  drop_output(to.stream);
  outgoing_finish(to.body, trailers != 0, trailers, &ret);
  return ret.tag == 0;
}

static void answer_text(own outparam, int status, text said) {
  writing to = answer(outparam, status, fields_of("content-type", "text/plain"));
  push(to.stream, said.at, said.length);
  finish(to, 0);
}

static bool starts(const char *path, const char *with) { return strncmp(path, with, strlen(with)) == 0; }

EXPORT("wasi:http/incoming-handler@0.2.12#handle") void handle(own request, own outparam) {
  area ret;
  text said = {NULL, 0};
  say(&said, "");
  request_path(request, &ret);
  text path = {NULL, 0};
  add(&path, (char *)ret.words[1], ret.words[2]);
  free((void *)ret.words[1]);
  count++;

  if (starts(path.at, "/echo") || starts(path.at, "/length") || starts(path.at, "/pump")) {
    /* echo: all of it at once; length: how long it was, and its trailers; pump: each piece as it comes. */
    request_consume(request, &ret);
    must(ret.tag == 0);
    own body = (own)ret.words[1];
    body_stream(body, &ret);
    must(ret.tag == 0);
    own stream = (own)ret.words[1];
    if (path.at[1] == 'p') {
      writing to = answer(outparam, 200, fields_of(NULL, NULL));
      while (said.length = 0, read_some(stream, &said))
        if (!push(to.stream, said.at, said.length)) break;
      drop_input(stream);
      drop_body(body);
      finish(to, 0);
    } else {
      while (read_some(stream, &said)) {
      }
      drop_input(stream);
      own future = body_finish(body);
      if (path.at[1] == 'l') {
        uint32_t length = (uint32_t)said.length;
        said.length = 0;
        say_number(&said, length);
        say(&said, "\n");
        trailers_get(future, &ret);
        if (ret.tag == 1 && (ret.words[2] & 0xff) == 0 && (ret.words[4] & 0xff) == 0 && (ret.words[6] & 0xff) == 1)
          say_fields(&said, (own)ret.words[7]);
      }
      drop_trailers(future);
      answer_text(outparam, 200, said);
    }
  } else if (starts(path.at, "/count")) {
    say_number(&said, count);
    answer_text(outparam, 200, said);
  } else if (starts(path.at, "/status/")) {
    say(&said, "as asked");
    answer_text(outparam, atoi(path.at + 8), said);
  } else if (starts(path.at, "/bare")) {
    /* An answer that has no body, not even an empty one. */
    own response = new_response(fields_of("x-bare", "yes"));
    must(set_status(response, 201) == 0);
    outparam_set(outparam, 0, response, 0, 0, 0, 0, 0, 0);
  } else if (starts(path.at, "/big/") || starts(path.at, "/gentle/")) {
    bool gentle = path.at[1] == 'g';
    size_t size = (size_t)atol(strchr(path.at + 1, '/') + 1);
    char *bytes = malloc(size + 1);
    must(bytes != NULL);
    for (size_t i = 0; i < size; i++) bytes[i] = (char)('a' + i % 26);
    writing to = answer(outparam, 200, fields_of(NULL, NULL));
    if (gentle) push_gently(to.stream, bytes, size);
    else push(to.stream, bytes, size);
    free(bytes);
    finish(to, 0);
  } else if (starts(path.at, "/trailers")) {
    writing to = answer(outparam, 200, fields_of(NULL, NULL));
    push(to.stream, "with", 4);
    finish(to, fields_of("x-sum", "4"));
  } else if (starts(path.at, "/lie")) {
    writing to = answer(outparam, 200, fields_of("content-length", "10"));
    push(to.stream, "four", 4);
    finish(to, 0);
  } else if (starts(path.at, "/unfinished")) {
    writing to = answer(outparam, 200, fields_of(NULL, NULL));
    push(to.stream, "half", 4);
    drop_output(to.stream);
    drop_outgoing(to.body);
  } else if (starts(path.at, "/kept")) {
    /* The body stays open when the turn is over. */
    writing to = answer(outparam, 200, fields_of(NULL, NULL));
    push(to.stream, "half", 4);
  } else if (starts(path.at, "/boom")) {
    writing to = answer(outparam, 200, fields_of(NULL, NULL));
    push(to.stream, "half", 4);
    __builtin_trap();
  } else if (starts(path.at, "/silent")) {
    drop_outparam(outparam);
  } else if (starts(path.at, "/leak")) {
    /* Neither answers nor drops anything. */
    free(path.at);
    free(said.at);
    return;
  } else if (starts(path.at, "/denied")) {
    outparam_set(outparam, 1, 15, 0, 0, 0, 0, 0, 0);
  } else if (starts(path.at, "/failed")) {
    static const char secret[] = "what nobody outside is to read";
    outparam_set(outparam, 1, 38, 1, (int64_t)(intptr_t)secret, sizeof secret - 1, 0, 0, 0);
  } else {
    say_request(&said, request);
    answer_text(outparam, 200, said);
  }
  drop_request(request);
  free(path.at);
  free(said.at);
}
