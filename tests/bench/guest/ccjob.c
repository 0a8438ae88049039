/* SPDX-License-Identifier: GPL-2.0-or-later */
/* input for the cc1 job: an ordinary mid-size translation unit */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ctype.h>
typedef struct node { struct node *l, *r; char *key; long val; int h; } node;
static int ht(node *n) { return n ? n->h : 0; }
static int mx(int a, int b) { return a > b ? a : b; }
static void upd(node *n) { n->h = mx(ht(n->l), ht(n->r)) + 1; }
static node *rotr(node *y) { node *x = y->l; y->l = x->r; x->r = y; upd(y); upd(x); return x; }
static node *rotl(node *x) { node *y = x->r; x->r = y->l; y->l = x; upd(x); upd(y); return y; }
static node *bal(node *n) { upd(n); int b = ht(n->l) - ht(n->r); if (b > 1) { if (ht(n->l->l) < ht(n->l->r)) n->l = rotl(n->l); return rotr(n); } if (b < -1) { if (ht(n->r->r) < ht(n->r->l)) n->r = rotr(n->r); return rotl(n); } return n; }
static node *ins(node *n, const char *k, long v) { if (!n) { n = calloc(1, sizeof *n); n->key = strdup(k); n->val = v; n->h = 1; return n; } int c = strcmp(k, n->key); if (c < 0) n->l = ins(n->l, k, v); else if (c > 0) n->r = ins(n->r, k, v); else n->val = v; return bal(n); }
static long look(node *n, const char *k) { while (n) { int c = strcmp(k, n->key); if (!c) return n->val; n = c < 0 ? n->l : n->r; } return -1; }
enum { T_NUM, T_ID, T_OP, T_LP, T_RP, T_END };
struct tok { int k; char s[32]; long v; };
static const char *lex(const char *p, struct tok *t) { while (isspace((unsigned char)*p)) p++; if (!*p) { t->k = T_END; return p; } if (isdigit((unsigned char)*p)) { t->k = T_NUM; t->v = strtol(p, (char **)&p, 0); return p; } if (isalpha((unsigned char)*p)) { int i = 0; while (isalnum((unsigned char)*p) && i < 31) t->s[i++] = *p++; t->s[i] = 0; t->k = T_ID; return p; } if (*p == '(') t->k = T_LP; else if (*p == ')') t->k = T_RP; else { t->k = T_OP; t->s[0] = *p; t->s[1] = 0; } return p + 1; }
struct ps { const char *p; struct tok t; node *env; };
static void nx(struct ps *s) { s->p = lex(s->p, &s->t); }
static long expr(struct ps *s, int lv);
static long prim(struct ps *s) { long v; switch (s->t.k) { case T_NUM: v = s->t.v; nx(s); return v; case T_ID: v = look(s->env, s->t.s); nx(s); return v; case T_LP: nx(s); v = expr(s, 0); if (s->t.k != T_RP) { fprintf(stderr, "paren\n"); exit(1); } nx(s); return v; case T_OP: if (s->t.s[0] == '-') { nx(s); return -prim(s); } } fprintf(stderr, "bad token %d\n", s->t.k); exit(1); }
static int prec(char c) { switch (c) { case '*': case '/': case '%': return 3; case '+': case '-': return 2; case '<': case '>': return 1; default: return -1; } }
static long expr(struct ps *s, int lv) { long a = prim(s); while (s->t.k == T_OP && prec(s->t.s[0]) > lv) { char o = s->t.s[0]; nx(s); long b = expr(s, prec(o)); switch (o) { case '*': a *= b; break; case '/': a = b ? a / b : 0; break; case '%': a = b ? a % b : 0; break; case '+': a += b; break; case '-': a -= b; break; case '<': a = a < b; break; case '>': a = a > b; break; } } return a; }
#define GEN(n) \
static double kern##n(const double *x, double *y, int m) { double s = n; for (int i = 1; i < m - 1; i++) { y[i] = x[i - 1] * .25 + x[i] * (.5 + n) + x[i + 1] * .25; if (y[i] > n * 10) y[i] -= n; s += y[i]; } return s; } \
static unsigned hash##n(const unsigned char *p, int l) { unsigned h = 2166136261u + n; while (l--) { h ^= *p++; h *= 16777619; h = (h << (n % 31 + 1)) | (h >> (31 - n % 31)); } return h; } \
static int sort##n(int *a, int m) { int sw = 0; for (int g = m / 2; g; g /= 2) for (int i = g; i < m; i++) { int t = a[i], j = i; while (j >= g && a[j - g] > t + n) { a[j] = a[j - g]; j -= g; sw++; } a[j] = t; } return sw; } \
static int sm##n(const char *s) { int st = n, c = 0; for (; *s; s++) { switch ((st * 31 + *s + n) & 15) { case 0: st = 3; break; case 1: st ^= 5; break; case 2: st += *s; break; case 3: c++; break; case 4: st = c; break; case 5: c -= st; break; case 6: st *= 3; break; case 7: return c; case 8: st = ~st; break; default: st++; } } return st + c; }
GEN(1) GEN(2) GEN(3) GEN(4) GEN(5) GEN(6) GEN(7) GEN(8) GEN(9) GEN(10)
#define USE(n) r += kern##n(x, y, 100) + hash##n((unsigned char *)x, 300) + sort##n(a, 100) + sm##n(argv[1]);
int main(int argc, char **argv) { struct ps s = { 0 }; double x[128] = { 1, 2 }, y[128] = { 0 }, r = 0; int a[128] = { 5, 4, 3 }; for (int i = 0; i < argc; i++) s.env = ins(s.env, argv[i], i * 7); s.p = argc > 1 ? argv[1] : "1+2*(3-4)"; nx(&s); printf("%ld\n", expr(&s, 0)); USE(1) USE(2) USE(3) USE(4) USE(5) USE(6) USE(7) USE(8) USE(9) USE(10) printf("%g\n", r); return 0; }
