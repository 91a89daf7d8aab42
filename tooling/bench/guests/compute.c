/* Work for the meter: loops, recursion, text, sorting, hashing. No library: every byte that runs is here. */
typedef unsigned int u32;
typedef unsigned long long u64;
typedef unsigned char u8;

#define EXPORT(name) __attribute__((export_name(name)))

/* What the compiler must not know. */
static volatile u32 twenty = 20, two = 2, forty = 40, ten = 10;

static u32 fib(u32 n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
EXPORT("fib") u32 run_fib(u32 n) { u32 s = 0; for (u32 i = 0; i < n; i++) s += fib(twenty); return s; }

static u32 ackermann(u32 m, u32 n) { return m == 0 ? n + 1 : n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1)); }
EXPORT("ackermann") u32 run_ackermann(u32 n) { u32 s = 0; for (u32 i = 0; i < n; i++) s += ackermann(two, forty); return s; }

/* A tree, walked by recursion with memory. */
struct node { struct node *left, *right; int value; };
static struct node pool[4096];
static int used;
static struct node *tree(int depth) {
  struct node *n = &pool[used++];
  n->value = depth;
  n->left = depth ? tree(depth - 1) : 0;
  n->right = depth ? tree(depth - 1) : 0;
  return n;
}
static int sum(struct node *n) { return n ? n->value + sum(n->left) + sum(n->right) : 0; }
EXPORT("tree") u32 run_tree(u32 n) { u32 s = 0; for (u32 i = 0; i < n; i++) { used = 0; s += sum(tree(ten)); } return s; }

EXPORT("loop") u32 run_loop(u32 n) { u32 s = 1; for (u32 i = 0; i < n * 10000; i++) s = s * 1664525 + 1013904223 + (s >> 7); return s; }

static double a[64][64], b[64][64], c[64][64];
EXPORT("matrix") u32 run_matrix(u32 n) {
  for (int i = 0; i < 64; i++) for (int j = 0; j < 64; j++) { a[i][j] = i + j; b[i][j] = i - j; }
  for (u32 r = 0; r < n; r++)
    for (int i = 0; i < 64; i++) for (int j = 0; j < 64; j++) { double s = 0; for (int k = 0; k < 64; k++) s += a[i][k] * b[k][j]; c[i][j] = s; }
  return (u32)(int)c[3][5];
}

static int items[4096];
static void quick(int *v, int lo, int hi) {
  while (lo < hi) {
    int p = v[(lo + hi) >> 1], i = lo, j = hi;
    while (i <= j) { while (v[i] < p) i++; while (v[j] > p) j--; if (i <= j) { int t = v[i]; v[i] = v[j]; v[j] = t; i++; j--; } }
    if (j - lo < hi - i) { quick(v, lo, j); lo = i; } else { quick(v, i, hi); hi = j; }
  }
}
EXPORT("sort") u32 run_sort(u32 n) {
  u32 s = 0;
  for (u32 r = 0; r < n; r++) { u32 x = r + 1; for (int i = 0; i < 4096; i++) { x = x * 1103515245 + 12345; items[i] = (int)(x >> 1); } quick(items, 0, 4095); s += items[2048]; }
  return s;
}

static const u32 K[64] = {
  0x428a2f98,0x71374491,0xb5c0fbcf,0xe9b5dba5,0x3956c25b,0x59f111f1,0x923f82a4,0xab1c5ed5,0xd807aa98,0x12835b01,0x243185be,0x550c7dc3,0x72be5d74,0x80deb1fe,0x9bdc06a7,0xc19bf174,
  0xe49b69c1,0xefbe4786,0x0fc19dc6,0x240ca1cc,0x2de92c6f,0x4a7484aa,0x5cb0a9dc,0x76f988da,0x983e5152,0xa831c66d,0xb00327c8,0xbf597fc7,0xc6e00bf3,0xd5a79147,0x06ca6351,0x14292967,
  0x27b70a85,0x2e1b2138,0x4d2c6dfc,0x53380d13,0x650a7354,0x766a0abb,0x81c2c92e,0x92722c85,0xa2bfe8a1,0xa81a664b,0xc24b8b70,0xc76c51a3,0xd192e819,0xd6990624,0xf40e3585,0x106aa070,
  0x19a4c116,0x1e376c08,0x2748774c,0x34b0bcb5,0x391c0cb3,0x4ed8aa4a,0x5b9cca4f,0x682e6ff3,0x748f82ee,0x78a5636f,0x84c87814,0x8cc70208,0x90befffa,0xa4506ceb,0xbef9a3f7,0xc67178f2 };
#define R(x, k) (((x) >> (k)) | ((x) << (32 - (k))))
EXPORT("sha256") u32 run_sha256(u32 n) {
  u32 h[8] = { 1, 2, 3, 4, 5, 6, 7, 8 }, w[64];
  for (u32 r = 0; r < n * 16; r++) {
    for (int i = 0; i < 16; i++) w[i] = r * i;
    for (int i = 16; i < 64; i++) w[i] = w[i - 16] + (R(w[i - 15], 7) ^ R(w[i - 15], 18) ^ (w[i - 15] >> 3)) + w[i - 7] + (R(w[i - 2], 17) ^ R(w[i - 2], 19) ^ (w[i - 2] >> 10));
    u32 a = h[0], b = h[1], c = h[2], d = h[3], e = h[4], f = h[5], g = h[6], k = h[7];
    for (int i = 0; i < 64; i++) {
      u32 t1 = k + (R(e, 6) ^ R(e, 11) ^ R(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + w[i], t2 = (R(a, 2) ^ R(a, 13) ^ R(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      k = g; g = f; f = e; e = d + t1; d = c; c = b; b = a; a = t1 + t2;
    }
    h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e; h[5] += f; h[6] += g; h[7] += k;
  }
  return h[0];
}

/* A JSON text, read by recursive descent into a hash. */
static const char text[] = "{\"rows\":[{\"id\":1,\"name\":\"row one\",\"tags\":[\"a\",\"b\",\"c\"],\"score\":1.5,\"nested\":{\"x\":-12,\"y\":[1,2,3,true,false,null]}},{\"id\":2,\"name\":\"row two\",\"tags\":[],\"score\":2.5e3,\"nested\":{\"x\":7,\"y\":[[],[[]],{}]}}]}";
static const char *at;
static u32 hash;
static void mix(u32 v) { hash = (hash ^ v) * 16777619u; }
static void space(void) { while (*at == ' ') at++; }
static void value(void);
static void string(void) { at++; while (*at != '"') { if (*at == '\\') at++; mix((u8)*at++); } at++; }
static void number(void) { while ((*at >= '0' && *at <= '9') || *at == '-' || *at == '.' || *at == 'e') mix((u8)*at++); }
static void word(int n) { mix(n); at += n; }
static void list(char end, int keys) {
  at++; space();
  while (*at != end) { if (keys) { string(); space(); at++; space(); } value(); space(); if (*at == ',') { at++; space(); } }
  at++;
}
static void value(void) {
  switch (*at) { case '{': list('}', 1); break; case '[': list(']', 0); break; case '"': string(); break; case 't': word(4); break; case 'f': word(5); break; case 'n': word(4); break; default: number(); }
}
EXPORT("json") u32 run_json(u32 n) { hash = 1; for (u32 i = 0; i < n * 10; i++) { at = text; value(); } return hash; }

/* A pattern matcher that backtracks: . * ? and letters. */
static int here(const char *p, const char *s) {
  if (!*p) return 1;
  if (p[1] == '*') { do { if (here(p + 2, s)) return 1; } while (*s && (*p == '.' || *p == *s) && (s++, 1)); return 0; }
  if (p[1] == '?') { if (here(p + 2, s)) return 1; return *s && (*p == '.' || *p == *s) && here(p + 2, s + 1); }
  return *s && (*p == '.' || *p == *s) && here(p + 1, s + 1);
}
EXPORT("regexp") u32 run_regexp(u32 n) { u32 s = 0; for (u32 i = 0; i < n; i++) for (const char *t = text; *t; t++) s += here("\"n.*w o?n.*e\"", t); return s; }
