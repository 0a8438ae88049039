/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the translator writes to the log. "op" and its variants show nothing: there is no code between the guest's
 * and the host's. */
#include "accel/tcg/logging.h"

#include <inttypes.h>

#include "accel/tcg/perf.h"
#include "util/disas.h"

static void add_lines(GString *out, const uint8_t *code, size_t n, uint64_t pc, unsigned bits)
{
    for (size_t at = 0; at < n;) {
        at += disassemble(code + at, n - at, pc + at, bits, out);
    }
}

static void add_guest(TcgVcpu *v, const Block *b, GString *out)
{
    g_autofree uint8_t *code = g_malloc(b->len + 1);
    size_t first = b->source2 == NULL ? b->len : PAGE_SIZE - ((uintptr_t)b->source & ~PAGE_MASK);

    memcpy(code, b->source, first);
    memcpy(code + first, b->source2 != NULL ? b->source2 : b->source, b->len - first);
    add_lines(out, code, b->len, b->key.pc, v->ops->code_bits(v->cpu));
}

void tcg_log_made(TcgVcpu *v, const Block *b)
{
    GString *out;

    if (perf_wanted() && b->code != NULL) {
        perf_block(b->entry, b->end - b->entry, b->key.pc);
    }
    if (!log_on(LOG_IN_ASM | LOG_OUT_ASM) || !log_in_filter(b->key.pc)) {
        return;
    }
    out = g_string_new(NULL);
    if (log_on(LOG_IN_ASM)) {
        g_string_append(out, "----------------\nIN: \n");
        add_guest(v, b, out);
        g_string_append_c(out, '\n');
    }
    if (log_on(LOG_OUT_ASM) && b->code != NULL) {
        g_string_append_printf(out, "OUT: [size=%zu]\n", (size_t)(b->end - b->entry));
        add_lines(out, b->entry, b->end - b->entry, (uintptr_t)b->entry, 64);
        g_string_append_c(out, '\n');
    }
    log_printf("%s", out->str);
    g_string_free(out, TRUE);
}

static void log_state(TcgVcpu *v)
{
    GString *out;

    if (!log_on(LOG_CPU)) {
        return;
    }
    out = g_string_new(NULL);
    v->cpu->type->dump(v->cpu, out);
    log_printf("%s", out->str);
    g_string_free(out, TRUE);
}

void tcg_log_block(TcgVcpu *v, const Block *b)
{
    if (!log_in_filter(b->key.pc)) {
        return;
    }
    log_mask(LOG_EXEC, "Trace %u: %p [%08" PRIx64 "/%016" PRIx64 "/%08x/%08x] \n", v->cpu->index, (const void *)b->code,
             b->key.base, b->key.pc, b->key.flags, b->n_insns);
    log_state(v);
}

void tcg_log_interpreted(TcgVcpu *v)
{
    TbKey key = v->ops->key(v->cpu);

    if (!log_in_filter(key.pc)) {
        return;
    }
    log_mask(LOG_EXEC, "Trace %u: interpreted [%08" PRIx64 "/%016" PRIx64 "/%08x/00000001] \n", v->cpu->index, key.base,
             key.pc, key.flags);
    log_state(v);
}

void tcg_log_level_changed(TcgVcpu *v)
{
    if (v->cache != NULL && (log_level & TCG_LOG_BLOCKS) && !(v->log_seen & TCG_LOG_BLOCKS)) {
        cache_flush(v);
    }
    v->log_seen = log_level;
}
