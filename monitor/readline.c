/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line editing for the monitor: cursor keys, Emacs keys, history, completion. Works on any
 * terminal that knows "cursor left" and "erase to the end of the line". */
#include <string.h>
#include "monitor/hmp_int.h"

enum { LINE_MAX_BYTES = 4095, COLUMNS = 80 };
typedef enum KeyState { KEY_NORMAL, KEY_ESC, KEY_CSI, KEY_SS3 } KeyState;

struct Readline {
    const ReadlineOps *ops;
    void *opaque;
    char *prompt;
    GString *line, *shown;          /* what it is, and what the terminal has */
    size_t cursor, shown_cursor;
    GPtrArray *history;
    unsigned browsing;              /* index into history; its length: the new line */
    char *draft;                    /* the new line while browsing */
    KeyState state;
    unsigned csi_number;
};

Readline *readline_new(const ReadlineOps *ops, void *opaque, const char *prompt)
{
    Readline *rl = g_new0(Readline, 1);

    rl->ops = ops;
    rl->opaque = opaque;
    rl->prompt = g_strdup(prompt);
    rl->line = g_string_new(NULL);
    rl->shown = g_string_new(NULL);
    rl->history = g_ptr_array_new_with_free_func(g_free);
    return rl;
}

void readline_free(Readline *rl)
{
    g_string_free(rl->line, true);
    g_string_free(rl->shown, true);
    g_ptr_array_free(rl->history, true);
    g_free(rl->prompt);
    g_free(rl->draft);
    g_free(rl);
}

const GPtrArray *readline_history(const Readline *rl)
{
    return rl->history;
}

static void put(Readline *rl, const char *text)
{
    rl->ops->print(rl->opaque, text);
}

static void move_left(Readline *rl, size_t n)
{
    while (n-- > 0) {
        put(rl, "\033[D");
    }
}

/* Draws the line over what the terminal shows of it, from the first difference on. */
static void redraw_line(Readline *rl)
{
    size_t same = 0, shorter = MIN(rl->line->len, rl->shown->len);

    while (same < shorter && same < rl->shown_cursor &&
           rl->line->str[same] == rl->shown->str[same]) {
        same++;
    }
    move_left(rl, rl->shown_cursor - same);
    put(rl, rl->line->str + same);
    put(rl, "\033[K");
    move_left(rl, rl->line->len - rl->cursor);
    rl->shown_cursor = rl->cursor;
    g_string_assign(rl->shown, rl->line->str);
}

void readline_show_prompt(Readline *rl)
{
    g_string_truncate(rl->line, 0);
    g_string_truncate(rl->shown, 0);
    rl->cursor = rl->shown_cursor = 0;
    rl->browsing = rl->history->len;
    put(rl, rl->prompt);
}

void readline_redraw(Readline *rl)
{
    rl->shown_cursor = 0;
    g_string_truncate(rl->shown, 0);
    put(rl, rl->prompt);
    redraw_line(rl);
}

static void insert_byte(Readline *rl, char c)
{
    if (rl->line->len < LINE_MAX_BYTES) {
        g_string_insert_c(rl->line, rl->cursor++, c);
    }
}

static void set_line(Readline *rl, const char *text)
{
    g_string_assign(rl->line, text);
    rl->cursor = rl->line->len;
}

static void history_move(Readline *rl, int step)
{
    unsigned to = rl->browsing + step;

    if ((step < 0 && rl->browsing == 0) || to > rl->history->len) {
        return;
    }
    if (rl->browsing == rl->history->len) {
        g_free(rl->draft);
        rl->draft = g_strdup(rl->line->str);
    }
    rl->browsing = to;
    set_line(rl, to == rl->history->len ? rl->draft : g_ptr_array_index(rl->history, to));
}

/* A line that is there already moves to the end. */
static void history_add(Readline *rl, const char *line)
{
    if (line[0] == '\0') {
        return;
    }
    for (unsigned i = 0; i < rl->history->len; i++) {
        if (strcmp(g_ptr_array_index(rl->history, i), line) == 0) {
            g_ptr_array_remove_index(rl->history, i);
            break;
        }
    }
    if (rl->history->len == READLINE_HISTORY) {
        g_ptr_array_remove_index(rl->history, 0);
    }
    g_ptr_array_add(rl->history, g_strdup(line));
}

static void delete_word(Readline *rl)
{
    size_t from = rl->cursor;

    while (from > 0 && rl->line->str[from - 1] == ' ') {
        from--;
    }
    while (from > 0 && rl->line->str[from - 1] != ' ') {
        from--;
    }
    g_string_erase(rl->line, from, rl->cursor - from);
    rl->cursor = from;
}

/* ---- Completion */

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t common_prefix(const GPtrArray *names)
{
    const char *first = g_ptr_array_index(names, 0);
    size_t len = strlen(first);

    for (unsigned i = 1; i < names->len; i++) {
        const char *other = g_ptr_array_index(names, i);
        size_t n = 0;

        while (n < len && first[n] == other[n]) {
            n++;
        }
        len = n;
    }
    return len;
}

static void print_candidates(Readline *rl, const GPtrArray *names)
{
    size_t width = 10, columns;

    for (unsigned i = 0; i < names->len; i++) {
        width = MAX(width, strlen(g_ptr_array_index(names, i)) + 2);
    }
    columns = width < COLUMNS ? COLUMNS / width : 1;
    put(rl, "\n");
    for (unsigned i = 0; i < names->len; i++) {
        const char *name = g_ptr_array_index(names, i);
        g_autofree char *cell = g_strdup_printf("%-*s", (int)width, name);

        put(rl, cell);
        if ((i + 1) % columns == 0 || i + 1 == names->len) {
            put(rl, "\n");
        }
    }
}

static void complete(Readline *rl)
{
    g_autofree char *head = g_strndup(rl->line->str, rl->cursor);
    const char *word = strrchr(head, ' ') != NULL ? strrchr(head, ' ') + 1 : head;
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    const char *first;
    size_t common;

    rl->ops->complete(rl->opaque, head, names);
    for (unsigned i = names->len; i > 0; i--) {
        if (!g_str_has_prefix(g_ptr_array_index(names, i - 1), word)) {
            g_ptr_array_remove_index(names, i - 1);
        }
    }
    if (names->len == 0) {
        return;
    }
    g_ptr_array_sort(names, compare_names);
    first = g_ptr_array_index(names, 0);
    common = common_prefix(names);
    for (size_t i = strlen(word); i < common; i++) {
        insert_byte(rl, first[i]);
    }
    if (names->len == 1) {
        if (strchr("/=", first[common - 1]) == NULL) {
            insert_byte(rl, ' ');
        }
    } else {
        print_candidates(rl, names);
        readline_redraw(rl);
    }
}

/* ---- Keys */

static void enter(Readline *rl)
{
    g_autofree char *line = g_strdup(rl->line->str);

    history_add(rl, line);
    put(rl, "\n");
    rl->cursor = rl->shown_cursor = 0;
    g_string_truncate(rl->line, 0);
    g_string_truncate(rl->shown, 0);
    rl->ops->line(rl->opaque, line);
}

static void control_key(Readline *rl, uint8_t c)
{
    switch (c) {
    case 1:                                             /* Ctrl-A */
        rl->cursor = 0;
        break;
    case 2:
        rl->cursor -= rl->cursor > 0;
        break;
    case 4:
        g_string_erase(rl->line, rl->cursor, rl->cursor < rl->line->len);
        break;
    case 5:
        rl->cursor = rl->line->len;
        break;
    case 6:
        rl->cursor += rl->cursor < rl->line->len;
        break;
    case 8:
    case 127:
        if (rl->cursor > 0) {
            g_string_erase(rl->line, --rl->cursor, 1);
        }
        break;
    case 9:
        complete(rl);
        break;
    case 11:
        g_string_truncate(rl->line, rl->cursor);
        break;
    case 12:
        put(rl, "\033[H\033[2J");
        readline_redraw(rl);
        break;
    case 14:
        history_move(rl, 1);
        break;
    case 16:
        history_move(rl, -1);
        break;
    case 21:
        g_string_erase(rl->line, 0, rl->cursor);
        rl->cursor = 0;
        break;
    case 23:
        delete_word(rl);
        break;
    case 27:
        rl->state = KEY_ESC;
        break;
    default:
        break;
    }
}

static void cursor_key(Readline *rl, uint8_t c)
{
    static const struct { char key; uint8_t control; } keys[] = {
        { 'A', 16 }, { 'B', 14 }, { 'C', 6 }, { 'D', 2 }, { 'F', 5 }, { 'H', 1 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        if (keys[i].key == (char)c) {
            control_key(rl, keys[i].control);
        }
    }
}

static void csi_byte(Readline *rl, uint8_t c)
{
    if (g_ascii_isdigit(c)) {
        rl->csi_number = (rl->csi_number * 10 + c - '0') % 1000;
        return;
    }
    rl->state = KEY_NORMAL;
    if (c == '~') {
        unsigned n = rl->csi_number;

        control_key(rl, n == 1 ? 1 : n == 3 ? 4 : n == 4 ? 5 : 0);
    } else {
        cursor_key(rl, c);
    }
}

void readline_input(Readline *rl, uint8_t c)
{
    switch (rl->state) {
    case KEY_ESC:
        rl->state = c == '[' ? KEY_CSI : c == 'O' ? KEY_SS3 : KEY_NORMAL;
        rl->csi_number = 0;
        return;
    case KEY_CSI:
        csi_byte(rl, c);
        break;
    case KEY_SS3:
        rl->state = KEY_NORMAL;
        cursor_key(rl, c);
        break;
    case KEY_NORMAL:
        if (c == '\n' || c == '\r') {
            enter(rl);
            return;
        }
        if (c >= 32 && c != 127) {
            insert_byte(rl, (char)c);
        } else {
            control_key(rl, c);
        }
        break;
    }
    redraw_line(rl);
}
