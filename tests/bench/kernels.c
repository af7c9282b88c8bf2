/* The kernels of ../../vm-source-st/kernels in plain C, the yardstick of `make bench`.
   Usage: kernels NAME. Prints the result and the nanoseconds of the fastest of five rounds. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef uint64_t u64;
typedef int64_t i64;
typedef uint8_t u8;

static u8 *arena;

static u64 sieve(void) {
  u8 *flags = arena;
  u64 count = 0;
  for (int round = 0; round < 20; round++) {
    count = 0;
    for (i64 i = 0; i < 1000000; i++) flags[i] = 1;
    for (i64 i = 0; i < 1000000; i++)
      if (flags[i]) {
        i64 prime = i + i + 3;
        for (i64 k = i + prime; k < 1000000; k += prime) flags[k] = 0;
        count++;
      }
  }
  return count;
}

static i64 fib_of(i64 n) { return n < 2 ? 1 : fib_of(n - 1) + fib_of(n - 2); }
static u64 fib(void) { return (u64)fib_of(36); }

static u64 mix(u64 x) { x ^= x >> 33; x *= 0xff51afd7ed558ccdULL; x ^= x >> 33; return x; }

static u64 hashtable(void) {
  u64 *keys = (u64 *)arena, *values = keys + (1 << 16), sum = 0;
  for (int round = 0; round < 10; round++) {
    for (i64 i = 0; i < 1 << 16; i++) keys[i] = 0;
    for (u64 n = 1; n <= 40000; n++) {
      u64 key = mix(n), index = key & 0xffff;
      while (keys[index] != 0 && keys[index] != key) index = (index + 1) & 0xffff;
      keys[index] = key; values[index] = n;
    }
    for (u64 n = 1; n <= 80000; n++) {
      u64 key = mix(n), index = key & 0xffff;
      while (keys[index] != 0 && keys[index] != key) index = (index + 1) & 0xffff;
      if (keys[index] == key) sum += values[index];
    }
  }
  return sum;
}

static u64 bytecopy(void) {
  u8 *from = arena, *to = arena + 65536 + 64;
  for (i64 i = 0; i < 65536; i++) from[i] = (u8)(i * 7);
  u64 sum = 0;
  for (int round = 0; round < 500; round++) {
    u8 previous = (u8)round;
    for (i64 i = 0; i < 65536; i++) { u8 b = from[i]; to[i] = b ^ previous; previous = b; }
    sum += to[round * 100];
  }
  return sum;
}

static u64 wordcopy(void) {
  u64 *from = (u64 *)arena, *to = from + 32768;
  for (i64 i = 0; i < 32768; i++) from[i] = (u64)i * 0x9e3779b97f4a7c15ULL;
  u64 sum = 0;
  for (int round = 0; round < 1000; round++) {
    u64 previous = (u64)round;
    for (i64 i = 0; i < 32768; i++) { u64 w = from[i]; to[i] = w + previous; previous = w; }
    sum += to[round];
  }
  return sum;
}

struct node { struct node *left, *right; i64 value; };
static struct node *nextnode;
static struct node *build(i64 depth) {
  struct node *n = nextnode++;
  n->value = depth;
  if (depth == 0) { n->left = n->right = 0; } else { n->left = build(depth - 1); n->right = build(depth - 1); }
  return n;
}
static i64 total(struct node *n) { return n == 0 ? 0 : n->value + total(n->left) + total(n->right); }
static u64 tree(void) {
  u64 sum = 0;
  for (int round = 0; round < 10; round++) {
    nextnode = (struct node *)arena;
    struct node *root = build(16);
    for (int walk = 0; walk < 5; walk++) sum += (u64)total(root);
  }
  return sum;
}

static u64 matrix(void) {
  double *a = (double *)arena, *b = a + 200 * 200, *c = b + 200 * 200;
  for (i64 i = 0; i < 200 * 200; i++) { a[i] = (double)(i % 7) - 3; b[i] = (double)(i % 5) - 2; }
  for (int round = 0; round < 4; round++)
    for (i64 i = 0; i < 200; i++)
      for (i64 j = 0; j < 200; j++) {
        double sum = 0;
        for (i64 k = 0; k < 200; k++) sum += a[i * 200 + k] * b[k * 200 + j];
        c[i * 200 + j] = sum;
      }
  double trace = 0;
  for (i64 i = 0; i < 200; i++) trace += c[i * 200 + i] * (double)i;
  return (u64)(i64)trace;
}

#include <math.h>
struct body { double x, y, z, vx, vy, vz, mass; };
static u64 nbody(void) {
  struct body *bodies = (struct body *)arena;
  for (i64 i = 0; i < 5; i++) {
    struct body *p = bodies + i; double n = (double)i;
    p->x = n * 1.5; p->y = n * n * 0.25; p->z = 0.125 - n; p->vx = 0.01 * n; p->vy = 0.02 - 0.01 * n; p->vz = 0.003; p->mass = 1.0 / (n + 1.0);
  }
  for (i64 step = 0; step < 200000; step++) {
    for (i64 i = 0; i < 5; i++) {
      struct body *p = bodies + i;
      for (i64 j = i + 1; j < 5; j++) {
        struct body *q = bodies + j;
        double dx = p->x - q->x, dy = p->y - q->y, dz = p->z - q->z;
        double d2 = dx * dx + dy * dy + dz * dz + 0.01;
        double mag = 0.001 / (d2 * sqrt(d2));
        double ours = -(q->mass * mag), theirs = p->mass * mag;
        p->vx += dx * ours; p->vy += dy * ours; p->vz += dz * ours;
        q->vx += dx * theirs; q->vy += dy * theirs; q->vz += dz * theirs;
      }
    }
    for (i64 i = 0; i < 5; i++) {
      struct body *p = bodies + i;
      p->x += 0.001 * p->vx; p->y += 0.001 * p->vy; p->z += 0.001 * p->vz;
    }
  }
  return (u64)(i64)(bodies[0].x * 1e9) & 0xffffffff;
}

static u64 search(void) {
  u8 *text = arena; u64 state = 12345, found = 0;
  for (i64 i = 0; i < 100000; i++) { state = state * 6364136223846793005ULL + 1442695040888963407ULL; text[i] = (u8)('a' + ((state >> 33) & 3)); }
  u8 pattern[8] = {'a', 'b', 'a', 'c', 'a', 'b', 'd', 'a'};
  for (int round = 0; round < 60; round++) {
    pattern[7] = (u8)('a' + (round & 3));
    for (i64 i = 0; i <= 100000 - 8; i++) {
      i64 k = 0;
      while (k < 8 && text[i + k] == pattern[k]) k++;
      if (k == 8) found++;
    }
  }
  return found;
}

static u64 bits(void) {
  u64 sum = 0, x = 88172645463325252ULL;
  for (i64 i = 0; i < 3000000; i++) {
    x ^= x << 13; x ^= x >> 7; x ^= x << 17;
    u64 y = x & 0xffff0000ffffULL;
    while (y != 0) { y &= y - 1; sum++; }
  }
  return sum;
}

static u64 dispatch(void) {
  /* 0 push byte, 1 add, 2 sub, 3 dup, 4 swap, 5 jump back if top > 0, 6 drop, 7 halt, 8 add to accumulator */
  static const u8 program[] = {0, 200, 3, 8, 0, 1, 2, 5, 6, 6, 7};
  static u8 code[sizeof program];
  static i64 stack[16];
  for (unsigned i = 0; i < sizeof program; i++) code[i] = program[i];
  u64 accumulator = 0;
  for (int round = 0; round < 60000; round++) {
    i64 sp = 0, pc = 0; int running = 1;
    while (running) {
      switch (code[pc++]) {
      case 0: stack[sp++] = code[pc++]; break;
      case 1: sp--; stack[sp - 1] += stack[sp]; break;
      case 2: sp--; stack[sp - 1] -= stack[sp]; break;
      case 3: stack[sp] = stack[sp - 1]; sp++; break;
      case 4: { i64 t = stack[sp - 1]; stack[sp - 1] = stack[sp - 2]; stack[sp - 2] = t; break; }
      case 5: if (stack[sp - 1] > 0) pc -= code[pc]; else pc++; break;
      case 6: sp--; break;
      case 7: running = 0; break;
      case 8: accumulator += (u64)stack[--sp]; break;
      }
    }
  }
  return accumulator;
}

static void sort(i64 *a, i64 lo, i64 hi) {
  while (lo < hi) {
    i64 pivot = a[(lo + hi) >> 1], i = lo, j = hi;
    while (i <= j) {
      while (a[i] < pivot) i++;
      while (a[j] > pivot) j--;
      if (i <= j) { i64 t = a[i]; a[i] = a[j]; a[j] = t; i++; j--; }
    }
    if (j - lo < hi - i) { sort(a, lo, j); lo = i; } else { sort(a, i, hi); hi = j; }
  }
}
static u64 quicksort(void) {
  i64 *a = (i64 *)arena; u64 state = 42, sum = 0;
  for (int round = 0; round < 5; round++) {
    for (i64 i = 0; i < 200000; i++) { state = state * 6364136223846793005ULL + 1442695040888963407ULL; a[i] = (i64)(state >> 20); }
    sort(a, 0, 199999);
    sum += (u64)a[1000] ^ (u64)a[150000];
  }
  return sum;
}

static u64 checksum(void) {
  uint32_t *table = (uint32_t *)arena; u8 *data = arena + 1024;
  for (uint32_t n = 0; n < 256; n++) { uint32_t c = n; for (int k = 0; k < 8; k++) c = (c & 1) ? 0xedb88320u ^ (c >> 1) : c >> 1; table[n] = c; }
  for (i64 i = 0; i < 1000000; i++) data[i] = (u8)(i * 31);
  uint32_t crc = 0xffffffffu;
  for (int round = 0; round < 20; round++)
    for (i64 i = 0; i < 1000000; i++) crc = table[(crc ^ data[i]) & 0xff] ^ (crc >> 8);
  return crc;
}

static const struct { const char *name; u64 (*run)(void); } kernels[] = {
  {"sieve", sieve}, {"fib", fib}, {"hashtable", hashtable}, {"bytecopy", bytecopy}, {"wordcopy", wordcopy}, {"tree", tree}, {"matrix", matrix},
  {"nbody", nbody}, {"search", search}, {"bits", bits}, {"dispatch", dispatch}, {"quicksort", quicksort}, {"checksum", checksum}};

static u64 now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (u64)t.tv_sec * 1000000000ULL + (u64)t.tv_nsec; }

int main(int argc, char **argv) {
  arena = malloc(16 << 20);
  memset(arena, 1, 16 << 20);
  for (unsigned i = 0; i < sizeof kernels / sizeof *kernels; i++) {
    if (argc > 1 && strcmp(argv[1], kernels[i].name)) continue;
    u64 best = ~0ULL, result = 0;
    for (int round = 0; round < 5; round++) { u64 start = now(); result = kernels[i].run(); u64 took = now() - start; if (took < best) best = took; }
    printf("%s %llu %llu\n", kernels[i].name, (unsigned long long)result, (unsigned long long)best);
  }
  return 0;
}
