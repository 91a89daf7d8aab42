/* The world of fetcher.wit on plain wasi-libc; the canonical ABI by hand. */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

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
HTTP("[constructor]outgoing-request") own new_request(own);
HTTP("[method]outgoing-request.set-scheme") int32_t set_scheme(own, int32_t, int32_t, const char *, size_t);
HTTP("[method]outgoing-request.set-authority") int32_t set_authority(own, int32_t, const char *, size_t);
HTTP("[method]outgoing-request.set-path-with-query") int32_t set_path(own, int32_t, const char *, size_t);
HTTP("[method]future-incoming-response.subscribe") own future_subscribe(own);
HTTP("[method]future-incoming-response.get") void future_get(own, area *);
HTTP("[resource-drop]future-incoming-response") void drop_future(own);
HTTP("[method]incoming-response.status") int32_t response_status(own);
HTTP("[method]incoming-response.consume") void response_consume(own, area *);
HTTP("[resource-drop]incoming-response") void drop_response(own);
HTTP("[method]incoming-body.stream") void body_stream(own, area *);
HTTP("[resource-drop]incoming-body") void drop_body(own);
IMPORT("wasi:http/outgoing-handler@0.2.12", "handle") void outgoing_handle(own, int32_t, own, area *);
STREAMS("[method]input-stream.blocking-read") void stream_read(own, int64_t, area *);
STREAMS("[resource-drop]input-stream") void drop_input(own);
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

static struct {
  uint8_t is_err;
  uint32_t status;
  uint32_t length;
} result;

/* The response, when it is there; 0: there is none. */
static own wait_for(own future) {
  area ret;
  own pollable = future_subscribe(future);
  pollable_block(pollable);
  drop_pollable(pollable);
  future_get(future, &ret);
  drop_future(future);
  bool is_there = ret.tag == 1 && (ret.words[2] & 0xff) == 0 && (ret.words[4] & 0xff) == 0;
  return is_there ? (own)ret.words[6] : 0;
}

static bool read_all(own response) {
  area ret;
  response_consume(response, &ret);
  if (ret.tag == 1) return false;
  own body = (own)ret.words[1];
  body_stream(body, &ret);
  if (ret.tag == 1) return false;
  own stream = (own)ret.words[1];
  for (;;) {
    stream_read(stream, 65536, &ret);
    if (ret.tag == 1) break;
    result.length += ret.words[2];
    free((void *)ret.words[1]);
  }
  bool failed = (ret.words[1] & 0xff) == 0;
  if (failed) drop_error((own)ret.words[2]);
  drop_input(stream);
  drop_body(body);
  return !failed;
}

EXPORT("get") void *get(char *authority, size_t authority_length, char *path, size_t path_length) {
  area ret;
  own request = new_request(new_fields());
  result.is_err = 1;
  result.length = 0;
  if (set_scheme(request, 1, 0, NULL, 0) != 0) return &result;
  if (set_authority(request, 1, authority, authority_length) != 0) return &result;
  if (set_path(request, 1, path, path_length) != 0) return &result;
  free(authority);
  free(path);
  outgoing_handle(request, 0, 0, &ret);
  if (ret.tag == 1) return &result;
  own response = wait_for((own)ret.words[2]);
  if (response == 0) return &result;
  result.status = (uint32_t)response_status(response);
  result.is_err = !read_all(response);
  drop_response(response);
  return &result;
}
