/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input events from displays and monitors to the guest's keyboards and pointers. Keys are named by position
 * ("qcodes"); translation to scan codes is the device's affair. VM lock held. */
#ifndef UI_INPUT_H
#define UI_INPUT_H

#include "util/err.h"
#include "util/json.h"

/* Enumerator, name. In the order everybody knows; the numbers are ours. */
#define QKEYS(_)                                                                                        \
    _(UNMAPPED, "unmapped") _(SHIFT, "shift") _(SHIFT_R, "shift_r") _(ALT, "alt") _(ALT_R, "alt_r")     \
    _(CTRL, "ctrl") _(CTRL_R, "ctrl_r") _(MENU, "menu") _(ESC, "esc")                                   \
    _(1, "1") _(2, "2") _(3, "3") _(4, "4") _(5, "5") _(6, "6") _(7, "7") _(8, "8") _(9, "9") _(0, "0") \
    _(MINUS, "minus") _(EQUAL, "equal") _(BACKSPACE, "backspace") _(TAB, "tab")                         \
    _(Q, "q") _(W, "w") _(E, "e") _(R, "r") _(T, "t") _(Y, "y") _(U, "u") _(I, "i") _(O, "o") _(P, "p") \
    _(BRACKET_LEFT, "bracket_left") _(BRACKET_RIGHT, "bracket_right") _(RET, "ret")                     \
    _(A, "a") _(S, "s") _(D, "d") _(F, "f") _(G, "g") _(H, "h") _(J, "j") _(K, "k") _(L, "l")           \
    _(SEMICOLON, "semicolon") _(APOSTROPHE, "apostrophe") _(GRAVE_ACCENT, "grave_accent")               \
    _(BACKSLASH, "backslash")                                                                           \
    _(Z, "z") _(X, "x") _(C, "c") _(V, "v") _(B, "b") _(N, "n") _(M, "m")                               \
    _(COMMA, "comma") _(DOT, "dot") _(SLASH, "slash") _(ASTERISK, "asterisk") _(SPC, "spc")             \
    _(CAPS_LOCK, "caps_lock") _(F1, "f1") _(F2, "f2") _(F3, "f3") _(F4, "f4") _(F5, "f5") _(F6, "f6")   \
    _(F7, "f7") _(F8, "f8") _(F9, "f9") _(F10, "f10") _(NUM_LOCK, "num_lock")                           \
    _(SCROLL_LOCK, "scroll_lock") _(KP_DIVIDE, "kp_divide") _(KP_MULTIPLY, "kp_multiply")               \
    _(KP_SUBTRACT, "kp_subtract") _(KP_ADD, "kp_add") _(KP_ENTER, "kp_enter")                           \
    _(KP_DECIMAL, "kp_decimal") _(SYSRQ, "sysrq") _(KP_0, "kp_0") _(KP_1, "kp_1") _(KP_2, "kp_2")       \
    _(KP_3, "kp_3") _(KP_4, "kp_4") _(KP_5, "kp_5") _(KP_6, "kp_6") _(KP_7, "kp_7") _(KP_8, "kp_8")     \
    _(KP_9, "kp_9") _(LESS, "less") _(F11, "f11") _(F12, "f12") _(PRINT, "print") _(HOME, "home")       \
    _(PGUP, "pgup") _(PGDN, "pgdn") _(END, "end") _(LEFT, "left") _(UP, "up") _(DOWN, "down")           \
    _(RIGHT, "right") _(INSERT, "insert") _(DELETE, "delete") _(STOP, "stop") _(AGAIN, "again")         \
    _(PROPS, "props") _(UNDO, "undo") _(FRONT, "front") _(COPY, "copy") _(OPEN, "open")                 \
    _(PASTE, "paste") _(FIND, "find") _(CUT, "cut") _(LF, "lf") _(HELP, "help") _(META_L, "meta_l")     \
    _(META_R, "meta_r") _(COMPOSE, "compose") _(PAUSE, "pause") _(RO, "ro") _(HIRAGANA, "hiragana")     \
    _(HENKAN, "henkan") _(YEN, "yen") _(MUHENKAN, "muhenkan") _(KATAKANAHIRAGANA, "katakanahiragana")   \
    _(KP_COMMA, "kp_comma") _(KP_EQUALS, "kp_equals") _(POWER, "power") _(SLEEP, "sleep")               \
    _(WAKE, "wake") _(AUDIONEXT, "audionext") _(AUDIOPREV, "audioprev") _(AUDIOSTOP, "audiostop")       \
    _(AUDIOPLAY, "audioplay") _(AUDIOMUTE, "audiomute") _(VOLUMEUP, "volumeup")                         \
    _(VOLUMEDOWN, "volumedown") _(MEDIASELECT, "mediaselect") _(MAIL, "mail")                           \
    _(CALCULATOR, "calculator") _(COMPUTER, "computer") _(AC_HOME, "ac_home") _(AC_BACK, "ac_back")     \
    _(AC_FORWARD, "ac_forward") _(AC_REFRESH, "ac_refresh") _(AC_BOOKMARKS, "ac_bookmarks")             \
    _(LANG1, "lang1") _(LANG2, "lang2")

#define QKEY_ENUM(name, text) QKEY_##name,
typedef enum QKey { QKEYS(QKEY_ENUM) QKEY_COUNT } QKey;
#undef QKEY_ENUM

typedef enum InputButton {
    BUTTON_LEFT, BUTTON_MIDDLE, BUTTON_RIGHT, BUTTON_WHEEL_UP, BUTTON_WHEEL_DOWN, BUTTON_SIDE, BUTTON_EXTRA,
    BUTTON_WHEEL_LEFT, BUTTON_WHEEL_RIGHT, BUTTON_COUNT
} InputButton;
typedef enum InputAxis { AXIS_X, AXIS_Y } InputAxis;
enum { INPUT_ABS_MAX = 0x7fff };                /* absolute positions are 0 .. this */

typedef enum InputKind {            /* bits of InputHandler.mask */
    INPUT_KEY = 1 << 0, INPUT_BUTTON = 1 << 1, INPUT_REL = 1 << 2, INPUT_ABS = 1 << 3,
} InputKind;

typedef struct InputEvent {
    InputKind kind;
    int code;                       /* QKey, InputButton or InputAxis */
    int value;                      /* down (1) or up (0); distance; position */
} InputEvent;

/* A guest device. Of those that take a kind of event the one activated last gets it, else the oldest. */
typedef struct InputHandler {
    const char *name;               /* "QEMU PS/2 Mouse": info mice */
    unsigned mask;
    void (*event)(void *opaque, const InputEvent *ev);
    void (*sync)(void *opaque);     /* a group of events is complete; NULL is fine */
} InputHandler;
typedef struct InputPort InputPort;
InputPort *input_register(const InputHandler *h, void *opaque);    /* h is kept */
void input_unregister(InputPort *p);
void input_activate(InputPort *p);              /* to the front: the guest enabled the device */
/* What the guest wants lit: bit 0 scroll, 1 num, 2 caps. Displays may ask. */
void input_set_leds(unsigned leds);
unsigned input_leds(void);

/* ---- Senders */
void input_key(QKey key, bool down);
void input_button(InputButton b, bool down);
void input_rel(InputAxis axis, int distance);
void input_abs(InputAxis axis, int position, int size);    /* position of 0 .. size - 1 */
void input_sync(void);
bool input_is_absolute(void);                   /* does the active pointer take positions? */
/* Keys that are down now; used for key-up on focus loss. */
void input_release_all(void);

const char *qkey_name(QKey k);
/* Its name or alternative name (" ", "<"), or "0x1c": a PS/2 set-1 code, 0x80 bit or 0xe0 first for
 * extended ones. QKEY_UNMAPPED: unknown. */
QKey qkey_from_name(const char *name);
QKey qkey_from_number(unsigned scancode_set1);
unsigned qkey_number(QKey k);                   /* set 1, bit 7 for the ones behind e0; 0: has none */
/* "ctrl-alt-f1": pressed in order, released in reverse order after hold_ms (0: 100). */
bool input_send_keys(const char *keys, int hold_ms, GError **errp);
bool input_press_keys(const QKey *keys, unsigned n, int hold_ms, GError **errp);   /* the same */
bool input_mouse_set(int index, GError **errp);             /* mouse_set N */
char *input_mice_text(void);                                /* info mice; freed by the caller */
Json *input_mice_json(void);                                /* as query-mice has them */

#endif
