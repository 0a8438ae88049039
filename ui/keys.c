/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names and numbers of keys, and keys sent by name. Numbers are codes of scan code set 1 ("Keyboard Scan Code
 * Specification", appendix C), with bit 7 for those that come behind E0. */
#include <string.h>
#include "ui/input.h"
#include "util/bits.h"
#include "util/loop.h"
#include "util/parse.h"

#define QKEY_NAME(name, text) [QKEY_##name] = text,
static const char *const qkey_names[QKEY_COUNT] = { QKEYS(QKEY_NAME) };
#undef QKEY_NAME

enum { E0 = 0x80 };

static const uint8_t qkey_numbers[QKEY_COUNT] = {
    [QKEY_ESC] = 0x01, [QKEY_1] = 0x02, [QKEY_2] = 0x03, [QKEY_3] = 0x04, [QKEY_4] = 0x05, [QKEY_5] = 0x06,
    [QKEY_6] = 0x07, [QKEY_7] = 0x08, [QKEY_8] = 0x09, [QKEY_9] = 0x0a, [QKEY_0] = 0x0b, [QKEY_MINUS] = 0x0c,
    [QKEY_EQUAL] = 0x0d, [QKEY_BACKSPACE] = 0x0e, [QKEY_TAB] = 0x0f, [QKEY_Q] = 0x10, [QKEY_W] = 0x11,
    [QKEY_E] = 0x12, [QKEY_R] = 0x13, [QKEY_T] = 0x14, [QKEY_Y] = 0x15, [QKEY_U] = 0x16, [QKEY_I] = 0x17,
    [QKEY_O] = 0x18, [QKEY_P] = 0x19, [QKEY_BRACKET_LEFT] = 0x1a, [QKEY_BRACKET_RIGHT] = 0x1b,
    [QKEY_RET] = 0x1c, [QKEY_CTRL] = 0x1d, [QKEY_A] = 0x1e, [QKEY_S] = 0x1f, [QKEY_D] = 0x20, [QKEY_F] = 0x21,
    [QKEY_G] = 0x22, [QKEY_H] = 0x23, [QKEY_J] = 0x24, [QKEY_K] = 0x25, [QKEY_L] = 0x26,
    [QKEY_SEMICOLON] = 0x27, [QKEY_APOSTROPHE] = 0x28, [QKEY_GRAVE_ACCENT] = 0x29, [QKEY_SHIFT] = 0x2a,
    [QKEY_BACKSLASH] = 0x2b, [QKEY_Z] = 0x2c, [QKEY_X] = 0x2d, [QKEY_C] = 0x2e, [QKEY_V] = 0x2f,
    [QKEY_B] = 0x30, [QKEY_N] = 0x31, [QKEY_M] = 0x32, [QKEY_COMMA] = 0x33, [QKEY_DOT] = 0x34,
    [QKEY_SLASH] = 0x35, [QKEY_SHIFT_R] = 0x36, [QKEY_KP_MULTIPLY] = 0x37, [QKEY_ASTERISK] = 0x37,
    [QKEY_ALT] = 0x38, [QKEY_SPC] = 0x39, [QKEY_CAPS_LOCK] = 0x3a, [QKEY_F1] = 0x3b, [QKEY_F2] = 0x3c,
    [QKEY_F3] = 0x3d, [QKEY_F4] = 0x3e, [QKEY_F5] = 0x3f, [QKEY_F6] = 0x40, [QKEY_F7] = 0x41, [QKEY_F8] = 0x42,
    [QKEY_F9] = 0x43, [QKEY_F10] = 0x44, [QKEY_NUM_LOCK] = 0x45, [QKEY_SCROLL_LOCK] = 0x46, [QKEY_KP_7] = 0x47,
    [QKEY_KP_8] = 0x48, [QKEY_KP_9] = 0x49, [QKEY_KP_SUBTRACT] = 0x4a, [QKEY_KP_4] = 0x4b, [QKEY_KP_5] = 0x4c,
    [QKEY_KP_6] = 0x4d, [QKEY_KP_ADD] = 0x4e, [QKEY_KP_1] = 0x4f, [QKEY_KP_2] = 0x50, [QKEY_KP_3] = 0x51,
    [QKEY_KP_0] = 0x52, [QKEY_KP_DECIMAL] = 0x53, [QKEY_SYSRQ] = 0x54, [QKEY_LESS] = 0x56, [QKEY_F11] = 0x57,
    [QKEY_F12] = 0x58, [QKEY_KP_EQUALS] = 0x59, [QKEY_HIRAGANA] = 0x77, [QKEY_HENKAN] = 0x79,
    [QKEY_KATAKANAHIRAGANA] = 0x70, [QKEY_MUHENKAN] = 0x7b, [QKEY_YEN] = 0x7d, [QKEY_RO] = 0x73,
    [QKEY_KP_COMMA] = 0x7e, [QKEY_LANG1] = 0x72, [QKEY_LANG2] = 0x71,
    [QKEY_AUDIOPREV] = E0 | 0x10, [QKEY_AUDIONEXT] = E0 | 0x19, [QKEY_KP_ENTER] = E0 | 0x1c,
    [QKEY_CTRL_R] = E0 | 0x1d, [QKEY_AUDIOMUTE] = E0 | 0x20, [QKEY_CALCULATOR] = E0 | 0x21,
    [QKEY_AUDIOPLAY] = E0 | 0x22, [QKEY_AUDIOSTOP] = E0 | 0x24, [QKEY_VOLUMEDOWN] = E0 | 0x2e,
    [QKEY_VOLUMEUP] = E0 | 0x30, [QKEY_AC_HOME] = E0 | 0x32, [QKEY_KP_DIVIDE] = E0 | 0x35,
    [QKEY_PRINT] = E0 | 0x37, [QKEY_ALT_R] = E0 | 0x38, [QKEY_PAUSE] = E0 | 0x46, [QKEY_HOME] = E0 | 0x47,
    [QKEY_UP] = E0 | 0x48, [QKEY_PGUP] = E0 | 0x49, [QKEY_LEFT] = E0 | 0x4b, [QKEY_RIGHT] = E0 | 0x4d,
    [QKEY_END] = E0 | 0x4f, [QKEY_DOWN] = E0 | 0x50, [QKEY_PGDN] = E0 | 0x51, [QKEY_INSERT] = E0 | 0x52,
    [QKEY_DELETE] = E0 | 0x53, [QKEY_META_L] = E0 | 0x5b, [QKEY_META_R] = E0 | 0x5c,
    [QKEY_COMPOSE] = E0 | 0x5d, [QKEY_MENU] = E0 | 0x1e, [QKEY_POWER] = E0 | 0x5e, [QKEY_SLEEP] = E0 | 0x5f,
    [QKEY_WAKE] = E0 | 0x63, [QKEY_FIND] = E0 | 0x41, [QKEY_AC_BOOKMARKS] = E0 | 0x66,
    [QKEY_AC_REFRESH] = E0 | 0x67, [QKEY_STOP] = E0 | 0x68, [QKEY_AC_FORWARD] = E0 | 0x69,
    [QKEY_AC_BACK] = E0 | 0x6a, [QKEY_COMPUTER] = E0 | 0x6b, [QKEY_MAIL] = E0 | 0x6c,
    [QKEY_MEDIASELECT] = E0 | 0x6d, [QKEY_AGAIN] = E0 | 0x05, [QKEY_PROPS] = E0 | 0x06, [QKEY_UNDO] = E0 | 0x07,
    [QKEY_FRONT] = E0 | 0x0c, [QKEY_COPY] = E0 | 0x78, [QKEY_OPEN] = 0x64, [QKEY_PASTE] = 0x65,
    [QKEY_CUT] = E0 | 0x3c, [QKEY_LF] = 0x5b, [QKEY_HELP] = E0 | 0x75,
};

const char *qkey_name(QKey k)
{
    return (unsigned)k < QKEY_COUNT ? qkey_names[k] : qkey_names[QKEY_UNMAPPED];
}

unsigned qkey_number(QKey k)
{
    return (unsigned)k < QKEY_COUNT ? qkey_numbers[k] : 0;
}

QKey qkey_from_number(unsigned scancode_set1)
{
    unsigned number = scancode_set1 > 0xff && scancode_set1 >> 8 == 0xe0 ? (scancode_set1 & 0x7f) | E0
                                                                         : scancode_set1;

    for (int k = 1; k < QKEY_COUNT && number != 0; k++) {
        if (qkey_numbers[k] == number && k != QKEY_ASTERISK) {
            return (QKey)k;
        }
    }
    return QKEY_UNMAPPED;
}

QKey qkey_from_name(const char *name)
{
    uint64_t number;

    if (strcmp(name, "<") == 0) {
        return QKEY_LESS;
    }
    if (g_str_has_prefix(name, "0x")) {
        return parse_uint(name, 16, 0xffff, &number) || parse_uint(name, 0, 0xffff, &number)
            ? qkey_from_number((unsigned)number) : QKEY_UNMAPPED;
    }
    for (int k = 1; k < QKEY_COUNT; k++) {
        if (strcmp(qkey_names[k], name) == 0) {
            return (QKey)k;
        }
    }
    return QKEY_UNMAPPED;
}

/* ---- Keys sent by name: pressed, held, released, one group after the other. */
enum { SEND_MAX = 16, SEND_QUEUE = 1024, SEND_HOLD_MS = 100 };

typedef struct SendGroup { QKey key[SEND_MAX]; int n, hold_ms; } SendGroup;

static GQueue send_queue = G_QUEUE_INIT;    /* of SendGroup *; the first is down while send_timer runs */
static Timer *send_timer;

static void send_press(const SendGroup *g)
{
    for (int i = 0; i < g->n; i++) {
        input_key(g->key[i], true);
    }
    input_sync();
    timer_set_in(send_timer, g->hold_ms * NS_PER_MS);
}

/* The first group was held long enough. After its release half of that time passes before the next. */
static void send_tick(void *opaque)
{
    SendGroup *g = g_queue_peek_head(&send_queue);

    if (g->n == 0) {
        g_free(g_queue_pop_head(&send_queue));
        g = g_queue_peek_head(&send_queue);
        if (g != NULL) {
            send_press(g);
        }
        return;
    }
    for (int i = g->n - 1; i >= 0; i--) {
        input_key(g->key[i], false);
    }
    input_sync();
    g->n = 0;
    timer_set_in(send_timer, g->hold_ms * NS_PER_MS / 2);
}

bool input_press_keys(const QKey *keys, unsigned n, int hold_ms, GError **errp)
{
    g_autofree SendGroup *g = g_new0(SendGroup, 1);

    if (n > SEND_MAX || n == 0) {
        return err_fail(errp, n == 0 ? "no keys" : "too many keys");
    }
    if (g_queue_get_length(&send_queue) >= SEND_QUEUE) {
        return err_fail(errp, "too many keys are waiting");
    }
    g->hold_ms = hold_ms > 0 ? hold_ms : SEND_HOLD_MS;
    g->n = (int)n;
    memcpy(g->key, keys, n * sizeof(*keys));
    if (send_timer == NULL) {
        send_timer = timer_new(loop_main(), CLOCK_VIRTUAL, send_tick, NULL);
    }
    g_queue_push_tail(&send_queue, g);
    if (g_queue_get_length(&send_queue) == 1) {
        send_press(g);
    }
    g_steal_pointer(&g);
    return true;
}

bool input_send_keys(const char *keys, int hold_ms, GError **errp)
{
    g_auto(GStrv) words = g_strsplit(keys, "-", -1);
    QKey found[SEND_MAX];
    unsigned n = 0;

    for (char **w = words; *w != NULL; w++) {
        QKey k = qkey_from_name(*w);

        if (k == QKEY_UNMAPPED) {
            return err_fail(errp, "invalid parameter: %s", *w);
        }
        if (n == SEND_MAX) {
            return err_fail(errp, "too many keys");
        }
        found[n++] = k;
    }
    return input_press_keys(found, n, hold_ms, errp);
}
