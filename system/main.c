/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entry point: parse the command line, build the machine, run the main loop. */
#include <stdlib.h>
#include "system/build.h"
#include "system/chardev/char.h"
#include "system/help.h"
#include "util/log.h"

static int fail(GError *err)
{
    /* the terminal first, so that the message stands on a clean line */
    char_close_all();
    report_gerror(err, NULL);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    VmConfig *cfg = config_new();
    const char *out;
    GError *err = NULL;
    Vm *vm;
    int status;

    report_set_program(argv[0]);
    if (!options_parse(cfg, argc, argv, &err)) {
        return fail(err);
    }
    if (cfg->show_help) {
        help_options(report_program());
        return EXIT_SUCCESS;
    }
    if (cfg->show_version) {
        help_version();
        return EXIT_SUCCESS;
    }
    if (cfg->help != NULL) {
        return help_for_use(cfg, cfg->help);
    }
    out = config_str(cfg, "writeconfig");
    if (out != NULL && !config_write_file(cfg, out, &err)) {
        return fail(err);
    }
    out = config_str(cfg, "dump-vmstate");
    if (out != NULL) {
        return build_dump_vmstate(cfg, out, &err) ? EXIT_SUCCESS : fail(err);
    }
    vm = build_vm(cfg, &err);
    if (vm == NULL) {
        return fail(err);
    }
    status = vm_main_loop(vm);
    build_free(vm);
    return status;
}
