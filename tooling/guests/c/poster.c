/* The world of poster.wit on plain wasi-libc; the canonical ABI by hand. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT(name) __attribute__((export_name(name)))
#define CLIENT(name) __attribute__((import_module("theater:http/client@0.1.0"), import_name(name)))

typedef int32_t own;

typedef struct {
  char *at;
  size_t length;
} text;

typedef struct {
  text name;
  text value;
} field;

/* Results lie as the canonical ABI lays them out: the discriminant, then the payload at its alignment. */
typedef struct {
  uint8_t is_err;
  union {
    _Alignas(8) own exchange;
    uint8_t error;
  };
} start_result;

typedef struct {
  uint8_t is_err;
  union {
    _Alignas(8) struct {
      uint16_t status;
      field *headers;
      size_t header_count;
      text body;
    } response;
    uint8_t error;
  };
} finish_result;

typedef struct {
  uint8_t is_err;
  union {
    text body;
    uint32_t why;
  };
} answer;

CLIENT("start")
void client_start(const char *method, size_t method_length, const char *url, size_t url_length, const field *headers,
                  size_t header_count, const char *body, size_t body_length, uint32_t timeout_ms, uint32_t body_bytes,
                  start_result *out);
CLIENT("[static]exchange.finish") void exchange_finish(own exchange, finish_result *out);

EXPORT("cabi_realloc") void *cabi_realloc(void *old, size_t old_size, size_t align, size_t size) {
  (void)old_size;
  (void)align;
  void *at = realloc(old, size);
  if (at == NULL && size > 0) __builtin_trap();
  return at;
}

static void free_headers(field *headers, size_t count) {
  for (size_t i = 0; i < count; i++) {
    free(headers[i].name.at);
    free(headers[i].value.at);
  }
  free(headers);
}

static answer failed(uint32_t why) {
  return (answer){.is_err = 1, .why = why};
}

static answer finish(own exchange) {
  finish_result got;
  exchange_finish(exchange, &got);
  if (got.is_err) return failed(got.error);
  free_headers(got.response.headers, got.response.header_count);
  if (got.response.status == 200) return (answer){.body = got.response.body};
  free(got.response.body.at);
  return failed(got.response.status);
}

/* What the host reads the answer from, and frees. */
static struct {
  answer *at;
  size_t length;
} result;

EXPORT("post") void *post(text *urls, size_t count, char *body, size_t body_length) {
  static char name[] = "content-type", value[] = "text/plain";
  const field headers[] = {{{name, sizeof name - 1}, {value, sizeof value - 1}}};
  start_result *started = calloc(count, sizeof *started);
  result.at = calloc(count, sizeof *result.at);
  result.length = count;
  if (started == NULL || result.at == NULL) __builtin_trap();
  for (size_t i = 0; i < count; i++) {
    client_start("POST", 4, urls[i].at, urls[i].length, headers, 1, body, body_length, 0, 65536, &started[i]);
    free(urls[i].at);
  }
  for (size_t i = 0; i < count; i++) result.at[i] = started[i].is_err ? failed(started[i].error) : finish(started[i].exchange);
  free(started);
  free(urls);
  free(body);
  return &result;
}

EXPORT("cabi_post_post") void post_post(void *at) {
  (void)at;
  for (size_t i = 0; i < result.length; i++)
    if (!result.at[i].is_err) free(result.at[i].body.at);
  free(result.at);
}
