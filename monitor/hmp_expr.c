/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Expressions of the monitor, 64 bits wide. Loosest first: + -, then & | ^, then * / %, then
 * unary. */
#include <string.h>
#include "monitor/hmp_int.h"
#include "target/cpu.h"
#include "util/err.h"

enum { MAX_DEPTH = 64 };

typedef struct Expr {
    Hmp *hmp;
    const char *p;
    unsigned depth;
} Expr;

static bool expr_sum(Expr *e, uint64_t *ret, GError **errp);

static void skip_spaces(Expr *e)
{
    while (g_ascii_isspace(*e->p)) {
        e->p++;
    }
}

static bool expr_register(Expr *e, uint64_t *ret, GError **errp)
{
    size_t n =
        1 + strspn(e->p + 1, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:");
    g_autofree char *name = g_strndup(e->p + 1, n - 1);
    Cpu *cpu = hmp_cpu(e->hmp);

    if (cpu == NULL || !target_cpu_reg(cpu, name, ret)) {
        return err_fail(errp, "unknown register");
    }
    e->p += n;
    return true;
}

static bool expr_character(Expr *e, uint64_t *ret, GError **errp)
{
    if (e->p[1] == '\0') {
        return err_fail(errp, "character constant expected");
    }
    if (e->p[2] != '\'') {
        return err_fail(errp, "missing terminating \' character");
    }
    *ret = (uint8_t)e->p[1];
    e->p += 3;
    return true;
}

static bool expr_number(Expr *e, uint64_t *ret, GError **errp)
{
    char *end;

    if (*e->p == '\0') {
        return err_fail(errp, "unexpected end of expression");
    }
    *ret = g_ascii_strtoull(e->p, &end, 0);
    if (end == e->p || !g_ascii_isdigit(*e->p)) {
        return err_fail(errp, "invalid char '%c' in expression", *e->p);
    }
    e->p = end;
    return true;
}

static bool expr_unary(Expr *e, uint64_t *ret, GError **errp)
{
    bool ok;
    char op;

    skip_spaces(e);
    op = *e->p;
    if (++e->depth > MAX_DEPTH) {
        return err_fail(errp, "the expression is nested too deeply");
    }
    switch (op) {
    case '+':
    case '-':
    case '~':
        e->p++;
        ok = expr_unary(e, ret, errp);
        *ret = !ok ? 0 : op == '-' ? -*ret : op == '~' ? ~*ret : *ret;
        break;
    case '(':
        e->p++;
        ok = expr_sum(e, ret, errp);
        skip_spaces(e);
        if (ok && *e->p != ')') {
            return err_fail(errp, "')' expected");
        }
        e->p += ok;
        break;
    case '\'':
        ok = expr_character(e, ret, errp);
        break;
    case '$':
        ok = expr_register(e, ret, errp);
        break;
    default:
        ok = expr_number(e, ret, errp);
        break;
    }
    e->depth--;
    skip_spaces(e);
    return ok;
}

static bool expr_product(Expr *e, uint64_t *ret, GError **errp)
{
    uint64_t b;

    if (!expr_unary(e, ret, errp)) {
        return false;
    }
    while (*e->p == '*' || *e->p == '/' || *e->p == '%') {
        char op = *e->p++;

        if (!expr_unary(e, &b, errp)) {
            return false;
        }
        if (op != '*' && b == 0) {
            return err_fail(errp, "division by zero");
        }
        *ret = op == '*' ? *ret * b : op == '/' ? *ret / b : *ret % b;
    }
    return true;
}

static bool expr_logic(Expr *e, uint64_t *ret, GError **errp)
{
    uint64_t b;

    if (!expr_product(e, ret, errp)) {
        return false;
    }
    while (*e->p == '&' || *e->p == '|' || *e->p == '^') {
        char op = *e->p++;

        if (!expr_product(e, &b, errp)) {
            return false;
        }
        *ret = op == '&' ? *ret & b : op == '|' ? *ret | b : *ret ^ b;
    }
    return true;
}

static bool expr_sum(Expr *e, uint64_t *ret, GError **errp)
{
    uint64_t b;

    if (!expr_logic(e, ret, errp)) {
        return false;
    }
    while (*e->p == '+' || *e->p == '-') {
        char op = *e->p++;

        if (!expr_logic(e, &b, errp)) {
            return false;
        }
        *ret = op == '+' ? *ret + b : *ret - b;
    }
    return true;
}

bool hmp_expression(Hmp *hmp, const char **text, uint64_t *ret, GError **errp)
{
    Expr e = { .hmp = hmp, .p = *text };
    uint64_t value = 0;

    if (!expr_sum(&e, &value, errp)) {
        return false;
    }
    *text = e.p;
    *ret = value;
    return true;
}
