/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events: time stamp, name, data. Those with a least gap in the schema are sent at once when none came
 * for that long; else the last one waits until the time is up. The state of the machine and of its
 * devices reaches us through VmNotify. */
#include <string.h>
#include "hw/core/vm.h"
#include "monitor/qmp_int.h"
#include "util/loop.h"

typedef struct HeldEvent {
    const QmpEvent *ev;
    char *key;                      /* name and, where there is one, qom-path */
    Timer *timer;                   /* runs: one was sent less than the gap ago */
    Json *waiting;                  /* NULL: none came since */
} HeldEvent;

static GHashTable *held;            /* key -> HeldEvent *; under the VM lock */

static const QmpEvent *event_find(const char *name)
{
    for (const QmpEvent *e = qmp_events; e->name != NULL; e++) {
        if (strcmp(e->name, name) == 0) {
            return e;
        }
    }
    return NULL;
}

static Json *event_message(const char *name, Json *data)
{
    int64_t now = g_get_real_time();
    Json *message = json_object_new(), *stamp = json_object_new();

    json_set_int(stamp, "seconds", now / G_USEC_PER_SEC);
    json_set_int(stamp, "microseconds", now % G_USEC_PER_SEC);
    json_set(message, "timestamp", stamp);
    json_set_str(message, "event", name);
    if (data != NULL) {
        json_set(message, "data", data);
    }
    return message;
}

static void held_free(void *opaque)
{
    HeldEvent *h = opaque;

    timer_free(h->timer);
    json_unref(h->waiting);
    g_free(h->key);
    g_free(h);
}

static void held_expired(void *opaque)
{
    HeldEvent *h = opaque;

    if (h->waiting == NULL) {
        g_hash_table_remove(held, h->key);
        return;
    }
    qmp_sessions_send(h->waiting);
    g_clear_pointer(&h->waiting, json_unref);
    timer_set(h->timer, clock_ns(CLOCK_REAL) + h->ev->min_gap_ms * 1000000ll);
}

/* True: not now. The message is taken then. */
static bool event_hold(const QmpEvent *ev, const Json *data, Json *message)
{
    const char *of = json_get_str(data, "qom-path");
    g_autofree char *key = g_strconcat(ev->name, of != NULL ? of : "", NULL);
    HeldEvent *h;

    if (held == NULL) {
        held = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, held_free);
    }
    h = g_hash_table_lookup(held, key);
    if (h != NULL) {
        json_unref(h->waiting);
        h->waiting = message;
        return true;
    }
    h = g_new0(HeldEvent, 1);
    h->ev = ev;
    h->key = g_steal_pointer(&key);
    h->timer = timer_new(loop_main(), CLOCK_REAL, held_expired, h);
    g_hash_table_insert(held, h->key, h);
    timer_set(h->timer, clock_ns(CLOCK_REAL) + ev->min_gap_ms * 1000000ll);
    return false;
}

void qmp_event(const char *name, Json *data)
{
    const QmpEvent *ev = event_find(name);
    Json *message = event_message(name, data);

    if (ev != NULL) {               /* of an absent subsystem: nobody was told that it exists */
        qmp_check(name, ev->data, data);
        if (ev->min_gap_ms != 0 && event_hold(ev, data, message)) {
            return;
        }
        qmp_sessions_send(message);
    }
    json_unref(message);
}

/* ---- What the machine reports */

static Json *cause_data(ShutdownCause cause)
{
    Json *data = json_object_new();

    json_set_bool(data, "guest", cause >= SHUTDOWN_GUEST_SHUTDOWN);
    json_set_str(data, "reason", shutdown_cause_name(cause));
    return data;
}

static const char *watchdog_action_name(WatchdogAction a)
{
    static const char *const names[] = {
        [WATCHDOG_RESET] = "reset", [WATCHDOG_SHUTDOWN] = "shutdown",
        [WATCHDOG_POWEROFF] = "poweroff", [WATCHDOG_PAUSE] = "pause", [WATCHDOG_DEBUG] = "debug",
        [WATCHDOG_NONE] = "none", [WATCHDOG_INJECT_NMI] = "inject-nmi",
    };

    return names[a];
}

static Json *action_data(const char *action)
{
    Json *data = json_object_new();

    json_set_str(data, "action", action);
    return data;
}

static const char *panic_action_name(PanicAction a)
{
    return a == PANIC_PAUSE ? "pause" : a == PANIC_NONE ? "run" : "poweroff";
}

static void on_event(void *opaque, const char *event, ShutdownCause cause)
{
    const Vm *vm = opaque;
    Json *data = NULL;

    if (strcmp(event, "SHUTDOWN") == 0 || strcmp(event, "RESET") == 0) {
        data = cause_data(cause);
    } else if (strcmp(event, "WATCHDOG") == 0) {
        data = action_data(watchdog_action_name(vm->actions.watchdog));
    } else if (strcmp(event, "GUEST_PANICKED") == 0 || strcmp(event, "GUEST_CRASHLOADED") == 0) {
        data = action_data(strcmp(event, "GUEST_PANICKED") == 0
                               ? panic_action_name(vm->actions.panic) : "run");
    }
    qmp_event(event, data);
}

static void on_report(void *opaque, const char *event, const Json *data)
{
    qmp_event(event, data != NULL ? json_copy(data) : NULL);
}

void qmp_watch_vm(Vm *vm)
{
    static VmNotify notify = { .event = on_event, .report = on_report };

    notify.opaque = vm;
    vm_notify_add(vm, &notify);
    qmp_watch_block();
}
